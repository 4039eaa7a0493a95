/*
 * Function calls of one step and their results. Google wants all results in one turn right after
 * the calls, in their order and number; OpenAI's clients send one message each, in any order, and
 * sometimes too few. What a tool said is passed on as it said it.
 */
#include "config.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "core/openai/chat/chat_read.h"
#include "core/gemini/part_build.h"
#include "core/http/mime.h"
#include "core/gemini/struct_text.h"

void
chat_calls_init(struct chat_calls *c)
{
	*c = (struct chat_calls){ 0 };
}

void
chat_calls_release(struct chat_calls *c)
{
	for (size_t i = 0; i < c->count; i++) {
		json_object_put(c->list[i].texts);
		json_object_put(c->list[i].media);
	}
	free(c->list);
	for (enum chat_key key = 0; key < CHAT_KEYS; key++) {
		json_object_put(c->index[key]);
		json_object_put(c->last[key]);
	}
}

void
chat_calls_add(struct chat_calls *c, const struct chat_call *call)
{
	if (c->count == c->room) {
		c->room = c->room > 0 ? c->room * 2 : 4;
		c->list = xrealloc(c->list, c->room * sizeof(*c->list));
	}
	c->list[c->count++] = *call;
}

/* Google takes an object. JSON that it reads as it was meant goes as what it is, everything else as
 * its text, under `result`. */
static json_object *
response_of_text(json_object *text)
{
	json_object *value, *response;

	if (struct_text_read(json_str(text), &value) != 0)
		json_object_put(TAKE(value));
	if (json_object_is_type(value, json_type_object))
		return value;
	response = json_object_new_object();
	json_put(response, "result", value != NULL ? value : json_object_get(text));
	return response;
}

/* Texts that came apart stay apart. */
static json_object *
result_response_of(const struct chat_call *call)
{
	size_t count = json_object_array_length(call->texts);
	json_object *response;

	if (count == 1)
		return response_of_text(json_object_array_get_idx(call->texts, 0));
	response = json_object_new_object();
	json_put(response, "result",
	    count > 0 ? json_object_get(call->texts) : json_object_new_string(""));
	return response;
}

/* Media of several results stand behind one another: the model is told whose they are. */
static json_object *
label_of(const struct chat_call *call)
{
	json_object *part;
	struct buf text;

	buf_init(&text, KIB);
	buf_addf(&text, "From the result of %s:", call->upstream);
	part = part_text(json_new_str(buf_slice(&text)));
	buf_release(&text);
	return part;
}

/* Takes a content array's parts to the call, or to `behind` when they cannot stand in its result.
 */
static void
sort_parts(
    const struct chat_read *c, struct chat_call *call, json_object *parts, json_object *behind)
{
	bool inside = (c->family->can & FAMILY_MEDIA) != 0, labelled = false;

	for (size_t i = 0; i < json_object_array_length(parts); i++) {
		json_object *part = json_object_array_get_idx(parts, i), *inner;
		json_object *text = json_get(part, "text"), *blob = json_get(part, "inlineData");
		struct slice mime = json_get_str(blob, "mimeType");

		if (text != NULL) {
			json_append(call->texts, json_object_get(text));
		} else if (blob != NULL && inside && (mime.len == 0 || mime_in_result(mime))) {
			/* Nothing else of a part is known inside a functionResponse. What is yet to
			 * be fetched has no type. */
			inner = json_object_new_object();
			json_put(inner, "inlineData", json_object_get(blob));
			json_append(call->media, inner);
		} else {
			if (!labelled)
				json_append(behind, label_of(call));
			labelled = true;
			json_append(behind, json_object_get(part));
		}
	}
}

int
chat_result_read(const struct chat_read *c, struct chat_call *call, json_object *message,
    const char *at, json_object *behind, struct apierror *err)
{
	json_object *content = json_get(message, "content"), *parts;
	size_t before = json_object_array_length(behind);
	int rc = 0;

	if (!call->answered) {
		call->texts = json_object_new_array();
		call->media = json_object_new_array();
		call->answered = true;
	}
	if (content == NULL || json_object_is_type(content, json_type_string)) {
		if (json_str(content).len > 0)
			json_append(call->texts, json_object_get(content));
		return 0;
	}
	parts = json_object_new_array();
	rc = chat_content_read(c, content, CHAT_TOOL, at, parts, err);
	if (rc == 0)
		sort_parts(c, call, parts, behind);
	json_object_put(parts);
	if (rc == 0 && json_object_array_length(behind) > before)
		rc = changes_note(c->env->changes, CHANGE_REWRITTEN, at, err);
	return rc;
}

static json_object *
new_response(const struct chat_read *c, struct chat_call *call)
{
	json_object *result = json_object_new_object(), *response;

	if (call->id != NULL && (c->family->can & FAMILY_CALL_IDS) != 0)
		json_put(result, "id", json_object_get(call->id));
	json_put_str(result, "name", slice_str(call->upstream));
	if (call->answered) {
		response = result_response_of(call);
	} else {
		response = json_object_new_object();
		json_put(response, "error", json_object_new_string("no result"));
	}
	json_put(result, "response", response);
	if (call->media != NULL && json_object_array_length(call->media) > 0)
		json_put(result, "parts", TAKE(call->media));
	return result;
}

int
chat_calls_answer(
    const struct chat_read *c, struct chat_calls *calls, json_object *parts, struct apierror *err)
{
	json_object *part;
	char at[APIERROR_PARAM_MAX];

	for (size_t i = 0; i < calls->count; i++) {
		struct chat_call *call = &calls->list[i];

		field_name(at, "%s[%zu].tool_calls[%zu]", c->list, call->message, call->index);
		if (!call->answered && changes_note(c->env->changes, CHANGE_ADDED, at, err) != 0)
			return -1;
		part = json_object_new_object();
		json_put(part, "functionResponse", new_response(c, call));
		json_append(parts, part);
	}
	return 0;
}
