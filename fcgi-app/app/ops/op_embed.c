/* POST /embeddings: as many batch calls as Google's limit asks for, in order. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "core/openai/embeddings/embeddings.h"
#include "app/request/request.h"
#include "app/ops/ops.h"
#include "app/request/upstream_request.h"
#include "app/request/translation.h"

struct embed_state {
	struct embed_request request;
	struct embed_reply reply;
	struct buf body;
	size_t next; /* first input of the running call */
};

/* The title stands beside each input: a batch can be much longer than what the caller sent. */
static int
embed_next_batch(struct request *r, struct apierror *err)
{
	struct embed_state *state = r->op_state;

	buf_reset(&state->body);
	embed_request_write(&state->request, state->next, &state->body);
	r->target.body = buf_slice(&state->body);
	r->target.body_len = state->body.len;
	if (!state->body.failed)
		return 0;
	return apierror_set(err, APIERROR_TOO_LARGE, "title",
	    "The inputs of one call, each with the title, need more than %lu MB. Send fewer "
	    "inputs, or a shorter 'title'.",
	    TRANSLATED_MAX / MIB);
}

static void
embed_clear(struct embed_state *state)
{
	embed_request_release(&state->request);
	embed_reply_release(&state->reply);
	buf_release(&state->body);
}

/* Ready for a translation. A later one may be for another model, so no vectors are kept. */
static struct embed_state *
embed_new_state(struct request *r)
{
	struct embed_state *state = r->op_state;

	if (state == NULL)
		r->op_state = state = xcalloc(1, sizeof(*state));
	else
		embed_clear(state);
	embed_request_init(&state->request);
	embed_reply_init(&state->reply, &request_local(r)->answers);
	buf_init(&state->body, TRANSLATED_MAX);
	state->next = 0;
	return state;
}

static int
embed_prepare(struct request *r, struct apierror *err)
{
	struct embed_request *e = &embed_new_state(r)->request;
	struct translate_env env = request_env(r);
	struct slice body;
	char path[MODEL_NAME_MAX + 64];

	if (request_body(r, &body, err) != 0 || embed_request_read(e, body, &env, err) != 0)
		return -1;
	request_set_model(r, slice_str(e->model.name));
	r->asked.has_fallback = e->model.fallbacks[0] != '\0';
	snprintf(path, sizeof(path), "/v1beta/models/%s:batchEmbedContents", e->model.name);
	target_url(r, "POST", path, SLICE(""));
	target_json(r, SLICE(""));
	r->reply.form = REPLY_JSON;
	return embed_next_batch(r, err);
}

static enum collect_next
embed_collect(struct request *r, struct slice body, struct buf *out, struct apierror *err)
{
	struct embed_state *state = r->op_state;

	if (embed_reply_add(&state->reply, &state->request, body, err) != 0)
		return COLLECT_ERROR;
	r->reply.usage = state->reply.usage;
	state->next += EMBED_BATCH_MAX;
	if (state->next < state->request.count)
		return embed_next_batch(r, err) == 0 ? COLLECT_MORE : COLLECT_ERROR;
	return embed_reply_write(
		   &state->reply, &state->request, state->request.model.name, out, err) == 0
	           ? COLLECT_DONE
	           : COLLECT_ERROR;
}

static void
embed_release(struct request *r)
{
	struct embed_state *state = r->op_state;

	if (state == NULL)
		return;
	embed_clear(state);
	free(state);
}

const struct operation op_embeddings = {
	.prepare = embed_prepare,
	.translates = true,
	.collect = embed_collect,
	.release = embed_release,
};
