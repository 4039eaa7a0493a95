/*
 * OpenAI's messages to Gemini's contents and systemInstruction, with the repairs that Google's turn
 * rules ask for: no empty turns, results right after their calls, a user turn before the first call
 * and, for most models, at the end.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "core/openai/chat/chat_read.h"
#include "core/gemini/part_build.h"

/* Stands where Google wants a user turn and the caller has none. */
static const char filler[] = "Continue.";

struct talk {
	struct chat_read *c;
	json_object *messages; /* the caller's */
	json_object *contents; /* what becomes of them, handed over at the end */
	json_object *system;   /* parts of systemInstruction, likewise */
	bool closed;           /* the last turn holds results: nothing may join it */
	uint8_t *taken;        /* per message: another one brought it along */
	struct chat_results results;
	bool waiting; /* a result stands in front of its call */
	struct apierror *err;
};

static json_object *
messages_message_at(struct talk *t, size_t i)
{
	return json_object_array_get_idx(t->messages, i);
}

static bool
messages_has_role(struct talk *t, size_t i, struct slice role)
{
	return i < json_object_array_length(t->messages) &&
	       slice_eq(json_get_str(messages_message_at(t, i), "role"), role);
}

/* Notes a change of message i. */
static int
messages_note(struct talk *t, enum change change, size_t i)
{
	char at[APIERROR_PARAM_MAX];

	field_name(at, "%s[%zu]", t->c->list, i);
	return changes_note(t->c->env->changes, change, at, t->err);
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

/* A user turn of ours in front of what becomes of message i. */
static int
add_filler(struct talk *t, size_t i)
{
	json_object *parts = json_object_new_array();

	json_append(parts, part_text(json_object_new_string(filler)));
	add_turn(t, "user", parts);
	return messages_note(t, CHANGE_ADDED, i);
}

/* ---- one reader per role ---- */

/* Content that must be there. */
static int
messages_read_content(
    struct talk *t, size_t i, enum chat_role role, const char *at, json_object *parts)
{
	json_object *message = messages_message_at(t, i), *content;
	size_t before = json_object_array_length(parts);
	char param[APIERROR_PARAM_MAX];

	field_name(param, "%s.content", at);
	if (!json_object_object_get_ex(message, "content", &content))
		return fieldmap_missing(t->err, param);
	if (chat_content_read(t->c, content, role, at, parts, t->err) != 0)
		return -1;
	if (json_get(message, "name") != NULL) {
		field_name(param, "%s.name", at);
		changes_mention(t->c->env->changes, CHANGE_IGNORED, param);
	}
	/* Empty parts of an array are noted one by one. */
	if (json_object_array_length(parts) == before &&
	    !(json_object_is_type(content, json_type_array) &&
		json_object_array_length(content) > 0))
		return messages_note(t, CHANGE_DROPPED, i);
	return 0;
}

/* Google has one instruction, in front of all turns. */
static int
read_system(struct talk *t, size_t i, const char *at)
{
	size_t before = json_object_array_length(t->system);

	if (messages_read_content(t, i, CHAT_SYSTEM, at, t->system) != 0)
		return -1;
	if (last_turn(t) != NULL && json_object_array_length(t->system) > before)
		return messages_note(t, CHANGE_REWRITTEN, i);
	return 0;
}

static int
read_user(struct talk *t, size_t i, const char *at)
{
	json_object *parts = json_object_new_array();

	if (messages_read_content(t, i, CHAT_USER, at, parts) != 0) {
		json_object_put(parts);
		return -1;
	}
	add_turn(t, "user", parts);
	return 0;
}

/* A turn of calls, which begins with message `first`, and the turn of its results, which are looked
 * for from message `next` on. */
static int
add_call_turns(struct talk *t, size_t first, size_t next, struct chat_turn *turn)
{
	json_object *media = json_object_new_array(), *results = json_object_new_array();
	int rc = -1;

	if (last_turn(t) == NULL && add_filler(t, first) != 0)
		goto out;
	add_turn(t, "model", TAKE(turn->parts));
	if (chat_calls_pair(t->c, &t->results, &turn->calls, first, next, media, t->err) != 0 ||
	    chat_calls_answer(t->c, &turn->calls, results, t->err) != 0)
		goto out;
	add_turn(t, "user", TAKE(results));
	t->closed = true;
	add_turn(t, "user", TAKE(media));
	rc = 0;
out:
	json_object_put(media);
	json_object_put(results);
	return rc;
}

/* Assistant messages in a row are one model turn, and their calls are one step. */
static int
read_assistant(struct talk *t, size_t i, const char *at)
{
	size_t first = i, count = json_object_array_length(t->messages);
	struct chat_turn turn;
	int rc = -1;

	(void)at;
	chat_turn_init(&turn);
	for (; i < count; i++) {
		bool hole = t->c->holes && messages_message_at(t, i) == NULL;

		if (!hole && !messages_has_role(t, i, SLICE("assistant")))
			break;
		t->taken[i] = 1;
		if (!hole && chat_turn_read(t->c, &turn, messages_message_at(t, i), i, t->err) != 0)
			goto out;
	}
	if (turn.calls.count == 0)
		add_turn(t, "model", TAKE(turn.parts));
	else if (add_call_turns(t, first, i, &turn) != 0)
		goto out;
	rc = 0;
out:
	chat_turn_release(&turn);
	return rc;
}

static int
add_orphan(struct talk *t, size_t i, const char *at)
{
	json_object *message = messages_message_at(t, i), *parts = json_object_new_array();
	struct slice name = json_get_str(message, "name");
	struct buf text;

	t->taken[i] = 1;
	buf_init(&text, SIZE_MAX / 2);
	buf_adds(&text, "Result of an earlier ");
	buf_adds(&text, name.len > 0 ? "call of " : "tool call");
	buf_add_slice(&text, name);
	buf_addc(&text, ':');
	json_append(parts, part_text(json_new_str(buf_slice(&text))));
	buf_release(&text);
	if (json_get(message, "content") != NULL &&
	    chat_content_read(t->c, json_get(message, "content"), CHAT_TOOL, at, parts, t->err) !=
		0) {
		json_object_put(parts);
		return -1;
	}
	add_turn(t, "user", parts);
	return messages_note(t, CHANGE_REWRITTEN, i);
}

/* A result that no call in front of it has taken. One whose call is not in the history is told in
 * words. */
static int
messages_read_result(struct talk *t, size_t i, const char *at)
{
	if (!chat_result_waits(&t->results, i))
		return add_orphan(t, i, at);
	t->waiting = true;
	return 0;
}

/* Results that waited in vain. */
static int
add_left(struct talk *t)
{
	char at[APIERROR_PARAM_MAX];

	for (size_t i = 0; t->waiting && i < json_object_array_length(t->messages); i++) {
		if (t->taken[i] || !(messages_has_role(t, i, SLICE("tool")) ||
				       messages_has_role(t, i, SLICE("function"))))
			continue;
		field_name(at, "%s[%zu]", t->c->list, i);
		if (add_orphan(t, i, at) != 0)
			return -1;
	}
	return 0;
}

/* clang-format off */
static const struct {
	const char *role;
	int (*read)(struct talk *t, size_t i, const char *at);
} roles[] = {
	{ "system",    read_system },
	{ "developer", read_system },
	{ "user",      read_user },
	{ "assistant", read_assistant },
	{ "tool",      messages_read_result },
	{ "function",  messages_read_result },
};
/* clang-format on */

static int
messages_read_message(struct talk *t, size_t i)
{
	json_object *message = messages_message_at(t, i), *role = json_get(message, "role");
	char at[APIERROR_PARAM_MAX], param[APIERROR_PARAM_MAX];

	if (message == NULL && t->c->holes)
		return 0;
	field_name(at, "%s[%zu]", t->c->list, i);
	field_name(param, "%s.role", at);
	if (!json_object_is_type(message, json_type_object))
		return fieldmap_bad_type(t->err, at, "an object", message);
	if (role == NULL)
		return fieldmap_missing(t->err, param);
	if (!json_object_is_type(role, json_type_string))
		return fieldmap_bad_type(t->err, param, "a string", role);
	for (size_t r = 0; r < ARRAY_SIZE(roles); r++)
		if (slice_eq(json_str(role), slice_str(roles[r].role)))
			return roles[r].read(t, i, at);
	return fieldmap_bad_word(t->err, param, json_str(role),
	    "'system', 'assistant', 'user', 'function', 'tool', and 'developer'");
}

/* What only the whole conversation shows. */
static int
messages_finish(struct talk *t)
{
	size_t system = json_object_array_length(t->system);

	if (last_turn(t) == NULL && system > 0) {
		add_turn(t, "user", TAKE(t->system));
		t->system = json_object_new_array();
		return changes_note(t->c->env->changes, CHANGE_REWRITTEN, t->c->list, t->err);
	}
	if (last_turn(t) == NULL)
		return apierror_set(t->err, APIERROR_BAD_VALUE, t->c->list,
		    "Invalid '%s': there is no text and no media in them.", t->c->list);
	if ((t->c->family->can & FAMILY_PREFILL) == 0 &&
	    slice_eq(json_get_str(last_turn(t), "role"), SLICE("model")))
		return add_filler(t, json_object_array_length(t->messages));
	return 0;
}

/* Signatures are looked up for the latest calls only. */
static size_t
count_unasked(struct talk *t)
{
	size_t calls = 0;

	for (size_t i = 0; i < json_object_array_length(t->messages); i++) {
		json_object *list = json_get_array(messages_message_at(t, i), "tool_calls");

		calls += list != NULL ? json_object_array_length(list) : 0;
	}
	return calls > REFS_MAX ? calls - REFS_MAX : 0;
}

/* Instructions that stand outside the messages come before theirs. */
static void
put_system(struct talk *t, json_object *target)
{
	for (size_t i = 0; i < json_object_array_length(t->system); i++) {
		json_object *part = json_object_array_get_idx(t->system, i);

		part_system_add(target, json_object_get(json_get(part, "text")));
	}
}

static int
messages_read_list(struct fieldmap_run *run, json_object *messages)
{
	size_t count = json_object_array_length(messages);
	struct talk t = { .c = run->ctx, .messages = messages, .err = run->err };
	int rc = -1;

	t.contents = json_object_new_array();
	t.system = json_object_new_array();
	t.taken = xcalloc(count + 1, 1);
	chat_results_init(&t.results, messages, t.taken);
	t.c->unasked_calls = count_unasked(&t);
	for (size_t i = 0; i < count; i++)
		if (!t.taken[i] && messages_read_message(&t, i) != 0)
			goto out;
	if (add_left(&t) != 0)
		goto out;
	if (messages_finish(&t) != 0)
		goto out;
	/* As Google reads them, so that bodies begin alike as long as prompts do. */
	put_system(&t, run->target);
	json_put(run->target, "contents", TAKE(t.contents));
	rc = 0;
out:
	chat_results_release(&t.results);
	json_object_put(t.contents);
	json_object_put(t.system);
	free(t.taken);
	return rc;
}

int
chat_messages_read(struct fieldmap_run *run, json_object *messages)
{
	struct chat_foreign foreign;
	int rc;

	if (!chat_foreign_any(messages))
		return messages_read_list(run, messages);
	chat_foreign_open(&foreign, run, messages);
	rc = messages_read_list(run, foreign.messages);
	chat_foreign_close(&foreign, rc != 0);
	return rc;
}

int
chat_messages_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	if (json_object_array_length(value) == 0)
		return apierror_set(run->err, APIERROR_BAD_VALUE, row->from,
		    "Invalid '%s': empty array. Expected an array with minimum length 1, but got "
		    "an empty array instead.",
		    row->from);
	return chat_messages_read(run, value);
}
