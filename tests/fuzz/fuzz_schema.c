/*
 * Schemas: whatever JSON comes in, what goes out has only keywords that Google takes, where they
 * are keywords; references lead to definitions, names are declared; a clean schema stays as it is.
 */
#include "config.h"

#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "core/json/json.h"
#include "core/schema/schema.h"
#include "fuzz.h"

static void check_schema(json_object *schema, json_object *defs);

static void
check_list(json_object *list, json_object *defs)
{
	FUZZ_CHECK(json_object_is_type(list, json_type_array));
	FUZZ_CHECK(json_object_array_length(list) > 0);
	for (size_t i = 0; i < json_object_array_length(list); i++)
		check_schema(json_object_array_get_idx(list, i), defs);
}

static void
check_map(json_object *map, json_object *defs)
{
	FUZZ_CHECK(json_object_is_type(map, json_type_object));
	json_object_object_foreach(map, name, schema)
	{
		(void)name;
		check_schema(schema, defs);
	}
}

static void
check_ref(json_object *ref, json_object *defs)
{
	struct slice text = json_str(ref);

	FUZZ_CHECK(slice_starts(text, SLICE("#/$defs/")));
	FUZZ_CHECK(strpbrk(text.ptr + 8, "/~%") == NULL);
	FUZZ_CHECK(json_get_object(defs, text.ptr + 8) != NULL);
}

static void
check_type(json_object *type)
{
	static const char *const words[] = { "string", "number", "integer", "boolean", "array",
		"object", "null" };
	bool known = false;

	if (json_object_is_type(type, json_type_array)) {
		FUZZ_CHECK(json_object_array_length(type) > 0);
		for (size_t i = 0; i < json_object_array_length(type); i++)
			check_type(json_object_array_get_idx(type, i));
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		known = known || slice_eq(json_str(type), slice_str(words[i]));
	FUZZ_CHECK(known);
}

static void
check_names(json_object *names, json_object *properties)
{
	FUZZ_CHECK(json_object_array_length(names) > 0);
	for (size_t i = 0; i < json_object_array_length(names); i++)
		FUZZ_CHECK(json_get(properties,
			       json_str(json_object_array_get_idx(names, i)).ptr) != NULL);
}

static void
check_enum(json_object *list)
{
	FUZZ_CHECK(json_object_array_length(list) > 0);
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		enum json_type type = json_object_get_type(json_object_array_get_idx(list, i));

		FUZZ_CHECK(
		    type == json_type_string || type == json_type_int || type == json_type_double);
	}
}

static bool
is_number(json_object *value)
{
	return json_object_is_type(value, json_type_int) ||
	       json_object_is_type(value, json_type_double);
}

static void
check_keyword(json_object *schema, const char *key, json_object *value, json_object *defs)
{
	static const char *const others[] = { "title", "description", "format" };
	bool known = false;

	if (strcmp(key, "$ref") == 0)
		check_ref(value, defs);
	else if (strcmp(key, "type") == 0)
		check_type(value);
	else if (strcmp(key, "enum") == 0)
		check_enum(value);
	else if (strcmp(key, "properties") == 0)
		check_map(value, defs);
	else if (strcmp(key, "required") == 0 || strcmp(key, "propertyOrdering") == 0)
		check_names(value, json_get(schema, "properties"));
	else if (strcmp(key, "items") == 0)
		check_schema(value, defs);
	else if (strcmp(key, "additionalProperties") == 0 &&
		 json_object_is_type(value, json_type_boolean))
		known = true;
	else if (strcmp(key, "additionalProperties") == 0)
		check_schema(value, defs);
	else if (strcmp(key, "anyOf") == 0 || strcmp(key, "oneOf") == 0 ||
		 strcmp(key, "prefixItems") == 0)
		check_list(value, defs);
	else if (strcmp(key, "minimum") == 0 || strcmp(key, "maximum") == 0)
		FUZZ_CHECK(is_number(value));
	else if (strcmp(key, "minItems") == 0 || strcmp(key, "maxItems") == 0)
		FUZZ_CHECK(json_object_is_type(value, json_type_int));
	else {
		for (size_t i = 0; i < ARRAY_SIZE(others); i++)
			known = known || strcmp(key, others[i]) == 0;
		FUZZ_CHECK(known && json_object_is_type(value, json_type_string));
	}
}

static void
check_schema(json_object *schema, json_object *defs)
{
	FUZZ_CHECK(json_object_is_type(schema, json_type_object));
	FUZZ_CHECK(json_get(schema, "$ref") == NULL || json_object_object_length(schema) == 1);
	json_object_object_foreach(schema, key, value)
	{
		/* The root's alone. */
		if (strcmp(key, "$defs") == 0 && value == defs)
			check_map(value, defs);
		else
			check_keyword(schema, key, value, defs);
	}
}

/* Another pass finds nothing to do. */
static void
check_again(json_object *clean, struct slice text)
{
	struct changes changes;
	struct apierror err;
	json_object *again = NULL;
	struct buf out;

	buf_init(&out, COLLECT_MAX);
	changes_init(&changes, true);
	FUZZ_CHECK(schema_clean(clean, "a[0].b", &changes, &again, &err) == 0);
	FUZZ_CHECK(changes.count == 0);
	json_write(again, &out);
	FUZZ_CHECK(slice_eq(buf_slice(&out), text));
	json_object_put(again);
	changes_release(&changes);
	buf_release(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	json_object *schema = json_read((struct slice){ (const char *)bytes, size });
	json_object *clean = NULL, *strict_clean = NULL;
	struct changes changes, strict;
	struct apierror err = { .kind = APIERROR_NONE };
	struct buf before, after, out;

	if (schema == NULL)
		return 0;
	changes_init(&changes, false);
	changes_init(&strict, true);
	buf_init(&before, COLLECT_MAX);
	buf_init(&after, COLLECT_MAX);
	buf_init(&out, COLLECT_MAX);
	json_write(schema, &before);
	if (schema_clean(schema, "/s", &changes, &clean, &err) == 0) {
		json_write(clean, &out);
		check_schema(clean, json_get(clean, "$defs"));
		FUZZ_CHECK(!out.failed && out.len <= 64 * (size + 16) + 2 * SCHEMA_COPIES_MAX);
		check_again(clean, buf_slice(&out));
		FUZZ_CHECK(schema_is_empty(clean) || out.len > 2);
	} else {
		FUZZ_CHECK(err.status == 400 && err.param[0] != '\0');
	}
	/* What is strict refuses or does the same. */
	if (clean != NULL && schema_clean(schema, "/s", &strict, &strict_clean, &err) == 0)
		FUZZ_CHECK(json_object_equal(clean, strict_clean));
	json_write(schema, &after);
	FUZZ_CHECK(slice_eq(buf_slice(&before), buf_slice(&after)));
	json_object_put(schema);
	json_object_put(clean);
	json_object_put(strict_clean);
	changes_release(&changes);
	changes_release(&strict);
	buf_release(&before);
	buf_release(&after);
	buf_release(&out);
	return 0;
}
