/*
 * Which key served a request that begins alike last. Google keeps what a project's requests begin
 * with for a while, and reads it again for less (implicit caching: from 2048 tokens on with Gemini
 * 2.5, from 4096 with 3), so a conversation is cheaper where its last turn was.
 */
#ifndef CORE_KEYS_PREFIX_H
#define CORE_KEYS_PREFIX_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define PREFIX_LEVELS 5

/* Of a request's body: hashes of its first PREFIX_MIN bytes, of twice as many, and so on. */
struct prefix {
	uint64_t hashes[PREFIX_LEVELS];
	size_t count; /* 0: the body is too short */
};

/* head: the body, of which PREFIX_MAX bytes are enough. model: caches are kept for each. */
struct prefix prefix_of(struct slice head, uint64_t model);

/* Bounded; what is noted makes older notes forgotten. */
struct prefix_map;
struct prefix_map *prefix_map_new(void);
void prefix_map_free(struct prefix_map *map);
/* What was noted last for the longest common beginning, or -1. */
ptrdiff_t prefix_map_find(const struct prefix_map *map, const struct prefix *prefix);
void prefix_map_note(struct prefix_map *map, const struct prefix *prefix, size_t value);

#endif
