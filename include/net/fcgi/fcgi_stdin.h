/*
 * The records of a request's body as they come, in pieces of any size; what libfcgi can only wait
 * for. Pure; FastCGI specification 1.0, sections 3.3 and 5.3.
 */
#ifndef NET_FCGI_FCGI_STDIN_H
#define NET_FCGI_FCGI_STDIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "net/fcgi/fcgi_scan.h"

enum fcgi_stdin_result {
	FCGI_STDIN_MORE,    /* everything is taken; more is to come */
	FCGI_STDIN_CONTENT, /* a piece of the body */
	FCGI_STDIN_END,     /* the body is complete */
	FCGI_STDIN_ABORT,   /* the web server gave the request up */
	FCGI_STDIN_BAD,     /* another version, type or request */
};

struct fcgi_stdin {
	uint16_t id;
	uint8_t header[FCGI_HEADER_LEN];
	size_t header_len;
	size_t content, padding;     /* of the record, still to come */
	bool last;                   /* the record is the empty one */
	enum fcgi_stdin_result over; /* END, ABORT or BAD once it is; MORE before */
};

/* id: the request's. */
void fcgi_stdin_init(struct fcgi_stdin *s, uint16_t id);

/* Takes from the front of *data up to the next thing to tell. *ret: with CONTENT, bytes within what
 * *data was, at least one. After END, ABORT and BAD nothing is taken any more. */
enum fcgi_stdin_result fcgi_stdin_next(struct fcgi_stdin *s, struct slice *data, struct slice *ret);

#endif
