/* Counters of an access token: a minute that slides, a day that begins at midnight UTC. */
#include "config.h"

#include "core/meter.h"

#include <string.h>

#define DAY_MS 86400000ULL

/* Forgets the seconds that have left the minute. */
static void
slide(struct meter *m, uint64_t second)
{
	uint64_t steps = second > m->second ? second - m->second : 0;

	if (steps >= METER_SLOTS) {
		memset(m->slots, 0, sizeof(m->slots));
		m->minute = 0;
	} else {
		for (uint64_t i = 1; i <= steps; i++) {
			uint32_t *slot = &m->slots[(m->second + i) % METER_SLOTS];

			m->minute -= *slot;
			*slot = 0;
		}
	}
	m->second += steps;
}

uint32_t
meter_request(struct meter *m, uint64_t rpm, uint64_t mono_ms)
{
	uint64_t left;
	uint32_t wait;

	slide(m, mono_ms / 1000);
	if (rpm == 0 || m->minute < rpm) {
		m->slots[m->second % METER_SLOTS]++;
		m->minute++;
		return 0;
	}
	/* The limit may have been lowered: so many must leave, the oldest first. */
	left = m->minute;
	for (wait = 1; wait < METER_SLOTS; wait++) {
		left -= m->slots[(m->second + wait) % METER_SLOTS];
		if (left < rpm)
			break;
	}
	return wait;
}

static void
turn_day(struct meter *m, uint64_t wall_ms)
{
	uint64_t day = wall_ms / DAY_MS;

	/* A clock that is set back does not give the day anew. */
	if (day > m->day) {
		m->day = day;
		m->spent = 0;
	}
}

uint32_t
meter_day(struct meter *m, uint64_t tpd, uint64_t wall_ms)
{
	turn_day(m, wall_ms);
	if (tpd == 0 || m->spent < tpd)
		return 0;
	return (uint32_t)((DAY_MS - wall_ms % DAY_MS + 999) / 1000);
}

void
meter_spend(struct meter *m, uint64_t tokens, uint64_t wall_ms)
{
	turn_day(m, wall_ms);
	m->spent = m->spent + tokens < m->spent ? UINT64_MAX : m->spent + tokens;
}
