/*
 * Where the load goes, and the bytes of one request: the same request as HTTP/1.1 or as the FastCGI
 * records that a web server sends (one connection per request, everything in one write).
 */
#ifndef BENCH_LOAD_REQUEST_H
#define BENCH_LOAD_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "load_reply.h"

#define REQUEST_HEADERS_MAX 64

struct target {
	enum reply_form form;
	struct sockaddr_storage addr;
	socklen_t addr_len;
	char host[128]; /* the Host header */
};

struct request {
	const char *method;
	const char *path;                         /* with the query */
	const char *headers[REQUEST_HEADERS_MAX]; /* NAME:VALUE */
	size_t header_count;
	struct slice body;
	bool has_body;
	bool keep; /* HTTP only */
};

/* http://HOST:PORT, http:unix:PATH, fcgi:HOST:PORT, fcgi:unix:PATH. False for any other text. */
bool target_parse(struct target *t, const char *spec);
/* Appends the whole request; out->failed when it is too large. */
void request_build(const struct request *rq, const struct target *t, struct buf *out);

#endif
