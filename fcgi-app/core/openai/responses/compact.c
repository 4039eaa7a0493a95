/*
 * Compaction: a summary by the model takes the place of a conversation. The caller gets it as an
 * item that tells it nothing, and sends that back as the first of what follows.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "input.h"
#include "reply_priv.h"

#define COMPACT_KEPT_MAX (64 * KIB) /* the user's messages in front of a compaction */

/* Begins an `encrypted_content` of ours; behind it stands the Base64 of a JSON string. Nothing in
 * it is secret to the caller, whose conversation it is. */
#define MARK "gemini-balance.summary.1."

static const char prompt[] =
    "Write a summary of this conversation that will take its place: whoever goes on from here "
    "will know nothing else of it. Keep what the user wants and how, decisions and their reasons, "
    "facts, names, paths, identifiers, commands and pieces of code that are still needed, what was "
    "done and what came of it, what failed, what is unfinished, and the next steps. Call no tool. "
    "Answer with the summary alone.";
static const char preface[] =
    "This is a summary of the conversation up to here. It takes the place of what was said:\n\n";

/* ---- the request for a summary ---- */

bool
responses_compact_wanted(json_object *source)
{
	json_object *input = json_get_array(source, "input");
	size_t count = input != NULL ? json_object_array_length(input) : 0;

	return count > 0 &&
	       slice_eq(json_get_str(json_object_array_get_idx(input, count - 1), "type"),
		   SLICE("compaction_trigger"));
}

/* Tools stay declared, as the history may hold calls of them. */
json_object *
responses_compact_source(json_object *source)
{
	static const char *const others[] = { "text", "tool_choice", "include", "top_logprobs" };
	json_object *view = json_object_new_object();

	json_object_object_foreach(source, key, value)
	{
		json_put(view, key, json_object_get(value));
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		json_object_object_del(view, others[i]);
	if (json_get_array(source, "tools") != NULL)
		json_put(view, "tool_choice", json_object_new_string("none"));
	return view;
}

static json_object *
user_message(struct slice text)
{
	json_object *message = json_object_new_object();

	json_put_str(message, "role", SLICE("user"));
	json_put_str(message, "content", text);
	return message;
}

json_object *
responses_compact_prompt(void)
{
	return user_message(SLICE(prompt));
}

/* ---- the item ---- */

void
responses_compaction_write(struct jwriter *w, const char *id, struct slice summary)
{
	struct buf json;

	buf_init(&json, COLLECT_MAX);
	buf_addc(&json, '"');
	buf_add_slice(&json, summary);
	buf_addc(&json, '"');
	jw_object(w, NULL);
	jw_str(w, "id", id);
	jw_str(w, "type", "compaction");
	jw_str_open(w, "encrypted_content");
	if (summary.len > 0) {
		buf_adds(w->out, MARK);
		base64_add(w->out, json.data, json.len);
	}
	jw_str_close(w);
	jw_object_end(w);
	w->out->failed |= json.failed;
	buf_release(&json);
}

/* A new string, or NULL when the content is none of ours. */
static json_object *
read_summary(struct slice content)
{
	json_object *summary = NULL;
	struct buf json;
	char *room;

	if (!slice_starts(content, SLICE(MARK)))
		return NULL;
	content.ptr += sizeof(MARK) - 1;
	content.len -= sizeof(MARK) - 1;
	buf_init(&json, TRANSLATED_MAX);
	room = base64_is_canonical(content) ? buf_room(&json, content.len / 4 * 3) : NULL;
	if (room != NULL) {
		json.len = base64_peek(content, (unsigned char *)room, content.len / 4 * 3);
		summary = json_read(buf_slice(&json));
	}
	buf_release(&json);
	if (json_object_is_type(summary, json_type_string))
		return summary;
	json_object_put(summary);
	return NULL;
}

static bool
is_said_by_user(json_object *message)
{
	return slice_eq(json_get_str(message, "role"), SLICE("user"));
}

static bool
is_instruction(json_object *message)
{
	struct slice role = json_get_str(message, "role");

	return slice_eq(role, SLICE("system")) || slice_eq(role, SLICE("developer"));
}

/* What the summary tells is left out. The user's words in front of it stay when nothing of the
 * model's stands between them: then the caller has cut the conversation down itself, and wants
 * what it left there. */
static void
forget_summarised(struct intake *t)
{
	bool whole = false;

	for (size_t i = 0; i < t->count; i++) {
		json_object *message = json_object_array_get_idx(t->messages, i);

		whole |= message != NULL && !is_said_by_user(message) && !is_instruction(message);
	}
	for (size_t i = 0; i < t->count; i++) {
		json_object *message = json_object_array_get_idx(t->messages, i);

		if (message == NULL || is_instruction(message) ||
		    (!whole && t->places[i].type->read != responses_compaction_read))
			continue;
		json_object_array_put_idx(t->messages, i, NULL);
		json_object_array_put_idx(t->own->request->items, t->places[i].item, NULL);
	}
}

int
responses_compaction_read(
    struct intake *t, json_object *item, const char *at, json_object **ret_message)
{
	json_object *content, *summary;
	struct buf text;

	if (responses_member_word(t, item, at, "encrypted_content", &content) != 0)
		return -1;
	summary = read_summary(json_str(content));
	if (summary == NULL)
		return changes_note(t->read->env->changes, CHANGE_DROPPED, at, t->err);
	forget_summarised(t);
	buf_init(&text, TRANSLATED_MAX);
	buf_adds(&text, preface);
	buf_add_slice(&text, json_str(summary));
	*ret_message = user_message(buf_slice(&text));
	buf_release(&text);
	json_object_put(summary);
	return 0;
}

int
responses_trigger_read(
    struct intake *t, json_object *item, const char *at, json_object **ret_message)
{
	(void)item, (void)ret_message;
	if (t->given > 0 && !t->own->request->compact)
		changes_mention(t->read->env->changes, CHANGE_DROPPED, at);
	return 0;
}

/* ---- POST /responses/compact ---- */

/* Index of the first item of which all user messages from there on fit. */
static size_t
first_kept(json_object *items)
{
	size_t i = json_object_array_length(items), bytes = 0;

	while (i > 0) {
		json_object *item = json_object_array_get_idx(items, i - 1);

		if (is_said_by_user(item))
			bytes += strlen(json_object_to_json_string_ext(item, 0));
		if (bytes > COMPACT_KEPT_MAX)
			break;
		i--;
	}
	return i;
}

void
responses_compact_keep(const struct responses_request *q, const char *id, struct buf *out)
{
	struct jwriter w = jwriter_on(out);
	char name[96];

	for (size_t i = first_kept(q->items); i < json_object_array_length(q->items); i++) {
		json_object *item = json_object_array_get_idx(q->items, i);

		if (!is_said_by_user(item))
			continue;
		snprintf(name, sizeof(name), "msg_%.40s_in%zu", id, i);
		responses_item_write(&w, item,
		    json_get_str(item, "id").len > 0 ? json_get_str(item, "id") : slice_str(name));
	}
}
