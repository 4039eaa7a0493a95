/* Walks a schema and takes the simplest way through it. */
#include "config.h"

#include "example.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/xalloc.h"
#include "gjson.h"

#define DEPTH_MAX  64
#define ITEMS_MAX  100
#define STRING_MAX 10000
#define NODES_MAX  10000
#define SOME_DEPTH 6 /* up to here comes more than what must be */

struct walk {
	json_object *root;
	struct slice hint;
	unsigned nodes;
};

static json_object *example_at(struct walk *w, json_object *schema, unsigned depth);

static const struct {
	const char *format;
	const char *value;
} formats[] = {
	{ "date-time", "2026-11-22T12:00:00Z" },
	{ "date", "2026-11-22" },
	{ "time", "12:00:00Z" },
	{ "duration", "PT1H" },
	{ "email", "someone@example.com" },
	{ "uri", "https://example.com/" },
	{ "uuid", "123e4567-e89b-42d3-a456-426614174000" },
	{ "ipv4", "192.0.2.1" },
	{ "ipv6", "2001:db8::1" },
	{ "hostname", "example.com" },
};

static json_object *
make_string(const struct walk *w, json_object *schema)
{
	struct slice format = gjson_str(schema, "format");
	int64_t min = gjson_int(schema, "minLength", 0);
	int64_t max = gjson_int(schema, "maxLength", STRING_MAX);
	struct slice text = w->hint.len > 0 ? w->hint : SLICE("text");
	json_object *value;
	struct buf b;

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		if (slice_eq(format, slice_str(formats[i].format)))
			return json_object_new_string(formats[i].value);
	}
	/* Lengths count characters; plain ASCII keeps both counts equal. */
	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.ptr[i] >= 0x80 && ((int64_t)text.len > max || min > 0))
			text = SLICE("text");
	}
	if (max >= 0 && (int64_t)text.len > max)
		text.len = (size_t)max;
	buf_init(&b, 2 * STRING_MAX + text.len);
	buf_add_slice(&b, text);
	while ((int64_t)b.len < min && !b.failed)
		buf_addc(&b, 'x');
	value = gjson_new(buf_slice(&b));
	buf_release(&b);
	return value;
}

static json_object *
make_number(json_object *schema, bool integer)
{
	json_object *min = gjson_get(schema, "minimum"), *max = gjson_get(schema, "maximum");
	double value = 1;

	if (min != NULL && json_object_get_double(min) > value)
		value = json_object_get_double(min);
	if (max != NULL && json_object_get_double(max) < value)
		value = json_object_get_double(max);
	if (integer)
		value = min != NULL && value == json_object_get_double(min) ? ceil(value)
		                                                            : floor(value);
	if (integer || value == (double)(int64_t)value)
		return json_object_new_int64((int64_t)value);
	return json_object_new_double(value);
}

static json_object *
make_array(struct walk *w, json_object *schema, unsigned depth)
{
	json_object *list = json_object_new_array(), *prefix = gjson_get(schema, "prefixItems");
	/* One element even if none is required, but no endless nesting. */
	int64_t want = gjson_int(schema, "minItems", 0), some = depth < SOME_DEPTH ? 1 : 0;
	int64_t most = gjson_int(schema, "maxItems", ITEMS_MAX);
	size_t fixed = gjson_count(schema, "prefixItems");

	if (want < some)
		want = some;
	if (want > most)
		want = most;
	if ((int64_t)fixed > most)
		fixed = most > 0 ? (size_t)most : 0;
	if (want > ITEMS_MAX)
		want = ITEMS_MAX;
	for (size_t i = 0; i < fixed; i++)
		json_object_array_add(
		    list, example_at(w, json_object_array_get_idx(prefix, i), depth + 1));
	for (int64_t i = (int64_t)fixed; i < want; i++)
		json_object_array_add(list, example_at(w, gjson_get(schema, "items"), depth + 1));
	return list;
}

static bool
is_required(json_object *schema, const char *name)
{
	size_t count = gjson_count(schema, "required");

	for (size_t i = 0; i < count; i++) {
		if (slice_eq(slice_str(json_object_get_string(gjson_at(schema, "required", i))),
			slice_str(name)))
			return true;
	}
	return false;
}

/* The required properties, or all when none is. */
static json_object *
make_object(struct walk *w, json_object *schema, unsigned depth)
{
	json_object *obj = json_object_new_object(), *properties = gjson_get(schema, "properties");
	bool all = gjson_count(schema, "required") == 0 && depth < SOME_DEPTH;

	if (!json_object_is_type(properties, json_type_object))
		return obj;
	json_object_object_foreach(properties, name, property)
	{
		if (all || is_required(schema, name))
			json_object_object_add(obj, name, example_at(w, property, depth + 1));
	}
	return obj;
}

/* One step of a JSON pointer. */
static json_object *
example_step(json_object *at, struct slice part)
{
	json_object *next = NULL;
	struct buf name;
	uint64_t index;

	buf_init(&name, 64 * 1024);
	buf_adds(&name, "");
	for (size_t i = 0; i < part.len; i++) {
		bool escaped = part.ptr[i] == '~' && i + 1 < part.len;

		buf_addc(&name, !escaped ? part.ptr[i] : part.ptr[++i] == '1' ? '/' : '~');
	}
	if (json_object_is_type(at, json_type_object)) {
		if (!json_object_object_get_ex(at, name.data, &next))
			next = NULL;
	} else if (json_object_is_type(at, json_type_array) && slice_u64(part, &index)) {
		next = json_object_array_get_idx(at, index);
	}
	buf_release(&name);
	return next;
}

static json_object *
find_anchor(json_object *at, struct slice name)
{
	if (json_object_is_type(at, json_type_object)) {
		json_object *found;

		if (slice_eq(gjson_str(at, "$anchor"), name))
			return at;
		json_object_object_foreach(at, key, member)
		{
			(void)key;
			if ((found = find_anchor(member, name)) != NULL)
				return found;
		}
	}
	return NULL;
}

json_object *
example_resolve(json_object *root, struct slice ref)
{
	json_object *at = root;
	struct slice part;

	if (!slice_starts(ref, SLICE("#")))
		return NULL;
	ref = (struct slice){ ref.ptr + 1, ref.len - 1 };
	if (ref.len == 0)
		return root;
	if (ref.ptr[0] != '/')
		return find_anchor(root, ref);
	ref = (struct slice){ ref.ptr + 1, ref.len - 1 };
	while (at != NULL && slice_split(&ref, '/', &part))
		at = example_step(at, part);
	return json_object_is_type(at, json_type_object) ? at : NULL;
}

/* The first type that is not null; deep down null if it may be. */
static struct slice
type_word(json_object *schema, unsigned depth)
{
	size_t count = gjson_count(schema, "type");

	for (size_t i = 0; i < count && count > 1 && depth >= SOME_DEPTH; i++) {
		if (slice_eqi(slice_str(json_object_get_string(gjson_at(schema, "type", i))),
			SLICE("null")))
			return SLICE("null");
	}
	for (size_t i = 0; i < count; i++) {
		json_object *type = gjson_at(schema, "type", i);

		if (json_object_is_type(type, json_type_string) &&
		    strcasecmp(json_object_get_string(type), "null") != 0)
			return slice_str(json_object_get_string(type));
	}
	if (count > 0)
		return SLICE("null");
	if (gjson_get(schema, "properties") != NULL)
		return SLICE("object");
	if (gjson_get(schema, "items") != NULL || gjson_get(schema, "prefixItems") != NULL)
		return SLICE("array");
	return SLICE("");
}

/* The first alternative; deep down the first that nests no further. */
static json_object *
example_pick(json_object *schema, const char *list, unsigned depth)
{
	for (size_t i = 0; i < gjson_count(schema, list) && depth >= SOME_DEPTH; i++) {
		json_object *choice = gjson_at(schema, list, i);

		if (gjson_get(choice, "$ref") == NULL && gjson_get(choice, "properties") == NULL &&
		    gjson_get(choice, "items") == NULL)
			return choice;
	}
	return gjson_at(schema, list, 0);
}

static json_object *
example_at(struct walk *w, json_object *schema, unsigned depth)
{
	json_object *choice;
	struct slice type;

	if (++w->nodes > NODES_MAX || depth > DEPTH_MAX ||
	    !json_object_is_type(schema, json_type_object))
		return json_object_new_string("text");
	if ((choice = gjson_get(schema, "$ref")) != NULL)
		return example_at(w,
		    example_resolve(w->root, slice_str(json_object_get_string(choice))), depth + 1);
	if ((choice = gjson_get(schema, "const")) != NULL)
		return json_object_get(choice);
	if (gjson_count(schema, "enum") > 0)
		return json_object_get(gjson_at(schema, "enum", 0));
	if (gjson_count(schema, "anyOf") > 0)
		return example_at(w, example_pick(schema, "anyOf", depth), depth + 1);
	if (gjson_count(schema, "oneOf") > 0)
		return example_at(w, example_pick(schema, "oneOf", depth), depth + 1);
	type = type_word(schema, depth);
	if (slice_eqi(type, SLICE("object")))
		return make_object(w, schema, depth);
	if (slice_eqi(type, SLICE("array")))
		return make_array(w, schema, depth);
	if (slice_eqi(type, SLICE("integer")))
		return make_number(schema, true);
	if (slice_eqi(type, SLICE("number")))
		return make_number(schema, false);
	if (slice_eqi(type, SLICE("boolean")))
		return json_object_new_boolean(true);
	if (slice_eqi(type, SLICE("null")))
		return NULL;
	return make_string(w, schema);
}

json_object *
example_of(json_object *schema, struct slice hint)
{
	struct walk w = { .root = schema, .hint = hint };

	if (schema == NULL)
		return json_object_new_object();
	return example_at(&w, schema, 0);
}
