/* The list of items that a Responses request brings and continues, read as a list of messages. What
 * chat's readers say about a message is told of the caller's item. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "input.h"
#include "core/gemini/part_build.h"

/* ---- names ---- */

static void
rename_member(
    const struct item_type *type, const char *at, const char *member, char ret[APIERROR_PARAM_MAX])
{
	for (const struct item_name *name = type->names; name != NULL && name->chat != NULL;
	     name++) {
		size_t len = strlen(name->chat);

		if (strncmp(member, name->chat, len) != 0)
			continue;
		field_name(ret, "%s%s%s", at, name->item, member + len);
		return;
	}
	field_name(ret, "%s%s", at, member);
}

/* What chat's readers call `input[I]...`, as the caller knows it. */
static void
rename_field(void *ctx, const char *at, char ret[APIERROR_PARAM_MAX])
{
	static const char start[] = "input[";
	const struct intake *t = ctx;
	const struct place *place;
	char item[APIERROR_PARAM_MAX], *end;
	unsigned long i;

	if (strncmp(at, start, sizeof(start) - 1) != 0) {
		field_name(ret, "%s", at);
		return;
	}
	i = strtoul(at + sizeof(start) - 1, &end, 10);
	end += *end == ']';
	if (i >= t->count) {
		field_name(ret, "input[%zu]", t->given);
		return;
	}
	place = &t->places[i];
	field_name(item, "input[%zu]", place->index);
	switch (place->kind) {
	case PLACE_PAST:
		field_name(ret, "previous_response_id");
		break;
	case PLACE_STRING:
		field_name(ret, "input");
		break;
	case PLACE_REFERENCE:
		field_name(ret, "%s", item);
		break;
	case PLACE_INPUT:
		rename_member(place->type, item, end, ret);
		break;
	}
}

static void
rename_error(struct intake *t)
{
	char name[APIERROR_PARAM_MAX];

	rename_field(t, t->err->param, name);
	chat_error_rename(t->err, name);
}

/* ---- items ---- */

/* message: taken, may be NULL. */
static void
input_add_message(struct intake *t, json_object *message, struct place place)
{
	if (t->count == t->room) {
		t->room = t->room * 2 + 16;
		t->places = xrealloc(t->places, t->room * sizeof(*t->places));
	}
	t->places[t->count++] = place;
	json_append(t->messages, message);
}

static int
add_item(struct intake *t, json_object *item, struct place place)
{
	char at[APIERROR_PARAM_MAX];
	json_object *message = NULL;

	field_name(at, "input[%zu]", place.index);
	if (place.kind == PLACE_PAST)
		field_name(at, "previous_response_id");
	else if (place.kind == PLACE_STRING)
		field_name(at, "input");
	if (responses_type_find(t, item, at, &place.type) != 0 ||
	    place.type->read(t, item, at, &message) != 0)
		return -1;
	/* A wish, not a part of the conversation. */
	if (place.type->read == responses_trigger_read)
		return 0;
	place.item = json_object_array_length(t->own->request->items);
	if (!json_object_is_type(message, json_type_array)) {
		input_add_message(t, message, place);
	} else {
		for (size_t i = 0; i < json_object_array_length(message); i++)
			input_add_message(
			    t, json_object_get(json_object_array_get_idx(message, i)), place);
		json_object_put(message);
	}
	json_append(t->own->request->items, json_object_get(item));
	if (place.kind != PLACE_PAST)
		json_append(t->own->request->input, json_object_get(item));
	return 0;
}

static int
add_reference(struct intake *t, json_object *item, size_t index)
{
	struct place place = { .index = index, .kind = PLACE_REFERENCE };
	json_object *id, *found;
	char at[APIERROR_PARAM_MAX], param[APIERROR_PARAM_MAX];

	field_name(at, "input[%zu]", index);
	if (responses_member_word(t, item, at, "id", &id) != 0)
		return -1;
	/* What is continued is there already. */
	if (json_get(t->own->past->ids, json_object_get_string(id)) != NULL)
		return 0;
	found = json_get(t->own->past->by_id, json_object_get_string(id));
	if (found != NULL)
		return add_item(t, found, place);
	field_name(param, "%s.id", at);
	return apierror_set(t->err, APIERROR_NOT_FOUND, param,
	    "Item with id '%.*s' not found. Items are kept unless 'store' is false, until they "
	    "expire or make room for newer ones. Try again with 'store' set to true, or send the "
	    "item itself.",
	    json_str(id).len < 64 ? (int)json_str(id).len : 64, json_str(id).ptr);
}

/* A string is one message of the user's. */
static json_object *
item_of_string(json_object *text)
{
	json_object *item = json_object_new_object(), *part = json_object_new_object();
	json_object *content = json_object_new_array();

	json_put(item, "type", json_object_new_string("message"));
	json_put(item, "role", json_object_new_string("user"));
	json_put(part, "type", json_object_new_string("input_text"));
	json_put(part, "text", json_object_get(text));
	json_append(content, part);
	json_put(item, "content", content);
	return item;
}

static int
input_add_input(struct intake *t, json_object *value)
{
	json_object *item;
	int rc;

	if (json_object_is_type(value, json_type_string)) {
		item = item_of_string(value);
		rc = add_item(t, item, (struct place){ .kind = PLACE_STRING });
		json_object_put(item);
		return rc;
	}
	if (!json_object_is_type(value, json_type_array))
		return fieldmap_bad_type(
		    t->err, "input", "a string or an array of input items", value);
	t->given = json_object_array_length(value);
	for (size_t i = 0; i < t->given; i++) {
		item = json_object_array_get_idx(value, i);
		if (item == NULL)
			continue;
		rc = responses_is_reference(item)
		         ? add_reference(t, item, i)
		         : add_item(t, item, (struct place){ .index = i, .kind = PLACE_INPUT });
		if (rc != 0)
			return -1;
	}
	return 0;
}

static int
add_past(struct intake *t, json_object *items)
{
	for (size_t i = 0; items != NULL && i < json_object_array_length(items); i++)
		if (add_item(t, json_object_array_get_idx(items, i),
			(struct place){ .index = i, .kind = PLACE_PAST }) != 0)
			return -1;
	return 0;
}

/* Chat's readers, with the caller's names in what they say. */
static int
read_messages(struct intake *t, struct fieldmap_run *run)
{
	struct changes *changes = t->read->env->changes;
	int rc;

	t->read->holes = true;
	if (changes != NULL) {
		changes->rename = rename_field;
		changes->rename_ctx = t;
	}
	rc = chat_messages_read(run, t->messages);
	if (changes != NULL)
		changes->rename = NULL;
	if (rc != 0)
		rename_error(t);
	return rc;
}

int
responses_input_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct chat_read *read = run->ctx;
	struct intake t = { .own = read->own, .read = read, .err = run->err };
	int rc = -1;

	(void)row;
	t.messages = json_object_new_array();
	if (add_past(&t, t.own->past->items) != 0 || input_add_input(&t, value) != 0)
		goto out;
	if (t.own->request->compact)
		json_append(t.messages, responses_compact_prompt());
	rc = read_messages(&t, run);
out:
	json_object_put(t.messages);
	free(t.places);
	return rc;
}

/* ---- instructions ---- */

int
responses_instructions_emit(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	bool list = json_object_is_type(value, json_type_array);
	json_object *parts = json_object_new_array(), *item;
	char at[APIERROR_PARAM_MAX];
	int rc = 0;

	if (json_object_is_type(value, json_type_string) && json_str(value).len > 0)
		json_append(parts, part_text(json_object_get(value)));
	else if (!list && !json_object_is_type(value, json_type_string))
		rc = fieldmap_bad_type(run->err, row->from, "a string", value);
	for (size_t i = 0; list && rc == 0 && i < json_object_array_length(value); i++) {
		item = json_object_array_get_idx(value, i);
		if (item == NULL)
			continue;
		field_name(at, "%s[%zu]", row->from, i);
		rc = json_get(item, "content") == NULL
		         ? fieldmap_bad_type(run->err, at, "a message", item)
		         : chat_content_read(run->ctx, json_get(item, "content"), CHAT_SYSTEM, at,
			       parts, run->err);
	}
	for (size_t i = 0; rc == 0 && i < json_object_array_length(parts); i++)
		part_system_add(run->target,
		    json_object_get(json_get(json_object_array_get_idx(parts, i), "text")));
	json_object_put(parts);
	return rc;
}
