/*
 * What all keyrings share: the health of keys, projects, models and the host, and the room where
 * requests wait for a key. Every function may be called from any thread.
 */
#ifndef APP_KEYS_BALANCER_H
#define APP_KEYS_BALANCER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define HEALTH_RECORDS_MAX 65536 /* that failed lately: the pool's, callers', models */

struct balancer;
struct keyring;
struct loop;
struct state;

struct balancer *balancer_new(void);
/* Every keyring must be freed and nobody may wait; the store it shares is freed already. NULL is
 * accepted. */
void balancer_free(struct balancer *b);
/* What this process learns goes to the other ones by way of the store from now on, and what they
 * learn comes here. Before any loop runs; the store is to be freed first, after all loops. */
void balancer_share(struct balancer *b, struct state *state);
/* The id of a model in all that follows; 0 for "". */
uint64_t balancer_model(struct slice name);
/* Google does not serve the place of this server, for all that is known. */
bool balancer_region(struct balancer *b);

/* A place in the room, kept inside whoever waits. Zeroed at first; nothing in it is for others. */
struct waiter {
	struct waiter *next;
	struct loop *loop;
	struct keyring *ring;
	uint64_t model, caller;
	uint64_t turn; /* kept for a request that must wait again */
	bool inside, called;
};

/*
 * Waits for a key of that ring for that model: callers take turns, however many requests each of
 * them has. *ret_first: nobody stands before it. The first looks at the clock itself; the others
 * are called when they become first, and all when something has changed: their loop is poked when
 * it is worth asking again. False when the room is full.
 */
bool balancer_enter(struct balancer *b, struct waiter *w, bool *ret_first);
/* Does nothing for who is not inside. */
void balancer_leave(struct balancer *b, struct waiter *w);
/* Was it called since the last time? */
bool balancer_called(struct balancer *b, struct waiter *w);

#endif
