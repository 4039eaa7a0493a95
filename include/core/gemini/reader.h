/*
 * Reads a Gemini answer, a stream of events or a whole document, and tells a sink its parts. What
 * all endpoints need is here: events cut anywhere, errors in the middle, counters, finish and block
 * reasons. Plain token events are read in place (event.c), the others by one json-c parse.
 */
#ifndef CORE_GEMINI_READER_H
#define CORE_GEMINI_READER_H

#include "base/limits.h"
#include "core/api/apierror.h"
#include "core/gemini/status.h"
#include "core/http/sse.h"
#include "core/gemini/usage.h"
#include "core/gemini/part.h"

struct gemini_sink {
	/* One part of a candidate, in order; never PART_NONE. logprobs: logprobsResult of its
	 * event, with the first part that speaks; otherwise NULL. */
	void (*part)(
	    void *ctx, size_t candidate, const struct gemini_part *part, json_object *logprobs);
	/* A candidate's object, after its parts, for its metadata. Not called for plain events,
	 * which have none. May be NULL. */
	void (*candidate)(void *ctx, size_t candidate, json_object *object);
};

struct gemini_reader {
	const struct gemini_sink *sink;
	void *ctx;
	struct sse sse;
	struct answer_scratch *scratch;
	struct json_reader *reader, *own_reader;
	char native[CANDIDATES_MAX][32]; /* the last finishReason of each candidate, or "" */
	char block_reason[32];           /* the prompt's, or "" */
	struct usage usage;
	struct buf usage_text; /* usageMetadata of the last plain event, not yet read into usage */
	bool plain;            /* plain events may be read in place */
	bool ending;           /* what comes now may be half an event */
	struct apierror *err;  /* during a call */
};

/* scratch: borrowed for the reader's life. plain: text may come still escaped. */
void gemini_reader_init(struct gemini_reader *g, struct answer_scratch *scratch, bool plain,
    const struct gemini_sink *sink, void *ctx);
void gemini_reader_release(struct gemini_reader *g);
/* Bytes of an event stream at any split. -1 with err when it reports an error (APIERROR_REPORTED)
 * or cannot be read; nothing more may be fed then. */
int gemini_reader_feed(struct gemini_reader *g, struct slice bytes, struct apierror *err);
/* The stream has ended. -1 with err (APIERROR_CUT) when no candidate gave a finish reason and the
 * prompt was not blocked. */
int gemini_reader_finish(struct gemini_reader *g, struct apierror *err);
/* A whole GenerateContentResponse, in place of a stream; -1 also when it holds neither a candidate
 * nor a block reason. */
int gemini_reader_document(struct gemini_reader *g, struct slice text, struct apierror *err);
/* What is known so far; valid until the next call. */
const struct usage *gemini_reader_usage(struct gemini_reader *g);
/* True when the prompt was blocked and this candidate said nothing of its own. */
bool gemini_reader_blocked(const struct gemini_reader *g, size_t candidate);

#endif
