/*
 * The order of the keys for one model. A lane keeps those that are ready in a heap, the one to pick
 * next on top (fewest requests in flight for its weight, then least recently used), and the others
 * in a second one, the one that is free first on top. What a lane believes may be out of date in
 * one direction: a key that is ready for all it knows is asked for its health before it is picked;
 * key_order_wake tells it of the other.
 */
#include "config.h"

#include "key_order.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "core/keys/key_list.h"

/* ---- heaps ---- */

bool
lane_is_busier(const struct key *a, const struct key *b)
{
	return (uint64_t)a->in_flight * b->spec.weight > (uint64_t)b->in_flight * a->spec.weight;
}

bool
lane_goes_before(const struct key *a, const struct key *b)
{
	if (lane_is_busier(a, b) || lane_is_busier(b, a))
		return lane_is_busier(b, a);
	if (a->turn != b->turn)
		return a->turn < b->turn;
	return a->last_used < b->last_used;
}

static bool
is_above(
    const struct keypool *p, const struct lane *lane, enum lane_where which, uint32_t a, uint32_t b)
{
	if (which == LANE_READY)
		return lane_goes_before(&p->keys[a], &p->keys[b]);
	return lane->keys[a].until < lane->keys[b].until;
}

static void
heap_put(struct lane *lane, enum lane_where which, size_t place, uint32_t index)
{
	lane->heaps[which].at[place] = index;
	lane->keys[index].place = (uint32_t)place;
}

static void
heap_up(const struct keypool *p, struct lane *lane, enum lane_where which, uint32_t index)
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
heap_down(const struct keypool *p, struct lane *lane, enum lane_where which, uint32_t index)
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
heap_add(const struct keypool *p, struct lane *lane, enum lane_where which, uint32_t index)
{
	struct heap *heap = &lane->heaps[which];

	lane->keys[index].where = (uint8_t)which;
	heap_put(lane, which, heap->count++, index);
	heap_up(p, lane, which, index);
}

static void
heap_remove(const struct keypool *p, struct lane *lane, uint32_t index)
{
	enum lane_where which = (enum lane_where)lane->keys[index].where;
	struct heap *heap = &lane->heaps[which];
	size_t place = lane->keys[index].place;
	uint32_t last = heap->at[--heap->count];

	if (last == index)
		return;
	heap_put(lane, which, place, last);
	heap_up(p, lane, which, last);
	heap_down(p, lane, which, last);
}

/* ---- the order for each model ---- */

static void
lane_free(struct lane *lane)
{
	free(lane->keys);
	for (size_t i = 0; i < LANE_FOREIGN; i++)
		free(lane->heaps[i].at);
	free(lane);
}

void
key_order_release(struct keypool *p)
{
	while (p->lane_count > 0)
		lane_free(p->key_order[--p->lane_count]);
}

static struct lane *
lane_new(const struct keypool *p, const struct key_ask *ask)
{
	struct lane *lane = xcalloc(1, sizeof(*lane));

	lane->model = ask->model;
	lane->keys = xcalloc(p->count, sizeof(*lane->keys));
	for (size_t i = 0; i < LANE_FOREIGN; i++)
		lane->heaps[i].at = xcalloc(p->count, sizeof(uint32_t));
	for (uint32_t i = 0; i < p->count; i++) {
		if (key_serves(&p->keys[i].spec, ask->name))
			heap_add(p, lane, LANE_READY, i);
		else
			lane->keys[i].where = LANE_FOREIGN;
	}
	return lane;
}

struct lane *
lane_for(struct keypool *p, const struct key_ask *ask)
{
	size_t oldest = 0, at;

	for (at = 0; at < p->lane_count && p->key_order[at]->model != ask->model; at++)
		if (p->key_order[at]->used < p->key_order[oldest]->used)
			oldest = at;
	if (at == p->lane_count) {
		if (p->lane_count == KEY_ORDERS_MAX) {
			at = oldest;
			lane_free(p->key_order[at]);
		} else {
			p->lane_count++;
		}
		p->key_order[at] = lane_new(p, ask);
	}
	p->key_order[at]->used = ++p->tick;
	return p->key_order[at];
}

void
key_order_resort(struct keypool *p, uint32_t index, bool busier)
{
	for (size_t i = 0; i < p->lane_count; i++) {
		struct lane *lane = p->key_order[i];

		if (lane->keys[index].where != LANE_READY)
			continue;
		if (busier)
			heap_down(p, lane, LANE_READY, index);
		else
			heap_up(p, lane, LANE_READY, index);
	}
}

void
lane_wake_due(const struct keypool *p, struct lane *lane, uint64_t now)
{
	struct heap *asleep = &lane->heaps[LANE_ASLEEP];

	while (asleep->count > 0 && lane->keys[asleep->at[0]].until <= now) {
		uint32_t index = asleep->at[0];

		heap_remove(p, lane, index);
		heap_add(p, lane, LANE_READY, index);
	}
}

void
lane_sleep(const struct keypool *p, struct lane *lane, uint32_t index, const struct health_bar *bar)
{
	heap_remove(p, lane, index);
	lane->keys[index].until = bar->until;
	lane->keys[index].dead = bar->scope == HEALTH_KEY;
	heap_add(p, lane, LANE_ASLEEP, index);
}

void
key_order_wake(struct keypool *p, ptrdiff_t index, uint64_t now)
{
	for (size_t i = 0; i < p->lane_count; i++)
		for (uint32_t k = 0; k < p->count; k++) {
			struct lane_key *key = &p->key_order[i]->keys[k];

			if (key->where != LANE_ASLEEP || key->until <= now ||
			    (index >= 0 && k != (size_t)index &&
				p->keys[k].project != p->keys[index].project))
				continue;
			key->until = now;
			heap_up(p, p->key_order[i], LANE_ASLEEP, k);
		}
}
