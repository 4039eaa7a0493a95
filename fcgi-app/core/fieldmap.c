/* Looks up, checks and places fields by a table; the words of its refusals are OpenAI's. */
#include "config.h"

#include "core/fieldmap.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/json.h"

#define NAME_MAX_SHOWN 40 /* bytes of a caller's word that an error repeats */

static const struct {
	const char *expected;
} kinds[] = {
	[FK_ANY] = { "a value" },
	[FK_STR] = { "a string" },
	[FK_INT] = { "an integer" },
	[FK_NUM] = { "a decimal" },
	[FK_BOOL] = { "a boolean" },
	[FK_OBJECT] = { "an object" },
	[FK_ARRAY] = { "an array" },
};

void
field_name(char ret[APIERROR_PARAM_MAX], const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(ret, APIERROR_PARAM_MAX, fmt, args);
	va_end(args);
}

int
fieldmap_missing(struct apierror *err, const char *param)
{
	return apierror_set(
	    err, APIERROR_MISSING_FIELD, param, "Missing required parameter: '%s'.", param);
}

int
fieldmap_bad_type(struct apierror *err, const char *param, const char *expected, json_object *got)
{
	return apierror_set(err, APIERROR_BAD_TYPE, param,
	    "Invalid type for '%s': expected %s, but got %s instead.", param, expected,
	    json_type_word(got));
}

int
fieldmap_bad_word(struct apierror *err, const char *param, struct slice got, const char *supported)
{
	int shown = got.len < NAME_MAX_SHOWN ? (int)got.len : NAME_MAX_SHOWN;

	return apierror_set(err, APIERROR_BAD_VALUE, param, "Invalid value for '%s': '%.*s'.%s%s%s",
	    param, shown, got.ptr, supported != NULL ? " Supported values are: " : "",
	    supported != NULL ? supported : "", supported != NULL ? "." : "");
}

int
fieldmap_drop_word(const struct fieldmap_run *run, const char *at, const char *suffix,
    struct slice got, const char *supported)
{
	char param[APIERROR_PARAM_MAX];

	if (run->changes != NULL && run->changes->strict) {
		field_name(param, "%s%s", at, suffix);
		return fieldmap_bad_word(run->err, param, got, supported);
	}
	changes_mention(run->changes, CHANGE_DROPPED, at);
	return 0;
}

/* The value at a dotted path; *ret_found also tells a null from nothing. */
static json_object *
lookup(json_object *source, const char *path, bool *ret_found)
{
	char key[64];

	*ret_found = false;
	for (;;) {
		const char *dot = strchrnul(path, '.');
		size_t len = (size_t)(dot - path);
		json_object *value = NULL;

		if (len >= sizeof(key) || !json_object_is_type(source, json_type_object))
			return NULL;
		memcpy(key, path, len);
		key[len] = '\0';
		if (!json_object_object_get_ex(source, key, &value))
			return NULL;
		if (*dot == '\0') {
			*ret_found = true;
			return value;
		}
		source = value;
		path = dot + 1;
	}
}

void
fieldmap_put(json_object *root, const char *path, json_object *value)
{
	char key[64];
	const char *slash;

	while (*(slash = strchrnul(path, '/')) == '/') {
		size_t len = (size_t)(slash - path);
		json_object *next;

		len = len < sizeof(key) ? len : sizeof(key) - 1;
		memcpy(key, path, len);
		key[len] = '\0';
		next = json_get_object(root, key);
		if (next == NULL) {
			next = json_object_new_object();
			json_put(root, key, next);
		}
		root = next;
		path = slash + 1;
	}
	json_put(root, path, value);
}

struct fieldmap_run
fieldmap_inside(const struct fieldmap_run *run, json_object *source, const char *prefix)
{
	struct fieldmap_run inside = *run;

	inside.source = source;
	inside.prefix = prefix;
	return inside;
}

void
fieldmap_param(
    const struct fieldmap_run *run, const struct fieldmap *row, char ret[APIERROR_PARAM_MAX])
{
	if (run->prefix != NULL)
		field_name(ret, "%s.%s", run->prefix, row->from);
	else
		field_name(ret, "%s", row->from);
}

static bool
has_kind(json_object *value, enum field_kind kind)
{
	switch (kind) {
	case FK_ANY:
		return true;
	case FK_STR:
		return json_object_is_type(value, json_type_string);
	case FK_INT:
		return json_object_is_type(value, json_type_int) ||
		       (json_object_is_type(value, json_type_double) &&
			   json_object_get_double(value) == floor(json_object_get_double(value)) &&
			   fabs(json_object_get_double(value)) < 0x1p53);
	case FK_NUM:
		return json_object_is_type(value, json_type_int) ||
		       (json_object_is_type(value, json_type_double) &&
			   isfinite(json_object_get_double(value)));
	case FK_BOOL:
		return json_object_is_type(value, json_type_boolean);
	case FK_OBJECT:
		return json_object_is_type(value, json_type_object);
	case FK_ARRAY:
		return json_object_is_type(value, json_type_array);
	}
	return false;
}

static int
check(const struct fieldmap *row, const char *param, json_object *value, struct apierror *err)
{
	const char *what = row->kind == FK_INT ? "integer" : "decimal";
	double number;

	if (!has_kind(value, row->kind))
		return fieldmap_bad_type(err, param, kinds[row->kind].expected, value);
	if (row->min == row->max || (row->kind != FK_INT && row->kind != FK_NUM))
		return 0;
	number = json_object_get_double(value);
	if (number < row->min)
		return apierror_set(err, APIERROR_BAD_VALUE, param,
		    "Invalid '%s': %s below minimum value. Expected a value >= "
		    "%.12g, but got %.12g "
		    "instead.",
		    param, what, row->min, number);
	if (number > row->max)
		return apierror_set(err, APIERROR_BAD_VALUE, param,
		    "Invalid '%s': %s above maximum value. Expected a value <= "
		    "%.12g, but got %.12g "
		    "instead.",
		    param, what, row->max, number);
	return 0;
}

static int
place(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	json_object *result = NULL;

	if (row->emit != NULL && row->emit(run, row, value) != 0)
		return -1;
	if (row->conv != NULL && row->conv(run, row, value, &result) != 0)
		return -1;
	if (row->to == NULL)
		return 0;
	if (row->conv == NULL && row->kind == FK_INT)
		result = json_object_new_int64(json_int(value, 0));
	else if (row->conv == NULL)
		result = json_object_get(value);
	if (result != NULL)
		fieldmap_put(run->target, row->to, result);
	return 0;
}

/* A value that the need of its row forbids. */
static int
drop(struct fieldmap_run *run, const struct fieldmap *row, const char *param, json_object *value)
{
	json_object *result = NULL;
	bool says = row->noop == NULL || json_object_get_double(value) != *row->noop;

	if (says && row->conv != NULL) {
		if (row->conv(run, row, value, &result) != 0)
			return -1;
		says = result != NULL;
		json_object_put(result);
	}
	return says ? changes_note(run->changes, CHANGE_DROPPED, param, run->err) : 0;
}

static int
apply_row(const struct fieldmap *row, struct fieldmap_run *run)
{
	char param[APIERROR_PARAM_MAX];
	bool found;
	json_object *value = lookup(run->source, row->from, &found);

	if (value == NULL && (row->flags & FF_REQUIRED) == 0)
		return 0;
	fieldmap_param(run, row, param);
	if ((row->flags & FF_IGNORE) != 0) {
		changes_mention(run->changes, CHANGE_IGNORED, param);
		return 0;
	}
	if (!found)
		return fieldmap_missing(run->err, param);
	if ((row->flags & FF_REJECT) != 0)
		return apierror_set(run->err, APIERROR_UNSUPPORTED, param,
		    "Unsupported parameter: '%s' is not supported.", param);
	if (value == NULL)
		return fieldmap_bad_type(run->err, param, kinds[row->kind].expected, value);
	if (check(row, param, value, run->err) != 0)
		return -1;
	if ((run->have & row->need) != row->need ? drop(run, row, param, value) == 0
						 : place(run, row, value) == 0)
		return 0;
	if (run->err->param[0] == '\0')
		memcpy(run->err->param, param, sizeof(param));
	return -1;
}

static bool
is_known(const struct fieldmap *rows, const char *key)
{
	for (const struct fieldmap *row = rows; row->from != NULL; row++) {
		size_t len = (size_t)(strchrnul(row->from, '.') - row->from);

		if (strncmp(row->from, key, len) == 0 && key[len] == '\0')
			return true;
	}
	return false;
}

/* A key as the last token of a JSON pointer; cut when it is too long. */
static void
pointer_to(const char *key, char ret[APIERROR_PARAM_MAX])
{
	size_t len = 0;

	ret[len++] = '/';
	for (; *key != '\0' && len < APIERROR_PARAM_MAX - 2; key++) {
		bool escaped = *key == '~' || *key == '/';

		if (escaped)
			ret[len++] = '~';
		ret[len++] = !escaped ? *key : *key == '~' ? '0' : '1';
	}
	ret[len] = '\0';
}

static int
note_unknown(const struct fieldmap *rows, struct fieldmap_run *run)
{
	char at[APIERROR_PARAM_MAX];

	if (run->changes == NULL || !json_object_is_type(run->source, json_type_object))
		return 0;
	json_object_object_foreach(run->source, key, value)
	{
		if (value == NULL || is_known(rows, key))
			continue;
		if (run->prefix != NULL)
			field_name(at, "%s.%s", run->prefix, key);
		else
			pointer_to(key, at);
		if (changes_note(run->changes, CHANGE_IGNORED, at, run->err) != 0)
			return -1;
	}
	return 0;
}

int
fieldmap_apply(const struct fieldmap *rows, struct fieldmap_run *run)
{
	for (const struct fieldmap *row = rows; row->from != NULL; row++)
		if (apply_row(row, run) != 0)
			return -1;
	return note_unknown(rows, run);
}

/* The words of a list as OpenAI offers them: 'a', 'b', and 'c'. */
static void
offer(const struct field_word *words, char *ret, size_t size)
{
	size_t at = 0;

	ret[0] = '\0';
	for (const struct field_word *word = words; word->from != NULL && at < size; word++) {
		const char *joint = word == words ? "" : word[1].from == NULL ? ", and " : ", ";
		int len = snprintf(ret + at, size - at, "%s'%s'", joint, word->from);

		at += len > 0 ? (size_t)len : 0;
	}
}

int
fieldconv_word(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret)
{
	const struct field_word *words = row->arg;
	struct slice got = json_str(value);
	char param[APIERROR_PARAM_MAX], list[256];

	for (const struct field_word *word = words; word->from != NULL; word++) {
		if (!slice_eq(slice_str(word->from), got))
			continue;
		if (word->to != NULL)
			*ret = json_new_str(slice_str(word->to));
		return 0;
	}
	fieldmap_param(run, row, param);
	offer(words, list, sizeof(list));
	return fieldmap_bad_word(run->err, param, got, list);
}

int
fieldmap_apply_inside(struct fieldmap_run *run, const struct fieldmap *row,
    const struct fieldmap *fields, json_object *value)
{
	char prefix[APIERROR_PARAM_MAX];
	struct fieldmap_run inside;

	fieldmap_param(run, row, prefix);
	inside = fieldmap_inside(run, value, prefix);
	return fieldmap_apply(fields, &inside);
}
