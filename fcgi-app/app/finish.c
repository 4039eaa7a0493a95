/* The end of a request: the one door for errors, the departure of the client, the access line. */
#include "config.h"

#include "request.h"
#include "attempt.h"
#include "auth.h"
#include "branch.h"
#include "choose.h"
#include "reply.h"
#include "steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/xalloc.h"

/* How the keys stand is told for requests that failed for want of one. */
static bool
wants_keys(const struct request *r)
{
	return r->ring != NULL && r->model_id != 0 && !r->gone &&
	       (r->err.status == 429 || r->err.status >= 500 ||
		   r->err.kind == APIERROR_MODEL_NOT_FOUND);
}

static void
access_line(struct request *r)
{
	uint64_t now = clock_mono_ms();
	size_t keys = 0, ready = 0;
	bool wanted = wants_keys(r);
	char ready_text[48];
	const struct key_spec *key = r->key_spec;
	struct buf barred;

	buf_init(&barred, KIB);
	if (wanted)
		choose_explain(r, &barred, &keys, &ready);
	snprintf(ready_text, sizeof(ready_text), "%zu/%zu", ready, keys);

	log_event(LOG_INFO, "request", LOG_S("id", r->id), LOG_S("route", r->route_name),
	    LOG_S("model", r->model[0] != '\0' ? r->model : NULL),
	    LOG_S("remote", r->client[0] != '\0' ? r->client : NULL),
	    LOG_S("instead_of", r->instead_of != NULL && strcmp(r->instead_of, r->model) != 0
				    ? r->instead_of
				    : NULL),
	    LOG_S("key", r->key_name[0] != '\0' ? r->key_name : NULL),
	    LOG_S("key_name", key != NULL && key->name[0] != '\0' ? key->name : NULL),
	    LOG_N("key_line", key != NULL && r->own_ring == NULL ? key->line : 0),
	    LOG_S("token",
		r->token != NULL && token_name(r->token)[0] != '\0' ? token_name(r->token) : NULL),
	    LOG_S("keys", r->ring == NULL       ? NULL
			  : r->own_ring != NULL ? "own"
						: "pool"),
	    LOG_N("attempts", r->calls), LOG_S("failed", r->trail[0] != '\0' ? r->trail : NULL),
	    LOG_S("keys_ready", wanted ? ready_text : NULL),
	    LOG_S("barred", barred.len > 0 ? barred.data : NULL),
	    LOG_S("quota", r->quota[0] != '\0' ? r->quota : NULL), LOG_N("waited_ms", r->waited_ms),
	    LOG_N("status", r->gone && !r->head_sent ? 499 : r->status),
	    LOG_N("retry_after", r->retry_after), LOG_N("upstream_status", r->up_status),
	    LOG_S("upstream_end", r->up_result != NET_OK ? netresult_word(r->up_result) : NULL),
	    LOG_S("class", r->class),
	    LOG_S("error", r->err.kind != APIERROR_NONE ? apierror_word(r->err.kind) : NULL),
	    LOG_S("home", r->home_word), LOG_N("objects", r->object_count),
	    LOG_S("client", r->gone ? "gone" : NULL),
	    LOG_N("first_byte_ms", r->first_ms != 0 ? (int64_t)(r->first_ms - r->started_ms) : -1),
	    LOG_N("total_ms", now - r->started_ms), LOG_N("bytes_in", r->bytes_in),
	    LOG_N("bytes_out", r->bytes_out), LOG_N("prompt_tokens", usage_input(&r->usage)),
	    LOG_N("cached_tokens", r->usage.cached),
	    LOG_N("completion_tokens", usage_output(&r->usage)),
	    LOG_N("reasoning_tokens", r->usage.thoughts));
	buf_release(&barred);
}

/* Ends all that the request has running: its call, its branches, the work of its step. neutral: the
 * key has done nothing wrong. */
static void
finish_cleanup(struct request *r, bool neutral)
{
	attempt_report(r, neutral);
	attempt_end(r);
	branches_cancel(r);
	request_work_cancel(r);
}

/* Inside a stream whose head is sent: an event, then the end. Bytes of another kind can only be cut
 * short, and the web server is left to show it. */
static void
fail_in_stream(struct request *r)
{
	struct buf event;

	if (r->form != REPLY_SSE) {
		edge_drop(TAKE(r->edge));
		return;
	}
	buf_init(&event, COLLECT_MAX);
	if (!r->at_event_end)
		buf_adds(&event, "\n\n");
	if (r->op->fault != NULL)
		r->op->fault(r, &event);
	else
		apierror_render_event(&r->err, r->dialect, &event);
	r->bytes_out += event.len;
	edge_end(TAKE(r->edge), buf_slice(&event));
	buf_release(&event);
}

enum step_next
step_fail(struct request *r)
{
	struct buf body, extra;

	finish_cleanup(r, false);
	choose_hint(r);
	if (r->root != NULL) {
		r->branch_failed = true;
	} else if (r->head_sent) {
		fail_in_stream(r);
	} else {
		buf_init(&body, ERROR_BODY_MAX);
		buf_init(&extra, KIB);
		/* A 429 or 503 of ours always says when to come back. */
		if (r->err.retry_after_s == 0 && !r->err.no_retry &&
		    (r->err.status == 429 || r->err.status == 503))
			r->err.retry_after_s = RETRY_AFTER_DEFAULT_S;
		reply_error_lines(r, &extra);
		apierror_render(&r->err, r->dialect, &body);
		reply_whole(
		    r, r->err.status, "application/json", buf_slice(&extra), buf_slice(&body));
		buf_release(&extra);
		buf_release(&body);
	}
	request_move(r, STEP_FINISH);
	return STEP_GO;
}

enum step_next
step_abort(struct request *r)
{
	/* The client left: neither the key's nor the model's fault. */
	finish_cleanup(r, true);
	if (r->root == NULL)
		edge_drop(TAKE(r->edge));
	request_move(r, STEP_FINISH);
	return STEP_GO;
}

enum step_next
step_finish(struct request *r)
{
	attempt_report(r, true);
	attempt_end(r);
	if (r->root != NULL) {
		branch_finish(r);
		return STEP_OVER;
	}
	if (r->op != NULL && r->op->release != NULL)
		r->op->release(r);
	if (r->token != NULL)
		token_spend(r->token, r->gw->spending,
		    (uint64_t)(usage_input(&r->usage) + usage_output(&r->usage)));
	access_line(r);
	auth_release(r);
	roster_drop(r->roster);
	refs_release(&r->refs);
	changes_release(&r->changes);
	free(r->branches);
	free(r->home_object);
	free(r->route);
	request_release(r);
	return STEP_OVER;
}
