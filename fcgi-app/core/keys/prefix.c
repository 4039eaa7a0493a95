/* A table of fixed size, indexed by hash: a note takes the place of whatever stood there. */
#include "config.h"

#include "core/keys/prefix.h"

#include <stdlib.h>

#include "base/siphash.h"
#include "base/xalloc.h"
#include "base/limits.h"

#define PREFIX_NOTES 4096 /* beginnings remembered for each pool */

_Static_assert((PREFIX_NOTES & (PREFIX_NOTES - 1)) == 0, "a mask takes the place");
_Static_assert(PREFIX_MAX == PREFIX_MIN << (PREFIX_LEVELS - 1), "the last level");

struct note {
	uint64_t hash; /* 0: none */
	uint32_t value;
};

struct prefix_map {
	struct note notes[PREFIX_NOTES];
};

/* Whoever makes two bodies collide gets another key than he would have, and no more. */
static const uint8_t hash_key[SIPHASH_KEY_BYTES] = "prefix";

struct prefix
prefix_of(struct slice head, uint64_t model)
{
	struct prefix p = { .count = 0 };
	uint64_t chain[2] = { model, 0 };
	size_t from = 0;

	/* Each level is hashed from the one before and the bytes that are new in it. */
	for (size_t to = PREFIX_MIN; p.count < PREFIX_LEVELS && to <= head.len; to *= 2) {
		struct slice piece = { head.ptr + from, to - from };
		struct slice link = { (const char *)chain, sizeof(chain) };

		chain[1] = siphash(hash_key, piece);
		chain[0] = siphash(hash_key, link) | 1;
		p.hashes[p.count++] = chain[0];
		from = to;
	}
	return p;
}

struct prefix_map *
prefix_map_new(void)
{
	return xcalloc(1, sizeof(struct prefix_map));
}

void
prefix_map_free(struct prefix_map *map)
{
	free(map);
}

ptrdiff_t
prefix_map_find(const struct prefix_map *map, const struct prefix *prefix)
{
	for (size_t i = prefix->count; i-- > 0;) {
		const struct note *note = &map->notes[prefix->hashes[i] >> 1 & (PREFIX_NOTES - 1)];

		if (note->hash == prefix->hashes[i])
			return (ptrdiff_t)note->value;
	}
	return -1;
}

void
prefix_map_note(struct prefix_map *map, const struct prefix *prefix, size_t value)
{
	for (size_t i = 0; i < prefix->count; i++)
		map->notes[prefix->hashes[i] >> 1 & (PREFIX_NOTES - 1)] =
		    (struct note){ prefix->hashes[i], (uint32_t)value };
}
