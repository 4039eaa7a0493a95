/* POST /chat/completions: the operation around core/chat. */
#include "config.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "core/openai/chat/chat.h"
#include "app/request/request.h"
#include "app/ops/ops.h"
#include "app/request/resolve.h"
#include "app/request/upstream_request.h"
#include "app/request/translation.h"

struct chat_state {
	struct chat_request request;
	struct chat_stream *stream;
	struct buf *replies; /* of several calls, by their index */
	int64_t created;
};

static void
chat_keep_signature(void *ctx, struct slice call_id, struct slice value)
{
	resolve_keep(ctx, REF_SIGNATURE, call_id, value);
}

static struct chat_reply_info
chat_info(struct request *root)
{
	const struct chat_state *state = root->op_state;
	const struct chat_request *c = &state->request;

	return (struct chat_reply_info){
		.id = root->id,
		.created = state->created,
		.model = c->model.name,
		.include_usage = c->include_usage,
		.legacy_functions = c->legacy_functions,
		.one_call = c->one_call,
		.grounded = c->grounded,
		.audio_format = c->audio_format,
		.tools = c->tools,
		.fan = root->fan.count,
		.scratch = &request_local(root)->answers,
		.keep = chat_keep_signature,
		.keep_ctx = root,
	};
}

static void
chat_free_replies(struct chat_state *state, size_t count)
{
	for (size_t i = 0; state->replies != NULL && i < count; i++)
		buf_release(&state->replies[i]);
	free(TAKE(state->replies));
}

static void
chat_new_replies(struct chat_state *state, size_t count)
{
	chat_free_replies(state, count);
	state->replies = xcalloc(count, sizeof(*state->replies));
	for (size_t i = 0; i < count; i++)
		buf_init(&state->replies[i], COLLECT_MAX);
}

static int
chat_prepare(struct request *r, struct apierror *err)
{
	struct chat_state *state = r->op_state;
	struct translate_env env = request_env(r);
	struct chat_request *c;
	struct chat_reply_info info;
	struct slice body;

	if (state == NULL)
		r->op_state = state = xcalloc(1, sizeof(*state));
	c = &state->request;
	chat_request_release(c);
	chat_request_init(c);
	if (request_body(r, &body, err) != 0 || chat_request_read(c, body, &env, err) != 0)
		return -1;
	state->created = (int64_t)(clock_wall_ms() / 1000);
	r->fan.count = c->fan;
	r->asked.has_fallback = c->model.fallbacks[0] != '\0';
	r->reply.form = c->stream ? REPLY_SSE : REPLY_JSON;
	target_generate(r, c->model.name, c->stream, buf_slice(&c->body));
	if (r->asked.refs.wanted > 0)
		return 0;
	info = chat_info(r);
	chat_stream_free(TAKE(state->stream));
	if (c->stream)
		state->stream = chat_stream_new(&info);
	else if (r->fan.count > 1)
		chat_new_replies(state, r->fan.count);
	return 0;
}

static int
chat_feed(struct request *r, struct slice bytes, struct buf *out, struct apierror *err)
{
	struct chat_state *state = r->op_state;

	return chat_stream_feed(state->stream, r->fan.index, bytes, out, err);
}

static int
chat_end(struct request *r, struct buf *out, struct apierror *err)
{
	struct chat_state *state = r->op_state;

	return chat_stream_finish(state->stream, r->fan.index, out, err);
}

static enum collect_next
chat_collect(struct request *r, struct slice body, struct buf *out, struct apierror *err)
{
	struct chat_state *state = r->op_state;
	struct chat_reply_info info;

	if (r->root != NULL) {
		buf_add_slice(&state->replies[r->fan.index], body);
		return COLLECT_DONE;
	}
	info = chat_info(r);
	return chat_reply_translate(&body, &info, out, &r->reply.usage, err) == 0 ? COLLECT_DONE
	                                                                          : COLLECT_ERROR;
}

static int
chat_gather(struct request *r, struct buf *out, struct apierror *err)
{
	struct chat_state *state = r->op_state;
	struct chat_reply_info info = chat_info(r);
	struct slice *replies;
	int rc;

	if (state->stream != NULL)
		return 0;
	replies = xcalloc(r->fan.count, sizeof(*replies));
	for (size_t i = 0; i < r->fan.count; i++)
		replies[i] = buf_slice(&state->replies[i]);
	rc = chat_reply_translate(replies, &info, out, &r->reply.usage, err);
	free(replies);
	return rc;
}

static void
chat_free_early(struct request *r)
{
	struct chat_state *state = r->op_state;

	buf_release(&state->request.body);
}

static void
chat_release(struct request *r)
{
	struct chat_state *state = r->op_state;

	if (state == NULL)
		return;
	if (state->stream != NULL)
		r->reply.usage = chat_stream_usage(state->stream);
	chat_stream_free(state->stream);
	chat_free_replies(state, r->fan.count);
	chat_request_release(&state->request);
	free(state);
}

const struct operation op_chat = {
	.prepare = chat_prepare,
	.translates = true,
	.gather = chat_gather,
	.repairable = true,
	.generates = true,
	.has_stored_objects = true,
	.feed = chat_feed,
	.end = chat_end,
	.collect = chat_collect,
	.free_early = chat_free_early,
	.release = chat_release,
};
