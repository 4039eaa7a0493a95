/* Friendly echoes: each feature of a request shows in the answer. */
#include "config.h"

#include "behave.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/xalloc.h"
#include "caches.h"
#include "calls.h"
#include "example.h"
#include "failures.h"
#include "gjson.h"
#include "ground.h"
#include "media.h"
#include "sign.h"
#include "trigger.h"

#define TEXT_MAX (128UL * 1024 * 1024)
#define ECHO_MAX (16UL * 1024) /* of the question that is repeated */
#define EMOJI \
	"\xF0\x9F\x8E\x89 \xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB \xC3\xA9\xC3\xA0 " \
	"\xE4\xBD\xA0\xE5\xA5\xBD \xF0\x9F\x87\xAB\xF0\x9F\x87\xB7 \xE2\x9C\x85 "

static const struct {
	const char *level;
	int64_t tokens;
} level_tokens[] = {
	{ "MINIMAL", 0 },
	{ "LOW", 16 },
	{ "MEDIUM", 32 },
	{ "HIGH", 64 },
	{ "XHIGH", 128 },
};

struct slice
behave_last_text(json_object *body)
{
	size_t count = gjson_count(body, "contents");
	json_object *content = count > 0 ? gjson_at(body, "contents", count - 1) : NULL;
	struct slice text = SLICE("");
	size_t parts = gjson_count(content, "parts");

	if (slice_eq(gjson_str(content, "role"), SLICE("model")))
		return text;
	for (size_t i = 0; i < parts; i++) {
		struct slice s = gjson_str(gjson_at(content, "parts", i), "text");

		if (s.len > 0)
			text = s;
	}
	return text;
}

static int64_t
thinking_tokens(const struct ask *a)
{
	json_object *thinking = gjson_get(gjson_get(a->body, "generationConfig"), "thinkingConfig");
	struct slice level = gjson_str(thinking, "thinkingLevel");
	int64_t budget = gjson_int(thinking, "thinkingBudget", -1);

	if (a->model->knob == THINK_NONE)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(level_tokens); i++) {
		if (slice_eqi(level, slice_str(level_tokens[i].level)))
			return level_tokens[i].tokens;
	}
	if (a->model->knob == THINK_BUDGET && a->model->budget_min == 512 && budget == -1 &&
	    gjson_get(thinking, "thinkingBudget") == NULL)
		return 0; /* the lite model does not think unasked */
	return budget >= 0 && budget < 32 ? budget : 32;
}

void
behave_begin(const struct ask *a, struct gen *ret)
{
	static uint32_t serial;
	json_object *config = gjson_get(a->body, "generationConfig");
	struct token_count prompt;

	tokens_of_request(a->body, &prompt);
	*ret = (struct gen){ .finish = "STOP", .output_modality = "TEXT", .candidates = 1 };
	ret->top_logprobs =
	    gjson_bool(config, "responseLogprobs") ? (int)gjson_int(config, "logprobs", 0) : -1;
	ret->infinite = slice_find(behave_last_text(a->body), SLICE("minus-infinity")) >= 0;
	ret->cached_tokens = caches_tokens(a->si->caches, gjson_str(a->body, "cachedContent"));
	ret->prompt_tokens = tokens_total(&prompt) + ret->cached_tokens;
	ret->thought_tokens = thinking_tokens(a);
	serial++;
	snprintf(ret->response_id, sizeof(ret->response_id), "sTaNdIn%08xAAAAAAA", serial);
}

void
behave_count(struct gen *g)
{
	g->output_tokens = 0;
	for (size_t i = 0; i < g->count; i++) {
		json_object *part = g->parts[i].part, *call = gjson_get(part, "functionCall");

		if (g->parts[i].thought)
			continue;
		g->output_tokens += tokens_of_text(gjson_str(part, "text"));
		g->output_tokens +=
		    tokens_of_text(gjson_str(gjson_get(part, "audioTranscription"), "text"));
		if (gjson_get(part, "inlineData") != NULL)
			g->output_tokens += 258;
		if (call != NULL)
			g->output_tokens += tokens_of_text(slice_str(
			    json_object_to_json_string_ext(call, JSON_C_TO_STRING_PLAIN)));
	}
}

/* Text about the function results at the end of the conversation; false when there are none. */
static bool
write_results(const struct ask *a, struct buf *out)
{
	size_t count = gjson_count(a->body, "contents");
	json_object *content = gjson_at(a->body, "contents", count > 0 ? count - 1 : 0);
	size_t parts = gjson_count(content, "parts");
	bool any = false;

	for (size_t i = 0; i < parts; i++) {
		json_object *result = gjson_get(gjson_at(content, "parts", i), "functionResponse");

		if (result == NULL)
			continue;
		if (any)
			buf_addc(out, ' ');
		buf_adds(out, "The function ");
		buf_add_slice(out, gjson_str(result, "name"));
		buf_adds(out, " returned ");
		gjson_write(out, gjson_get(result, "response"), GJSON_LINE);
		buf_addc(out, '.');
		any = true;
	}
	return any;
}

static void
write_json(const struct ask *a, struct buf *out, struct slice mime, struct slice text)
{
	json_object *config = gjson_get(a->body, "generationConfig"), *value;
	json_object *schema = gjson_get(config, "responseJsonSchema");

	if (schema == NULL)
		schema = gjson_get(config, "responseSchema");
	if (schema == NULL && slice_eq(mime, SLICE("application/json"))) {
		value = json_object_new_object();
		json_object_object_add(value, "answer", gjson_new(text));
	} else {
		value = example_of(schema, text);
	}
	if (slice_eq(mime, SLICE("text/x.enum")))
		buf_adds(out, json_object_get_string(value));
	else
		gjson_write(out, value, GJSON_PRETTY);
	json_object_put(value);
}

static void
write_text(const struct ask *a, struct buf *out)
{
	json_object *config = gjson_get(a->body, "generationConfig");
	struct slice mime = gjson_str(config, "responseMimeType");
	struct slice text = behave_last_text(a->body);

	if (mime.len > 0 && !slice_eq(mime, SLICE("text/plain"))) {
		write_json(a, out, mime, text);
		return;
	}
	if (a->model->special == SPECIAL_SPLIT)
		buf_adds(out, EMOJI EMOJI EMOJI);
	if (write_results(a, out))
		return;
	if ((text.len == 0 || slice_find(text, SLICE("ranscri")) >= 0) &&
	    media_write_transcript(a, out))
		return;
	buf_addf(out, "Hello! I am the stand-in for %s. You said: ", a->name);
	if (text.len > ECHO_MAX) {
		text.len = ECHO_MAX;
		while (text.len > 0 && ((unsigned char)text.ptr[text.len] & 0xC0) == 0x80)
			text.len--;
	}
	buf_add_slice(out, text);
}

/* Cuts the text at a stop sequence and at maxOutputTokens. */
static void
limit_text(const struct ask *a, struct gen *g, struct buf *text)
{
	json_object *config = gjson_get(a->body, "generationConfig");
	size_t stops = gjson_count(config, "stopSequences");
	int64_t max = gjson_int(config, "maxOutputTokens", 0);

	for (size_t i = 0; i < stops; i++) {
		struct slice stop =
		    slice_str(json_object_get_string(gjson_at(config, "stopSequences", i)));
		ptrdiff_t at = slice_find(buf_slice(text), stop);

		if (stop.len > 0 && at >= 0)
			text->len = (size_t)at;
	}
	if (max <= 0)
		return;
	if (g->thought_tokens >= max) {
		g->thought_tokens = max;
		text->len = 0;
		g->finish = "MAX_TOKENS";
		return;
	}
	max = (max - g->thought_tokens) * 4;
	if ((int64_t)text->len > max) {
		text->len = (size_t)max;
		while (text->len > 0 && ((unsigned char)text->data[text->len] & 0xC0) == 0x80)
			text->len--;
		g->finish = "MAX_TOKENS";
	}
}

static void
add_thoughts(const struct ask *a, struct gen *g)
{
	json_object *thinking = gjson_get(gjson_get(a->body, "generationConfig"), "thinkingConfig");

	if (g->thought_tokens > 0 && gjson_bool(thinking, "includeThoughts"))
		gen_add_text(g,
		    SLICE("**Reading the question**\n\nI look at what was asked and decide to "
			  "repeat it.\n\n"),
		    true);
}

static void
sign_text(const struct ask *a, struct gen *g, bool after_traces)
{
	if (!model_is_3(a->model) || g->thought_tokens == 0)
		return;
	/* In a stream the signature comes on a last part without text. */
	if (a->stream)
		gen_add_text(g, SLICE(""), false);
	sign_part(g->parts[g->count - 1].part, after_traces, 0);
}

static void
add_answer(const struct ask *a, struct gen *g, struct slice prompt)
{
	struct buf text;

	buf_init(&text, TEXT_MAX);
	write_text(a, &text);
	limit_text(a, g, &text);
	if (text.len > 0) {
		bool traces;

		add_thoughts(a, g);
		traces = ground_add_traces(a, g, prompt);
		gen_add_text(g, buf_slice(&text), false);
		ground_add_sources(a, g, prompt);
		sign_text(a, g, traces);
	}
	buf_release(&text);
}

static void
add_calls(const struct ask *a, struct gen *g, struct slice prompt)
{
	bool traces;

	add_thoughts(a, g);
	traces = ground_add_traces(a, g, prompt);
	if (slice_find(prompt, SLICE("say-first")) >= 0)
		gen_add_text(g, SLICE("I will call a function. "), false);
	calls_add(a, g, prompt, traces);
	if (traces)
		ground_add_sources(a, g, prompt);
	/* Newer models end a stream of calls with an event of its own. */
	if (a->stream && model_is_3(a->model) && !g->together)
		gen_add_text(g, SLICE(""), false);
}

void
behave_fill(const struct ask *a, struct gen *g)
{
	struct slice text = behave_last_text(a->body);

	if (a->model->special == SPECIAL_GATED) {
		for (uint32_t i = 1; i <= a->model->number; i++) {
			char piece[32];

			snprintf(piece, sizeof(piece), "event %u ", i);
			gen_add_text(g, slice_str(piece), false);
		}
	} else if (a->model->kind == MODEL_IMAGE) {
		add_thoughts(a, g);
		media_add_images(a, g, text);
	} else if (a->model->kind == MODEL_TTS || a->model->kind == MODEL_TTS_WAV) {
		media_add_speech(a, g);
	} else if (a->model->kind == MODEL_TRANSCRIBE) {
		media_add_transcript(a, g);
	} else if (calls_wanted(a, text)) {
		add_calls(a, g, text);
	} else {
		add_answer(a, g, text);
	}
	trigger_add_extras(g, text);
}

/* "fail:NAME" plays a failure for this request alone. */
static bool
play_failure(const struct ask *a, struct slice text)
{
	const struct failure *f;
	struct slice name;

	if (!behave_trigger(text, "fail:", &name) || (f = failure_find(name)) == NULL ||
	    !failure_fits(f, a->stream ? ROUTE_STREAM : ROUTE_GENERATE))
		return false;
	failure_play(f, a, a->delay_ms);
	return true;
}

void
behave_generate(const struct ask *a)
{
	json_object *config = gjson_get(a->body, "generationConfig");
	struct slice text = behave_last_text(a->body);
	struct play *p;
	struct gen g;

	if (play_failure(a, text))
		return;
	behave_begin(a, &g);
	g.candidates = (unsigned)gjson_int(config, "candidateCount", 1);
	if (g.candidates == 0)
		g.candidates = 1;
	p = play_new(a->si, a->conn);
	play_wait(p, a->si->think_ms + a->delay_ms);
	if (a->model->special == SPECIAL_SILENT)
		play_wait(p, a->model->number);
	if (!trigger_play(a, p, &g, text)) {
		behave_fill(a, &g);
		behave_count(&g);
		gen_play_answer(a, p, &g, a->si->think_ms / 10);
	}
	if (a->stream && a->model->special == SPECIAL_GATED)
		play_gate(p);
	if (a->stream && a->model->special == SPECIAL_SPLIT)
		play_split(p, a->model->number);
	gen_release(&g);
	play_start(p, PLAY_END);
}

void
behave_count_tokens(struct conn *c, json_object *body)
{
	json_object *inner = gjson_get(body, "generateContentRequest");
	json_object *doc = json_object_new_object();
	struct token_count count;

	tokens_of_request(inner != NULL ? inner : body, &count);
	json_object_object_add(doc, "totalTokens", json_object_new_int64(tokens_total(&count)));
	json_object_object_add(doc, "promptTokensDetails", tokens_details(&count));
	gjson_reply(c, 200, doc);
	json_object_put(doc);
}
