/* Content-Encoding of request bodies: gzip and deflate, and several of them one upon the other. */
#ifndef NET_HTTP_CODING_H
#define NET_HTTP_CODING_H

#include "base/body.h"

#define CODINGS_MAX 4 /* that a body may have */

enum coding { CODING_GZIP, CODING_DEFLATE };

struct codings {
	enum coding list[CODINGS_MAX]; /* in the order in which they were applied */
	size_t count;                  /* 0: the body is as it is */
};

/* Reads the value of the header; `identity` and empty elements do not count. False when a coding is
 * unknown or there are too many. */
bool codings_read(struct slice header, struct codings *ret);

enum coding_result {
	CODING_OK,
	CODING_BAD,       /* the bytes are not what the codings say, or are cut */
	CODING_TOO_LARGE, /* above limits->total, after any of the codings */
	CODING_FAILED,    /* no room for the temporary file; the reason is in errno */
};

/* Undoes the codings: b becomes the plain body, or is released when that fails. Takes its time: not
 * to be called on a loop. */
enum coding_result body_decode(
    struct body *b, const struct codings *codings, const struct body_limits *limits);

#endif
