/*
 * What one access token has used: requests within the last minute, Gemini tokens of the day. Pure:
 * time is an argument; the caller serialises calls (app/tokens locks).
 */
#ifndef CORE_METER_H
#define CORE_METER_H

#include <stdbool.h>
#include <stdint.h>

/* The minute slides in steps of a second: in no 60 seconds more than the limit is let through, and
 * a place is free again 60 to 61 seconds after it was taken. */
#define METER_SLOTS 61

struct meter {
	uint32_t slots[METER_SLOTS]; /* requests, by second */
	uint64_t second;             /* of the last request; monotonic */
	uint64_t minute;             /* sum of the slots */
	uint64_t day;                /* days since 1970, UTC */
	uint64_t spent;              /* tokens of that day */
};

/* Counts a request unless `rpm` (0: no limit) are there already. Returns 0, or in how many seconds
 * the next one will be let through. */
uint32_t meter_request(struct meter *m, uint64_t rpm, uint64_t mono_ms);
/* 0 when tokens are left of `tpd` (0: no limit), or in how many seconds the next day begins. */
uint32_t meter_day(struct meter *m, uint64_t tpd, uint64_t wall_ms);
/* Adds to the day's tokens. */
void meter_spend(struct meter *m, uint64_t tokens, uint64_t wall_ms);

#endif
