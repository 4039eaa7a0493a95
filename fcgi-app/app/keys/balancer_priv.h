/* Between balancer.c and keyring.c. What stands here is used with the lock held. */
#ifndef APP_KEYS_BALANCER_PRIV_H
#define APP_KEYS_BALANCER_PRIV_H

#include <pthread.h>

#include "app/keys/balancer.h"
#include "core/keys/health.h"

struct balancer {
	pthread_mutex_t lock;
	struct health *health;
	struct waiter *first; /* by turn */
	size_t waiting;
	uint64_t clock; /* the turn that was served last */
	struct state *state;
};

/* Does somebody else wait for the same, before w or before who is not inside (NULL)? */
bool room_is_ahead(
    const struct balancer *b, const struct keyring *ring, uint64_t model, const struct waiter *w);
/* w has got its key. */
void room_serve(struct balancer *b, struct waiter *w);
/* Calls whoever is first for a key of that ring, for each model. */
void room_call_ring(struct balancer *b, const struct keyring *ring);
/* Calls all who wait for that model, or for any (0). */
void room_call_all(struct balancer *b, uint64_t model);

#endif
