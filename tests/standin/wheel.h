/*
 * A timer wheel of one-millisecond slots on one libuv timer: putting in and taking out cost nothing
 * worth counting, whatever the number of timers.
 */
#ifndef STANDIN_WHEEL_H
#define STANDIN_WHEEL_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#define WHEEL_SLOTS 4096

/* Embedded in what waits. A tick that is not armed is all zero but for fn. */
struct tick {
	struct tick *next;
	struct tick **link; /* what points at this tick; NULL when it is not armed */
	uint64_t due;       /* loop milliseconds */
	void (*fn)(struct tick *tick);
};

struct wheel {
	uv_timer_t timer;
	uint64_t turned; /* every tick due up to here has run */
	uint64_t armed;  /* when the timer fires, 0 when it sleeps */
	size_t count;
	struct tick *slots[WHEEL_SLOTS];
};

void wheel_init(struct wheel *w, uv_loop_t *loop);
void wheel_close(struct wheel *w);
/* Milliseconds of the loop's clock, as of this turn of the loop. */
uint64_t wheel_now(const struct wheel *w);
/* Runs tick->fn once at `due` or soon after; a tick already armed is moved. */
void wheel_at(struct wheel *w, struct tick *tick, uint64_t due);
void wheel_cancel(struct wheel *w, struct tick *tick);

#endif
