/* Gemini's parts in OpenAI's words; no state. */
#include "config.h"

#include "core/openai/chat/reply_parts.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"

#define TRACES_MAX (1 * MIB) /* of Google's tools in one turn, kept for the next */

/* clang-format off */
/* Those that mean `stop` are not listed: the set is open (Candidate.FinishReason). The filters of
 * images have names of their own; others will. */
static const struct {
	const char *native, *word; /* `*` stands for anything */
} finishes[] = {
	{ "MAX_TOKENS",           "length" },
	{ "CONTINUATION",         "length" },
	{ "*SAFETY",              "content_filter" },
	{ "*RECITATION",          "content_filter" },
	{ "*PROHIBITED_CONTENT",  "content_filter" },
	{ "BLOCKLIST",            "content_filter" },
	{ "SPII",                 "content_filter" },
	{ "LANGUAGE",             "content_filter" },
	{ "MODEL_ARMOR",          "content_filter" },
	{ "JAILBREAK",            "content_filter" },
	{ "ESCALATION",           "content_filter" },
	{ "PUP_LIMITED_DISABLED", "content_filter" },
};

/* The words of usageMetadata.serviceTier. */
static const struct {
	const char *native, *word;
} tiers[] = {
	{ "unspecified", "default" },
	{ "standard",    "default" },
	{ "flex",        "flex" },
	{ "priority",    "priority" },
};
/* clang-format on */

void
chat_head_write(struct jwriter *w, const struct chat_reply_info *info, const char *object)
{
	jw_str_open(w, "id");
	buf_adds(w->out, "chatcmpl-");
	buf_add_json(w->out, slice_str(info->id));
	jw_str_close(w);
	jw_str(w, "object", object);
	jw_int(w, "created", info->created);
	jw_str(w, "model", info->model);
}

void
chat_tier_write(struct jwriter *w, const struct usage *usage)
{
	for (size_t i = 0; usage->service_tier[0] != '\0' && i < ARRAY_SIZE(tiers); i++)
		if (slice_eqi(slice_str(usage->service_tier), slice_str(tiers[i].native)))
			jw_str(w, "service_tier", tiers[i].word);
}

void
chat_extra_write(
    struct jwriter *w, struct slice signature, json_object *grounding, struct slice traces)
{
	if (signature.len == 0 && grounding == NULL && traces.len == 0)
		return;
	jw_object(w, "extra_content");
	jw_object(w, "google");
	if (signature.len > 0)
		jw_slice(w, "thought_signature", signature);
	if (grounding != NULL)
		json_write_to(w, "grounding_metadata", grounding);
	if (traces.len > 0) {
		jw_array(w, "parts");
		jw_raw(w, NULL, traces);
		jw_array_end(w);
	}
	jw_object_end(w);
	jw_object_end(w);
}

void
chat_traces_init(struct buf *traces)
{
	buf_init(traces, TRACES_MAX);
}

void
chat_trace_add(struct buf *traces, const struct gemini_part *part)
{
	if (traces->len > 0)
		buf_addc(traces, ',');
	json_write(part->json, traces);
	/* `failed` stays, so that nothing is added any more. */
	if (traces->failed)
		traces->len = 0;
}

static void
write_citation(void *ctx, const struct citation *citation)
{
	struct jwriter *w = ctx;

	jw_object(w, NULL);
	jw_str(w, "type", "url_citation");
	jw_object(w, "url_citation");
	jw_slice(w, "url", citation->url);
	jw_slice(w, "title", citation->title);
	jw_int(w, "start_index", (int64_t)citation->start);
	jw_int(w, "end_index", (int64_t)citation->end);
	jw_object_end(w);
	jw_object_end(w);
}

void
chat_annotations_write(struct jwriter *w, struct citations *citations)
{
	jw_array(w, "annotations");
	citations_each(citations, write_citation, w);
	jw_array_end(w);
}

void
chat_image_write(struct jwriter *w, json_object *blob)
{
	jw_object(w, NULL);
	jw_str(w, "type", "image_url");
	jw_object(w, "image_url");
	jw_str_open(w, "url");
	buf_adds(w->out, "data:");
	buf_add_json(w->out, json_get_str(blob, "mimeType"));
	buf_adds(w->out, ";base64,");
	buf_add_json(w->out, json_get_str(blob, "data"));
	jw_str_close(w);
	jw_object_end(w);
	jw_object_end(w);
}

static void
write_logprob(struct jwriter *w, json_object *candidate, bool bytes)
{
	/* OpenAI's stand-in for minus infinity, which JSON lacks. */
	static const double lowest = -9999.0;
	double logprob = json_object_get_double(json_get(candidate, "logProbability"));
	double shown = logprob > lowest ? logprob : lowest; /* also for NaN */
	struct slice token = json_get_str(candidate, "token");

	jw_slice(w, "token", token);
	jw_double(w, "logprob", shown < 0 ? shown : 0);
	if (!bytes)
		return;
	jw_array(w, "bytes");
	for (size_t i = 0; i < token.len; i++)
		jw_int(w, NULL, (unsigned char)token.ptr[i]);
	jw_array_end(w);
}

void
chat_logprob_list(struct jwriter *w, json_object *result, bool bytes)
{
	json_object *chosen = json_get_array(result, "chosenCandidates");
	json_object *tops = json_get_array(result, "topCandidates"), *top;
	size_t count = chosen != NULL ? json_object_array_length(chosen) : 0;

	for (size_t i = 0; i < count; i++) {
		jw_object(w, NULL);
		write_logprob(w, json_object_array_get_idx(chosen, i), bytes);
		jw_array(w, "top_logprobs");
		top = tops != NULL ? json_object_array_get_idx(tops, i) : NULL;
		top = json_get_array(top, "candidates");
		for (size_t j = 0; top != NULL && j < json_object_array_length(top); j++) {
			jw_object(w, NULL);
			write_logprob(w, json_object_array_get_idx(top, j), bytes);
			jw_object_end(w);
		}
		jw_array_end(w);
		jw_object_end(w);
	}
}

void
chat_logprobs_write(struct jwriter *w, const char *key, json_object *result)
{
	json_object *chosen = json_get_array(result, "chosenCandidates");

	if (chosen == NULL || json_object_array_length(chosen) == 0) {
		jw_null(w, key);
		return;
	}
	jw_object(w, key);
	jw_array(w, "content");
	chat_logprob_list(w, result, true);
	jw_array_end(w);
	jw_null(w, "refusal");
	jw_object_end(w);
}

void
chat_call_arguments(json_object *call, struct buf *out)
{
	json_object *args = json_get_object(call, "args");

	if (args != NULL)
		json_write(args, out);
	else
		buf_adds(out, "{}");
}

/* args as a string of JSON. */
static void
write_arguments(struct jwriter *w, const char *key, json_object *call)
{
	struct buf text;

	buf_init(&text, COLLECT_MAX);
	chat_call_arguments(call, &text);
	jw_slice(w, key, buf_slice(&text));
	/* Half of the arguments would be a call of another kind. */
	w->out->failed = w->out->failed || text.failed;
	buf_release(&text);
}

/* Clients put ids into columns, headers and file names. */
static bool
is_plain_id(struct slice id)
{
	for (size_t i = 0; i < id.len; i++) {
		char c = id.ptr[i];

		if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			strchr("_-.:", c) != NULL) ||
		    c == '\0')
			return false;
	}
	return id.len > 0 && id.len <= CALL_ID_MAX;
}

struct slice
chat_call_id(json_object *call, const struct chat_call_place *place, char text[CALL_ID_MAX + 1])
{
	struct slice id = json_get_str(call, "id"), base = slice_str(place->info->id);
	size_t room = CALL_ID_MAX - sizeof("call_") - 12;

	if (is_plain_id(id))
		return id;
	if (base.len > room)
		base = (struct slice){ base.ptr + (base.len - room), room };
	snprintf(text, CALL_ID_MAX + 1, "call_%.*s_%u_%u", (int)base.len, base.ptr,
	    (unsigned)place->choice % 100, (unsigned)place->index % 1000000);
	return slice_str(text);
}

void
chat_call_carry(
    const struct gemini_part *part, const struct chat_call_place *place, struct buf *out)
{
	buf_add_slice(out, part->signature);
	if (place->index == 0 && place->traces.len > 0) {
		buf_adds(out, "\n[");
		buf_add_slice(out, place->traces);
		buf_addc(out, ']');
	}
}

void
chat_call_keep(const struct gemini_part *part, const struct chat_call_place *place, struct slice id)
{
	struct buf value;

	if (place->info->keep == NULL)
		return;
	buf_init(&value, SSE_EVENT_MAX);
	chat_call_carry(part, place, &value);
	if (value.len > 0 && !value.failed)
		place->info->keep(place->info->keep_ctx, id, buf_slice(&value));
	buf_release(&value);
}

/* The caller's name of a function; one that nobody declared passes as it is. */
static void
write_name(struct jwriter *w, json_object *call, const struct tool_name *tool)
{
	if (tool != NULL)
		jw_str(w, "name", tool_name_flat(tool));
	else
		jw_slice(w, "name", json_get_str(call, "name"));
}

const struct tool_name *
chat_call_tool(const struct gemini_part *part, const struct chat_call_place *place)
{
	struct slice name = json_get_str(part->body, "name");
	const struct tool_name *tool = tool_names_upstream(place->info->tools, name);

	return tool != NULL ? tool : tool_names_meant(place->info->tools, name);
}

void
chat_call_write(
    struct jwriter *w, const struct gemini_part *part, const struct chat_call_place *place)
{
	const struct tool_name *tool = chat_call_tool(part, place);
	bool custom = tool != NULL && tool->kind == TOOL_CUSTOM;
	const char *type = custom ? "custom" : "function";
	char text[CALL_ID_MAX + 1];
	struct slice id = chat_call_id(part->body, place, text);
	json_object *input;

	chat_call_keep(part, place, id);
	jw_object(w, NULL);
	if (place->numbered)
		jw_int(w, "index", (int64_t)place->index);
	jw_slice(w, "id", id);
	jw_str(w, "type", type);
	jw_object(w, type);
	write_name(w, part->body, tool);
	input = json_get(json_get(part->body, "args"), "input");
	if (custom && json_object_is_type(input, json_type_string))
		jw_slice(w, "input", json_str(input));
	else /* a model that forgets the one argument has still said something */
		write_arguments(w, custom ? "input" : "arguments", part->body);
	jw_object_end(w);
	chat_extra_write(w, part->signature, NULL, SLICE(""));
	jw_object_end(w);
}

void
chat_legacy_call_write(
    struct jwriter *w, const struct gemini_part *part, const struct chat_call_place *place)
{
	jw_object(w, "function_call");
	write_name(w, part->body, chat_call_tool(part, place));
	write_arguments(w, "arguments", part->body);
	jw_object_end(w);
}

const char *
chat_finish_word(const struct chat_finish *finish)
{
	for (size_t i = 0; i < ARRAY_SIZE(finishes); i++)
		if (slice_fits(finish->native, slice_str(finishes[i].native)))
			return finishes[i].word;
	if (finish->called)
		return finish->legacy ? "function_call" : "tool_calls";
	/* An unexplained end before any word is no answer. */
	if (slice_eq(finish->native, SLICE("OTHER")) && !finish->spoke)
		return "content_filter";
	return "stop";
}

void
chat_refusal_write(struct jwriter *w, const char *key, struct slice block_reason)
{
	jw_str_open(w, key);
	buf_adds(w->out, "Google blocked the prompt (");
	buf_add_json(w->out, block_reason);
	buf_adds(w->out, ").");
	jw_str_close(w);
}
