/* A request body: in memory while small, then in an unlinked temporary file. */
#ifndef BASE_BODY_H
#define BASE_BODY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct body_limits {
	size_t memory;   /* bytes kept in memory; beyond that the file is used */
	size_t total;    /* bytes accepted at all */
	const char *dir; /* where the file is made */
};

enum body_result { BODY_OK, BODY_TOO_LARGE, BODY_FAILED };

struct body {
	struct buf mem;
	int fd; /* -1 while in memory */
	size_t len;
	void *map; /* of the whole file, once asked for */
};

void body_init(struct body *b);
void body_release(struct body *b);
/* BODY_FAILED: the file cannot be made or written; the log says why. */
enum body_result body_append(
    struct body *b, const struct body_limits *limits, const void *data, size_t len);
/* The whole body; valid until body_release. False with errno when the file cannot be mapped. */
bool body_slice(struct body *b, struct slice *ret);

#endif
