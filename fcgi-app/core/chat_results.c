/*
 * Function calls of one assistant message and the results that follow it. Google wants all results
 * in one turn right after the calls, in their order and number; OpenAI's clients send one message
 * each, in any order, and sometimes too few.
 */
#include "config.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "chat_priv.h"

void
chat_calls_init(struct chat_calls *c)
{
	*c = (struct chat_calls){ 0 };
}

void
chat_calls_release(struct chat_calls *c)
{
	for (size_t i = 0; i < c->count; i++)
		json_object_put(c->list[i].response);
	free(c->list);
	json_object_put(c->by_id);
	json_object_put(c->by_name);
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

/* Puts call i in front of the others of its key; returns the one behind it. */
static ptrdiff_t
chain(json_object *index, json_object *key, size_t i)
{
	const char *text = json_object_get_string(key);
	ptrdiff_t next = (ptrdiff_t)json_get_int(index, text, -1);

	json_put(index, text, json_object_new_int64((int64_t)i));
	return next;
}

void
chat_calls_index(struct chat_calls *c)
{
	c->by_id = json_object_new_object();
	c->by_name = json_object_new_object();
	for (size_t i = c->count; i-- > 0;) {
		struct chat_call *call = &c->list[i];

		call->next_name = chain(c->by_name, call->name, i);
		if (call->id != NULL)
			call->next_id = chain(c->by_id, call->id, i);
	}
}

/* The first call of the key that has no response yet; answered ones leave the chain. */
static struct chat_call *
first_open(struct chat_calls *c, json_object *index, json_object *key, bool by_id)
{
	const char *text = json_object_get_string(key);
	ptrdiff_t first = (ptrdiff_t)json_get_int(index, text, -1), at = first;

	while (at >= 0 && c->list[at].response != NULL)
		at = by_id ? c->list[at].next_id : c->list[at].next_name;
	if (at != first)
		json_put(index, text, json_object_new_int64(at));
	return at >= 0 ? &c->list[at] : NULL;
}

struct chat_call *
chat_calls_find(struct chat_calls *c, json_object *message)
{
	json_object *id = json_get(message, "tool_call_id"), *name = json_get(message, "name");

	if (json_object_is_type(id, json_type_string))
		return first_open(c, c->by_id, id, true);
	if (json_object_is_type(name, json_type_string))
		return first_open(c, c->by_name, name, false);
	return NULL;
}

/* Google takes an object: JSON objects pass as they are, everything else goes under `result`. */
static json_object *
response_from(struct slice text, json_object *string)
{
	struct slice trimmed = slice_trim(text);
	json_object *value = NULL, *response;

	if (trimmed.len > 0 && (trimmed.ptr[0] == '{' || trimmed.ptr[0] == '['))
		value = json_read(trimmed);
	if (json_object_is_type(value, json_type_object))
		return value;
	if (value == NULL)
		value = string != NULL ? json_object_get(string) : json_new_str(text);
	response = json_object_new_object();
	json_put(response, "result", value);
	return response;
}

/* Takes the media out of a content array's parts, blobs to `own`, or to `media` when own is NULL,
 * as all else; yields its texts as one response. */
static json_object *
split_parts(json_object *parts, json_object *own, json_object *media)
{
	json_object *part, *blob, *response;
	struct buf text;

	buf_init(&text, SIZE_MAX / 2); /* its parts are in memory already */
	for (size_t i = 0; i < json_object_array_length(parts); i++) {
		part = json_object_array_get_idx(parts, i);
		blob = own != NULL ? json_get(part, "inlineData") : NULL;
		if (json_get(part, "text") != NULL) {
			buf_add_slice(&text, json_get_str(part, "text"));
		} else if (blob != NULL) {
			/* Nothing else of a part is known inside a functionResponse. */
			part = json_object_new_object();
			json_put(part, "inlineData", json_object_get(blob));
			json_append(own, part);
		} else {
			json_append(media, json_object_get(part));
		}
	}
	response = response_from(buf_slice(&text), NULL);
	buf_release(&text);
	return response;
}

static json_object *
new_response(const struct chat_read *c, const struct chat_call *call, json_object *response)
{
	json_object *result = json_object_new_object();

	if (call->id != NULL && (c->family->can & FAMILY_CALL_IDS) != 0)
		json_put(result, "id", json_object_get(call->id));
	json_put_str(result, "name", slice_str(call->upstream));
	json_put(result, "response", response);
	return result;
}

int
chat_result_read(const struct chat_read *c, struct chat_call *call, json_object *message,
    const char *at, json_object *media, struct apierror *err)
{
	bool inside = (c->family->can & FAMILY_MEDIA) != 0;
	json_object *content = json_get(message, "content"), *response;
	json_object *parts = json_object_new_array(), *own = json_object_new_array();
	size_t before = json_object_array_length(media);
	int answer = -1;

	if (content == NULL || json_object_is_type(content, json_type_string)) {
		response = response_from(json_str(content), content);
	} else {
		if (chat_content_read(c, content, CHAT_TOOL, at, parts, err) != 0)
			goto out;
		response = split_parts(parts, inside ? own : NULL, media);
	}
	call->response = new_response(c, call, response);
	if (json_object_array_length(own) > 0)
		json_put(call->response, "parts", TAKE(own));
	answer = 0;
	if (json_object_array_length(media) > before)
		answer = changes_note(c->env->changes, CHANGE_REWRITTEN, at, err);
out:
	json_object_put(parts);
	json_object_put(own);
	return answer;
}

int
chat_calls_answer(
    const struct chat_read *c, struct chat_calls *calls, json_object *parts, struct apierror *err)
{
	json_object *part, *missing;
	char at[APIERROR_PARAM_MAX];

	for (size_t i = 0; i < calls->count; i++) {
		struct chat_call *call = &calls->list[i];

		if (call->response == NULL) {
			missing = json_object_new_object();
			json_put(missing, "error", json_object_new_string("no result"));
			call->response = new_response(c, call, missing);
			field_name(
			    at, "%s[%zu].tool_calls[%zu]", c->list, call->message, call->index);
			if (changes_note(c->env->changes, CHANGE_ADDED, at, err) != 0)
				return -1;
		}
		part = json_object_new_object();
		json_put(part, "functionResponse", TAKE(call->response));
		json_append(parts, part);
	}
	return 0;
}
