/*
 * One request, from the web server's first byte to the access line: a state machine with named
 * steps (request.c). Shared by the files of the lifecycle only.
 */
#ifndef APP_REQUEST_REQUEST_H
#define APP_REQUEST_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "app/request/access.h"
#include "app/request/asked.h"
#include "app/request/attempt.h"
#include "app/request/branch.h"
#include "app/request/client.h"
#include "app/request/keys.h"
#include "app/request/lessons.h"
#include "app/request/reply.h"
#include "app/request/upstream_request.h"

#include "app/request/gateway.h"
#include "base/siphash.h"
#include "core/api/apierror.h"
#include "core/gemini/status.h"
#include "net/fcgi/fcgi_conn.h"
#include "net/http/upstream.h"

#define BODY_INLINE (128 * KIB) /* a larger one is translated off the loop */

struct request;

/* What a step says: run the next one, or wait for an event. */
enum step_next { STEP_GO, STEP_PARK, STEP_OVER };

/* clang-format off */
enum step {            /* what it does                          -> leaves to */
	STEP_READ,     /* faults of the arrival, request id    -> route */
	STEP_ROUTE,    /* path to operation                    -> local, auth, fail */
	STEP_LOCAL,    /* pages and preflight                  -> finish */
	STEP_AUTH,     /* whose keys                           -> decode, fail */
	STEP_DECODE,   /* expand a compressed body             -> prepare, fail */
	STEP_PREPARE,  /* translate the caller's request       -> resolve, owner, takeover, fail */
	STEP_RESOLVE,   /* get what the translation refers to   -> prepare, fail */
	STEP_OWNER,   /* project of the stored objects        -> pick, fan, fail */
	STEP_CATALOG,  /* get the list of models               -> prepare, fail */
	STEP_FAN,      /* several calls, each of them a branch -> prepare, catalog, finish,
	                *                                         fail, abort */
	STEP_PICK,     /* choose a key, wait for one           -> call, prepare, catalog,
	                *                                         finish, fail */
	STEP_CALL,     /* start the upstream transfer          -> await */
	STEP_AWAIT,    /* head and first bytes                 -> judge */
	STEP_JUDGE,    /* what the outcome means               -> stream, collect, wait, pick,
	                *                                         prepare, catalog, finish,
	                *                                         fail */
	STEP_WAIT,     /* back-off before another attempt      -> pick */
	STEP_STREAM,   /* bytes out as they come in            -> pick, finish, fail, abort */
	STEP_COLLECT,  /* the whole answer first               -> pick, finish, fail, abort */
	STEP_TAKEOVER, /* the operation makes its own calls    -> finish, abort */
	STEP_FAIL,     /* the one door for errors              -> finish */
	STEP_ABORT,    /* the client has left                  -> finish */
	STEP_FINISH,   /* access line, release                 (over) */
};
/* clang-format on */

/* A row of the table of steps, which stands in serve.c. */
struct step_row {
	const char *name;
	enum step_next (*run)(struct request *r);
	/* Takes bytes of the upstream answer. NULL: they are kept for the judgement. */
	void (*data)(struct request *r, struct slice bytes);
	bool waits; /* runs again at wait_due_ms, with no call under way */
};

enum collect_next { COLLECT_DONE, COLLECT_MORE, COLLECT_ERROR };

/* What differs between endpoints. Every function may be NULL but prepare. Those that a branch runs
 * (feed, end, collect) get the branch: op_state is the root's, branch->fan.index says which one it
 * is.
 */
struct operation {
	/* Reads the caller's body, fills r->target and, for several calls, r->fan.count. Runs again
	 * when it left something wanted in r->asked.refs. May also answer by itself. -1 with err.
	 */
	int (*prepare)(struct request *r, struct apierror *err);
	/* Fills a branch's target, which begins as a copy of the root's. NULL: the copy will do. */
	void (*branch)(struct request *branch);
	/* A branch failed: true when the others should go on. NULL: never. */
	bool (*tolerate)(struct request *r, size_t lane, const struct apierror *err);
	/* All branches have ended: the whole answer. -1 with err. */
	int (*gather)(struct request *r, struct buf *out, struct apierror *err);
	/* The upstream head of an answer: keep what the client's head needs. */
	void (*head)(struct request *r, const struct header_lines *lines);
	/* Appends the client's head for an answer that is passed on as it is. Other operations
	 * whose form is REPLY_BYTES write it themselves, before the first bytes. */
	void (*pass_head)(struct request *r, struct buf *out);
	/* Streams: upstream bytes into client bytes, appended to out or written at once; end: the
	 * upstream body is complete (or cut: the operation knows whether it was complete). -1 with
	 * err. */
	int (*feed)(struct request *r, struct slice bytes, struct buf *out, struct apierror *err);
	int (*end)(struct request *r, struct buf *out, struct apierror *err);
	/* A whole upstream body. COLLECT_MORE: another call is needed first, r->target is filled
	 * for it. */
	enum collect_next (*collect)(
	    struct request *r, struct slice body, struct buf *out, struct apierror *err);
	/* The end of a stream whose head is sent and which failed with r->err: the events that say
	 * so. NULL: apierror_render_event. */
	void (*fault)(struct request *r, struct buf *out);
	/* The upstream has the whole request and content flows: free what an attempt needed. */
	void (*free_early)(struct request *r);
	void (*release)(struct request *r);
	/* Makes its own calls after prepare and moves to finish or abort, maybe before it returns.
	 * NULL: the steps make the calls. */
	void (*run)(struct request *r);
	bool own_auth; /* prepare decides who may use which keys */
	bool native;   /* the caller speaks Gemini's API: its body goes on as it came, and its path
	                * and body may name stored objects */
	bool repairable; /* what Google refuses may be left out by another prepare: see lessons.c */
	bool generates;  /* its answers are those of generateContent: an empty one is a fault */
	bool has_stored_objects; /* its calls may name stored objects of the Gemini API */
	bool translates;         /* prepare does nothing else: any thread may run it */
};

struct request {
	struct gateway *gw;
	struct snapshot *snapshot; /* a reference, which a branch borrows from its root */
	struct loop *loop;
	char id[24];
	uint64_t started_ms;
	struct request *root; /* of a branch; NULL: this is a root */

	const struct step_row *steps; /* the table, by enum step */
	enum step step;
	/* What the step has under way beyond one event; NULL: nothing. */
	void *work;
	void (*work_cancel)(void *work);
	struct timer *timer; /* timer.c */
	uint64_t wait_due_ms;

	const struct operation *op;
	void *op_state; /* a branch has its root's */

	struct client client;
	struct asked asked;
	struct learnt learnt;
	struct fan fan;
	struct target target;
	struct keys keys;
	struct attempt attempt;
	struct reply reply;
	struct access access;
	struct apierror err; /* what step fail tells the client */
};

/* Scratch of a loop, shared by its requests: valid within one event. */
struct loop_local {
	struct buf out;
	struct answer_scratch answers;
	uint64_t random;
	uint8_t id_key[SIPHASH_KEY_BYTES];
	struct request *waiting; /* for a key */
};

struct loop_local *request_local(struct request *r);
uint64_t request_random(struct request *r);

/* request.c: the driver; call after every event. */
void request_run(struct request *r);
/* For the access line; longer names are cut. */
void request_set_model(struct request *r, struct slice model);
void request_move(struct request *r, enum step step);
/* What the step has under way: cancel frees it when the request ends before it. The step itself
 * sets it to NULL when it is done. */
void request_work_set(struct request *r, void *work, void (*cancel)(void *work));
void request_work_cancel(struct request *r);
enum step_next request_fail(struct request *r, enum apierror_kind kind, const char *param,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static inline struct request *
request_root(struct request *r)
{
	return r->root != NULL ? r->root : r;
}

/* Step fail: the process ends. */
enum step_next request_stop(struct request *r);

/* What the request has in the account of the process from now on. False when there is no room for
 * more; then nothing has changed. */
bool request_charge(struct request *r, size_t bytes);
/* Its body is translated off the loop. */
bool request_is_large(const struct request *r);
/* What a body of this request may take. */
struct body_limits request_body_limits(const struct request *r);

/* What every request has, root or branch: its buffers and no key. The snapshot must be set. */
void request_init(struct request *r);
/* Frees that and the request. */
void request_release(struct request *r);

#endif
