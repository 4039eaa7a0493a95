/*
 * The native Gemini API: bodies pass byte for byte in both directions. On the way back a side
 * scanner reads the token counts.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "core/http/headers.h"
#include "core/gemini/stored_objects.h"
#include "core/http/query.h"
#include "app/request/request.h"
#include "app/request/call.h"
#include "app/request/owner.h"
#include "app/ops/ops.h"
#include "app/request/reply.h"
#include "app/request/upstream_request.h"

#define EVENT_PART_MAX (1 * MIB) /* of a native event that has not come whole */

/* Names the key that began a resumable upload, so that its later parts use the same one: an upload
 * belongs to its key's project. Its value is a fingerprint, not a secret. */
#define UPLOAD_KEY_PARAM "gb_key"
/* How much of the last events is kept, from their end, where the finish reason stands. */
#define LAST_EVENT_MAX (4 * KIB)

struct native_state {
	struct usage_scan scan;
	bool sse;
	bool array;               /* a stream in the form of a JSON array */
	struct object_made *made; /* the answer may name a new object; NULL: it does not */
	struct buf part;          /* the event that has not come whole yet */
	bool torn;                /* part of an event too large to keep has gone out */
	bool reported;            /* the client was sent an error of Google's */
	struct buf last;          /* the end of what went out */
};

static const char *const our_params[] = { "key", "access_token", UPLOAD_KEY_PARAM, NULL };

static void
native_forward_headers(struct request *r)
{
	char param_name[128], name[128];
	const char *param;

	for (size_t i = 0; (param = fcgi_conn_param_at(r->client.conn, i)) != NULL; i++) {
		size_t len = strcspn(param, "=");
		struct slice value = slice_str(param[len] == '=' ? param + len + 1 : param + len);

		if (len >= sizeof(param_name) || value.len == 0)
			continue;
		memcpy(param_name, param, len);
		param_name[len] = '\0';
		if (header_from_param(param_name, name, sizeof(name)) && header_forwards(name) &&
		    header_value_ok(value))
			target_header(r, name, value);
	}
	/* Otherwise libcurl would add the type of a form. */
	if (fcgi_conn_param(r->client.conn, "CONTENT_TYPE") == NULL ||
	    fcgi_conn_param(r->client.conn, "CONTENT_TYPE")[0] == '\0')
		target_header(r, "Content-Type", SLICE(""));
}

/* `/VERSION/models/X:verb`: X, for the access line. */
static void
native_note_model(struct request *r)
{
	const char *at = strchr(r->asked.route->path + 1, '/');
	size_t len;

	if (at == NULL || strncmp(at, "/models/", strlen("/models/")) != 0)
		return;
	at += strlen("/models/");
	len = strcspn(at, ":/");
	request_set_model(r, (struct slice){ at, len });
	/* Counting has a quota of its own. */
	if (strcmp(at + len, ":countTokens") == 0)
		r->asked.model_id = balancer_model(slice_str(at));
}

static int
native_find_pinned(struct request *r, struct apierror *err)
{
	struct slice name;

	if (!query_get(r->asked.route->query, UPLOAD_KEY_PARAM, &name))
		return 0;
	r->keys.pinned = keyring_find(r->keys.ring, name);
	if (r->keys.pinned < 0)
		return apierror_set(err, APIERROR_NOT_FOUND, NULL,
		    "The key that began this upload is no longer available: start the upload "
		    "again.");
	return 0;
}

static const char *
native_method(const struct request *r)
{
	return fcgi_conn_param(r->client.conn, "REQUEST_METHOD");
}

/* POST and PUT to a collection create an object, whose project is remembered. */
static void
native_expect_object(struct request *r)
{
	struct native_state *state = r->op_state;
	struct stored_objects none;
	struct object_path path;

	stored_objects_init(&none);
	path = stored_objects_of_path(slice_str(r->asked.route->path), &none);
	stored_objects_release(&none);
	if (path.use != OBJECT_USE_MANY || native_method(r)[0] != 'P')
		return;
	state->made = xcalloc(1, sizeof(*state->made));
	object_made_init(state->made, &path);
}

static void
native_release(struct request *r)
{
	struct native_state *state = r->op_state;

	if (state == NULL)
		return;
	usage_scan_finish(&state->scan);
	r->reply.usage = state->scan.usage;
	usage_scan_release(&state->scan);
	buf_release(&state->part);
	buf_release(&state->last);
	free(state->made);
	free(state);
}

static int
native_prepare(struct request *r, struct apierror *err)
{
	struct native_state *state = xcalloc(1, sizeof(*state));
	struct body *body = fcgi_conn_body(r->client.conn);
	struct buf query;
	struct slice alt;

	native_release(r);
	r->op_state = state;
	usage_scan_init(&state->scan);
	buf_init(&state->part, COLLECT_MAX * 2);
	buf_init(&state->last, LAST_EVENT_MAX);
	native_note_model(r);
	native_expect_object(r);
	if (native_find_pinned(r, err) != 0)
		return -1;
	buf_init(&query, r->asked.route->query.len);
	query_without(r->asked.route->query, our_params, &query);
	target_url(r, native_method(r), r->asked.route->path, buf_slice(&query));
	buf_release(&query);
	native_forward_headers(r);
	r->target.body_fd = body->fd;
	r->target.body = buf_slice(&body->mem);
	r->target.body_len = body->len;
	r->target.has_body = body->len > 0;
	state->sse = slice_ends(slice_str(r->asked.route->path), SLICE(":streamGenerateContent")) &&
	             (query_get(r->asked.route->query, "alt", &alt) ||
			 query_get(r->asked.route->query, "$alt", &alt)) &&
	             slice_eqi(alt, SLICE("sse"));
	state->array = !state->sse &&
	               slice_ends(slice_str(r->asked.route->path), SLICE(":streamGenerateContent"));
	r->reply.form = state->sse ? REPLY_SSE : REPLY_BYTES;
	r->target.events = state->sse;
	r->target.large = !state->sse;
	r->reply.at_event_end = true;
	return 0;
}

/* ---- the answer ---- */

/* The upload URL comes back to the gateway, under its own host and mount point, with the name of
 * the key instead of the key. */
static void
native_upload_url(struct request *r, struct slice url)
{
	ptrdiff_t authority = slice_find(url, SLICE("://"));
	struct slice rest = url, path;
	struct buf query;
	const char *start;

	if (authority >= 0)
		rest = (struct slice){ url.ptr + authority + 3, url.len - (size_t)authority - 3 };
	start = memchr(rest.ptr, '/', rest.len);
	if (start == NULL)
		return;
	rest = (struct slice){ start, rest.len - (size_t)(start - rest.ptr) };
	slice_split(&rest, '?', &path);
	buf_init(&query, rest.len + 1);
	query_without(rest, our_params, &query);
	if (query.len > 0)
		buf_addc(&query, '&');
	buf_adds(&r->attempt.head, "x-goog-upload-url: ");
	reply_base_url(r, &r->attempt.head);
	buf_add_slice(&r->attempt.head, path);
	buf_addc(&r->attempt.head, '?');
	buf_add_slice(&r->attempt.head, buf_slice(&query));
	buf_addf(&r->attempt.head, UPLOAD_KEY_PARAM "=%s\r\n", r->keys.name);
	buf_release(&query);
}

/* Its length is only known at its end, whatever the upstream says: an error may follow. */
static bool
native_is_stream(const struct request *r)
{
	return (r->attempt.type != NULL &&
		   slice_startsi(slice_str(r->attempt.type), SLICE("text/event-stream"))) ||
	       slice_find(slice_str(r->asked.route->path), SLICE(":stream")) >= 0;
}

static void
native_head(struct request *r, const struct header_lines *lines)
{
	struct slice name, value;
	bool streams = native_is_stream(r);
	size_t pos = 0;

	r->attempt.holding =
	    r->attempt.status < 400 && !r->client.head_request && !streams && attempt_is_json(r);
	while (header_lines_next(lines, &pos, &name, &value)) {
		if (slice_eqi(name, SLICE("x-goog-upload-url"))) {
			native_upload_url(r, value);
		} else if (header_returns(name) || (!streams && !r->attempt.holding &&
						       slice_eqi(name, SLICE("content-length")))) {
			buf_add_slice(&r->attempt.head, name);
			buf_adds(&r->attempt.head, ": ");
			buf_add_slice(&r->attempt.head, value);
			buf_adds(&r->attempt.head, "\r\n");
		}
	}
	if (r->keys.caller_ring == NULL && r->attempt.head.len > 0)
		scrub_bytes(r->snapshot->scrub, r->attempt.head.data, r->attempt.head.len);
}

/* Google's own Retry-After stands among the header lines already. */
static void
native_retry_after(struct request *r)
{
	uint64_t seconds;

	if (r->attempt.retry_after == NULL) {
		r->reply.retry_after = r->err.retry_after_s;
		if (r->reply.retry_after > 0)
			buf_addf(&r->attempt.head, "Retry-After: %u\r\n", r->reply.retry_after);
	} else if (slice_u64(slice_str(r->attempt.retry_after), &seconds) && seconds < UINT32_MAX) {
		r->reply.retry_after = (unsigned)seconds;
	}
}

static void
native_pass_head(struct request *r, struct buf *out)
{
	int64_t length = r->attempt.holding ? (int64_t)r->attempt.whole.len : -1;

	if (r->attempt.pass_through)
		native_retry_after(r);
	if (native_is_stream(r))
		buf_adds(&r->attempt.head,
		    "Cache-Control: no-cache, no-transform\r\nX-Accel-Buffering: no\r\n");
	/* Content-Type, and Content-Length of what is not held, are among Google's own lines. */
	reply_head(r, out, r->attempt.status, NULL, length, buf_slice(&r->attempt.head));
}

static void
native_note_object(struct request *r, struct slice bytes)
{
	struct native_state *state = r->op_state;

	if (state->made == NULL || r->attempt.pass_through || !object_made_feed(state->made, bytes))
		return;
	if (state->made->name[0] != '\0')
		owner_made(r, state->made->name);
	free(TAKE(state->made));
}

/* Straight to the client, or behind the head that still waits in `out`. */
static void
native_send(struct request *r, struct slice bytes, struct buf *out)
{
	if (bytes.len == 0 || r->client.gone)
		return;
	if (out->len > 0) {
		buf_add_slice(out, bytes);
		return;
	}
	r->reply.content_sent = true;
	if (r->reply.first_ms == 0)
		r->reply.first_ms = clock_mono_ms();
	reply_write(r, bytes);
}

/* Where the last whole event in bytes ends, looking from an offset; 0: none does. */
static size_t
native_events_end(struct slice bytes, size_t from)
{
	static const struct slice ends[] = { { "\n\n", 2 }, { "\r\n\r\n", 4 }, { "\r\r", 2 } };

	for (size_t at = bytes.len; at > from; at--) {
		struct slice before = { bytes.ptr, at };

		if (bytes.ptr[at - 1] != '\n' && bytes.ptr[at - 1] != '\r')
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
			if (slice_ends(before, ends[i]))
				return at;
	}
	return 0;
}

/* The last bytes that went out. */
static void
native_keep_end(struct native_state *state, struct slice bytes)
{
	struct buf *last = &state->last;

	if (bytes.len > LAST_EVENT_MAX)
		bytes = (struct slice){ bytes.ptr + bytes.len - LAST_EVENT_MAX, LAST_EVENT_MAX };
	if (last->len + bytes.len > LAST_EVENT_MAX)
		buf_consume(last, last->len + bytes.len - LAST_EVENT_MAX);
	buf_add_slice(last, bytes);
}

/* Does one of these events not begin like content? */
static bool
native_has_other(struct slice events)
{
	struct slice line;

	while (slice_split(&events, '\n', &line)) {
		/* Fast path: most events begin like this. */
		if (line.len < 6 || slice_starts(line, SLICE("data: {\"candidates\"")))
			continue;
		if (slice_starts(line, SLICE("data:")) &&
		    gemini_status_sniff(line) != GSNIFF_CONTENT)
			return true;
	}
	return false;
}

/* text may be an error of Google's that went to the client. */
static void
native_look_at_error(struct request *r, struct slice text)
{
	struct native_state *state = r->op_state;
	struct gemini_status *status = &request_local(r)->answers.status;

	gemini_status_read(status, text);
	if (!status->is_status)
		return;
	state->reported = true;
	attempt_note_reported(r);
}

/* Whole events, on their way to the client. */
static void
native_look_at_events(struct request *r, struct slice events)
{
	struct native_state *state = r->op_state;

	if (events.len == 0)
		return;
	buf_reset(&state->last);
	native_keep_end(state, events);
	if (native_has_other(events))
		native_look_at_error(r, events);
}

/* The end of a stream that is an array: its last element may be an error. */
static void
native_look_at_last_element(struct request *r)
{
	struct native_state *state = r->op_state;
	struct slice text = slice_trim(buf_slice(&state->last)), key = SLICE("\"error\"");

	if (slice_ends(text, SLICE("]")))
		text.len--;
	for (size_t at = text.len; at-- > 0;) {
		struct slice rest = slice_skip(text, at), inside;

		if (rest.ptr[0] != '{')
			continue;
		inside = slice_trim(slice_skip(rest, 1));
		if (!slice_starts(inside, key))
			continue;
		native_look_at_error(r, rest);
		return;
	}
}

/* A stream that was cut after its finish reason is complete. */
static bool
native_has_finished(const struct native_state *state)
{
	return state->part.len == 0 && !state->torn &&
	       slice_find(buf_slice(&state->last), SLICE("\"finishReason\"")) >= 0;
}

/* Only whole events go out, so that an error event after a cut is not taken for part of one. */
static void
native_feed_events(struct request *r, struct slice bytes, struct buf *out)
{
	struct native_state *state = r->op_state;
	struct buf *part = &state->part;
	size_t from = 0, whole;

	if (part->len > 0) {
		/* The blank line may be split between the two pieces. */
		from = part->len > 3 ? part->len - 3 : 0;
		buf_add_slice(part, bytes);
		bytes = buf_slice(part);
	}
	whole = native_events_end(bytes, from);
	if (whole > 0)
		state->torn = false;
	if (whole == 0 && bytes.len > EVENT_PART_MAX) {
		whole = bytes.len;
		state->torn = true;
	}
	native_look_at_events(r, (struct slice){ bytes.ptr, whole });
	native_send(r, (struct slice){ bytes.ptr, whole }, out);
	if (part->len > 0)
		buf_consume(part, whole);
	else
		buf_add(part, bytes.ptr + whole, bytes.len - whole);
	r->reply.at_event_end = !state->torn;
}

static int
native_feed(struct request *r, struct slice bytes, struct buf *out, struct apierror *err)
{
	struct native_state *state = r->op_state;

	(void)err;
	if (bytes.len == 0 || r->client.gone)
		return 0;
	usage_scan_feed(&state->scan, bytes);
	native_note_object(r, bytes);
	if (state->sse && !r->attempt.pass_through)
		native_feed_events(r, bytes, out);
	else
		native_send(r, bytes, out);
	if (state->array && !r->attempt.pass_through)
		native_keep_end(state, bytes);
	return 0;
}

static int
native_end(struct request *r, struct buf *out, struct apierror *err)
{
	struct native_state *state = r->op_state;

	if (state->array)
		native_look_at_last_element(r);
	if (r->attempt.result == NET_OK || r->attempt.pass_through || state->reported ||
	    native_has_finished(state)) {
		native_send(r, buf_slice(&state->part), out);
		return 0;
	}
	return apierror_set(err, APIERROR_CUT, NULL, "%s", "");
}

const struct operation op_native = {
	.prepare = native_prepare,
	.head = native_head,
	.pass_head = native_pass_head,
	.feed = native_feed,
	.end = native_end,
	.release = native_release,
	.generates = true,
	.native = true,
};
