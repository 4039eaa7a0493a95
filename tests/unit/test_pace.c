/* pace.c: who is too slow, and who is the slowest. */
#include "config.h"

#include "net/fcgi/pace.h"

#include "base/limits.h"
#include "tap.h"

#define NOW 1000000

static void
test_silence(void)
{
	struct pace p;

	pace_begin(&p, NOW);
	is_int(pace_due_ms(&p), NOW + BODY_GRACE_MS, "nothing comes: the grace");
	pace_hear(&p, 10 * MIB, NOW + 1000);
	is_int(pace_due_ms(&p), NOW + 1000 + BODY_SILENCE_MS, "much, then silence");
	pace_hear(&p, 0, NOW + 5000);
	is_int(pace_due_ms(&p), NOW + 5000 + BODY_SILENCE_MS, "the silence begins anew");
}

/* Comes with that many bytes each second; how long it is let, in seconds, up to `most`. */
static unsigned
seconds_at(size_t rate, unsigned most)
{
	struct pace p;

	pace_begin(&p, NOW);
	for (unsigned s = 1; s <= most; s++) {
		if (pace_due_ms(&p) <= NOW + s * 1000ULL)
			return s;
		pace_hear(&p, rate, NOW + s * 1000ULL);
	}
	return most;
}

static void
test_rate(void)
{
	const unsigned hour = BODY_TIME_MAX_MS / 1000;

	is_int(seconds_at(0, 100), BODY_GRACE_MS / 1000, "silent");
	ok(seconds_at(1, 100) <= BODY_GRACE_MS / 1000 + 1, "a byte a second");
	ok(seconds_at(BODY_RATE_MIN / 2, 1000) <= 2 * BODY_GRACE_MS / 1000 + 2,
	    "half of the least rate");
	is_int(seconds_at(BODY_RATE_MIN, 1000), 1000, "the least rate");
	is_int(seconds_at(50000, 400), 400, "20 MB from a phone at 50 KB/s");
	is_int(seconds_at(50000, hour + 100), hour, "no upload lasts longer than the ceiling");
}

static void
test_credit(void)
{
	struct pace silent, early, late;

	pace_begin(&silent, NOW);
	pace_begin(&early, NOW);
	pace_begin(&late, NOW + 5000);
	ok(pace_credit_ms(&silent) < pace_credit_ms(&late), "of two silent ones the older");
	pace_hear(&early, 100 * KIB, NOW + 6000);
	ok(pace_credit_ms(&late) < pace_credit_ms(&early), "a silent one before one that moves");
	pace_hear(&late, 200 * KIB, NOW + 7000);
	ok(pace_credit_ms(&early) < pace_credit_ms(&late), "the slower of two that move");
}

int
main(void)
{
	test_silence();
	test_rate();
	test_credit();
	return tap_done();
}
