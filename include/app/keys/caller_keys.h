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

#define OWN_RINGS_MAX     512    /* lists of callers' keys that are kept while nobody uses them */
#define OWN_KEYS_KEPT_MAX 16384  /* keys in them */
#define OWN_RING_IDLE_MS  600000 /* so long */

struct own_rings;
/* A ring's place there. */
struct own_ring;

/* The balancer must outlive it. cap: requests in flight with one key; 0: any number. */
struct own_rings *own_rings_new(struct balancer *b, unsigned cap);
/* Nobody may use a ring any more. NULL is accepted. */
void own_rings_free(struct own_rings *o);
/* The ring of that list (see keypool_add_list), which is told from others byte by byte; made when
 * it is not there. It stays until own_rings_put, which must follow once. now: monotonic. NULL when
 * the list is not valid, with a static sentence, or holds no key, with NULL. */
struct own_ring *own_rings_get(struct own_rings *o, struct slice list, enum balance balance,
    uint64_t now, const char **ret_error);
/* A ring that nobody uses is kept up to OWN_RING_IDLE_MS, looked at with each get and put; when
 * there are more than OWN_RINGS_MAX of them, or with more than OWN_KEYS_KEPT_MAX keys in all, those
 * that rested longest go. */
void own_rings_put(struct own_rings *o, struct own_ring *place, uint64_t now);
struct keyring *own_ring_keys(const struct own_ring *place);
/* Rings that are kept, used or not. */
size_t own_rings_count(struct own_rings *o);

#endif
