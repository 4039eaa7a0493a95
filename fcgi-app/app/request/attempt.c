/* The steps of an upstream attempt: the call, its first bytes, the back-off. */
#include "config.h"

#include "app/request/request.h"
#include "app/request/access.h"
#include "app/request/key_call.h"
#include "app/request/call.h"
#include "app/request/steps.h"
#include "timer.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "net/loop.h"
#include "net/http/upstream.h"

/* ---- events of the call ---- */

static char *
attempt_line_value(const struct header_lines *lines, const char *name)
{
	struct slice value = header_lines_get(lines, name);

	return value.len > 0 ? xstrndup(value.ptr, value.len) : NULL;
}

static void
attempt_up_head(void *ctx, int status, const struct header_lines *lines)
{
	struct request *r = ctx;

	r->attempt.started = true;
	r->attempt.status = status;
	r->attempt.last_byte_ms = clock_mono_ms();
	/* Another time limit holds from here. */
	request_timer_watch(r);
	r->attempt.type = attempt_line_value(lines, "content-type");
	r->attempt.retry_after = attempt_line_value(lines, "retry-after");
	buf_init(&r->attempt.held, status < 400 ? COLLECT_MAX : ERROR_BODY_MAX);
	if (r->op->head != NULL)
		r->op->head(r, lines);
	request_run(r);
}

/*
 * An answer that is one document goes out only when it is whole, because a web server makes a cut
 * look like its end. Above BODY_MEMORY it is kept in a temporary file. False when the answer is too
 * large to be held: these bytes are not kept, all before them are. False too when it cannot be
 * stored; the request has moved to step fail then.
 */
static bool
attempt_hold(struct request *r, struct slice bytes)
{
	struct body_limits limits = request_body_limits(r);

	limits.total = COLLECT_MAX;
	switch (body_append(&r->attempt.whole, &limits, bytes.ptr, bytes.len)) {
	case BODY_OK:
		return true;
	case BODY_FAILED:
		request_fail(r, APIERROR_INTERNAL, NULL,
		    "The gateway could not store the answer of the Gemini API.");
		break;
	case BODY_TOO_LARGE:
		break;
	}
	r->attempt.holding = false;
	return false;
}

static void
attempt_up_data(void *ctx, struct slice bytes)
{
	struct request *r = ctx;

	r->attempt.last_byte_ms = clock_mono_ms();
	if (r->steps[r->step].data != NULL) {
		r->steps[r->step].data(r, bytes);
		return;
	}
	if (r->attempt.holding && attempt_hold(r, bytes))
		return;
	/* An answer above the ceiling is judged by its beginning; what is kept stays whole. */
	if (bytes.len > r->attempt.held.max - r->attempt.held.len)
		r->attempt.held.failed = true;
	buf_add_slice(&r->attempt.held, bytes);
	request_run(r);
}

/* A kept connection was dead, or Google refused the stream: the call is made again. */
static bool
attempt_up_again(void *ctx)
{
	struct request *r = ctx;

	if (r->attempt.count > r->gw->conf->retry_max)
		return false;
	access_add_failed(r, "net_cut");
	r->attempt.count++;
	access_count_call(r);
	return true;
}

static void
attempt_up_end(void *ctx, enum netresult result)
{
	struct request *r = ctx;

	r->attempt.call = NULL;
	r->attempt.ended = true;
	r->attempt.result = result;
	request_run(r);
}

static const struct call_events call_events = { attempt_up_head, attempt_up_data, attempt_up_end,
	attempt_up_again };

/* ---- steps ---- */

/* The header lines of the target, and the credential. */
static void
attempt_lines(struct request *r)
{
	size_t count = 0, i = 0;

	for (size_t at = 0; at < r->target.lines.len; at += strlen(r->target.lines.data + at) + 1)
		count++;
	r->attempt.lines = xcalloc(count + 2, sizeof(char *));
	for (size_t at = 0; at < r->target.lines.len; at += strlen(r->target.lines.data + at) + 1)
		r->attempt.lines[i++] = r->target.lines.data + at;
	r->attempt.credential = key_call_credential(r->keys.ring, (size_t)r->keys.picked);
	r->attempt.lines[i] = r->attempt.credential;
}

enum step_next
step_call(struct request *r)
{
	struct call_request request = {
		.method = r->target.method,
		.url = r->target.url.data,
		.body = r->target.body,
		.body_fd = r->target.body_fd,
		.body_len = r->target.body_len,
		.has_body = r->target.has_body,
		.large = r->target.large,
		.proxy = key_call_proxy(r->keys.ring, (size_t)r->keys.picked),
	};

	r->attempt.count++;
	access_count_call(r);
	keypool_tried_add(r->keys.tried, (size_t)r->keys.picked);
	snprintf(r->keys.name, sizeof(r->keys.name), "%s",
	    keyring_fingerprint(r->keys.ring, (size_t)r->keys.picked));
	r->keys.spec = keyring_spec(r->keys.ring, (size_t)r->keys.picked);
	attempt_lines(r);
	request.headers = r->attempt.lines;
	r->attempt.status = 0;
	r->attempt.last_byte_ms = r->attempt.started_ms = clock_mono_ms();
	if (r->reply.last_write_ms == 0)
		r->reply.last_write_ms = r->attempt.last_byte_ms;
	r->attempt.call = call_start(loop_upstream(r->loop), &request, &call_events, r);
	request_timer_watch(r);
	request_move(r, STEP_AWAIT);
	return STEP_PARK;
}

/* Errors are read to their end before they are judged. */
static bool
attempt_first_is_content(const struct request *r)
{
	enum gemini_status_scan first = gemini_status_sniff(buf_slice(&r->attempt.held));

	return first == GSNIFF_CONTENT || first == GSNIFF_OTHER;
}

enum step_next
step_await(struct request *r)
{
	bool judge = r->attempt.ended || r->attempt.held.failed;

	/* The client's head waits for content: until then another attempt is possible. */
	if (!judge && r->attempt.started && r->attempt.status < 400 && r->target.events)
		judge = attempt_first_is_content(r) && !attempt_wants_content(r);
	else if (!judge && r->attempt.started && r->attempt.status < 400 &&
		 r->reply.form == REPLY_BYTES)
		judge = !r->attempt.holding && r->attempt.held.len > 0 &&
		        (!attempt_is_json(r) || attempt_first_is_content(r)) &&
		        !attempt_wants_content(r);
	if (!judge)
		return STEP_PARK;
	request_move(r, STEP_JUDGE);
	return STEP_GO;
}

enum step_next
step_wait(struct request *r)
{
	request_move(r, STEP_PICK);
	return STEP_GO;
}
