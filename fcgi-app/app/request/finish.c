/* The end of a request: the one door for errors, the departure of the client, the access line. */
#include "config.h"

#include "app/request/request.h"
#include "app/request/call.h"
#include "app/request/auth.h"
#include "app/request/branch.h"
#include "choose.h"
#include "app/request/reply.h"
#include "app/request/steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "app/keys/tokens.h"

#define RETRY_AFTER_DEFAULT_S 5 /* on a 429 or 503 for which Google named no time */

/* The line describes the state of the keys when a request failed for lack of one. */
static bool
access_wants_keys(const struct request *r)
{
	return r->keys.ring != NULL && r->asked.model_id != 0 && !r->client.gone &&
	       (r->err.status == 429 || r->err.status >= 500 ||
		   r->err.kind == APIERROR_MODEL_NOT_FOUND);
}

static void
access_line(struct request *r)
{
	uint64_t now = clock_mono_ms();
	size_t keys = 0, ready = 0;
	bool wanted = access_wants_keys(r);
	char ready_text[48];
	const struct key_spec *key = r->keys.spec;
	struct buf barred;

	buf_init(&barred, KIB);
	if (wanted)
		choose_explain(r, &barred, &keys, &ready);
	snprintf(ready_text, sizeof(ready_text), "%zu/%zu", ready, keys);

	log_event(LOG_INFO, "request", LOG_S("id", r->id), LOG_S("route", r->asked.route_name),
	    LOG_S("model", r->asked.model[0] != '\0' ? r->asked.model : NULL),
	    LOG_S("remote", r->client.address[0] != '\0' ? r->client.address : NULL),
	    LOG_S("instead_of",
		r->learnt.instead_of != NULL && strcmp(r->learnt.instead_of, r->asked.model) != 0
		    ? r->learnt.instead_of
		    : NULL),
	    LOG_S("key", r->keys.name[0] != '\0' ? r->keys.name : NULL),
	    LOG_S("key_name", key != NULL && key->name[0] != '\0' ? key->name : NULL),
	    LOG_N("key_line", key != NULL && r->keys.caller_ring == NULL ? key->line : 0),
	    LOG_S("token", r->client.token != NULL && token_name(r->client.token)[0] != '\0'
			       ? token_name(r->client.token)
			       : NULL),
	    LOG_S("keys", r->keys.ring == NULL          ? NULL
			  : r->keys.caller_ring != NULL ? "own"
							: "pool"),
	    LOG_N("attempts", r->access.calls),
	    LOG_S("failed", r->access.failed[0] != '\0' ? r->access.failed : NULL),
	    LOG_S("keys_ready", wanted ? ready_text : NULL),
	    LOG_S("barred", barred.len > 0 ? barred.data : NULL),
	    LOG_S("quota", r->access.quota[0] != '\0' ? r->access.quota : NULL),
	    LOG_N("waited_ms", r->keys.waited_ms),
	    LOG_N("status", r->client.gone && !r->reply.head_sent ? 499 : r->reply.status),
	    LOG_N("retry_after", r->reply.retry_after), LOG_N("upstream_status", r->attempt.status),
	    LOG_S("upstream_end",
		r->attempt.result != NET_OK ? netresult_word(r->attempt.result) : NULL),
	    LOG_S("class", r->access.class),
	    LOG_S("error", r->err.kind != APIERROR_NONE ? apierror_word(r->err.kind) : NULL),
	    LOG_S("home", r->access.home), LOG_N("objects", r->access.objects),
	    LOG_S("client", r->client.gone ? "gone" : NULL),
	    LOG_N("first_byte_ms",
		r->reply.first_ms != 0 ? (int64_t)(r->reply.first_ms - r->started_ms) : -1),
	    LOG_N("total_ms", now - r->started_ms), LOG_N("bytes_in", r->access.bytes_in),
	    LOG_N("bytes_out", r->reply.bytes_out),
	    LOG_N("prompt_tokens", usage_input(&r->reply.usage)),
	    LOG_N("cached_tokens", r->reply.usage.cached),
	    LOG_N("completion_tokens", usage_output(&r->reply.usage)),
	    LOG_N("reasoning_tokens", r->reply.usage.thoughts));
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

/* Inside a stream whose head is sent: an error event, then the end. Other bodies are cut short,
 * which the web server passes on. */
static void
finish_stream_fault(struct request *r)
{
	struct buf event;

	if (r->reply.form != REPLY_SSE) {
		fcgi_conn_drop(TAKE(r->client.conn));
		return;
	}
	buf_init(&event, COLLECT_MAX);
	if (!r->reply.at_event_end)
		buf_adds(&event, "\n\n");
	if (r->op->fault != NULL)
		r->op->fault(r, &event);
	else
		apierror_render_event(&r->err, r->client.dialect, &event);
	r->reply.bytes_out += event.len;
	fcgi_conn_end(TAKE(r->client.conn), buf_slice(&event));
	buf_release(&event);
}

enum step_next
step_fail(struct request *r)
{
	struct buf body, extra;

	finish_cleanup(r, false);
	choose_hint(r);
	if (r->root != NULL) {
		r->fan.failed = true;
	} else if (r->reply.head_sent) {
		finish_stream_fault(r);
	} else {
		buf_init(&body, ERROR_BODY_MAX);
		buf_init(&extra, KIB);
		/* A 429 or 503 of ours always says when to come back. */
		if (r->err.retry_after_s == 0 && !r->err.no_retry &&
		    (r->err.status == 429 || r->err.status == 503))
			r->err.retry_after_s = RETRY_AFTER_DEFAULT_S;
		reply_error_lines(r, &extra);
		apierror_render(&r->err, r->client.dialect, &body);
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
	/* That the client left is not the fault of the key or the model. */
	finish_cleanup(r, true);
	if (r->root == NULL)
		fcgi_conn_drop(TAKE(r->client.conn));
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
	if (r->client.token != NULL)
		token_spend(r->client.token, r->gw->spending,
		    (uint64_t)(usage_input(&r->reply.usage) + usage_output(&r->reply.usage)));
	access_line(r);
	auth_release(r);
	snapshot_drop(r->snapshot);
	ext_refs_release(&r->asked.refs);
	changes_release(&r->asked.changes);
	free(r->fan.list);
	free(r->keys.home_object);
	free(r->asked.route);
	request_release(r);
	return STEP_OVER;
}
