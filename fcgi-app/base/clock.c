/* Time from the kernel. */
#include "config.h"

#include "base/clock.h"

#include <time.h>

static uint64_t
clock_to_ms(const struct timespec *ts)
{
	return (uint64_t)ts->tv_sec * 1000 + (uint64_t)ts->tv_nsec / 1000000;
}

uint64_t
clock_mono_ms(void)
{
	struct timespec ts;

#ifdef CLOCK_BOOTTIME
	if (clock_gettime(CLOCK_BOOTTIME, &ts) == 0)
		return clock_to_ms(&ts);
#endif
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return clock_to_ms(&ts);
}

uint64_t
clock_wall_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return clock_to_ms(&ts);
}
