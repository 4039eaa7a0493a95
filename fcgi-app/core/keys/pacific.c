/* Days are counted from 1970-01-01, a Thursday. */
#include "config.h"

#include "pacific.h"

#include <stdbool.h>

#define HOUR_MS     3600000LL
#define DAY_MS      (24 * HOUR_MS)
#define STANDARD_MS (8 * HOUR_MS) /* behind UTC; an hour less in summer */

enum { MARCH = 3, NOVEMBER = 11 };

/* The day on which that month of the proleptic Gregorian calendar begins. */
static int64_t
month_start(int64_t year, int month)
{
	/* Years that begin in March have the leap day at their end. */
	int64_t y = year - (month < MARCH), m = month < MARCH ? month + 9 : month - MARCH;

	return y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 - 719468;
}

static int64_t
year_of(int64_t day)
{
	int64_t year = 1970 + day / 366;

	while (month_start(year + 1, 1) <= day)
		year++;
	return year;
}

/* The n-th Sunday (0: the first) on or after that day. */
static int64_t
pacific_sunday(int64_t day, int n)
{
	return day + (10 - day % 7) % 7 + 7 * n;
}

/* Milliseconds to add to UTC at 00:00 of that day there. */
static int64_t
offset_at_midnight(int64_t day)
{
	int64_t year = year_of(day);
	/* The clocks change after midnight, so the day itself still has the old time. */
	bool summer = day > pacific_sunday(month_start(year, MARCH), 1) &&
	              day <= pacific_sunday(month_start(year, NOVEMBER), 0);

	return -STANDARD_MS + (summer ? HOUR_MS : 0);
}

uint64_t
pacific_next_midnight(uint64_t wall_ms)
{
	int64_t now = (int64_t)wall_ms, day = (now - STANDARD_MS) / DAY_MS, midnight;

	do
		midnight = day * DAY_MS - offset_at_midnight(day);
	while (day++, midnight <= now);
	return (uint64_t)midnight;
}
