/* Gemini's answer as a Response: the document, or the events that lead to it. */
#include "config.h"

#include "core/openai/responses/responses.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "reply_priv.h"

static void stream_take_part(
    void *ctx, size_t candidate, const struct gemini_part *part, json_object *logprobs);
static void stream_take_candidate(void *ctx, size_t candidate, json_object *object);

static const struct gemini_sink responses_sink = { stream_take_part, stream_take_candidate };

struct responses_stream *
responses_stream_new(const struct responses_info *info)
{
	struct responses_stream *s = xcalloc(1, sizeof(*s));

	s->info = *info;
	s->info.chat.id = s->id = xstrdup(info->chat.id);
	s->info.chat.model = s->model = xstrdup(info->chat.model);
	gemini_reader_init(
	    &s->reader, info->chat.scratch, !info->chat.grounded, &responses_sink, s);
	if (info->chat.grounded) {
		s->citations = xmalloc(sizeof(*s->citations));
		citations_init(s->citations);
	}
	chat_traces_init(&s->traces);
	buf_init(&s->output, COLLECT_MAX);
	buf_init(&s->text, COLLECT_MAX);
	buf_init(&s->logprobs, COLLECT_MAX);
	buf_init(&s->logprobs_told, COLLECT_MAX);
	buf_init(&s->carry, SSE_EVENT_MAX);
	s->status = "in_progress";
	return s;
}

void
responses_stream_free(struct responses_stream *s)
{
	if (s == NULL)
		return;
	gemini_reader_release(&s->reader);
	if (s->citations != NULL)
		citations_release(s->citations);
	free(s->citations);
	buf_release(&s->traces);
	buf_release(&s->output);
	buf_release(&s->text);
	buf_release(&s->logprobs);
	buf_release(&s->logprobs_told);
	buf_release(&s->carry);
	free(s->id);
	free(s->model);
	free(s);
}

/* ---- parts ---- */

static void
stream_take_part(void *ctx, size_t candidate, const struct gemini_part *part, json_object *logprobs)
{
	struct responses_stream *s = ctx;

	if (candidate > 0)
		return;
	if (s->info.compact) {
		responses_begin(s);
		if (part->kind == PART_TEXT)
			gemini_part_write(part, &s->text);
		return;
	}
	switch (part->kind) {
	case PART_CALL:
		responses_item_call(s, part);
		break;
	case PART_IMAGE:
		responses_item_image(s, part);
		s->spoke = true;
		break;
	case PART_TRACE:
		chat_trace_add(&s->traces, part);
		break;
	case PART_AUDIO:
	case PART_NONE:
		break;
	case PART_TEXT:
	case PART_THOUGHT:
	case PART_CODE:
	case PART_OUTPUT:
		if (part->text.len == 0 && !gemini_part_speaks(part))
			break;
		s->spoke = s->spoke || part->kind != PART_THOUGHT;
		responses_item_text(s, part, logprobs);
		break;
	}
	if (s->citations != NULL)
		citations_note(s->citations, part);
}

static void
stream_take_candidate(void *ctx, size_t candidate, json_object *object)
{
	struct responses_stream *s = ctx;

	if (candidate == 0 && s->citations != NULL)
		citations_read(s->citations, object);
}

int
responses_stream_feed(
    struct responses_stream *s, struct slice bytes, struct buf *out, struct apierror *err)
{
	s->out = out;
	return gemini_reader_feed(&s->reader, bytes, err);
}

/* ---- compaction ---- */

static void
add_compaction(struct responses_stream *s)
{
	struct jwriter w;
	struct buf item;

	responses_item_name(s, "cmp");
	buf_init(&item, COLLECT_MAX);
	w = jwriter_on(&item);
	responses_compaction_write(&w, s->item_id, SLICE(""));
	responses_item_tell(s, "response.output_item.added", buf_slice(&item));
	buf_reset(&item);
	w = jwriter_on(&item);
	responses_compaction_write(&w, s->item_id, buf_slice(&s->text));
	responses_item_add(s, &item);
	buf_release(&item);
}

/* -1 with err when there is none. */
static int
check_summary(struct responses_stream *s, struct apierror *err)
{
	if (!s->info.compact || s->text.len > 0 || gemini_reader_blocked(&s->reader, 0))
		return 0;
	return apierror_set(
	    err, APIERROR_UPSTREAM, NULL, "The model gave no summary of the conversation.");
}

static void
write_compaction(struct responses_stream *s, struct jwriter *w)
{
	responses_object_open(s, w, NULL, "response.compaction");
	jw_array(w, "output");
	if (s->info.kept.len > 0)
		jw_raw(w, NULL, s->info.kept);
	if (s->output.len > 0)
		jw_raw(w, NULL, buf_slice(&s->output));
	jw_array_end(w);
	usage_write_responses(gemini_reader_usage(&s->reader), w, "usage");
	jw_object_end(w);
}

/* ---- the end ---- */

static void
set_status(struct responses_stream *s)
{
	struct chat_finish finish = {
		.native = slice_str(s->reader.native[0]),
		.called = s->calls > 0,
		.spoke = s->spoke,
	};
	const char *word = chat_finish_word(&finish);

	s->status = "completed";
	if (gemini_reader_blocked(&s->reader, 0) || strcmp(word, "content_filter") == 0)
		s->reason = "content_filter";
	else if (strcmp(word, "length") == 0)
		s->reason = "max_output_tokens";
	if (s->reason != NULL)
		s->status = "incomplete";
}

static void
stream_finish(struct responses_stream *s)
{
	struct jwriter w = jwriter_on(s->out);

	responses_begin(s);
	set_status(s);
	responses_item_close(s, true);
	if (s->info.compact && s->text.len > 0)
		add_compaction(s);
	if (gemini_reader_blocked(&s->reader, 0) && !s->spoke)
		responses_item_refusal(s, slice_str(s->reader.block_reason));
	if (s->info.events)
		responses_event_tell(
		    s, s->reason != NULL ? "response.incomplete" : "response.completed", NULL);
	else if (s->info.compaction)
		write_compaction(s, &w);
	else
		responses_response_write(s, &w, NULL, NULL);
	if (s->output.failed || s->text.failed || s->logprobs.failed)
		s->out->failed = true;
}

int
responses_stream_finish(struct responses_stream *s, struct buf *out, struct apierror *err)
{
	s->out = out;
	if (gemini_reader_finish(&s->reader, err) != 0 || check_summary(s, err) != 0)
		return -1;
	stream_finish(s);
	return 0;
}

int
responses_stream_document(
    struct responses_stream *s, struct slice text, struct buf *out, struct apierror *err)
{
	s->out = out;
	if (gemini_reader_document(&s->reader, text, err) != 0 || check_summary(s, err) != 0)
		return -1;
	stream_finish(s);
	return 0;
}

void
responses_stream_fail(struct responses_stream *s, const struct apierror *err, struct buf *out)
{
	struct jwriter w;

	s->out = out;
	responses_begin(s);
	s->status = "failed";
	s->reason = NULL;
	responses_item_close(s, false);
	responses_event_write(s, "error", &w);
	jw_str(&w, "code", apierror_code(err->kind)); /* as before the head */
	jw_str(&w, "message", err->message);
	if (err->param[0] != '\0')
		jw_str(&w, "param", err->param);
	else
		jw_null(&w, "param");
	responses_event_close(s, &w);
	responses_event_tell(s, "response.failed", err);
}

const struct usage *
responses_stream_usage(struct responses_stream *s)
{
	return gemini_reader_usage(&s->reader);
}
