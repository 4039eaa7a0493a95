/* The run through a schema: the place at hand, what is said about it, its ceilings, and copies. */
#include "config.h"

#include "schema_priv.h"

#include <string.h>

#include "base/limits.h"
#include "core/api/fieldmap.h"

#define SCHEMA_NOTES_MAX 4096 /* notes remembered, so that none comes twice */

#define NAME_MAX_BYTES 48 /* of one name in a place */

/* ---- the place ---- */

/* Bytes of a name that are shown: whole characters. */
static size_t
run_shown_bytes(const char *name)
{
	size_t len = strnlen(name, NAME_MAX_BYTES + 1);

	if (len <= NAME_MAX_BYTES)
		return len;
	len = NAME_MAX_BYTES;
	while (len > 0 && ((unsigned char)name[len] & 0xC0) == 0x80)
		len--;
	return len;
}

size_t
schema_push(struct schema_run *run, const char *key)
{
	size_t mark = run->path.len, len = run_shown_bytes(key);

	if (mark + 1 + 2 * len > SCHEMA_PATH_MAX)
		return mark;
	buf_addc(&run->path, '/');
	for (size_t i = 0; i < len; i++) {
		if (key[i] == '~')
			buf_adds(&run->path, "~0");
		else if (key[i] == '/')
			buf_adds(&run->path, "~1");
		else
			buf_addc(&run->path, key[i]);
	}
	return mark;
}

size_t
schema_push_index(struct schema_run *run, size_t index)
{
	size_t mark = run->path.len;

	if (mark + 24 <= SCHEMA_PATH_MAX)
		buf_addf(&run->path, "/%zu", index);
	return mark;
}

void
schema_pop(struct schema_run *run, size_t mark)
{
	run->path.len = mark;
	run->path.data[mark] = '\0';
}

/* ---- what is said about it ---- */

/* False when this change was noted before; a definition can be read in several places. */
static bool
run_first_time(struct schema_run *run, enum change change)
{
	size_t mark = run->path.len;
	bool first;

	buf_addf(&run->path, " %d", (int)change);
	first = !json_object_object_get_ex(run->seen, run->path.data, NULL);
	if (first && run->seen_count < SCHEMA_NOTES_MAX) {
		json_put(run->seen, run->path.data, NULL);
		run->seen_count++;
	}
	schema_pop(run, mark);
	return first;
}

int
schema_note(struct schema_run *run, enum change change)
{
	if (!run_first_time(run, change))
		return 0;
	return changes_note(run->changes, change, run->path.data, run->err);
}

void
schema_mention(struct schema_run *run, enum change change)
{
	if (run_first_time(run, change))
		changes_mention(run->changes, change, run->path.data);
}

int
schema_note_key(struct schema_run *run, enum change change, const char *key)
{
	size_t mark = schema_push(run, key);
	int rc = schema_note(run, change);

	schema_pop(run, mark);
	return rc;
}

void
schema_mention_key(struct schema_run *run, enum change change, const char *key)
{
	size_t mark = schema_push(run, key);

	schema_mention(run, change);
	schema_pop(run, mark);
}

int
schema_bad_type(struct schema_run *run, const char *expected, json_object *got)
{
	char param[APIERROR_PARAM_MAX];

	changes_field(run->path.data, param);
	return fieldmap_bad_type(run->err, param, expected, got);
}

int
schema_enter(struct schema_run *run, size_t *count)
{
	char param[APIERROR_PARAM_MAX];

	run->depth++;
	if (++*count > SCHEMA_NODES_MAX) {
		changes_field(run->path.data, param);
		return apierror_set(run->err, APIERROR_BAD_VALUE, param,
		    "Invalid schema at '%s': it has more than %d parts.", param, SCHEMA_NODES_MAX);
	}
	if (run->depth > SCHEMA_DEPTH_MAX) {
		changes_field(run->path.data, param);
		return apierror_set(run->err, APIERROR_BAD_VALUE, param,
		    "Invalid schema at '%s': it is nested more than %d levels deep.", param,
		    SCHEMA_DEPTH_MAX);
	}
	return 0;
}

void
schema_leave(struct schema_run *run)
{
	run->depth--;
}

int
schema_room(struct schema_run *run)
{
	int rc = schema_enter(run, &run->written);

	schema_leave(run);
	return rc;
}

/* ---- raw schemas ---- */

bool
schema_is_false(json_object *raw)
{
	return json_object_is_type(raw, json_type_boolean) && !json_object_get_boolean(raw);
}

json_object *
schema_copy(json_object *value)
{
	json_object *copy;

	if (json_object_is_type(value, json_type_array)) {
		copy = json_object_new_array_ext((int)json_object_array_length(value) + 1);
		for (size_t i = 0; i < json_object_array_length(value); i++)
			json_append(copy, schema_copy(json_object_array_get_idx(value, i)));
		return copy;
	}
	if (!json_object_is_type(value, json_type_object))
		return json_object_get(value); /* never written to */
	copy = json_object_new_object();
	json_object_object_foreach(value, key, member) json_put(copy, key, schema_copy(member));
	return copy;
}

size_t
schema_weight(json_object *value, size_t max)
{
	size_t weight = 4; /* punctuation, and numbers as a rule */

	if (json_object_is_type(value, json_type_string)) {
		weight += json_str(value).len;
	} else if (json_object_is_type(value, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(value) && weight <= max; i++)
			weight += schema_weight(json_object_array_get_idx(value, i), max - weight);
	} else if (json_object_is_type(value, json_type_object)) {
		json_object_object_foreach(value, key, member)
		{
			if (weight > max)
				break;
			weight += strlen(key) + 4;
			if (weight <= max)
				weight += schema_weight(member, max - weight);
		}
	}
	return weight;
}
