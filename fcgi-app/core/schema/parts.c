/* Keywords that hold further schemas. */
#include "config.h"

#include "gather.h"

/* A schema in the caller's list or map. Writers without a value to write send null. */
static int
parts_gather(struct reading *r, json_object *value, json_object **ret)
{
	if (value != NULL)
		return schema_gather(r->run, value, ret);
	if (schema_note(r->run, CHANGE_DROPPED) != 0)
		return -1;
	*ret = json_object_new_object();
	return 0;
}

/* value: a schema. */
static int
read_schema_as(struct reading *r, const char *key, json_object *value)
{
	json_object *raw = NULL;

	if (parts_gather(r, value, &raw) != 0)
		return -1;
	return schema_read_new(r, key, raw);
}

/* value: an array of schemas. */
static int
read_list_as(struct reading *r, const char *key, json_object *value)
{
	json_object *list = json_object_new_array_ext((int)json_object_array_length(value) + 1);
	int rc = 0;

	for (size_t i = 0; i < json_object_array_length(value) && rc == 0; i++) {
		size_t mark = schema_push_index(r->run, i);
		json_object *raw = NULL;

		rc = parts_gather(r, json_object_array_get_idx(value, i), &raw);
		if (rc == 0)
			json_append(list, raw);
		schema_pop(r->run, mark);
	}
	if (rc == 0)
		rc = schema_read_as(r, key, list);
	json_object_put(list);
	return rc;
}

int
schema_read_list(struct reading *r, json_object *value)
{
	if (!json_object_is_type(value, json_type_array))
		return schema_bad_type(r->run, "an array", value);
	if (json_object_array_length(value) == 0)
		return schema_read_idle(r, value);
	return read_list_as(r, r->key, value);
}

/* Up to draft 2019-09 a list of schemas stands for the first elements. */
int
schema_read_items(struct reading *r, json_object *value)
{
	json_object *more = json_get(r->source, "additionalItems");

	if (!json_object_is_type(value, json_type_array))
		return read_schema_as(r, r->key, value);
	schema_mention(r->run, CHANGE_REWRITTEN);
	if (json_object_array_length(value) > 0 && read_list_as(r, "prefixItems", value) != 0)
		return -1;
	return more != NULL ? read_schema_as(r, "items", more) : 0;
}

int
schema_read_additional_items(struct reading *r, json_object *value)
{
	bool tuple = json_get_array(r->source, "items") != NULL;

	return tuple ? 0 : schema_read_idle(r, value);
}

/* The place is the property's. */
static int
read_property(struct reading *r, const char *name, json_object *value)
{
	json_object *list, *raw = NULL;
	int rc = parts_gather(r, value, &raw);

	if (rc == 0)
		rc = schema_join(r->run, json_get(*r->raw, r->key), name, raw);
	json_object_put(raw);
	/* Draft 3 says it in the property. */
	if (rc == 0 && json_get_bool(value, "required", false)) {
		list = json_object_new_array_ext(1);
		json_append(list, json_new_str(slice_str(name)));
		rc = schema_read_new(r, "required", list);
	}
	return rc;
}

int
schema_read_properties(struct reading *r, json_object *value)
{
	int rc = 0;

	if (json_get(*r->raw, r->key) == NULL)
		json_put(*r->raw, r->key, json_object_new_object());
	if (!json_object_is_type(value, json_type_object))
		return schema_bad_type(r->run, "an object", value);
	json_object_object_foreach(value, name, member)
	{
		size_t mark = schema_push(r->run, name);

		if (rc == 0)
			rc = read_property(r, name, member);
		schema_pop(r->run, mark);
	}
	return rc;
}

int
schema_read_additional(struct reading *r, json_object *value)
{
	json_object *patterns = json_get_object(r->source, "patternProperties");

	if (!json_object_is_type(value, json_type_boolean))
		return read_schema_as(r, r->key, value);
	/* Closed but for names of a form that Google cannot be told: schema_read_patterns opens it.
	 */
	if (!json_object_get_boolean(value) && patterns != NULL &&
	    json_object_object_length(patterns) > 0)
		return 0;
	return schema_read_as(r, r->key, value);
}

int
schema_read_patterns(struct reading *r, json_object *value)
{
	json_object *more = json_get(r->source, "additionalProperties");
	bool closed =
	    json_object_is_type(more, json_type_boolean) && !json_object_get_boolean(more);
	size_t mark;
	int rc;

	if (!closed || !json_object_is_type(value, json_type_object) ||
	    json_object_object_length(value) != 1)
		return schema_read_lost(r, value);
	if (schema_note(r->run, CHANGE_REWRITTEN) != 0)
		return -1;
	json_object_object_foreach(value, pattern, member)
	{
		mark = schema_push(r->run, pattern);
		rc = read_schema_as(r, "additionalProperties", member);
		schema_pop(r->run, mark);
		return rc;
	}
	return 0;
}

/* `not` everything is how some generators write that nothing fits. */
int
schema_read_not(struct reading *r, json_object *value)
{
	bool all = json_object_is_type(value, json_type_boolean)
	               ? json_object_get_boolean(value) != 0
	               : json_object_is_type(value, json_type_object) &&
	                     json_object_object_length(value) == 0;

	if (json_object_is_type(value, json_type_boolean) && !all)
		return schema_read_idle(r, value);
	if (!all)
		return schema_read_lost(r, value);
	schema_mention(r->run, CHANGE_REWRITTEN);
	json_object_put(*r->raw);
	*r->raw = json_object_new_boolean(0);
	return 0;
}

int
schema_read_all(struct reading *r, json_object *value)
{
	int rc = 0;

	if (!json_object_is_type(value, json_type_array))
		return schema_bad_type(r->run, "an array", value);
	schema_mention(r->run, CHANGE_REWRITTEN);
	for (size_t i = 0; i < json_object_array_length(value) && rc == 0; i++) {
		size_t mark = schema_push_index(r->run, i);
		json_object *raw = NULL;

		rc = parts_gather(r, json_object_array_get_idx(value, i), &raw);
		if (rc == 0)
			rc = schema_merge(r->run, r->raw, raw);
		json_object_put(raw);
		schema_pop(r->run, mark);
	}
	return rc;
}

int
schema_read_ref(struct reading *r, json_object *value)
{
	struct schema_def *def = schema_resolve(r->run, json_str(value));
	json_object *raw, *ref;
	int rc;

	if (def == NULL)
		return schema_read_lost(r, value);
	raw = json_object_new_object();
	ref = schema_ref_new(def);
	/* `definitions` is mentioned itself. */
	if (!slice_eq(json_str(ref), json_str(value)) &&
	    !slice_starts(json_str(value), SLICE("#/definitions/")))
		schema_mention(r->run, CHANGE_REWRITTEN);
	json_put(raw, "$ref", ref);
	rc = schema_merge(r->run, r->raw, raw);
	json_object_put(raw);
	return rc;
}
