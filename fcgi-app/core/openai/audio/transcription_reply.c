/* Gemini's answers to transcripts, whole or as they come. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "speech_priv.h"
#include "transcript.h"

struct transcription_stream {
	struct gemini_reader reader;
	struct transcript transcript;
	struct transcription_how how;
	struct buf *out; /* during a call; NULL: all is wanted at the end */
};

/* ---- the sink ---- */

/* The parts are read with their candidate: to part.h a transcription is no part. */
static void
ignore_part(void *ctx, size_t candidate, const struct gemini_part *part, json_object *logprobs)
{
	(void)ctx, (void)candidate, (void)part, (void)logprobs;
}

static void
send_delta(struct transcription_stream *s, size_t from)
{
	struct buf *text = &s->transcript.text;
	struct jwriter w = jwriter_on(s->out);

	if (text->len <= from)
		return;
	buf_adds(s->out, "data: ");
	jw_object(&w, NULL);
	jw_str(&w, "type", "transcript.text.delta");
	jw_slice(&w, "delta", (struct slice){ text->data + from, text->len - from });
	jw_object_end(&w);
	buf_adds(s->out, "\n\n");
}

static void
transcription_take_candidate(void *ctx, size_t candidate, json_object *object)
{
	struct transcription_stream *s = ctx;
	json_object *parts = json_get_array(json_get(object, "content"), "parts");
	size_t count = parts != NULL && candidate == 0 ? json_object_array_length(parts) : 0;

	for (size_t i = 0; i < count && !s->transcript.failed; i++) {
		size_t before = s->transcript.text.len;

		transcript_add(&s->transcript, json_object_array_get_idx(parts, i));
		if (s->out != NULL)
			send_delta(s, before);
	}
}

static const struct gemini_sink sink = { .part = ignore_part,
	.candidate = transcription_take_candidate };

static int
check_text(const struct transcription_stream *s, struct apierror *err)
{
	if (s->transcript.failed)
		return apierror_set(
		    err, APIERROR_UPSTREAM, NULL, "The transcript of the Gemini API is too large.");
	return 0;
}

static int
transcription_check_all(const struct transcription_stream *s, struct apierror *err)
{
	if (check_text(s, err) != 0)
		return -1;
	return speech_check_end(&s->reader, s->transcript.text.len > 0, "transcript", err);
}

static void
transcription_init(struct transcription_stream *s, const struct transcription_how *how,
    struct answer_scratch *scratch)
{
	memset(s, 0, sizeof(*s));
	gemini_reader_init(&s->reader, scratch, false, &sink, s);
	transcript_init(&s->transcript);
	s->how = *how;
}

static void
transcription_release(struct transcription_stream *s)
{
	gemini_reader_release(&s->reader);
	transcript_release(&s->transcript);
}

/* ---- whole ---- */

int
transcription_reply(struct slice upstream, const struct transcription_how *how,
    struct answer_scratch *scratch, struct buf *out, struct usage *usage, struct apierror *err)
{
	struct transcription_stream s;
	int rc = -1;

	transcription_init(&s, how, scratch);
	if (gemini_reader_document(&s.reader, upstream, err) == 0) {
		*usage = *gemini_reader_usage(&s.reader);
		if (transcription_check_all(&s, err) == 0)
			rc = transcript_write(&s.transcript, how, usage, out, err);
	}
	transcription_release(&s);
	return rc;
}

/* ---- streams ---- */

struct transcription_stream *
transcription_stream_new(const struct transcription_how *how, struct answer_scratch *scratch)
{
	struct transcription_stream *s = xmalloc(sizeof(*s));

	transcription_init(s, how, scratch);
	return s;
}

void
transcription_stream_free(struct transcription_stream *s)
{
	if (s == NULL)
		return;
	transcription_release(s);
	free(s);
}

int
transcription_stream_feed(
    struct transcription_stream *s, struct slice bytes, struct buf *out, struct apierror *err)
{
	s->out = out;
	return gemini_reader_feed(&s->reader, bytes, err) != 0 ? -1 : check_text(s, err);
}

static void
send_segments(struct transcription_stream *s)
{
	struct transcript_segment segment;
	size_t at = 0, index = 0;

	while (transcript_next(&s->transcript, &at, &segment)) {
		struct jwriter w = jwriter_on(s->out);

		buf_adds(s->out, "data: ");
		transcript_write_diarized(&w, &segment, index++);
		buf_adds(s->out, "\n\n");
	}
}

int
transcription_stream_finish(struct transcription_stream *s, struct buf *out, struct apierror *err)
{
	struct jwriter w = jwriter_on(out);

	s->out = out;
	if (gemini_reader_finish(&s->reader, err) != 0 || transcription_check_all(s, err) != 0)
		return -1;
	if (s->how.format == TRANSCRIPT_DIARIZED)
		send_segments(s);
	buf_adds(out, "data: ");
	jw_object(&w, NULL);
	jw_str(&w, "type", "transcript.text.done");
	jw_slice(&w, "text", buf_slice(&s->transcript.text));
	transcript_write_usage(&w, gemini_reader_usage(&s->reader));
	jw_object_end(&w);
	buf_adds(out, "\n\n");
	return 0;
}

const struct usage *
transcription_stream_usage(struct transcription_stream *s)
{
	return gemini_reader_usage(&s->reader);
}
