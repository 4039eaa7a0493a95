/*
 * OpenAI's legacy completions on Gemini's generateContent. Each choice is an upstream call of its
 * own: choice k of prompt i is call i * n + k, and has that index in the reply.
 */
#ifndef CORE_OPENAI_COMPLETIONS_COMPLETIONS_H
#define CORE_OPENAI_COMPLETIONS_COMPLETIONS_H

#include <stdint.h>

#include "core/openai/chat/chat.h"

/* ---- request: completions.c holds the field table ---- */

struct completions_request {
	struct model_choice model;
	bool stream;
	bool include_usage;   /* stream_options.include_usage */
	bool echo;            /* the prompt stands in front of each text */
	unsigned n;           /* choices for each prompt */
	size_t calls;         /* prompts times n: at most FAN_MAX */
	json_object *prompts; /* array of strings, owned */
	json_object *common;  /* what all bodies have beside the prompt, owned */
	bool seeded;
	int64_t seed;
};

void completions_request_init(struct completions_request *c);
void completions_request_release(struct completions_request *c);
/* text: the body of POST /completions; c is fresh from completions_request_init. */
int completions_request_read(struct completions_request *c, struct slice text,
    const struct translate_env *env, struct apierror *err);
/* Appends the body of one call. The choices of a prompt differ in their seed when there is one. */
void completions_request_write(const struct completions_request *c, size_t call, struct buf *out);

/* ---- reply: completions/reply.c ---- */

struct completions_info {
	const char *id;                            /* unique text for `cmpl-...` */
	int64_t created;                           /* Unix seconds */
	const char *model;                         /* what the reply shows as `model` */
	struct answer_scratch *scratch;            /* borrowed for the stream's life */
	const struct completions_request *request; /* borrowed as long */
};

/* Whole GenerateContentResponses, one for each call, as one text_completion. -1 with err when one
 * of them is an error or holds neither a candidate nor a block reason; then out is as it was. */
int completions_reply_translate(const struct slice *upstream, const struct completions_info *info,
    struct buf *out, struct usage *usage, struct apierror *err);

/* The stream translator: bytes of all calls in, at any split; OpenAI's events out. */
struct completions_stream;
struct completions_stream *completions_stream_new(const struct completions_info *info);
void completions_stream_free(struct completions_stream *s);
/* Appends events to out. -1 with err when upstream reports an error in the stream or sends what
 * cannot be read; nothing more may be fed then. */
int completions_stream_feed(struct completions_stream *s, size_t call, struct slice bytes,
    struct buf *out, struct apierror *err);
/* The upstream body of a call has ended: appends its final chunk and, with the last call, the usage
 * chunk when asked for and [DONE]. -1 with err (APIERROR_CUT) when there was no finish reason and
 * the prompt was not blocked. */
int completions_stream_finish(
    struct completions_stream *s, size_t call, struct buf *out, struct apierror *err);
/* What is known so far, over all calls. */
struct usage completions_stream_usage(struct completions_stream *s);

#endif
