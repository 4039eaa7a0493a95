/* JSON Schemas (parametersJsonSchema, responseJsonSchema), as strictly as Google documents them. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "checks.h"
#include "example.h"
#include "gjson.h"

#define DEPTH_MAX 60
#define NODES_MAX 20000
#define CHAIN_MAX 100 /* references and required members in a row */
#define WHERE_MAX 1024

enum form {
	FORM_TEXT,
	FORM_NUMBER,
	FORM_COUNT,
	FORM_TYPE,
	FORM_FORMAT,
	FORM_ENUM,
	FORM_NAMES,
	FORM_SCHEMA,
	FORM_SCHEMAS,
	FORM_SCHEMA_MAP,
	FORM_SCHEMA_OR_BOOL,
	FORM_REF
};

static const struct {
	const char *name;
	enum form form;
} keywords[] = {
	{ "$id", FORM_TEXT },
	{ "$defs", FORM_SCHEMA_MAP },
	{ "$ref", FORM_REF },
	{ "$anchor", FORM_TEXT },
	{ "type", FORM_TYPE },
	{ "format", FORM_FORMAT },
	{ "title", FORM_TEXT },
	{ "description", FORM_TEXT },
	{ "enum", FORM_ENUM },
	{ "items", FORM_SCHEMA },
	{ "prefixItems", FORM_SCHEMAS },
	{ "minItems", FORM_COUNT },
	{ "maxItems", FORM_COUNT },
	{ "minimum", FORM_NUMBER },
	{ "maximum", FORM_NUMBER },
	{ "anyOf", FORM_SCHEMAS },
	{ "oneOf", FORM_SCHEMAS },
	{ "properties", FORM_SCHEMA_MAP },
	{ "additionalProperties", FORM_SCHEMA_OR_BOOL },
	{ "required", FORM_NAMES },
	{ "propertyOrdering", FORM_NAMES },
};

static const char *const types[] = { "string", "number", "integer", "boolean", "array", "object",
	"null" };

static const char *const formats[] = { "date-time", "date", "time", "duration", "int32", "int64",
	"float", "double", "enum" };

struct walk {
	json_object *root;
	const char *field; /* of the request, for messages */
	char where[WHERE_MAX];
	size_t nodes;
	struct refusal *r;
};

static bool walk_schema(struct walk *w, json_object *schema, unsigned depth);

static bool
schema_fault(struct walk *w, const char *what, const char *value)
{
	return refuse(
	    w->r, 400, "* GenerateContentRequest.%s%s: %s%s\n", w->field, w->where, what, value);
}

static bool
is_word(json_object *value, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (json_object_is_type(value, json_type_string) &&
		    strcmp(json_object_get_string(value), words[i]) == 0)
			return true;
	}
	return false;
}

static bool
walk_type(struct walk *w, json_object *value)
{
	if (json_object_is_type(value, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(value); i++) {
			json_object *word = json_object_array_get_idx(value, i);

			if (!is_word(word, types, ARRAY_SIZE(types)))
				return schema_fault(
				    w, "unknown type ", json_object_to_json_string(word));
		}
		return json_object_array_length(value) > 0 || schema_fault(w, "no type", "");
	}
	return is_word(value, types, ARRAY_SIZE(types)) ||
	       schema_fault(w, "unknown type ", json_object_to_json_string(value));
}

static bool
walk_enum(struct walk *w, json_object *value)
{
	if (!json_object_is_type(value, json_type_array) || json_object_array_length(value) == 0)
		return schema_fault(w, "must be a list that is not empty", "");
	for (size_t i = 0; i < json_object_array_length(value); i++) {
		json_object *entry = json_object_array_get_idx(value, i);

		if (!json_object_is_type(entry, json_type_string) &&
		    !json_object_is_type(entry, json_type_int) &&
		    !json_object_is_type(entry, json_type_double))
			return schema_fault(w, "only strings and numbers are allowed, not ",
			    entry != NULL ? json_object_to_json_string(entry) : "null");
	}
	return true;
}

/* Names of properties of the schema that holds the list. */
static bool
walk_names(struct walk *w, json_object *schema, json_object *value)
{
	json_object *properties = NULL;

	json_object_object_get_ex(schema, "properties", &properties);
	if (!json_object_is_type(value, json_type_array))
		return schema_fault(w, "must be a list of names", "");
	for (size_t i = 0; i < json_object_array_length(value); i++) {
		json_object *name = json_object_array_get_idx(value, i);

		if (!json_object_is_type(name, json_type_string) ||
		    !json_object_is_type(properties, json_type_object) ||
		    !json_object_object_get_ex(properties, json_object_get_string(name), NULL))
			return schema_fault(
			    w, "property is not defined: ", json_object_to_json_string(name));
	}
	return true;
}

static bool
walk_list(struct walk *w, json_object *value, unsigned depth)
{
	size_t mark = strlen(w->where);

	if (!json_object_is_type(value, json_type_array) || json_object_array_length(value) == 0)
		return schema_fault(w, "must be a list of schemas", "");
	for (size_t i = 0; i < json_object_array_length(value); i++) {
		snprintf(w->where + mark, sizeof(w->where) - mark, "[%zu]", i);
		if (!walk_schema(w, json_object_array_get_idx(value, i), depth + 1))
			return false;
		w->where[mark] = '\0';
	}
	return true;
}

static bool
walk_map(struct walk *w, json_object *value, unsigned depth)
{
	size_t mark = strlen(w->where);

	if (!json_object_is_type(value, json_type_object))
		return schema_fault(w, "must be an object of schemas", "");
	json_object_object_foreach(value, name, schema)
	{
		snprintf(w->where + mark, sizeof(w->where) - mark, "[%s]", name);
		if (!walk_schema(w, schema, depth + 1))
			return false;
		w->where[mark] = '\0';
	}
	return true;
}

static bool
walk_ref(struct walk *w, json_object *schema, json_object *value)
{
	struct slice ref = slice_str(json_object_get_string(value));

	json_object_object_foreach(schema, name, sibling)
	{
		(void)sibling;
		if (name[0] != '$')
			return schema_fault(
			    w, "beside $ref there may be only keywords with $, not ", name);
	}
	return example_resolve(w->root, ref) != NULL ||
	       schema_fault(w, "does not resolve: ", ref.ptr);
}

static bool
walk_keyword(
    struct walk *w, json_object *schema, enum form form, json_object *value, unsigned depth)
{
	switch (form) {
	case FORM_TEXT:
		return json_object_is_type(value, json_type_string) ||
		       schema_fault(w, "must be a string", "");
	case FORM_NUMBER:
		return json_object_is_type(value, json_type_int) ||
		       json_object_is_type(value, json_type_double) ||
		       schema_fault(w, "must be a number", "");
	case FORM_COUNT:
		return (json_object_is_type(value, json_type_int) &&
			   json_object_get_int64(value) >= 0) ||
		       schema_fault(w, "must be a count", "");
	case FORM_TYPE:
		return walk_type(w, value);
	case FORM_FORMAT:
		return is_word(value, formats, ARRAY_SIZE(formats)) ||
		       schema_fault(w, "unsupported format ", json_object_to_json_string(value));
	case FORM_ENUM:
		return walk_enum(w, value);
	case FORM_NAMES:
		return walk_names(w, schema, value);
	case FORM_SCHEMA_OR_BOOL:
		return json_object_is_type(value, json_type_boolean) ||
		       walk_schema(w, value, depth + 1);
	case FORM_SCHEMA:
		return walk_schema(w, value, depth + 1);
	case FORM_SCHEMAS:
		return walk_list(w, value, depth);
	case FORM_SCHEMA_MAP:
		return walk_map(w, value, depth);
	case FORM_REF:
		return walk_ref(w, schema, value);
	}
	return true;
}

static bool
walk_schema(struct walk *w, json_object *schema, unsigned depth)
{
	size_t mark = strlen(w->where);

	if (!json_object_is_type(schema, json_type_object))
		return schema_fault(w, "must be a schema, not ",
		    schema != NULL ? json_object_to_json_string(schema) : "null");
	if (depth > DEPTH_MAX || ++w->nodes > NODES_MAX)
		return refuse(w->r, 400,
		    "The specified schema produces a constraint that has too many states for "
		    "serving.");
	json_object_object_foreach(schema, name, value)
	{
		size_t i = 0;

		while (i < ARRAY_SIZE(keywords) && strcmp(keywords[i].name, name) != 0)
			i++;
		if (i == ARRAY_SIZE(keywords))
			return schema_fault(w, "unknown keyword ", name);
		snprintf(w->where + mark, sizeof(w->where) - mark, ".%s", name);
		if (!walk_keyword(w, schema, keywords[i].form, value, depth))
			return false;
		w->where[mark] = '\0';
	}
	return true;
}

/* False when a value would have to contain itself. */
static bool
schema_ends(struct walk *w, json_object *schema, unsigned chain)
{
	json_object *properties = gjson_get(schema, "properties");
	struct slice ref = gjson_str(schema, "$ref");
	int64_t min = gjson_int(schema, "minItems", 0);

	if (chain > CHAIN_MAX || ++w->nodes > NODES_MAX)
		return false;
	if (ref.len > 0)
		return schema_ends(w, example_resolve(w->root, ref), chain + 1);
	for (size_t i = 0; i < gjson_count(schema, "required"); i++) {
		const char *name = json_object_get_string(gjson_at(schema, "required", i));

		if (!schema_ends(w, json_object_object_get(properties, name), chain + 1))
			return false;
	}
	if (min > (int64_t)gjson_count(schema, "prefixItems") &&
	    !schema_ends(w, gjson_get(schema, "items"), chain + 1))
		return false;
	if (gjson_count(schema, "anyOf") == 1)
		return schema_ends(w, gjson_at(schema, "anyOf", 0), chain + 1);
	return true;
}

bool
checks_json_schema(
    const struct subject *s, json_object *schema, const char *where, struct refusal *r)
{
	struct walk w = { .root = schema, .field = where, .r = r };

	if (schema == NULL || s->si->loose_schemas)
		return true;
	if (!walk_schema(&w, schema, 0))
		return false;
	w.nodes = 0;
	return schema_ends(&w, schema, 0) ||
	       refuse(r, 400,
		   "* GenerateContentRequest.%s: a reference cycle is only allowed in places that "
		   "are not required\n",
		   where);
}
