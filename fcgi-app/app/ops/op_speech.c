/* POST /audio/speech: the operation around core/speech. */
#include "config.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "core/openai/audio/speech.h"
#include "app/request/request.h"
#include "app/ops/ops.h"
#include "app/request/reply.h"
#include "app/request/upstream_request.h"
#include "app/request/translation.h"

struct speech_state {
	struct speech_request request;
	struct speech_stream *stream;
	char type[SOUND_TYPE_MAX];
};

static int
speech_prepare(struct request *r, struct apierror *err)
{
	struct speech_state *state = r->op_state;
	struct translate_env env = request_env(r);
	struct speech_request *s;
	struct slice body;

	if (state == NULL)
		r->op_state = state = xcalloc(1, sizeof(*state));
	s = &state->request;
	speech_stream_free(TAKE(state->stream));
	speech_request_release(s);
	speech_request_init(s);
	if (request_body(r, &body, err) != 0 || speech_request_read(s, body, &env, err) != 0)
		return -1;
	if (s->stream)
		state->stream = speech_stream_new(s->format, s->events, &request_local(r)->answers);
	r->asked.has_fallback = s->model.fallbacks[0] != '\0';
	r->reply.form = s->events ? REPLY_SSE : s->stream ? REPLY_BYTES : REPLY_JSON;
	target_generate(r, s->model.name, s->stream, buf_slice(&s->body));
	return 0;
}

/* Sound without events: the head waits for the first bytes, which tell the type. */
static int
speech_feed(struct request *r, struct slice bytes, struct buf *out, struct apierror *err)
{
	struct speech_state *state = r->op_state;
	struct buf sound;
	int rc;

	if (r->reply.head_sent)
		return speech_stream_feed(state->stream, bytes, out, err);
	buf_init(&sound, COLLECT_MAX);
	rc = speech_stream_feed(state->stream, bytes, &sound, err);
	if (sound.len > 0) {
		reply_head(r, out, 200, speech_stream_type(state->stream), -1,
		    SLICE("Cache-Control: no-cache, no-transform\r\nX-Accel-Buffering: no\r\n"));
		buf_add_slice(out, buf_slice(&sound));
		out->failed |= sound.failed;
	}
	buf_release(&sound);
	return rc;
}

static int
speech_end(struct request *r, struct buf *out, struct apierror *err)
{
	struct speech_state *state = r->op_state;

	return speech_stream_finish(state->stream, out, err);
}

static enum collect_next
speech_collect(struct request *r, struct slice body, struct buf *out, struct apierror *err)
{
	struct speech_state *state = r->op_state;

	r->reply.type = state->type;
	return speech_reply(body, state->request.format, &request_local(r)->answers, out,
		   state->type, &r->reply.usage, err) == 0
	           ? COLLECT_DONE
	           : COLLECT_ERROR;
}

static void
speech_release(struct request *r)
{
	struct speech_state *state = r->op_state;

	if (state == NULL)
		return;
	if (state->stream != NULL)
		r->reply.usage = *speech_stream_usage(state->stream);
	speech_stream_free(state->stream);
	speech_request_release(&state->request);
	free(state);
}

const struct operation op_speech = {
	.repairable = true,
	.prepare = speech_prepare,
	.translates = true,
	.feed = speech_feed,
	.end = speech_end,
	.collect = speech_collect,
	.release = speech_release,
	.has_stored_objects = true,
};
