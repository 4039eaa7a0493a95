/*
 * A small HTTP/1.1 server on uv_poll: request bodies by length or in chunks, kept connections,
 * answers of any size without blocking. It knows nothing of Gemini.
 */
#ifndef STANDIN_SERVER_H
#define STANDIN_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "sha256.h"

#define HEAD_MAX         (64UL * 1024)
#define HEADER_LINES_MAX 200
#define BODY_KEPT_MAX    (101UL * 1024 * 1024)
#define OUT_MAX          (1024UL * 1024 * 1024)
#define CHUNK_LINE_MAX   1024

struct header {
	struct slice name, value;
};

/* What becomes of the bytes of a request body. */
enum body_mode {
	BODY_KEEP,  /* kept whole and hashed */
	BODY_BRIEF, /* the first megabyte is kept, all of it hashed */
	BODY_DROP,  /* only counted */
};

struct request {
	char *head;                         /* as it came, NUL-terminated */
	struct slice method, target, query; /* in `head`, as are the headers */
	char *path;                         /* percent-decoded, without the query */
	struct header *headers;
	size_t header_count;
	int minor; /* of HTTP/1.x */
	bool is_head;
	enum body_mode mode;
	struct buf body;
	uint64_t body_bytes;
	bool body_too_large; /* did not fit BODY_KEPT_MAX; the rest was only counted */
	struct sha256 sha;
	struct sha256 *chain; /* a second digest, continued from request to request; owned */
	int status;           /* of the answer, once its head is made */
	void *record;         /* the control module's */
};

struct conn;

/* What a running answer hears of its connection. Each may be NULL. */
struct conn_ops {
	void (*drained)(struct conn *c, void *owner); /* all that was written has left */
	void (*gone)(struct conn *c, void *owner);    /* the client left; owner frees itself */
};

struct server_ops {
	/* The head is complete: says what to do with the body. */
	enum body_mode (*head)(void *ctx, struct conn *c, struct request *req);
	/* The request is complete: answer it now or later. */
	void (*ready)(void *ctx, struct conn *c, struct request *req);
	/* The answer is complete, or the client left before (then `gone`). */
	void (*finished)(void *ctx, struct request *req, bool gone);
};

enum conn_state { CONN_HEAD, CONN_BODY, CONN_BUSY, CONN_CLOSED };
enum chunk_state { CHUNK_NONE, CHUNK_SIZE, CHUNK_DATA, CHUNK_CRLF, CHUNK_TRAILER };

struct conn {
	uv_poll_t poll;
	struct server *server;
	struct conn *next, **link;
	int fd;
	int interest;
	enum conn_state state;
	enum chunk_state chunk;
	bool keep;       /* the connection outlives this answer */
	bool chunked;    /* the answer is framed in chunks */
	bool ending;     /* the answer is complete once `out` is empty */
	bool no_body;    /* answer to HEAD: the body is swallowed */
	bool advancing;  /* conn_advance is on the stack */
	uint64_t left;   /* of the body or of the chunk */
	struct buf line; /* of a chunk size or trailer */
	struct buf in;   /* received and not yet understood */
	struct buf out;
	struct request *req;
	const struct conn_ops *ops;
	void *owner;
};

struct server {
	uv_loop_t *loop;
	uv_poll_t listener;
	int fd;
	int port;
	const struct server_ops *ops;
	void *ctx;
	struct conn *conns;
	uint64_t accepted;
	uint64_t open;
};

/* address: "127.0.0.1:8080"; port 0 takes any. Returns -1 with a line on stderr when it fails. */
int server_init(struct server *s, uv_loop_t *loop, const char *address,
    const struct server_ops *ops, void *ctx);
/* Closes the listener and every connection. */
void server_close(struct server *s);

/* The value of the first header of that name (any case), or an empty slice. */
struct slice request_header(const struct request *req, const char *name);
bool request_has_header(const struct request *req, const char *name);
/* Frees what a request remembers, for answers that go on for long. Nothing of it may be used then,
 * but for `record` and `status`. */
void conn_forget_request(struct conn *c);

/* A whole answer. headers: complete lines, each with CRLF, or "". */
void conn_reply(
    struct conn *c, int status, const char *type, const char *headers, struct slice body);
/* The head of an answer without a known length. */
void conn_begin(struct conn *c, int status, const char *type, const char *headers);
/* Bytes of the body, framed as the head said. */
void conn_write(struct conn *c, struct slice data);
/* Bytes as they are. */
void conn_write_raw(struct conn *c, const void *data, size_t len);
/* Like conn_write_raw but takes only what the socket takes at once and says how much that was; the
 * rest is the caller's, who is called by ops->drained when there is room. */
size_t conn_try_raw(struct conn *c, const void *data, size_t len);
/* Asks for one call of ops->drained as soon as the socket takes bytes. */
void conn_want_write(struct conn *c);
/* The answer is complete. */
void conn_end(struct conn *c);
/* The answer ends without its end: close the connection after what was written. */
void conn_cut(struct conn *c);
/* The connection ends with RST. */
void conn_reset(struct conn *c);
/* Who hears of this connection while the answer runs. */
void conn_own(struct conn *c, const struct conn_ops *ops, void *owner);
bool conn_idle_out(const struct conn *c);

/* The reason phrase of a status. */
const char *http_reason(int status);

/* For http.c and server.c only. */
void conn_advance(struct conn *c);
void conn_close(struct conn *c);
/* Takes body bytes, returns how many belonged to the request; the state tells when it is complete.
 */
size_t http_feed_body(struct conn *c, const char *data, size_t len);
/* Reads the head at the start of c->in. 0: not complete; 1: c->req is set; an HTTP status: refused.
 */
int http_read_head(struct conn *c);
void request_free(struct request *req);
/* A page like Google's front end makes for what never reached the API. */
void http_error_page(struct conn *c, int status, const char *what);

#endif
