/* What an attempt's outcome means for the request: deliver, another attempt, or an error. */
#include "config.h"

#include "app/request/request.h"
#include "app/request/access.h"
#include "app/request/call.h"
#include "choose.h"
#include "app/request/lessons.h"
#include "app/request/owner.h"
#include "app/request/steps.h"
#include "timer.h"

#include <string.h>

#include "base/clock.h"
#include "base/limits.h"

#define SOURCE_BYTES (4 * KIB) /* of a body, which tell it from others */

/* Removes keys from an error body, where Google repeats them. Runs before anything reads the body.
 */
static void
judge_scrub(struct request *r, const char *secret)
{
	struct slice own = slice_str(secret);
	struct scrub_set *set = r->keys.caller_ring != NULL ? scrub_set_new(&own, 1) : NULL;
	struct buf *kept = r->attempt.whole.len > 0 ? &r->attempt.whole.mem : &r->attempt.held;

	if (kept->len > 0)
		scrub_bytes(set != NULL ? set : r->snapshot->scrub, kept->data, kept->len);
	scrub_set_free(set);
}

/* True when another attempt may cure the failure; the request has moved to the step that makes it.
 */
static bool
judge_try_again(struct request *r, const struct verdict *v)
{
	const struct conf *conf = r->gw->conf;
	uint64_t pause, now = clock_mono_ms();

	if (v->action == VERDICT_PASS || r->attempt.count > conf->retry_max ||
	    r->reply.content_sent || now - r->started_ms >= conf->retry_time)
		return false;
	if (v->action == VERDICT_OTHER) {
		/* Step pick words the error when the other keys are at their limits. */
		bool limited =
		    v->key == VERDICT_KEY_DEAD && r->err.status != 429 && choose_is_limited(r);

		if (!limited && !choose_can(r))
			return false;
		request_move(r, STEP_PICK);
		return true;
	}
	if (r->attempt.server_faults >= SERVER_FAULT_TRIES)
		return false;
	pause = (uint64_t)BACKOFF_BASE_MS << r->attempt.server_faults++;
	request_timer_wait(r, now + pause / 2 + request_random(r) % pause);
	request_move(r, STEP_WAIT);
	return true;
}

/* Sets the error for the client. After several failures a limit that was reached tells it more than
 * another key that was refused: then the earlier error stays, and this returns false. */
static bool
judge_keep_error(struct request *r, const struct outcome *o, const struct verdict *v)
{
	struct apierror err;
	uint64_t seconds;

	verdict_error(o, v, &err);
	if (err.retry_after_s == 0 && r->attempt.retry_after != NULL &&
	    slice_u64(slice_str(r->attempt.retry_after), &seconds) && seconds < UINT32_MAX)
		err.retry_after_s = (uint32_t)seconds;
	if (r->err.status == 429 && err.status != 429 && v->action == VERDICT_OTHER)
		return false;
	r->err = err;
	return true;
}

/* Another attempt follows this one. */
static enum step_next
judge_leave(struct request *r)
{
	r->attempt.restart = r->attempt.delivering;
	attempt_report(r, false);
	attempt_end(r);
	return r->step == STEP_WAIT ? STEP_PARK : STEP_GO;
}

static enum step_next
judge_failure(struct request *r, const struct outcome *o, const struct verdict *v)
{
	bool kept = judge_keep_error(r, o, v);
	/* An answer above the ceiling is not complete any more. */
	bool pass = r->op->pass_head != NULL && r->attempt.started && !r->reply.head_sent &&
	            !r->attempt.framed_error && v->error != APIERROR_KEY_FAULT &&
	            o->net == NET_OK && !r->attempt.held.failed && kept;

	if (v->action == VERDICT_PASS && o->status != NULL && lessons_mend(r, o->status)) {
		attempt_report(r, true);
		attempt_end(r);
		return STEP_GO;
	}
	if (v->error == APIERROR_MODEL_NOT_FOUND && v->action == VERDICT_PASS) {
		lessons_gone(r);
		if (choose_fall_back(r)) {
			attempt_report(r, true);
			attempt_end(r);
			return STEP_GO;
		}
		lessons_hint(r);
	}
	if (judge_try_again(r, v))
		return judge_leave(r);
	if (r->keys.home >= 0 && v->key == VERDICT_KEY_DEAD)
		owner_explain(r, v);
	choose_hint(r);
	r->attempt.pass_through = pass;
	request_move(r, pass ? STEP_STREAM : STEP_FAIL);
	return STEP_GO;
}

/* The model whose quota was violated, by Google's own name; 0: not told. */
static uint64_t
judge_quota_model(const struct request *r, const struct gemini_status *status)
{
	/* Methods that are counted separately have a quota of their own. */
	if (status == NULL || r->asked.model_id != balancer_model(slice_str(r->asked.model)))
		return 0;
	for (size_t i = 0; i < status->quota_count; i++)
		if (strcmp(status->quotas[i].id, status->quota_id) == 0)
			return balancer_model(slice_str(status->quotas[i].model));
	return 0;
}

/* This request and its repetitions, by their caller and the end of what is sent. Never 0. */
static uint64_t
judge_source(struct request *r)
{
	struct slice body = r->target.body;
	uint64_t hash;

	if (body.len > SOURCE_BYTES)
		body = (struct slice){ body.ptr + body.len - SOURCE_BYTES, SOURCE_BYTES };
	hash = siphash(request_local(r)->id_key, body);
	return (hash ^ request_root(r)->client.owner ^ r->target.body_len) | 1;
}

/* Tells the balancer and the access line. */
static void
judge_teach(struct request *r, const struct outcome *o, const struct verdict *v)
{
	struct keyring_outcome outcome = {
		.model = r->asked.model_id,
		.quota_model = judge_quota_model(r, o->status),
		.started = r->attempt.started_ms,
		.verdict = v,
		.status = o->status,
		.hint_ms = o->status != NULL ? o->status->retry_ms : 0,
		.chance = request_random(r),
	};
	uint64_t seconds;

	if (v->model == VERDICT_MODEL_FAULT)
		outcome.source = judge_source(r);
	if (outcome.hint_ms == 0 && r->attempt.retry_after != NULL &&
	    slice_u64(slice_str(r->attempt.retry_after), &seconds) && seconds < UINT32_MAX / 1000)
		outcome.hint_ms = (uint32_t)seconds * 1000;
	keyring_judge(r->keys.ring, (size_t)r->keys.picked, &outcome);
	if (v->error == APIERROR_NONE)
		return;
	if (o->status != NULL && o->status->quota_id[0] != '\0')
		access_set_quota(r, o->status->quota_id);
	access_add_failed(r, v->class);
}

/* Is it an error object of Google's, with a good status? */
static bool
judge_is_framed_error(struct request *r)
{
	/* A file of the caller's may begin like one. */
	if (r->reply.form == REPLY_BYTES && !attempt_is_json(r))
		return false;
	return (r->target.events || r->attempt.ended) && r->attempt.whole.fd < 0 &&
	       gemini_status_sniff(attempt_kept(r)) == GSNIFF_ERROR;
}

/* How the transfer ended, as far as it matters to the answer. */
static enum netresult
judge_transfer_end(struct request *r)
{
	bool whole = false;

	if (!r->attempt.ended)
		return NET_OK;
	/* A stream without any bytes was cut, whatever the transport says. */
	if (r->attempt.result == NET_OK && r->target.events && r->attempt.held.len == 0)
		return NET_CUT;
	/* A complete document is good, even if its transfer was cut afterwards. */
	if (r->attempt.result == NET_CUT && r->attempt.started && !r->target.events)
		whole = json_is_whole(attempt_kept(r));
	if (whole)
		r->attempt.result = NET_OK;
	return r->attempt.result;
}

enum step_next
step_judge(struct request *r)
{
	bool failed_status = r->attempt.started && r->attempt.status >= 400;
	struct gemini_status status = { 0 };
	struct outcome o = {
		.http_status = r->attempt.status,
		.key_is_callers = r->keys.caller_ring != NULL,
	};
	struct verdict v;

	o.net =
	    failed_status ? (r->attempt.ended ? r->attempt.result : NET_OK) : judge_transfer_end(r);
	r->attempt.framed_error = !failed_status && judge_is_framed_error(r);
	if (failed_status || r->attempt.framed_error) {
		judge_scrub(r, keyring_secret(r->keys.ring, (size_t)r->keys.picked));
		outcome_read(&o, attempt_kept(r), &status);
	}
	if (o.net == NET_OK && o.http_status == 200 && o.status == NULL)
		o.fault = attempt_fault(r);
	v = verdict_of(&o);
	access_set_class(r, v.class);
	judge_teach(r, &o, &v);
	if (o.fault == ANSWER_EMPTY && judge_try_again(r, &v))
		return judge_leave(r);
	if (o.fault != ANSWER_EMPTY && v.error != APIERROR_NONE)
		return judge_failure(r, &o, &v);
	if (r->attempt.held.failed)
		return request_fail(r, APIERROR_UPSTREAM, NULL,
		    "The answer of the Gemini API is larger than this gateway can translate.");
	r->err = (struct apierror){ 0 };
	lessons_confirm(r);
	request_move(
	    r, r->target.events || r->reply.form == REPLY_BYTES ? STEP_STREAM : STEP_COLLECT);
	return STEP_GO;
}

/* A second verdict on the same call, for its key and for the access line. */
static struct verdict
judge_again(struct request *r, const struct outcome *o)
{
	struct verdict v = verdict_of(o);

	access_set_class(r, v.class);
	judge_teach(r, o, &v);
	return v;
}

enum step_next
attempt_judge_late(struct request *r)
{
	enum netresult net = r->attempt.ended ? r->attempt.result : NET_OK;
	struct outcome o;
	struct verdict v;

	request_move(r, STEP_FAIL);
	if (!verdict_outcome(&r->err, &request_local(r)->answers, net, &o))
		return STEP_GO;
	o.key_is_callers = r->keys.caller_ring != NULL;
	v = judge_again(r, &o);
	/* A branch shares the translation of the answer with the others. */
	if (!r->reply.content_sent && (r->root == NULL || !r->attempt.delivering)) {
		r->attempt.framed_error = true;
		return judge_failure(r, &o, &v);
	}
	judge_keep_error(r, &o, &v);
	if (o.net == NET_TIMEOUT)
		apierror_set(&r->err, APIERROR_UPSTREAM_TIMEOUT, NULL,
		    "The Gemini API stopped sending in the middle of its answer.");
	return STEP_GO;
}

void
attempt_note_reported(struct request *r)
{
	struct outcome o = {
		.http_status = r->attempt.status,
		.status = &request_local(r)->answers.status,
		.key_is_callers = r->keys.caller_ring != NULL,
	};
	struct verdict v = judge_again(r, &o);

	judge_keep_error(r, &o, &v);
}
