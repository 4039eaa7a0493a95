/* Between key_order.c, keypool.c and key_choice.c: the keys as they stand for one model. */
#ifndef CORE_KEYS_KEY_ORDER_H
#define CORE_KEYS_KEY_ORDER_H

#include "core/keys/keypool.h"

/* FOREIGN: the key is not for this model. */
enum lane_where { LANE_READY, LANE_ASLEEP, LANE_FOREIGN };

struct lane_key {
	uint64_t until; /* while asleep */
	uint32_t place; /* in its heap */
	uint8_t where;
	bool dead; /* asleep, because the key itself is refused */
};

struct heap {
	uint32_t *at; /* indices of keys */
	size_t count;
};

struct lane {
	uint64_t model, used;
	struct lane_key *keys;
	struct heap heaps[LANE_FOREIGN]; /* by enum lane_where */
};

/* The one for that model, which is made when there is none. The pool has keys. */
struct lane *lane_for(struct keypool *p, const struct key_ask *ask);
void key_order_release(struct keypool *p);
/* Has it more requests in flight for its weight? */
bool lane_is_busier(const struct key *a, const struct key *b);
/* Is it a's turn rather than b's? */
bool lane_goes_before(const struct key *a, const struct key *b);
/* Keys whose time has come are ready, for all that is known. */
void lane_wake_due(const struct keypool *p, struct lane *lane, uint64_t now);
/* A key that was ready. */
void lane_sleep(
    const struct keypool *p, struct lane *lane, uint32_t index, const struct health_bar *bar);
/* In every lane: keys of that key's project, and the key, or all (-1), are looked at anew. */
void key_order_wake(struct keypool *p, ptrdiff_t index, uint64_t now);
/* The key's place in every lane where it is ready, after it became busier or less busy. */
void key_order_resort(struct keypool *p, uint32_t index, bool busier);

#endif
