/* POST /completions: the operation around core/completions, a call for each choice. */
#include "config.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "core/openai/completions/completions.h"
#include "app/request/request.h"
#include "app/ops/ops.h"
#include "app/request/upstream_request.h"
#include "app/request/translation.h"

struct completions_state {
	struct completions_request request;
	struct completions_stream *stream;
	struct buf *bodies, *replies; /* by call */
	int64_t created;
};

static struct completions_info
completions_info_of(struct request *root)
{
	const struct completions_state *state = root->op_state;

	return (struct completions_info){
		.id = root->id,
		.created = state->created,
		.model = state->request.model.name,
		.scratch = &request_local(root)->answers,
		.request = &state->request,
	};
}

static void
completions_write_bodies(struct completions_state *state)
{
	size_t calls = state->request.calls;

	state->bodies = xcalloc(calls, sizeof(*state->bodies));
	state->replies = xcalloc(calls, sizeof(*state->replies));
	for (size_t i = 0; i < calls; i++) {
		buf_init(&state->bodies[i], TRANSLATED_MAX);
		buf_init(&state->replies[i], COLLECT_MAX);
		completions_request_write(&state->request, i, &state->bodies[i]);
	}
}

/* Ready for a translation, which may not be the first. */
static void
completions_reset(struct completions_state *state)
{
	completions_stream_free(TAKE(state->stream));
	for (size_t i = 0; state->bodies != NULL && i < state->request.calls; i++) {
		buf_release(&state->bodies[i]);
		buf_release(&state->replies[i]);
	}
	free(TAKE(state->bodies));
	free(TAKE(state->replies));
	completions_request_release(&state->request);
	completions_request_init(&state->request);
}

static int
completions_prepare(struct request *r, struct apierror *err)
{
	struct completions_state *state = r->op_state;
	struct completions_request *c;
	struct translate_env env = request_env(r);
	struct completions_info info;
	struct slice body;

	if (state == NULL)
		r->op_state = state = xcalloc(1, sizeof(*state));
	completions_reset(state);
	c = &state->request;
	if (request_body(r, &body, err) != 0 || completions_request_read(c, body, &env, err) != 0)
		return -1;
	state->created = (int64_t)(clock_wall_ms() / 1000);
	completions_write_bodies(state);
	info = completions_info_of(r);
	if (c->stream)
		state->stream = completions_stream_new(&info);
	r->fan.count = c->calls;
	r->asked.has_fallback = c->model.fallbacks[0] != '\0';
	r->reply.form = c->stream ? REPLY_SSE : REPLY_JSON;
	target_generate(r, c->model.name, c->stream, buf_slice(&state->bodies[0]));
	return 0;
}

static void
completions_branch(struct request *branch)
{
	const struct completions_state *state = branch->op_state;

	branch->target.body = buf_slice(&state->bodies[branch->fan.index]);
	branch->target.body_len = branch->target.body.len;
}

static int
completions_feed(struct request *r, struct slice bytes, struct buf *out, struct apierror *err)
{
	struct completions_state *state = r->op_state;

	return completions_stream_feed(state->stream, r->fan.index, bytes, out, err);
}

static int
completions_end(struct request *r, struct buf *out, struct apierror *err)
{
	struct completions_state *state = r->op_state;

	return completions_stream_finish(state->stream, r->fan.index, out, err);
}

static int
completions_write_reply(struct request *root, struct buf *out, struct apierror *err)
{
	struct completions_state *state = root->op_state;
	struct completions_info info = completions_info_of(root);
	struct slice *replies = xcalloc(state->request.calls, sizeof(*replies));
	int rc;

	for (size_t i = 0; i < state->request.calls; i++)
		replies[i] = buf_slice(&state->replies[i]);
	rc = completions_reply_translate(replies, &info, out, &root->reply.usage, err);
	free(replies);
	return rc;
}

static enum collect_next
completions_collect(struct request *r, struct slice body, struct buf *out, struct apierror *err)
{
	struct completions_state *state = r->op_state;

	buf_add_slice(&state->replies[r->fan.index], body);
	if (r->root != NULL)
		return COLLECT_DONE;
	return completions_write_reply(r, out, err) == 0 ? COLLECT_DONE : COLLECT_ERROR;
}

static int
completions_gather(struct request *r, struct buf *out, struct apierror *err)
{
	struct completions_state *state = r->op_state;

	return state->stream != NULL ? 0 : completions_write_reply(r, out, err);
}

static void
completions_release(struct request *r)
{
	struct completions_state *state = r->op_state;

	if (state == NULL)
		return;
	if (state->stream != NULL)
		r->reply.usage = completions_stream_usage(state->stream);
	completions_reset(state);
	completions_request_release(&state->request);
	free(state);
}

const struct operation op_completions = {
	.repairable = true,
	.generates = true,
	.prepare = completions_prepare,
	.translates = true,
	.branch = completions_branch,
	.gather = completions_gather,
	.feed = completions_feed,
	.end = completions_end,
	.collect = completions_collect,
	.release = completions_release,
};
