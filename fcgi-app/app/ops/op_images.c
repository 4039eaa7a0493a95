/* POST /images/generations and /images/edits: the operation around core/images. */
#include "config.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "core/openai/images/images.h"
#include "app/request/request.h"
#include "app/ops/ops.h"
#include "app/request/upstream_request.h"
#include "app/request/translation.h"

struct images_state {
	struct images_request request;
	struct images_reply reply;
	int64_t created;
};

static struct images_state *
images_new_state(struct request *r)
{
	struct images_state *state = r->op_state;

	if (state == NULL) {
		r->op_state = state = xcalloc(1, sizeof(*state));
	} else {
		images_request_release(&state->request);
		images_reply_release(&state->reply);
	}
	images_request_init(&state->request);
	images_reply_init(&state->reply, &request_local(r)->answers);
	return state;
}

static int
images_set_target(struct request *r, const struct images_request *i)
{
	struct images_state *state = r->op_state;

	state->created = (int64_t)(clock_wall_ms() / 1000);
	/* Images come whole, so the upstream call does not stream when the client does. */
	r->reply.form = i->stream ? REPLY_SSE : REPLY_JSON;
	r->fan.count = i->n;
	r->asked.has_fallback = i->model.fallbacks[0] != '\0';
	target_generate(r, i->model.name, false, buf_slice(&i->body));
	return 0;
}

static int
images_prepare(struct request *r, struct apierror *err)
{
	struct images_request *i = &images_new_state(r)->request;
	struct translate_env env = request_env(r);
	struct slice body;

	if (request_body(r, &body, err) != 0 || images_request_read(i, body, &env, err) != 0)
		return -1;
	return images_set_target(r, i);
}

static int
images_read_edit(
    struct request *r, struct images_request *i, struct slice body, struct apierror *err)
{
	const char *type = fcgi_conn_param(r->client.conn, "CONTENT_TYPE");
	struct translate_env env = request_env(r);
	struct multipart form;
	int rc;

	if (type == NULL || !slice_startsi(slice_str(type), SLICE("multipart/")))
		return images_edit_read(i, body, &env, err);
	multipart_init(&form);
	rc = multipart_read(&form, slice_str(type), body, err);
	if (rc == 0)
		rc = images_form_read(i, &form, &env, err);
	multipart_release(&form);
	return rc;
}

static int
edits_prepare(struct request *r, struct apierror *err)
{
	struct images_request *i = &images_new_state(r)->request;
	struct slice body;

	if (request_body(r, &body, err) != 0 || images_read_edit(r, i, body, err) != 0)
		return -1;
	return images_set_target(r, i);
}

/* A call's images: kept for the one answer, or told at once when the client streams. */
static enum collect_next
images_collect(struct request *r, struct slice body, struct buf *out, struct apierror *err)
{
	struct images_state *state = r->op_state;
	const struct images_request *i = &state->request;
	unsigned call = (unsigned)r->fan.index;

	if (images_reply_add(&state->reply, call, body, err) != 0)
		return COLLECT_ERROR;
	request_root(r)->reply.usage = images_reply_usage(&state->reply);
	if (i->stream)
		images_events_write(&state->reply, i, call, state->created, out);
	else if (r->root == NULL && images_reply_write(&state->reply, i, state->created,
					&r->asked.changes, out, err) != 0)
		return COLLECT_ERROR;
	return COLLECT_DONE;
}

/* The images that came count: see images_reply_write. */
static bool
images_tolerate(struct request *r, size_t lane, const struct apierror *err)
{
	struct images_state *state = r->op_state;

	(void)lane;
	images_reply_fail(&state->reply, err);
	return true;
}

static int
images_gather(struct request *r, struct buf *out, struct apierror *err)
{
	struct images_state *state = r->op_state;

	if (!state->request.stream)
		return images_reply_write(
		    &state->reply, &state->request, state->created, &r->asked.changes, out, err);
	*err = state->reply.err;
	return state->reply.count > 0 ? 0 : -1;
}

static void
images_release(struct request *r)
{
	struct images_state *state = r->op_state;

	if (state == NULL)
		return;
	images_request_release(&state->request);
	images_reply_release(&state->reply);
	free(state);
}

const struct operation op_images = {
	.repairable = true,
	.prepare = images_prepare,
	.translates = true,
	.tolerate = images_tolerate,
	.gather = images_gather,
	.collect = images_collect,
	.release = images_release,
};

const struct operation op_image_edits = {
	.repairable = true,
	.has_stored_objects = true,
	.prepare = edits_prepare,
	.translates = true,
	.tolerate = images_tolerate,
	.gather = images_gather,
	.collect = images_collect,
	.release = images_release,
};

static int
variations_prepare(struct request *r, struct apierror *err)
{
	(void)r;
	return apierror_set(err, APIERROR_UNSUPPORTED, NULL,
	    "Image variations are not supported: Gemini edits images by a prompt. Send the image "
	    "to "
	    "/images/edits with one.");
}

const struct operation op_variations = {
	.prepare = variations_prepare,
	.translates = true,
};
