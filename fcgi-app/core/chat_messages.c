/*
 * OpenAI's messages to Gemini's contents and systemInstruction, with the repairs that Google's turn
 * rules ask for: no empty turns, results right after their calls, a user turn before the first call
 * and, for most models, at the end.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/xalloc.h"
#include "chat_priv.h"

/* Stands where Google wants a user turn and the caller has none. */
static const char filler[] = "Continue.";

/* Google's own value for calls that no Gemini model made (guide "Thought signatures"). */
static const char unsigned_call[] = "skip_thought_signature_validator";

struct talk {
	const struct chat_read *c;
	json_object *messages; /* the caller's */
	json_object *contents; /* what becomes of them, handed over at the end */
	json_object *system;   /* parts of systemInstruction, likewise */
	bool closed;           /* the last turn holds results: nothing may join it */
	uint8_t *taken;        /* per message: an earlier one brought it along */
	struct apierror *err;
};

static bool
has_role(struct talk *t, size_t i, struct slice role)
{
	return i < json_object_array_length(t->messages) &&
	       slice_eq(json_get_str(json_object_array_get_idx(t->messages, i), "role"), role);
}

/* ---- turns ---- */

static json_object *
last_turn(const struct talk *t)
{
	size_t count = json_object_array_length(t->contents);

	return count > 0 ? json_object_array_get_idx(t->contents, count - 1) : NULL;
}

/* Takes parts; a turn without parts is none, and turns of one role join. */
static void
add_turn(struct talk *t, const char *role, json_object *parts)
{
	json_object *last = last_turn(t), *turn;

	if (json_object_array_length(parts) == 0) {
		json_object_put(parts);
		return;
	}
	if (last != NULL && !t->closed && slice_eq(json_get_str(last, "role"), slice_str(role))) {
		json_object *joined = json_get_array(last, "parts");

		for (size_t i = 0; i < json_object_array_length(parts); i++)
			json_append(joined, json_object_get(json_object_array_get_idx(parts, i)));
		json_object_put(parts);
		return;
	}
	turn = json_object_new_object();
	json_put(turn, "role", json_object_new_string(role));
	json_put(turn, "parts", parts);
	json_append(t->contents, turn);
	t->closed = false;
}

static void
add_user_text(struct talk *t, json_object *text)
{
	json_object *parts = json_object_new_array();

	json_append(parts, chat_text_part(text));
	add_turn(t, "user", parts);
}

void
chat_system_add(json_object *target, json_object *text)
{
	json_object *parts = json_get_array(json_get_object(target, "systemInstruction"), "parts");

	if (parts == NULL) {
		parts = json_object_new_array();
		fieldmap_put(target, "systemInstruction/parts", parts);
	}
	json_append(parts, chat_text_part(text));
}

/* ---- one reader per role ---- */

/* Content that must be there. */
static int
read_content(
    struct talk *t, json_object *message, enum chat_role role, const char *at, json_object *parts)
{
	char param[APIERROR_PARAM_MAX];
	json_object *content;

	field_name(param, "%s.content", at);
	if (!json_object_object_get_ex(message, "content", &content))
		return fieldmap_missing(t->err, param);
	return chat_content_read(t->c, content, role, at, parts, t->err);
}

static int
read_system(struct talk *t, size_t i, json_object *message, const char *at)
{
	(void)i;
	return read_content(t, message, CHAT_SYSTEM, at, t->system);
}

static int
read_user(struct talk *t, size_t i, json_object *message, const char *at)
{
	json_object *parts = json_object_new_array();

	(void)i;
	if (read_content(t, message, CHAT_USER, at, parts) != 0) {
		json_object_put(parts);
		return -1;
	}
	add_turn(t, "user", parts);
	return 0;
}

/* The signature in an `extra_content.google` (Google's convention), borrowed, or NULL. Leftovers of
 * other vendors are no Base64 and would fail the whole request. */
static json_object *
signature_of(json_object *holder)
{
	json_object *extra = json_get(json_get(holder, "extra_content"), "google");
	json_object *signature = json_get(extra, "thought_signature");
	struct slice text = json_str(signature);
	struct buf copy;
	bool good;

	buf_init(&copy, text.len + 3);
	good = text.len > 0 && base64_normalise(text, &copy);
	buf_release(&copy);
	return good ? signature : NULL;
}

static json_object *
call_args(json_object *arguments)
{
	struct slice text = slice_trim(json_str(arguments));
	json_object *args;

	if (json_object_is_type(arguments, json_type_object))
		return json_object_get(arguments);
	args = json_read(text);
	if (json_object_is_type(args, json_type_object))
		return args;
	json_object_put(args);
	args = json_object_new_object();
	if (text.len > 0)
		json_put(args, "_raw", json_object_get(arguments));
	return args;
}

/* Appends one functionCall part. function: {name, arguments}; call: what holds the id, or NULL. */
static int
add_call(struct talk *t, json_object *function, json_object *call, const char *at,
    json_object *parts, struct chat_calls *calls)
{
	json_object *name = json_get(function, "name"), *id = json_get(call, "id");
	json_object *signature = signature_of(call), *part, *made;
	char param[APIERROR_PARAM_MAX];

	field_name(param, "%s.name", at);
	if (name == NULL ||
	    (json_str(name).len == 0 && json_object_is_type(name, json_type_string)))
		return fieldmap_missing(t->err, param);
	if (!json_object_is_type(name, json_type_string))
		return fieldmap_bad_type(t->err, param, "a string", name);
	if (!json_object_is_type(id, json_type_string) || json_str(id).len == 0)
		id = NULL;
	made = json_object_new_object();
	if (id != NULL && (t->c->family->can & FAMILY_CALL_IDS) != 0)
		json_put(made, "id", json_object_get(id));
	json_put(made, "name", json_object_get(name));
	json_put(made, "args", call_args(json_get(function, "arguments")));
	part = json_object_new_object();
	json_put(part, "functionCall", made);
	if (signature != NULL)
		json_put(part, "thoughtSignature", json_object_get(signature));
	else if (calls->count == 0 && (t->c->family->can & FAMILY_SIGNATURES) != 0)
		json_put(part, "thoughtSignature", json_object_new_string(unsigned_call));
	json_append(parts, part);
	chat_calls_add(calls, id, name);
	return 0;
}

static int
read_calls(
    struct talk *t, json_object *list, const char *at, json_object *parts, struct chat_calls *calls)
{
	char param[APIERROR_PARAM_MAX];

	for (size_t i = 0; i < json_object_array_length(list); i++) {
		json_object *call = json_object_array_get_idx(list, i);
		json_object *function = json_get(call, "function");

		field_name(param, "%s.tool_calls[%zu].function", at, i);
		if (function == NULL)
			return fieldmap_missing(t->err, param);
		if (!json_object_is_type(function, json_type_object))
			return fieldmap_bad_type(t->err, param, "an object", function);
		if (add_call(t, function, call, param, parts, calls) != 0)
			return -1;
	}
	return 0;
}

/* All results up to the next assistant message, wherever they stand. */
static int
collect_results(struct talk *t, size_t from, struct chat_calls *calls, json_object *media)
{
	char at[APIERROR_PARAM_MAX];

	chat_calls_index(calls);
	for (size_t i = from; i < json_object_array_length(t->messages); i++) {
		json_object *message = json_object_array_get_idx(t->messages, i);
		struct chat_call *call = NULL;

		if (has_role(t, i, SLICE("assistant")))
			break;
		if (has_role(t, i, SLICE("tool")) || has_role(t, i, SLICE("function")))
			call = chat_calls_find(calls, message);
		if (call == NULL)
			continue;
		t->taken[i] = 1;
		field_name(at, "messages[%zu]", i);
		if (chat_result_read(t->c, call, message, at, media, t->err) != 0)
			return -1;
	}
	return 0;
}

/* A turn of calls and the turn of its results. Takes parts. */
static int
add_call_turns(struct talk *t, size_t from, json_object *parts, struct chat_calls *calls)
{
	json_object *media = json_object_new_array();

	if (last_turn(t) == NULL)
		add_user_text(t, json_object_new_string(filler));
	add_turn(t, "model", parts);
	if (collect_results(t, from, calls, media) != 0) {
		json_object_put(media);
		return -1;
	}
	add_turn(t, "user", chat_calls_answer(t->c, calls));
	t->closed = true;
	add_turn(t, "user", media);
	return 0;
}

/* Text, refusal and their signature. */
static int
read_spoken(struct talk *t, json_object *message, const char *at, json_object *parts)
{
	json_object *content = json_get(message, "content");
	json_object *refusal = json_get(message, "refusal"), *signature = signature_of(message);
	size_t count;

	if (content != NULL &&
	    chat_content_read(t->c, content, CHAT_ASSISTANT, at, parts, t->err) != 0)
		return -1;
	if (json_object_array_length(parts) == 0 && json_str(refusal).len > 0)
		json_append(parts, chat_text_part(json_object_get(refusal)));
	count = json_object_array_length(parts);
	if (signature != NULL && count > 0)
		json_put(json_object_array_get_idx(parts, count - 1), "thoughtSignature",
		    json_object_get(signature));
	return 0;
}

/* What one assistant message says and calls. */
static int
read_model_parts(struct talk *t, size_t i, json_object *parts, struct chat_calls *calls)
{
	json_object *message = json_object_array_get_idx(t->messages, i);
	json_object *list = json_get(message, "tool_calls");
	json_object *function = json_get(message, "function_call");
	char at[APIERROR_PARAM_MAX], param[APIERROR_PARAM_MAX];

	field_name(at, "messages[%zu]", i);
	if (read_spoken(t, message, at, parts) != 0)
		return -1;
	field_name(param, "%s.tool_calls", at);
	if (list != NULL && !json_object_is_type(list, json_type_array))
		return fieldmap_bad_type(t->err, param, "an array of objects", list);
	if (list != NULL && read_calls(t, list, at, parts, calls) != 0)
		return -1;
	field_name(param, "%s.function_call", at);
	if (function != NULL && !json_object_is_type(function, json_type_object))
		return fieldmap_bad_type(t->err, param, "an object", function);
	if (function != NULL && add_call(t, function, NULL, param, parts, calls) != 0)
		return -1;
	return 0;
}

/* Assistant messages in a row are one model turn, and their calls are one step. */
static int
read_assistant(struct talk *t, size_t i, json_object *message, const char *at)
{
	json_object *parts = json_object_new_array();
	struct chat_calls calls;
	int answer = -1;

	(void)message, (void)at;
	chat_calls_init(&calls);
	do {
		t->taken[i] = 1;
		if (read_model_parts(t, i, parts, &calls) != 0)
			goto out;
	} while (has_role(t, ++i, SLICE("assistant")));
	if (calls.count == 0)
		add_turn(t, "model", TAKE(parts));
	else if (add_call_turns(t, i, TAKE(parts), &calls) != 0)
		goto out;
	answer = 0;
out:
	json_object_put(parts);
	chat_calls_release(&calls);
	return answer;
}

/* A result whose call is not in the history: told in words. */
static int
read_orphan(struct talk *t, size_t i, json_object *message, const char *at)
{
	json_object *parts;
	char param[APIERROR_PARAM_MAX];

	field_name(param, "%s.tool_call_id", at);
	if (has_role(t, i, SLICE("tool")) && json_get(message, "tool_call_id") == NULL)
		return fieldmap_missing(t->err, param);
	parts = json_object_new_array();
	json_append(
	    parts, chat_text_part(json_object_new_string("Result of an earlier tool call:")));
	if (json_get(message, "content") != NULL &&
	    chat_content_read(t->c, json_get(message, "content"), CHAT_TOOL, at, parts, t->err) !=
		0) {
		json_object_put(parts);
		return -1;
	}
	add_turn(t, "user", parts);
	return 0;
}

/* clang-format off */
static const struct {
	const char *role;
	int (*read)(struct talk *t, size_t i, json_object *message, const char *at);
} roles[] = {
	{ "system",    read_system },
	{ "developer", read_system },
	{ "user",      read_user },
	{ "assistant", read_assistant },
	{ "tool",      read_orphan },
	{ "function",  read_orphan },
};
/* clang-format on */

static int
read_message(struct talk *t, size_t i)
{
	json_object *message = json_object_array_get_idx(t->messages, i);
	json_object *role = json_get(message, "role");
	char at[APIERROR_PARAM_MAX], param[APIERROR_PARAM_MAX];

	field_name(at, "messages[%zu]", i);
	field_name(param, "%s.role", at);
	if (!json_object_is_type(message, json_type_object))
		return fieldmap_bad_type(t->err, at, "an object", message);
	if (role == NULL)
		return fieldmap_missing(t->err, param);
	if (!json_object_is_type(role, json_type_string))
		return fieldmap_bad_type(t->err, param, "a string", role);
	for (size_t r = 0; r < ARRAY_SIZE(roles); r++)
		if (slice_eq(json_str(role), slice_str(roles[r].role)))
			return roles[r].read(t, i, message, at);
	return fieldmap_bad_word(t->err, param, json_str(role),
	    "'system', 'assistant', 'user', 'function', 'tool', and 'developer'");
}

/* What only the whole conversation shows. */
static int
finish(struct talk *t)
{
	size_t system = json_object_array_length(t->system);

	if (last_turn(t) == NULL && system > 0) {
		add_turn(t, "user", json_object_get(t->system));
		json_object_put(t->system);
		t->system = json_object_new_array();
		return 0;
	}
	if (last_turn(t) == NULL)
		return apierror_set(t->err, APIERROR_BAD_VALUE, "messages",
		    "Invalid 'messages': there is no text and no media in them.");
	if ((t->c->family->can & FAMILY_PREFILL) == 0 &&
	    slice_eq(json_get_str(last_turn(t), "role"), SLICE("model")))
		add_user_text(t, json_object_new_string(filler));
	return 0;
}

int
chat_messages_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	size_t count = json_object_array_length(value);
	struct talk t = { .c = run->ctx, .messages = value, .err = run->err };
	int answer = -1;

	if (count == 0)
		return apierror_set(run->err, APIERROR_BAD_VALUE, row->from,
		    "Invalid 'messages': empty array. Expected an array with minimum length 1, "
		    "but got an empty array instead.");
	t.contents = json_object_new_array();
	t.system = json_object_new_array();
	t.taken = xcalloc(count, 1);
	for (size_t i = 0; i < count; i++)
		if (!t.taken[i] && read_message(&t, i) != 0)
			goto out;
	if (finish(&t) != 0)
		goto out;
	if (json_object_array_length(t.system) > 0)
		fieldmap_put(run->target, "systemInstruction/parts", TAKE(t.system));
	json_put(run->target, "contents", TAKE(t.contents));
	answer = 0;
out:
	json_object_put(t.contents);
	json_object_put(t.system);
	free(t.taken);
	return answer;
}
