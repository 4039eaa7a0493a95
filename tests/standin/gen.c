/* Cuts an answer into events and writes them as Google does. */
#include "config.h"

#include "gen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "base/xalloc.h"
#include "gjson.h"
#include "ground.h"

#define PIECE_BYTES 32 /* of text in one event, up to the end of the word */

void
gen_release(struct gen *g)
{
	for (size_t i = 0; i < g->count; i++)
		json_object_put(g->parts[i].part);
	free(g->parts);
	json_object_put(g->extra);
	json_object_put(g->grounding);
}

void
gen_add(struct gen *g, json_object *part, bool thought)
{
	if (g->count == g->room) {
		g->room = g->room == 0 ? 4 : g->room * 2;
		g->parts = xrealloc(g->parts, g->room * sizeof(*g->parts));
	}
	if (thought)
		json_object_object_add(part, "thought", json_object_new_boolean(true));
	g->parts[g->count++] = (struct gen_part){ part, thought };
}

void
gen_add_text(struct gen *g, struct slice text, bool thought)
{
	json_object *part = json_object_new_object();

	json_object_object_add(part, "text", gjson_new(text));
	gen_add(g, part, thought);
}

void
gen_add_extra(struct gen *g, const char *name, json_object *value)
{
	if (g->extra == NULL)
		g->extra = json_object_new_object();
	json_object_object_add(g->extra, name, value);
}

static void
add_int(json_object *obj, const char *key, int64_t value)
{
	if (value != 0)
		json_object_object_add(obj, key, json_object_new_int64(value));
}

static json_object *
usage_document(const struct ask *a, const struct gen *g, int64_t output, int64_t thoughts)
{
	json_object *usage = json_object_new_object();
	json_object *tier = gjson_get(a->body, "serviceTier");
	struct token_count prompt;

	tokens_of_request(a->body, &prompt);
	add_int(usage, "promptTokenCount", g->prompt_tokens);
	add_int(usage, "cachedContentTokenCount", g->cached_tokens);
	add_int(usage, "candidatesTokenCount", output);
	add_int(usage, "toolUsePromptTokenCount", g->tool_tokens);
	add_int(usage, "totalTokenCount", g->prompt_tokens + g->tool_tokens + output + thoughts);
	json_object_object_add(usage, "promptTokensDetails", tokens_details(&prompt));
	if (output > 0 && strcmp(g->output_modality, "TEXT") != 0) {
		json_object *list = json_object_new_array(), *row = json_object_new_object();

		json_object_object_add(row, "modality", json_object_new_string(g->output_modality));
		add_int(row, "tokenCount", output);
		json_object_array_add(list, row);
		json_object_object_add(usage, "candidatesTokensDetails", list);
	}
	add_int(usage, "thoughtsTokenCount", thoughts);
	if (tier != NULL)
		json_object_object_add(usage, "serviceTier", json_object_get(tier));
	return usage;
}

/* The text of the parts that are not thoughts. */
static void
add_logprobs(const struct gen *g, json_object *candidate, json_object *parts)
{
	size_t count = 0;
	double sum = 0;
	struct buf text;

	buf_init(&text, JSON_TEXT_MAX);
	buf_adds(&text, "");
	for (size_t i = 0; i < json_object_array_length(parts); i++) {
		json_object *part = json_object_array_get_idx(parts, i);

		if (!gjson_bool(part, "thought"))
			buf_add_slice(&text, gjson_str(part, "text"));
	}
	if (text.len > 0) {
		json_object *result =
		    logprobs_of_text(buf_slice(&text), g->top_logprobs, g->infinite, &sum, &count);

		json_object_object_add(
		    candidate, "avgLogprobs", json_object_new_double(sum / (double)count));
		json_object_object_add(candidate, "logprobsResult", result);
	}
	buf_release(&text);
}

/* Candidates after the first say which one they are. */
static void
add_number(json_object *parts, unsigned index)
{
	json_object *part = json_object_new_object();
	char text[32];

	snprintf(text, sizeof(text), " (candidate %u)", index);
	json_object_object_add(part, "text", json_object_new_string(text));
	json_object_array_add(parts, part);
}

/* parts: taken; NULL for a candidate without content. */
static json_object *
candidate_document(const struct gen *g, json_object *parts, unsigned index, bool last)
{
	json_object *candidate = json_object_new_object(), *content;

	if (parts != NULL) {
		if (last && index > 0 && strcmp(g->output_modality, "TEXT") == 0)
			add_number(parts, index);
		if (g->top_logprobs >= 0)
			add_logprobs(g, candidate, parts);
		content = json_object_new_object();
		json_object_object_add(content, "parts", parts);
		json_object_object_add(content, "role", json_object_new_string("model"));
		json_object_object_add(candidate, "content", content);
	}
	if (last && g->finish != NULL)
		json_object_object_add(
		    candidate, "finishReason", json_object_new_string(g->finish));
	if (last && g->finish_message != NULL)
		json_object_object_add(
		    candidate, "finishMessage", json_object_new_string(g->finish_message));
	add_int(candidate, "index", index);
	if (last && g->extra != NULL) {
		json_object_object_foreach(g->extra, key, value)
		    json_object_object_add(candidate, key, json_object_get(value));
	}
	return candidate;
}

/* candidates: taken, may be NULL. */
static json_object *
answer_document(const struct ask *a, const struct gen *g, json_object *candidates, int64_t output,
    int64_t thoughts)
{
	json_object *doc = json_object_new_object();

	if (candidates != NULL)
		json_object_object_add(doc, "candidates", candidates);
	if (g->block_reason != NULL) {
		json_object *feedback = json_object_new_object();

		json_object_object_add(
		    feedback, "blockReason", json_object_new_string(g->block_reason));
		json_object_object_add(doc, "promptFeedback", feedback);
	}
	json_object_object_add(doc, "usageMetadata", usage_document(a, g, output, thoughts));
	json_object_object_add(doc, "modelVersion", json_object_new_string(model_version(a->name)));
	json_object_object_add(doc, "responseId", json_object_new_string(g->response_id));
	return doc;
}

json_object *
gen_document(const struct ask *a, const struct gen *g)
{
	json_object *candidates = NULL;

	if (g->block_reason == NULL)
		candidates = json_object_new_array();
	for (unsigned k = 0; candidates != NULL && k < g->candidates; k++) {
		json_object *parts = g->count > 0 ? json_object_new_array() : NULL;

		for (size_t i = 0; i < g->count; i++)
			json_object_array_add(parts, json_object_get(g->parts[i].part));
		json_object_array_add(candidates, candidate_document(g, parts, k, true));
		if (g->grounding != NULL)
			json_object_object_add(json_object_array_get_idx(candidates, k),
			    "groundingMetadata", json_object_get(g->grounding));
	}
	return answer_document(
	    a, g, candidates, g->output_tokens * g->candidates, g->thought_tokens);
}

/* The next piece of text: about PIECE_BYTES, to the end of a word, no character cut. */
static struct slice
next_piece(struct slice *rest)
{
	size_t n = 0;

	while (n < rest->len) {
		size_t width = utf8_width((const unsigned char *)rest->ptr + n, rest->len - n);
		bool blank = rest->ptr[n] == ' ';

		n += width > 0 ? width : 1;
		if (n >= PIECE_BYTES && (blank || width > 1))
			break;
	}
	*rest = (struct slice){ rest->ptr + n, rest->len - n };
	return (struct slice){ rest->ptr - n, n };
}

struct running {
	const struct ask *ask;
	const struct gen *gen;
	json_object *events;
	int64_t output, thoughts;
};

/* One event per candidate. part: taken. */
static void
add_event(struct running *r, json_object *part, bool last)
{
	for (unsigned k = 0; k < r->gen->candidates; k++) {
		json_object *candidates = json_object_new_array(), *parts = NULL;

		if (part != NULL) {
			parts = json_object_new_array();
			json_object_array_add(parts, json_object_get(part));
		}
		json_object_array_add(candidates, candidate_document(r->gen, parts, k, last));
		if (last && k + 1 == r->gen->candidates) {
			r->output = r->gen->output_tokens * r->gen->candidates;
			r->thoughts = r->gen->thought_tokens;
		}
		json_object_array_add(
		    r->events, answer_document(r->ask, r->gen, candidates, r->output, r->thoughts));
	}
	json_object_put(part);
}

static void
add_text_events(struct running *r, const struct gen_part *gp, bool last)
{
	struct slice rest = gjson_str(gp->part, "text");
	json_object *signature = gjson_get(gp->part, "thoughtSignature");

	do {
		json_object *part = json_object_new_object();
		struct slice piece = next_piece(&rest);
		bool end = rest.len == 0;

		json_object_object_add(part, "text", gjson_new(piece));
		if (gp->thought)
			json_object_object_add(part, "thought", json_object_new_boolean(true));
		if (end && signature != NULL)
			json_object_object_add(
			    part, "thoughtSignature", json_object_get(signature));
		*(gp->thought ? &r->thoughts : &r->output) += tokens_of_text(piece);
		if (r->output > r->gen->output_tokens * r->gen->candidates)
			r->output = r->gen->output_tokens * r->gen->candidates;
		if (r->thoughts > r->gen->thought_tokens)
			r->thoughts = r->gen->thought_tokens;
		add_event(r, part, last && end);
	} while (rest.len > 0);
}

json_object *
gen_events(const struct ask *a, const struct gen *g)
{
	struct running r = { .ask = a, .gen = g, .events = json_object_new_array() };

	if (g->block_reason != NULL) {
		json_object_array_add(r.events, answer_document(a, g, NULL, 0, 0));
		return r.events;
	}
	if (g->together && g->count > 0) {
		json_object_put(r.events);
		r.events = json_object_new_array();
		json_object_array_add(r.events, gen_document(a, g));
		return r.events;
	}
	if (g->count == 0)
		add_event(&r, NULL, true);
	for (size_t i = 0; i < g->count; i++) {
		bool last = i + 1 == g->count;

		if (gjson_get(g->parts[i].part, "text") != NULL)
			add_text_events(&r, &g->parts[i], last);
		else
			add_event(&r, json_object_get(g->parts[i].part), last);
	}
	if (g->grounding != NULL)
		ground_spread(r.events, g->grounding);
	return r.events;
}

void
gen_play_head(const struct ask *a, struct play *p)
{
	play_head(p, 200, a->sse ? "text/event-stream" : GTYPE_JSON,
	    a->sse ? "Content-Disposition: attachment\r\n" : "");
}

void
gen_play_events(const struct ask *a, struct play *p, json_object *events, size_t from, size_t to,
    uint32_t delay_ms)
{
	size_t count = json_object_array_length(events);

	for (size_t i = from; i < to && i < count; i++) {
		struct buf text;

		buf_init(&text, JSON_TEXT_MAX);
		buf_adds(&text, a->sse ? "data: " : i == 0 ? "[" : ",\r\n");
		gjson_write(&text, json_object_array_get_idx(events, i),
		    a->sse ? GJSON_LINE : GJSON_PRETTY);
		buf_adds(&text, a->sse ? "\r\n\r\n" : "\n");
		if (!a->sse && i + 1 == count)
			buf_adds(&text, "]\n");
		play_add(p, i == from ? 0 : delay_ms, buf_slice(&text));
		buf_release(&text);
	}
}

void
gen_play_answer(const struct ask *a, struct play *p, const struct gen *g, uint32_t delay_ms)
{
	if (a->stream) {
		json_object *events = gen_events(a, g);

		gen_play_head(a, p);
		gen_play_events(a, p, events, 0, SIZE_MAX, delay_ms);
		json_object_put(events);
	} else {
		json_object *doc = gen_document(a, g);
		struct buf text;

		buf_init(&text, JSON_TEXT_MAX);
		gjson_write(&text, doc, GJSON_PRETTY);
		buf_addc(&text, '\n');
		play_reply(p, 200, GTYPE_JSON, "", buf_slice(&text));
		buf_release(&text);
		json_object_put(doc);
	}
}
