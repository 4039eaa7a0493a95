/* What a run counts: durations as histograms, failures by reason. */
#ifndef BENCH_LOAD_STATS_H
#define BENCH_LOAD_STATS_H

#include <stddef.h>
#include <stdint.h>

#define HIST_STEPS   64 /* per power of two: 1.6 % wide */
#define HIST_SIZE    (HIST_STEPS * 40)
#define REASONS_MAX  32
#define REASON_BYTES 64

/* Durations in microseconds. */
struct hist {
	uint64_t count;
	uint64_t max;
	uint64_t bucket[HIST_SIZE];
};

void hist_add(struct hist *h, uint64_t us);
/* The duration that `percent` of all stay at or below, 0 when there is none. */
uint64_t hist_at(const struct hist *h, double percent);

struct reasons {
	size_t count;
	struct {
		char text[REASON_BYTES];
		uint64_t times;
	} row[REASONS_MAX];
	uint64_t total;
};

/* Further kinds than REASONS_MAX are counted in the last row. */
void reasons_add(struct reasons *rs, const char *text);

#endif
