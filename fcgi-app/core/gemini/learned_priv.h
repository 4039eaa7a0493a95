/* What the files learned*.c share. */
#ifndef CORE_GEMINI_LEARNED_PRIV_H
#define CORE_GEMINI_LEARNED_PRIV_H

#include "core/gemini/learned.h"

#define LEARNED_BUCKETS 256

/* One model. A time of 0: not so. */
struct entry {
	struct entry *next; /* of its bucket */
	char name[MODEL_NAME_MAX], served_by[MODEL_NAME_MAX];
	uint64_t served_at, gone_at;
	uint64_t refused_at[REFUSALS]; /* by bit */
	int32_t budget_min, budget_max;
};

struct learned {
	uint8_t key[SIPHASH_KEY_BYTES];
	size_t max, count;
	struct entry *buckets[LEARNED_BUCKETS];
	struct learned_watch watch;
};

/* ---- learned_entry.c ---- */

/* Where the entry of a name hangs, or would: its pointer is NULL then. */
struct entry **entry_place(const struct learned *l, struct slice name);
/* The entry, made when it is new. name: not empty and shorter than MODEL_NAME_MAX. */
struct entry *entry_obtain(struct learned *l, struct slice name);

/* ---- learned_share.c ---- */

void entry_tell(const struct learned *l, const struct entry *e);

#endif
