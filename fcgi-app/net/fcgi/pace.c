/* The least speed of request bodies. */
#include "config.h"

#include "net/fcgi/pace.h"

void
pace_begin(struct pace *p, uint64_t now_ms)
{
	*p = (struct pace){ .began_ms = now_ms, .heard_ms = now_ms };
}

void
pace_hear(struct pace *p, size_t bytes, uint64_t now_ms)
{
	p->heard_ms = now_ms;
	p->bytes += bytes;
}

uint64_t
pace_credit_ms(const struct pace *p)
{
	return p->began_ms + p->bytes * 1000 / BODY_RATE_MIN;
}

static uint64_t
pace_sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t
pace_due_ms(const struct pace *p)
{
	uint64_t due =
	    pace_sooner(pace_credit_ms(p) + BODY_GRACE_MS, p->heard_ms + BODY_SILENCE_MS);

	return pace_sooner(due, p->began_ms + BODY_TIME_MAX_MS);
}
