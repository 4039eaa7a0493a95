/* POST /audio/transcriptions and /audio/translations: the operation around core/transcription. */
#include "config.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "core/openai/audio/transcription.h"
#include "app/request/request.h"
#include "app/ops/ops.h"
#include "app/request/upstream_request.h"
#include "app/request/translation.h"

struct transcription_state {
	struct transcription_request request;
	struct transcription_stream *stream;
};

static int
transcription_read_form(struct request *r, struct transcription_request *t,
    enum transcription_task task, struct apierror *err)
{
	const char *type = fcgi_conn_param(r->client.conn, "CONTENT_TYPE");
	struct translate_env env = request_env(r);
	struct multipart form;
	struct slice body;
	int rc;

	if (request_body(r, &body, err) != 0)
		return -1;
	multipart_init(&form);
	rc = multipart_read(&form, slice_str(type != NULL ? type : ""), body, err);
	if (rc == 0)
		rc = transcription_request_read(t, task, &form, &env, err);
	multipart_release(&form);
	return rc;
}

static int
transcription_prepare(struct request *r, enum transcription_task task, struct apierror *err)
{
	struct transcription_state *state = r->op_state;
	struct transcription_request *t;

	if (state == NULL)
		r->op_state = state = xcalloc(1, sizeof(*state));
	t = &state->request;
	transcription_stream_free(TAKE(state->stream));
	transcription_request_release(t);
	transcription_request_init(t);
	if (transcription_read_form(r, t, task, err) != 0)
		return -1;
	r->reply.type = transcription_type(t->how.format);
	r->asked.has_fallback = t->model.fallbacks[0] != '\0';
	r->reply.form = t->stream ? REPLY_SSE : REPLY_JSON;
	if (t->stream)
		state->stream = transcription_stream_new(&t->how, &request_local(r)->answers);
	target_generate(r, t->model.name, t->stream, buf_slice(&t->body));
	return 0;
}

static int
transcriptions_prepare(struct request *r, struct apierror *err)
{
	return transcription_prepare(r, TASK_TRANSCRIBE, err);
}

static int
translations_prepare(struct request *r, struct apierror *err)
{
	return transcription_prepare(r, TASK_TRANSLATE, err);
}

static int
transcription_feed(struct request *r, struct slice bytes, struct buf *out, struct apierror *err)
{
	struct transcription_state *state = r->op_state;

	return transcription_stream_feed(state->stream, bytes, out, err);
}

static int
transcription_end(struct request *r, struct buf *out, struct apierror *err)
{
	struct transcription_state *state = r->op_state;

	return transcription_stream_finish(state->stream, out, err);
}

static enum collect_next
transcription_collect(struct request *r, struct slice body, struct buf *out, struct apierror *err)
{
	struct transcription_state *state = r->op_state;

	return transcription_reply(body, &state->request.how, &request_local(r)->answers, out,
		   &r->reply.usage, err) == 0
	           ? COLLECT_DONE
	           : COLLECT_ERROR;
}

static void
transcription_free_early(struct request *r)
{
	struct transcription_state *state = r->op_state;

	buf_release(&state->request.body);
}

static void
transcription_release(struct request *r)
{
	struct transcription_state *state = r->op_state;

	if (state == NULL)
		return;
	if (state->stream != NULL)
		r->reply.usage = *transcription_stream_usage(state->stream);
	transcription_stream_free(state->stream);
	transcription_request_release(&state->request);
	free(state);
}

/* clang-format off */
#define OPERATION_OF_BOTH \
	.repairable = true, .translates = true, .feed = transcription_feed, .end = transcription_end, \
	.collect = transcription_collect, .free_early = transcription_free_early, \
	.release = transcription_release

const struct operation op_transcriptions = { OPERATION_OF_BOTH, .prepare = transcriptions_prepare };
const struct operation op_translations = { OPERATION_OF_BOTH, .prepare = translations_prepare };
/* clang-format on */
