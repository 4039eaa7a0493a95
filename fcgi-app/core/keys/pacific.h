/*
 * Time in America/Los_Angeles, where daily quotas begin anew at midnight. By the rule that holds
 * since 2007: daylight-saving time from the second Sunday of March, 02:00, to the first Sunday of
 * November, 02:00; no time-zone data is needed.
 */
#ifndef CORE_KEYS_PACIFIC_H
#define CORE_KEYS_PACIFIC_H

#include <stdint.h>

/* The first midnight after that time. Both in milliseconds since 1970-01-01 UTC. */
uint64_t pacific_next_midnight(uint64_t wall_ms);

#endif
