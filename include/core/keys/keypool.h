/*
 * Keys and the choice among them: pure, time and chance are arguments; the caller serialises calls
 * (app/keyring locks). Secrets live here and nowhere else.
 */
#ifndef CORE_KEYS_KEYPOOL_H
#define CORE_KEYS_KEYPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "core/keys/health.h"
#include "core/keys/prefix.h"

#define KEY_ORDERS_MAX 16 /* models for which the order of the keys is kept, for each pool */
#define KEY_NOTES_MAX  8  /* keys named in an explanation */

enum balance { BALANCE_LEAST, BALANCE_ROUND_ROBIN, BALANCE_RANDOM };

#define FINGERPRINT_LEN 12

/* A key as the operator describes it. Texts are never NULL. */
struct key_spec {
	const char *secret;
	const char *project; /* keys with the same text share their quotas; "": not known */
	unsigned weight;     /* 1 to KEY_WEIGHT_MAX: how much of the load it takes */
	const char *proxy;   /* of calls with this key; "": the one of all calls */
	const char *models;  /* names separated by commas, `*` ends one; "": all */
	const char *name;    /* the operator's, for logs; "": none */
	unsigned line;       /* of the file, from 1; 0: it is in the option */
	unsigned place;      /* in the list, from 1 */
};

struct key {
	struct key_spec spec;                  /* with texts of its own */
	char fingerprint[FINGERPRINT_LEN + 1]; /* names the key in logs */
	unsigned in_flight;
	uint64_t turn;      /* grows with each use, slower for a greater weight */
	uint64_t last_used; /* a counter, not a time: ties cannot happen */
	uint64_t picks, failures;
	uint64_t id, project; /* for the health; the project is the key's id when it is not known */
	uint64_t number;      /* of the project by Google's number; 0: not heard of */
	uint64_t place;       /* in the orders of seeds: the project as it was before that */
};

/* The keys as they stand for one model. */
struct lane;

struct keypool {
	struct key *keys;
	size_t count;
	enum balance balance;
	uint64_t tick, clock; /* of last_used and turn */
	size_t next;          /* round robin */
	struct health *health;
	enum health_side side;
	unsigned cap; /* requests in flight with one key; 0: any number */
	struct lane *key_order[KEY_ORDERS_MAX];
	size_t lane_count;
	struct prefix_map *prefixes; /* indices of keys; NULL: none yet */
	uint64_t news;               /* of the health, as far as they are known here */
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

/* The counters of a key, and what was heard of its project, go over to a pool that was made anew
 * and attached; at the end keypool_regroup, before the first pick. */
void keypool_take_over(
    struct keypool *p, size_t index, const struct keypool *old, size_t old_index);
void keypool_regroup(struct keypool *p);

/* Bytes of a bitmap for count keys. */
size_t keypool_tried_size(size_t count);
void keypool_tried_add(uint8_t *tried, size_t index);

/* Before the first pick, once all keys are there. health: the caller's, must outlive the pool.
 * cap: requests in flight with one key; 0: any number. */
void keypool_attach(struct keypool *p, struct health *health, enum health_side side, unsigned cap);

struct key_ask {
	uint64_t model;    /* its id; 0: no model */
	struct slice name; /* of the model */
	const uint8_t
	    *tried;      /* a bitmap of keys that will not do, see keypool_tried_size; NULL: none */
	ptrdiff_t only;  /* the only key that will do, or -1 */
	bool look;       /* nothing is picked: only the answer counts */
	uint64_t chance; /* a random number, used by BALANCE_RANDOM */
	uint64_t now;    /* monotonic */
	uint64_t home;   /* only keys of that project will do; 0: any */
	uint64_t seed;   /* the project depends on this first, as long as it can; 0: on nothing */
	const struct prefix *prefix; /* of the request; NULL: none. For BALANCE_LEAST alone */
};

/* Why no key was picked. */
enum key_lack {
	KEY_LACK_NONE,   /* no key is for this model at all */
	KEY_LACK_TRIED,  /* some are ready, all of them tried */
	KEY_LACK_BUSY,   /* some are ready and have as many requests in flight as they may */
	KEY_LACK_BARRED, /* see the bar: what ends first, quotas before keys that are refused */
};

/* Index of the chosen key, or -1 with *ret_lack and, when it is BARRED, *ret_bar. The key counts as
 * in flight until keypool_report. */
ptrdiff_t keypool_pick(struct keypool *p, const struct key_ask *ask, enum key_lack *ret_lack,
    struct health_bar *ret_bar);
void keypool_report(struct keypool *p, size_t index, bool ok);
struct subject keypool_subject(const struct keypool *p, size_t index);
/* What health_end asks for: keys of that project, and the key, are looked at anew. */
void keypool_wake(struct keypool *p, size_t index, uint64_t now);
/* Google has told the number (or name) of the key's project. */
void keypool_learn(struct keypool *p, size_t index, struct slice number);

/* A key that may not be used for a model now. */
struct key_note {
	size_t index;
	struct health_bar bar;
};

struct key_notes {
	size_t keys;  /* that are for this model */
	size_t ready; /* of these */
	struct key_note
	    first[KEY_NOTES_MAX]; /* of the others; among them the one that is free first */
	size_t count;
};

/* How the pool stands for a model, to explain a decision. */
void keypool_explain(struct keypool *p, const struct key_ask *ask, struct key_notes *ret);

/* The name of a secret in logs: stable across restarts, says nothing about it. */
void key_fingerprint(struct slice secret, char ret[FINGERPRINT_LEN + 1]);
/* `/verify`'s form: first 7, `......`, last 7; shorter keys show less. */
void key_mask(struct slice secret, struct buf *out);

#endif
