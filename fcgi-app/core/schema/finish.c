/* Makes a raw schema one that Google takes: structure, required names, references. */
#include "config.h"

#include "schema_priv.h"

#include <string.h>

#include "base/xalloc.h"

#define SCHEMA_INLINE_MAX 512 /* text of a definition put in place of its $ref */

/* One schema under way. */
struct finishing {
	struct schema_run *run;
	json_object *raw, *out;
	int64_t cap;  /* no more elements than that, or -1 */
	bool nothing; /* no value fits */
};

static int
finish_at(struct finishing *f, json_object *raw, json_object **ret)
{
	*ret = NULL;
	return schema_finish(f->run, raw, ret);
}

/* A property that no value fits can only be left out, and so the model need not know it. */
static int
finish_properties(struct finishing *f, const char *key, json_object *value)
{
	json_object *map = json_object_new_object(), *schema;
	int rc = 0;

	json_put(f->out, key, map);
	json_object_object_foreach(value, name, member)
	{
		size_t mark = schema_push(f->run, name);

		if (rc == 0)
			rc = finish_at(f, member, &schema);
		if (rc == 0 && schema != NULL)
			json_put(map, name, schema);
		else if (rc == 0)
			rc = schema_note(f->run, CHANGE_DROPPED);
		schema_pop(f->run, mark);
	}
	return rc;
}

static int
finish_items(struct finishing *f, const char *key, json_object *value)
{
	json_object *schema;

	if (finish_at(f, value, &schema) != 0)
		return -1;
	if (schema != NULL) {
		json_put(f->out, key, schema);
	} else {
		json_object *first = json_get(f->raw, "prefixItems");

		schema_mention(f->run, CHANGE_REWRITTEN);
		f->cap = first != NULL ? (int64_t)json_object_array_length(first) : 0;
	}
	return 0;
}

static int
finish_additional(struct finishing *f, const char *key, json_object *value)
{
	json_object *schema;

	if (json_object_is_type(value, json_type_boolean)) {
		json_put(f->out, key, json_object_get(value));
		return 0;
	}
	if (finish_at(f, value, &schema) != 0)
		return -1;
	json_put(f->out, key, schema != NULL ? schema : json_object_new_boolean(0));
	return 0;
}

/* Ends before the first element that no value fits. */
static int
finish_prefix(struct finishing *f, const char *key, json_object *value)
{
	json_object *list = json_object_new_array_ext((int)json_object_array_length(value) + 1);
	json_object *schema;
	int rc = 0;

	for (size_t i = 0; i < json_object_array_length(value) && rc == 0; i++) {
		size_t mark = schema_push_index(f->run, i);

		rc = finish_at(f, json_object_array_get_idx(value, i), &schema);
		if (rc == 0 && schema == NULL)
			schema_mention(f->run, CHANGE_REWRITTEN);
		schema_pop(f->run, mark);
		if (rc == 0 && schema == NULL) {
			f->cap = f->cap >= 0 && f->cap < (int64_t)i ? f->cap : (int64_t)i;
			break;
		}
		if (rc == 0)
			json_append(list, schema);
	}
	if (json_object_array_length(list) > 0)
		json_put(f->out, key, TAKE(list));
	json_object_put(list);
	return rc;
}

/* A union with a member that anything fits says nothing. */
static int
finish_union(struct finishing *f, const char *key, json_object *value)
{
	json_object *list = json_object_new_array_ext((int)json_object_array_length(value) + 1);
	json_object *schema;
	bool all = false;
	int rc = 0;

	for (size_t i = 0; i < json_object_array_length(value) && rc == 0; i++) {
		size_t mark = schema_push_index(f->run, i);

		rc = finish_at(f, json_object_array_get_idx(value, i), &schema);
		if (rc == 0 && schema == NULL)
			schema_mention(f->run, CHANGE_DROPPED);
		schema_pop(f->run, mark);
		if (rc != 0 || schema == NULL)
			continue;
		all = all || json_object_object_length(schema) == 0;
		json_append(list, schema);
	}
	f->nothing = f->nothing || json_object_array_length(list) == 0;
	if (all && rc == 0)
		schema_mention(f->run, CHANGE_DROPPED);
	else
		json_put(f->out, key, TAKE(list));
	json_object_put(list);
	return rc;
}

static int
leave_out(struct finishing *f, const char *key, json_object *value)
{
	(void)f;
	(void)key;
	(void)value;
	return 0;
}

static int
finish_keyword(struct finishing *f, const char *key, json_object *value)
{
	static const struct {
		const char *key;
		int (*finish)(struct finishing *f, const char *key, json_object *value);
	} rows[] = {
		{ "properties", finish_properties },
		{ "items", finish_items },
		{ "additionalProperties", finish_additional },
		{ "prefixItems", finish_prefix },
		{ "anyOf", finish_union },
		{ "oneOf", finish_union },
		{ "nullable", leave_out },
		{ "exclusiveMinimum", leave_out },
		{ "exclusiveMaximum", leave_out },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strcmp(rows[i].key, key) == 0)
			return rows[i].finish(f, key, value);
	json_put(f->out, key, json_object_get(value));
	return 0;
}

/* ---- what the parts tell about the whole ---- */

/* Writers leave out the type that the other keywords imply. */
static int
infer_type(struct finishing *f)
{
	bool object = json_get(f->out, "properties") != NULL ||
	              json_get_object(f->out, "additionalProperties") != NULL;
	bool array = json_get(f->out, "items") != NULL || json_get(f->out, "prefixItems") != NULL;

	if (object == array || json_get(f->out, "type") != NULL ||
	    json_get(f->out, "enum") != NULL || json_get(f->out, "anyOf") != NULL ||
	    json_get(f->out, "oneOf") != NULL)
		return 0;
	json_put_str(f->out, "type", object ? SLICE("object") : SLICE("array"));
	return schema_note_key(f->run, CHANGE_ADDED, "type");
}

static int
finish_array(struct finishing *f)
{
	json_object *max = json_get(f->out, "maxItems");

	if (f->cap >= 0 && (max == NULL || json_object_get_int64(max) > f->cap))
		json_put(f->out, "maxItems", json_object_new_int64(f->cap));
	/* Google refuses arrays that tell nothing about their elements. */
	if ((schema_types(json_get(f->out, "type")) & SCHEMA_ARRAY) != 0 &&
	    json_get(f->out, "items") == NULL && json_get(f->out, "prefixItems") == NULL) {
		json_put(f->out, "items", json_object_new_object());
		schema_mention_key(f->run, CHANGE_ADDED, "items");
		return schema_room(f->run);
	}
	return 0;
}

/* Names of properties that are declared, each once: Google refuses others. */
static int
finish_names(struct finishing *f, const char *key)
{
	json_object *names = json_get(f->out, key), *list, *seen;
	json_object *properties = json_get(f->out, "properties");
	int rc = 0;

	if (names == NULL)
		return 0;
	list = json_object_new_array();
	seen = json_object_new_object();
	for (size_t i = 0; i < json_object_array_length(names) && rc == 0; i++) {
		json_object *name = json_object_array_get_idx(names, i);
		const char *text = json_object_is_type(name, json_type_string)
		                       ? json_object_get_string(name)
		                       : NULL;
		size_t mark = schema_push_index(f->run, i);

		if (text == NULL || json_get(properties, text) == NULL) {
			rc = schema_note(f->run, CHANGE_DROPPED);
		} else if (json_object_object_get_ex(seen, text, NULL)) {
			schema_mention(f->run, CHANGE_DROPPED);
		} else {
			json_put(seen, text, NULL);
			json_append(list, json_new_str(slice_str(text)));
		}
		schema_pop(f->run, mark);
	}
	json_object_put(seen);
	if (json_object_array_length(list) > 0)
		json_put(f->out, key, TAKE(list));
	else
		json_object_object_del(f->out, key);
	json_object_put(list);
	return rc;
}

static int
finish_list_of_names(struct finishing *f, const char *key)
{
	size_t mark = schema_push(f->run, key);
	int rc = finish_names(f, key);

	schema_pop(f->run, mark);
	return rc;
}

/* ---- references ---- */

static bool
has_ref(json_object *raw)
{
	if (json_object_is_type(raw, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(raw); i++)
			if (has_ref(json_object_array_get_idx(raw, i)))
				return true;
	} else if (json_object_is_type(raw, json_type_object)) {
		json_object_object_foreach(raw, key, value)
		{
			if (strcmp(key, "$ref") == 0 || has_ref(value))
				return true;
		}
	}
	return false;
}

/* Small and complete in itself: a copy costs little and nests no deeper than it looks. */
static bool
is_small(const struct schema_def *def)
{
	return def->stage == SCHEMA_GATHERED &&
	       schema_weight(def->raw, SCHEMA_INLINE_MAX) <= SCHEMA_INLINE_MAX &&
	       !has_ref(def->raw);
}

/*
 * Beside $ref Google takes nothing but keywords with a $. Titles, descriptions and null go around
 * a union that has the reference as a member, or a small definition is written out. Writing out
 * large ones has made schemas that are nested too deep for Google, where references were fine.
 */
static int
finish_ref(struct finishing *f)
{
	struct schema_def *def = schema_target(f->run, json_get(f->raw, "$ref"));
	json_object *ref, *list, *null, *raw;
	int rc;

	if (json_object_object_length(f->raw) == 1) {
		json_put(f->out, "$ref", json_object_get(json_get(f->raw, "$ref")));
		schema_want(f->run, def);
		return 0;
	}
	schema_mention_key(f->run, CHANGE_REWRITTEN, "$ref");
	if (schema_room(f->run) != 0 || schema_def_gather(f->run, def) != 0)
		return -1;
	if (is_small(def)) {
		raw = json_object_get(f->raw);
		rc = schema_unref(f->run, &raw);
		json_object_put(TAKE(f->out));
		if (rc == 0)
			rc = schema_finish(f->run, raw, &f->out);
		f->nothing = f->out == NULL;
		json_object_put(raw);
		return rc;
	}
	list = json_object_new_array_ext(2);
	ref = json_object_new_object();
	json_put(ref, "$ref", json_object_get(json_get(f->raw, "$ref")));
	json_append(list, ref);
	if (json_get(f->raw, "nullable") != NULL) {
		null = json_object_new_object();
		json_put_str(null, "type", SLICE("null"));
		json_append(list, null);
	}
	json_object_object_foreach(f->raw, key, value)
	{
		if (strcmp(key, "$ref") == 0)
			json_put(f->out, "anyOf", json_object_get(list));
		else if (strcmp(key, "nullable") != 0)
			json_put(f->out, key, json_object_get(value));
	}
	json_object_put(list);
	schema_want(f->run, def);
	return 0;
}

static int
finish_object(struct finishing *f)
{
	int rc = 0;

	if (json_get(f->raw, "$ref") != NULL)
		return finish_ref(f);
	json_object_object_foreach(f->raw, key, value)
	{
		size_t mark = schema_push(f->run, key);

		if (rc == 0)
			rc = finish_keyword(f, key, value);
		schema_pop(f->run, mark);
	}
	if (rc != 0 || f->nothing)
		return rc;
	if (infer_type(f) != 0 || schema_finish_values(f->run, f->raw, f->out) != 0 ||
	    schema_finish_limits(f->run, f->raw, f->out) != 0)
		return -1;
	if (finish_array(f) != 0 || finish_list_of_names(f, "required") != 0 ||
	    finish_list_of_names(f, "propertyOrdering") != 0)
		return -1;
	return 0;
}

int
schema_finish(struct schema_run *run, json_object *raw, json_object **ret)
{
	struct finishing f = { .run = run, .raw = raw, .cap = -1 };
	int rc;

	*ret = NULL;
	if (schema_is_false(raw))
		return 0;
	f.out = json_object_new_object();
	rc = schema_enter(run, &run->written);
	if (rc == 0)
		rc = finish_object(&f);
	schema_leave(run);
	if (rc == 0 && !f.nothing)
		*ret = TAKE(f.out);
	json_object_put(f.out);
	return rc;
}
