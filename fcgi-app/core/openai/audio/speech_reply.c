/* Gemini's answers with sound to bytes, whole or as they come. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "core/openai/chat/reply_parts.h"
#include "speech_priv.h"
#include "core/gemini/sound.h"
#include "core/openai/audio/speech.h"
#include "core/gemini/status.h"
#include "base/buf.h"

struct speech_stream {
	struct gemini_reader reader;
	struct sound sound;
	bool events;
	struct buf piece; /* the bytes of one event of ours */
	struct buf *out;  /* during a call; NULL: all is wanted at the end */
};

int
speech_check_end(const struct gemini_reader *g, bool spoke, const char *what, struct apierror *err)
{
	struct chat_finish finish = { .native = slice_str(g->native[0]), .spoke = spoke };
	bool other = slice_eq(finish.native, SLICE("OTHER"));
	const char *word;

	if (gemini_reader_blocked(g, 0))
		return apierror_set(err, APIERROR_BAD_REQUEST, NULL,
		    "Google blocked the input (%s).", g->block_reason);
	word = chat_finish_word(&finish);
	if (strcmp(word, "stop") == 0)
		return 0;
	if (strcmp(word, "content_filter") == 0 && !other)
		return apierror_set(err, APIERROR_BAD_REQUEST, NULL,
		    "The model ended before the %s was complete: Google's filters stopped it (%s).",
		    what, g->native[0]);
	return apierror_set(err, APIERROR_UPSTREAM, NULL,
	    "The model ended before the %s was complete (%s).", what, g->native[0]);
}

/* ---- the sink ---- */

/* Bytes of sound: to the client at once, or as an event. */
static void
send_piece(struct speech_stream *s)
{
	struct jwriter w = jwriter_on(s->out);

	if (s->piece.len == 0)
		return;
	if (!s->events) {
		buf_add_slice(s->out, buf_slice(&s->piece));
	} else {
		buf_adds(s->out, "data: ");
		jw_object(&w, NULL);
		jw_str(&w, "type", "speech.audio.delta");
		jw_str_open(&w, "audio");
		base64_add(s->out, s->piece.data, s->piece.len);
		jw_str_close(&w);
		jw_object_end(&w);
		buf_adds(s->out, "\n\n");
	}
	buf_reset(&s->piece);
}

static void
speech_take_part(void *ctx, size_t candidate, const struct gemini_part *part, json_object *logprobs)
{
	struct speech_stream *s = ctx;

	(void)logprobs;
	if (candidate > 0 || part->kind != PART_AUDIO || s->sound.failed)
		return;
	sound_add(&s->sound, json_get_str(part->body, "mimeType"), json_get_str(part->body, "data"),
	    &s->piece);
	if (s->out != NULL && !s->sound.failed)
		send_piece(s);
}

static const struct gemini_sink sink = { .part = speech_take_part };

static int
check_sound(const struct speech_stream *s, struct apierror *err)
{
	if (s->sound.failed || s->piece.failed)
		return apierror_set(err, APIERROR_UPSTREAM, NULL,
		    "The audio of the Gemini API could not be read, or is too large.");
	return 0;
}

static int
speech_check_all(const struct speech_stream *s, struct apierror *err)
{
	bool spoke = s->sound.kind != SOUND_NONE;

	if (check_sound(s, err) != 0 || speech_check_end(&s->reader, spoke, "audio", err) != 0)
		return -1;
	if (!spoke)
		return apierror_set(err, APIERROR_UPSTREAM, NULL,
		    "The model made no audio (%s). Is it a model for speech?",
		    s->reader.native[0][0] != '\0' ? s->reader.native[0] : "no finish reason");
	return 0;
}

static void
speech_init(struct speech_stream *s, enum sound_format format, struct answer_scratch *scratch)
{
	memset(s, 0, sizeof(*s));
	gemini_reader_init(&s->reader, scratch, false, &sink, s);
	sound_init(&s->sound, format);
	buf_init(&s->piece, COLLECT_MAX);
}

static void
speech_release(struct speech_stream *s)
{
	gemini_reader_release(&s->reader);
	sound_release(&s->sound);
	buf_release(&s->piece);
}

/* ---- whole ---- */

int
speech_reply(struct slice upstream, enum sound_format format, struct answer_scratch *scratch,
    struct buf *out, char ret_type[SOUND_TYPE_MAX], struct usage *usage, struct apierror *err)
{
	struct speech_stream s;
	int rc = -1;

	speech_init(&s, format, scratch);
	if (gemini_reader_document(&s.reader, upstream, err) != 0)
		goto out;
	*usage = *gemini_reader_usage(&s.reader);
	if (speech_check_all(&s, err) != 0)
		goto out;
	sound_end(&s.sound, &s.piece, 0);
	buf_add_slice(out, buf_slice(&s.piece));
	if (out->failed) {
		apierror_set(err, APIERROR_UPSTREAM, NULL, "The audio is too large.");
		goto out;
	}
	strcpy(ret_type, s.sound.type);
	rc = 0;
out:
	speech_release(&s);
	return rc;
}

/* ---- streams ---- */

struct speech_stream *
speech_stream_new(enum sound_format format, bool events, struct answer_scratch *scratch)
{
	struct speech_stream *s = xmalloc(sizeof(*s));

	speech_init(s, format, scratch);
	s->events = events;
	return s;
}

void
speech_stream_free(struct speech_stream *s)
{
	if (s == NULL)
		return;
	speech_release(s);
	free(s);
}

int
speech_stream_feed(
    struct speech_stream *s, struct slice bytes, struct buf *out, struct apierror *err)
{
	s->out = out;
	return gemini_reader_feed(&s->reader, bytes, err) != 0 ? -1 : check_sound(s, err);
}

int
speech_stream_finish(struct speech_stream *s, struct buf *out, struct apierror *err)
{
	struct jwriter w = jwriter_on(out);
	const struct usage *usage;

	s->out = out;
	if (gemini_reader_finish(&s->reader, err) != 0 || speech_check_all(s, err) != 0)
		return -1;
	if (!s->events)
		return 0;
	usage = gemini_reader_usage(&s->reader);
	buf_adds(out, "data: ");
	jw_object(&w, NULL);
	jw_str(&w, "type", "speech.audio.done");
	jw_object(&w, "usage");
	jw_int(&w, "input_tokens", usage_input(usage));
	jw_int(&w, "output_tokens", usage_output(usage));
	jw_int(&w, "total_tokens", usage->total);
	jw_object_end(&w);
	jw_object_end(&w);
	buf_adds(out, "\n\n");
	return 0;
}

const char *
speech_stream_type(const struct speech_stream *s)
{
	return s->events ? "text/event-stream" : s->sound.type;
}

const struct usage *
speech_stream_usage(struct speech_stream *s)
{
	return gemini_reader_usage(&s->reader);
}
