/*
 * The keyrings of callers who bring their own keys, kept between requests: a caller's list is one
 * ring, so what is in flight, who is next and who waits holds for all requests that bring it.
 * Every function may be called from any thread.
 */
#ifndef APP_KEYS_CALLER_KEYS_H
#define APP_KEYS_CALLER_KEYS_H

#include <stdint.h>
#include <stddef.h>

#include "core/keys/keypool.h"

struct balancer;

#define CALLER_RINGS_MAX     512   /* lists of callers' keys that are kept while nobody uses them */
#define CALLER_KEYS_KEPT_MAX 16384 /* keys in them */
#define CALLER_RING_IDLE_MS  600000 /* so long */

struct caller_keys;
/* A ring's place there. */
struct caller_ring;

/* The balancer must outlive it. cap: requests in flight with one key; 0: any number. */
struct caller_keys *caller_keys_new(struct balancer *b, unsigned cap);
/* Nobody may use a ring any more. NULL is accepted. */
void caller_keys_free(struct caller_keys *o);
/* The ring of that list (see keypool_add_list), which is told from others byte by byte; made when
 * it is not there. It stays until caller_keys_put, which must follow once. now: monotonic. NULL
 * when the list is not valid, with a static sentence, or holds no key, with NULL. */
struct caller_ring *caller_keys_get(struct caller_keys *o, struct slice list, enum balance balance,
    uint64_t now, const char **ret_error);
/* A ring that nobody uses is kept up to CALLER_RING_IDLE_MS, looked at with each get and put; when
 * there are more than CALLER_RINGS_MAX of them, or with more than CALLER_KEYS_KEPT_MAX keys in all,
 * those that rested longest go. */
void caller_keys_put(struct caller_keys *o, struct caller_ring *place, uint64_t now);
struct keyring *caller_ring_keys(const struct caller_ring *place);
/* Rings that are kept, used or not. */
size_t caller_keys_count(struct caller_keys *o);

#endif
