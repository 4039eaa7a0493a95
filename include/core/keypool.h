/*
 * Choice among keys: pure, time and chance are arguments; the caller serialises calls
 * (app/keyring locks). Secrets live here and nowhere else.
 */
#ifndef CORE_KEYPOOL_H
#define CORE_KEYPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum balance { BALANCE_LEAST, BALANCE_ROUND_ROBIN, BALANCE_RANDOM };

#define FINGERPRINT_LEN 12

/* A key as the operator describes it. Texts are never NULL. */
struct key_spec {
	const char *secret;
	const char *project; /* keys with the same text share their quotas; "": not known */
	unsigned weight;     /* 1 to KEY_WEIGHT_MAX: how much of the load it takes */
	const char *proxy;   /* of calls with this key; "": the one of all calls */
	const char *models;  /* names separated by commas, `*` ends one; "": all */
};

struct key {
	struct key_spec spec;                  /* with texts of its own */
	char fingerprint[FINGERPRINT_LEN + 1]; /* names the key in logs */
	unsigned in_flight;
	uint32_t place;     /* in the heap */
	uint64_t last_used; /* a counter, not a time: ties cannot happen */
	uint64_t picks, failures;
};

struct keypool {
	struct key *keys;
	size_t count;
	enum balance balance;
	uint64_t tick;
	size_t next;    /* round robin */
	uint32_t *heap; /* indices of keys; the one to pick next stands first */
};

void keypool_init(struct keypool *p, enum balance balance);
void keypool_release(struct keypool *p);
/* Splits at commas and white space, and takes quotation marks off; empty items and repetitions are
 * left out. Returns how many keys were added. -1, with the pool as it was, when it would hold more
 * than max keys or one is longer than KEY_BYTES_MAX or holds control characters. */
int keypool_add_list(struct keypool *p, struct slice list, size_t max);
/* The same for keys with their descriptions, which are copied. A key without a secret and a
 * repetition are left out; *ret_repeated (or NULL) is how many of these there were. */
int keypool_add(struct keypool *p, const struct key_spec *specs, size_t count, size_t max,
    size_t *ret_repeated);

/* Bytes of a bitmap for count keys. */
size_t keypool_tried_size(size_t count);
void keypool_tried_add(uint8_t *tried, size_t index);

/* Index of the chosen key, or -1 when every key is in `tried` (a bitmap of count bits, see
 * keypool_tried_size; NULL: none). chance: a random number, used by BALANCE_RANDOM. The key counts
 * as in flight until keypool_report. */
ptrdiff_t keypool_pick(struct keypool *p, const uint8_t *tried, uint64_t chance);
/* Picks a certain key. */
void keypool_take(struct keypool *p, size_t index);
void keypool_report(struct keypool *p, size_t index, bool ok);

/* The name of a secret in logs: stable across restarts, says nothing about it. */
void key_fingerprint(struct slice secret, char ret[FINGERPRINT_LEN + 1]);
/* `/verify`'s form: first 7, `......`, last 7; shorter keys show less. */
void key_mask(struct slice secret, struct buf *out);

#endif
