/* Looks up, checks and places fields by a table; the words of its refusals are OpenAI's. */
#include "config.h"

#include "core/api/fieldmap.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/json/json.h"

#define NAME_MAX_SHOWN 40 /* bytes of a caller's word that an error repeats */
#define KEY_ROOM       64 /* for one key of a row's path, with its end */

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

/* The member at a dotted path: what holds it, or NULL, and its key there. */
static json_object *
fieldmap_lookup(json_object *source, const char *path, char ret_key[KEY_ROOM])
{
	for (;;) {
		const char *dot = strchrnul(path, '.');
		size_t len = (size_t)(dot - path);

		if (len >= KEY_ROOM)
			return NULL;
		memcpy(ret_key, path, len);
		ret_key[len] = '\0';
		if (*dot == '\0' || source == NULL)
			return source;
		source = json_get(source, ret_key);
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

/* A number out of its row's range: refused, or the nearest that is in it in *value, or NULL. */
static int
fieldmap_clamp(
    struct fieldmap_run *run, const struct fieldmap *row, const char *param, json_object **value)
{
	const char *what = row->kind == FK_INT ? "integer" : "decimal";
	double number = json_object_get_double(*value);
	bool low = number < row->min, lost = low && (row->flags & FF_NO_LOW) != 0;
	double limit = low ? row->min : row->max;

	if (row->min == row->max || (row->kind != FK_INT && row->kind != FK_NUM) ||
	    (!low && number <= row->max))
		return 0;
	if ((row->flags & FF_EXACT) != 0)
		return apierror_set(run->err, APIERROR_BAD_VALUE, param,
		    "Invalid '%s': %s %s value. Expected a value %s %.12g, but got %.12g instead.",
		    param, what, low ? "below minimum" : "above maximum", low ? ">=" : "<=", limit,
		    number);
	if (changes_note(run->changes, lost ? CHANGE_DROPPED : CHANGE_CLAMPED, param, run->err) !=
	    0)
		return -1;
	json_object_put(*value);
	if (lost)
		*value = NULL;
	else if (row->kind == FK_INT)
		*value = json_object_new_int64((int64_t)limit);
	else
		*value = json_object_new_double(limit);
	return 0;
}

/* A value may have been made when its change is refused. */
static int
fieldmap_convert(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret)
{
	*ret = NULL;
	if (row->conv(run, row, value, ret) == 0)
		return 0;
	json_object_put(*ret);
	*ret = NULL;
	return -1;
}

static int
fieldmap_place(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	json_object *result = NULL;

	if (row->emit != NULL && row->emit(run, row, value) != 0)
		return -1;
	if (row->conv != NULL && fieldmap_convert(run, row, value, &result) != 0)
		return -1;
	if (row->to == NULL)
		return 0;
	if (row->conv == NULL)
		result = json_object_get(value);
	if (result != NULL)
		fieldmap_put(run->target, row->to, result);
	return 0;
}

/* A value that the need of its row forbids. */
static int
fieldmap_drop(
    struct fieldmap_run *run, const struct fieldmap *row, const char *param, json_object *value)
{
	json_object *result = NULL;
	bool says = row->noop == NULL || json_object_get_double(value) != *row->noop;

	if (says && row->conv != NULL) {
		if (fieldmap_convert(run, row, value, &result) != 0)
			return -1;
		says = result != NULL;
		json_object_put(result);
	}
	return says ? changes_note(run->changes, CHANGE_DROPPED, param, run->err) : 0;
}

/* The value at key of holder, which becomes what was meant by it: an emit may keep it, and the
 * answer may repeat it. */
static int
apply_value(struct fieldmap_run *run, const struct fieldmap *row, const char *param,
    json_object *holder, const char *key)
{
	json_object *value = json_get(holder, key), *meant = field_meant(row->kind, value);
	bool met = (run->have & row->need) == row->need;
	int rc = -1;

	if (meant == NULL)
		return fieldmap_bad_type(run->err, param, kinds[row->kind].expected, value);
	if (met && fieldmap_clamp(run, row, param, &meant) != 0)
		goto out;
	if (meant != value)
		json_put(holder, key, json_object_get(meant));
	if (meant == NULL)
		return 0;
	rc = met ? fieldmap_place(run, row, meant) : fieldmap_drop(run, row, param, meant);
out:
	json_object_put(meant);
	return rc;
}

static int
apply_row(const struct fieldmap *row, struct fieldmap_run *run)
{
	char param[APIERROR_PARAM_MAX], key[KEY_ROOM];
	json_object *holder = fieldmap_lookup(run->source, row->from, key);

	if (json_get(holder, key) == NULL && (row->flags & FF_REQUIRED) == 0)
		return 0;
	fieldmap_param(run, row, param);
	if ((row->flags & FF_IGNORE) != 0) {
		changes_mention(run->changes, CHANGE_IGNORED, param);
		return 0;
	}
	if (json_get(holder, key) == NULL)
		return fieldmap_missing(run->err, param);
	if ((row->flags & FF_REJECT) != 0)
		return apierror_set(run->err, APIERROR_UNSUPPORTED, param,
		    "Unsupported parameter: '%s' is not supported.", param);
	if (apply_value(run, row, param, holder, key) == 0)
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
fieldmap_pointer_to(const char *key, char ret[APIERROR_PARAM_MAX])
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
			fieldmap_pointer_to(key, at);
		if (changes_note(run->changes, CHANGE_IGNORED, at, run->err) != 0)
			return -1;
	}
	return 0;
}

/* One of 64 bits for a key, by its first two letters; `path` may go on behind it. */
static uint64_t
key_bit(const char *path)
{
	unsigned first = (unsigned char)path[0], second = first != 0 ? (unsigned char)path[1] : 0;

	return 1ULL << ((first * 7 + (second != '.' ? second : 0)) & 63);
}

/* The bits of all keys: most rows are for fields that are not there, which this tells sooner than a
 * search. */
static uint64_t
keys_present(json_object *source)
{
	uint64_t bits = 0;

	if (!json_object_is_type(source, json_type_object))
		return 0;
	json_object_object_foreach(source, key, value)
	{
		(void)value;
		bits |= key_bit(key);
	}
	return bits;
}

int
fieldmap_apply(const struct fieldmap *rows, struct fieldmap_run *run)
{
	uint64_t present = keys_present(run->source);

	for (const struct fieldmap *row = rows; row->from != NULL; row++) {
		if ((key_bit(row->from) & present) == 0 && (row->flags & FF_REQUIRED) == 0)
			continue;
		if (apply_row(row, run) != 0)
			return -1;
	}
	return note_unknown(rows, run);
}

/* The words of a list as OpenAI offers them: 'a', 'b', and 'c'. */
static void
fieldmap_offer(const struct field_word *words, char *ret, size_t size)
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
		if (!slice_eqi(slice_str(word->from), got))
			continue;
		if (word->to != NULL)
			*ret = json_new_str(slice_str(word->to));
		return 0;
	}
	fieldmap_param(run, row, param);
	fieldmap_offer(words, list, sizeof(list));
	return fieldmap_drop_word(run, param, "", got, list);
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
