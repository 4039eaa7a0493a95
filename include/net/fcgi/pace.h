/* How fast a request body comes, and when it has become too slow. Pure: time is an argument. */
#ifndef NET_FCGI_PACE_H
#define NET_FCGI_PACE_H

#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"

#define BODY_GRACE_MS    20000     /* the least average rate counts from there */
#define BODY_RATE_MIN    (2 * KIB) /* bytes each second */
#define BODY_SILENCE_MS  30000
#define BODY_TIME_MAX_MS 3600000

struct pace {
	uint64_t began_ms, heard_ms; /* monotonic: the head was complete; the last bytes came */
	uint64_t bytes;
};

void pace_begin(struct pace *p, uint64_t now_ms);
/* Bytes of the body have come; 0 when the waiting was not the caller's doing. */
void pace_hear(struct pace *p, size_t bytes, uint64_t now_ms);
/* When the body is given up if nothing more comes: it is silent, slower on average than
 * BODY_RATE_MIN, or takes longer than BODY_TIME_MAX_MS. */
uint64_t pace_due_ms(const struct pace *p);
/* The time until which the bytes would have sufficed; of two bodies the one with the lower has made
 * less progress for its time. */
uint64_t pace_credit_ms(const struct pace *p);

#endif
