/* Is the engine there? Whoever asks it something takes its turn; while it is away nobody waits. */
#include "config.h"

#include "state_store.h"

#include "base/clock.h"
#include "base/log.h"

/* The lock is held. Returns whether the log should tell. */
static bool
turn_note_side(struct state *s, struct state_side *side, bool good)
{
	bool away, changed;

	if (good) {
		*side = (struct state_side){ 0 };
	} else {
		side->pause = side->away ? 2 * side->pause : STATE_RETRY_MIN_MS;
		if (side->pause > STATE_RETRY_MAX_MS)
			side->pause = STATE_RETRY_MAX_MS;
		side->away = true;
		side->retry_at = clock_mono_ms() + side->pause;
		pthread_cond_signal(&s->wake);
	}
	away = s->reads.away || s->writes.away;
	changed = away != s->away;
	s->away = away;
	return changed;
}

void
state_note(struct state *s, struct state_side *side, bool good, const char *reason)
{
	bool changed;

	pthread_mutex_lock(&s->lock);
	changed = turn_note_side(s, side, good);
	pthread_mutex_unlock(&s->lock);
	if (!changed)
		return;
	if (good)
		log_event(LOG_WARN, "state_back", LOG_S("engine", s->engine->name));
	else
		log_event(LOG_WARN, "state_away", LOG_S("engine", s->engine->name),
		    LOG_S("failed", side == &s->reads ? "read" : "write"), LOG_S("reason", reason));
}

bool
state_turn_begin(struct state *s)
{
	bool away;

	pthread_mutex_lock(&s->read_lock);
	pthread_mutex_lock(&s->lock);
	away = s->reads.away;
	pthread_mutex_unlock(&s->lock);
	if (away)
		pthread_mutex_unlock(&s->read_lock);
	return !away;
}

void
state_turn_end(struct state *s, bool good, const char *reason)
{
	/* Before the next in line has its turn. */
	state_note(s, &s->reads, good, reason);
	pthread_mutex_unlock(&s->read_lock);
}
