/* POST /chat/completions: core/chat between the two sides. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "core/chat.h"
#include "request.h"

struct chat_state {
	struct chat_request request;
	struct chat_stream *stream;
	char *model; /* what the reply shows */
	int64_t created;
};

static struct chat_reply_info
reply_info(struct request *r)
{
	const struct chat_state *state = r->op_state;

	return (struct chat_reply_info){
		.id = r->id,
		.created = state->created,
		.model = state->model,
		.include_usage = state->request.include_usage,
		.legacy_functions = state->request.legacy_functions,
		.reader = request_local(r)->reader,
	};
}

static void
new_stream(struct request *r)
{
	struct chat_state *state = r->op_state;
	struct chat_reply_info info = reply_info(r);

	if (!state->request.stream)
		return;
	state->stream = chat_stream_new(&info);
}

static int
chat_prepare(struct request *r, struct apierror *err)
{
	struct chat_state *state = xcalloc(1, sizeof(*state));
	struct chat_request *c = &state->request;
	struct slice body;
	char path[MODEL_NAME_MAX + 64];

	r->op_state = state;
	chat_request_init(c);
	if (!body_slice(edge_body(r->edge), &body))
		return apierror_set(err, APIERROR_INTERNAL, NULL, "%s", "");
	if (chat_request_read(c, body, r->gw->models, err) != 0)
		return -1;
	state->model = xstrdup(c->model.name);
	state->created = (int64_t)(clock_wall_ms() / 1000);
	request_set_model(r, slice_str(c->model.name));
	snprintf(path, sizeof(path), "/v1beta/%s%s:%s",
	    slice_find(slice_str(c->model.name), SLICE("/")) < 0 ? "models/" : "", c->model.name,
	    c->stream ? "streamGenerateContent" : "generateContent");
	target_url(r, "POST", path, c->stream ? SLICE("alt=sse") : SLICE(""));
	target_json(r, buf_slice(&c->body));
	r->form = c->stream ? REPLY_SSE : REPLY_JSON;
	new_stream(r);
	return 0;
}

static int
chat_feed(struct request *r, struct slice bytes, struct buf *out, struct apierror *err)
{
	struct chat_state *state = r->op_state;

	return chat_stream_feed(state->stream, 0, bytes, out, err);
}

static int
chat_end(struct request *r, struct buf *out, struct apierror *err)
{
	struct chat_state *state = r->op_state;

	return chat_stream_finish(state->stream, 0, out, err);
}

static enum collect_next
chat_collect(struct request *r, struct slice body, struct buf *out, struct apierror *err)
{
	struct chat_reply_info info = reply_info(r);

	return chat_reply_translate(&body, &info, out, &r->usage, err) == 0 ? COLLECT_DONE
	                                                                    : COLLECT_ERROR;
}

static void
chat_shed(struct request *r)
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
		r->usage = chat_stream_usage(state->stream);
	chat_request_release(&state->request);
	chat_stream_free(state->stream);
	free(state->model);
	free(state);
}

const struct operation op_chat = {
	.prepare = chat_prepare,
	.feed = chat_feed,
	.end = chat_end,
	.collect = chat_collect,
	.shed = chat_shed,
	.release = chat_release,
};
