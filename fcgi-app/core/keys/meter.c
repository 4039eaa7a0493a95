/* Requests of an access token within a minute that slides. */
#include "config.h"

#include "core/keys/meter.h"

#include <string.h>

/* Forgets the seconds that have left the minute. */
static void
meter_slide(struct meter *m, uint64_t second)
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

	meter_slide(m, mono_ms / 1000);
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
