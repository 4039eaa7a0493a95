/* A keypool behind the balancer's lock: the server's pool, or the keys that one caller brought. */
#ifndef APP_KEYS_KEYRING_H
#define APP_KEYS_KEYRING_H

#include "app/keys/balancer.h"
#include "core/gemini/status.h"
#include "core/keys/keypool.h"
#include "core/gemini/verdict.h"

struct keyring;

/* specs: copied; see keypool_add, also for *ret_repeated (or NULL). NULL with a static sentence
 * when they are not valid. */
struct keyring *keyring_new(const struct key_spec *specs, size_t count, enum balance balance,
    size_t max, size_t *ret_repeated, const char **ret_error);
/* The same from bare keys; list: see keypool_add_list. */
struct keyring *keyring_of_list(
    struct slice list, enum balance balance, size_t max, const char **ret_error);
/* Every pick must have been reported. What another ring took over lives on there. */
void keyring_free(struct keyring *ring);
/* A new ring goes on where an old one stands: keys that are in both keep their counters, and what
 * is in flight on the old ring counts on the new one until it is reported to the old one. Both are
 * attached to the same balancer; before the new one is used, once for each. */
void keyring_take_over(struct keyring *ring, struct keyring *old);
size_t keyring_count(const struct keyring *ring);

/* Before the first pick; see keypool_attach. The balancer must outlive the ring. */
void keyring_attach(struct keyring *ring, struct balancer *b, enum health_side side, unsigned cap);

/* Projects by the ids of struct key.project, which change when Google tells that two are one. */
uint64_t keyring_project(struct keyring *ring, size_t index);
/* Are there several? */
bool keyring_has_projects(struct keyring *ring);
/* All of them, each once; the caller frees the list. */
uint64_t *keyring_projects(struct keyring *ring, size_t *ret_count);

struct keyring_ask {
	uint64_t model;       /* of balancer_model */
	struct slice name;    /* of the model */
	const uint8_t *tried; /* keys that will not do; NULL: none */
	ptrdiff_t only;       /* the only key that will do, or -1 */
	uint64_t chance;
	struct waiter *waiter; /* of who asks; NULL or not inside: others who wait go before it */
	bool look;             /* nothing is picked: only the answer counts */
	uint64_t home, seed;   /* see struct key_ask */
	const struct prefix *prefix; /* the same */
};

struct keyring_lack {
	enum key_lack why;
	bool queue;            /* there may be a key, but others wait for it */
	struct health_bar bar; /* when it is BARRED */
};

/* Index of the chosen key, or -1 with *ret. Counts as in flight until keyring_report, which must
 * follow exactly once. Who waited has left the room. */
ptrdiff_t keyring_pick(
    struct keyring *ring, const struct keyring_ask *ask, struct keyring_lack *ret);
void keyring_report(struct keyring *ring, size_t index, bool ok);

/* What a call has shown of its key, project, model and the host. */
struct keyring_outcome {
	uint64_t model;
	uint64_t quota_model; /* see struct health_event */
	uint64_t source;      /* the same */
	uint64_t started;     /* monotonic: when the call began */
	const struct verdict *verdict;
	const struct gemini_status *status; /* or NULL */
	uint32_t hint_ms;                   /* Google's, from the body or the head; 0: none */
	uint64_t chance;
};

void keyring_judge(struct keyring *ring, size_t index, const struct keyring_outcome *outcome);
/* Appends how the pool stands for a model: `NAME=CLASS@TIME` for the host (`host`) and the model
 * (`model`) when they rest, and for each key that is not ready (a few of them). TIME: until when,
 * in UTC, rounded up to a second. */
void keyring_explain(struct keyring *ring, const struct keyring_ask *ask, struct buf *out,
    size_t *ret_keys, size_t *ret_ready);
/* Picks that are not reported yet, over all keys. */
size_t keyring_in_flight(struct keyring *ring);
/* Index of the key with that fingerprint, or -1. */
ptrdiff_t keyring_find(const struct keyring *ring, struct slice fingerprint);
/* These live as long as the ring. */
const char *keyring_secret(const struct keyring *ring, size_t index);
const struct key_spec *keyring_spec(const struct keyring *ring, size_t index);
const char *keyring_fingerprint(const struct keyring *ring, size_t index);

#endif
