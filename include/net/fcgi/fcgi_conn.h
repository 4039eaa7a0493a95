/*
 * One request of the web server. libfcgi reads its parameters, and the body when it is there with
 * them; a body that comes later is taken in as it comes. The answer is framed here as STDOUT
 * records and never blocks: what the socket does not take at once is queued, and the owner is told
 * when the queue has drained. Every function runs on the thread of the request's loop.
 */
#ifndef NET_FCGI_FCGI_CONN_H
#define NET_FCGI_FCGI_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/body.h"

struct fcgi_conn;
struct loop;

struct fcgi_conn_options {
	struct body_limits body;
	/* Bytes of all answers together that their readers have not taken yet. Beyond, those lose
	 * their connection that hold most of them, and longest. */
	size_t unread_max;
	/* Whose the request is whose parameters are there and whose body is yet to come: writes up
	 * to ARRIVAL_OWNERS_MAX numbers and returns how many. Each owner may have ARRIVALS_SHARE of
	 * them arriving. Runs on the loop's thread; NULL: nobody's. */
	size_t (*owners)(void *ctx, const struct fcgi_conn *conn, uint64_t *ret);
	/* A request has arrived; runs on the loop's thread. The conn is the callee's from here. */
	void (*request)(void *ctx, struct loop *loop, struct fcgi_conn *conn);
	void *ctx;
};

/* Once per process, before any signal is set up: libfcgi puts its own handlers on SIGPIPE, SIGUSR1
 * and SIGTERM. Returns -1 when it cannot start. */
int fcgi_conn_global_init(void);

enum fcgi_conn_fault {
	FCGI_CONN_FINE,
	FCGI_CONN_BODY_TOO_LARGE, /* above body_limits.total; the rest is drained, not kept */
	FCGI_CONN_BODY_TIMEOUT,   /* too slow, see net/fcgi/pace.h; or it gave way to others */
	FCGI_CONN_BODY_REFUSED,   /* its owner has enough of them arriving; or the process stops */
	FCGI_CONN_BODY_FAILED,    /* no room for the temporary file */
};

struct fcgi_conn_events {
	void (*gone)(
	    void *ctx); /* the web server hung up; fcgi_conn_drop is all that is left to do */
	void (*drained)(void *ctx); /* the queue is empty again */
	void (*cut)(void *ctx);     /* the process stops: say so and end, in STOP_WAIT_MS */
};

/* Who hears of events. Nothing is reported before the first call. */
void fcgi_conn_listen(struct fcgi_conn *e, const struct fcgi_conn_events *events, void *ctx);

/* The value of a FastCGI parameter, or NULL; valid until fcgi_conn_forget or the end. */
const char *fcgi_conn_param(const struct fcgi_conn *e, const char *name);
/* The i-th parameter as `NAME=value`, or NULL behind the last. */
const char *fcgi_conn_param_at(const struct fcgi_conn *e, size_t i);
struct body *fcgi_conn_body(struct fcgi_conn *e);
enum fcgi_conn_fault fcgi_conn_fault(const struct fcgi_conn *e);
/* Frees the parameters and the body: a long stream does not need them any more. */
void fcgi_conn_forget(struct fcgi_conn *e);

/* Sends or queues bytes of the CGI answer (head included). False when the web server is gone: then
 * no event follows, and fcgi_conn_drop is all that is left to do. */
bool fcgi_conn_write(struct fcgi_conn *e, struct slice bytes);
/* Bytes queued. */
size_t fcgi_conn_pending(const struct fcgi_conn *e);
/* The last bytes and the regular end; flushes behind the caller's back and frees the connection. */
void fcgi_conn_end(struct fcgi_conn *e, struct slice bytes);
/* Closes at once, without a regular end: the web server sees a broken answer. Frees the connection.
 */
void fcgi_conn_drop(struct fcgi_conn *e);

#endif
