/* Tools and their declarations. */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/xalloc.h"
#include "checks.h"
#include "gjson.h"

#define NAME_MAX_BYTES 64
#define SCHEMA_DEPTH   32

static const char *const builtin_fields[] = { "googleSearch", "googleSearchRetrieval", "urlContext",
	"codeExecution", "fileSearch", "googleMaps", "computerUse", "mcpServers" };

static json_object *
tool_at(const struct subject *s, size_t i)
{
	return gjson_at(s->body, "tools", i);
}

bool
subject_has_functions(const struct subject *s)
{
	for (size_t i = 0; i < gjson_count(s->body, "tools"); i++) {
		if (gjson_count(tool_at(s, i), "functionDeclarations") > 0)
			return true;
	}
	return false;
}

bool
subject_has_builtin(const struct subject *s)
{
	for (size_t i = 0; i < gjson_count(s->body, "tools"); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(builtin_fields); k++) {
			if (gjson_get(tool_at(s, i), builtin_fields[k]) != NULL)
				return true;
		}
	}
	return false;
}

static bool
name_valid(struct slice name)
{
	if (name.len == 0 || name.len > NAME_MAX_BYTES ||
	    (!isalpha((unsigned char)name.ptr[0]) && name.ptr[0] != '_'))
		return false;
	for (size_t i = 1; i < name.len; i++) {
		if (!isalnum((unsigned char)name.ptr[i]) && memchr("_.:-", name.ptr[i], 4) == NULL)
			return false;
	}
	return true;
}

static bool
is_type(json_object *schema, const char *type)
{
	return slice_eqi(gjson_str(schema, "type"), slice_str(type));
}

static bool
check_required(json_object *schema, const char *where, struct refusal *r)
{
	json_object *properties = gjson_get(schema, "properties");

	for (size_t i = 0; i < gjson_count(schema, "required"); i++) {
		const char *name = json_object_get_string(gjson_at(schema, "required", i));

		if (properties == NULL || !json_object_object_get_ex(properties, name, NULL))
			return refuse(r, 400,
			    "* GenerateContentRequest.%s.required[%zu]: property is not defined\n",
			    where, i);
	}
	return true;
}

/* Google's Schema message, as far as it is checked beyond its fields. */
static bool
check_schema(json_object *schema, const char *where, unsigned depth, struct refusal *r)
{
	json_object *properties = gjson_get(schema, "properties");
	char at[512];

	if (schema == NULL || depth > SCHEMA_DEPTH)
		return true;
	if (is_type(schema, "OBJECT") && properties != NULL &&
	    json_object_object_length(properties) == 0)
		return refuse(r, 400,
		    "* GenerateContentRequest.%s.properties: should be non-empty for OBJECT "
		    "type\n",
		    where);
	if (is_type(schema, "ARRAY") && gjson_get(schema, "items") == NULL)
		return refuse(r, 400, "* GenerateContentRequest.%s.items: missing field.\n", where);
	if (gjson_count(schema, "enum") > 0 && !is_type(schema, "STRING"))
		return refuse(r, 400,
		    "* GenerateContentRequest.%s.enum: only allowed for STRING type\n", where);
	if (!check_required(schema, where, r))
		return false;
	if (properties != NULL) {
		json_object_object_foreach(properties, name, property)
		{
			snprintf(at, sizeof(at), "%s.properties[%s]", where, name);
			if (!check_schema(property, at, depth + 1, r))
				return false;
		}
	}
	snprintf(at, sizeof(at), "%s.items", where);
	return check_schema(gjson_get(schema, "items"), at, depth + 1, r);
}

static bool
is_duplicate(const struct subject *s, size_t tool, size_t index, struct slice name)
{
	for (size_t i = 0; i <= tool; i++) {
		size_t count = gjson_count(tool_at(s, i), "functionDeclarations");

		for (size_t k = 0; k < (i < tool ? count : index); k++) {
			json_object *f = gjson_at(tool_at(s, i), "functionDeclarations", k);

			if (slice_eq(gjson_str(f, "name"), name))
				return true;
		}
	}
	return false;
}

static bool
check_json_schemas(
    const struct subject *s, json_object *f, size_t tool, size_t index, struct refusal *r)
{
	json_object *schema = gjson_get(f, "parametersJsonSchema");
	json_object *properties = gjson_get(schema, "properties");
	char where[128];

	snprintf(where, sizeof(where),
	    "tools[%zu].function_declarations[%zu].parameters_json_schema", tool, index);
	if (!s->si->loose_schemas && is_type(schema, "object") && properties != NULL &&
	    json_object_object_length(properties) == 0)
		return refuse(r, 400,
		    "* GenerateContentRequest.%s.properties: should be non-empty for OBJECT type\n",
		    where);
	if (!checks_json_schema(s, schema, where, r))
		return false;
	snprintf(where, sizeof(where), "tools[%zu].function_declarations[%zu].response_json_schema",
	    tool, index);
	return checks_json_schema(s, gjson_get(f, "responseJsonSchema"), where, r);
}

static bool
check_function(const struct subject *s, size_t tool, size_t index, struct refusal *r)
{
	json_object *f = gjson_at(tool_at(s, tool), "functionDeclarations", index);
	struct slice name = gjson_str(f, "name");
	char where[128];

	snprintf(where, sizeof(where), "tools[%zu].function_declarations[%zu]", tool, index);
	if (!name_valid(name))
		return refuse(r, 400,
		    "* GenerateContentRequest.%s.name: Invalid function name. Must start with a "
		    "letter or an underscore. Must be alphanumeric (a-z, A-Z, 0-9), underscores "
		    "(_), dots (.), colons (:) or dashes (-), with a maximum length of 64.\n",
		    where);
	if (is_duplicate(s, tool, index, name))
		return refuse(
		    r, 400, "Duplicate function declaration found: %.*s", (int)name.len, name.ptr);
	if (gjson_get(f, "parameters") != NULL && gjson_get(f, "parametersJsonSchema") != NULL)
		return refuse(r, 400,
		    "* GenerateContentRequest.%s.parameters_json_schema: only one of "
		    "parameters and "
		    "parameters_json_schema can be set\n",
		    where);
	snprintf(
	    where, sizeof(where), "tools[%zu].function_declarations[%zu].parameters", tool, index);
	return check_schema(gjson_get(f, "parameters"), where, 0, r) &&
	       check_json_schemas(s, f, tool, index, r);
}

static bool
is_declared(const struct subject *s, const char *name)
{
	return is_duplicate(s, gjson_count(s->body, "tools"), 0, slice_str(name));
}

static bool
check_calling_config(const struct subject *s, struct refusal *r)
{
	json_object *config = gjson_get(gjson_get(s->body, "toolConfig"), "functionCallingConfig");
	struct slice mode = gjson_str(config, "mode");
	size_t allowed = gjson_count(config, "allowedFunctionNames");

	if (config == NULL)
		return true;
	if (slice_eqi(mode, SLICE("ANY")) && !subject_has_functions(s))
		return refuse(
		    r, 400, "Function calling config is set without function_declarations.");
	if (allowed > 0 && !slice_eqi(mode, SLICE("ANY")) && !slice_eqi(mode, SLICE("VALIDATED")))
		return refuse(r, 400,
		    "* GenerateContentRequest.tool_config.function_calling_config."
		    "allowed_function_names: only allowed when mode is ANY or VALIDATED\n");
	for (size_t i = 0; i < allowed; i++) {
		const char *name =
		    json_object_get_string(gjson_at(config, "allowedFunctionNames", i));

		if (!is_declared(s, name))
			return refuse(r, 400,
			    "* GenerateContentRequest.tool_config.function_calling_config."
			    "allowed_function_names[%zu]: function `%s` is not declared\n",
			    i, name);
	}
	return true;
}

static bool
check_mix(const struct subject *s, struct refusal *r)
{
	if (!subject_has_functions(s) || !subject_has_builtin(s))
		return true;
	if (!model_is_3(s->model))
		return refuse(r, 400, "Tool use with function calling is unsupported");
	if (!gjson_bool(gjson_get(s->body, "toolConfig"), "includeServerSideToolInvocations"))
		return refuse(r, 400,
		    "Please enable tool_config.include_server_side_tool_invocations to "
		    "use Built-in "
		    "tools with Function calling.");
	return true;
}

bool
checks_tools(const struct subject *s, struct refusal *r)
{
	json_object *config = gjson_get(s->body, "generationConfig");

	for (size_t i = 0; i < gjson_count(s->body, "tools"); i++) {
		size_t count = gjson_count(tool_at(s, i), "functionDeclarations");

		for (size_t k = 0; k < count; k++) {
			if (!check_function(s, i, k, r))
				return false;
		}
	}
	if (!check_schema(
		gjson_get(config, "responseSchema"), "generation_config.response_schema", 0, r) ||
	    !checks_json_schema(s, gjson_get(config, "responseJsonSchema"),
		"generation_config.response_json_schema", r))
		return false;
	if (s->model->special != SPECIAL_NONE)
		return true;
	return check_mix(s, r) && check_calling_config(s, r);
}
