/* Functions, the choice among them, and Google Search beside them. */
#include "config.h"

#include "base/xalloc.h"
#include "chat_priv.h"

json_object *
chat_schema_copy(json_object *schema)
{
	json_object *copy = json_object_new_object();

	json_object_object_foreach(schema, key, value)
	{
		struct slice name = slice_str(key);

		if (!slice_eq(name, SLICE("$schema")) && !slice_eq(name, SLICE("strict")))
			json_put(copy, key, json_object_get(value));
	}
	return copy;
}

/* An object schema without properties says nothing, and Google has refused such. */
static bool
says_nothing(json_object *schema)
{
	json_object *properties = json_get_object(schema, "properties");

	return json_object_object_length(schema) == 0 ||
	       (slice_eq(json_get_str(schema, "type"), SLICE("object")) &&
		   (properties == NULL || json_object_object_length(properties) == 0));
}

static json_object *
declarations_of(json_object *target)
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

/* function: {name, description, parameters, strict}. */
static int
declare(struct fieldmap_run *run, json_object *function, const char *at)
{
	static const struct fieldmap fields[] = {
		{ .from = "name", .to = "name", .kind = FK_STR, .flags = FF_REQUIRED },
		{ .from = "description", .to = "description", .kind = FK_STR },
		{ .from = "parameters", .kind = FK_OBJECT },
		{ .from = "strict", .kind = FK_BOOL },
		{ 0 },
	};
	struct chat_read *c = run->ctx;
	json_object *declaration = json_object_new_object(), *schema;
	struct fieldmap_run inner = {
		.source = function, .target = declaration, .prefix = at, .err = run->err
	};

	if (fieldmap_apply(fields, &inner) != 0) {
		json_object_put(declaration);
		return -1;
	}
	schema = json_get_object(function, "parameters");
	if (schema != NULL && !says_nothing(schema))
		json_put(declaration, "parametersJsonSchema", chat_schema_copy(schema));
	json_append(declarations_of(run->target), declaration);
	c->functions = true;
	c->strict = c->strict || json_get_bool(function, "strict", false);
	return 0;
}

static int
read_tool(struct fieldmap_run *run, json_object *tool, const char *at)
{
	json_object *type = json_get(tool, "type"), *function = json_get(tool, "function");
	char param[APIERROR_PARAM_MAX];

	if (!json_object_is_type(tool, json_type_object))
		return fieldmap_bad_type(run->err, at, "an object", tool);
	field_name(param, "%s.type", at);
	if (type == NULL)
		return fieldmap_missing(run->err, param);
	if (!slice_eq(json_str(type), SLICE("function")))
		return fieldmap_bad_word(run->err, param, json_str(type), "'function'");
	field_name(param, "%s.function", at);
	if (function == NULL)
		return fieldmap_missing(run->err, param);
	if (!json_object_is_type(function, json_type_object))
		return fieldmap_bad_type(run->err, param, "an object", function);
	return declare(run, function, param);
}

int
chat_tools_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	char at[APIERROR_PARAM_MAX];

	for (size_t i = 0; i < json_object_array_length(value); i++) {
		field_name(at, "%s[%zu]", row->from, i);
		if (read_tool(run, json_object_array_get_idx(value, i), at) != 0)
			return -1;
	}
	return 0;
}

int
chat_functions_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct chat_read *c = run->ctx;
	char at[APIERROR_PARAM_MAX];

	for (size_t i = 0; i < json_object_array_length(value); i++) {
		json_object *function = json_object_array_get_idx(value, i);

		field_name(at, "%s[%zu]", row->from, i);
		if (!json_object_is_type(function, json_type_object))
			return fieldmap_bad_type(run->err, at, "an object", function);
		if (declare(run, function, at) != 0)
			return -1;
	}
	c->request->legacy_functions = c->functions;
	return 0;
}

/* ---- tool_choice, function_call ---- */

static void
allow(struct chat_read *c, const char *mode, json_object *name)
{
	c->mode = mode;
	if (c->allowed == NULL)
		c->allowed = json_object_new_array();
	json_append(c->allowed, json_object_get(name));
}

/* {"function": {"name"}} or, for function_call, {"name"}. */
static int
allow_function(struct fieldmap_run *run, const char *mode, json_object *holder, const char *at)
{
	json_object *function = json_get(holder, "function");
	json_object *name = json_get(function != NULL ? function : holder, "name");
	char param[APIERROR_PARAM_MAX];

	field_name(param, "%s.%sname", at, function != NULL ? "function." : "");
	if (name == NULL)
		return fieldmap_missing(run->err, param);
	if (!json_object_is_type(name, json_type_string))
		return fieldmap_bad_type(run->err, param, "a string", name);
	allow(run->ctx, mode, name);
	return 0;
}

/* Google takes a list of names in ANY and VALIDATED alone. */
static int
allow_list(struct fieldmap_run *run, json_object *choice)
{
	static const char at[] = "tool_choice.allowed_tools";
	json_object *body = json_get(choice, "allowed_tools");
	json_object *list = json_get_array(body, "tools");
	bool required = slice_eq(json_get_str(body, "mode"), SLICE("required"));
	char param[APIERROR_PARAM_MAX];

	if (body == NULL)
		return fieldmap_missing(run->err, at);
	if (list == NULL)
		return fieldmap_missing(run->err, "tool_choice.allowed_tools.tools");
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		field_name(param, "%s.tools[%zu]", at, i);
		if (allow_function(run, required ? "ANY" : "VALIDATED",
			json_object_array_get_idx(list, i), param) != 0)
			return -1;
	}
	return 0;
}

int
chat_choice_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	static const struct {
		const char *word, *mode;
	} words[] = { { "none", "NONE" }, { "auto", "AUTO" }, { "required", "ANY" } };
	struct chat_read *c = run->ctx;
	json_object *type = json_get(value, "type");

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (slice_eq(json_str(value), slice_str(words[i].word))) {
			c->mode = words[i].mode;
			return 0;
		}
	}
	if (json_object_is_type(value, json_type_string))
		return fieldmap_bad_word(
		    run->err, row->from, json_str(value), "'none', 'auto', and 'required'");
	if (!json_object_is_type(value, json_type_object))
		return fieldmap_bad_type(run->err, row->from, "a string or an object", value);
	if (slice_eq(json_str(type), SLICE("allowed_tools")))
		return allow_list(run, value);
	if (type != NULL && !slice_eq(json_str(type), SLICE("function")))
		return fieldmap_bad_word(
		    run->err, "tool_choice.type", json_str(type), "'function' and 'allowed_tools'");
	return allow_function(run, "ANY", value, row->from);
}

/* ---- the end ---- */

static void
add_search(struct fieldmap_run *run)
{
	json_object *tools = json_get_array(run->target, "tools"), *tool = json_object_new_object();

	if (tools == NULL) {
		tools = json_object_new_array();
		json_put(run->target, "tools", tools);
	}
	json_put(tool, "googleSearch", json_object_new_object());
	json_append(tools, tool);
}

void
chat_tools_finish(struct fieldmap_run *run)
{
	struct chat_read *c = run->ctx;
	/* Older models cannot have both, and the functions are what the client works with. */
	bool search = c->search && (!c->functions || (c->family->can & FAMILY_MIX) != 0);
	const char *mode = c->mode;

	if (search)
		add_search(run);
	if (!c->functions)
		return;
	if (mode != NULL && search && slice_eq(slice_str(mode), SLICE("AUTO")))
		mode = NULL;
	if (mode == NULL && !search && c->strict && (c->family->can & FAMILY_VALIDATED) != 0)
		mode = "VALIDATED";
	if (mode != NULL)
		fieldmap_put(run->target, "toolConfig/functionCallingConfig/mode",
		    json_object_new_string(mode));
	if (c->allowed != NULL)
		fieldmap_put(run->target, "toolConfig/functionCallingConfig/allowedFunctionNames",
		    TAKE(c->allowed));
	if (search)
		fieldmap_put(run->target, "toolConfig/includeServerSideToolInvocations",
		    json_object_new_boolean(1));
}
