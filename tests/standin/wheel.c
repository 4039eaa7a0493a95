/* The timer wheel: hashed slots, ticks of later rounds stay where they are. */
#include "config.h"

#include "wheel.h"

#include <stddef.h>

static void wheel_fire(uv_timer_t *timer);

static void
unlink_tick(struct tick *tick)
{
	*tick->link = tick->next;
	if (tick->next != NULL)
		tick->next->link = tick->link;
	tick->next = NULL;
	tick->link = NULL;
}

static void
link_tick(struct tick **head, struct tick *tick)
{
	tick->next = *head;
	if (tick->next != NULL)
		tick->next->link = &tick->next;
	tick->link = head;
	*head = tick;
}

static void
wheel_arm(struct wheel *w, uint64_t due)
{
	uint64_t now = wheel_now(w);

	w->armed = due;
	uv_timer_start(&w->timer, wheel_fire, due > now ? due - now : 0, 0);
}

/* The next slot that holds anything is close enough: a tick of a later round only costs a look. */
static void
wheel_rearm(struct wheel *w)
{
	w->armed = 0;
	if (w->count == 0)
		return;
	for (uint64_t ms = w->turned + 1; ms <= w->turned + WHEEL_SLOTS; ms++) {
		if (w->slots[ms % WHEEL_SLOTS] != NULL) {
			wheel_arm(w, ms);
			return;
		}
	}
}

static void
wheel_turn_slot(struct wheel *w, uint64_t ms)
{
	struct tick *batch = w->slots[ms % WHEEL_SLOTS];
	struct tick *later = NULL;

	/* The callbacks may arm and cancel anything, so the slot is emptied into a local list. */
	w->slots[ms % WHEEL_SLOTS] = NULL;
	if (batch != NULL)
		batch->link = &batch;
	while (batch != NULL) {
		struct tick *tick = batch;

		unlink_tick(tick);
		if (tick->due > ms) {
			link_tick(&later, tick);
			continue;
		}
		w->count--;
		tick->fn(tick);
	}
	while (later != NULL) {
		struct tick *tick = later;

		unlink_tick(tick);
		link_tick(&w->slots[ms % WHEEL_SLOTS], tick);
	}
}

static void
wheel_fire(uv_timer_t *timer)
{
	struct wheel *w = timer->data;
	uint64_t now = wheel_now(w);

	/* After a long pause one full turn visits every slot. */
	if (now - w->turned > WHEEL_SLOTS)
		w->turned = now - WHEEL_SLOTS;
	while (w->turned < now) {
		w->turned++;
		wheel_turn_slot(w, w->turned);
	}
	wheel_rearm(w);
}

void
wheel_init(struct wheel *w, uv_loop_t *loop)
{
	*w = (struct wheel){ .turned = uv_now(loop) };
	uv_timer_init(loop, &w->timer);
	w->timer.data = w;
}

void
wheel_close(struct wheel *w)
{
	uv_close((uv_handle_t *)&w->timer, NULL);
}

uint64_t
wheel_now(const struct wheel *w)
{
	return uv_now(w->timer.loop);
}

void
wheel_at(struct wheel *w, struct tick *tick, uint64_t due)
{
	if (tick->link != NULL)
		wheel_cancel(w, tick);
	/* An empty wheel has not been turned while it slept. */
	if (w->count == 0 && w->armed == 0 && w->turned < wheel_now(w))
		w->turned = wheel_now(w);
	if (due <= w->turned)
		due = w->turned + 1;
	tick->due = due;
	link_tick(&w->slots[due % WHEEL_SLOTS], tick);
	w->count++;
	if (w->armed == 0 || due < w->armed)
		wheel_arm(w, due);
}

void
wheel_cancel(struct wheel *w, struct tick *tick)
{
	if (tick->link == NULL)
		return;
	unlink_tick(tick);
	w->count--;
}
