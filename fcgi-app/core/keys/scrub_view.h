/* Bytes as a reader of JSON strings sees them: with the escapes undone, so that a secret is found
 * in whatever way it is written. */
#ifndef CORE_KEYS_SCRUB_VIEW_H
#define CORE_KEYS_SCRUB_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct scrub_view {
	char *plain;    /* a byte for each character; what cannot be in a secret is \1 */
	uint32_t *from; /* where that character begins in the data; one more than plain has */
	size_t len;
	size_t end; /* of the data that was read: an escape that is cut off begins there */
};

/* Is there an escape of a character that `in` has, or one that is cut off? Quick when not. */
bool scrub_view_differs(struct slice data, const bool in[256]);
/* The start of the character, or of its escape, to which the byte at `at` belongs. */
size_t scrub_view_start(struct slice data, size_t at);
/* data: less than 4 GiB. */
void scrub_view_init(struct scrub_view *v, struct slice data);
/* Zeroes the text. */
void scrub_view_release(struct scrub_view *v);

#endif
