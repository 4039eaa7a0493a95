/*
 * OpenAI's audio/transcriptions and audio/translations (createTranscription, createTranslation) to
 * Gemini generateContent and back. Gemini's transcription models take audioTranscriptionConfig and
 * give words with times and speakers; any other model is asked in words and gives text alone.
 *
 * Times: srt, vtt, diarized_json and timestamp_granularities need a transcription model. Without
 * times verbose_json has no segments. `duration` is that of the WAV file, else the last time in the
 * answer, else what the counted audio tokens stand for (32 a second, Google's guide on audio).
 * A translation is never made by a transcription model: it becomes TRANSCRIPTION_TRANSLATOR.
 */
#ifndef CORE_OPENAI_AUDIO_TRANSCRIPTION_H
#define CORE_OPENAI_AUDIO_TRANSCRIPTION_H

#include <stdbool.h>

#include "base/buf.h"
#include "core/api/apierror.h"
#include "core/gemini/status.h"
#include "core/openai/chat/chat.h"
#include "core/gemini/models.h"
#include "core/http/multipart.h"
#include "core/gemini/usage.h"

#define TRANSCRIPTION_MODEL      "gemini-3.5-transcribe" /* what errors recommend */
#define TRANSCRIPTION_TRANSLATOR "gemini-flash-latest"

enum transcription_task { TASK_TRANSCRIBE, TASK_TRANSLATE };

enum transcription_format {
	TRANSCRIPT_JSON,
	TRANSCRIPT_TEXT,
	TRANSCRIPT_SRT,
	TRANSCRIPT_VERBOSE,
	TRANSCRIPT_VTT,
	TRANSCRIPT_DIARIZED,
};

/* What the reply side must know of the request; a plain value. */
struct transcription_how {
	enum transcription_task task;
	enum transcription_format format;
	bool segments, words; /* of verbose_json */
	char language[16];    /* the one that the caller named, or "" */
	double seconds;       /* the length of a WAV file, or 0 */
	double temperature;
};

struct transcription_request {
	struct model_choice model;
	struct transcription_how how;
	bool stream;     /* streamGenerateContent and struct transcription_stream */
	struct buf body; /* GenerateContentRequest as JSON; at most TRANSLATED_MAX */
};

void transcription_request_init(struct transcription_request *t);
void transcription_request_release(struct transcription_request *t);
/* The form may go once this has returned. -1 with err, param: a field of the form. */
int transcription_request_read(struct transcription_request *t, enum transcription_task task,
    const struct multipart *form, const struct translate_env *env, struct apierror *err);

/* The media type of a reply that is no stream. */
const char *transcription_type(enum transcription_format format);
/* A whole GenerateContentResponse in the format asked for. -1 with err when the model did not come
 * to its end, or gave no times where the format lives on them. */
int transcription_reply(struct slice upstream, const struct transcription_how *how,
    struct answer_scratch *scratch, struct buf *out, struct usage *usage, struct apierror *err);

/*
 * OpenAI's events from Gemini's at any split: transcript.text.delta, with diarized_json
 * transcript.text.segment, and transcript.text.done.
 */
struct transcription_stream;
/* scratch: borrowed for the stream's life. */
struct transcription_stream *transcription_stream_new(
    const struct transcription_how *how, struct answer_scratch *scratch);
void transcription_stream_free(struct transcription_stream *s);
/* -1 with err when upstream reports an error or sends what cannot be read; nothing more may be fed
 * then. */
int transcription_stream_feed(
    struct transcription_stream *s, struct slice bytes, struct buf *out, struct apierror *err);
/* The upstream body has ended. */
int transcription_stream_finish(
    struct transcription_stream *s, struct buf *out, struct apierror *err);
const struct usage *transcription_stream_usage(struct transcription_stream *s);

#endif
