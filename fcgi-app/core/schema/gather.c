/*
 * Reads the caller's keywords. Which word is a keyword depends on where it stands, so the reading
 * goes by context: the names in `properties` are names, whatever they look like.
 */
#include "config.h"

#include "gather.h"

#include <math.h>
#include <string.h>

#include "base/xalloc.h"

struct keyword {
	const char *name;
	keyword_fn read;
	bool joins; /* may stand beside a $ref in a raw schema, or brings a schema of its own */
};

/* What has a meaning that Google cannot be told. */
int
schema_read_lost(struct reading *r, json_object *value)
{
	(void)value;
	return schema_note(r->run, CHANGE_DROPPED);
}

/* What says nothing about the values that fit. */
int
schema_read_idle(struct reading *r, json_object *value)
{
	(void)value;
	schema_mention(r->run, CHANGE_DROPPED);
	return 0;
}

/* What other keywords look at. */
static int
read_later(struct reading *r, json_object *value)
{
	(void)r;
	(void)value;
	return 0;
}

int
schema_read_as(struct reading *r, const char *key, json_object *value)
{
	return schema_combine(r->run, *r->raw, key, value);
}

/* Takes value. */
int
schema_read_new(struct reading *r, const char *key, json_object *value)
{
	int rc = schema_read_as(r, key, value);

	json_object_put(value);
	return rc;
}

/* A schema's own words outrank those of what it is made from. */
static int
gather_read_text(struct reading *r, json_object *value)
{
	if (!json_object_is_type(value, json_type_string))
		return schema_read_idle(r, value);
	json_put(*r->raw, r->key, json_object_get(value));
	return 0;
}

static int
read_format(struct reading *r, json_object *value)
{
	if (!json_object_is_type(value, json_type_string))
		return schema_read_lost(r, value);
	return schema_read_as(r, r->key, value);
}

/* One word of `type`; 0 for what is none. */
static unsigned
read_type_word(struct reading *r, json_object *value)
{
	struct slice word = json_str(value);
	unsigned bit = schema_type_bit(word);

	if (bit != 0 && !slice_eq(word, slice_str(schema_type_word(bit))))
		schema_mention(r->run, CHANGE_REWRITTEN);
	return bit;
}

static int
read_type(struct reading *r, json_object *value)
{
	json_object *list;
	unsigned seen = 0, bit;
	bool known = true;
	int rc;

	if (!json_object_is_type(value, json_type_array)) {
		bit = read_type_word(r, value);
		if (bit == 0)
			return schema_read_lost(r, value);
		return schema_read_new(r, r->key, json_new_str(slice_str(schema_type_word(bit))));
	}
	list = json_object_new_array_ext(7);
	for (size_t i = 0; i < json_object_array_length(value); i++) {
		bit = read_type_word(r, json_object_array_get_idx(value, i));
		known = known && bit != 0;
		if (bit != 0 && (seen & bit) == 0)
			json_append(list, json_new_str(slice_str(schema_type_word(bit))));
		seen |= bit;
	}
	/* Without the word that is not known the others would admit too little. */
	if (known && seen != 0)
		rc = schema_read_as(r, r->key, list);
	else
		rc = schema_read_lost(r, value);
	json_object_put(list);
	return rc;
}

static int
read_enum(struct reading *r, json_object *value)
{
	if (!json_object_is_type(value, json_type_array) || json_object_array_length(value) == 0)
		return schema_read_lost(r, value);
	return schema_read_as(r, r->key, value);
}

static int
read_const(struct reading *r, json_object *value)
{
	json_object *list = json_object_new_array_ext(1);

	json_append(list, json_object_get(value));
	schema_mention(r->run, CHANGE_REWRITTEN);
	return schema_read_new(r, "enum", list);
}

static int
read_count(struct reading *r, json_object *value)
{
	int64_t count = json_int(value, -1);

	if (count < 0)
		return schema_read_lost(r, value);
	if (json_object_is_type(value, json_type_int))
		return schema_read_as(r, r->key, value);
	schema_mention(r->run, CHANGE_REWRITTEN);
	return schema_read_new(r, r->key, json_object_new_int64(count));
}

static bool
is_number(json_object *value)
{
	return json_object_is_type(value, json_type_int) ||
	       (json_object_is_type(value, json_type_double) &&
		   isfinite(json_object_get_double(value)));
}

static int
gather_read_number(struct reading *r, json_object *value)
{
	return is_number(value) ? schema_read_as(r, r->key, value) : schema_read_lost(r, value);
}

/* Draft 4 has true beside `minimum`, later drafts have the limit itself. */
static int
read_exclusive(struct reading *r, json_object *value)
{
	if (json_object_is_type(value, json_type_boolean) && !json_object_get_boolean(value))
		return schema_read_idle(r, value);
	if (!is_number(value) && !json_object_is_type(value, json_type_boolean))
		return schema_read_lost(r, value);
	return schema_read_as(r, r->key, value);
}

static int
read_names(struct reading *r, json_object *value)
{
	if (json_object_is_type(value, json_type_object) && json_object_object_length(value) == 0)
		return schema_read_idle(r, value);
	/* The list may grow; the caller's must not. */
	if (json_object_is_type(value, json_type_array))
		return schema_read_new(r, r->key, schema_copy(value));
	if (!json_object_is_type(value, json_type_boolean))
		return schema_read_lost(r, value);
	/* Draft 3: read_property has moved it to the names of the object around. */
	schema_mention(r->run, json_object_get_boolean(value) ? CHANGE_REWRITTEN : CHANGE_DROPPED);
	return 0;
}

static int
read_nullable(struct reading *r, json_object *value)
{
	if (!json_object_is_type(value, json_type_boolean) || !json_object_get_boolean(value))
		return schema_read_idle(r, value);
	schema_mention(r->run, CHANGE_REWRITTEN);
	return schema_read_as(r, r->key, value);
}

/* ---- the table ---- */

/* clang-format off */
static const struct keyword keywords[] = {
	/* Taken (the list is the doc comment of responseJsonSchema in Google's SDK) */
	{ "type", read_type, false },
	{ "description", gather_read_text, true },
	{ "properties", schema_read_properties, false },
	{ "items", schema_read_items, false },
	{ "required", read_names, false },
	{ "enum", read_enum, false },
	{ "title", gather_read_text, true },
	{ "anyOf", schema_read_list, false },
	{ "oneOf", schema_read_list, false }, /* taken for anyOf */
	{ "$ref", schema_read_ref, true },
	{ "additionalProperties", schema_read_additional, false },
	{ "format", read_format, false },
	{ "minimum", gather_read_number, false },
	{ "maximum", gather_read_number, false },
	{ "minItems", read_count, false },
	{ "maxItems", read_count, false },
	{ "prefixItems", schema_read_list, false },
	{ "propertyOrdering", read_names, false },
	{ "$defs", read_later, true },
	/* Said in another way */
	{ "const", read_const, false },
	{ "allOf", schema_read_all, true },
	{ "nullable", read_nullable, true },
	{ "exclusiveMinimum", read_exclusive, false },
	{ "exclusiveMaximum", read_exclusive, false },
	{ "additionalItems", schema_read_additional_items, true },
	{ "definitions", read_later, true },
	{ "$dynamicRef", schema_read_ref, true },
	{ "$recursiveRef", schema_read_ref, true },
	{ "patternProperties", schema_read_patterns, false },
	{ "not", schema_read_not, true },
	/* Restrictions that Google has no word for */
	{ "pattern", schema_read_lost, true },
	{ "minLength", schema_read_lost, true },
	{ "maxLength", schema_read_lost, true },
	{ "multipleOf", schema_read_lost, true },
	{ "divisibleBy", schema_read_lost, true },
	{ "uniqueItems", schema_read_lost, true },
	{ "contains", schema_read_lost, true },
	{ "minContains", schema_read_lost, true },
	{ "maxContains", schema_read_lost, true },
	{ "minProperties", schema_read_lost, true },
	{ "maxProperties", schema_read_lost, true },
	{ "propertyNames", schema_read_lost, true },
	{ "if", schema_read_lost, true },
	{ "then", schema_read_lost, true },
	{ "else", schema_read_lost, true },
	{ "dependencies", schema_read_lost, true },
	{ "dependentRequired", schema_read_lost, true },
	{ "dependentSchemas", schema_read_lost, true },
	{ "unevaluatedItems", schema_read_lost, true },
	{ "unevaluatedProperties", schema_read_lost, true },
	{ "contentEncoding", schema_read_lost, true },
	{ "contentMediaType", schema_read_lost, true },
	{ "contentSchema", schema_read_lost, true },
	{ "disallow", schema_read_lost, true },
	{ "extends", schema_read_lost, true },
};
/* clang-format on */

static const struct keyword *
keyword_find(const char *key)
{
	/* $schema, $id, $anchor (references are resolved here), $comment, default, examples,
	 * deprecated, readOnly, writeOnly, strict, discriminator, x-...: notes to readers. */
	static const struct keyword other = { "", schema_read_idle, true };

	for (size_t i = 0; i < ARRAY_SIZE(keywords); i++)
		if (strcmp(keywords[i].name, key) == 0)
			return &keywords[i];
	return &other;
}

/* An empty list where an object is due: languages that have one kind of empty collection. */
static int
read_empty(struct reading *r, const struct keyword *keyword)
{
	json_object *empty = json_object_new_object();
	int rc = keyword->read(r, empty);

	schema_mention(r->run, CHANGE_REWRITTEN);
	json_object_put(empty);
	return rc;
}

static int
read_keyword(struct reading *r, json_object *value)
{
	const struct keyword *keyword = keyword_find(r->key);
	enum schema_holds holds;

	/* Of all keywords only const and enum know null. */
	if (value == NULL && keyword->read != read_const)
		return schema_read_idle(r, value);
	if (!keyword->joins && json_get(*r->raw, "$ref") != NULL &&
	    schema_unref(r->run, r->raw) != 0)
		return -1;
	if (schema_is_false(*r->raw))
		return 0;
	holds = schema_holds(r->key);
	if (json_is_empty_list(value) && (holds == HOLDS_MAP || holds == HOLDS_SCHEMA))
		return read_empty(r, keyword);
	return keyword->read(r, value);
}

int
schema_gather(struct schema_run *run, json_object *source, json_object **ret_raw)
{
	json_object *raw = json_object_new_object();
	struct reading r = { .run = run, .source = source, .raw = &raw };
	size_t resource = run->resource;
	int rc = schema_enter(run, &run->read);

	if (json_object_is_type(source, json_type_boolean)) {
		if (!json_object_get_boolean(source)) {
			json_object_put(raw);
			raw = json_object_new_boolean(0);
		}
	} else if (!json_is_object(source)) {
		rc = schema_bad_type(run, "an object or a boolean", source);
	} else if (rc == 0 && !json_is_empty_list(source)) {
		run->resource = schema_resource(run, source);
		json_object_object_foreach(source, key, value)
		{
			size_t mark = schema_push(run, key);

			r.key = key;
			if (rc == 0)
				rc = read_keyword(&r, value);
			schema_pop(run, mark);
		}
	}
	run->resource = resource;
	schema_leave(run);
	if (rc == 0)
		*ret_raw = TAKE(raw);
	json_object_put(raw);
	return rc;
}
