/*
 * The store as its files share it: a lock around the table, the thread that writes to the engine
 * and tells the followers what others have written.
 */
#ifndef APP_STATE_STATE_STORE_H
#define APP_STATE_STATE_STORE_H

#include <pthread.h>

#include "state_priv.h"

/* Reading and writing fail apart: a disk may be full. Times are monotonic. */
struct state_side {
	bool away;
	uint64_t pause, retry_at;
};

/* Belongs to state_follow until it is on, then to the store's thread. */
struct state_following {
	bool begun, on; /* under the lock */
	struct state_follower follower;
	struct state_cursor cursor; /* under the read lock */
	bool lost;                  /* to be told */
	uint64_t dropped; /* writes of this space that had been given up when that was last told */
};

struct state {
	struct state_engine *engine; /* NULL: memory alone */
	struct state_following following[STATE_SPACES];
	pthread_t thread;
	pthread_mutex_t read_lock; /* one reader at a time; taken before `lock` */
	pthread_mutex_t lock;      /* of all that follows */
	pthread_cond_t wake;
	struct state_table table;
	bool stop, away, drop_warned, followed;
	struct state_side reads, writes;
	uint64_t dirty_since, tidy_at, follow_at, dropped_warned;
	size_t untidied; /* bytes written since tidy */
};

/* A question to the engine stands between these two. False when the engine is away: then there is
 * no turn to end. */
bool state_turn_begin(struct state *s);
void state_turn_end(struct state *s, bool good, const char *reason);
/* A side of the engine did what it was asked, or not: the log tells when it goes away or is back.
 */
void state_note(struct state *s, struct state_side *side, bool good, const char *reason);

/* The thread; ctx: the store. Returns NULL when the store is to stop and has written what it can.
 */
void *state_writer(void *ctx);

/* The thread's part for the followers: a page for each, and what else is to be told. True when
 * there is more. */
bool state_follow_turn(struct state *s);
/* Would it work? The read lock is held, and nobody is told anything. -1 with a reason. */
int state_follow_try(struct state *s, char reason[STATE_REASON_MAX]);

#endif
