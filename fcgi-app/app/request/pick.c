/*
 * The step that chooses a key for the next attempt, and waits for one as long as that can help and
 * patience lasts; else the client is told when to come back.
 */
#include "config.h"

#include "app/request/request.h"
#include "app/request/access.h"
#include "choose.h"
#include "app/request/key_wait.h"
#include "app/request/steps.h"
#include "app/request/upstream_request.h"
#include "timer.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/xalloc.h"

#define UNKNOWN_WAIT_MS 100 /* between looks at a busy key, for requests that need that one */

/* Google caches prefixes of what it generates from, and nothing else. */
static void
pick_prefix(struct request *r)
{
	struct buf *scratch = &request_local(r)->out;
	struct slice head = r->target.body;
	ssize_t got;

	r->keys.prefix.count = 0;
	if (!r->gw->conf->cache_affinity || keyring_count(r->keys.ring) < 2 ||
	    r->target.body_len < PREFIX_MIN || !target_generates(r))
		return;
	if (r->target.body_fd >= 0) {
		buf_reset(scratch);
		got = pread(r->target.body_fd, buf_room(scratch, PREFIX_MAX), PREFIX_MAX, 0);
		head = (struct slice){ scratch->data, got > 0 ? (size_t)got : 0 };
	}
	r->keys.prefix = prefix_of(head, r->asked.model_id);
}

static void
pick_explain(struct request *r, const struct health_bar *bar)
{
	char whose[OBJECT_NAME_MAX + 64];
	unsigned seconds = choose_seconds(bar->until);

	snprintf(whose, sizeof(whose), "%s",
	    r->keys.caller_ring != NULL ? "your keys" : "the gateway's keys");
	if (r->keys.home >= 0)
		snprintf(whose, sizeof(whose), "the keys of the project that owns '%s'",
		    r->keys.home_object);
	switch (bar->scope) {
	case HEALTH_HOST:
		apierror_set(&r->err, APIERROR_RATE_LIMIT, NULL,
		    "Google is rate-limiting this gateway's address; it tries again in %u s.",
		    seconds);
		break;
	case HEALTH_MODEL:
		apierror_set(&r->err, bar->verdict.error, NULL,
		    "The model %s fails with every key (%s); it is tried again in %u s.",
		    r->asked.model, bar->verdict.class, seconds);
		break;
	case HEALTH_PROJECT:
		apierror_set(&r->err, bar->verdict.error, NULL,
		    "All of %s have reached a limit of the model %s (%s%s%s); the first is free in "
		    "%u s.",
		    whose, r->asked.model, bar->verdict.class, bar->quota[0] != '\0' ? ", " : "",
		    bar->quota, seconds);
		break;
	case HEALTH_KEY:
		apierror_set(&r->err, bar->verdict.error, NULL,
		    "The Gemini API refused all of %s (%s)%s%s.", whose, bar->verdict.class,
		    bar->verdict.advice != NULL ? ": " : "",
		    bar->verdict.advice != NULL ? bar->verdict.advice : "");
		break;
	}
	r->err.no_retry =
	    bar->verdict.error == APIERROR_QUOTA || bar->verdict.error == APIERROR_PAYMENT;
}

/* Sets the error for the client. A limit that was reached tells it more than a refused key, and
 * what Google said about this request more than what it said about others. */
static enum step_next
pick_give_up(struct request *r, const struct keyring_lack *lack)
{
	bool limit = lack->why == KEY_LACK_BARRED && lack->bar.scope != HEALTH_KEY;

	if (lack->why == KEY_LACK_NONE && r->keys.home >= 0)
		return request_fail(r, APIERROR_MODEL_NOT_FOUND, "model",
		    "No key of the project that owns '%s' may be used for the model %s.",
		    r->keys.home_object, r->asked.model);
	if (lack->why == KEY_LACK_NONE)
		return request_fail(r, APIERROR_MODEL_NOT_FOUND, "model",
		    "No key of this gateway may be used for the model %s.", r->asked.model);
	if (lack->why == KEY_LACK_BARRED) {
		if (r->attempt.count == 0 || limit)
			access_set_class(r, lack->bar.verdict.class);
		access_set_quota(r, lack->bar.quota);
		if (r->err.kind == APIERROR_NONE || (limit && r->err.status != 429))
			pick_explain(r, &lack->bar);
	} else if (r->err.kind == APIERROR_NONE) {
		apierror_set(&r->err, APIERROR_RATE_LIMIT, NULL,
		    "All keys are busy, and too many requests are waiting for one. Try again in a "
		    "moment.");
		access_set_class(r, "busy");
	}
	request_move(r, STEP_FAIL);
	return STEP_GO;
}

/* Runs for each attempt, and again when the timer or another loop wakes a waiting request. */
enum step_next
step_pick(struct request *r)
{
	struct keyring_lack lack;
	uint64_t due;
	bool first;

	if (r->attempt.restart) {
		r->attempt.restart = false;
		request_move(r, STEP_PREPARE);
		return STEP_GO;
	}
	if (r->keys.tried == NULL) {
		r->keys.tried = xcalloc(1, keypool_tried_size(keyring_count(r->keys.ring)) + 1);
		pick_prefix(r);
	}
	r->keys.picked = choose_pick(r, false, &lack);
	if (r->keys.picked >= 0) {
		key_wait_leave(r);
		request_move(r, STEP_CALL);
		return STEP_GO;
	}
	if (choose_wants_fallback(r, &lack) && choose_fall_back(r)) {
		key_wait_leave(r);
		return STEP_GO;
	}
	if (!choose_may_wait(r, &lack, &due) || !key_wait_enter(r, &first)) {
		key_wait_leave(r);
		return pick_give_up(r, &lack);
	}
	/* It kept its turn and now stands before the requests that made it queue: ask again. */
	if (first && lack.queue)
		return STEP_GO;
	if (lack.why == KEY_LACK_BUSY && choose_is_bound(r))
		due = clock_mono_ms() + UNKNOWN_WAIT_MS;
	else if (!first)
		due = clock_mono_ms() + choose_patience(r, clock_mono_ms());
	request_timer_wait(r, due);
	return STEP_PARK;
}
