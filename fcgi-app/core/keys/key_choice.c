/*
 * The choice of a key: of those that will do, the one whose turn it is in the lane of the model;
 * another order where a caller's things shall come to rest in one project, and the key that served
 * the same beginning last where nothing speaks against it.
 */
#include "config.h"

#include <assert.h>
#include <string.h>

#include "key_order.h"

#define TURN (1U << 20) /* what a use costs a key of weight 1 */

/* ---- health ---- */

void
keypool_attach(struct keypool *p, struct health *health, enum health_side side, unsigned cap)
{
	p->health = health;
	p->side = side;
	p->cap = cap;
	for (size_t i = 0; i < p->count; i++) {
		struct key *key = &p->keys[i];
		struct slice project = slice_str(key->spec.project);

		key->id = health_id(slice_str(key->spec.secret));
		if (slice_starts(project, SLICE("projects/")))
			project = slice_skip(project, 9);
		key->project = project.len > 0 ? health_id(project) : key->id;
		key->place = key->project;
		key->number = health_project(health, side, key->id);
	}
	p->news = health_news(health, side);
	keypool_regroup(p);
}

/* What other processes have told may be good news of any key. */
static void
catch_up(struct keypool *p, uint64_t now)
{
	uint64_t news = health_news(p->health, p->side);

	if (p->news == news)
		return;
	p->news = news;
	for (size_t i = 0; i < p->count; i++)
		if (p->keys[i].number == 0)
			p->keys[i].number = health_project(p->health, p->side, p->keys[i].id);
	keypool_regroup(p);
	key_order_wake(p, -1, now);
}

struct subject
keypool_subject(const struct keypool *p, size_t index)
{
	return (struct subject){ p->side, p->keys[index].id, p->keys[index].project };
}

/* ---- picking ---- */

static bool
is_tried(const uint8_t *tried, size_t index)
{
	return tried != NULL && (tried[index / 8] >> (index % 8) & 1) != 0;
}

static bool
is_busy(const struct keypool *p, size_t index)
{
	return p->cap > 0 && p->keys[index].in_flight >= p->cap;
}

/* Is it among those that were asked for? */
static bool
choice_is_meant(const struct keypool *p, const struct key_ask *ask, size_t index)
{
	return (ask->only < 0 || (size_t)ask->only == index) &&
	       (ask->home == 0 || p->keys[index].project == ask->home);
}

/* May this one be picked, for all that the lane knows? */
static bool
will_do(const struct keypool *p, const struct lane *lane, const struct key_ask *ask, size_t index)
{
	return lane->keys[index].where == LANE_READY && !is_tried(ask->tried, index) &&
	       !is_busy(p, index) && choice_is_meant(p, ask, index);
}

/* The best key at or below place that will do and goes before best (-1: none yet). Looks only below
 * keys that will not do, so it costs as much as there are of these. */
static ptrdiff_t
heap_best(const struct keypool *p, const struct lane *lane, const struct key_ask *ask, size_t place,
    ptrdiff_t best)
{
	const struct heap *ready = &lane->heaps[LANE_READY];
	uint32_t index;

	if (place >= ready->count)
		return best;
	index = ready->at[place];
	if (best >= 0 && !lane_goes_before(&p->keys[index], &p->keys[best]))
		return best;
	if (will_do(p, lane, ask, index))
		return index;
	best = heap_best(p, lane, ask, 2 * place + 1, best);
	return heap_best(p, lane, ask, 2 * place + 2, best);
}

static ptrdiff_t
next_from(const struct keypool *p, const struct lane *lane, const struct key_ask *ask, size_t start)
{
	for (size_t i = 0; i < p->count; i++) {
		size_t index = (start + i) % p->count;

		if (will_do(p, lane, ask, index))
			return (ptrdiff_t)index;
	}
	return -1;
}

/* Spreads its bits over all others. */
static uint64_t
choice_mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

/* The key that comes first in the order of the seed, of all for this model or of those that will do
 * now; -1: there is none. */
static ptrdiff_t
first_by_seed(const struct keypool *p, const struct lane *lane, const struct key_ask *ask, bool now)
{
	ptrdiff_t first = -1;
	uint64_t most = 0;

	for (size_t i = 0; i < p->count; i++) {
		uint64_t score = choice_mix(ask->seed ^ choice_mix(p->keys[i].place));

		if ((first >= 0 && score <= most) || lane->keys[i].where == LANE_FOREIGN ||
		    (now && !will_do(p, lane, ask, i)))
			continue;
		first = (ptrdiff_t)i;
		most = score;
	}
	return first;
}

/* Each seed has an order of the keys of its own, in which a project stands where the first of its
 * keys does: so what one project cannot take goes from each seed to another one, and comes back. */
static ptrdiff_t
choice_seeded(const struct keypool *p, const struct lane *lane, const struct key_ask *ask)
{
	for (unsigned now = 0; now < 2; now++) {
		ptrdiff_t lead = first_by_seed(p, lane, ask, now > 0), best = -1;

		for (size_t i = 0; lead >= 0 && i < p->count; i++)
			if (p->keys[i].project == p->keys[lead].project &&
			    will_do(p, lane, ask, i) &&
			    (best < 0 || lane_goes_before(&p->keys[i], &p->keys[best])))
				best = (ptrdiff_t)i;
		if (best >= 0)
			return best;
	}
	return -1;
}

static ptrdiff_t
choice_candidate(const struct keypool *p, const struct lane *lane, const struct key_ask *ask)
{
	if (ask->only >= 0)
		return will_do(p, lane, ask, (size_t)ask->only) ? ask->only : -1;
	if (ask->seed != 0)
		return choice_seeded(p, lane, ask);
	switch (p->balance) {
	case BALANCE_ROUND_ROBIN:
		return next_from(p, lane, ask, p->next);
	case BALANCE_RANDOM:
		return next_from(p, lane, ask, ask->chance % p->count);
	case BALANCE_LEAST:
		break;
	}
	return heap_best(p, lane, ask, 0, -1);
}

static void
choice_take(struct keypool *p, uint32_t index)
{
	struct key *key = &p->keys[index];

	key->in_flight++;
	key->picks++;
	key->last_used = ++p->tick;
	/* A key that rested does not get what it missed. */
	if (key->turn < p->clock)
		key->turn = p->clock;
	p->clock = key->turn;
	key->turn += TURN / key->spec.weight;
	p->next = (index + 1) % p->count;
	key_order_resort(p, index, true);
}

/* Is it ready, for all that is known now? A key that was tried or is busy was not asked before. */
static bool
is_ready(struct keypool *p, struct lane *lane, const struct key_ask *ask, uint32_t index)
{
	struct subject who = keypool_subject(p, index);
	struct health_bar bar;

	if (lane->keys[index].where != LANE_READY)
		return false;
	if (health_ready(p->health, &who, ask->model, ask->now, &bar))
		return true;
	lane_sleep(p, lane, index, &bar);
	return false;
}

/* Instead of the best key the one that served the same beginning last, if it is as good but for
 * whose turn it is. */
static ptrdiff_t
choice_familiar(struct keypool *p, struct lane *lane, const struct key_ask *ask, ptrdiff_t best)
{
	ptrdiff_t index;

	if (ask->prefix == NULL || ask->prefix->count == 0 || p->balance != BALANCE_LEAST)
		return best;
	if (p->prefixes == NULL)
		p->prefixes = prefix_map_new();
	index = prefix_map_find(p->prefixes, ask->prefix);
	if (index < 0 || !will_do(p, lane, ask, (size_t)index) ||
	    lane_is_busier(&p->keys[index], &p->keys[best]) ||
	    !is_ready(p, lane, ask, (uint32_t)index))
		index = best;
	prefix_map_note(p->prefixes, ask->prefix, (size_t)index);
	return index;
}

/* Nothing could be picked: why? */
static enum key_lack
lack_of(struct keypool *p, struct lane *lane, const struct key_ask *ask, struct health_bar *ret_bar)
{
	bool tried = false, busy = false;
	ptrdiff_t soonest = -1;
	struct subject who;

	for (uint32_t i = 0; i < p->count; i++) {
		const struct lane_key *key = &lane->keys[i];
		bool ready;

		if (key->where == LANE_FOREIGN || !choice_is_meant(p, ask, i))
			continue;
		ready = is_ready(p, lane, ask, i);
		if (ready && is_tried(ask->tried, i))
			tried = true;
		else if (ready)
			busy = true;
		else if (soonest < 0 || key->dead < lane->keys[soonest].dead ||
			 (key->dead == lane->keys[soonest].dead &&
			     key->until < lane->keys[soonest].until))
			soonest = (ptrdiff_t)i;
	}
	if (busy || tried)
		return busy ? KEY_LACK_BUSY : KEY_LACK_TRIED;
	if (soonest < 0)
		return KEY_LACK_NONE;
	who = keypool_subject(p, (size_t)soonest);
	/* It may have become ready since it went to sleep. */
	if (health_ready(p->health, &who, ask->model, ask->now, ret_bar))
		ret_bar->until = ask->now;
	return KEY_LACK_BARRED;
}

ptrdiff_t
keypool_pick(struct keypool *p, const struct key_ask *ask, enum key_lack *ret_lack,
    struct health_bar *ret_bar)
{
	struct lane *lane;
	ptrdiff_t index;

	*ret_bar = (struct health_bar){ .quota = "" };
	*ret_lack = KEY_LACK_BARRED;
	if (!health_open(p->health, ask->model, ask->now, ret_bar))
		return -1;
	*ret_lack = KEY_LACK_NONE;
	if (p->count == 0)
		return -1;
	catch_up(p, ask->now);
	lane = lane_for(p, ask);
	lane_wake_due(p, lane, ask->now);
	while ((index = choice_candidate(p, lane, ask)) >= 0) {
		struct subject who = keypool_subject(p, (size_t)index);

		if (health_ready(p->health, &who, ask->model, ask->now, ret_bar)) {
			if (ask->look)
				return index;
			index = choice_familiar(p, lane, ask, index);
			who = keypool_subject(p, (size_t)index);
			health_begin(p->health, &who, ask->model, ask->now);
			choice_take(p, (uint32_t)index);
			return index;
		}
		lane_sleep(p, lane, (uint32_t)index, ret_bar);
	}
	*ret_lack = lack_of(p, lane, ask, ret_bar);
	return -1;
}

void
keypool_report(struct keypool *p, size_t index, bool ok)
{
	struct key *key = &p->keys[index];

	assert(key->in_flight > 0);
	key->in_flight--;
	key->failures += !ok;
	key_order_resort(p, (uint32_t)index, false);
}

/* ---- looking ---- */

void
keypool_wake(struct keypool *p, size_t index, uint64_t now)
{
	key_order_wake(p, (ptrdiff_t)index, now);
}

void
keypool_explain(struct keypool *p, const struct key_ask *ask, struct key_notes *ret)
{
	struct lane *lane;

	*ret = (struct key_notes){ 0 };
	if (p->count == 0)
		return;
	catch_up(p, ask->now);
	lane = lane_for(p, ask);
	lane_wake_due(p, lane, ask->now);
	for (uint32_t i = 0; i < p->count; i++)
		is_ready(p, lane, ask, i);
	ret->ready = lane->heaps[LANE_READY].count;
	ret->keys = ret->ready + lane->heaps[LANE_ASLEEP].count;
	/* The heap's first places: the very first is free first, the others are among the next. */
	for (size_t i = 0; i < lane->heaps[LANE_ASLEEP].count && i < KEY_NOTES_MAX; i++) {
		struct key_note *note = &ret->first[ret->count];
		struct subject who;

		note->index = lane->heaps[LANE_ASLEEP].at[i];
		who = keypool_subject(p, note->index);
		if (!health_ready(p->health, &who, ask->model, ask->now, &note->bar))
			ret->count++;
	}
}
