/* What calls show, and what follows for those to come. Who has no record is well. */
#include "config.h"

#include "core/keys/health.h"

#include "pacific.h"
#include "health_priv.h"

#define HEALTH_COOL_MIN_MS     1000  /* floor of a quota's cooldown, whatever Google's hint */
#define HEALTH_MINUTE_MS       20000 /* quota per minute without a hint, doubled */
#define HEALTH_MINUTE_MAX_MS   90000 /* its ceiling, also of the hint */
#define HEALTH_BARE_MS         2000  /* 429 without a word about the quota, doubled */
#define HEALTH_OTHER_MS        60000 /* quota of another span without a hint, doubled */
#define HEALTH_OTHER_MAX_MS    3600000
#define HEALTH_DEAD_MS         3600000 /* between checks of a key that is refused */
#define HEALTH_CALLERS_DEAD_MS 60000   /* the same for a caller's own */
#define HEALTH_SOURCE_MS       30000   /* faults of two requests within this are a model's own */
#define HEALTH_HOST_MAX_MS     300000
#define HEALTH_SUSPECTS        3 /* so many projects with a bare 429 */

/* ---- looking ---- */

/* NULL: nothing is known against it. */
static bool
health_passes(const struct record *r, enum health_scope scope, uint64_t now, struct health_bar *ret)
{
	uint64_t until;

	if (r == NULL || r->until == 0)
		return true;
	until = now < r->until || r->probe == 0 ? r->until : r->probe + HEALTH_PROBE_MS;
	if (now >= until)
		return true;
	*ret = (struct health_bar){ until, scope, r->verdict, r->quota };
	return false;
}

bool
health_open(const struct health *h, uint64_t model, uint64_t now, struct health_bar *ret)
{
	return health_passes(&h->host, HEALTH_HOST, now, ret) &&
	       (model == 0 || health_passes(record_find(&h->sides[SIDE_MODELS], model),
				  HEALTH_MODEL, now, ret));
}

bool
health_ready(const struct health *h, const struct subject *who, uint64_t model, uint64_t now,
    struct health_bar *ret)
{
	const struct side *s = &h->sides[who->side];

	if (s->newest == 0)
		return true;
	return health_passes(record_find(s, who->key), HEALTH_KEY, now, ret) &&
	       health_passes(
		   record_find(s, health_pair(who->project, model)), HEALTH_PROJECT, now, ret);
}

static void
go_first(struct record *r, uint64_t now)
{
	if (r != NULL && r->until != 0 && r->probe == 0)
		r->probe = now;
}

void
health_begin(struct health *h, const struct subject *who, uint64_t model, uint64_t now)
{
	const struct side *s = &h->sides[who->side];

	go_first(&h->host, now);
	go_first(record_find(&h->sides[SIDE_MODELS], model), now);
	if (s->newest == 0)
		return;
	go_first(record_find(s, who->key), now);
	go_first(record_find(s, health_pair(who->project, model)), now);
}

bool
health_region(const struct health *h)
{
	return h->region;
}

/* ---- learning ---- */

static uint64_t
health_doubled(uint64_t first, unsigned strikes, uint64_t most)
{
	while (--strikes > 0 && first < most)
		first *= 2;
	return first < most ? first : most;
}

/* At least ms, at most a tenth more. */
static uint64_t
health_jittered(uint64_t ms, uint64_t chance)
{
	return ms + chance % (ms / 10 + 1);
}

/* A new failure or one of the burst that is known; false for the latter. */
static bool
health_strike(struct health *h, struct record *r, const struct health_event *e)
{
	if (r->strikes > 0 && e->started <= r->since)
		return false;
	r->strikes++;
	r->since = e->now.mono;
	r->probe = 0;
	r->verdict = *e->verdict;
	r->quota = health_quota(h, e->quota);
	return true;
}

static uint64_t
hint_or(const struct health_event *e, uint64_t other, uint64_t most)
{
	uint64_t ms = e->hint_ms > 0 ? e->hint_ms : other;

	if (ms < HEALTH_COOL_MIN_MS)
		ms = HEALTH_COOL_MIN_MS;
	return health_jittered(ms < most ? ms : most, e->chance);
}

/* Did a day of Google's begin within the time that its reset may take? */
static bool
is_just_after_midnight(uint64_t wall)
{
	return wall > HEALTH_LATE_MS && pacific_next_midnight(wall - HEALTH_LATE_MS) <= wall;
}

/* The wait of a quota in milliseconds. again: a cooldown until midnight has just ended. */
static uint64_t
limit_wait(const struct health_event *e, unsigned strikes, bool again)
{
	uint64_t midnight = pacific_next_midnight(e->now.wall) - e->now.wall;

	switch (e->verdict->limit) {
	case VERDICT_LIMIT_KEEP:
		break;
	case VERDICT_LIMIT_BARE:
		return hint_or(e, health_doubled(HEALTH_BARE_MS, strikes, HEALTH_MINUTE_MAX_MS),
		    HEALTH_MINUTE_MAX_MS);
	case VERDICT_LIMIT_MINUTE:
		return hint_or(e, health_doubled(HEALTH_MINUTE_MS, strikes, HEALTH_MINUTE_MAX_MS),
		    HEALTH_MINUTE_MAX_MS);
	case VERDICT_LIMIT_OTHER:
		return hint_or(e, health_doubled(HEALTH_OTHER_MS, strikes, HEALTH_OTHER_MAX_MS),
		    HEALTH_OTHER_MAX_MS);
	case VERDICT_LIMIT_DAY:
		/* Midnight has passed and Google has not noticed: another day would be wasted. */
		if (again && is_just_after_midnight(e->now.wall))
			return health_jittered(HEALTH_LATE_CHECK_MS, e->chance);
		return midnight + e->chance % HEALTH_MIDNIGHT_SPREAD_MS;
	case VERDICT_LIMIT_CLOSED:
		return midnight + e->chance % HEALTH_MIDNIGHT_SPREAD_MS;
	}
	return 0;
}

/* True when others waited for the call that went first, which this was. */
static bool
health_limit(struct health *h, const struct side *s, struct record *r, const struct health_event *e)
{
	struct record before = *r;
	bool again = before.verdict.limit == VERDICT_LIMIT_DAY && before.until <= e->now.mono;
	uint64_t until;

	if (!health_strike(h, r, e)) {
		/* Of a burst the worst counts, and it counts once. */
		if (e->verdict->limit <= r->verdict.limit)
			return false;
		r->verdict = *e->verdict;
		r->quota = health_quota(h, e->quota);
	} else if (before.verdict.limit != e->verdict->limit) {
		r->strikes = 1;
	}
	if (before.until > e->now.mono && e->verdict->limit < before.verdict.limit) {
		r->verdict = before.verdict;
		r->quota = before.quota;
		return false;
	}
	until = e->now.mono + limit_wait(e, r->strikes, again);
	if (before.until <= e->now.mono || until > before.until)
		r->until = until;
	health_tell(h, s, r, &e->now);
	return before.probe != 0;
}

/* s: NULL for the host. */
static void
back_off(struct health *h, const struct side *s, struct record *r, const struct health_event *e,
    unsigned free_strikes, uint64_t first, uint64_t most)
{
	uint64_t wait;

	if (!health_strike(h, r, e))
		return;
	if (r->strikes > free_strikes) {
		wait = health_doubled(first, r->strikes - free_strikes, most);
		if (e->hint_ms > wait)
			wait = e->hint_ms < most ? e->hint_ms : most;
		r->until = e->now.mono + health_jittered(wait, e->chance);
	}
	health_tell(h, s, r, &e->now);
}

/* Do several projects hear the same? */
static bool
health_suspected(struct health *h, const struct health_event *e)
{
	size_t others = 0;

	for (size_t i = 0; i < HEALTH_SUSPECTS_KEPT; i++) {
		struct suspect *s = &h->suspects[i];

		if (s->project == e->who.project)
			s->project = 0;
		others += s->project != 0 && e->now.mono - s->at <= HEALTH_SUSPECT_MS;
	}
	h->suspects[h->next_suspect++ % HEALTH_SUSPECTS_KEPT] =
	    (struct suspect){ e->who.project, e->now.mono };
	return others + 1 >= HEALTH_SUSPECTS;
}

/* A success takes back what was held against the subject when its call began. True when others
 * waited for that. */
static bool
health_well(
    struct health *h, struct side *s, struct record *r, uint64_t started, const struct instant *now)
{
	bool barred = r != NULL && r->until != 0;

	if (r == NULL || r->strikes == 0 || (r->until > now->mono && started <= r->since))
		return false;
	health_tell_well(h, s, r->id, started < now->mono ? started : now->mono, now);
	record_clear(s, r);
	return barred;
}

static bool
end_for_host(struct health *h, const struct health_event *e)
{
	switch (e->verdict->host) {
	case VERDICT_HOST_KEEP:
		break;
	case VERDICT_HOST_WORKS:
		h->region = false;
		return health_well(h, NULL, &h->host, e->started, &e->now);
	case VERDICT_HOST_SUSPECT:
		if (e->hint_ms == 0 && health_suspected(h, e))
			back_off(h, NULL, &h->host, e, 0, HEALTH_HOST_MS, HEALTH_HOST_MAX_MS);
		break;
	case VERDICT_HOST_THROTTLED:
		back_off(h, NULL, &h->host, e, 0, HEALTH_HOST_MS, HEALTH_HOST_MAX_MS);
		break;
	case VERDICT_HOST_REGION:
		h->region = true;
		break;
	}
	return false;
}

/* Have other requests failed lately too? One that always fails may provoke it, and rests the model
 * for nobody else. */
static bool
is_common(struct record *r, const struct health_event *e)
{
	bool lately = r->source != 0 && e->now.mono - r->source_at <= HEALTH_SOURCE_MS;
	bool common = e->source == 0 || (lately && r->source != e->source);

	if (!lately || r->source == e->source) {
		r->source = e->source;
		r->source_at = e->now.mono;
	}
	return common;
}

static bool
end_for_model(struct health *h, const struct health_event *e)
{
	struct side *s = &h->sides[SIDE_MODELS];

	if (e->model == 0 || e->verdict->model == VERDICT_MODEL_KEEP)
		return false;
	if (e->verdict->model == VERDICT_MODEL_WORKS)
		return health_well(h, s, record_find(s, e->model), UINT64_MAX, &e->now);
	if (e->verdict->model == VERDICT_MODEL_FAULT && !is_common(record_obtain(s, e->model), e))
		return false;
	back_off(h, s, record_obtain(s, e->model), e, HEALTH_MODEL_FREE, HEALTH_MODEL_MS,
	    e->verdict->model == VERDICT_MODEL_SLOW ? HEALTH_SLOW_MAX_MS : HEALTH_FAULT_MAX_MS);
	return false;
}

static bool
end_for_key(struct health *h, const struct health_event *e)
{
	struct side *s = &h->sides[e->who.side];
	bool opened = false;
	uint64_t quota;

	/* Nobody is held anything against, and this call changes nothing. */
	if (s->newest == 0 && e->verdict->key != VERDICT_KEY_DEAD &&
	    e->verdict->limit == VERDICT_LIMIT_KEEP)
		return false;
	quota = health_pair(e->who.project, e->model);
	switch (e->verdict->key) {
	case VERDICT_KEY_KEEP:
		break;
	case VERDICT_KEY_DEAD:
		back_off(h, s, record_obtain(s, e->who.key), e, 0,
		    e->who.side == HEALTH_POOL ? HEALTH_DEAD_MS : HEALTH_CALLERS_DEAD_MS,
		    e->who.side == HEALTH_POOL ? HEALTH_DEAD_MS : HEALTH_CALLERS_DEAD_MS);
		break;
	case VERDICT_KEY_WORKS:
		opened = health_well(h, s, record_find(s, quota), e->started, &e->now);
		/* fall through */
	case VERDICT_KEY_ACCEPTED:
		opened |= health_well(h, s, record_find(s, e->who.key), e->started, &e->now);
		break;
	}
	if (e->verdict->limit == VERDICT_LIMIT_KEEP)
		return opened;
	opened |= health_limit(h, s, record_obtain(s, quota), e);
	/* A name that moves with the releases shares the quota of what it stands for. */
	if (e->quota_model != 0 && e->quota_model != e->model)
		opened |= health_limit(
		    h, s, record_obtain(s, health_pair(e->who.project, e->quota_model)), e);
	return opened;
}

bool
health_end(struct health *h, const struct health_event *e)
{
	bool host = end_for_host(h, e), model = end_for_model(h, e), key = end_for_key(h, e);

	return host || model || key;
}
