/*
 * Messages as other providers' clients write them, whose calls and results are parts of the
 * content: histories travel between models. They are read as if they stood in tool_calls and tool
 * messages.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "core/openai/chat/chat_read.h"

static bool
is_type(json_object *part, const char *const *types)
{
	struct slice type = json_get_str(part, "type");

	for (; *types != NULL; types++)
		if (slice_eq(type, slice_str(*types)))
			return true;
	return false;
}

/* ---- calls ---- */

static const char *const call_types[] = { "tool_use", "tool_call", "tool-call", "function_call",
	NULL };
static const char *const result_types[] = { "tool_result", "tool-result", NULL };

static bool
is_assistant(json_object *message)
{
	return slice_eq(json_get_str(message, "role"), SLICE("assistant"));
}

/* True for an element of tool_calls without a body of its own. */
static bool
is_flat(json_object *call)
{
	return json_get(call, "function") == NULL && json_get(call, "custom") == NULL &&
	       json_get(call, "name") != NULL;
}

static const char *const call_ids[] = { "call_id", "id", "toolCallId", "tool_call_id", NULL };

/* The ids in an assistant's tool_calls: a new object. */
static json_object *
ids_new(json_object *message)
{
	json_object *list = json_get_array(message, "tool_calls"), *ids = json_object_new_object();
	const char *unused;

	for (size_t i = 0; list != NULL && i < json_object_array_length(list); i++) {
		json_object *call = json_object_array_get_idx(list, i);
		json_object *id = json_first_of(call, call_ids, &unused);

		if (id != NULL)
			json_put(ids, json_object_get_string(id), json_object_new_boolean(1));
	}
	return ids;
}

/* True for a part that is a call which tool_calls does not hold. ids: of ids_new. */
static bool
is_call(json_object *part, json_object *ids)
{
	const char *unused;
	json_object *id;

	if (!is_type(part, call_types))
		return false;
	id = json_first_of(part, call_ids, &unused);
	return id == NULL || json_get(ids, json_object_get_string(id)) == NULL;
}

static void
copy_first(json_object *to, const char *key, json_object *from, const char *const *keys)
{
	const char *unused;

	json_share(to, key, json_first_of(from, keys, &unused));
}

/* A call whose members stand beside its type: a new element of tool_calls. */
static json_object *
call_new(json_object *part)
{
	static const char *const names[] = { "name", "toolName", "tool_name", NULL };
	static const char *const inputs[] = { "input", "args", "arguments", NULL };
	static const char *const extras[] = { "extra_content", NULL };
	json_object *call = json_object_new_object(), *body = json_object_new_object();

	copy_first(call, "id", part, call_ids);
	json_put(call, "type", json_object_new_string("function"));
	copy_first(body, "name", part, names);
	copy_first(body, "arguments", part, inputs);
	json_put(call, "function", body);
	copy_first(call, "extra_content", part, extras);
	return call;
}

/* An assistant's message with all of its calls in tool_calls; the content stays, for its places. */
static json_object *
with_calls(json_object *message)
{
	json_object *copy = json_object_new_object(), *calls = json_object_new_array();
	json_object *list = json_get_array(message, "tool_calls"), *call;
	json_object *parts = json_get_array(message, "content"), *ids = ids_new(message);

	json_object_object_foreach(message, key, value)
	{
		json_put(copy, key, json_object_get(value));
	}
	for (size_t i = 0; list != NULL && i < json_object_array_length(list); i++) {
		call = json_object_array_get_idx(list, i);
		json_append(calls, is_flat(call) ? call_new(call) : json_object_get(call));
	}
	for (size_t j = 0; parts != NULL && j < json_object_array_length(parts); j++)
		if (is_call(json_object_array_get_idx(parts, j), ids))
			json_append(calls, call_new(json_object_array_get_idx(parts, j)));
	json_object_put(ids);
	json_put(copy, "tool_calls", calls);
	return copy;
}

/* ---- results ---- */

/* Any value as a tool message's content, a new reference: text and parts as they are, all else as
 * JSON text. failed: text too, under the name that Google has for that. */
static json_object *
as_content(json_object *value, bool failed)
{
	json_object *error, *ret;
	struct buf text;

	if (value == NULL)
		return json_object_new_string("");
	if (json_object_is_type(value, json_type_array) ||
	    (json_object_is_type(value, json_type_string) && !failed))
		return json_object_get(value);
	error = json_object_new_object();
	json_put(error, "error", json_object_get(value));
	buf_init(&text, TRANSLATED_MAX);
	json_write(failed ? error : value, &text);
	json_object_put(error);
	ret = json_new_str(buf_slice(&text));
	buf_release(&text);
	return ret;
}

/* A part that holds a result as a tool message: a new object. */
static json_object *
result_new(json_object *part)
{
	static const char *const ids[] = { "tool_use_id", "toolCallId", "tool_call_id", NULL };
	static const char *const names[] = { "name", "toolName", "tool_name", NULL };
	static const char *const values[] = { "content", "output", "result", NULL };
	json_object *message = json_object_new_object(), *value;
	bool failed =
	    json_get_bool(part, "is_error", false) || json_get_bool(part, "isError", false);
	const char *key = "";

	value = json_first_of(part, values, &key);
	/* {"type": "text" | "json" | "error-text" | ..., "value"} */
	if (slice_eq(slice_str(key), SLICE("output")) && json_get(value, "value") != NULL) {
		failed = failed || slice_starts(json_get_str(value, "type"), SLICE("error"));
		value = json_get(value, "value");
	}
	json_put(message, "role", json_object_new_string("tool"));
	copy_first(message, "tool_call_id", part, ids);
	copy_first(message, "name", part, names);
	json_put(message, "content", as_content(value, failed));
	return message;
}

/* ---- the list ---- */

/* Where a message comes from. */
struct chat_origin {
	size_t message;
	ptrdiff_t part; /* of its content; -1: it is that message */
};

static bool
is_foreign(json_object *message)
{
	json_object *calls = json_get_array(message, "tool_calls");
	json_object *parts = json_get_array(message, "content");
	const char *const *types = result_types;

	if (calls == NULL && parts == NULL)
		return false;
	if (is_assistant(message))
		types = call_types;
	else
		calls = NULL;
	for (size_t i = 0; calls != NULL && i < json_object_array_length(calls); i++)
		if (is_flat(json_object_array_get_idx(calls, i)))
			return true;
	for (size_t j = 0; parts != NULL && j < json_object_array_length(parts); j++)
		if (is_type(json_object_array_get_idx(parts, j), types))
			return true;
	return false;
}

bool
chat_foreign_any(json_object *messages)
{
	for (size_t i = 0; i < json_object_array_length(messages); i++)
		if (is_foreign(json_object_array_get_idx(messages, i)))
			return true;
	return false;
}

/* message: taken, may be NULL. */
static void
foreign_add_message(struct chat_foreign *f, json_object *message, size_t i, ptrdiff_t part)
{
	if (f->count == f->room) {
		f->room = f->room * 2 + 16;
		f->places = xrealloc(f->places, f->room * sizeof(*f->places));
	}
	f->places[f->count++] = (struct chat_origin){ i, part };
	json_append(f->messages, message);
}

/* Results become messages in front of what else the message says. */
static void
split_results(struct chat_foreign *f, json_object *message, size_t i)
{
	json_object *parts = json_get_array(message, "content"), *part;
	bool rest = false;

	for (size_t j = 0; j < json_object_array_length(parts); j++) {
		part = json_object_array_get_idx(parts, j);
		if (is_type(part, result_types))
			foreign_add_message(f, result_new(part), i, (ptrdiff_t)j);
		else
			rest = true;
	}
	if (rest)
		foreign_add_message(f, json_object_get(message), i, -1);
}

/* The name of a call of message i, at `tool_calls[N]`: which part of the content it is. False:
 * none.
 */
static bool
find_part(const struct chat_foreign *f, size_t i, size_t n, size_t *ret_part)
{
	json_object *message = json_object_array_get_idx(f->given, i);
	json_object *calls = json_get_array(message, "tool_calls");
	json_object *parts = json_get_array(message, "content"), *ids = ids_new(message);
	size_t at = calls != NULL ? json_object_array_length(calls) : 0;
	bool found = false;

	for (size_t j = 0; !found && parts != NULL && j < json_object_array_length(parts); j++) {
		found = is_call(json_object_array_get_idx(parts, j), ids) && at++ == n;
		*ret_part = j;
	}
	json_object_put(ids);
	return found;
}

/* rest: of a call's name behind `tool_calls[`. False when it is no part of the content. */
static bool
rename_call(const struct chat_foreign *f, const struct chat_origin *from, const char *rest,
    char ret[APIERROR_PARAM_MAX])
{
	static const char body[] = ".function";
	char *end;
	unsigned long n = strtoul(rest, &end, 10);
	size_t part;

	if (*end != ']' || !find_part(f, from->message, n, &part))
		return false;
	end++;
	if (strncmp(end, body, sizeof(body) - 1) == 0)
		end += sizeof(body) - 1;
	field_name(ret, "%s[%zu].content[%zu]%s", ((struct chat_read *)f->run->ctx)->list,
	    from->message, part, end);
	return true;
}

/* What is called LIST[K]... here, as it is called in the list that was given. */
static void
rename_here(const struct chat_foreign *f, const char *at, char ret[APIERROR_PARAM_MAX])
{
	static const char calls[] = ".tool_calls[";
	const char *list = ((struct chat_read *)f->run->ctx)->list;
	size_t len = strlen(list);
	const struct chat_origin *from;
	unsigned long k;
	char *end;

	field_name(ret, "%s", at);
	if (strncmp(at, list, len) != 0 || at[len] != '[')
		return;
	k = strtoul(at + len + 1, &end, 10);
	if (*end != ']')
		return;
	end++;
	if (k >= f->count) {
		field_name(ret, "%s[%zu]%s", list, json_object_array_length(f->given), end);
		return;
	}
	from = &f->places[k];
	if (from->part >= 0)
		field_name(
		    ret, "%s[%zu].content[%zu]%s", list, from->message, (size_t)from->part, end);
	else if (strncmp(end, calls, sizeof(calls) - 1) != 0 ||
		 !rename_call(f, from, end + sizeof(calls) - 1, ret))
		field_name(ret, "%s[%zu]%s", list, from->message, end);
}

static void
rename_all(void *ctx, const char *at, char ret[APIERROR_PARAM_MAX])
{
	const struct chat_foreign *f = ctx;
	char name[APIERROR_PARAM_MAX];

	if (f->rename == NULL) {
		rename_here(f, at, ret);
		return;
	}
	rename_here(f, at, name);
	f->rename(f->rename_ctx, name, ret);
}

void
chat_foreign_open(struct chat_foreign *f, struct fieldmap_run *run, json_object *messages)
{
	struct changes *changes = run->changes;

	*f = (struct chat_foreign){ .run = run, .given = messages };
	f->messages = json_object_new_array();
	for (size_t i = 0; i < json_object_array_length(messages); i++) {
		json_object *message = json_object_array_get_idx(messages, i);

		if (!is_foreign(message))
			foreign_add_message(f, json_object_get(message), i, -1);
		else if (is_assistant(message))
			foreign_add_message(f, with_calls(message), i, -1);
		else
			split_results(f, message, i);
	}
	if (changes == NULL)
		return;
	f->rename = changes->rename;
	f->rename_ctx = changes->rename_ctx;
	changes->rename = rename_all;
	changes->rename_ctx = f;
}

void
chat_foreign_close(struct chat_foreign *f, bool failed)
{
	struct changes *changes = f->run->changes;
	char name[APIERROR_PARAM_MAX];

	if (changes != NULL) {
		changes->rename = f->rename;
		changes->rename_ctx = f->rename_ctx;
	}
	if (failed) {
		rename_here(f, f->run->err->param, name);
		chat_error_rename(f->run->err, name);
	}
	json_object_put(f->messages);
	free(f->places);
}

void
chat_error_rename(struct apierror *err, const char *name)
{
	const char *found = strstr(err->message, err->param);
	struct buf text;

	if (err->param[0] == '\0')
		return;
	if (found != NULL) {
		buf_init(&text, sizeof(err->message) * 2);
		buf_add(&text, err->message, (size_t)(found - err->message));
		buf_adds(&text, name);
		buf_adds(&text, found + strlen(err->param));
		if (text.len < sizeof(err->message))
			memcpy(err->message, text.data, text.len + 1);
		buf_release(&text);
	}
	field_name(err->param, "%s", name);
}
