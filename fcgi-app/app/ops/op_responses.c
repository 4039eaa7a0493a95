/* POST /responses: the operation around core/responses; GET and DELETE of what was stored. */
#include "config.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "core/openai/responses/responses.h"
#include "app/request/request.h"
#include "app/ops/ops.h"
#include "app/request/reply.h"
#include "app/request/resolve.h"
#include "app/request/upstream_request.h"
#include "app/request/translation.h"

struct responses_state {
	struct responses_request request;
	struct responses_stream *stream;
	struct buf kept; /* of a compaction, see struct responses_info */
	int64_t created;
};

static void
responses_keep_signature(void *ctx, struct slice call_id, struct slice value)
{
	resolve_keep(ctx, REF_SIGNATURE, call_id, value);
}

static void
responses_new_stream(struct request *r)
{
	struct responses_state *state = r->op_state;
	const struct chat_request *c = &state->request.chat;
	struct responses_info info = {
		.chat = {
			.id = r->id,
			.created = state->created,
			.model = c->model.name,
			.one_call = c->one_call,
			.grounded = c->grounded,
			.tools = c->tools,
			.scratch = &request_local(r)->answers,
			.keep = responses_keep_signature,
			.keep_ctx = r,
		},
		.echo = buf_slice(&state->request.echo),
		.events = c->stream,
		.compact = state->request.compact,
		.compaction = state->request.use == RESPONSES_COMPACT,
	};

	if (info.compaction) {
		buf_reset(&state->kept);
		responses_compact_keep(&state->request, r->id, &state->kept);
		info.kept = buf_slice(&state->kept);
	}
	responses_stream_free(state->stream);
	state->stream = responses_stream_new(&info);
}

static int
responses_prepare(struct request *r, struct apierror *err)
{
	struct responses_state *state = r->op_state;
	struct translate_env env = request_env(r);
	struct responses_request *q;
	struct slice body;

	if (state == NULL) {
		r->op_state = state = xcalloc(1, sizeof(*state));
		buf_init(&state->kept, TRANSLATED_MAX);
	}
	q = &state->request;
	/* It tells what the request held. */
	responses_stream_free(TAKE(state->stream));
	responses_request_release(q);
	responses_request_init(q);
	if (r->asked.route->op == ROUTE_COMPACT)
		q->use = RESPONSES_COMPACT;
	if (request_body(r, &body, err) != 0 || responses_request_read(q, body, &env, err) != 0)
		return -1;
	state->created = (int64_t)(clock_wall_ms() / 1000);
	r->asked.has_fallback = q->chat.model.fallbacks[0] != '\0';
	r->reply.form = q->chat.stream ? REPLY_SSE : REPLY_JSON;
	target_generate(r, q->chat.model.name, q->chat.stream, buf_slice(&q->chat.body));
	if (r->asked.refs.wanted == 0)
		responses_new_stream(r);
	return 0;
}

/* The end of a good answer. */
static void
responses_store(struct request *r)
{
	struct responses_state *state = r->op_state;
	struct buf id, text;

	r->reply.usage = *responses_stream_usage(state->stream);
	if (!state->request.store || state->request.use != RESPONSES_CREATE)
		return;
	buf_init(&id, 64);
	buf_addf(&id, "resp_%s", r->id);
	buf_init(&text, RESPONSE_MAX);
	responses_stored_write(&state->request, state->stream, &text);
	if (text.failed || !resolve_keep(r, REF_RESPONSE, buf_slice(&id), buf_slice(&text)))
		log_event(LOG_WARN, "response_not_stored", LOG_S("id", r->id));
	buf_release(&id);
	buf_release(&text);
}

static int
responses_feed(struct request *r, struct slice bytes, struct buf *out, struct apierror *err)
{
	struct responses_state *state = r->op_state;

	return responses_stream_feed(state->stream, bytes, out, err);
}

static int
responses_end(struct request *r, struct buf *out, struct apierror *err)
{
	struct responses_state *state = r->op_state;

	if (responses_stream_finish(state->stream, out, err) != 0)
		return -1;
	responses_store(r);
	return 0;
}

static enum collect_next
responses_collect(struct request *r, struct slice body, struct buf *out, struct apierror *err)
{
	struct responses_state *state = r->op_state;

	if (responses_stream_document(state->stream, body, out, err) != 0)
		return COLLECT_ERROR;
	responses_store(r);
	return COLLECT_DONE;
}

static void
responses_fault(struct request *r, struct buf *out)
{
	struct responses_state *state = r->op_state;

	if (state->stream != NULL)
		responses_stream_fail(state->stream, &r->err, out);
	else
		apierror_render_event(&r->err, r->client.dialect, out);
}

static void
responses_free_early(struct request *r)
{
	struct responses_state *state = r->op_state;

	buf_release(&state->request.chat.body);
}

static void
responses_release(struct request *r)
{
	struct responses_state *state = r->op_state;

	if (state == NULL)
		return;
	responses_stream_free(state->stream);
	responses_request_release(&state->request);
	buf_release(&state->kept);
	free(state);
}

const struct operation op_responses = {
	.prepare = responses_prepare,
	.translates = true,
	.repairable = true,
	.generates = true,
	.has_stored_objects = true,
	.feed = responses_feed,
	.end = responses_end,
	.collect = responses_collect,
	.fault = responses_fault,
	.free_early = responses_free_early,
	.release = responses_release,
};

/* ---- POST /responses/input_tokens ---- */

struct count_state {
	struct responses_request request;
	struct buf body;
};

static int
count_prepare(struct request *r, struct apierror *err)
{
	struct count_state *state = r->op_state;
	struct translate_env env = request_env(r);
	struct responses_request *q;
	struct slice body;

	if (state == NULL) {
		r->op_state = state = xcalloc(1, sizeof(*state));
		buf_init(&state->body, TRANSLATED_MAX + URL_MAX);
	}
	q = &state->request;
	responses_request_release(q);
	responses_request_init(q);
	q->use = RESPONSES_COUNT;
	if (request_body(r, &body, err) != 0 || responses_request_read(q, body, &env, err) != 0)
		return -1;
	r->asked.has_fallback = q->chat.model.fallbacks[0] != '\0';
	r->reply.form = REPLY_JSON;
	buf_reset(&state->body);
	if (r->asked.refs.wanted == 0)
		responses_count_write(q, &state->body);
	target_count(r, q->chat.model.name, buf_slice(&state->body));
	return 0;
}

static enum collect_next
count_collect(struct request *r, struct slice body, struct buf *out, struct apierror *err)
{
	(void)r;
	return responses_count_reply(body, &request_local(r)->answers, out, err) == 0
	           ? COLLECT_DONE
	           : COLLECT_ERROR;
}

static void
count_release(struct request *r)
{
	struct count_state *state = r->op_state;

	if (state == NULL)
		return;
	responses_request_release(&state->request);
	buf_release(&state->body);
	free(state);
}

const struct operation op_input_tokens = {
	.prepare = count_prepare,
	.translates = true,
	.repairable = true,
	.has_stored_objects = true,
	.collect = count_collect,
	.release = count_release,
};

/* ---- GET and DELETE /responses/{id}, GET /responses/{id}/input_items, POST .../cancel ---- */

static int
responses_unknown(struct apierror *err, struct slice id)
{
	return apierror_set(err, APIERROR_NOT_FOUND, "response_id",
	    "Response with id '%.*s' not found.", id.len < 64 ? (int)id.len : 64, id.ptr);
}

/* 1: the stored value is not a response. */
static int
responses_list_input(struct request *r, struct slice stored, struct buf *out, struct apierror *err)
{
	struct responses_page page;
	int rc = responses_page_read(&page, r->asked.route->query, err);

	if (rc == 0)
		rc = responses_stored_input(stored, &page, out, err);
	responses_page_release(&page);
	return rc;
}

static int
responses_answer_stored(
    struct request *r, const struct ref *ref, struct buf *out, struct apierror *err)
{
	const char *method = fcgi_conn_param(r->client.conn, "REQUEST_METHOD");
	struct slice key = ref_key(ref), stored = buf_slice(&ref->value);
	struct jwriter w = jwriter_on(out);

	if (slice_eq(slice_str(method), SLICE("DELETE"))) {
		resolve_drop(r, REF_RESPONSE, key);
		jw_object(&w, NULL);
		jw_slice(&w, "id", key);
		jw_str(&w, "object", "response");
		jw_bool(&w, "deleted", true);
		jw_object_end(&w);
		return 0;
	}
	if (r->asked.route->op == ROUTE_RESPONSE_CANCEL)
		return apierror_set(err, APIERROR_BAD_REQUEST, "response_id",
		    "Cannot cancel a synchronous response: it is complete. This gateway makes "
		    "none in the background.");
	if (r->asked.route->op == ROUTE_RESPONSE_INPUT)
		return responses_list_input(r, stored, out, err);
	return responses_stored_response(stored, out) == 0 ? 0 : 1;
}

static int
stored_prepare(struct request *r, struct apierror *err)
{
	const struct ref *ref;
	struct slice id = r->asked.route->item;
	struct buf out;
	int rc;

	ref = ext_refs_get(&r->asked.refs, REF_RESPONSE, id, "response_id", err);
	if (ref != NULL && ref->state == REF_ABSENT && ref->err.kind != APIERROR_NONE) {
		*err = ref->err;
		return -1;
	}
	if (ref == NULL || ref->state == REF_ABSENT)
		return responses_unknown(err, id);
	if (ref->state == REF_WANTED)
		return 0;
	buf_init(&out, RESPONSE_MAX);
	rc = responses_answer_stored(r, ref, &out, err);
	if (rc == 0)
		reply_whole(r, 200, NULL, SLICE(""), buf_slice(&out));
	else if (rc > 0)
		rc = responses_unknown(err, id);
	buf_release(&out);
	return rc;
}

const struct operation op_response = {
	.prepare = stored_prepare,
};
