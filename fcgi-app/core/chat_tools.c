/* What may be called: functions, custom tools, and the table of tool types. */
#include "config.h"

#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "chat_priv.h"
#include "core/fields.h"
#include "core/schema.h"

json_object *
chat_declarations(json_object *target)
{
	json_object *tools = json_get_array(target, "tools"), *tool, *list;

	if (tools != NULL)
		return json_get_array(json_object_array_get_idx(tools, 0), "functionDeclarations");
	list = json_object_new_array();
	tool = json_object_new_object();
	json_put(tool, "functionDeclarations", list);
	tools = json_object_new_array();
	json_append(tools, tool);
	json_put(target, "tools", tools);
	return list;
}

static bool
is_name(json_object *name, const char *param, struct apierror *err)
{
	if (!json_object_is_type(name, json_type_string))
		fieldmap_bad_type(err, param, "a string", name);
	else if (json_str(name).len == 0)
		apierror_set(err, APIERROR_BAD_VALUE, param,
		    "Invalid '%s': a function's name cannot be an empty string.", param);
	return json_str(name).len > 0;
}

/* The entry of a name, made when it is new; a renaming is noted then. NULL with err. */
static const struct tool_name *
add_name(const struct chat_read *c, json_object *space, json_object *name, enum tool_kind kind,
    const char *param, struct apierror *err)
{
	struct chat_request *request = c->request;
	const struct tool_name *entry;
	size_t before;

	if (request->tools == NULL)
		request->tools = tool_names_new();
	before = tool_names_count(request->tools);
	entry = tool_names_add(request->tools, json_str(space), json_str(name), kind);
	if (tool_names_count(request->tools) > before && entry->renamed &&
	    changes_note(c->env->changes, CHANGE_RENAMED, param, err) != 0)
		return NULL;
	return entry;
}

const struct tool_name *
chat_tool_name(const struct chat_read *c, json_object *space, json_object *name,
    enum tool_kind kind, const char *param, struct apierror *err)
{
	const struct tool_names *tools = c->request->tools;
	const struct tool_name *flat;

	if (!is_name(name, param, err))
		return NULL;
	/* A name that was declared in a namespace, as clients give it back that know of none. */
	flat = json_str(space).len == 0 && kind <= TOOL_CUSTOM
	           ? tool_names_upstream(tools, json_str(name))
	           : NULL;
	if (flat != NULL && flat->space != NULL &&
	    tool_names_find(tools, SLICE(""), json_str(name), kind) == NULL)
		return flat;
	return add_name(c, space, name, kind, param, err);
}

/* ---- declarations ---- */

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

/* The caller's name stays known to the model, which may be told of it elsewhere. description: as it
 * is told, or NULL. */
static void
describe(json_object *named, const struct tool_name *name, json_object *description)
{
	bool kept = name->space != NULL
	                ? slice_ends(slice_str(name->upstream), slice_str(name->name))
	                : strcmp(name->name, name->upstream) == 0;
	struct buf text;

	if (kept) {
		json_share(named, "description", description);
		return;
	}
	buf_init(&text, CHAT_BODY_MAX);
	buf_addf(&text, "Also known as \"%s\".", name->name);
	if (json_str(description).len > 0)
		buf_addc(&text, '\n');
	buf_add_slice(&text, json_str(description));
	json_put_str(named, "description", buf_slice(&text));
	buf_release(&text);
}

int
chat_declare(struct fieldmap_run *run, json_object *declaration, json_object *tool,
    enum tool_kind kind, json_object *schema, const char *at)
{
	struct chat_read *c = run->ctx;
	char param[APIERROR_PARAM_MAX];
	const struct tool_name *name;
	json_object *named = NULL, *description = json_get(declaration, "description"), *told;
	int answer = -1;

	field_name(param, "%s.name", at);
	if (!is_name(json_get(tool, "name"), param, run->err))
		goto out;
	name = add_name(c, c->space.name, json_get(tool, "name"), kind, param, run->err);
	if (name == NULL)
		goto out;
	if (c->declared == NULL)
		c->declared = json_object_new_object();
	if (json_get(c->declared, name->upstream) != NULL) {
		/* Google refuses a name that is there twice. */
		answer = c->brought ? 0 : changes_note(run->changes, CHANGE_DROPPED, at, run->err);
		goto out;
	}
	json_put(c->declared, name->upstream, json_object_new_boolean(1));
	named = json_object_new_object();
	json_put_str(named, "name", slice_str(name->upstream));
	told = c->space.name != NULL ? chat_space_describe(c, description)
	                             : json_object_get(description);
	describe(named, name, told);
	json_object_put(told);
	if (c->space.name != NULL && c->space.first == NULL)
		c->space.first = name->upstream;
	if (schema != NULL)
		json_put(named, "parametersJsonSchema", TAKE(schema));
	json_append(chat_declarations(run->target), TAKE(named));
	c->functions = true;
	answer = 0;
out:
	json_object_put(declaration);
	json_object_put(schema);
	return answer;
}

/* Checks a tool by its table; a new object with what the table places, or NULL. */
static json_object *
check(struct fieldmap_run *run, const struct fieldmap *fields, json_object *tool, const char *at)
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
read_function(struct fieldmap_run *run, json_object *function, const char *at)
{
	json_object *declaration = check(run, function_fields, function, at);
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
	buf_init(&text, CHAT_BODY_MAX);
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
read_custom(struct fieldmap_run *run, json_object *custom, const char *at)
{
	json_object *declaration = check(run, custom_fields, custom, at);
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

/* ---- tools ---- */

/* clang-format off */
static const struct tool_type {
	const char *type;
	int (*read)(struct fieldmap_run *run, json_object *body, const char *at);
} tool_types[] = {
	{ "function", read_function },
	{ "custom",   read_custom },
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
	if (chat_typed_tool_read(run, tool, at, &known) != 0)
		return -1;
	return known ? 0 : chat_type_unknown(run, at, json_str(type));
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
		if (read_function(run, function, at) != 0)
			return -1;
	}
	c->request->legacy_functions = c->functions && !tools;
	return 0;
}
