/* Histograms and reasons. */
#include "config.h"

#include "load_stats.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Exact below HIST_STEPS, then HIST_STEPS buckets for each doubling. */
static size_t
hist_index(uint64_t us)
{
	unsigned shift;
	size_t i;

	if (us < HIST_STEPS)
		return (size_t)us;
	shift = (unsigned)(63 - __builtin_clzll(us)) - 6;
	i = (size_t)(shift * HIST_STEPS + (us >> shift));
	return i < HIST_SIZE ? i : HIST_SIZE - 1;
}

/* The largest duration that falls into bucket i. */
static uint64_t
hist_upper(size_t i)
{
	unsigned shift = i < 2 * HIST_STEPS ? 0 : (unsigned)(i / HIST_STEPS) - 1;

	return ((i - (uint64_t)shift * HIST_STEPS + 1) << shift) - 1;
}

void
hist_add(struct hist *h, uint64_t us)
{
	h->bucket[hist_index(us)]++;
	h->count++;
	if (us > h->max)
		h->max = us;
}

uint64_t
hist_at(const struct hist *h, double percent)
{
	uint64_t want = (uint64_t)ceil((double)h->count * percent / 100), seen = 0;

	if (h->count == 0)
		return 0;
	for (size_t i = 0; i < HIST_SIZE; i++) {
		seen += h->bucket[i];
		if (seen >= want)
			return hist_upper(i) < h->max ? hist_upper(i) : h->max;
	}
	return h->max;
}

void
reasons_add(struct reasons *rs, const char *text)
{
	size_t i = 0;

	rs->total++;
	while (i < rs->count && strncmp(rs->row[i].text, text, REASON_BYTES - 1) != 0)
		i++;
	if (i == REASONS_MAX)
		i--;
	if (i == rs->count) {
		rs->count++;
		snprintf(rs->row[i].text, REASON_BYTES, "%s", text);
	}
	rs->row[i].times++;
}
