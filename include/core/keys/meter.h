/*
 * Requests of one access token within the last minute. Pure: time is an argument; the caller
 * serialises calls (app/tokens locks).
 */
#ifndef CORE_KEYS_METER_H
#define CORE_KEYS_METER_H

#include <stdbool.h>
#include <stdint.h>

/* The minute slides in steps of a second: in no 60 seconds more than the limit is let through, and
 * a place is free again 60 to 61 seconds after it was taken. */
#define METER_SLOTS 61

struct meter {
	uint32_t slots[METER_SLOTS]; /* requests, by second */
	uint64_t second;             /* of the last request; monotonic */
	uint64_t minute;             /* sum of the slots */
};

/* Counts a request unless `rpm` (0: no limit) are there already. Returns 0, or in how many seconds
 * the next one will be let through. */
uint32_t meter_request(struct meter *m, uint64_t rpm, uint64_t mono_ms);

#endif
