/*
 * OpenAI Chat Completions to Gemini generateContent and back. Pure: ids and time are arguments.
 */
#ifndef CORE_OPENAI_CHAT_CHAT_H
#define CORE_OPENAI_CHAT_CHAT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "core/api/apierror.h"
#include "core/gemini/status.h"
#include "core/api/changes.h"
#include "core/gemini/family.h"
#include "core/gemini/learned.h"
#include "core/gemini/models.h"
#include "core/openai/common/ext_refs.h"
#include "core/gemini/tool_names.h"
#include "core/gemini/usage.h"

/* ---- request: chat/request.c holds the field table ---- */

/* What a translation depends on besides the request. All borrowed. */
struct translate_env {
	const struct models *models;
	const struct families *families; /* NULL: the built-in table only */
	const struct lessons *lessons;   /* NULL: nothing was learnt */
	struct ext_refs *refs;           /* NULL: nothing outside the request can be had */
	struct changes *changes;         /* NULL: nobody wants to know */
	struct json_reader *reader;      /* lent for the call; NULL: each makes its own */
	bool media_urls;                 /* https media go to Google as URLs, not fetched */
	bool omit_signatures;            /* Google refused what was sent: its own value for all */
};

/* What a model can do, by all that is known. */
struct model_view {
	struct family family;
	unsigned refused; /* enum refusal: for what a family says nothing about */
};

/* The upstream model for the name that a client sent, as models_resolve, but for models that are
 * gone: those give way to their alias's fallbacks, then to the newest of their line. -1 with err.
 */
int translate_env_model(const struct translate_env *env, struct slice name,
    struct model_choice *ret, struct model_view *ret_view, struct apierror *err);
void translate_env_view(const struct translate_env *env, const char *model, struct model_view *ret);

struct chat_request {
	struct model_choice model;
	struct model_view view;
	const struct family *family; /* of the model, in view */
	bool stream;
	bool include_usage;    /* stream_options.include_usage */
	bool legacy_functions; /* `functions`, not `tools`: the reply must speak so too */
	bool one_call;         /* parallel_tool_calls false: the reply keeps the first call only */
	bool grounded;         /* a tool of Google's may cite: Search, Maps, URLs, files */
	unsigned fan;          /* so many upstream calls make the answer's choices; 1 */
	char audio_format[8];  /* "wav" or "pcm16" when sound is wanted, else "" */
	struct tool_names *tools; /* NULL when there are no functions and no calls */
	struct buf body;          /* Gemini's GenerateContentRequest as JSON */
};

void chat_request_init(struct chat_request *c);
void chat_request_release(struct chat_request *c);
/* text: the body of POST /chat/completions; c is fresh from chat_request_init. On failure -1 and
 * *err names the field as OpenAI would (`messages[1].content`). When env->refs holds something in
 * REF_WANTED afterwards the result is worthless: another pass, with a fresh c and reset changes,
 * must follow. */
int chat_request_read(struct chat_request *c, struct slice text, const struct translate_env *env,
    struct apierror *err);

/* ---- reply: chat/reply.c (whole), chat/stream.c (events) ---- */

struct chat_reply_info {
	const char *id;           /* unique text for `chatcmpl-...` */
	int64_t created;          /* unix seconds */
	const char *model;        /* what the reply shows as `model` */
	bool include_usage;       /* streams only */
	bool legacy_functions;    /* of the request */
	bool one_call;            /* of the request: further calls of a choice are left out */
	bool grounded;            /* a tool of Google's may cite: positions in the text matter */
	const char *audio_format; /* "wav" or "pcm16"; NULL and "": wav */
	const struct tool_names
	    *tools; /* of the request, or NULL; must live as long as the reply */
	size_t
	    fan; /* upstream calls that make one reply, a choice each; 0 or 1: one call makes all */
	struct answer_scratch *scratch; /* borrowed for the call or the stream's life */
	/* Told the signature of each call that has one, for clients that lose it. value: what
	 * REF_SIGNATURE must yield for that id. NULL: nobody keeps them. */
	void (*keep)(void *ctx, struct slice call_id, struct slice value);
	void *keep_ctx;
};

/* Whole GenerateContentResponses, info->fan of them, as one chat.completion. 0, or -1 with err when
 * one of them is not a JSON object, is an error object, or holds neither a candidate nor a block
 * reason. */
int chat_reply_translate(const struct slice *upstream, const struct chat_reply_info *info,
    struct buf *out, struct usage *usage, struct apierror *err);

/*
 * The stream translator. It eats upstream bytes at any split and yields whole SSE events in
 * OpenAI's shape. A fan of calls makes one stream: `lane` tells whose bytes they are.
 */
struct chat_stream;
struct chat_stream *chat_stream_new(const struct chat_reply_info *info); /* copies what it keeps */
void chat_stream_free(struct chat_stream *s);
/* Appends events to out. -1 with err when upstream reports an error in the stream or sends what
 * cannot be read; nothing more may be fed then. */
int chat_stream_feed(
    struct chat_stream *s, size_t lane, struct slice bytes, struct buf *out, struct apierror *err);
/* The upstream body of a lane has ended: appends its final chunk and, with the last lane, the usage
 * chunk when asked for and [DONE]. -1 with err (APIERROR_CUT) when no candidate gave a finish
 * reason and the prompt was not blocked. */
int chat_stream_finish(struct chat_stream *s, size_t lane, struct buf *out, struct apierror *err);
/* What is known so far, over all calls. */
struct usage chat_stream_usage(struct chat_stream *s);

#endif
