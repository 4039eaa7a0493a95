/* Base64 (RFC 4648): written standard with padding, read in every form that clients send. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stdbool.h>

#include "base/buf.h"

/* Appends the text of the bytes. */
void base64_add(struct buf *out, const void *data, size_t len);

/* True when text is what base64_add would write: it may be used as it is. */
bool base64_is_canonical(struct slice text);

/* Appends text in canonical form. Takes both alphabets, missing padding and white space; false
 * when it is no Base64, then out holds garbage at its end. */
bool base64_normalise(struct slice text, struct buf *out);

/* The first bytes that text (either alphabet) stands for, at most size; returns how many. */
size_t base64_peek(struct slice text, unsigned char *ret, size_t size);

#endif
