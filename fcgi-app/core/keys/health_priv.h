/* Between the files of health. */
#ifndef CORE_KEYS_HEALTH_PRIV_H
#define CORE_KEYS_HEALTH_PRIV_H

#include "core/keys/health.h"

#define HEALTH_QUOTAS_MAX 64 /* different ids of quotas */

#define HEALTH_SUSPECTS_KEPT 16

enum { SIDE_MODELS = HEALTH_CALLERS + 1, SIDES };

struct record {
	uint64_t id;
	uint32_t chain, older, newer; /* places + 1 of records; 0: none */
	unsigned strikes;             /* failures in a row, a burst counting once; 0: it is well */
	uint64_t since; /* the last one was heard of: calls that began before belong to its burst */
	uint64_t until; /* 0: not barred */
	uint64_t probe; /* the first call after that began; 0: none yet */
	uint64_t number; /* of a key: the project it belongs to; 0: not heard of */
	uint64_t source; /* of a model: the request that it failed last; 0: none lately */
	uint64_t source_at;
	struct verdict verdict;
	const char *quota;
};

struct side {
	struct record *records;
	uint32_t *slots; /* places + 1 */
	size_t max, used, mask;
	uint64_t salt;
	uint32_t newest, oldest, spare; /* places + 1; spare: a list by chain */
};

struct suspect {
	uint64_t project, at;
};

struct health {
	struct side sides[SIDES];
	struct record host;
	struct suspect suspects[HEALTH_SUSPECTS_KEPT];
	size_t next_suspect;
	bool region;
	char *quotas[HEALTH_QUOTAS_MAX]; /* ids that were seen; they are few */
	uint64_t news[HEALTH_CALLERS + 1];
	struct health_watch watch;
};

/* The id of a pair, out of two ids. */
uint64_t health_pair(uint64_t a, uint64_t b);
/* A copy that lives as long as the health; "" for NULL and for one too many. */
const char *health_quota(struct health *h, const char *id);

struct record *record_find(const struct side *s, uint64_t id); /* NULL: there is none */
/* The record with that id, made when there is none, as the newest. */
struct record *record_obtain(struct side *s, uint64_t id);
/* Nothing is held against it any more. s: NULL for the host's, which stays. */
void record_clear(struct side *s, struct record *r);

/* Tells whoever watches that a record of that side (NULL: the host's) has changed. */
void health_tell(const struct health *h, const struct side *s, const struct record *r,
    const struct instant *now);
/* That what began then went well. */
void health_tell_well(const struct health *h, const struct side *s, uint64_t id, uint64_t started,
    const struct instant *now);

#endif
