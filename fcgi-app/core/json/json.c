/*
 * What json-c lacks: limits on depth and memory when it parses, accessors that check types, and a
 * writer of our own, because json-c's would hold a second copy of every large string
 * and pass on the NaN and the raw bytes that its parser lets in.
 */
#include "config.h"

#include "core/json/json.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "core/json/json_cost.h"
#include "core/json/jwriter.h"

/* A tokener keeps a buffer as large as the longest string it has seen; texts above this size get
 * one of their own. */
#define READER_TEXT_MAX (64 * KIB)

struct json_reader {
	struct json_tokener *tokener; /* made at the first read */
};

static struct json_tokener *
tokener_new(void)
{
	struct json_tokener *tokener = json_tokener_new_ex((int)JSON_DEPTH_MAX);

	if (tokener != NULL)
		json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	return tokener;
}

/* Of this thread. */
static _Thread_local struct json_budget *budget_in_use;

void
json_budget_use(struct json_budget *budget)
{
	budget_in_use = budget;
}

/* Takes what the text will become out of the budget. */
static bool
json_may_become(struct slice text)
{
	struct json_budget *budget = budget_in_use;
	size_t most, cost;

	if (budget == NULL && text.len <= JSON_UNSCANNED)
		return true;
	most = text.len > JSON_MEMORY / JSON_RATIO ? text.len * JSON_RATIO : JSON_MEMORY;
	if (budget != NULL)
		most = budget->left;
	cost = json_cost(text, most);
	if (cost > most && budget != NULL)
		budget->exceeded = true;
	if (cost > most)
		return false;
	if (budget != NULL)
		budget->left -= cost;
	return true;
}

static json_object *
json_parse(struct json_tokener *tokener, struct slice text)
{
	static const struct slice bom = { "\xEF\xBB\xBF", 3 };
	json_object *doc;

	if (slice_starts(text, bom))
		text = slice_skip(text, bom.len);
	if (tokener == NULL || text.len == 0 || text.len > INT_MAX || !json_may_become(text))
		return NULL;
	json_tokener_reset(tokener);
	doc = json_tokener_parse_ex(tokener, text.ptr, (int)text.len);
	/* json-c takes a NUL byte for the end of the text. */
	if (json_tokener_get_parse_end(tokener) != text.len) {
		json_object_put(doc);
		return NULL;
	}
	/* A number or a word at the top ends only where the text ends. */
	if (json_tokener_get_error(tokener) == json_tokener_continue)
		doc = json_tokener_parse_ex(tokener, "", 1);
	return doc;
}

json_object *
json_read(struct slice text)
{
	struct json_tokener *tokener = tokener_new();
	json_object *doc = json_parse(tokener, text);

	if (tokener != NULL)
		json_tokener_free(tokener);
	return doc;
}

struct json_reader *
json_reader_new(void)
{
	return xcalloc(1, sizeof(struct json_reader));
}

void
json_reader_free(struct json_reader *reader)
{
	if (reader == NULL)
		return;
	if (reader->tokener != NULL)
		json_tokener_free(reader->tokener);
	free(reader);
}

json_object *
json_reader_read(struct json_reader *reader, struct slice text)
{
	json_object *doc;

	if (text.len > READER_TEXT_MAX)
		return json_read(text);
	if (reader->tokener == NULL)
		reader->tokener = tokener_new();
	doc = json_parse(reader->tokener, text);
	/* json_tokener_reset forgets to forget half a surrogate pair: after a failure it would show
	 * up in the next text (json-c 0.16). */
	if (doc == NULL && reader->tokener != NULL)
		json_tokener_free(TAKE(reader->tokener));
	return doc;
}

/* What follows a string whose inside begins at `at`; text.len when it does not end. */
static size_t
json_skip_string(struct slice text, size_t at)
{
	while (at < text.len && text.ptr[at] != '"')
		at += text.ptr[at] == '\\' ? 2 : 1;
	return at < text.len ? at + 1 : text.len;
}

bool
json_is_whole(struct slice text)
{
	size_t depth = 0, at = 0;

	text = slice_trim(text);
	while (at < text.len) {
		char c = text.ptr[at++];

		if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && depth-- <= 1)
			return depth == 0 && at == text.len;
		else if (depth == 0)
			return false;
		else if (c == '"')
			at = json_skip_string(text, at);
	}
	return false;
}

json_object *
json_get(json_object *obj, const char *key)
{
	json_object *value = NULL;

	if (!json_object_is_type(obj, json_type_object))
		return NULL;
	json_object_object_get_ex(obj, key, &value);
	return value;
}

bool
json_is_empty_list(json_object *value)
{
	return json_object_is_type(value, json_type_array) && json_object_array_length(value) == 0;
}

bool
json_is_object(json_object *value)
{
	return json_object_is_type(value, json_type_object) || json_is_empty_list(value);
}

static json_object *
get_typed(json_object *obj, const char *key, enum json_type type)
{
	json_object *value = json_get(obj, key);

	return json_object_is_type(value, type) ? value : NULL;
}

json_object *
json_get_object(json_object *obj, const char *key)
{
	return get_typed(obj, key, json_type_object);
}

json_object *
json_get_array(json_object *obj, const char *key)
{
	return get_typed(obj, key, json_type_array);
}

/* The user data of a string made by json_new_part; other strings have none. */
struct part {
	json_object *owner;
	struct slice text;
};

static void
part_free(json_object *string, void *data)
{
	struct part *part = data;

	(void)string;
	json_object_put(part->owner);
	free(part);
}

json_object *
json_new_part(json_object *owner, struct slice text)
{
	json_object *string = json_object_new_string_len("", 0);
	struct part *part = xmalloc(sizeof(*part));

	*part = (struct part){ json_object_get(owner), text };
	json_object_set_userdata(string, part, part_free);
	return string;
}

struct slice
json_str(json_object *string)
{
	const struct part *part;

	if (!json_object_is_type(string, json_type_string))
		return SLICE("");
	part = json_object_get_userdata(string);
	if (part != NULL)
		return part->text;
	return (struct slice){ json_object_get_string(string),
		(size_t)json_object_get_string_len(string) };
}

struct slice
json_get_str(json_object *obj, const char *key)
{
	return json_str(json_get(obj, key));
}

bool
json_get_bool(json_object *obj, const char *key, bool fallback)
{
	json_object *value = get_typed(obj, key, json_type_boolean);

	return value != NULL ? json_object_get_boolean(value) != 0 : fallback;
}

int64_t
json_int(json_object *value, int64_t fallback)
{
	const double least = (double)INT64_MIN;
	double number;

	if (json_object_is_type(value, json_type_int))
		return json_object_get_int64(value);
	if (json_object_is_type(value, json_type_double)) {
		number = json_object_get_double(value);
		return number >= least && number < -least ? (int64_t)number : fallback;
	}
	if (json_object_is_type(value, json_type_string)) {
		struct slice text = json_str(value);
		bool negative = slice_starts(text, SLICE("-"));
		uint64_t magnitude;

		if (negative)
			text = slice_skip(text, 1);
		if (slice_u64(text, &magnitude) && magnitude <= INT64_MAX)
			return negative ? -(int64_t)magnitude : (int64_t)magnitude;
	}
	return fallback;
}

int64_t
json_get_int(json_object *obj, const char *key, int64_t fallback)
{
	return json_int(json_get(obj, key), fallback);
}

json_object *
json_new_str(struct slice s)
{
	return json_object_new_string_len(s.ptr, s.len <= INT_MAX ? (int)s.len : INT_MAX);
}

void
json_put(json_object *obj, const char *key, json_object *value)
{
	if (json_object_object_add(obj, key, value) != 0)
		json_object_put(value);
}

void
json_share(json_object *obj, const char *key, json_object *value)
{
	if (value != NULL)
		json_put(obj, key, json_object_get(value));
}

void
json_put_str(json_object *obj, const char *key, struct slice value)
{
	json_put(obj, key, json_new_str(value));
}

void
json_append(json_object *array, json_object *value)
{
	if (json_object_array_add(array, value) != 0)
		json_object_put(value);
}

/* Digits of a JSON number at s[at]; the index behind them. */
static size_t
skip_digits(const char *s, size_t at)
{
	while (s[at] >= '0' && s[at] <= '9')
		at++;
	return at;
}

/* json-c keeps a number's own text and is lax about it: `1.` passes. */
static bool
is_number_text(const char *s)
{
	size_t at = s[0] == '-', from = at;

	at = skip_digits(s, at);
	if (at == from || (s[from] == '0' && at > from + 1))
		return false;
	if (s[at] == '.') {
		from = ++at;
		at = skip_digits(s, at);
		if (at == from)
			return false;
	}
	if (s[at] == 'e' || s[at] == 'E') {
		at++;
		if (s[at] == '+' || s[at] == '-')
			at++;
		from = at;
		at = skip_digits(s, at);
		if (at == from)
			return false;
	}
	return s[at] == '\0';
}

static void
write_double(struct jwriter *w, const char *key, json_object *value)
{
	double number = json_object_get_double(value);
	const char *text = json_object_get_userdata(value); /* set by the parser alone */

	if (isfinite(number) && text != NULL && is_number_text(text))
		jw_raw(w, key, slice_str(text));
	else
		jw_double(w, key, number);
}

static void
write_string(struct jwriter *w, const char *key, json_object *value)
{
	if (json_object_get_userdata(value) == NULL) {
		jw_slice(w, key, json_str(value));
		return;
	}
	jw_str_open(w, key);
	buf_add_slice(w->out, json_str(value));
	jw_str_close(w);
}

static void
write_int(struct jwriter *w, const char *key, json_object *value)
{
	char digits[24];
	int64_t number = json_object_get_int64(value);
	uint64_t large;

	if (number == INT64_MAX && (large = json_object_get_uint64(value)) > INT64_MAX) {
		snprintf(digits, sizeof(digits), "%ju", (uintmax_t)large);
		jw_raw(w, key, slice_str(digits));
	} else {
		jw_int(w, key, number);
	}
}

void
json_write_to(struct jwriter *w, const char *key, json_object *value)
{
	switch (json_object_get_type(value)) {
	case json_type_null:
		jw_null(w, key);
		break;
	case json_type_boolean:
		jw_bool(w, key, json_object_get_boolean(value) != 0);
		break;
	case json_type_int:
		write_int(w, key, value);
		break;
	case json_type_double:
		write_double(w, key, value);
		break;
	case json_type_string:
		write_string(w, key, value);
		break;
	case json_type_array:
		jw_array(w, key);
		for (size_t i = 0; i < json_object_array_length(value); i++)
			json_write_to(w, NULL, json_object_array_get_idx(value, i));
		jw_array_end(w);
		break;
	case json_type_object:
		jw_object(w, key);
		json_object_object_foreach(value, name, member) json_write_to(w, name, member);
		jw_object_end(w);
		break;
	}
}

void
json_write(json_object *value, struct buf *out)
{
	struct jwriter w = jwriter_on(out);

	json_write_to(&w, NULL, value);
}

const char *
json_type_word(json_object *value)
{
	switch (json_object_get_type(value)) {
	case json_type_boolean:
		return "a boolean";
	case json_type_int:
		return "an integer";
	case json_type_double:
		return isfinite(json_object_get_double(value)) ? "a decimal" : "no finite number";
	case json_type_string:
		return "a string";
	case json_type_array:
		return "an array";
	case json_type_object:
		return "an object";
	case json_type_null:
		break;
	}
	return "null";
}

json_object *
json_first_of(json_object *object, const char *const *keys, const char **ret_key)
{
	for (; *keys != NULL; keys++) {
		json_object *value = json_get(object, *keys);

		if (value == NULL)
			continue;
		*ret_key = *keys;
		return value;
	}
	return NULL;
}
