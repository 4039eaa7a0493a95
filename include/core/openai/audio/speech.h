/*
 * OpenAI's audio/speech (createSpeech) to Gemini generateContent and back. There is no encoder
 * here: what a model makes is passed on, and PCM is put into WAV or taken out of it. Models before
 * 3.8 make PCM alone; from 3.8 on they also make MP3 and Ogg Opus (responseFormat.audio).
 */
#ifndef CORE_OPENAI_AUDIO_SPEECH_H
#define CORE_OPENAI_AUDIO_SPEECH_H

#include <stdbool.h>

#include "base/buf.h"
#include "core/api/apierror.h"
#include "core/gemini/status.h"
#include "core/openai/chat/chat.h"
#include "core/gemini/models.h"
#include "core/gemini/usage.h"
#include "core/gemini/sound.h"

#define SPEECH_MODEL "gemini-3.8-flash-tts" /* what errors recommend */

struct speech_request {
	struct model_choice model;
	enum sound_format format; /* what the client gets */
	/* stream_format was given: streamGenerateContent and struct speech_stream; else
	 * generateContent and speech_reply, whose WAV has its true length. */
	bool stream;
	bool events;     /* stream_format is `sse`: speech.audio.delta, speech.audio.done */
	struct buf body; /* GenerateContentRequest as JSON */
};

void speech_request_init(struct speech_request *s);
void speech_request_release(struct speech_request *s);
/* text: the body of POST /audio/speech. `speed` and, where the model cannot make MP3, the default
 * format are noted as rewritten. -1 with err otherwise; aac and flac are
 * refused with the names of the formats that the model makes. */
int speech_request_read(struct speech_request *s, struct slice text,
    const struct translate_env *env, struct apierror *err);

/* A whole GenerateContentResponse: appends the audio's bytes to out and writes their media type
 * ("audio/mpeg"; "audio/pcm;rate=16000" when the rate is not OpenAI's 24000). What the model made
 * decides: a format that was not asked for keeps its true type. -1 with err when there is no audio
 * or less than all of it; the finish reason is in the message. */
int speech_reply(struct slice upstream, enum sound_format format, struct answer_scratch *scratch,
    struct buf *out, char ret_type[SOUND_TYPE_MAX], struct usage *usage, struct apierror *err);

/*
 * The same from a stream of events at any split: the audio's bytes as they come, or, with events,
 * OpenAI's SSE. The header of a WAV names no length (all ones), as OpenAI's does.
 */
struct speech_stream;
/* scratch: borrowed for the stream's life. */
struct speech_stream *speech_stream_new(
    enum sound_format format, bool events, struct answer_scratch *scratch);
void speech_stream_free(struct speech_stream *s);
/* -1 with err when upstream reports an error or sends what cannot be read; nothing more may be fed
 * then. */
int speech_stream_feed(
    struct speech_stream *s, struct slice bytes, struct buf *out, struct apierror *err);
/* The upstream body has ended. -1 with err as speech_reply, or APIERROR_CUT. */
int speech_stream_finish(struct speech_stream *s, struct buf *out, struct apierror *err);
/* The media type for the head; final once there is output. */
const char *speech_stream_type(const struct speech_stream *s);
const struct usage *speech_stream_usage(struct speech_stream *s);

#endif
