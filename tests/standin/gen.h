/* What a generated answer consists of, and the two ways it is sent. */
#ifndef STANDIN_GEN_H
#define STANDIN_GEN_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "models.h"
#include "play.h"
#include "standin.h"

/* A question after all checks. */
struct ask {
	struct standin *si;
	struct conn *conn;
	const struct model *model;
	char name[160];    /* of the model, as asked for */
	json_object *body; /* borrowed */
	const char *key;
	bool stream;
	bool sse;          /* alt=sse */
	uint32_t delay_ms; /* before the answer, on top of --think */
};

struct gen_part {
	json_object *part; /* owned */
	bool thought;
};

/* The answer before it is cut into events. */
struct gen {
	struct gen_part *parts;
	size_t count, room;
	const char *finish; /* finishReason */
	const char *finish_message;
	const char *block_reason; /* then there are no candidates */
	json_object *extra;       /* further members of the candidate, or NULL; owned */
	json_object *grounding;   /* groundingMetadata of the whole answer, or NULL; owned */
	bool together;            /* one event holds all parts */
	int top_logprobs;         /* -1: no logprobs */
	bool infinite;            /* among them minus infinity, as a string */
	int64_t prompt_tokens, output_tokens, thought_tokens;
	int64_t tool_tokens;         /* what tools of Google's fed in; not among prompt_tokens */
	int64_t cached_tokens;       /* among prompt_tokens */
	const char *output_modality; /* TEXT, IMAGE, AUDIO */
	unsigned candidates;
	char response_id[24];
	char word[64]; /* room for a finish or block reason of the request's own */
};

void gen_release(struct gen *g);
/* Takes part. */
void gen_add(struct gen *g, json_object *part, bool thought);
void gen_add_text(struct gen *g, struct slice text, bool thought);
/* A member of the candidate; takes value. */
void gen_add_extra(struct gen *g, const char *name, json_object *value);
/* The whole answer as one document. */
json_object *gen_document(const struct ask *a, const struct gen *g);
/* The events of a stream: text is cut into pieces of a few words. A new array of documents. */
json_object *gen_events(const struct ask *a, const struct gen *g);

/* Adds the events to a play, framed for alt=sse or as members of one array; from and to: the range
 * of events. The array is closed when `to` is the end. */
void gen_play_events(const struct ask *a, struct play *p, json_object *events, size_t from,
    size_t to, uint32_t delay_ms);
/* The head of a stream. */
void gen_play_head(const struct ask *a, struct play *p);

/* The whole answer, as a stream or as one document. */
void gen_play_answer(const struct ask *a, struct play *p, const struct gen *g, uint32_t delay_ms);

/* Tokens of a request body (contents, systemInstruction, tools), per modality. */
struct token_count {
	int64_t text, image, audio, video, document;
};
void tokens_of_request(json_object *body, struct token_count *ret);
int64_t tokens_total(const struct token_count *t);
int64_t tokens_of_text(struct slice text);
/* What a token of the text was likely to be: {"chosenCandidates","topCandidates",...}. top: how
 * many others; *sum and *count are added to. */
json_object *logprobs_of_text(
    struct slice text, int top, bool infinite, double *sum, size_t *count);
/* [{"modality","tokenCount"}] */
json_object *tokens_details(const struct token_count *t);

#endif
