/*
 * OpenAI's Responses API to Gemini generateContent and back. The request becomes the same
 * GenerateContentRequest as that of a chat (core/openai/chat/chat.h); the reply is a list of typed
 * items.
 */
#ifndef CORE_OPENAI_RESPONSES_RESPONSES_H
#define CORE_OPENAI_RESPONSES_RESPONSES_H

#include "core/openai/chat/chat.h"

/* ---- request: responses/request.c holds the field table ---- */

enum responses_use {
	RESPONSES_CREATE,
	RESPONSES_COMPACT, /* POST /responses/compact */
	RESPONSES_COUNT,   /* POST /responses/input_tokens: what a create would send */
};

struct responses_request {
	enum responses_use use;   /* to be set before the reading */
	struct chat_request chat; /* model, stream, body, tools and the rest */
	bool compact;             /* the answer is to be a summary of the conversation */
	bool store;               /* the response is to be kept: it is, unless the caller says no */
	struct buf echo; /* what the Response repeats of the request: members of an object */
	/* the conversation so far, input included: an array, owned; null: a summary tells it */
	json_object *items;
	json_object *input; /* the items of this request alone, likewise */
};

void responses_request_init(struct responses_request *q);
void responses_request_release(struct responses_request *q);
/* text: the body of POST /responses; q is fresh from responses_request_init. env->refs yields
 * earlier responses as REF_RESPONSE: that of previous_response_id, and those whose items are
 * referred to. When it holds something in REF_WANTED afterwards only the model and `stream` are
 * known; another pass, with a fresh q and reset changes, must follow. At most three passes want
 * something: the latest response, the others, media and signatures. */
int responses_request_read(struct responses_request *q, struct slice text,
    const struct translate_env *env, struct apierror *err);

/* For a compaction: the latest messages of the user's, as elements of a JSON array that stand in
 * front of it. id: that of the reply. */
void responses_compact_keep(const struct responses_request *q, const char *id, struct buf *out);
/* For a count: Google's CountTokensRequest. */
void responses_count_write(const struct responses_request *q, struct buf *out);
/* Its answer as OpenAI's, appended to out. -1 with err when the text is none. */
int responses_count_reply(
    struct slice text, struct answer_scratch *scratch, struct buf *out, struct apierror *err);

/* ---- reply: responses/stream.c ---- */

struct responses_info {
	struct chat_reply_info chat; /* include_usage, legacy_functions and fan do not matter */
	struct slice echo;           /* of the request; borrowed, must live as long as the reply */
	bool events;                 /* else one document at the end */
	bool compact;      /* the answer is a summary: the only item, of type compaction */
	bool compaction;   /* the document is a response.compaction */
	struct slice kept; /* for that: elements in front of the item; borrowed likewise */
};

/* Eats a Gemini answer, a stream at any split or a whole document, and yields events, each with its
 * name and sequence_number, or the Response. */
struct responses_stream;
struct responses_stream *responses_stream_new(const struct responses_info *info);
void responses_stream_free(struct responses_stream *s);
/* -1 with err as chat_stream_feed and chat_stream_finish. */
int responses_stream_feed(
    struct responses_stream *s, struct slice bytes, struct buf *out, struct apierror *err);
int responses_stream_finish(struct responses_stream *s, struct buf *out, struct apierror *err);
/* A whole GenerateContentResponse in place of a stream and its end. */
int responses_stream_document(
    struct responses_stream *s, struct slice text, struct buf *out, struct apierror *err);
/* After events were sent: `error`, then `response.failed`. */
void responses_stream_fail(struct responses_stream *s, const struct apierror *err, struct buf *out);
/* After the end: the Response, and the elements of its `output`. */
void responses_stream_response(struct responses_stream *s, struct buf *out);
struct slice responses_stream_output(const struct responses_stream *s);
const struct usage *responses_stream_usage(struct responses_stream *s);

/* ---- stored responses: stored.c ---- */

/* What is kept of a response: itself, its input and the whole conversation. When that is too large
 * for out, the response alone, whose items can still be referred to. */
void responses_stored_write(
    const struct responses_request *q, struct responses_stream *s, struct buf *out);
/* The kept response as GET /responses/{id} answers with, appended to out. -1 when the text is none.
 */
int responses_stored_response(struct slice stored, struct buf *out);

/* Which items GET /responses/{id}/input_items wants, by its parameters limit, order and after. */
struct responses_page {
	size_t limit;
	bool ascending;   /* the first item first; OpenAI begins with the last */
	struct buf after; /* id of the item before the page; empty: none */
};

/* -1 with err; the page is to be released either way. */
int responses_page_read(struct responses_page *page, struct slice query, struct apierror *err);
void responses_page_release(struct responses_page *page);
/* That page of the kept input as a list, appended to out. 1 when the text is none; -1 with err when
 * the item before the page is not there, or the input was too large to be kept. */
int responses_stored_input(
    struct slice stored, const struct responses_page *page, struct buf *out, struct apierror *err);

#endif
