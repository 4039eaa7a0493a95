/* meter.c: a minute that slides. */
#include "config.h"

#include "core/keys/meter.h"

#include "tap.h"

static void
test_minute(void)
{
	struct meter m = { 0 };
	uint64_t now = 1234567;

	for (int i = 0; i < 3; i++)
		is_int(meter_request(&m, 3, now + (uint64_t)i * 10000), 0, "within the limit");
	is_int(meter_request(&m, 3, now + 20001), 41, "the fourth, and when it may come again");
	is_int(meter_request(&m, 3, now + 30000), 31, "later it is sooner");
	is_int(meter_request(&m, 3, now + 59999), 1, "a minute is not over yet");
	is_int(meter_request(&m, 3, now + 60000 + 999), 0, "when the first has left");
	is_int(meter_request(&m, 3, now + 60000 + 999), 10, "one place, not three");
	is_int(meter_request(&m, 0, now + 61000), 0, "no limit");
	is_int(meter_request(&m, 10, now + 3600000), 0, "after an hour");
	is_int(m.minute, 1, "all have left");
}

/* However requests come, no 60 seconds have more than the limit, and what is promised is kept. */
static void
test_promise(void)
{
	enum { LIMIT = 7, STEPS = 3000 };
	static uint64_t let[STEPS];
	struct meter m = { 0 };
	uint64_t now = 999, random = 1;
	size_t count = 0;
	bool bounded = true, kept = true;

	for (int i = 0; i < STEPS; i++) {
		uint32_t wait = meter_request(&m, LIMIT, now);

		if (wait > 0) {
			now += wait * 1000;
			kept = kept && meter_request(&m, LIMIT, now) == 0;
		}
		let[count++] = now;
		if (count > LIMIT)
			bounded = bounded && let[count - 1] - let[count - 1 - LIMIT] > 60000 - 1;
		random = random * 6364136223846793005ULL + 1442695040888963407ULL;
		now += (random >> 33) % 9000;
	}
	ok(bounded, "never more than the limit within a minute");
	ok(kept, "what is let through after the wait that was told");
}

static void
test_lowered(void)
{
	struct meter m = { 0 };

	for (int i = 0; i < 10; i++)
		meter_request(&m, 10, 5000 + (uint64_t)i * 1000);
	is_int(meter_request(&m, 2, 14000), 60, "a limit that was lowered: most must leave");
	is_int(meter_request(&m, 2, 74000), 0, "then there is room");
}

int
main(void)
{
	test_minute();
	test_promise();
	test_lowered();
	return tap_done();
}
