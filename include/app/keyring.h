/* A keypool behind a lock: the server's pool, or the keys that one caller brought. */
#ifndef APP_KEYRING_H
#define APP_KEYRING_H

#include "core/keypool.h"

struct keyring;

/* specs: copied; see keypool_add, also for *ret_repeated (or NULL). NULL with a static sentence
 * when they are not valid. */
struct keyring *keyring_new(const struct key_spec *specs, size_t count, enum balance balance,
    size_t max, size_t *ret_repeated, const char **ret_error);
/* The same from bare keys; list: see keypool_add_list. */
struct keyring *keyring_of_list(
    struct slice list, enum balance balance, size_t max, const char **ret_error);
/* Every pick must have been reported. */
void keyring_free(struct keyring *ring);
size_t keyring_count(const struct keyring *ring);

/* Index of a key that is not in `tried` (keypool_tried_size bytes), or -1. Counts as in flight
 * until keyring_report, which must follow exactly once. */
ptrdiff_t keyring_pick(struct keyring *ring, const uint8_t *tried, uint64_t chance);
void keyring_report(struct keyring *ring, size_t index, bool ok);
/* Picks that are not reported yet, over all keys. */
size_t keyring_in_flight(struct keyring *ring);
/* Index of the key with that fingerprint, or -1. */
ptrdiff_t keyring_find(const struct keyring *ring, struct slice fingerprint);
/* These live as long as the ring. */
const char *keyring_secret(const struct keyring *ring, size_t index);
const struct key_spec *keyring_spec(const struct keyring *ring, size_t index);
const char *keyring_fingerprint(const struct keyring *ring, size_t index);

#endif
