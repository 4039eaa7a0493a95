/* Midnight in Los Angeles: around both changes of the clock, and against the zone database. */
#include "config.h"

#include "core/keys/pacific.h"

#include <stdlib.h>
#include <time.h>

#include "base/xalloc.h"
#include "tap.h"

#define SECOND 1000ULL
#define HOUR   (3600 * SECOND)

/* clang-format off */
static const struct {
	const char *what;
	uint64_t at, midnight; /* seconds since 1970-01-01 UTC */
} cases[] = {
	{ "winter, in the evening",             1768528800, 1768550400 }, /* 2026-01-16 02:00Z -> 08:00Z */
	{ "winter, a second before",            1768550399, 1768550400 },
	{ "winter, at midnight: the next one",  1768550400, 1768636800 },
	{ "summer",                             1782864000, 1782889200 }, /* 2026-07-01 00:00Z -> 07:00Z */
	{ "the eve of summer time",             1772956799, 1772956800 }, /* 2026-03-08 08:00Z */
	{ "its first midnight: a day of 23 h",  1772956800, 1773039600 }, /* 2026-03-09 07:00Z */
	{ "before the change at 10:00Z",        1772963999, 1773039600 },
	{ "after it",                           1772964000, 1773039600 },
	{ "the day after",                      1773039600, 1773126000 },
	{ "the last day of summer time",        1793516399, 1793516400 }, /* 2026-11-01 07:00Z */
	{ "its first midnight: a day of 25 h",  1793516400, 1793606400 }, /* 2026-11-02 08:00Z */
	{ "before the change at 09:00Z",        1793523599, 1793606400 },
	{ "after it",                           1793523600, 1793606400 },
	{ "the day after",                      1793606400, 1793692800 },
	{ "the end of a year",                  1798765200, 1798790400 }, /* 2027-01-01 01:00Z -> 08:00Z */
	{ "a leap day",                         1835481600, 1835510400 }, /* 2028-03-01 00:00Z -> 08:00Z */
};
/* clang-format on */

static void
test_cases(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		is_int(pacific_next_midnight(cases[i].at * SECOND), cases[i].midnight * SECOND,
		    cases[i].what);
	is_int(pacific_next_midnight(1772956800 * SECOND - 1), 1772956800 * SECOND,
	    "a millisecond before");
}

/* Whatever the hour, over 60 years: as the C library has it, when it knows the zone. */
static void
test_zone(void)
{
	uint64_t wrong = 0, midnight;
	struct tm tm;
	time_t at;

	setenv("TZ", "PST8PDT,M3.2.0,M11.1.0", 1);
	tzset();
	for (uint64_t t = 1199145600; t < 3093527980; t += 9 * 3600 + 1) {
		midnight = pacific_next_midnight(t * SECOND);
		at = (time_t)(midnight / SECOND);
		localtime_r(&at, &tm);
		wrong += midnight % SECOND != 0 || tm.tm_hour != 0 || tm.tm_min != 0 ||
		         tm.tm_sec != 0 || midnight <= t * SECOND ||
		         midnight - t * SECOND > 25 * HOUR;
	}
	is_int(wrong, 0, "as the C library counts, 2008 to 2068");
}

int
main(void)
{
	test_cases();
	test_zone();
	return tap_done();
}
