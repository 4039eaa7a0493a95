/*
 * One request, from the web server's first byte to the access line: a state machine with named
 * steps (request.c). Shared by the files of the lifecycle only.
 */
#ifndef APP_REQUEST_H
#define APP_REQUEST_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/gateway.h"
#include "app/memory.h"
#include "base/limits.h"
#include "base/netresult.h"
#include "base/siphash.h"
#include "core/apierror.h"
#include "core/blank.h"
#include "core/changes.h"
#include "core/chat.h"
#include "core/gstatus.h"
#include "core/json.h"
#include "core/json_cost.h"
#include "core/learned.h"
#include "core/refs.h"
#include "core/route.h"
#include "core/usage.h"
#include "core/verdict.h"
#include "net/edge.h"
#include "net/upstream.h"

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
	STEP_PREPARE,  /* translate the caller's request       -> supply, locate, takeover, fail */
	STEP_SUPPLY,   /* get what the translation refers to   -> prepare, fail */
	STEP_LOCATE,   /* project of the stored objects        -> pick, fan, fail */
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

/* How the answer to the client is made. */
enum reply_form {
	REPLY_JSON,  /* one document, written at the end */
	REPLY_SSE,   /* events; heartbeats allowed between them */
	REPLY_BYTES, /* native bytes as they are; head from upstream */
};

enum collect_next { COLLECT_DONE, COLLECT_MORE, COLLECT_ERROR };

/* What differs between endpoints. Every function may be NULL but prepare. Those that a branch runs
 * (feed, end, collect) get the branch: op_state is the root's, branch->lane says which one it is.
 */
struct operation {
	/* Reads the caller's body, fills r->target and, for several calls, r->fan. Runs again when
	 * it left something wanted in r->refs. May also answer by itself. -1 with err. */
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
	void (*shed)(struct request *r);
	void (*release)(struct request *r);
	/* Makes its own calls after prepare and moves to finish or abort, maybe before it returns.
	 * NULL: the steps make the calls. */
	void (*run)(struct request *r);
	bool own_auth; /* prepare decides who may use which keys */
	bool native;   /* the caller speaks Gemini's API: its body goes on as it came, and its path
	                * and body may name stored objects */
	bool mends;    /* what Google refuses may be left out by another prepare: see lessons.c */
	bool speaks;   /* its answers are those of generateContent: an empty one is a fault */
	bool names_objects; /* its calls may name stored objects of the Gemini API */
	bool translates;    /* prepare does nothing else: any thread may run it */
};

/* The upstream call of this request, the same for each attempt but for the credential. */
struct target {
	const char *method;
	struct buf url;
	struct buf lines; /* header lines, each ended by NUL; the credential is added per attempt */
	struct slice body; /* in memory, or */
	int body_fd;       /* in the spool file; -1: none */
	size_t body_len;
	bool has_body;
	bool large;  /* many bytes are expected back */
	bool events; /* the answer is an event stream, looked at as it comes */
};

struct request {
	struct gateway *gw;
	struct roster *roster; /* a reference, which a branch borrows from its root */
	struct loop *loop;
	struct edge *edge;            /* NULL once ended */
	const struct step_row *steps; /* the table, by enum step */
	enum step step;
	/* What the step has under way beyond one event; NULL: nothing. */
	void *work;
	void (*work_cancel)(void *work);
	const struct operation *op;
	void *op_state;
	struct route *route; /* until the upstream answer begins */
	const char *route_name;
	enum dialect dialect;
	enum reply_form form;
	bool head_request; /* the client's method is HEAD */

	char id[24];
	char client[INET6_ADDRSTRLEN]; /* its address; "": not known */
	char model[MODEL_NAME_MAX];    /* upstream's name; may be cut */
	uint64_t model_id;             /* for the balancer; 0: none */
	uint64_t started_ms, first_ms, last_write_ms, last_up_ms, wait_due_ms;
	struct timer *timer;

	/* Several upstream calls at once: each is a request of its own without a client's side,
	 * whose root has the client. */
	struct request *root;      /* NULL: this is one */
	size_t lane;               /* of a branch */
	size_t fan;                /* of a root: calls to make; 0 or 1: it makes the one itself */
	struct request **branches; /* running ones by lane, or NULL */
	size_t branches_started, branches_live;
	bool spreading, branch_failed;

	uint64_t owner; /* hash of the credential: whose things in the state store */
	struct refs refs;
	struct changes changes;
	unsigned passes; /* of prepare */
	bool working;    /* a thread of the pool has the request: only gone and stopping change */
	bool stopping;
	int work_rc;
	bool may_name; /* of a large body: something in it looks like the name of a stored object */
	size_t charged; /* bytes, to the process's account */

	/* What is known of the model, and what this request has learnt: lessons.c. Of a root. */
	struct lessons lessons;
	struct lesson lesson;               /* of the model in use */
	struct refusals refused;            /* by the model in use: the translation does without */
	bool confirmed;                     /* it has answered then */
	uint64_t refused_body;              /* hash of what was refused last; 0: nothing was */
	bool remake;                        /* its branches have learnt something */
	bool has_fallback;                  /* of an alias, for the model in use */
	struct buf passed;                  /* models given up, each with a line end */
	unsigned passed_count, passed_told; /* told: in the log */
	char *instead_of;                   /* the first that was gone, or NULL */
	bool wants_list, list_failed;       /* Google's, for a successor */
	uint64_t catalog_due_ms;
	size_t version_bytes; /* looked at for the model of the answer */
	bool version_seen;

	struct token *token;        /* that the caller has, or NULL */
	struct keyring *ring;       /* the pool, or own_ring */
	struct keyring *own_ring;   /* of the caller's keys, or NULL */
	struct own_ring *own_place; /* of own_ring; NULL: it is of this request only */
	ptrdiff_t key;              /* picked and not yet reported, or -1 */
	char key_name[FINGERPRINT_LEN + 1];
	const struct key_spec *key_spec; /* of that key, as long as the ring; NULL: none yet */
	ptrdiff_t pinned;                /* the only key that will do, or -1 */
	bool located;          /* what follows is decided, except on paths without objects */
	ptrdiff_t home_key;    /* only keys of its project will do; -1: any */
	char *home_object;     /* that is why; branches borrow it */
	uint64_t seed;         /* see struct key_ask */
	const char *home_word; /* how the decision came about, for the access line */
	size_t object_count;   /* stored objects that are named */
	uint8_t *tried;        /* a bitmap: keys used since the last wait */
	struct prefix prefix;  /* of the body that is sent, when it matters */
	unsigned attempts, server_faults; /* for the running call */
	unsigned calls;                   /* upstream calls in all */
	uint64_t call_started_ms;
	char trail[256]; /* attempts that failed, `KEY=CLASS` each, as far as they fit */
	char quota[128]; /* id of the quota that stood in the way last */

	struct waiter waiter;
	struct request *next_waiting; /* on the same loop */
	uint64_t waits_since;         /* for a key; 0: it does not */
	uint64_t waited_ms;           /* in all, before that */

	struct target target;
	char **line_table; /* of the running call: target.lines and the credential */
	char *credential_line;
	struct call *call;
	int up_status;
	struct buf up_head; /* native: head lines for the client */
	char *up_type;      /* Content-Type */
	char *up_retry_after;
	bool up_started, up_ended;
	bool framed_error; /* an error object inside an answer with status 200 */
	bool passing;      /* Google's own answer goes to the client as it is */
	enum netresult up_result;
	struct buf held; /* bytes that came before the judgement; the body when collecting */
	bool holding;    /* the answer goes out when it is whole; until then it is in: */
	struct body whole;
	bool restart;       /* what the translation of the answer keeps is of a call that failed */
	struct blank blank; /* what held was found to be, with RETRY_EMPTY */
	struct scrub_stream scrub; /* over everything that a stream brings */

	bool head_sent, content_sent, gone, at_event_end;
	const char *reply_type; /* Content-Type of a whole answer; NULL: application/json */
	bool delivering;        /* the answer is judged good and its bytes go out */
	int status;             /* what the client saw */
	unsigned retry_after;   /* the same, seconds; 0: none */
	uint64_t bytes_out, bytes_in;
	struct usage usage;
	const char *class; /* of the last verdict */
	struct apierror err;
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

/* Frees what every request has, root or branch. */
void request_release(struct request *r);

#endif
