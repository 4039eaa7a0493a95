/* The stages of a schema's cleaning. */
#include "config.h"

#include "schema_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "core/api/fieldmap.h"

/* Where the schema is, as pointer: a field's name `a[3].b` becomes /a/3/b. */
static void
start_path(struct schema_run *run, const char *at)
{
	bool pointer = *at == '/';

	buf_init(&run->path, 2 * SCHEMA_PATH_MAX);
	if (!pointer && *at != '\0')
		buf_addc(&run->path, '/');
	for (; *at != '\0' && run->path.len < SCHEMA_PATH_MAX / 2; at++) {
		if (!pointer && (*at == '.' || *at == '['))
			buf_addc(&run->path, '/');
		else if (pointer || *at != ']')
			buf_addc(&run->path, *at);
	}
	buf_add(&run->path, "", 0);
}

/* ---- the stages ---- */

/* Only null fits a definition that fits nothing: the nearest that Google has a word for. */
static json_object *
schema_nothing(void)
{
	json_object *schema = json_object_new_object();

	json_put_str(schema, "type", SLICE("null"));
	return schema;
}

static int
finish_def(struct schema_run *run, struct schema_def *def)
{
	char param[APIERROR_PARAM_MAX];

	schema_pop(run, 0);
	buf_adds(&run->path, def->place.path);
	if (schema_def_gather(run, def) != 0 || schema_finish(run, def->raw, &def->out) != 0)
		return -1;
	if (def->out == NULL)
		def->out = schema_nothing();
	if (def->repeated)
		run->copied += schema_weight(def->out, SCHEMA_COPIES_MAX);
	if (run->copied <= SCHEMA_COPIES_MAX)
		return 0;
	changes_field(run->path.data, param);
	return apierror_set(run->err, APIERROR_BAD_VALUE, param,
	    "Invalid schema at '%s': it is too large with all that it refers to.", param);
}

/* The root is never a mere reference: Google wants to see an object's properties there. */
static int
finish_root(struct schema_run *run)
{
	struct schema_def *def = run->defs[0];
	json_object *raw = NULL;
	int rc = -1;

	if (schema_def_gather(run, def) != 0)
		return -1;
	raw = json_object_get(def->raw);
	if (json_get(raw, "$ref") != NULL) {
		json_object_put(raw);
		raw = schema_copy(def->raw);
		if (schema_unref(run, &raw) != 0)
			goto out;
	}
	if (schema_finish(run, raw, &run->out) != 0)
		goto out;
	if (run->out == NULL)
		run->out = schema_nothing();
	rc = 0;
out:
	json_object_put(raw);
	return rc;
}

/* Definitions that value refers to become wanted. value is all clean: whatever has a text as $ref
 * is a reference. */
static void
schema_collect(struct schema_run *run, json_object *value)
{
	if (json_object_is_type(value, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(value); i++)
			schema_collect(run, json_object_array_get_idx(value, i));
	} else if (json_object_is_type(value, json_type_object)) {
		struct schema_def *def = schema_target(run, json_get(value, "$ref"));

		if (def != NULL)
			schema_want(run, def);
		json_object_object_foreach(value, key, member)
		{
			(void)key;
			schema_collect(run, member);
		}
	}
}

/* The $defs of the output, in the order of their first mention in it. */
static void
add_defs(struct schema_run *run)
{
	json_object *defs = json_object_new_object();

	for (size_t i = 0; i < run->def_count; i++)
		run->defs[i]->wanted = false;
	run->queued = 0;
	schema_collect(run, run->out);
	for (size_t i = 0; i < run->queued; i++) {
		struct schema_def *def = run->defs[run->queue[i]];

		schema_collect(run, def->out);
		json_put(defs, def->name, json_object_get(def->out));
	}
	if (run->queued > 0)
		json_put(run->out, "$defs", TAKE(defs));
	json_object_put(defs);
}

static int
clean(struct schema_run *run)
{
	if (finish_root(run) != 0)
		return -1;
	for (size_t i = 0; i < run->queued; i++)
		if (finish_def(run, run->defs[run->queue[i]]) != 0)
			return -1;
	if (schema_break_cycles(run) != 0)
		return -1;
	add_defs(run);
	return 0;
}

int
schema_clean(json_object *schema, const char *at, struct changes *changes, json_object **ret_schema,
    struct apierror *err)
{
	struct schema_run run = { .changes = changes, .err = err };
	int rc;

	start_path(&run, at);
	run.seen = json_object_new_object();
	schema_refs_init(&run, schema);
	rc = clean(&run);
	if (rc == 0)
		*ret_schema = TAKE(run.out);
	json_object_put(run.out);
	schema_refs_release(&run);
	json_object_put(run.seen);
	buf_release(&run.path);
	return rc;
}

bool
schema_is_empty(json_object *schema)
{
	struct slice type = json_get_str(schema, "type");
	json_object *properties = json_get_object(schema, "properties");
	json_object *more = json_get(schema, "additionalProperties");

	if (!json_object_is_type(schema, json_type_object) ||
	    json_object_object_length(schema) == 0)
		return true;
	if (!slice_eq(type, SLICE("object")) ||
	    (properties != NULL && json_object_object_length(properties) > 0) ||
	    json_get(schema, "anyOf") != NULL || json_get(schema, "oneOf") != NULL)
		return false;
	return more == NULL ||
	       (json_object_is_type(more, json_type_boolean) && json_object_get_boolean(more) == 0);
}
