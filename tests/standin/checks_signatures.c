/* Thought signatures and the traces of the model's own tools, in their places. */
#include "config.h"

#include "checks.h"
#include "gjson.h"
#include "sign.h"

#define MORE \
	"Please refer to https://ai.google.dev/gemini-api/docs/thought-signatures for more " \
	"details."

static bool
is_model_turn(json_object *content)
{
	return slice_eq(gjson_str(content, "role"), SLICE("model"));
}

/* The first content after the last one of the user that is more than function results. */
static size_t
turn_start(const struct subject *s)
{
	size_t count = gjson_count(s->body, "contents"), start = 0;

	for (size_t i = 0; i < count; i++) {
		json_object *content = gjson_at(s->body, "contents", i);
		bool results = false;

		for (size_t k = 0; k < gjson_count(content, "parts"); k++)
			results = results || gjson_get(gjson_at(content, "parts", k),
						 "functionResponse") != NULL;
		if (!is_model_turn(content) && !results)
			start = i + 1;
	}
	return start;
}

static bool
signature_corrupted(struct refusal *r)
{
	return refuse(r, 400, "Corrupted thought signature.");
}

/* A trace before the part: both halves, one id. */
static bool
has_trace_before(json_object *content, size_t part)
{
	struct slice id = SLICE("");

	for (size_t i = 0; i < part; i++) {
		json_object *p = gjson_at(content, "parts", i);
		json_object *call = gjson_get(p, "toolCall"),
			    *response = gjson_get(p, "toolResponse");

		if (call != NULL)
			id = gjson_str(call, "id");
		else if (response != NULL && id.len > 0)
			return slice_eq(gjson_str(response, "id"), id);
	}
	return false;
}

/* must: the first call of a step of the current turn. */
static bool
check_call(json_object *content, size_t index, size_t position, bool must, struct stats *t,
    struct refusal *r)
{
	json_object *part = gjson_at(content, "parts", index);
	struct slice name = gjson_str(gjson_get(part, "functionCall"), "name");
	bool after_tools = false;
	enum sign_state state = sign_check(part, &after_tools);

	if (state == SIGN_WRONG)
		return signature_corrupted(r);
	if (state == SIGN_NONE && must)
		return refuse(r, 400,
		    "Function call is missing a thought_signature in functionCall parts. This is "
		    "required for tools to work correctly, and missing thought_signature may lead "
		    "to degraded model performance. Additional data, function call "
		    "`default_api:%.*s` , position %zu. " MORE,
		    (int)name.len, name.ptr, position);
	if (state == SIGN_TRUE && after_tools && must && !has_trace_before(content, index))
		return refuse(r, 400,
		    "The toolCall and toolResponse parts before function call `default_api:%.*s` , "
		    "position %zu are missing. All parts of the model's turn must be returned "
		    "unchanged.",
		    (int)name.len, name.ptr, position);
	t->signed_calls += state == SIGN_TRUE;
	t->bypassed_calls += state == SIGN_BYPASS;
	return true;
}

static bool
check_tool(
    const struct subject *s, json_object *content, size_t index, struct stats *t, struct refusal *r)
{
	json_object *part = gjson_at(content, "parts", index);
	json_object *call = gjson_get(part, "toolCall");
	json_object *after = gjson_get(gjson_at(content, "parts", index + 1), "toolResponse");
	json_object *before =
	    index > 0 ? gjson_get(gjson_at(content, "parts", index - 1), "toolCall") : NULL;
	enum sign_state state = sign_check(part, NULL);
	json_object *response = gjson_get(part, "toolResponse");

	if (state == SIGN_WRONG)
		return signature_corrupted(r);
	if (state == SIGN_NONE)
		return refuse(r, 400, "Tool call is missing a thought_signature in %s parts. " MORE,
		    call != NULL ? "toolCall" : "toolResponse");
	if (call != NULL &&
	    (after == NULL || !slice_eq(gjson_str(after, "id"), gjson_str(call, "id"))))
		return refuse(r, 400,
		    "Please ensure that a toolCall part is followed by the toolResponse part of "
		    "the "
		    "same id.");
	if (response != NULL &&
	    (before == NULL || !slice_eq(gjson_str(before, "id"), gjson_str(response, "id"))))
		return refuse(r, 400,
		    "Please ensure that a toolResponse part comes immediately after the toolCall "
		    "part of the same id.");
	if (!gjson_bool(gjson_get(s->body, "toolConfig"), "includeServerSideToolInvocations"))
		return refuse(r, 400,
		    "Please enable tool_config.include_server_side_tool_invocations to use "
		    "toolCall "
		    "and toolResponse parts.");
	t->signed_tools += state == SIGN_TRUE;
	t->bypassed_tools += state == SIGN_BYPASS;
	return true;
}

static bool
check_image(const struct subject *s, json_object *part, size_t content, size_t index,
    struct stats *t, struct refusal *r)
{
	enum sign_state state = sign_check(part, NULL);

	if (s->model->kind != MODEL_IMAGE || gjson_bool(part, "thought"))
		return true;
	if (state == SIGN_WRONG)
		return signature_corrupted(r);
	if (state == SIGN_NONE)
		return refuse(r, 400,
		    "Image part is missing a thought_signature in content position %zu, part "
		    "position %zu. " MORE,
		    content + 1, index + 1);
	t->signed_images += state == SIGN_TRUE;
	t->bypassed_images += state == SIGN_BYPASS;
	return true;
}

static bool
check_content(const struct subject *s, size_t at, bool current, struct stats *t, struct refusal *r)
{
	json_object *content = gjson_at(s->body, "contents", at);
	size_t parts = gjson_count(content, "parts");
	bool first = true;

	for (size_t i = 0; i < parts; i++) {
		json_object *part = gjson_at(content, "parts", i);
		enum sign_state state;
		bool good = true;

		if (gjson_get(part, "functionCall") != NULL) {
			good = check_call(content, i, at + 1, current && first, t, r);
			first = false;
		} else if (gjson_get(part, "toolCall") != NULL ||
			   gjson_get(part, "toolResponse") != NULL) {
			good = check_tool(s, content, i, t, r);
		} else if (gjson_get(part, "inlineData") != NULL) {
			good = check_image(s, part, at, i, t, r);
		} else {
			/* Not validated by Google: a wrong one is only counted. */
			state = sign_check(part, NULL);
			t->signed_texts += state == SIGN_TRUE;
			t->misplaced_texts += state == SIGN_WRONG;
		}
		if (!good)
			return false;
	}
	return true;
}

bool
checks_signatures(const struct subject *s, struct refusal *r)
{
	size_t count = gjson_count(s->body, "contents"), start = turn_start(s);
	struct stats *stats = &s->si->stats;
	struct stats t = { 0 };

	if (!model_is_3(s->model))
		return true;
	for (size_t i = 0; i < count; i++) {
		if (is_model_turn(gjson_at(s->body, "contents", i)) &&
		    !check_content(s, i, i >= start, &t, r)) {
			stats->refused_signatures++;
			return false;
		}
	}
	stats->signed_calls += t.signed_calls;
	stats->bypassed_calls += t.bypassed_calls;
	stats->signed_tools += t.signed_tools;
	stats->bypassed_tools += t.bypassed_tools;
	stats->signed_texts += t.signed_texts;
	stats->misplaced_texts += t.misplaced_texts;
	stats->signed_images += t.signed_images;
	stats->bypassed_images += t.bypassed_images;
	return true;
}
