/* Items that come whole: calls, images, and the refusal that stands for a blocked answer. */
#include "config.h"

#include "base/limits.h"
#include "base/xalloc.h"
#include "reply_priv.h"

/* ---- calls ---- */

/* The kinds of calls and the words of their events. `field` holds the input: as a string where
 * there are events about it, else as an object. */
/* clang-format off */
static const struct call_words {
	const char *prefix, *type, *field, *delta, *done;
	const char *more; /* members that always say the same, or NULL */
	bool status;
} call_words[] = {
	[TOOL_FUNCTION] = { "fc", "function_call", "arguments",
	    "response.function_call_arguments.delta", "response.function_call_arguments.done",
	    NULL, true },
	[TOOL_CUSTOM] = { "ctc", "custom_tool_call", "input",
	    "response.custom_tool_call_input.delta", "response.custom_tool_call_input.done",
	    NULL, false },
	[TOOL_SEARCH] = { "tsc", "tool_search_call", "arguments", NULL, NULL,
	    "\"execution\":\"client\"", true },
	[TOOL_SHELL] = { "sh", "shell_call", "action", NULL, NULL, "\"environment\":{\"type\":\"local\"}", true },
	[TOOL_LOCAL_SHELL] = { "lsh", "local_shell_call", "action", NULL, NULL, NULL, true },
	[TOOL_PATCH] = { "apc", "apply_patch_call", "operation", NULL, NULL, NULL, true },
};
/* clang-format on */

struct call_item {
	const struct call_words *words;
	const struct tool_name *tool; /* NULL: nobody declared it */
	json_object *args;            /* of kinds whose input is an object, owned */
	struct slice call_id, name, input;
};

static void
call_write_call(struct responses_stream *s, const struct call_item *c, bool done, struct buf *out)
{
	struct jwriter w = jwriter_on(out);

	jw_object(&w, NULL);
	jw_str(&w, "id", s->item_id);
	jw_str(&w, "type", c->words->type);
	if (c->words->status)
		jw_str(&w, "status", done ? "completed" : "in_progress");
	jw_slice(&w, "call_id", c->call_id);
	if (c->words->more != NULL) {
		buf_addc(out, ',');
		buf_adds(out, c->words->more);
	}
	if (c->args != NULL) {
		json_write_to(&w, c->words->field, c->args);
	} else {
		if (c->tool != NULL && c->tool->space != NULL)
			jw_str(&w, "namespace", c->tool->space);
		jw_slice(&w, "name", c->name);
		jw_slice(&w, c->words->field, done ? c->input : SLICE(""));
	}
	jw_object_end(&w);
}

static void
tell_call(struct responses_stream *s, const struct call_item *c)
{
	struct jwriter w;
	struct buf item;

	responses_item_name(s, c->words->prefix);
	buf_init(&item, SSE_EVENT_MAX * 2);
	call_write_call(s, c, false, &item);
	responses_item_tell(s, "response.output_item.added", buf_slice(&item));
	if (c->words->delta != NULL && responses_item_event(s, c->words->delta, &w)) {
		jw_slice(&w, "delta", c->input);
		responses_event_close(s, &w);
	}
	if (c->words->done != NULL && responses_item_event(s, c->words->done, &w)) {
		if (c->words == &call_words[TOOL_FUNCTION])
			jw_slice(&w, "name", c->name);
		jw_slice(&w, c->words->field, c->input);
		responses_event_close(s, &w);
	}
	buf_reset(&item);
	call_write_call(s, c, true, &item);
	responses_item_add(s, &item);
	buf_release(&item);
}

/* The input of a tool that the client carries out: Google's arguments, and what the schema of the
 * item wants besides. A new object. */
static json_object *
client_args(json_object *given, enum tool_kind kind)
{
	/* clang-format off */
	static const struct {
		enum tool_kind kind;
		const char *key, *value; /* value: JSON */
	} wanted[] = {
		{ TOOL_SHELL,       "commands",          "[]" },
		{ TOOL_SHELL,       "timeout_ms",        "null" },
		{ TOOL_SHELL,       "max_output_length", "null" },
		{ TOOL_LOCAL_SHELL, "type",              "\"exec\"" },
		{ TOOL_LOCAL_SHELL, "command",           "[]" },
		{ TOOL_LOCAL_SHELL, "env",               "{}" },
		{ TOOL_PATCH,       "type",              "\"update_file\"" },
		{ TOOL_PATCH,       "path",              "\"\"" },
		{ TOOL_PATCH,       "diff",              "\"\"" },
	};
	/* clang-format on */
	json_object *args = json_object_new_object();

	if (given != NULL) {
		json_object_object_foreach(given, key, value)
		{
			json_put(args, key, json_object_get(value));
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		if (wanted[i].kind == kind && json_get(args, wanted[i].key) == NULL)
			json_put(args, wanted[i].key, json_read(slice_str(wanted[i].value)));
	if (kind == TOOL_PATCH && slice_eq(json_get_str(args, "type"), SLICE("delete_file")))
		json_object_object_del(args, "diff");
	return args;
}

void
responses_item_call(struct responses_stream *s, const struct gemini_part *part)
{
	struct chat_call_place place = {
		.info = &s->info.chat,
		.index = s->calls++,
		.traces = buf_slice(&s->traces),
	};
	const struct tool_name *tool = chat_call_tool(part, &place);
	enum tool_kind kind = tool != NULL ? tool->kind : TOOL_FUNCTION;
	char text[CALL_ID_MAX + 1];
	struct call_item c = { .words = &call_words[kind], .tool = tool };
	struct buf carry, arguments;

	if (place.index > 0 && s->info.chat.one_call)
		return;
	c.call_id = chat_call_id(part->body, &place, text);
	c.name = tool != NULL ? slice_str(tool->name) : json_get_str(part->body, "name");
	chat_call_keep(part, &place, c.call_id);
	buf_init(&carry, SSE_EVENT_MAX);
	chat_call_carry(part, &place, &carry);
	responses_item_carry(s, buf_slice(&carry));
	buf_init(&arguments, SSE_EVENT_MAX);
	if (kind == TOOL_CUSTOM) {
		c.input = json_get_str(json_get(part->body, "args"), "input");
	} else if (kind == TOOL_FUNCTION) {
		chat_call_arguments(part->body, &arguments);
		c.input = buf_slice(&arguments);
	} else {
		c.args = client_args(json_get_object(part->body, "args"), kind);
	}
	tell_call(s, &c);
	json_object_put(c.args);
	buf_release(&carry);
	buf_release(&arguments);
}

/* ---- images ---- */

static void
call_write_image(struct responses_stream *s, json_object *blob, struct buf *out)
{
	struct jwriter w = jwriter_on(out);

	jw_object(&w, NULL);
	jw_str(&w, "id", s->item_id);
	jw_str(&w, "type", "image_generation_call");
	jw_str(&w, "status", blob != NULL ? "completed" : "in_progress");
	if (blob != NULL)
		jw_slice(&w, "result", json_get_str(blob, "data"));
	else
		jw_null(&w, "result");
	jw_object_end(&w);
}

void
responses_item_image(struct responses_stream *s, const struct gemini_part *part)
{
	static const char *const events[] = { "response.image_generation_call.in_progress",
		"response.image_generation_call.generating",
		"response.image_generation_call.completed" };
	struct jwriter w;
	struct buf item;

	responses_item_carry(s, part->signature);
	responses_item_name(s, "ig");
	buf_init(&item, SSE_EVENT_MAX * 2);
	call_write_image(s, NULL, &item);
	responses_item_tell(s, "response.output_item.added", buf_slice(&item));
	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		if (responses_item_event(s, events[i], &w))
			responses_event_close(s, &w);
	buf_reset(&item);
	call_write_image(s, part->body, &item);
	responses_item_add(s, &item);
	buf_release(&item);
}

/* ---- refusals ---- */

static void
write_refusal_part(struct jwriter *w, const char *key, struct slice reason)
{
	jw_object(w, key);
	jw_str(w, "type", "refusal");
	if (reason.len > 0)
		chat_refusal_write(w, "refusal", reason);
	else
		jw_str(w, "refusal", "");
	jw_object_end(w);
}

static void
write_refusal(struct responses_stream *s, struct slice reason, struct buf *out)
{
	struct jwriter w = jwriter_on(out);

	jw_object(&w, NULL);
	jw_str(&w, "id", s->item_id);
	jw_str(&w, "type", "message");
	jw_str(&w, "status", reason.len > 0 ? "completed" : "in_progress");
	jw_str(&w, "role", "assistant");
	jw_array(&w, "content");
	if (reason.len > 0)
		write_refusal_part(&w, NULL, reason);
	jw_array_end(&w);
	jw_object_end(&w);
}

void
responses_item_refusal(struct responses_stream *s, struct slice reason)
{
	static const struct {
		const char *type, *key;
		bool part, words;
	} events[] = {
		{ "response.content_part.added", "part", true, false },
		{ "response.refusal.delta", "delta", false, true },
		{ "response.refusal.done", "refusal", false, true },
		{ "response.content_part.done", "part", true, true },
	};
	struct jwriter w;
	struct buf item;

	responses_item_close(s, false);
	responses_item_name(s, "msg");
	buf_init(&item, ERROR_BODY_MAX);
	write_refusal(s, SLICE(""), &item);
	responses_item_tell(s, "response.output_item.added", buf_slice(&item));
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		if (!responses_part_event(s, events[i].type, "content_index", &w))
			break;
		if (events[i].part)
			write_refusal_part(&w, "part", events[i].words ? reason : SLICE(""));
		else
			chat_refusal_write(&w, events[i].key, reason);
		responses_event_close(s, &w);
	}
	buf_reset(&item);
	write_refusal(s, reason, &item);
	responses_item_add(s, &item);
	buf_release(&item);
}
