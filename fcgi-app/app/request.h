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

/*      symbol   what it does                                     leaves to */
#define STEPS(X) \
	X(read)    /* faults of the arrival, request id            -> route */ \
	X(route)   /* path to operation                            -> local, auth, fail */ \
	X(local)   /* pages and preflight                          -> finish */ \
	X(auth)    /* whose keys                                   -> decode, fail */ \
	X(decode)  /* expand a compressed body                     -> prepare, fail */ \
	X(prepare) /* translate the caller's request               -> supply, locate, takeover, \
	              fail */ \
	X(supply)  /* get what the translation refers to           -> prepare */ \
	X(locate)  /* whose are the stored objects that it names   -> pick, fan, fail */ \
	X(catalog) /* the list of models, when one is gone         -> prepare, fail */ \
	X(fan)     /* several calls at once, each a branch         -> prepare, catalog, finish, \
	              fail, abort */ \
	X(pick)    /* choose a key, wait for one                   -> call, prepare, catalog, \
	              finish, fail */ \
	X(call)    /* start the upstream transfer                  -> await */ \
	X(await)   /* head and first bytes                         -> judge */ \
	X(judge)   /* what the outcome means                       -> stream, collect, wait, pick, \
	              prepare, catalog, finish, fail */ \
	X(wait)    /* back-off before another attempt              -> pick */ \
	X(stream)  /* bytes out as they come in                    -> finish, fail */ \
	X(collect) /* the whole answer first                       -> finish, pick, fail */ \
	X(takeover) /* /verify drives its own calls                -> finish */ \
	X(fail)     /* the one door for errors                      -> finish */ \
	X(abort)    /* the client is gone                           -> finish */ \
	X(finish)   /* access line, release                         (over) */

struct step {
	const char *name;
	enum step_next (*fn)(struct request *r);
};

#define STEP_EXTERN(symbol) extern const struct step step_##symbol;
STEPS(STEP_EXTERN)
#undef STEP_EXTERN

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
	bool mends;  /* what Google refuses may be left out by another prepare: see lessons.c */
	bool speaks; /* its answers are those of generateContent: an empty one is a fault */
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
	struct edge *edge; /* NULL once ended */
	const struct step *step;
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
	struct decode *decode;
	struct supply *supply;
	struct locate *locate;
	unsigned passes; /* of prepare */
	bool working;    /* a thread of the pool has the request: only gone and stopping change */
	bool stopping;
	int work_rc;
	bool may_name; /* of a large body: something in it looks like the name of a stored object */
	size_t charged; /* bytes, to the process's account */

	/* What is known of the model, and what this request has learnt: lessons.c. Of a root. */
	struct lessons lessons;
	struct lesson lesson;                /* of the model in use */
	struct refusals refused;             /* by the model in use: the translation does without */
	bool confirmed;                      /* it has answered then */
	uint64_t refused_body;               /* hash of what was refused last; 0: nothing was */
	bool remake;                         /* its branches have learnt something */
	bool has_fallback;                   /* of an alias, for the model in use */
	struct buf passed;                   /* models given up, each with a line end */
	unsigned passed_count, passed_told;  /* told: in the log */
	char *instead_of;                    /* the first that was gone, or NULL */
	bool wants_list, list_failed;        /* Google's, for a successor */
	struct catalog_fetch *catalog_fetch; /* running, or NULL */
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
void request_move(struct request *r, const struct step *step);
enum step_next request_fail(struct request *r, enum apierror_kind kind, const char *param,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static inline struct request *
request_root(struct request *r)
{
	return r->root != NULL ? r->root : r;
}

/* Step fail: the process ends. */
enum step_next request_stop(struct request *r);

/* prepare.c: what the request has in the account of the process from now on. False when there is no
 * room for more; then nothing has changed. */
bool request_charge(struct request *r, size_t bytes);
/* Its body is translated off the loop. */
bool request_is_large(const struct request *r);

/* Frees what every request has, root or branch. */
void request_release(struct request *r);

/* branch.c */
/* A branch has ended; frees it. */
void branch_finish(struct request *branch);
/* Ends all branches at once. */
void branches_cancel(struct request *root);
/* Holds back, or lets go, whatever upstream calls write to this client. */
void branches_pause(struct request *root);
void branches_resume(struct request *root, uint64_t now);

/* decode.c */
void decode_cancel(struct request *r);
/* What a body of this request may take. */
struct body_limits request_body_limits(const struct request *r);

/* supply.c */
void supply_cancel(struct request *r);
/* Keeps a value in the state store for whoever has the same credential, or drops it. False when it
 * is too large. */
bool supply_keep(struct request *r, enum ref_kind kind, struct slice key, struct slice value);
void supply_drop(struct request *r, enum ref_kind kind, struct slice key);

/* locate.c */
void locate_cancel(struct request *r);
/* Fills r->err: no other key could help, because of the object that the request names. */
void locate_explain(struct request *r, const struct verdict *v);
/* The key of the call that was answered has made an object. */
void locate_made(struct request *r, const char *name);

/* auth.c: fills r->ring and r->token, which must be within its limits. -1 with err. */
int auth_check(struct request *r, struct apierror *err);
/* Is it the operator's token? */
bool auth_is_admin(const struct request *r, struct slice credential);
/* Counts the request against the limits of r->token. -1 with err and a class for the access line.
 */
int auth_admit(struct request *r, struct apierror *err);
/* Nothing that is meant for this gateway goes to Google as a key: -1 with err when a key of
 * own_ring is a token. */
int auth_check_own(const struct request *r, struct apierror *err);
/* What the token may be used for, now that the model is known. -1 with r->err and a class. */
int auth_check_model(struct request *r);
/* Gives own_ring back. */
void auth_release(struct request *r);
/* The credential of the header lines: the first of x-goog-api-key, Bearer, api-key and x-api-key,
 * as long as the parameters are there. Empty when there is none. */
struct slice auth_header(const struct edge *edge);
/* The credential as it was presented: that one, or ?key=, decoded into out. False when there is
 * none. */
bool auth_credential(const struct request *r, struct buf *out);

/* owners.c: the text of the client's address; empty when it is not known. */
struct slice client_address(const struct gateway *gw, const struct edge *edge);

/* attempt.c */
void attempt_report(struct request *r, bool ok);
void attempt_end(struct request *r); /* cancels the call and forgets its answer */
/* The upstream says that its answer is JSON. */
bool attempt_is_json(const struct request *r);
/* A call that failed, for the access line. */
void attempt_note_failed(struct request *r, const char *class);

/* attempt_judge.c */
/* What came of the answer before its judgement, or all of it while it is held. */
struct slice attempt_kept(struct request *r);
/* A good answer turned out to be none, as r->err tells, while it was being delivered: judged like a
 * failure before it. Moves to another attempt while nothing of it went out, else to step fail. */
enum step_next attempt_judge_late(struct request *r);
/* The same for an error that Google reports in bytes that pass to the client as they are. */
void attempt_note_reported(struct request *r);

/* attempt_time.c */
/* A call runs: silence of the upstream ends it, silence of ours is broken by heartbeats. */
void attempt_watch(struct request *r);
/* Starts the timer of a request that waits without a call of its own. */
void attempt_beat(struct request *r);
/* Parks the request until then; heartbeats go on. */
void attempt_wait(struct request *r, uint64_t due);

/* attempt_fault.c */
/* RETRY_EMPTY: nothing in the answer so far is worth passing on. */
bool attempt_wants_content(struct request *r);
/* Of an answer with status 200 that reports no error and was not cut. */
enum answer_fault attempt_fault(struct request *r);

/* hold.c: an answer that is one document goes out only when it is whole, because a web server makes
 * a cut look like its end. Above BODY_MEMORY it is kept in a temporary file. False when the answer
 * is too large to be held: these bytes are not kept, all before them are. False too when it cannot
 * be stored; the request has moved to step fail then. */
bool hold_add(struct request *r, struct slice bytes);

/* choose.c */
/* May another attempt be made, at once or after a wait that patience allows? */
bool choose_can(struct request *r);
/* Is it a limit that keeps every key but refused ones from being tried? */
bool choose_is_limited(struct request *r);
/* The wait for a key is over, if there is one. */
void choose_leave(struct request *r);
/* Sets when to come back in a 429 or 503, as the keys stand. */
void choose_hint(struct request *r);
/* There is, or may be, another model for one that is not to be had: true when the request goes on
 * with that, in step prepare. Branches share the model: all of them begin anew. */
bool choose_fall_back(struct request *r);
/* See loop_on_poke. */
void choose_poked(struct loop *loop);
/* See keyring_explain. */
void choose_explain(struct request *r, struct buf *out, size_t *ret_keys, size_t *ret_ready);

/* lessons.c */
/* For the translation of a request. */
const struct lessons *lessons_for(struct request *r);
/* Bytes of a good answer, which may name the model that made them. whole: the answer's end is among
 * them. */
void lessons_look(struct request *r, struct slice bytes, bool whole);
/* A refusal that a change of our translation cures, once for each kind: true when the request goes
 * on with that, in step prepare. Branches share the translation: all of them begin anew. */
bool lessons_mend(struct request *r, const struct gstatus *status);
/* The operation's prepare. With STRICT one that fails after a refusal yields Google's words and the
 * name of the field. */
int lessons_prepare(struct request *r);
/* The translation after that. GO: it differs; UNCHANGED: it must be made again; LOST: nothing else
 * can be left out, and r->err says what was refused. */
enum lessons_next { LESSONS_GO, LESSONS_UNCHANGED, LESSONS_LOST };
enum lessons_next lessons_check(struct request *r);
/* A good answer: what was left out is what the model does not take. */
void lessons_confirm(struct request *r);
/* May the newest of its line take the model's place? */
bool lessons_may_move(struct request *r);
/* Is there one, by what is known of Google's list? */
bool lessons_successor(struct request *r);
/* Google says that the model is not there. */
void lessons_gone(struct request *r);
/* This request does without the model in use. */
void lessons_pass(struct request *r);
/* Logs which model took the place of which, once. */
void lessons_tell(struct request *r);
/* Adds the name that is likely to be meant to an error about a model that does not exist. */
void lessons_hint(struct request *r);

/* catalog_fetch.c */
void catalog_cancel(struct request *r);

/* deliver.c: upstream bytes and the end of the upstream answer while a stream runs. */
void deliver_data(struct request *r, struct slice bytes);

/* reply.c */
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
/* A whole answer and the end of the edge. */
void reply_whole(
    struct request *r, int status, const char *type, struct slice extra, struct slice body);
/* The external URL of the mount point, without a slash at the end. */
void reply_base_url(const struct request *r, struct buf *out);
const char *reply_reason(int status);

/* op_verify.c: answers by itself and moves to finish or abort, maybe before it returns. */
void verify_run(struct request *r);

/* local.c: pages and preflight. */
void local_answer(struct request *r);
/* Does the client want to go on with a websocket, which is not spoken here? */
bool local_wants_websocket(const struct request *r);

/* access.c */
void access_line(struct request *r);

/* The operations. */
extern const struct operation op_chat, op_completions, op_responses, op_input_tokens, op_response,
    op_embeddings, op_images, op_image_edits, op_variations, op_speech, op_transcriptions,
    op_translations, op_models, op_model, op_native, op_verify;

/* op_*.c helpers: sets target.url to base + path + query; adds a header line. */
void target_url(struct request *r, const char *method, const char *path, struct slice query);
void target_header(struct request *r, const char *name, struct slice value);
void target_json(struct request *r, struct slice body);
/* generateContent, or streamGenerateContent as an event stream, with that body, which must live as
 * long as the request. */
void target_generate(struct request *r, const char *model, bool stream, struct slice body);
/* Is the call one of these two, whoever made it? */
bool target_generates(const struct request *r);
/* countTokens, likewise. */
void target_count(struct request *r, const char *model, struct slice body);
/* What every translation of this request depends on. */
struct chat_env request_env(struct request *r);
/* The caller's body; -1 with err when it cannot be read back. */
int request_body(struct request *r, struct slice *ret, struct apierror *err);

#endif
