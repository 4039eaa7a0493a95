/*
 * The HTTP client: one engine per loop (a curl multi), one call per transfer. A call's events come
 * in a fixed order: head, data any number of times, end; after call_cancel none comes. Handlers run
 * on the loop's thread and may write, cancel, pause and start calls at any moment.
 */
#ifndef NET_HTTP_UPSTREAM_H
#define NET_HTTP_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/netresult.h"

struct upstream;
struct call;

struct upstream_options {
	bool http2;          /* for https targets; otherwise HTTP/1.1 */
	const char *proxy;   /* NULL or "": none, whatever the environment says */
	const char *ca_file; /* NULL or "": the system's */
	int ip_family;       /* 0 any, 4, 6 */
	uint64_t connect_timeout_ms;
};

/* Once per process, before any thread. Returns -1 when libcurl cannot start. */
int upstream_global_init(void);
void upstream_global_release(void);

/* Answer header lines, each `Name: value` ended by CR LF. */
struct header_lines {
	struct buf text;
};

/* The value of the first line of that name (any case), or an empty slice. */
struct slice header_lines_get(const struct header_lines *h, const char *name);
/* Walks the lines; *pos starts at 0. False behind the last. */
bool header_lines_next(
    const struct header_lines *h, size_t *pos, struct slice *ret_name, struct slice *ret_value);

struct call_events {
	void (*head)(void *ctx, int status, const struct header_lines *headers);
	void (*data)(void *ctx, struct slice bytes);
	void (*end)(void *ctx, enum netresult result);
	/* The request must be sent anew, on another connection, before anything was answered.
	 * False: it ends with NET_CUT instead. NULL: it may always be. */
	bool (*again)(void *ctx);
};

/* Everything pointed to stays the caller's and must live until the end of the call. */
struct call_request {
	const char *method;
	const char *url;
	char *const *headers; /* `Name: value` lines, NULL-terminated */
	struct slice body;    /* used when body_fd is -1 */
	int body_fd;          /* or a file, read from its start, of body_len bytes */
	size_t body_len;
	bool has_body;
	bool large; /* many bytes are expected: a larger read buffer */
	/* NULL: that of the options; "": none. Copied. Connections through different proxies, or
	 * with different credentials to one proxy, are kept apart by libcurl (the latter where
	 * CVE-2026-3784 is fixed). */
	const char *proxy;
};

struct call *call_start(struct upstream *u, const struct call_request *request,
    const struct call_events *events, void *ctx);
/* No event follows. NULL is accepted. */
void call_cancel(struct call *call);
/* True when libcurl needs the request body no more. */
bool call_body_sent(const struct call *call);
/* No further data after at most the piece under way, until call_resume. */
void call_pause(struct call *call);
/* Not from inside a handler of a call: the data that was held back is delivered at once. */
void call_resume(struct call *call);

#endif
