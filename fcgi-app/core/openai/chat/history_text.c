/* A history of function calls for models that know none: the calls and their results in words. */
#include "config.h"

#include "base/limits.h"
#include "core/openai/chat/chat_read.h"
#include "core/gemini/part_build.h"

/* The caller's name of a call or result. */
static struct slice
told_name(const struct chat_read *c, json_object *body)
{
	struct slice upstream = json_get_str(body, "name");
	const struct tool_name *tool = tool_names_upstream(c->request->tools, upstream);

	return tool != NULL ? slice_str(tool->name) : upstream;
}

static json_object *
tell_body(const struct chat_read *c, json_object *body, const char *lead, const char *key)
{
	json_object *part;
	struct buf text;

	buf_init(&text, TRANSLATED_MAX);
	buf_adds(&text, lead);
	buf_add_slice(&text, told_name(c, body));
	buf_adds(&text, ": ");
	json_write(json_get(body, key), &text);
	part = part_text(json_new_str(buf_slice(&text)));
	buf_release(&text);
	return part;
}

/* The parts of one turn; *ret_any when something in them was a call or a result. */
static json_object *
tell_parts(const struct chat_read *c, json_object *parts, bool *ret_any)
{
	json_object *told = json_object_new_array();

	for (size_t i = 0; i < json_object_array_length(parts); i++) {
		json_object *part = json_object_array_get_idx(parts, i);
		json_object *call = json_get(part, "functionCall");
		json_object *result = json_get(part, "functionResponse");
		json_object *media = json_get_array(result, "parts");

		*ret_any = *ret_any || call != NULL || result != NULL;
		if (call != NULL)
			json_append(told, tell_body(c, call, "Called ", "args"));
		else if (result != NULL)
			json_append(told, tell_body(c, result, "Result of ", "response"));
		else
			json_append(told, json_object_get(part));
		for (size_t j = 0; media != NULL && j < json_object_array_length(media); j++)
			json_append(told, json_object_get(json_object_array_get_idx(media, j)));
	}
	return told;
}

int
chat_calls_tell(struct fieldmap_run *run)
{
	const struct chat_read *c = run->ctx;
	json_object *contents = json_get_array(run->target, "contents");
	bool any = false;

	for (size_t i = 0; contents != NULL && i < json_object_array_length(contents); i++) {
		json_object *turn = json_object_array_get_idx(contents, i);

		json_put(turn, "parts", tell_parts(c, json_get(turn, "parts"), &any));
	}
	return any ? changes_note(run->changes, CHANGE_REWRITTEN, c->list, run->err) : 0;
}
