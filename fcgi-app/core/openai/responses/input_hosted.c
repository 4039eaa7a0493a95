/*
 * Items of tools that are no functions of the client's: what the client carried out becomes a call
 * and its result, what OpenAI's machines did as much of it as the model needs.
 */
#include "config.h"

#include <string.h>

#include "base/limits.h"
#include "input.h"

/* A value as JSON text: a new string. */
static json_object *
text_of(json_object *value)
{
	json_object *string;
	struct buf text;

	buf_init(&text, TRANSLATED_MAX);
	json_write(value, &text);
	string = json_new_str(buf_slice(&text));
	buf_release(&text);
	return string;
}

/* A message with a call; arguments are taken, id and space (a string, or NULL) borrowed. */
static json_object *
call_of(
    const char *type, const char *name, json_object *space, json_object *id, json_object *arguments)
{
	json_object *body = json_object_new_object(), *message;

	json_put_str(body, "name", slice_str(name));
	json_share(body, "namespace", space);
	json_put(body, "arguments", arguments);
	message = responses_call_new(type, id, body);
	json_object_put(body);
	return message;
}

/* Both messages of an item that holds a call and its result; both are taken. */
static json_object *
both_of(json_object *call, json_object *result)
{
	json_object *list = json_object_new_array();

	json_append(list, call);
	json_append(list, result);
	return list;
}

/* ---- the search of tools ---- */

/* What OpenAI found by itself has no call_id. */
static bool
is_clients(json_object *item)
{
	return json_get_str(item, "call_id").len > 0 &&
	       !slice_eq(json_get_str(item, "execution"), SLICE("server"));
}

int
responses_search_call_read(
    struct intake *t, json_object *item, const char *at, json_object **ret_message)
{
	json_object *arguments = json_get(item, "arguments");

	if (!is_clients(item))
		return responses_item_skip(t, item, at, ret_message);
	*ret_message = call_of("tool_search", "tool_search", NULL, json_get(item, "call_id"),
	    arguments != NULL ? json_object_get(arguments) : json_object_new_object());
	return 0;
}

/* Appends Google's names of the functions that a tool declares. */
static void
add_names(const struct intake *t, json_object *tool, json_object *space, json_object *names)
{
	json_object *list = json_get_array(tool, "tools"),
		    *body = json_get_object(tool, "function");
	struct slice name = json_get_str(body != NULL ? body : tool, "name");
	const struct tool_name *entry;

	if (slice_eq(json_get_str(tool, "type"), SLICE("namespace"))) {
		for (size_t i = 0; list != NULL && i < json_object_array_length(list); i++)
			add_names(
			    t, json_object_array_get_idx(list, i), json_get(tool, "name"), names);
		return;
	}
	entry = tool_names_find(t->read->request->tools, json_str(space), name, TOOL_FUNCTION);
	if (entry != NULL)
		json_append(names, json_object_new_string(entry->upstream));
}

/* The tools themselves are declared: the result names them. */
int
responses_search_output_read(
    struct intake *t, json_object *item, const char *at, json_object **ret_message)
{
	json_object *list = json_get_array(item, "tools"), *names, *found;

	if (!is_clients(item))
		return responses_item_skip(t, item, at, ret_message);
	names = json_object_new_array();
	for (size_t i = 0; list != NULL && i < json_object_array_length(list); i++)
		add_names(t, json_object_array_get_idx(list, i), NULL, names);
	found = json_object_new_object();
	json_put(found, "tools", names);
	*ret_message = responses_result_new(json_get(item, "call_id"), text_of(found));
	json_object_put(found);
	return 0;
}

/* ---- shells and patches ---- */

/* clang-format off */
static const struct client_item {
	const char *type, *tool, *member; /* the item's, the tool's, where the arguments stand */
	bool typed;                       /* their type is one of them */
} client_items[] = {
	{ "shell_call",       "shell",       "action",    false },
	{ "local_shell_call", "local_shell", "action",    false },
	{ "apply_patch_call", "apply_patch", "operation", true },
};
/* clang-format on */

/* True for what stands in an item because its schema wants it, not because the model said it: the
 * call must go back as it came, or its signature does not fit. */
static bool
hosted_says_nothing(const char *key, json_object *value, bool typed)
{
	return value == NULL || (!typed && strcmp(key, "type") == 0) ||
	       (strcmp(key, "env") == 0 && json_object_is_type(value, json_type_object) &&
		   json_object_object_length(value) == 0);
}

/* What the model said. typed: a type is part of it. */
static json_object *
arguments_of(json_object *given, bool typed)
{
	json_object *arguments = json_object_new_object();

	if (given == NULL)
		return arguments;
	json_object_object_foreach(given, key, value)
	{
		if (!hosted_says_nothing(key, value, typed))
			json_put(arguments, key, json_object_get(value));
	}
	/* The item has no place for the empty text that its declaration asks for. */
	if (slice_eq(json_get_str(arguments, "type"), SLICE("delete_file")) &&
	    json_get(arguments, "diff") == NULL)
		json_put(arguments, "diff", json_object_new_string(""));
	return arguments;
}

int
responses_client_call_read(
    struct intake *t, json_object *item, const char *at, json_object **ret_message)
{
	const struct client_item *type = client_items;

	(void)t, (void)at;
	while (!slice_eq(json_get_str(item, "type"), slice_str(type->type)))
		type++;
	*ret_message = call_of(type->tool, type->tool, NULL, responses_call_id(item),
	    arguments_of(json_get_object(item, type->member), type->typed));
	return 0;
}

/* Text as it is; lists of outputs, and a status beside the text, as JSON. */
int
responses_client_output_read(
    struct intake *t, json_object *item, const char *at, json_object **ret_message)
{
	bool patch = slice_eq(json_get_str(item, "type"), SLICE("apply_patch_call_output"));
	json_object *output = json_get(item, "output"), *told;

	(void)t, (void)at;
	if (!patch) {
		*ret_message = responses_result_new(responses_call_id(item),
		    json_object_is_type(output, json_type_string) ? json_object_get(output)
								  : text_of(output));
		return 0;
	}
	told = json_object_new_object();
	json_share(told, "status", json_get(item, "status"));
	json_share(told, "output", json_get(item, "output"));
	*ret_message = responses_result_new(responses_call_id(item), text_of(told));
	json_object_put(told);
	return 0;
}

/* ---- computers ---- */

int
responses_computer_call_read(
    struct intake *t, json_object *item, const char *at, json_object **ret_message)
{
	json_object *arguments = json_object_new_object();

	(void)t, (void)at;
	json_share(arguments, "action", json_get(item, "action"));
	json_share(arguments, "actions", json_get(item, "actions"));
	*ret_message = call_of("function", "computer", NULL, responses_call_id(item), arguments);
	return 0;
}

int
responses_computer_output_read(
    struct intake *t, json_object *item, const char *at, json_object **ret_message)
{
	json_object *output = json_get(item, "output"), *part, *list = json_object_new_array();

	(void)t, (void)at;
	if (json_get(output, "image_url") != NULL || json_get(output, "file_id") != NULL) {
		part = json_object_new_object();
		json_put_str(part, "type", SLICE("input_image"));
		json_share(part, "image_url", json_get(output, "image_url"));
		json_share(part, "file_id", json_get(output, "file_id"));
		json_append(list, part);
	}
	*ret_message = responses_result_new(responses_call_id(item), list);
	return 0;
}

/* ---- what OpenAI's machines did ---- */

/* A call of a server's tool, and what it gave. */
int
responses_mcp_call_read(
    struct intake *t, json_object *item, const char *at, json_object **ret_message)
{
	json_object *name, *output = json_get(item, "output"), *error = json_get(item, "error");
	json_object *arguments = json_get(item, "arguments"), *told, *call;

	if (responses_member_word(t, item, at, "name", &name) != 0)
		return -1;
	call = call_of("function", json_object_get_string(name), json_get(item, "server_label"),
	    json_get(item, "id"), json_object_get(arguments));
	if (output == NULL && error == NULL) {
		*ret_message = call;
		return 0;
	}
	if (error != NULL) {
		told = json_object_new_object();
		json_share(told, "error", json_get(item, "error"));
		json_share(told, "output", json_get(item, "output"));
		output = text_of(told);
		json_object_put(told);
	} else {
		output = json_object_is_type(output, json_type_string) ? json_object_get(output)
		                                                       : text_of(output);
	}
	*ret_message = both_of(call, responses_result_new(json_get(item, "id"), output));
	return 0;
}

/* Without results it says what was looked for only. */
int
responses_file_search_read(
    struct intake *t, json_object *item, const char *at, json_object **ret_message)
{
	json_object *results = json_get_array(item, "results"), *arguments;

	if (results == NULL || json_object_array_length(results) == 0)
		return responses_item_skip(t, item, at, ret_message);
	arguments = json_object_new_object();
	json_share(arguments, "queries", json_get(item, "queries"));
	*ret_message =
	    both_of(call_of("function", "file_search", NULL, json_get(item, "id"), arguments),
		responses_result_new(json_get(item, "id"), text_of(results)));
	return 0;
}

/* As the answers of this gateway show code and what it printed. */
int
responses_code_read(struct intake *t, json_object *item, const char *at, json_object **ret_message)
{
	struct slice code = json_get_str(item, "code");
	json_object *outputs = json_get_array(item, "outputs");
	struct buf text;

	if (code.len == 0)
		return responses_item_skip(t, item, at, ret_message);
	buf_init(&text, TRANSLATED_MAX);
	buf_adds(&text, "```python\n");
	buf_add_slice(&text, code);
	buf_adds(&text, "\n```\n");
	for (size_t i = 0; outputs != NULL && i < json_object_array_length(outputs); i++) {
		struct slice logs = json_get_str(json_object_array_get_idx(outputs, i), "logs");

		if (logs.len == 0)
			continue;
		buf_adds(&text, "```\n");
		buf_add_slice(&text, logs);
		buf_adds(&text, "\n```\n");
	}
	*ret_message = responses_message_new("assistant");
	json_put_str(*ret_message, "content", buf_slice(&text));
	buf_release(&text);
	return 0;
}
