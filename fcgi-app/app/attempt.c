/* One upstream attempt after another: choice of the key, the call, the judgement, the back-off. */
#include "config.h"

#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/xalloc.h"

/* ---- bookkeeping ---- */

void
attempt_report(struct request *r, bool ok)
{
	if (r->key >= 0)
		keyring_report(r->ring, (size_t)r->key, ok);
	r->key = -1;
}

void
attempt_end(struct request *r)
{
	choose_leave(r);
	call_cancel(TAKE(r->call));
	secret_free(TAKE(r->credential_line));
	free(TAKE(r->line_table));
	free(TAKE(r->up_type));
	free(TAKE(r->up_retry_after));
	buf_release(&r->up_head);
	buf_release(&r->held);
	scrub_stream_release(&r->scrub);
	scrub_stream_init(&r->scrub, r->roster->scrub);
	body_release(&r->whole);
	r->up_started = r->up_ended = r->framed_error = r->holding = r->delivering = false;
	r->blank = (struct blank){ 0 };
}

/* A call that failed, for the access line. */
static void
note_failed(struct request *r, const char *class)
{
	size_t len = strlen(r->trail);

	if (len + FINGERPRINT_LEN + strlen(class) + 3 < sizeof(r->trail))
		snprintf(r->trail + len, sizeof(r->trail) - len, "%s%s=%s", len > 0 ? " " : "",
		    r->key_name, class);
}

/* ---- events of the call ---- */

static char *
line_value(const struct header_lines *lines, const char *name)
{
	struct slice value = header_lines_get(lines, name);

	return value.len > 0 ? xstrndup(value.ptr, value.len) : NULL;
}

static void
up_head(void *ctx, int status, const struct header_lines *lines)
{
	struct request *r = ctx;

	r->up_started = true;
	r->up_status = status;
	r->last_up_ms = clock_mono_ms();
	/* Another time limit holds from here. */
	attempt_watch(r);
	r->up_type = line_value(lines, "content-type");
	r->up_retry_after = line_value(lines, "retry-after");
	buf_init(&r->held, status < 400 ? COLLECT_MAX : ERROR_BODY_MAX);
	if (r->op->head != NULL)
		r->op->head(r, lines);
	request_run(r);
}

static void
up_data(void *ctx, struct slice bytes)
{
	struct request *r = ctx;

	r->last_up_ms = clock_mono_ms();
	if (r->step == &step_stream) {
		deliver_data(r, bytes);
		return;
	}
	if (r->holding && hold_add(r, bytes))
		return;
	/* An answer above the ceiling is judged by its beginning; what is kept stays whole. */
	if (bytes.len > r->held.max - r->held.len)
		r->held.failed = true;
	buf_add_slice(&r->held, bytes);
	request_run(r);
}

/* A kept connection was dead, or Google refused the stream: Google may see one more call. */
static bool
up_again(void *ctx)
{
	struct request *r = ctx;

	if (r->attempts > r->gw->conf->retry_max)
		return false;
	note_failed(r, "net_cut");
	r->attempts++;
	r->calls++;
	return true;
}

static void
up_end(void *ctx, enum netresult result)
{
	struct request *r = ctx;

	r->call = NULL;
	r->up_ended = true;
	r->up_result = result;
	request_run(r);
}

static const struct call_events call_events = { up_head, up_data, up_end, up_again };

/* ---- steps ---- */

/* The lines of the target and the one credential. */
static void
prepare_lines(struct request *r)
{
	static const char name[] = "x-goog-api-key: ";
	const char *secret = keyring_secret(r->ring, (size_t)r->key);
	size_t count = 0, i = 0;

	for (size_t at = 0; at < r->target.lines.len; at += strlen(r->target.lines.data + at) + 1)
		count++;
	r->line_table = xcalloc(count + 2, sizeof(char *));
	for (size_t at = 0; at < r->target.lines.len; at += strlen(r->target.lines.data + at) + 1)
		r->line_table[i++] = r->target.lines.data + at;
	r->credential_line = xmalloc(sizeof(name) + strlen(secret));
	memcpy(r->credential_line, name, sizeof(name));
	strcat(r->credential_line, secret);
	r->line_table[i] = r->credential_line;
}

/* NULL: the one of all calls. */
static const char *
key_proxy(const struct request *r)
{
	const char *proxy = keyring_spec(r->ring, (size_t)r->key)->proxy;

	return proxy[0] != '\0' ? proxy : NULL;
}

static enum step_next
do_call(struct request *r)
{
	struct call_request request = {
		.method = r->target.method,
		.url = r->target.url.data,
		.body = r->target.body,
		.body_fd = r->target.body_fd,
		.body_len = r->target.body_len,
		.has_body = r->target.has_body,
		.large = r->target.large,
		.proxy = key_proxy(r),
	};

	r->attempts++;
	r->calls++;
	keypool_tried_add(r->tried, (size_t)r->key);
	snprintf(
	    r->key_name, sizeof(r->key_name), "%s", keyring_fingerprint(r->ring, (size_t)r->key));
	r->key_spec = keyring_spec(r->ring, (size_t)r->key);
	prepare_lines(r);
	request.headers = r->line_table;
	r->up_status = 0;
	r->last_up_ms = r->call_started_ms = clock_mono_ms();
	if (r->last_write_ms == 0)
		r->last_write_ms = r->last_up_ms;
	r->call = call_start(loop_upstream(r->loop), &request, &call_events, r);
	attempt_watch(r);
	request_move(r, &step_await);
	return STEP_PARK;
}

/* An error is waited for to its end. */
static bool
first_is_content(const struct request *r)
{
	enum gsniff first = gstatus_sniff(buf_slice(&r->held));

	return first == GSNIFF_CONTENT || first == GSNIFF_OTHER;
}

static enum step_next
do_await(struct request *r)
{
	bool judge = r->up_ended || r->held.failed;

	/* The client's head waits for content: until then another attempt is possible. */
	if (!judge && r->up_started && r->up_status < 400 && r->target.events)
		judge = first_is_content(r) && !attempt_wants_content(r);
	else if (!judge && r->up_started && r->up_status < 400 && r->form == REPLY_BYTES)
		judge = !r->holding && r->held.len > 0 && !attempt_wants_content(r);
	if (!judge)
		return STEP_PARK;
	request_move(r, &step_judge);
	return STEP_GO;
}

/* Google repeats the key in some error bodies: nothing of them is looked at before this. */
static void
scrub_held(struct request *r, const char *secret)
{
	struct slice own = slice_str(secret);
	struct scrub_set *set = r->own_ring != NULL ? scrub_set_new(&own, 1) : NULL;
	struct buf *kept = r->whole.len > 0 ? &r->whole.mem : &r->held;

	if (kept->len > 0)
		scrub_bytes(set != NULL ? set : r->roster->scrub, kept->data, kept->len);
	scrub_set_free(set);
}

/* May this failure be cured, and how? Moves to the step that does it. */
static bool
try_again(struct request *r, const struct verdict *v)
{
	const struct conf *conf = r->gw->conf;
	uint64_t pause, now = clock_mono_ms();

	if (v->action == VERDICT_PASS || r->attempts > conf->retry_max || r->content_sent ||
	    now - r->started_ms >= conf->retry_time)
		return false;
	if (v->action == VERDICT_OTHER) {
		/* What to tell when the others are at their limits is for step pick. */
		bool limited =
		    v->key == VERDICT_KEY_DEAD && r->err.status != 429 && choose_is_limited(r);

		if (!limited && !choose_can(r))
			return false;
		request_move(r, &step_pick);
		return true;
	}
	if (r->server_faults >= SERVER_FAULT_TRIES)
		return false;
	pause = (uint64_t)BACKOFF_BASE_MS << r->server_faults++;
	attempt_wait(r, now + pause / 2 + request_random(r) % pause);
	request_move(r, &step_wait);
	return true;
}

/* What the client is told when several keys failed: that the limit is reached is worth more to it
 * than that another key was refused. False when an earlier error is kept. */
static bool
keep_error(struct request *r, const struct outcome *o, const struct verdict *v)
{
	struct apierror err;
	uint64_t seconds;

	verdict_error(o, v, &err);
	if (err.retry_after_s == 0 && r->up_retry_after != NULL &&
	    slice_u64(slice_str(r->up_retry_after), &seconds) && seconds < UINT32_MAX)
		err.retry_after_s = (uint32_t)seconds;
	if (r->err.status == 429 && err.status != 429 && v->action == VERDICT_OTHER)
		return false;
	r->err = err;
	return true;
}

/* Another attempt follows this one. */
static enum step_next
leave(struct request *r)
{
	r->restart = r->delivering;
	attempt_report(r, false);
	attempt_end(r);
	return r->step == &step_wait ? STEP_PARK : STEP_GO;
}

static enum step_next
judge_failure(struct request *r, const struct outcome *o, const struct verdict *v)
{
	bool kept = keep_error(r, o, v);
	/* Of an answer above the ceiling something is lost already. */
	bool pass = r->op->pass_head != NULL && r->up_started && !r->head_sent &&
	            !r->framed_error && v->error != APIERROR_KEY_FAULT && o->net == NET_OK &&
	            !r->held.failed && kept;

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
	if (try_again(r, v))
		return leave(r);
	if (r->home_key >= 0 && v->key == VERDICT_KEY_DEAD)
		locate_explain(r, v);
	choose_hint(r);
	r->passing = pass;
	request_move(r, pass ? &step_stream : &step_fail);
	return STEP_GO;
}

/* The model whose quota was violated, by Google's own name; 0: not told. */
static uint64_t
quota_model(const struct request *r, const struct gstatus *status)
{
	/* What is counted apart has a quota of its own. */
	if (status == NULL || r->model_id != balancer_model(slice_str(r->model)))
		return 0;
	for (size_t i = 0; i < status->quota_count; i++)
		if (strcmp(status->quotas[i].id, status->quota_id) == 0)
			return balancer_model(slice_str(status->quotas[i].model));
	return 0;
}

/* Tells the balancer and the access line. */
static void
learn(struct request *r, const struct outcome *o, const struct verdict *v)
{
	struct keyring_outcome outcome = {
		.model = r->model_id,
		.quota_model = quota_model(r, o->status),
		.started = r->call_started_ms,
		.verdict = v,
		.status = o->status,
		.hint_ms = o->status != NULL ? o->status->retry_ms : 0,
		.chance = request_random(r),
	};
	uint64_t seconds;

	if (outcome.hint_ms == 0 && r->up_retry_after != NULL &&
	    slice_u64(slice_str(r->up_retry_after), &seconds) && seconds < UINT32_MAX / 1000)
		outcome.hint_ms = (uint32_t)seconds * 1000;
	keyring_judge(r->ring, (size_t)r->key, &outcome);
	if (v->error == APIERROR_NONE)
		return;
	if (o->status != NULL && o->status->quota_id[0] != '\0')
		memcpy(r->quota, o->status->quota_id, sizeof(r->quota));
	note_failed(r, v->class);
}

struct slice
attempt_kept(struct request *r)
{
	struct slice kept;

	return r->whole.len > 0 && body_slice(&r->whole, &kept) ? kept : buf_slice(&r->held);
}

/* Is it an error object of Google's, with a good status? */
static bool
is_framed_error(struct request *r)
{
	return (r->target.events || r->up_ended) && r->whole.fd < 0 &&
	       gstatus_sniff(attempt_kept(r)) == GSNIFF_ERROR;
}

/* How the transfer ended, as far as it matters to the answer. */
static enum netresult
end_of_transfer(struct request *r)
{
	bool whole = false;

	if (!r->up_ended)
		return NET_OK;
	/* A stream that ends without a word was cut, whatever the transport says. */
	if (r->up_result == NET_OK && r->target.events && r->held.len == 0)
		return NET_CUT;
	/* A document that is whole lacks nothing, however its transfer was broken off. */
	if (r->up_result == NET_CUT && r->up_started && !r->target.events)
		whole = json_is_whole(attempt_kept(r));
	if (whole)
		r->up_result = NET_OK;
	return r->up_result;
}

static enum step_next
do_judge(struct request *r)
{
	bool failed_status = r->up_started && r->up_status >= 400;
	struct gstatus status = { 0 };
	struct outcome o = {
		.http_status = r->up_status,
		.key_is_callers = r->own_ring != NULL,
	};
	struct verdict v;

	o.net = failed_status ? (r->up_ended ? r->up_result : NET_OK) : end_of_transfer(r);
	r->framed_error = !failed_status && is_framed_error(r);
	if (failed_status || r->framed_error) {
		scrub_held(r, keyring_secret(r->ring, (size_t)r->key));
		outcome_read(&o, attempt_kept(r), &status);
	}
	if (o.net == NET_OK && o.http_status == 200 && o.status == NULL)
		o.fault = attempt_fault(r);
	v = verdict_of(&o);
	r->class = v.class;
	learn(r, &o, &v);
	if (o.fault == ANSWER_EMPTY && try_again(r, &v))
		return leave(r);
	if (o.fault != ANSWER_EMPTY && v.error != APIERROR_NONE)
		return judge_failure(r, &o, &v);
	if (r->held.failed)
		return request_fail(r, APIERROR_UPSTREAM, NULL,
		    "The answer of the Gemini API is larger than this gateway can translate.");
	r->err = (struct apierror){ 0 };
	lessons_confirm(r);
	request_move(r, r->target.events || r->form == REPLY_BYTES ? &step_stream : &step_collect);
	return STEP_GO;
}

/* The key of the call is to be told once more, and so is the access line. */
static struct verdict
judge_again(struct request *r, const struct outcome *o)
{
	struct verdict v = verdict_of(o);

	r->class = v.class;
	learn(r, o, &v);
	return v;
}

enum step_next
attempt_judge_late(struct request *r)
{
	enum netresult net = r->up_ended ? r->up_result : NET_OK;
	struct outcome o;
	struct verdict v;

	request_move(r, &step_fail);
	if (!verdict_outcome(&r->err, &request_local(r)->answers, net, &o))
		return STEP_GO;
	o.key_is_callers = r->own_ring != NULL;
	v = judge_again(r, &o);
	/* A branch shares the translation of the answer with the others. */
	if (!r->content_sent && (r->root == NULL || !r->delivering)) {
		r->framed_error = true;
		return judge_failure(r, &o, &v);
	}
	keep_error(r, &o, &v);
	if (o.net == NET_TIMEOUT)
		apierror_set(&r->err, APIERROR_UPSTREAM_TIMEOUT, NULL,
		    "The Gemini API fell silent in the middle of its answer.");
	return STEP_GO;
}

void
attempt_note_reported(struct request *r)
{
	struct outcome o = {
		.http_status = r->up_status,
		.status = &request_local(r)->answers.status,
		.key_is_callers = r->own_ring != NULL,
	};
	struct verdict v = judge_again(r, &o);

	keep_error(r, &o, &v);
}

static enum step_next
do_wait(struct request *r)
{
	request_move(r, &step_pick);
	return STEP_GO;
}

#define STEP_DEFINE(symbol) const struct step step_##symbol = { #symbol, do_##symbol };
STEP_DEFINE(call)
STEP_DEFINE(await)
STEP_DEFINE(judge)
STEP_DEFINE(wait)
