/* The keys that a request may use, and the place where it waits for one. */
#ifndef APP_REQUEST_KEYS_H
#define APP_REQUEST_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/keys/balancer.h"
#include "app/keys/keyring.h"
#include "core/keys/prefix.h"

struct request;

struct keys {
	struct keyring *ring;             /* the pool, or caller_ring; NULL: not decided yet */
	struct keyring *caller_ring;      /* of the caller's keys, or NULL */
	struct caller_ring *caller_place; /* of caller_ring; NULL: it is of this request only */

	/* Which of them may be used. */
	ptrdiff_t pinned;     /* the only key that will do, or -1 */
	bool located;         /* home is decided, except on paths without objects */
	ptrdiff_t home;       /* only keys of its project will do; -1: any */
	char *home_object;    /* the reason; branches borrow it */
	uint64_t seed;        /* see struct key_ask */
	uint8_t *tried;       /* a bitmap: keys used since the last wait */
	struct prefix prefix; /* of the body that is sent, when it matters */

	ptrdiff_t picked; /* and not yet reported, or -1 */
	char name[FINGERPRINT_LEN + 1];
	const struct key_spec *spec; /* of the last one, as long as the ring; NULL: none yet */

	/* key_wait.c */
	struct waiter waiter;
	struct request *next; /* on the same loop */
	uint64_t waits_since; /* 0: it does not wait */
	uint64_t waited_ms;   /* in all, before that */
};

#endif
