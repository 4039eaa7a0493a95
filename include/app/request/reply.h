/* The ways to write to the client. */
#ifndef APP_REQUEST_REPLY_H
#define APP_REQUEST_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "core/gemini/usage.h"

struct request;

/* How the answer to the client is made. */
enum reply_form {
	REPLY_JSON,  /* one document, written at the end */
	REPLY_SSE,   /* events; heartbeats allowed between them */
	REPLY_BYTES, /* native bytes as they are; head from upstream */
};

struct reply {
	enum reply_form form;
	const char *type; /* Content-Type of a whole answer; NULL: application/json */
	bool head_sent, content_sent, at_event_end;
	int status;           /* what the client saw */
	unsigned retry_after; /* the same, seconds; 0: none */
	uint64_t first_ms;    /* when the first content went out; 0: none did */
	uint64_t last_write_ms;
	uint64_t bytes_out;
	struct usage usage;
};

/* Appends the CGI head: status, content type (NULL: none), length (negative: none), common headers,
 * CORS, extra lines (each ended by CR LF), blank line. */
void reply_head(struct request *r, struct buf *out, int status, const char *type, int64_t length,
    struct slice extra);
/* Header lines that belong to r->err. */
void reply_error_lines(struct request *r, struct buf *extra);
/* The head of an event stream. */
void reply_stream_head(struct request *r, struct buf *out);
/* Writes bytes to the client; false when it is gone (the step must be abort then). */
bool reply_write(struct request *r, struct slice bytes);
/* A whole answer and the end of the connection. */
void reply_whole(
    struct request *r, int status, const char *type, struct slice extra, struct slice body);
/* The external URL of the mount point, without a slash at the end. */
void reply_base_url(const struct request *r, struct buf *out);

#endif
