/* Puts raw schemas together, as allOf and keywords beside $ref ask for. */
#include "config.h"

#include "schema_priv.h"

#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"

#define HOPS_MAX 8 /* references that lead to references */

static void
become_false(json_object **raw)
{
	json_object_put(*raw);
	*raw = json_object_new_boolean(0);
}

/* ---- one keyword ---- */

typedef int (*combine_fn)(struct schema_run *run, json_object *raw, const char *key,
    json_object *old, json_object *value);

static int
merge_keep(
    struct schema_run *run, json_object *raw, const char *key, json_object *old, json_object *value)
{
	(void)run;
	(void)raw;
	(void)key;
	(void)old;
	(void)value;
	return 0;
}

/* Two that cannot be said as one. */
static int
keep_first(
    struct schema_run *run, json_object *raw, const char *key, json_object *old, json_object *value)
{
	(void)raw;
	(void)key;
	return json_object_equal(old, value) ? 0 : schema_note(run, CHANGE_DROPPED);
}

static int
merge_append(
    struct schema_run *run, json_object *raw, const char *key, json_object *old, json_object *value)
{
	(void)run;
	(void)raw;
	(void)key;
	for (size_t i = 0; i < json_object_array_length(value); i++)
		json_append(old, json_object_get(json_object_array_get_idx(value, i)));
	return 0;
}

static int
merge_larger(
    struct schema_run *run, json_object *raw, const char *key, json_object *old, json_object *value)
{
	(void)run;
	if (json_object_get_double(value) > json_object_get_double(old))
		json_put(raw, key, json_object_get(value));
	return 0;
}

static int
merge_smaller(
    struct schema_run *run, json_object *raw, const char *key, json_object *old, json_object *value)
{
	(void)run;
	if (json_object_get_double(value) < json_object_get_double(old))
		json_put(raw, key, json_object_get(value));
	return 0;
}

/* Draft 4's true says nothing that could be compared. */
static int
merge_exclusive(
    struct schema_run *run, json_object *raw, const char *key, json_object *old, json_object *value)
{
	if (json_object_is_type(old, json_type_boolean) ||
	    json_object_is_type(value, json_type_boolean))
		return keep_first(run, raw, key, old, value);
	return (strcmp(key, "exclusiveMinimum") == 0 ? merge_larger : merge_smaller)(
	    run, raw, key, old, value);
}

/* Every integer is a number. */
static unsigned
types_in_both(unsigned a, unsigned b)
{
	unsigned both = a & b;

	if ((a & SCHEMA_INTEGER) != 0 && (b & SCHEMA_NUMBER) != 0)
		both |= SCHEMA_INTEGER;
	if ((b & SCHEMA_INTEGER) != 0 && (a & SCHEMA_NUMBER) != 0)
		both |= SCHEMA_INTEGER;
	return (both & SCHEMA_NUMBER) != 0 ? both & ~(unsigned)SCHEMA_INTEGER : both;
}

static int
merge_types(
    struct schema_run *run, json_object *raw, const char *key, json_object *old, json_object *value)
{
	unsigned before = schema_types(old), both = types_in_both(before, schema_types(value));
	json_object *list;

	if (both == before)
		return 0;
	if (both == 0)
		return schema_note(run, CHANGE_DROPPED);
	if ((both & (both - 1)) == 0) {
		json_put_str(raw, key, slice_str(schema_type_word(both)));
		return 0;
	}
	list = json_object_new_array_ext(7);
	for (unsigned bit = SCHEMA_STRING; bit <= SCHEMA_NULL; bit <<= 1)
		if ((both & bit) != 0)
			json_append(list, json_new_str(slice_str(schema_type_word(bit))));
	json_put(raw, key, list);
	return 0;
}

static int
merge_members(
    struct schema_run *run, json_object *raw, const char *key, json_object *old, json_object *value)
{
	json_object *set = json_object_new_object(), *both = json_object_new_array();
	struct buf text;

	buf_init(&text, TRANSLATED_MAX);
	for (size_t i = 0; i < json_object_array_length(value); i++) {
		buf_reset(&text);
		schema_value_key(json_object_array_get_idx(value, i), &text);
		json_put(set, text.data, NULL);
	}
	for (size_t i = 0; i < json_object_array_length(old); i++) {
		json_object *member = json_object_array_get_idx(old, i);

		buf_reset(&text);
		schema_value_key(member, &text);
		if (json_object_object_get_ex(set, text.data, NULL))
			json_append(both, json_object_get(member));
	}
	buf_release(&text);
	json_object_put(set);
	if (json_object_array_length(both) == 0) {
		json_object_put(both);
		return schema_note(run, CHANGE_DROPPED);
	}
	json_put(raw, key, both);
	return 0;
}

int
schema_join(struct schema_run *run, json_object *owner, const char *key, json_object *value)
{
	json_object *old = json_get(owner, key), *raw;
	int rc;

	if (old == NULL) {
		json_put(owner, key, json_object_get(value));
		return 0;
	}
	raw = json_object_get(old);
	rc = schema_merge(run, &raw, value);
	if (raw != old)
		json_put(owner, key, TAKE(raw));
	json_object_put(raw);
	return rc;
}

static int
merge_schema(
    struct schema_run *run, json_object *raw, const char *key, json_object *old, json_object *value)
{
	(void)old;
	return schema_join(run, raw, key, value);
}

/* true, false or a schema. */
static int
merge_additional(
    struct schema_run *run, json_object *raw, const char *key, json_object *old, json_object *value)
{
	if (json_object_is_type(value, json_type_boolean) && json_object_get_boolean(value))
		return 0;
	if (json_object_is_type(old, json_type_boolean) && json_object_get_boolean(old)) {
		json_put(raw, key, json_object_get(value));
		return 0;
	}
	return schema_join(run, raw, key, value);
}

static int
schema_map(
    struct schema_run *run, json_object *raw, const char *key, json_object *old, json_object *value)
{
	int rc = 0;

	(void)raw;
	(void)key;
	json_object_object_foreach(value, name, member)
	{
		size_t mark = schema_push(run, name);

		if (rc == 0)
			rc = schema_join(run, old, name, member);
		schema_pop(run, mark);
	}
	return rc;
}

static int
schema_list(
    struct schema_run *run, json_object *raw, const char *key, json_object *old, json_object *value)
{
	size_t common = json_object_array_length(old), count = json_object_array_length(value);
	int rc = 0;

	(void)raw;
	(void)key;
	for (size_t i = 0; i < count && rc == 0; i++) {
		json_object *member = json_object_array_get_idx(value, i), *both;
		size_t mark = schema_push_index(run, i);

		if (i >= common) {
			json_append(old, json_object_get(member));
		} else {
			both = json_object_get(json_object_array_get_idx(old, i));
			rc = schema_merge(run, &both, member);
			json_object_array_put_idx(old, i, both);
		}
		schema_pop(run, mark);
	}
	return rc;
}

static combine_fn
combine_for(const char *key)
{
	static const struct {
		const char *key;
		combine_fn combine;
	} rows[] = {
		{ "properties", schema_map },
		{ "items", merge_schema },
		{ "prefixItems", schema_list },
		{ "additionalProperties", merge_additional },
		{ "required", merge_append },
		{ "propertyOrdering", merge_append },
		{ "type", merge_types },
		{ "enum", merge_members },
		{ "minimum", merge_larger },
		{ "minItems", merge_larger },
		{ "maximum", merge_smaller },
		{ "maxItems", merge_smaller },
		{ "exclusiveMinimum", merge_exclusive },
		{ "exclusiveMaximum", merge_exclusive },
		{ "title", merge_keep },
		{ "description", merge_keep },
		{ "nullable", merge_keep },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strcmp(rows[i].key, key) == 0)
			return rows[i].combine;
	return keep_first;
}

int
schema_combine(struct schema_run *run, json_object *raw, const char *key, json_object *value)
{
	json_object *old = NULL;

	if (json_object_object_get_ex(raw, key, &old))
		return combine_for(key)(run, raw, key, old, value);
	json_put(raw, key, json_object_get(value));
	return 0;
}

/* ---- whole schemas ---- */

/* What may stand beside a $ref until the end: it does not change what fits, or only adds null. */
static bool
is_note(const char *key)
{
	return strcmp(key, "title") == 0 || strcmp(key, "description") == 0 ||
	       strcmp(key, "nullable") == 0;
}

static bool
only_notes(json_object *raw)
{
	json_object_object_foreach(raw, key, value)
	{
		(void)value;
		if (!is_note(key))
			return false;
	}
	return true;
}

/* A $ref and no more than notes. */
static bool
is_ref(json_object *raw)
{
	return json_get(raw, "$ref") != NULL;
}

/* The notes of from, which outrank those of raw. */
static void
merge_overlay(json_object *raw, json_object *from)
{
	json_object_object_foreach(from, key, value)
	{
		if (is_note(key))
			json_put(raw, key, json_object_get(value));
	}
}

/* A copy of what ref names, or NULL when that is not known yet or would be too much. */
static int
copy_target(struct schema_run *run, json_object *ref, json_object **ret)
{
	struct schema_def *def = schema_target(run, ref);

	*ret = NULL;
	if (schema_def_gather(run, def) != 0)
		return -1;
	if (def->stage != SCHEMA_GATHERED)
		return 0;
	if (def->weight == 0)
		def->weight = schema_weight(def->raw, SCHEMA_COPIES_MAX);
	if (def->weight > SCHEMA_COPIES_MAX - run->copied)
		return 0;
	run->copied += def->weight;
	*ret = schema_copy(def->raw);
	return 0;
}

int
schema_unref(struct schema_run *run, json_object **raw)
{
	for (int hops = 0; hops < HOPS_MAX && is_ref(*raw); hops++) {
		json_object *copy;

		if (copy_target(run, json_get(*raw, "$ref"), &copy) != 0)
			return -1;
		if (copy == NULL)
			break;
		if (!schema_is_false(copy))
			merge_overlay(copy, *raw);
		json_object_put(*raw);
		*raw = copy;
	}
	if (is_ref(*raw)) {
		json_object *list = json_object_new_array_ext(1), *ref = json_object_new_object(),
			    *out = json_object_new_object();

		json_put(ref, "$ref", json_object_get(json_get(*raw, "$ref")));
		json_append(list, ref);
		json_put(out, "anyOf", list);
		merge_overlay(out, *raw);
		json_object_put(*raw);
		*raw = out;
	}
	return 0;
}

/* Both are references or no more than notes: no need to look what stands behind. */
static bool
join_refs(json_object **raw, json_object *src)
{
	json_object *a = json_get(*raw, "$ref"), *b = json_get(src, "$ref");

	if (a != NULL && b != NULL && !slice_eq(json_str(a), json_str(b)))
		return false;
	if ((a == NULL && !only_notes(*raw)) || (b == NULL && !only_notes(src)))
		return false;
	json_object_object_foreach(src, key, value)
	{
		if (json_get(*raw, key) == NULL)
			json_put(*raw, key, json_object_get(value));
	}
	return true;
}

int
schema_merge(struct schema_run *run, json_object **raw, json_object *src)
{
	json_object *other;
	int rc = 0;

	if (schema_is_false(*raw))
		return 0;
	if (schema_is_false(src)) {
		become_false(raw);
		return 0;
	}
	if ((is_ref(*raw) || is_ref(src)) && join_refs(raw, src))
		return 0;
	other = json_object_get(src);
	if (schema_unref(run, raw) != 0 || schema_unref(run, &other) != 0) {
		rc = -1;
	} else if (schema_is_false(other)) {
		become_false(raw);
	} else if (!schema_is_false(*raw)) {
		json_object_object_foreach(other, key, value)
		{
			size_t mark = schema_push(run, key);

			if (rc == 0)
				rc = schema_combine(run, *raw, key, value);
			schema_pop(run, mark);
		}
	}
	json_object_put(other);
	return rc;
}
