/*
 * The choice of a key for the next attempt, and the wait for one: whoever finds none that is ready
 * waits in the room as long as that can help and patience lasts, else is told when to come back.
 */
#include "config.h"

#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/xalloc.h"

#define UNKNOWN_WAIT_MS 100 /* between looks at a key that is busy, by who needs just that one */

/* Who needs certain keys does not stand in line with those who take any. */
static bool
is_bound(const struct request *r)
{
	return r->pinned >= 0 || r->home_key >= 0;
}

static struct keyring_ask
ask_of(struct request *r)
{
	return (struct keyring_ask){
		.model = r->model_id,
		.name = slice_str(r->model),
		.tried = r->tried,
		.only = r->pinned,
		.home = r->home_key >= 0 ? keyring_project(r->ring, (size_t)r->home_key) : 0,
		.seed = r->seed,
		.prefix = &r->prefix,
		.chance = request_random(r),
		.waiter = &r->waiter,
	};
}

/* Another try with a key that was tried is worth it after a fault of the server only. */
static ptrdiff_t
pick(struct request *r, bool look, struct keyring_lack *ret)
{
	struct keyring_ask ask = ask_of(r);
	ptrdiff_t key;

	ask.look = look;
	key = keyring_pick(r->ring, &ask, ret);
	if (key >= 0 || ret->why != KEY_LACK_TRIED || r->server_faults == 0)
		return key;
	ask.tried = NULL;
	return keyring_pick(r->ring, &ask, ret);
}

/* ---- waiting ---- */

static uint64_t
patience(const struct request *r, uint64_t now)
{
	uint64_t most = r->gw->conf->wait_max, spent = r->waited_ms;

	if (r->waits_since != 0)
		spent += now - r->waits_since;
	return spent < most ? most - spent : 0;
}

/* Is it worth waiting for what is missing? *ret_due: how long at most, monotonic ms. */
static bool
may_wait(const struct request *r, const struct keyring_lack *lack, uint64_t *ret_due)
{
	uint64_t now = clock_mono_ms(), left = patience(r, now);

	if (left == 0 || r->attempts > r->gw->conf->retry_max)
		return false;
	*ret_due = now + left;
	if (lack->why == KEY_LACK_BUSY)
		return true;
	/* A key that is refused is not worth a wait. */
	if (lack->why != KEY_LACK_BARRED || lack->bar.scope == HEALTH_KEY ||
	    lack->bar.until > *ret_due)
		return false;
	*ret_due = lack->bar.until;
	return true;
}

/* As long as the client has seen nothing of the answer. A token may be for certain models only. */
static bool
can_fall_back(struct request *r)
{
	const struct request *root = request_root(r);

	return root->first_ms == 0 && !r->content_sent && root->passed_count < PASSED_MODELS_MAX &&
	       (root->token == NULL || token_models(root->token)[0] == '\0');
}

/* Should another model take over, rather than the request wait for this one? */
static bool
wants_fallback(struct request *r, const struct keyring_lack *lack)
{
	enum health_scope scope = lack->bar.scope;
	bool alias = request_root(r)->has_fallback;
	bool busy = r->gw->conf->alias_fallback == ALIAS_FALLBACK_BUSY && alias;

	return can_fall_back(r) && lack->why == KEY_LACK_BARRED &&
	       ((scope == HEALTH_PROJECT && lack->bar.verdict.limit == VERDICT_LIMIT_CLOSED &&
		    (alias || lessons_may_move(r))) ||
		   (busy && (scope == HEALTH_PROJECT || scope == HEALTH_MODEL)));
}

bool
choose_fall_back(struct request *r)
{
	struct request *root = request_root(r);

	if (!can_fall_back(r) || (!root->has_fallback && !lessons_may_move(r)))
		return false;
	/* Another branch may have come here before. */
	if (!root->remake) {
		lessons_pass(root);
		root->wants_list = !root->has_fallback && !lessons_successor(root);
		root->err = root->wants_list ? r->err : (struct apierror){ 0 };
	}
	free(TAKE(r->tried));
	r->attempts = r->server_faults = 0;
	root->remake = r != root;
	if (r != root)
		request_move(r, &step_finish);
	else
		request_move(r, root->wants_list ? &step_catalog : &step_prepare);
	return true;
}

bool
choose_can(struct request *r)
{
	struct keyring_lack lack;
	uint64_t due;

	return pick(r, true, &lack) >= 0 || wants_fallback(r, &lack) || may_wait(r, &lack, &due);
}

bool
choose_is_limited(struct request *r)
{
	struct keyring_lack lack;

	return pick(r, true, &lack) < 0 && lack.why == KEY_LACK_BARRED &&
	       lack.bar.scope != HEALTH_KEY;
}

static void
list_add(struct request *r)
{
	struct loop_local *local = request_local(r);

	r->next_waiting = local->waiting;
	local->waiting = r;
	r->waits_since = clock_mono_ms();
}

void
choose_leave(struct request *r)
{
	struct request **at = &request_local(r)->waiting;

	if (r->waits_since == 0)
		return;
	while (*at != r)
		at = &(*at)->next_waiting;
	*at = r->next_waiting;
	r->waited_ms += clock_mono_ms() - r->waits_since;
	r->waits_since = 0;
	balancer_leave(r->gw->balancer, &r->waiter);
}

void
choose_poked(struct loop *loop)
{
	struct loop_local *local = loop_local(loop);
	struct request *r;

	/* A request that runs may end, and others with it. */
	do {
		for (r = local->waiting; r != NULL; r = r->next_waiting)
			if (balancer_called(r->gw->balancer, &r->waiter))
				break;
		if (r != NULL)
			request_run(r);
	} while (r != NULL);
}

/* False when the room is full. *ret_first: see balancer_enter. */
static bool
enter(struct request *r, bool *ret_first)
{
	if (r->waits_since == 0) {
		list_add(r);
		/* Not later: who is in the room is looked at from other loops. */
		r->waiter.loop = r->loop;
		r->waiter.ring = r->ring;
		r->waiter.model = r->model_id;
		r->waiter.caller = r->owner;
	}
	/* What was tried before the wait may do after it. */
	if (r->tried != NULL)
		memset(r->tried, 0, keypool_tried_size(keyring_count(r->ring)));
	*ret_first = true;
	if (is_bound(r) || balancer_enter(r->gw->balancer, &r->waiter, ret_first))
		return true;
	choose_leave(r);
	return false;
}

/* ---- implicit caches ---- */

/* Only what a model generates from is cached. */
static void
find_prefix(struct request *r)
{
	struct buf *scratch = &request_local(r)->out;
	struct slice head = r->target.body;
	ssize_t got;

	r->prefix.count = 0;
	if (!r->gw->conf->cache_affinity || keyring_count(r->ring) < 2 ||
	    r->target.body_len < PREFIX_MIN || !target_generates(r))
		return;
	if (r->target.body_fd >= 0) {
		buf_reset(scratch);
		got = pread(r->target.body_fd, buf_room(scratch, PREFIX_MAX), PREFIX_MAX, 0);
		head = (struct slice){ scratch->data, got > 0 ? (size_t)got : 0 };
	}
	r->prefix = prefix_of(head, r->model_id);
}

/* ---- when there is none ---- */

static unsigned
seconds_until(uint64_t until)
{
	uint64_t now = clock_mono_ms();

	return until > now ? (unsigned)((until - now + 999) / 1000) : 1;
}

void
choose_hint(struct request *r)
{
	struct keyring_lack lack;
	struct keyring_ask ask;

	if (r->ring == NULL || r->model_id == 0 || (r->err.status != 429 && r->err.status != 503))
		return;
	ask = ask_of(r);
	ask.tried = NULL;
	ask.look = true;
	if (keyring_pick(r->ring, &ask, &lack) >= 0)
		r->err.retry_after_s = r->err.status == 429 ? 1 : r->err.retry_after_s;
	else if (lack.why == KEY_LACK_BARRED && lack.bar.scope != HEALTH_KEY)
		r->err.retry_after_s = seconds_until(lack.bar.until);
}

static void
explain_limit(struct request *r, const struct health_bar *bar)
{
	char whose[OBJECT_NAME_MAX + 64];
	unsigned seconds = seconds_until(bar->until);

	snprintf(
	    whose, sizeof(whose), "%s", r->own_ring != NULL ? "your keys" : "the gateway's keys");
	if (r->home_key >= 0)
		snprintf(
		    whose, sizeof(whose), "the keys of the project that has '%s'", r->home_object);
	switch (bar->scope) {
	case HEALTH_HOST:
		apierror_set(&r->err, APIERROR_RATE_LIMIT, NULL,
		    "Google slows this gateway's address down; it tries again in %u s.", seconds);
		break;
	case HEALTH_MODEL:
		apierror_set(&r->err, bar->verdict.error, NULL,
		    "The model %s fails with every key (%s); it is tried again in %u s.", r->model,
		    bar->verdict.class, seconds);
		break;
	case HEALTH_PROJECT:
		apierror_set(&r->err, bar->verdict.error, NULL,
		    "All of %s have reached a limit of the model %s (%s%s%s); the first is free in "
		    "%u s.",
		    whose, r->model, bar->verdict.class, bar->quota[0] != '\0' ? ", " : "",
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

/* What the client is told: that a limit is reached is worth more to it than that a key was refused,
 * and what Google said to this request more than what it said to others. */
static enum step_next
give_up(struct request *r, const struct keyring_lack *lack)
{
	bool limit = lack->why == KEY_LACK_BARRED && lack->bar.scope != HEALTH_KEY;

	if (lack->why == KEY_LACK_NONE && r->home_key >= 0)
		return request_fail(r, APIERROR_MODEL_NOT_FOUND, "model",
		    "No key of the project that has '%s' is meant for the model %s.",
		    r->home_object, r->model);
	if (lack->why == KEY_LACK_NONE)
		return request_fail(r, APIERROR_MODEL_NOT_FOUND, "model",
		    "No key of this gateway is meant for the model %s.", r->model);
	if (lack->why == KEY_LACK_BARRED) {
		r->class = r->attempts > 0 && !limit ? r->class : lack->bar.verdict.class;
		snprintf(r->quota, sizeof(r->quota), "%s", lack->bar.quota);
		if (r->err.kind == APIERROR_NONE || (limit && r->err.status != 429))
			explain_limit(r, &lack->bar);
	} else if (r->err.kind == APIERROR_NONE) {
		apierror_set(&r->err, APIERROR_RATE_LIMIT, NULL,
		    "All keys are busy, and too many requests wait for one.");
		r->class = "busy";
	}
	request_move(r, &step_fail);
	return STEP_GO;
}

/* Entered for each attempt, and again by the timer and by pokes while the request waits. */
static enum step_next
do_pick(struct request *r)
{
	struct keyring_lack lack;
	uint64_t due;
	bool first;

	if (r->restart) {
		r->restart = false;
		request_move(r, &step_prepare);
		return STEP_GO;
	}
	if (r->tried == NULL) {
		r->tried = xcalloc(1, keypool_tried_size(keyring_count(r->ring)) + 1);
		find_prefix(r);
	}
	r->key = pick(r, false, &lack);
	if (r->key >= 0) {
		choose_leave(r);
		request_move(r, &step_call);
		return STEP_GO;
	}
	if (wants_fallback(r, &lack) && choose_fall_back(r)) {
		choose_leave(r);
		return STEP_GO;
	}
	if (!may_wait(r, &lack, &due) || !enter(r, &first)) {
		choose_leave(r);
		return give_up(r, &lack);
	}
	/* A turn that was kept has put it before those who made it queue: it asks again. */
	if (first && lack.queue)
		return STEP_GO;
	if (lack.why == KEY_LACK_BUSY && is_bound(r))
		due = clock_mono_ms() + UNKNOWN_WAIT_MS;
	else if (!first)
		due = clock_mono_ms() + patience(r, clock_mono_ms());
	attempt_wait(r, due);
	return STEP_PARK;
}

const struct step step_pick = { "pick", do_pick };

/* ---- for the access line ---- */

void
choose_explain(struct request *r, struct buf *out, size_t *ret_keys, size_t *ret_ready)
{
	struct keyring_ask ask = ask_of(r);

	keyring_explain(r->ring, &ask, out, ret_keys, ret_ready);
}
