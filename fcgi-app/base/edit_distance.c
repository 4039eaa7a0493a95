#include "config.h"

#include "base/edit_distance.h"

static size_t
edit_distance_min(size_t a, size_t b)
{
	return a < b ? a : b;
}

static char
edit_distance_letter(struct slice s, size_t i)
{
	return ascii_lower(s.ptr[i]);
}

size_t
edit_distance(struct slice a, struct slice b, size_t most)
{
	size_t rows[3][EDIT_DISTANCE_BYTES_MAX + 1];
	size_t *before = rows[0], *last = rows[1], *now = rows[2];

	if (a.len > EDIT_DISTANCE_BYTES_MAX || b.len > EDIT_DISTANCE_BYTES_MAX ||
	    a.len > b.len + most || b.len > a.len + most)
		return most + 1;
	for (size_t j = 0; j <= b.len; j++)
		last[j] = before[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t *free_row = before, least = i;

		now[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			char x = edit_distance_letter(a, i - 1), y = edit_distance_letter(b, j - 1);

			now[j] = edit_distance_min(
			    last[j - 1] + (x != y), edit_distance_min(last[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && x == edit_distance_letter(b, j - 2) &&
			    y == edit_distance_letter(a, i - 2))
				now[j] = edit_distance_min(now[j], before[j - 2] + 1);
			least = edit_distance_min(least, now[j]);
		}
		if (least > most) /* no later row has less */
			return most + 1;
		before = last;
		last = now;
		now = free_row;
	}
	return edit_distance_min(last[b.len], most + 1);
}
