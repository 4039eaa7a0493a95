/* The distance of two names, up to a limit. */
#include "config.h"

#include "base/edit_distance.h"

#include <string.h>

#include "tap.h"

static const struct {
	const char *a, *b;
	size_t most, want;
} rows[] = {
	{ "", "", 2, 0 },
	{ "", "ab", 2, 2 },
	{ "LISTEN", "listen", 2, 0 },
	{ "gemini-3.8-flsh", "gemini-3.8-flash", 3, 1 },
	{ "messgaes", "messages", 2, 1 },
	{ "ab", "ba", 0, 1 },
	{ "kitten", "sitting", 3, 3 },
	{ "kitten", "sitting", 2, 3 },
	{ "ca", "abc", 5, 3 }, /* a swapped pair is not torn apart */
	{ "abcdef", "uvwxyz", 2, 3 },
	{ "a", "abcdef", 2, 3 },
};

int
main(void)
{
	char name[EDIT_DISTANCE_BYTES_MAX + 1];
	struct slice full = { name, EDIT_DISTANCE_BYTES_MAX };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slice a = slice_str(rows[i].a), b = slice_str(rows[i].b);

		is_int(edit_distance(a, b, rows[i].most), rows[i].want, rows[i].a);
		is_int(edit_distance(b, a, rows[i].most), rows[i].want, "the other way round");
	}
	memset(name, 'a', sizeof(name));
	is_int(edit_distance(full, full, 2), 0, "the longest");
	full.len++;
	is_int(edit_distance(full, full, 2), 3, "a longer one is far from itself");
	return tap_done();
}
