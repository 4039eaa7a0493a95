/* Answers on demand. */
#include "config.h"

#include "trigger.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/xalloc.h"
#include "behave.h"
#include "gjson.h"

#define TOKEN_WORD "stand-in continues "
#define HOPS_MAX   20

static const struct {
	const char *reason;
	const char *message;
} messages[] = {
	{ "MALFORMED_FUNCTION_CALL", "Malformed function call: print(default_api.lookup(" },
	{ "UNEXPECTED_TOOL_CALL", "Unexpected tool call: lookup" },
	{ "TOO_MANY_TOOL_CALLS", "Too many consecutive tool calls." },
	{ "MISSING_THOUGHT_SIGNATURE", "Function call `lookup` is missing a thought_signature." },
	{ "MALFORMED_RESPONSE", "Malformed response." },
	{ "NO_IMAGE", "Unable to show the generated image." },
	{ "IMAGE_SAFETY", "Unable to show the generated image. The model could not generate the "
			  "image based on the prompt provided." },
};

static const struct {
	const char *name;
	const char *text;
} empties[] = {
	{ "object", "{}" },
	{ "candidates", "{\"candidates\": [],\"usageMetadata\": {\"promptTokenCount\": 5,"
			"\"totalTokenCount\": 5}}" },
	{ "content", "{\"candidates\": [{\"content\": {\"role\": \"model\"},\"finishReason\": "
		     "\"STOP\"}],\"usageMetadata\": {\"promptTokenCount\": 5}}" },
	{ "parts", "{\"candidates\": [{\"content\": {\"parts\": [],\"role\": \"model\"},"
		   "\"finishReason\": \"STOP\"}]}" },
	{ "usage", "{\"usageMetadata\": {\"trafficType\": \"ON_DEMAND\"}}" },
};

bool
behave_trigger(struct slice text, const char *word, struct slice *ret_value)
{
	ptrdiff_t at = slice_find(text, slice_str(word));
	size_t start, end;

	if (at < 0)
		return false;
	start = end = (size_t)at + strlen(word);
	while (end < text.len && (isalnum((unsigned char)text.ptr[end]) || text.ptr[end] == '_' ||
				     text.ptr[end] == '.'))
		end++;
	*ret_value = (struct slice){ text.ptr + start, end - start };
	return end > start;
}

uint64_t
behave_number(struct slice text, const char *word, uint64_t fallback)
{
	struct slice value;
	uint64_t number;

	return behave_trigger(text, word, &value) && slice_u64(value, &number) ? number : fallback;
}

const char *
trigger_message(const char *reason)
{
	for (size_t i = 0; i < ARRAY_SIZE(messages); i++) {
		if (reason != NULL && strcmp(reason, messages[i].reason) == 0)
			return messages[i].message;
	}
	return NULL;
}

bool
trigger_empty(const struct ask *a, struct play *p, struct slice what)
{
	struct buf text;
	bool found = slice_eq(what, SLICE("body"));

	buf_init(&text, 64 * 1024);
	buf_adds(&text, "");
	for (size_t i = 0; i < ARRAY_SIZE(empties); i++) {
		if (!slice_eq(what, slice_str(empties[i].name)))
			continue;
		found = true;
		buf_addf(&text, "%s%s%s",
		    !a->stream ? ""
		    : a->sse   ? "data: "
			       : "[",
		    empties[i].text,
		    !a->stream ? "\n"
		    : a->sse   ? "\r\n\r\n"
			       : "]\n");
	}
	if (found && a->stream) {
		gen_play_head(a, p);
		if (text.len > 0)
			play_add(p, 0, buf_slice(&text));
	} else if (found) {
		play_reply(p, 200, GTYPE_JSON, "", buf_slice(&text));
	}
	buf_release(&text);
	return found;
}

/* The hop that a token stands for; -1 for a token of another origin, 0 without one. */
static int64_t
hop_of(json_object *body)
{
	struct slice token = gjson_str(body, "continuationToken"), word = SLICE(TOKEN_WORD), rest;
	uint64_t hop = 0;
	int64_t result = -1;
	struct buf raw;

	if (token.len == 0)
		return 0;
	buf_init(&raw, 64 * 1024);
	gbase64_decode(&raw, token);
	rest = buf_slice(&raw);
	if (slice_starts(rest, word) &&
	    slice_u64((struct slice){ rest.ptr + word.len, rest.len - word.len }, &hop) &&
	    hop <= HOPS_MAX)
		result = (int64_t)hop;
	buf_release(&raw);
	return result;
}

bool
trigger_token_valid(json_object *body)
{
	return hop_of(body) >= 0;
}

static void
add_token(struct gen *g, int64_t hop)
{
	struct buf raw, token;

	buf_init(&raw, 1024);
	buf_init(&token, 1024);
	buf_addf(&raw, TOKEN_WORD "%lld", (long long)hop);
	gbase64_add(&token, raw.data, raw.len);
	gen_add_extra(g, "continuationToken", gjson_new(buf_slice(&token)));
	buf_release(&raw);
	buf_release(&token);
}

/* One of `hops` pieces; all but the last end with CONTINUATION. */
static void
fill_hop(const struct ask *a, struct gen *g, uint64_t hops)
{
	int64_t hop = hop_of(a->body), all;
	char text[64];

	snprintf(text, sizeof(text), "Piece %lld of %llu. ", (long long)hop + 1,
	    (unsigned long long)hops);
	gen_add_text(g, slice_str(text), false);
	behave_count(g);
	/* Running totals. */
	all = g->output_tokens * (hop + 1);
	g->output_tokens = all;
	if ((uint64_t)hop + 1 < hops) {
		g->finish = "CONTINUATION";
		add_token(g, hop + 1);
	}
}

bool
trigger_play(const struct ask *a, struct play *p, struct gen *g, struct slice text)
{
	uint64_t hops = behave_number(text, "continue:", 0);
	struct slice value;

	if (behave_trigger(text, "empty:", &value) && trigger_empty(a, p, value))
		return true;
	if (behave_trigger(text, "block:", &value)) {
		snprintf(g->word, sizeof(g->word), "%.*s", (int)value.len, value.ptr);
		g->block_reason = g->word;
		g->thought_tokens = 0;
	} else if (behave_trigger(text, "finish:", &value)) {
		snprintf(g->word, sizeof(g->word), "%.*s", (int)value.len, value.ptr);
		g->finish = g->word;
	} else if (behave_trigger(text, "finish-late:", &value)) {
		behave_fill(a, g);
		behave_count(g);
		snprintf(g->word, sizeof(g->word), "%.*s", (int)value.len, value.ptr);
		g->finish = g->word;
	} else if (hops > 0 && hops <= HOPS_MAX) {
		fill_hop(a, g, hops);
	} else {
		return false;
	}
	g->finish_message = trigger_message(g->finish);
	gen_play_answer(a, p, g, a->si->think_ms / 10);
	return true;
}

void
trigger_add_extras(struct gen *g, struct slice text)
{
	static const struct {
		const char *word;
		const char *name;
		const char *json;
	} extras[] = {
		{ "with-ratings", "safetyRatings",
		    "[{\"category\":\"HARM_CATEGORY_HARASSMENT\",\"probability\":\"NEGLIGIBLE\"},"
		    "{\"category\":\"HARM_CATEGORY_DANGEROUS_CONTENT\",\"probability\":\"LOW\"}]" },
		{ "with-citations", "citationMetadata",
		    "{\"citationSources\":[{\"endIndex\":5,\"uri\":\"https://example.com/source\","
		    "\"license\":\"mit\"}]}" },
	};
	size_t at;

	for (size_t i = 0; i < ARRAY_SIZE(extras); i++) {
		if (slice_find(text, slice_str(extras[i].word)) >= 0)
			gen_add_extra(
			    g, extras[i].name, gjson_parse(slice_str(extras[i].json), &at));
	}
	if (behave_number(text, "cached:", 0) > 0 && g->cached_tokens == 0) {
		g->cached_tokens = (int64_t)behave_number(text, "cached:", 0);
		g->prompt_tokens += g->cached_tokens;
	}
}
