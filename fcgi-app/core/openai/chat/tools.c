/*
 * Tools of every type: functions, custom tools, namespaces of them, tools that the client carries
 * out and whose calls are items of their own, Google's, and those that Gemini has nothing like.
 */
#include "config.h"

#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "core/openai/chat/chat_read.h"
#include "core/api/fieldmap.h"
#include "core/schema/schema.h"

/* Every function is declared at once, and the model itself calls it. */
#define LOADING_ROWS \
	{ .from = "defer_loading", .kind = FK_ANY, .flags = FF_UNUSED }, \
	{ \
		.from = "allowed_callers", .flags = FF_IGNORE \
	}

/* What a declaration is made of, as found in any form of tool. */
static const struct fieldmap function_fields[] = {
	{ .from = "name", .kind = FK_STR, .flags = FF_REQUIRED },
	{ .from = "description", .to = "description", .kind = FK_STR },
	{ .from = "parameters", .kind = FK_OBJECT },
	{ .from = "strict", .kind = FK_BOOL },
	{ .from = "type", .kind = FK_ANY },
	LOADING_ROWS,
	{ .from = "output_schema", .flags = FF_IGNORE },
	{ 0 },
};

static const struct fieldmap custom_fields[] = {
	{ .from = "name", .kind = FK_STR, .flags = FF_REQUIRED },
	{ .from = "description", .to = "description", .kind = FK_STR },
	{ .from = "format", .kind = FK_OBJECT },
	{ .from = "type", .kind = FK_ANY },
	LOADING_ROWS,
	{ 0 },
};

const struct field_table chat_tool_tables[] = {
	{ "function.", function_fields },
	{ "custom.", custom_fields },
	{ 0 },
};

/* Checks a tool by its table; a new object with what the table places, or NULL. */
static json_object *
tools_check(
    struct fieldmap_run *run, const struct fieldmap *fields, json_object *tool, const char *at)
{
	struct fieldmap_run inner = fieldmap_inside(run, tool, at);

	inner.target = json_object_new_object();
	if (fieldmap_apply(fields, &inner) == 0)
		return inner.target;
	json_object_put(inner.target);
	return NULL;
}

/* Told once: a client that wants strict arguments wants them of every function. */
static void
note_strict(struct fieldmap_run *run, json_object *function, const char *at)
{
	struct chat_read *c = run->ctx;
	char param[APIERROR_PARAM_MAX];

	if (!json_get_bool(function, "strict", false))
		return;
	field_name(param, "%s.strict", at);
	if (!c->strict && (c->family->can & FAMILY_VALIDATED) == 0)
		changes_mention(run->changes, CHANGE_IGNORED, param);
	c->strict = true;
}

/* function: {name, description, parameters, strict}. */
static int
tools_read_function(struct fieldmap_run *run, json_object *function, const char *at)
{
	json_object *declaration = tools_check(run, function_fields, function, at);
	json_object *parameters = json_get_object(function, "parameters"), *schema = NULL;
	struct slice name = json_get_str(function, "name");
	const struct chat_read *c = run->ctx;
	unsigned builtin = c->space.name == NULL ? chat_builtin_find(name, BUILTIN_NAME) : 0;
	char param[APIERROR_PARAM_MAX];

	if (declaration == NULL)
		return -1;
	field_name(param, "%s.parameters", at);
	if (parameters != NULL &&
	    schema_clean(parameters, param, run->changes, &schema, run->err) != 0) {
		json_object_put(declaration);
		return -1;
	}
	if (schema != NULL && schema_is_empty(schema)) {
		json_object_put(schema);
		schema = NULL;
	}
	if (builtin != 0 && schema == NULL) {
		json_object_put(declaration);
		changes_mention(run->changes, CHANGE_REWRITTEN, at);
		return chat_builtin_read(run, builtin, NULL, at);
	}
	note_strict(run, function, at);
	return chat_declare(run, declaration, function, TOOL_FUNCTION, schema, at);
}

/* A grammar can only be told in words. */
static int
tell_format(struct fieldmap_run *run, json_object *custom, json_object *declaration, const char *at)
{
	json_object *format = json_get_object(custom, "format"), *grammar;
	struct slice type = json_get_str(format, "type"), syntax;
	char param[APIERROR_PARAM_MAX];
	struct buf text;

	field_name(param, "%s.format", at);
	if (format == NULL || json_object_object_length(format) == 0 ||
	    slice_eq(type, SLICE("text")))
		return 0;
	if (!slice_eq(type, SLICE("grammar")))
		return fieldmap_drop_word(run, param, ".type", type, "'text' and 'grammar'");
	grammar = json_get_object(format, "grammar");
	if (grammar == NULL)
		grammar = format;
	syntax = json_get_str(grammar, "syntax");
	buf_init(&text, TRANSLATED_MAX);
	buf_add_slice(&text, json_get_str(custom, "description"));
	buf_addf(&text, "%sThe input must match this grammar%s", text.len > 0 ? "\n" : "",
	    syntax.len > 0 ? " (" : "");
	buf_add_slice(&text, syntax);
	buf_addf(&text, "%s:\n", syntax.len > 0 ? ")" : "");
	buf_add_slice(&text, json_get_str(grammar, "definition"));
	json_put_str(declaration, "description", buf_slice(&text));
	buf_release(&text);
	return changes_note(run->changes, CHANGE_REWRITTEN, param, run->err);
}

/* custom: {name, description, format}: a function with the one argument `input`. */
static int
tools_read_custom(struct fieldmap_run *run, json_object *custom, const char *at)
{
	json_object *declaration = tools_check(run, custom_fields, custom, at);
	json_object *schema, *required, *input;

	if (declaration == NULL)
		return -1;
	if (tell_format(run, custom, declaration, at) != 0) {
		json_object_put(declaration);
		return -1;
	}
	input = json_object_new_object();
	json_put_str(input, "type", SLICE("string"));
	required = json_object_new_array();
	json_append(required, json_object_new_string("input"));
	schema = json_object_new_object();
	json_put_str(schema, "type", SLICE("object"));
	fieldmap_put(schema, "properties/input", input);
	json_put(schema, "required", required);
	return chat_declare(run, declaration, custom, TOOL_CUSTOM, schema, at);
}

static const char supported[] =
    "'function', 'custom', 'namespace', 'tool_search', 'shell', 'local_shell', 'apply_patch', "
    "'image_generation', 'web_search', 'code_interpreter', 'url_context', 'google_maps', and "
    "'file_search'";

static int
tools_unknown(struct fieldmap_run *run, const char *at, struct slice type)
{
	return fieldmap_drop_word(run, at, ".type", type, supported);
}

/* ---- namespaces ---- */

static const struct fieldmap namespace_fields[] = {
	{ .from = "name", .kind = FK_STR, .flags = FF_REQUIRED },
	{ .from = "description", .kind = FK_STR },
	{ .from = "tools", .kind = FK_ARRAY, .flags = FF_REQUIRED },
	{ .from = "type", .kind = FK_ANY },
	{ 0 },
};

/* {name, description, tools}: its functions, under names that no others have. */
static int
read_namespace(struct fieldmap_run *run, json_object *tool, const char *at)
{
	struct fieldmap_run inner = fieldmap_inside(run, tool, at);
	struct chat_read *c = run->ctx;
	json_object *list = json_get_array(tool, "tools");
	char param[APIERROR_PARAM_MAX];
	int rc = 0;

	if (c->space.name != NULL)
		return changes_note(run->changes, CHANGE_DROPPED, at, run->err);
	if (fieldmap_apply(namespace_fields, &inner) != 0)
		return -1;
	field_name(param, "%s.name", at);
	if (json_get_str(tool, "name").len == 0)
		return apierror_set(run->err, APIERROR_BAD_VALUE, param,
		    "Invalid '%s': a namespace's name cannot be an empty string.", param);
	c->space.name = json_get(tool, "name");
	c->space.description = json_get(tool, "description");
	for (size_t i = 0; rc == 0 && i < json_object_array_length(list); i++) {
		field_name(param, "%s.tools[%zu]", at, i);
		rc = chat_tool_read(run, json_object_array_get_idx(list, i), param);
	}
	c->space = (struct chat_space){ 0 };
	return rc;
}

/* ---- tools that the client carries out ---- */

/* clang-format off */
static const char shell_schema[] =
    "{\"type\":\"object\",\"properties\":{"
    "\"commands\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},"
      "\"description\":\"Commands, each run in a shell of its own.\"},"
    "\"timeout_ms\":{\"type\":\"integer\"},"
    "\"max_output_length\":{\"type\":\"integer\"}},"
    "\"required\":[\"commands\"]}";

static const char local_shell_schema[] =
    "{\"type\":\"object\",\"properties\":{"
    "\"command\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},"
      "\"description\":\"The program and its arguments.\"},"
    "\"working_directory\":{\"type\":\"string\"},"
    "\"timeout_ms\":{\"type\":\"integer\"},"
    "\"env\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}}},"
    "\"required\":[\"command\"]}";

static const char patch_schema[] =
    "{\"type\":\"object\",\"properties\":{"
    "\"type\":{\"type\":\"string\","
      "\"enum\":[\"create_file\",\"update_file\",\"delete_file\"]},"
    "\"path\":{\"type\":\"string\"},"
    "\"diff\":{\"type\":\"string\",\"description\":\"For create_file every line of the file with a "
      "'+' in front. For update_file hunks: a line '@@', which may name the function or class that "
      "follows it, then lines that begin with ' ' (context), '-' (removed) or '+' (added). Empty for "
      "delete_file.\"}},"
    "\"required\":[\"type\",\"path\",\"diff\"]}";

static const struct client_tool {
	const char *type;
	enum tool_kind kind;
	const char *description, *schema; /* schema NULL: the caller's `parameters` */
} client_tools[] = {
	{ "tool_search", TOOL_SEARCH, "Finds more tools, which can be called from then on.", NULL },
	{ "shell", TOOL_SHELL, "Runs shell commands on the user's machine.", shell_schema },
	{ "local_shell", TOOL_LOCAL_SHELL, "Runs a command on the user's machine.",
	  local_shell_schema },
	{ "apply_patch", TOOL_PATCH, "Creates, changes or deletes one file.", patch_schema },
};
/* clang-format on */

enum tool_kind
chat_client_kind(struct slice type)
{
	for (size_t i = 0; i < ARRAY_SIZE(client_tools); i++)
		if (slice_eq(type, slice_str(client_tools[i].type)))
			return client_tools[i].kind;
	return TOOL_FUNCTION;
}

/* What runs elsewhere than at the client: OpenAI's search of tools, unless the client says that it
 * does that, and shells in a container of OpenAI's. */
static bool
runs_elsewhere(const struct client_tool *type, json_object *tool)
{
	json_object *environment = json_get(tool, "environment");

	if (type->kind == TOOL_SEARCH)
		return !slice_eq(json_get_str(tool, "execution"), SLICE("client"));
	return environment != NULL && !slice_eq(json_get_str(environment, "type"), SLICE("local"));
}

static int
read_parameters(
    struct fieldmap_run *run, json_object *tool, const char *at, json_object **ret_schema)
{
	json_object *parameters = json_get_object(tool, "parameters");
	char param[APIERROR_PARAM_MAX];

	field_name(param, "%s.parameters", at);
	if (parameters != NULL &&
	    schema_clean(parameters, param, run->changes, ret_schema, run->err) != 0)
		return -1;
	if (*ret_schema != NULL && schema_is_empty(*ret_schema)) {
		json_object_put(*ret_schema);
		*ret_schema = NULL;
	}
	return 0;
}

/* A function whose calls come back as the items that the client knows. */
static int
read_client_tool(
    struct fieldmap_run *run, const struct client_tool *type, json_object *tool, const char *at)
{
	struct chat_read *c = run->ctx;
	const struct chat_space space = c->space;
	struct slice description = json_get_str(tool, "description");
	json_object *schema = NULL, *declaration, *named;
	int rc;

	if (runs_elsewhere(type, tool) && type->kind == TOOL_SEARCH) {
		/* All tools are declared: none is left to be found. */
		changes_mention(run->changes, CHANGE_DROPPED, at);
		return 0;
	}
	if (!c->items || runs_elsewhere(type, tool))
		return changes_note(run->changes, CHANGE_DROPPED, at, run->err);
	if (type->schema != NULL)
		schema = json_read(slice_str(type->schema));
	else if (read_parameters(run, tool, at, &schema) != 0)
		return -1;
	declaration = json_object_new_object();
	json_put_str(declaration, "description",
	    description.len > 0 ? description : slice_str(type->description));
	named = json_object_new_object();
	json_put_str(named, "name", slice_str(type->type));
	c->space = (struct chat_space){ 0 };
	rc = chat_declare(run, declaration, named, type->kind, schema, at);
	c->space = space;
	json_object_put(named);
	return rc;
}

/* ---- the others ---- */

/* Models that make images do so by themselves. */
static int
read_image_tool(struct fieldmap_run *run, json_object *tool, const char *at)
{
	const struct chat_read *c = run->ctx;
	char param[APIERROR_PARAM_MAX];

	if ((c->family->can & FAMILY_IMAGE_OUT) == 0)
		return changes_note(run->changes, CHANGE_DROPPED, at, run->err);
	json_object_object_foreach(tool, key, value)
	{
		field_name(param, "%s.%s", at, key);
		if (value != NULL && !slice_eq(slice_str(key), SLICE("type")))
			changes_mention(run->changes, CHANGE_IGNORED, param);
	}
	return 0;
}

/* What OpenAI's own machines do and Google's do not. */
static int
drop_tool(struct fieldmap_run *run, json_object *tool, const char *at)
{
	(void)tool;
	return changes_note(run->changes, CHANGE_DROPPED, at, run->err);
}

/* clang-format off */
static const struct {
	const char *type;
	int (*read)(struct fieldmap_run *run, json_object *tool, const char *at);
} others[] = {
	{ "namespace",                 read_namespace },
	{ "image_generation",          read_image_tool },
	{ "computer",                  drop_tool },
	{ "computer_use",              drop_tool },
	{ "computer_use_preview",      drop_tool },
	{ "mcp",                       drop_tool },
	{ "programmatic_tool_calling", drop_tool },
};
/* clang-format on */

static int
read_typed(struct fieldmap_run *run, json_object *tool, const char *at, bool *ret_known)
{
	struct slice type = json_get_str(tool, "type");

	*ret_known = true;
	for (size_t i = 0; i < ARRAY_SIZE(client_tools); i++)
		if (slice_eq(type, slice_str(client_tools[i].type)))
			return read_client_tool(run, &client_tools[i], tool, at);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (slice_eq(type, slice_str(others[i].type)))
			return others[i].read(run, tool, at);
	*ret_known = false;
	return 0;
}

/* ---- tools ---- */

/* clang-format off */
static const struct tool_type {
	const char *type;
	int (*read)(struct fieldmap_run *run, json_object *body, const char *at);
} tool_types[] = {
	{ "function", tools_read_function },
	{ "custom",   tools_read_custom },
};
/* clang-format on */

/* Chat's tools keep their body under the name of their type, Responses' do not. */
static int
read_declared(
    struct fieldmap_run *run, const struct tool_type *type, json_object *tool, const char *at)
{
	json_object *body = json_get(tool, type->type);
	char param[APIERROR_PARAM_MAX];

	if (body == NULL && json_get(tool, "name") != NULL)
		return type->read(run, tool, at);
	field_name(param, "%s.%s", at, type->type);
	if (body == NULL)
		return fieldmap_missing(run->err, param);
	if (!json_is_object(body))
		return fieldmap_bad_type(run->err, param, "an object", body);
	return type->read(run, body, param);
}

int
chat_tool_read(struct fieldmap_run *run, json_object *tool, const char *at)
{
	json_object *type = json_get(tool, "type");
	char param[APIERROR_PARAM_MAX];
	unsigned builtin;
	bool known;

	if (tool == NULL)
		return 0;
	if (!json_is_object(tool))
		return fieldmap_bad_type(run->err, at, "an object", tool);
	field_name(param, "%s.type", at);
	if (type == NULL && chat_builtin_is_native(tool))
		return chat_builtin_native(run, tool, at);
	if (type == NULL)
		return fieldmap_missing(run->err, param);
	if (!json_object_is_type(type, json_type_string))
		return fieldmap_bad_type(run->err, param, "a string", type);
	for (size_t i = 0; i < ARRAY_SIZE(tool_types); i++)
		if (slice_eq(json_str(type), slice_str(tool_types[i].type)))
			return read_declared(run, &tool_types[i], tool, at);
	builtin = chat_builtin_find(json_str(type), BUILTIN_TYPE);
	if (builtin != 0)
		return chat_builtin_read(run, builtin, tool, at);
	if (read_typed(run, tool, at, &known) != 0)
		return -1;
	return known ? 0 : tools_unknown(run, at, json_str(type));
}

int
chat_tools_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct chat_read *c = run->ctx;
	unsigned before = c->builtins;
	char at[APIERROR_PARAM_MAX];

	for (size_t i = 0; i < json_object_array_length(value); i++) {
		field_name(at, "%s[%zu]", row->from, i);
		if (chat_tool_read(run, json_object_array_get_idx(value, i), at) != 0)
			return -1;
	}
	c->by_tools = c->builtins & ~before;
	return 0;
}

int
chat_functions_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct chat_read *c = run->ctx;
	bool tools = c->functions;
	char at[APIERROR_PARAM_MAX];

	for (size_t i = 0; i < json_object_array_length(value); i++) {
		json_object *function = json_object_array_get_idx(value, i);

		if (function == NULL)
			continue;
		field_name(at, "%s[%zu]", row->from, i);
		if (!json_is_object(function))
			return fieldmap_bad_type(run->err, at, "an object", function);
		if (tools_read_function(run, function, at) != 0)
			return -1;
	}
	c->request->legacy_functions = c->functions && !tools;
	return 0;
}
