/* What the files of the state store share: the table in memory and the face of an engine. */
#ifndef APP_STATE_STATE_PRIV_H
#define APP_STATE_STATE_PRIV_H

#include <stdatomic.h>

#include "app/state/state.h"
#include "base/siphash.h"

#define STATE_SHARES     64  /* owners that are told apart when memory is short */
#define STATE_PAGE_ITEMS 256 /* heard with one question */

#define STATE_REASON_MAX 160

/* A row of STATE_SPACE_ROWS. */
struct state_limits {
	const char *name;
	uint64_t keep_ms, trust_ms;
	size_t memory_max, entries_max, value_max, file_max;
	bool followed;
};

extern const struct state_limits state_limits[STATE_SPACES];

/* ---- one write: never changed once made, shared by reference ---- */

struct state_item {
	atomic_uint refs;
	enum state_space space;
	bool deleted;
	uint64_t expires; /* wall clock, milliseconds */
	struct slice key, value;
	char bytes[];
};

struct state_item *state_item_new(
    enum state_space space, struct slice key, struct slice value, uint64_t expires);
struct state_item *state_item_deleted(enum state_space space, struct slice key);
struct state_item *state_item_ref(struct state_item *item);
void state_item_unref(struct state_item *item); /* accepts NULL */

/* ---- the table: the caller locks, and says what time it is (wall clock, milliseconds) ---- */

struct state_entry;

/* A ring with a head of its own. */
struct state_list {
	struct state_list *prev, *next;
};

/* Writes that wait or are on their way. */
struct state_queue {
	struct state_list dirty; /* those that wait, the oldest first */
	size_t items, bytes;
};

/* What is in memory under one owner's keys. */
struct state_share {
	struct state_list clean; /* most recently used first */
	size_t count, bytes;     /* of all its entries */
};

/*
 * An entry is in one of three lists. CLEAN ones are as the engine has them, or there is no engine;
 * when memory is short those of the owner who takes up most go, least recently used first. DIRTY
 * ones wait to be written and FLYING ones are being written: they stay, and nothing that the engine
 * says outranks them. A deletion is an entry until the engine knows of it. Followed spaces have a
 * queue of their own, which goes first: others wait to hear of it, and what they put again when the
 * engine has lost it all must have room.
 */
struct state_table {
	const struct state_limits *limits;
	bool engine;
	uint8_t hash_key[SIPHASH_KEY_BYTES];
	struct {
		struct state_entry **buckets;
		size_t mask, count, bytes;
		/* By owner; several may have to share a place. */
		struct state_share shares[STATE_SHARES];
		uint64_t dropped; /* writes given up */
	} spaces[STATE_SPACES];
	struct state_queue queues[2]; /* [followed] */
	struct state_list flying;
	uint64_t dropped;            /* in all spaces */
	uint64_t settled, deletions; /* counters, see state_mark */
};

/* limits: STATE_SPACES rows, borrowed. engine: writes are queued. */
void state_table_init(struct state_table *t, const struct state_limits *limits, bool engine,
    const uint8_t hash_key[SIPHASH_KEY_BYTES]);
void state_table_release(struct state_table *t);

/* Takes the item. */
void state_table_put(struct state_table *t, struct state_item *item, uint64_t now);
/* FOUND: *ret_item is a new reference. UNKNOWN: the same when there is a copy that is too old to be
 * trusted, else NULL. ABSENT: NULL. */
enum state_answer state_table_get(struct state_table *t, enum state_space space, struct slice key,
    uint64_t now, struct state_item **ret_item);

/* Are there dirty entries? */
bool state_table_waiting(const struct state_table *t);
/* All that waits or is on its way. */
size_t state_table_queued(const struct state_table *t);
size_t state_table_queued_bytes(const struct state_table *t);
/* Makes the oldest dirty entries flying: at most max, and no more than STATE_BATCH_BYTES unless the
 * first is larger. Fills list with new references and returns how many. */
size_t state_table_batch(struct state_table *t, struct state_item **list, size_t max);
/* What became of a batch. Those not written wait again, before the others. The references stay the
 * caller's. */
void state_table_settle(struct state_table *t, struct state_item *const *list, size_t count,
    bool written, uint64_t now);

/* A question to the engine takes time, in which the table may learn something newer: the mark is
 * taken before the question and given with its answer. */
struct state_mark {
	uint64_t settled, deletions, now;
};

struct state_mark state_table_mark(const struct state_table *t, uint64_t now);
/* The engine has this. Takes the item. */
void state_table_learn(struct state_table *t, struct state_item *item, struct state_mark mark);
/* The engine has nothing under this key. */
void state_table_forget(
    struct state_table *t, enum state_space space, struct slice key, struct state_mark mark);

/* ---- engines ---- */

struct state_lookup {
	struct state_query *query; /* its value is to be appended to */
	bool found;
	uint64_t expires;
};

/* How far a followed space has been heard. All zero: nothing yet. */
struct state_cursor {
	uint64_t origin; /* which numbers; another one, when they began anew */
	uint64_t number; /* of the last put that was heard */
};

/* newest: where the engine's numbers stand now. When they are not those that the cursor knows, it
 * goes back to their beginning; true if something had been heard. */
bool state_cursor_meet(struct state_cursor *at, struct state_cursor newest);

/* Some of what is new. */
struct state_page {
	struct state_item *items[STATE_PAGE_ITEMS];
	size_t count;
	bool more; /* to come, maybe */
	bool anew; /* the engine has lost what it was told; the items are the first it has now */
};

/*
 * One thread at a time calls write, tidy and free, one at a time calls read or follow; these may
 * run beside a write. Times are wall clock. Zero on success; -1 with a reason for the log, without
 * keys, values and credentials.
 */
struct state_engine {
	const char *name;
	/* All or, after a failure, anything. Zero items: only finds out whether it would work. */
	int (*write)(struct state_engine *e, struct state_item *const *list, size_t count,
	    uint64_t now, char reason[STATE_REASON_MAX]);
	int (*read)(struct state_engine *e, struct state_lookup *list, size_t count, uint64_t now,
	    char reason[STATE_REASON_MAX]);
	/* What was put into a followed space after the cursor, in the order of the puts and without
	 * what has expired, is added to an empty page, and the cursor moves on. Every put has a
	 * number, in the order in which puts become visible, so nothing appears behind a cursor.
	 * After a failure the cursor stands where it was; the items are the caller's also then. */
	int (*follow)(struct state_engine *e, enum state_space space, struct state_cursor *cursor,
	    struct state_page *page, uint64_t now, char reason[STATE_REASON_MAX]);
	/* Removes a few of what has expired or is too much. *ret_more: there was some. */
	int (*tidy)(
	    struct state_engine *e, uint64_t now, bool *ret_more, char reason[STATE_REASON_MAX]);
	void (*free)(struct state_engine *e);
};

/* *ret: NULL when memory is all that is wanted. -1 with a sentence. */
int state_engine_open(const char *spec, struct state_engine **ret, char error[STATE_ERROR_MAX]);

/* NULL with a sentence. */
struct state_engine *state_sqlite_new(const char *path, char error[STATE_ERROR_MAX]);

/* Where a Redis server is. Strings owned; NULL when not given. */
struct state_url {
	char *host; /* or */
	char *path; /* of a unix socket */
	char *user, *password;
	uint16_t port;
	uint32_t db;
};

/* -1 with a sentence that shows nothing of the spec. */
int state_url_parse(struct slice spec, struct state_url *ret, char error[STATE_ERROR_MAX]);
void state_url_release(struct state_url *url);

/* Takes what url holds, also when it fails. */
struct state_engine *state_redis_new(struct state_url *url, char error[STATE_ERROR_MAX]);

#endif
