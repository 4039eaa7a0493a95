/* Which values fit: types, null, lists of values, limits and formats. */
#include "config.h"

#include "schema_priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"

#define WHOLE_MAX 0x1p53 /* whole numbers beyond are not exact in every reader */

static const struct {
	unsigned bit;
	const char *word;
} words[] = {
	{ SCHEMA_STRING, "string" },
	{ SCHEMA_NUMBER, "number" },
	{ SCHEMA_INTEGER, "integer" },
	{ SCHEMA_BOOLEAN, "boolean" },
	{ SCHEMA_ARRAY, "array" },
	{ SCHEMA_OBJECT, "object" },
	{ SCHEMA_NULL, "null" },
};

unsigned
schema_type_bit(struct slice word)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (slice_eqi(word, slice_str(words[i].word)))
			return words[i].bit;
	return 0;
}

const char *
schema_type_word(unsigned bit)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (words[i].bit == bit)
			return words[i].word;
	return "";
}

unsigned
schema_types(json_object *type)
{
	unsigned types = 0;

	if (!json_object_is_type(type, json_type_array))
		return schema_type_bit(json_str(type));
	for (size_t i = 0; i < json_object_array_length(type); i++)
		types |= schema_type_bit(json_str(json_object_array_get_idx(type, i)));
	return types;
}

static json_object *
types_new(unsigned types)
{
	json_object *list;

	if ((types & (types - 1)) == 0)
		return json_new_str(slice_str(schema_type_word(types)));
	list = json_object_new_array_ext(ARRAY_SIZE(words));
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if ((types & words[i].bit) != 0)
			json_append(list, json_new_str(slice_str(words[i].word)));
	return list;
}

/* A number that is whole, and small enough to be computed with. */
static bool
is_whole(json_object *value)
{
	double number = json_object_get_double(value);

	return fabs(number) < WHOLE_MAX && number == floor(number);
}

void
schema_value_key(json_object *value, struct buf *out)
{
	if (json_object_is_type(value, json_type_double) && is_whole(value))
		buf_add_i64(out, (int64_t)json_object_get_double(value));
	else
		json_write(value, out);
}

/* ---- enum ---- */

/* The members of an enum by kind; Google takes strings and numbers. */
struct json_scan {
	json_object *list, *seen;
	unsigned types;  /* of the list's members */
	unsigned others; /* types of the members that no list can hold */
	unsigned bools;  /* 1: false, 2: true */
	bool changed;
};

static unsigned
type_of(json_object *value)
{
	switch (json_object_get_type(value)) {
	case json_type_string:
		return SCHEMA_STRING;
	case json_type_int:
		return SCHEMA_INTEGER;
	case json_type_double:
		return is_whole(value) ? SCHEMA_INTEGER : SCHEMA_NUMBER;
	case json_type_boolean:
		return SCHEMA_BOOLEAN;
	case json_type_array:
		return SCHEMA_ARRAY;
	case json_type_object:
		return SCHEMA_OBJECT;
	case json_type_null:
		break;
	}
	return SCHEMA_NULL;
}

static bool
values_admits(unsigned types, unsigned type)
{
	return types == 0 || (types & type) != 0 ||
	       (type == SCHEMA_INTEGER && (types & SCHEMA_NUMBER) != 0);
}

/* A number that was written as a string, or the reverse, as the type asks; NULL for neither. */
static json_object *
values_convert(json_object *value, unsigned types)
{
	struct slice text = json_str(value);
	json_object *number = NULL;
	struct buf out;

	if (json_object_is_type(value, json_type_string) &&
	    (types & (SCHEMA_INTEGER | SCHEMA_NUMBER)) != 0 && text.len > 0 && text.len < 32) {
		number = json_read(text);
		if (number != NULL && (type_of(number) & (SCHEMA_INTEGER | SCHEMA_NUMBER)) != 0 &&
		    isfinite(json_object_get_double(number)) &&
		    values_admits(types, type_of(number)))
			return number;
		json_object_put(number);
	} else if ((type_of(value) & (SCHEMA_INTEGER | SCHEMA_NUMBER)) != 0 &&
		   (types & SCHEMA_STRING) != 0) {
		buf_init(&out, 512);
		json_write(value, &out);
		number = json_new_str(buf_slice(&out));
		buf_release(&out);
		return number;
	}
	return NULL;
}

/* Takes value, a string or a number. */
static void
add_member(struct json_scan *m, json_object *value)
{
	struct buf key;

	buf_init(&key, TRANSLATED_MAX);
	schema_value_key(value, &key);
	if (json_object_object_get_ex(m->seen, key.data, NULL)) {
		m->changed = true;
		json_object_put(value);
	} else {
		json_put(m->seen, key.data, NULL);
		m->types |= type_of(value);
		json_append(m->list, value);
	}
	buf_release(&key);
}

static void
sort_member(struct json_scan *m, json_object *value, unsigned types)
{
	unsigned type = type_of(value);
	json_object *other;

	if (json_object_is_type(value, json_type_double) &&
	    !isfinite(json_object_get_double(value))) {
		m->changed = true;
	} else if (!values_admits(types, type)) {
		/* It would never have fitted as it stands. */
		other = values_convert(value, types);
		m->changed = true;
		if (other != NULL)
			add_member(m, other);
	} else if ((type & (SCHEMA_STRING | SCHEMA_INTEGER | SCHEMA_NUMBER)) != 0) {
		add_member(m, json_object_get(value));
	} else {
		m->others |= type;
		if (type == SCHEMA_BOOLEAN)
			m->bools |= json_object_get_boolean(value) ? 2 : 1;
	}
}

static void
add_type_branch(json_object *list, unsigned type)
{
	json_object *branch = json_object_new_object();

	json_put(branch, "type", types_new(type));
	/* schema_finish sees to it elsewhere. */
	if (type == SCHEMA_ARRAY)
		json_put(branch, "items", json_object_new_object());
	json_append(list, branch);
}

/* Members of both kinds: a union of the list and the types that stand for the others. */
static int
split_enum(struct schema_run *run, json_object *out, struct json_scan *m, unsigned types, bool lost)
{
	json_object *list, *branch;
	unsigned scalars = SCHEMA_STRING | SCHEMA_INTEGER | SCHEMA_NUMBER;

	if (json_get(out, "anyOf") != NULL) {
		json_object_object_del(out, "enum");
		return schema_note_key(run, CHANGE_DROPPED, "enum");
	}
	if (schema_room(run) != 0)
		return -1;
	list = json_object_new_array_ext(4);
	branch = json_object_new_object();
	json_put(branch, "type",
	    types_new(types != 0 && (types & scalars) != 0 ? types & scalars : m->types));
	json_put(branch, "enum", TAKE(m->list));
	json_append(list, branch);
	for (unsigned bit = SCHEMA_BOOLEAN; bit <= SCHEMA_NULL; bit <<= 1)
		if ((m->others & bit) != 0)
			add_type_branch(list, bit);
	json_object_object_del(out, "type");
	json_object_object_del(out, "enum");
	json_put(out, "anyOf", list);
	if (!lost)
		schema_mention_key(run, CHANGE_REWRITTEN, "enum");
	return 0;
}

/* The list is out's enum now, or a type is in its place. */
static int
place_enum(struct schema_run *run, json_object *out, struct json_scan *m, unsigned types)
{
	bool lost =
	    (m->others & (SCHEMA_OBJECT | SCHEMA_ARRAY)) != 0 || m->bools == 1 || m->bools == 2;
	bool some = json_object_array_length(m->list) > 0;

	/* A type admits more than the members of it that were named. */
	if (lost && schema_note_key(run, CHANGE_DROPPED, "enum") != 0)
		return -1;
	if (some && m->others != 0)
		return split_enum(run, out, m, types, lost);
	if (!lost && (m->changed || m->others != 0))
		schema_mention_key(run, CHANGE_REWRITTEN, "enum");
	if (!some) {
		json_object_object_del(out, "enum");
		if (m->others != 0)
			json_put(out, "type", types_new(m->others));
		else
			return schema_note_key(run, CHANGE_DROPPED, "enum");
		return 0;
	}
	json_put(out, "enum", TAKE(m->list));
	if (types == 0) {
		if ((m->types & SCHEMA_NUMBER) != 0)
			m->types &= ~(unsigned)SCHEMA_INTEGER;
		json_put(out, "type", types_new(m->types));
		schema_mention_key(run, CHANGE_ADDED, "type");
	}
	return 0;
}

static int
finish_enum(struct schema_run *run, json_object *out, bool nullable)
{
	json_object *list = json_get(out, "enum");
	unsigned types = schema_types(json_get(out, "type"));
	struct json_scan m = { 0 };
	int rc;

	m.list = json_object_new_array();
	m.seen = json_object_new_object();
	if (nullable) {
		m.others = SCHEMA_NULL;
		types |= types != 0 ? SCHEMA_NULL : 0;
	}
	for (size_t i = 0; i < json_object_array_length(list); i++)
		sort_member(&m, json_object_array_get_idx(list, i), types);
	rc = place_enum(run, out, &m, types);
	json_object_put(m.list);
	json_object_put(m.seen);
	return rc;
}

/* ---- null ---- */

static void
add_null_member(json_object *out, const char *key)
{
	json_object *list = json_get_array(out, key);

	if (list == NULL)
		return;
	for (size_t i = 0; i < json_object_array_length(list); i++)
		if (schema_types(json_get(json_object_array_get_idx(list, i), "type")) &
		    SCHEMA_NULL)
			return;
	add_type_branch(list, SCHEMA_NULL);
}

static void
add_null(json_object *out)
{
	json_object *type = json_get(out, "type"), *list;

	if (type != NULL && (schema_types(type) & SCHEMA_NULL) == 0) {
		list = json_object_is_type(type, json_type_array) ? schema_copy(type)
		                                                  : json_object_new_array_ext(2);
		if (!json_object_is_type(type, json_type_array))
			json_append(list, json_object_get(type));
		json_append(list, json_new_str(SLICE("null")));
		json_put(out, "type", list);
	}
	add_null_member(out, "anyOf");
	add_null_member(out, "oneOf");
}

/* ---- format ---- */

static int
finish_format(struct schema_run *run, json_object *out)
{
	/* Those that Google's documents name; a type of 0 in the schema leaves the choice open. */
	static const struct {
		const char *word;
		unsigned types;
	} formats[] = {
		{ "date-time", SCHEMA_STRING },
		{ "date", SCHEMA_STRING },
		{ "time", SCHEMA_STRING },
		{ "int32", SCHEMA_INTEGER },
		{ "int64", SCHEMA_INTEGER },
		{ "float", SCHEMA_NUMBER },
		{ "double", SCHEMA_NUMBER },
	};
	unsigned types = schema_types(json_get(out, "type"));
	struct slice format = json_get_str(out, "format");
	bool idle = slice_eq(format, SLICE("enum")); /* Google's own form; the list says it */

	if (json_get(out, "format") == NULL)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		if (!slice_eq(format, slice_str(formats[i].word)))
			continue;
		if (types == 0 || (types & formats[i].types) != 0)
			return 0;
		idle = true; /* of a type that does not fit anyway */
	}
	json_object_object_del(out, "format");
	if (!idle)
		return schema_note_key(run, CHANGE_DROPPED, "format");
	schema_mention_key(run, CHANGE_DROPPED, "format");
	return 0;
}

int
schema_finish_values(struct schema_run *run, json_object *raw, json_object *out)
{
	bool nullable = json_get(raw, "nullable") != NULL;

	if (json_get(out, "enum") != NULL) {
		if (finish_enum(run, out, nullable) != 0)
			return -1;
	} else if (nullable) {
		add_null(out);
	}
	return finish_format(run, out);
}

/* ---- limits ---- */

/* The limit that admits what the exclusive one does; *ret_exact: and no more. */
static json_object *
values_inclusive(json_object *limit, int sign, bool whole, bool *ret_exact)
{
	double number = json_object_get_double(limit);

	*ret_exact = whole && fabs(number) < WHOLE_MAX;
	if (!*ret_exact)
		return json_object_get(limit);
	return json_object_new_int64(
	    sign > 0 ? (int64_t)floor(number) + 1 : (int64_t)ceil(number) - 1);
}

/* sign: 1 for a lower limit, -1 for an upper. */
static int
finish_limit(struct schema_run *run, json_object *raw, json_object *out, const char *key,
    const char *exclusive, int sign)
{
	unsigned types = schema_types(json_get(out, "type"));
	bool whole = (types & SCHEMA_INTEGER) != 0 && (types & SCHEMA_NUMBER) == 0, exact;
	json_object *limit = json_get(raw, exclusive), *old = json_get(out, key), *tight;

	if (limit == NULL)
		return 0;
	if (json_object_is_type(limit, json_type_boolean))
		limit = old; /* draft 4 */
	if (limit == NULL) {
		schema_mention_key(run, CHANGE_DROPPED, exclusive);
		return 0;
	}
	tight = values_inclusive(limit, sign, whole, &exact);
	if (old == NULL ||
	    sign * json_object_get_double(tight) > sign * json_object_get_double(old))
		json_put(out, key, TAKE(tight));
	json_object_put(tight);
	if (!exact)
		return schema_note_key(run, CHANGE_REWRITTEN, exclusive);
	schema_mention_key(run, CHANGE_REWRITTEN, exclusive);
	return 0;
}

int
schema_finish_limits(struct schema_run *run, json_object *raw, json_object *out)
{
	if (finish_limit(run, raw, out, "minimum", "exclusiveMinimum", 1) != 0)
		return -1;
	return finish_limit(run, raw, out, "maximum", "exclusiveMaximum", -1);
}
