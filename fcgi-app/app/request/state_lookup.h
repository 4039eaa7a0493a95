/*
 * Values of the state store by their keys, without waiting on the loop: memory answers at once, and
 * a thread of the pool asks the engine for the others.
 */
#ifndef APP_REQUEST_STATE_LOOKUP_H
#define APP_REQUEST_STATE_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>

#include "app/state/state.h"
#include "base/buf.h"

struct loop;
struct state_lookup;

struct state_lookup_order {
	struct state *state;
	struct loop *loop;
	size_t max; /* keys that are added at most */
	/* One answer. value is set when it was found; the callee may take its bytes and leave it
	 * empty. */
	void (*answer)(void *ctx, void *item, enum state_answer answer, struct buf *value);
	/* All that waited for the engine is answered. The lookup is freed already. */
	void (*done)(void *ctx);
	void *ctx;
};

struct state_lookup *state_lookup_new(const struct state_lookup_order *order);
/* Takes the key over. What memory knows is answered before this returns. item is handed to answer
 * and must live until then. */
void state_lookup_add(struct state_lookup *l, enum state_space space, struct buf *key, void *item);
/* True: the engine is asked, and done follows. False: there is nothing to ask for; the lookup is
 * freed and done is not called. */
bool state_lookup_start(struct state_lookup *l);
/* No callback follows. NULL is accepted; not from a callback. */
void state_lookup_cancel(struct state_lookup *l);

#endif
