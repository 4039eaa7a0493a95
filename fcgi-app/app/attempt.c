/* One upstream attempt after another: choice of the key, the call, the judgement, the back-off. */
#include "config.h"

#include "request.h"
#include "attempt.h"
#include "steps.h"
#include "timer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/xalloc.h"

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
	request_timer_watch(r);
	r->up_type = line_value(lines, "content-type");
	r->up_retry_after = line_value(lines, "retry-after");
	buf_init(&r->held, status < 400 ? COLLECT_MAX : ERROR_BODY_MAX);
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
	switch (body_append(&r->whole, &limits, bytes.ptr, bytes.len)) {
	case BODY_OK:
		return true;
	case BODY_FAILED:
		request_fail(r, APIERROR_INTERNAL, NULL,
		    "The gateway could not store the answer of the Gemini API.");
		break;
	case BODY_TOO_LARGE:
		break;
	}
	r->holding = false;
	return false;
}

static void
up_data(void *ctx, struct slice bytes)
{
	struct request *r = ctx;

	r->last_up_ms = clock_mono_ms();
	if (r->steps[r->step].data != NULL) {
		r->steps[r->step].data(r, bytes);
		return;
	}
	if (r->holding && attempt_hold(r, bytes))
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
	attempt_note_failed(r, "net_cut");
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
	request_timer_watch(r);
	request_move(r, STEP_AWAIT);
	return STEP_PARK;
}

/* An error is waited for to its end. */
static bool
first_is_content(const struct request *r)
{
	enum gsniff first = gstatus_sniff(buf_slice(&r->held));

	return first == GSNIFF_CONTENT || first == GSNIFF_OTHER;
}

enum step_next
step_await(struct request *r)
{
	bool judge = r->up_ended || r->held.failed;

	/* The client's head waits for content: until then another attempt is possible. */
	if (!judge && r->up_started && r->up_status < 400 && r->target.events)
		judge = first_is_content(r) && !attempt_wants_content(r);
	else if (!judge && r->up_started && r->up_status < 400 && r->form == REPLY_BYTES)
		judge = !r->holding && r->held.len > 0 &&
		        (!attempt_is_json(r) || first_is_content(r)) && !attempt_wants_content(r);
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
