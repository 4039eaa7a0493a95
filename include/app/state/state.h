/*
 * What is remembered beyond one request: small values under a space and a key. A table in memory
 * answers at once; behind it may stand an engine (a SQLite file or a Redis server) that other
 * processes share and that outlives this one. A thread of the store writes to the engine, so only
 * state_ask waits for it. While the engine is away the memory goes on alone.
 */
#ifndef APP_STATE_STATE_H
#define APP_STATE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/limits.h"

#define SIGNATURE_KEEP_MS  (48 * 3600000ULL) /* thought signatures */
#define SIGNATURE_MEMORY   (64 * MIB)
#define SIGNATURES_MAX     65536 /* in memory */
#define SIGNATURE_MAX      (64 * KIB)
#define SIGNATURE_FILE     (256 * MIB)            /* all of them in the state file */
#define RESPONSE_KEEP_MS   (30 * 24 * 3600000ULL) /* stored responses */
#define RESPONSE_MEMORY    (64 * MIB)
#define RESPONSES_MAX      4096
#define RESPONSE_FILE      (1024 * MIB)
#define HEALTH_KEEP_MS     (36 * 3600000ULL) /* health of keys, projects, models and the host */
#define HEALTH_MEMORY      (4 * MIB)
#define HEALTH_ENTRIES     16384
#define HEALTH_VALUE_MAX   512
#define HEALTH_FILE        (64 * MIB)
#define USAGE_KEEP_MS      (48 * 3600000ULL) /* tokens that access tokens spent */
#define USAGE_MEMORY       (1 * MIB)
#define USAGE_ENTRIES      8192
#define USAGE_VALUE_MAX    64
#define USAGE_FILE         (64 * MIB)
#define AFFINITY_KEEP_MS   (60 * 24 * 3600000ULL) /* owners of stored objects */
#define AFFINITY_MEMORY    (8 * MIB)
#define AFFINITY_ENTRIES   32768
#define AFFINITY_VALUE_MAX 256
#define AFFINITY_FILE      (64 * MIB)
#define LEARNED_MEMORY     (1 * MIB) /* what was learnt about models */
#define LEARNED_ENTRIES    1024
#define LEARNED_FILE       (4 * MIB)
#define STATE_TRUST_MS     500 /* other processes may have changed a copy older than this */

#define STATE_ERROR_MAX    512 /* a sentence about the configuration */
#define STATE_TRUST_ALWAYS UINT64_MAX

/*
 * The spaces. Times in milliseconds, sizes in bytes.
 *   keep      a value expires so long after it was put
 *   trust     so long a copy in memory is taken for what the engine has; STATE_TRUST_ALWAYS when a
 *             key never changes its value
 *   memory    ceiling of the table, keys and bookkeeping included, and of its entries
 *   value     the largest value
 *   file      ceiling in a SQLite file; the oldest rows go first
 *   followed  processes may hear of each other's puts; nothing is deleted
 */
/* clang-format off */
#define STATE_SPACE_ROWS(X) \
	/* symbol     name         keep               trust               memory            entries           value               file            followed */ \
	X(SIGNATURE, "signature", SIGNATURE_KEEP_MS, STATE_TRUST_ALWAYS, SIGNATURE_MEMORY, SIGNATURES_MAX,   SIGNATURE_MAX,      SIGNATURE_FILE, false) \
	X(RESPONSE,  "response",  RESPONSE_KEEP_MS,  STATE_TRUST_MS,     RESPONSE_MEMORY,  RESPONSES_MAX,    RESPONSE_MAX,       RESPONSE_FILE,  false) \
	X(HEALTH,    "health",    HEALTH_KEEP_MS,    STATE_TRUST_MS,     HEALTH_MEMORY,    HEALTH_ENTRIES,   HEALTH_VALUE_MAX,   HEALTH_FILE,    true) \
	X(USAGE,     "usage",     USAGE_KEEP_MS,     STATE_TRUST_MS,     USAGE_MEMORY,     USAGE_ENTRIES,    USAGE_VALUE_MAX,    USAGE_FILE,     true) \
	X(LEARNED,   "learned",   LEARNED_KEEP_MS,   STATE_TRUST_MS,     LEARNED_MEMORY,   LEARNED_ENTRIES,  LEARNED_VALUE_MAX,  LEARNED_FILE,   true) \
	X(AFFINITY,  "affinity",  AFFINITY_KEEP_MS,  STATE_TRUST_ALWAYS, AFFINITY_MEMORY,  AFFINITY_ENTRIES, AFFINITY_VALUE_MAX, AFFINITY_FILE,  false)
/* clang-format on */

enum state_space {
#define STATE_SPACE_ENUM(symbol, name, keep, trust, memory, entries, value, file, followed) \
	STATE_##symbol,
	STATE_SPACE_ROWS(STATE_SPACE_ENUM)
#undef STATE_SPACE_ENUM
	    STATE_SPACES
};

enum state_answer {
	STATE_FOUND,
	STATE_ABSENT,
	STATE_UNKNOWN, /* the engine may know; from state_ask: it is away and memory does not know
	                */
};

struct state;

/* Is the spec valid, as far as can be told without opening anything? -1 with one sentence in error;
 * see state_new. */
int state_check(const char *spec, char error[STATE_ERROR_MAX]);
/* spec: "" or "memory"; "sqlite:PATH"; "redis://[[USER]:PASSWORD@]HOST[:PORT][/DB]";
 * "redis+unix://[[USER]:PASSWORD@]/PATH[?db=DB]". User and password are percent-encoded. NULL with
 * one sentence in error, which shows no part of a Redis spec: a spec that is not valid, an engine
 * that this program was built without, a file that cannot be opened or belongs to something else.
 * An engine that is away is no error. Starts a thread when there is an engine: after every fork
 * and change of user. SIGPIPE must be ignored. */
struct state *state_new(const char *spec, char error[STATE_ERROR_MAX]);
/* Writes what waits, as far as the engine takes it within STATE_ENGINE_MS or so. No other call may
 * run or follow. */
void state_free(struct state *s);
/* For the log and the status page: "memory", "sqlite" or "redis". */
const char *state_engine_name(const struct state *s);
/* Is there an engine, which other processes may share? */
bool state_is_shared(const struct state *s);

/* From any thread; never wait for disk or network. What was put is seen at once by this process and
 * within a second by the others. When the engine is away for long, the oldest writes that wait are
 * given up: they are in memory until the engine is asked again. */

/* Keys that belong to one caller alone begin with STATE_OWNER_LEN bytes that stand for him, and a
 * colon: when memory is short, who takes up most of it loses his oldest values first. */
#define STATE_OWNER_LEN 16

/* Copies both. False, with nothing stored, when the key is empty or longer than STATE_KEY_MAX or
 * the value is too large for the space. */
bool state_put(struct state *s, enum state_space space, struct slice key, struct slice value);
/* Not in a followed space. */
void state_delete(struct state *s, enum state_space space, struct slice key);
/* From memory alone. FOUND: *ret_value is a new buffer that the caller releases; else it is not
 * touched. ABSENT is said only without an engine or after a deletion that waits to be written. */
enum state_answer state_get(
    struct state *s, enum state_space space, struct slice key, struct buf *ret_value);

struct state_query {
	enum state_space space;
	struct slice key;         /* borrowed until the call ends */
	enum state_answer answer; /* set by the call */
	struct buf value;         /* initialised by the call; the caller releases it */
};

/* Looks up all the keys, in memory and then in the engine, and waits for the answers: for worker
 * threads, several at a time. What is found stays in memory for state_get. */
void state_ask(struct state *s, struct state_query *list, size_t count);

struct state_follower {
	/* A value that a process has put there, maybe this one; of one key the newest comes last.
	 * From the store's thread, or inside state_follow; no lock of the store is held, state_put
	 * may be called. The same value may be told again. Key and value are borrowed until the
	 * call ends; they are what others have stored, so they may be anything of their sizes. */
	void (*changed)(void *ctx, struct slice key, struct slice value);
	/* The engine has lost what it was told (it began anew, or writes were given up): who knows
	 * something shall put it again. From the store's thread, as above, after what the engine
	 * does have was told. At most STATE_NEWS_ITEMS can wait to be written. */
	void (*lost)(void *ctx);
	void *ctx;
};

/* Follows a space from its first value on. What is there already is told before this returns, if
 * the engine answers (patience: STATE_ENGINE_MS); afterwards within STATE_FOLLOW_MS or so of a
 * write. Once for each space, before anything is put there; does nothing without an engine. What is
 * heard is the follower's to keep: the store's memory has only what this process put or asked
 * for. */
void state_follow(struct state *s, enum state_space space, const struct state_follower *follower);

#endif
