/*
 * Earlier responses that a request goes on from. A stored response keeps the whole conversation up
 * to its end, so that the latest one that is named mostly has all that is asked for.
 */
#include "config.h"

#include "base/limits.h"
#include "input.h"

void
responses_past_init(struct responses_past *past)
{
	*past = (struct responses_past){ 0 };
	past->ids = json_object_new_object();
	past->by_id = json_object_new_object();
	past->loaded = json_object_new_object();
}

void
responses_past_release(struct responses_past *past)
{
	json_object_put(past->items);
	json_object_put(past->ids);
	json_object_put(past->by_id);
	json_object_put(past->loaded);
}

bool
responses_is_reference(json_object *item)
{
	json_object *type = json_get(item, "type");

	if (type != NULL)
		return slice_eq(json_str(type), SLICE("item_reference"));
	return json_get(item, "id") != NULL && json_get(item, "role") == NULL &&
	       json_get(item, "content") == NULL;
}

/* ---- loading ---- */

/* Adds the items of a response. *ret_items: its conversation, a new reference, or NULL when there
 * is no such response, it is still wanted, or its output alone was kept. */
static int
past_load(struct responses_past *past, struct slice id, const char *at,
    const struct translate_env *env, json_object **ret_items, struct apierror *err)
{
	const struct ref *ref;
	json_object *doc, *items, *item;

	*ret_items = NULL;
	if (env->refs == NULL || id.len == 0 || id.len > STATE_KEY_MAX)
		return 0;
	ref = ext_refs_get(env->refs, REF_RESPONSE, id, at, err);
	if (ref == NULL)
		return -1;
	if (ref->state == REF_ABSENT && ref->err.kind != APIERROR_NONE) {
		*err = ref->err;
		return -1;
	}
	if (ref->state != REF_FOUND)
		return 0;
	json_put(past->loaded, ref->key, json_object_new_boolean(1));
	past->bytes += ref->value.len;
	if (past->bytes > TRANSLATED_MAX)
		return apierror_set(err, APIERROR_TOO_LARGE, at,
		    "The stored responses that this request refers to are too large together.");
	doc = json_read(buf_slice(&ref->value));
	*ret_items = json_object_get(json_get_array(doc, "items"));
	items =
	    *ret_items != NULL ? *ret_items : json_get_array(json_get(doc, "response"), "output");
	for (size_t i = 0; items != NULL && i < json_object_array_length(items); i++) {
		item = json_object_array_get_idx(items, i);
		if (json_get_str(item, "id").len > 0)
			json_put(past->by_id, json_object_get_string(json_get(item, "id")),
			    json_object_get(item));
	}
	json_object_put(doc);
	return 0;
}

static int
read_previous(struct responses_past *past, json_object *source, const struct translate_env *env,
    struct apierror *err)
{
	static const char at[] = "previous_response_id";
	struct slice id = json_get_str(source, at);
	int shown = id.len < 64 ? (int)id.len : 64;

	if (past_load(past, id, at, env, &past->items, err) != 0)
		return -1;
	json_object_object_foreach(past->by_id, key, item)
	{
		(void)item;
		json_put(past->ids, key, json_object_new_boolean(1));
	}
	if (past->items != NULL || (env->refs != NULL && env->refs->wanted > 0))
		return 0;
	if (json_object_object_length(past->by_id) > 0)
		return apierror_set(err, APIERROR_NO_RESPONSE, at,
		    "Previous response with id '%.*s' not found: the conversation up to it was too "
		    "large to be kept. Send it as 'input'.",
		    shown, id.ptr);
	return apierror_set(err, APIERROR_NO_RESPONSE, at,
	    "Previous response with id '%.*s' not found.", shown, id.ptr);
}

/* ---- references ---- */

/* The ids of our items are PREFIX_RESPONSE_NUMBER: they tell where to look. */
static bool
past_response_of(struct slice item, struct buf *ret)
{
	struct slice prefix, id;
	uint64_t number;

	buf_reset(ret);
	if (!slice_split(&item, '_', &prefix) || !slice_split(&item, '_', &id) ||
	    !slice_u64(item, &number) || id.len == 0)
		return false;
	buf_adds(ret, "resp_");
	buf_add_slice(ret, id);
	return !ret->failed;
}

/* Loads the response that element i of input refers to, unless its item is known. */
static int
past_follow(struct responses_past *past, json_object *input, size_t i,
    const struct translate_env *env, struct apierror *err)
{
	json_object *id = json_get(json_object_array_get_idx(input, i), "id"), *items = NULL;
	char at[APIERROR_PARAM_MAX];
	struct buf response;
	int rc = 0;

	buf_init(&response, STATE_KEY_MAX);
	if (json_object_is_type(id, json_type_string) &&
	    json_get(past->by_id, json_object_get_string(id)) == NULL &&
	    past_response_of(json_str(id), &response) &&
	    json_get(past->loaded, response.data) == NULL) {
		field_name(at, "input[%zu].id", i);
		rc = past_load(past, buf_slice(&response), at, env, &items, err);
	}
	json_object_put(items);
	buf_release(&response);
	return rc;
}

static int
read_references(struct responses_past *past, json_object *input, const struct translate_env *env,
    struct apierror *err)
{
	size_t count = input != NULL ? json_object_array_length(input) : 0;
	bool last = true;

	for (size_t i = count; i-- > 0;) {
		if (!responses_is_reference(json_object_array_get_idx(input, i)))
			continue;
		if (past_follow(past, input, i, env, err) != 0)
			return -1;
		/* What the latest one brings is not asked for again. */
		if (last && env->refs != NULL && env->refs->wanted > 0)
			return 0;
		last = false;
	}
	return 0;
}

int
responses_past_read(struct responses_past *past, json_object *source,
    const struct translate_env *env, struct apierror *err)
{
	json_object *previous = json_get(source, "previous_response_id");

	if (json_object_is_type(previous, json_type_string) &&
	    read_previous(past, source, env, err) != 0)
		return -1;
	return read_references(past, json_get_array(source, "input"), env, err);
}
