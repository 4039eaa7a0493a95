/* Requests that begin alike. */
#include "config.h"

#include "core/keys/prefix.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "tap.h"
#include "base/limits.h"

static void
test_levels(void)
{
	char *text = xmalloc(2 * PREFIX_MAX);
	struct prefix p;

	memset(text, 'x', 2 * PREFIX_MAX);
	is_int(prefix_of(SLICE(""), 1).count, 0, "nothing");
	is_int(prefix_of((struct slice){ text, PREFIX_MIN - 1 }, 1).count, 0, "too short");
	is_int(prefix_of((struct slice){ text, PREFIX_MIN }, 1).count, 1, "long enough");
	is_int(prefix_of((struct slice){ text, 2 * PREFIX_MIN - 1 }, 1).count, 1, "not twice");
	p = prefix_of((struct slice){ text, 2 * PREFIX_MAX }, 1);
	is_int(p.count, PREFIX_LEVELS, "a very long one");
	for (size_t i = 1; i < p.count; i++)
		ok(p.hashes[i] != p.hashes[i - 1], "each level is another");
	free(text);
}

static void
test_longest(void)
{
	struct prefix_map *map = prefix_map_new();
	char *text = xmalloc(PREFIX_MAX);
	struct prefix first, second;

	memset(text, 'x', PREFIX_MAX);
	first = prefix_of((struct slice){ text, 4 * PREFIX_MIN }, 1);
	is_int(prefix_map_find(map, &first), -1, "nothing is noted yet");
	prefix_map_note(map, &first, 7);
	is_int(prefix_map_find(map, &first), 7, "what was noted");
	text[3 * PREFIX_MIN] = 'y';
	second = prefix_of((struct slice){ text, 4 * PREFIX_MIN }, 1);
	is_int(prefix_map_find(map, &second), 7, "half of it in common is enough");
	prefix_map_note(map, &second, 8);
	is_int(prefix_map_find(map, &second), 8, "the longest counts");
	is_int(prefix_map_find(map, &first), 7, "for each");
	text[0] = 'y';
	second = prefix_of((struct slice){ text, 4 * PREFIX_MIN }, 1);
	is_int(prefix_map_find(map, &second), -1, "another beginning");
	text[0] = 'x';
	second = prefix_of((struct slice){ text, 4 * PREFIX_MIN }, 2);
	is_int(prefix_map_find(map, &second), -1, "another model");
	second.count = 0;
	is_int(prefix_map_find(map, &second), -1, "a short body has none");
	free(text);
	prefix_map_free(map);
}

int
main(void)
{
	test_levels();
	test_longest();
	return tap_done();
}
