/*
 * The choice of a key. A lane for each model keeps the keys that are ready for it in a heap, the
 * one to pick next on top (fewest requests in flight for its weight, then least recently used), and
 * the others in a second one, the one that is free first on top. What a lane believes may be out of
 * date in one direction: a key that is ready for all it knows is asked for its health before it is
 * picked; keypool_wake tells it of the other.
 */
#include "config.h"

#include "keychoice.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/key_list.h"

#define TURN (1U << 20) /* what a use costs a key of weight 1 */

enum where { READY, ASLEEP, FOREIGN };

struct lane_key {
	uint64_t until; /* while asleep */
	uint32_t place; /* in its heap */
	uint8_t where;
	bool dead; /* asleep, because the key itself is refused */
};

struct heap {
	uint32_t *at; /* indices of keys */
	size_t count;
};

struct lane {
	uint64_t model, used;
	struct lane_key *keys;
	struct heap heaps[FOREIGN]; /* by enum where */
};

/* ---- heaps ---- */

static bool
goes_before(const struct key *a, const struct key *b)
{
	uint64_t left = (uint64_t)a->in_flight * b->spec.weight;
	uint64_t right = (uint64_t)b->in_flight * a->spec.weight;

	if (left != right)
		return left < right;
	if (a->turn != b->turn)
		return a->turn < b->turn;
	return a->last_used < b->last_used;
}

static bool
is_above(const struct keypool *p, const struct lane *lane, enum where which, uint32_t a, uint32_t b)
{
	if (which == READY)
		return goes_before(&p->keys[a], &p->keys[b]);
	return lane->keys[a].until < lane->keys[b].until;
}

static void
heap_put(struct lane *lane, enum where which, size_t place, uint32_t index)
{
	lane->heaps[which].at[place] = index;
	lane->keys[index].place = (uint32_t)place;
}

static void
heap_up(const struct keypool *p, struct lane *lane, enum where which, uint32_t index)
{
	size_t place = lane->keys[index].place;

	while (place > 0) {
		uint32_t parent = lane->heaps[which].at[(place - 1) / 2];

		if (!is_above(p, lane, which, index, parent))
			break;
		heap_put(lane, which, place, parent);
		place = (place - 1) / 2;
	}
	heap_put(lane, which, place, index);
}

static void
heap_down(const struct keypool *p, struct lane *lane, enum where which, uint32_t index)
{
	struct heap *heap = &lane->heaps[which];
	size_t place = lane->keys[index].place, child;

	while ((child = 2 * place + 1) < heap->count) {
		if (child + 1 < heap->count &&
		    is_above(p, lane, which, heap->at[child + 1], heap->at[child]))
			child++;
		if (!is_above(p, lane, which, heap->at[child], index))
			break;
		heap_put(lane, which, place, heap->at[child]);
		place = child;
	}
	heap_put(lane, which, place, index);
}

static void
heap_add(const struct keypool *p, struct lane *lane, enum where which, uint32_t index)
{
	struct heap *heap = &lane->heaps[which];

	lane->keys[index].where = (uint8_t)which;
	heap_put(lane, which, heap->count++, index);
	heap_up(p, lane, which, index);
}

static void
heap_remove(const struct keypool *p, struct lane *lane, uint32_t index)
{
	enum where which = (enum where)lane->keys[index].where;
	struct heap *heap = &lane->heaps[which];
	size_t place = lane->keys[index].place;
	uint32_t last = heap->at[--heap->count];

	if (last == index)
		return;
	heap_put(lane, which, place, last);
	heap_up(p, lane, which, last);
	heap_down(p, lane, which, last);
}

/* ---- lanes ---- */

static void
lane_free(struct lane *lane)
{
	free(lane->keys);
	for (size_t i = 0; i < FOREIGN; i++)
		free(lane->heaps[i].at);
	free(lane);
}

void
lanes_release(struct keypool *p)
{
	while (p->lane_count > 0)
		lane_free(p->lanes[--p->lane_count]);
}

static struct lane *
lane_new(const struct keypool *p, const struct key_ask *ask)
{
	struct lane *lane = xcalloc(1, sizeof(*lane));

	lane->model = ask->model;
	lane->keys = xcalloc(p->count, sizeof(*lane->keys));
	for (size_t i = 0; i < FOREIGN; i++)
		lane->heaps[i].at = xcalloc(p->count, sizeof(uint32_t));
	for (uint32_t i = 0; i < p->count; i++) {
		if (key_serves(&p->keys[i].spec, ask->name))
			heap_add(p, lane, READY, i);
		else
			lane->keys[i].where = FOREIGN;
	}
	return lane;
}

static struct lane *
lane_for(struct keypool *p, const struct key_ask *ask)
{
	size_t oldest = 0, at;

	for (at = 0; at < p->lane_count && p->lanes[at]->model != ask->model; at++)
		if (p->lanes[at]->used < p->lanes[oldest]->used)
			oldest = at;
	if (at == p->lane_count) {
		if (p->lane_count == LANES_MAX) {
			at = oldest;
			lane_free(p->lanes[at]);
		} else {
			p->lane_count++;
		}
		p->lanes[at] = lane_new(p, ask);
	}
	p->lanes[at]->used = ++p->tick;
	return p->lanes[at];
}

/* The key's place in every lane where it is ready, after it became busier or less busy. */
static void
resort(struct keypool *p, uint32_t index, bool busier)
{
	for (size_t i = 0; i < p->lane_count; i++) {
		struct lane *lane = p->lanes[i];

		if (lane->keys[index].where != READY)
			continue;
		if (busier)
			heap_down(p, lane, READY, index);
		else
			heap_up(p, lane, READY, index);
	}
}

static void
wake_due(const struct keypool *p, struct lane *lane, uint64_t now)
{
	struct heap *asleep = &lane->heaps[ASLEEP];

	while (asleep->count > 0 && lane->keys[asleep->at[0]].until <= now) {
		uint32_t index = asleep->at[0];

		heap_remove(p, lane, index);
		heap_add(p, lane, READY, index);
	}
}

static void
put_to_sleep(
    const struct keypool *p, struct lane *lane, uint32_t index, const struct health_bar *bar)
{
	heap_remove(p, lane, index);
	lane->keys[index].until = bar->until;
	lane->keys[index].dead = bar->scope == HEALTH_KEY;
	heap_add(p, lane, ASLEEP, index);
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

/* May this one be picked, for all that the lane knows? */
static bool
will_do(const struct keypool *p, const struct lane *lane, const struct key_ask *ask, size_t index)
{
	return lane->keys[index].where == READY && !is_tried(ask->tried, index) &&
	       !is_busy(p, index) && (ask->only < 0 || (size_t)ask->only == index);
}

/* The best key at or below place that will do and goes before best (-1: none yet). Looks only below
 * keys that will not do, so it costs as much as there are of these. */
static ptrdiff_t
heap_best(const struct keypool *p, const struct lane *lane, const struct key_ask *ask, size_t place,
    ptrdiff_t best)
{
	const struct heap *ready = &lane->heaps[READY];
	uint32_t index;

	if (place >= ready->count)
		return best;
	index = ready->at[place];
	if (best >= 0 && !goes_before(&p->keys[index], &p->keys[best]))
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

static ptrdiff_t
candidate(const struct keypool *p, const struct lane *lane, const struct key_ask *ask)
{
	if (ask->only >= 0)
		return will_do(p, lane, ask, (size_t)ask->only) ? ask->only : -1;
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
take(struct keypool *p, uint32_t index)
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
	resort(p, index, true);
}

/* Is it ready, for all that is known now? A key that was tried or is busy was not asked before. */
static bool
is_ready(struct keypool *p, struct lane *lane, const struct key_ask *ask, uint32_t index)
{
	struct subject who = keypool_subject(p, index);
	struct health_bar bar;

	if (lane->keys[index].where != READY)
		return false;
	if (health_ready(p->health, &who, ask->model, ask->now, &bar))
		return true;
	put_to_sleep(p, lane, index, &bar);
	return false;
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

		if (key->where == FOREIGN || (ask->only >= 0 && (size_t)ask->only != i))
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
	lane = lane_for(p, ask);
	wake_due(p, lane, ask->now);
	while ((index = candidate(p, lane, ask)) >= 0) {
		struct subject who = keypool_subject(p, (size_t)index);

		if (health_ready(p->health, &who, ask->model, ask->now, ret_bar)) {
			if (ask->look)
				return index;
			health_begin(p->health, &who, ask->model, ask->now);
			take(p, (uint32_t)index);
			return index;
		}
		put_to_sleep(p, lane, (uint32_t)index, ret_bar);
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
	resort(p, (uint32_t)index, false);
}

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

		key->id = health_id(health, slice_str(key->spec.secret));
		if (slice_starts(project, SLICE("projects/")))
			project = (struct slice){ project.ptr + 9, project.len - 9 };
		key->project = project.len > 0 ? health_id(health, project) : key->id;
	}
}

struct subject
keypool_subject(const struct keypool *p, size_t index)
{
	return (struct subject){ p->side, p->keys[index].id, p->keys[index].project };
}

void
keypool_wake(struct keypool *p, size_t index, uint64_t now)
{
	for (size_t i = 0; i < p->lane_count; i++)
		for (uint32_t k = 0; k < p->count; k++) {
			struct lane_key *key = &p->lanes[i]->keys[k];

			if (key->where != ASLEEP || key->until <= now ||
			    (k != index && p->keys[k].project != p->keys[index].project))
				continue;
			key->until = now;
			heap_up(p, p->lanes[i], ASLEEP, k);
		}
}

void
keypool_explain(struct keypool *p, const struct key_ask *ask, struct key_notes *ret)
{
	struct lane *lane;

	*ret = (struct key_notes){ 0 };
	if (p->count == 0)
		return;
	lane = lane_for(p, ask);
	ret->ready = lane->heaps[READY].count;
	ret->keys = ret->ready + lane->heaps[ASLEEP].count;
	/* The heap's first places: the very first is free first, the others are among the next. */
	for (size_t i = 0; i < lane->heaps[ASLEEP].count && i < KEY_NOTES_MAX; i++) {
		struct key_note *note = &ret->first[ret->count];
		struct subject who;

		note->index = lane->heaps[ASLEEP].at[i];
		who = keypool_subject(p, note->index);
		if (!health_ready(p->health, &who, ask->model, ask->now, &note->bar))
			ret->count++;
	}
}
