/* Checks a body against its message, with the transcoder's words. */
#include "config.h"

#include <ctype.h>
#include <json-c/linkhash.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gjson.h"
#include "schema.h"

#define TEXT_MAX       (64UL * 1024)
#define QUOTED_MAX     512 /* of a bad value in a message */
#define VIOLATIONS_MAX 64

struct check {
	json_object *violations;
	struct buf path; /* of the message being checked: "contents[0].parts[1]" */
};

static void check_message(struct check *k, const struct message *m, json_object *value);

/* path: empty for the root, which has no name. */
static void
transcode_violation(struct check *k, struct slice path, const struct buf *text)
{
	json_object *row;

	if (json_object_array_length(k->violations) >= VIOLATIONS_MAX)
		return;
	row = json_object_new_object();
	if (path.len > 0)
		json_object_object_add(row, "field", gjson_new(path));
	json_object_object_add(row, "description", gjson_new(buf_slice(text)));
	json_object_array_add(k->violations, row);
}

static void
unknown_name(struct check *k, const char *name, const char *why)
{
	struct buf text;

	buf_init(&text, TEXT_MAX);
	buf_addf(&text, "Invalid JSON payload received. Unknown name \"%.*s\"", QUOTED_MAX, name);
	if (k->path.len > 0)
		buf_addf(&text, " at '%s'", k->path.data);
	buf_addf(&text, ": %s", why);
	transcode_violation(k, buf_slice(&k->path), &text);
	buf_release(&text);
}

/* why: NULL quotes the value. The path is that of the field itself. */
static void
invalid_value(struct check *k, const struct field *f, json_object *value, const char *why)
{
	struct buf text, quoted;

	buf_init(&text, TEXT_MAX);
	buf_init(&quoted, 16 * QUOTED_MAX);
	if (why != NULL) {
		buf_adds(&quoted, why);
	} else if (json_object_is_type(value, json_type_string)) {
		struct slice s = { json_object_get_string(value),
			(size_t)json_object_get_string_len(value) };

		s.len = s.len < QUOTED_MAX ? s.len : QUOTED_MAX;
		buf_addc(&quoted, '"');
		buf_add_json(&quoted, s);
		buf_addc(&quoted, '"');
	} else {
		buf_addf(&quoted, "%.*s", QUOTED_MAX,
		    json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN));
	}
	buf_addf(&text, "Invalid value at '%s' (%s), %s", k->path.data != NULL ? k->path.data : "",
	    f->type_name, quoted.data);
	transcode_violation(k, buf_slice(&k->path), &text);
	buf_release(&text);
	buf_release(&quoted);
}

static bool
is_integer(json_object *value, double min, double max)
{
	double number;
	char *end;

	if (json_object_is_type(value, json_type_string)) {
		const char *text = json_object_get_string(value);

		number = strtod(text, &end);
		if (*text == '\0' || *end != '\0' || isspace((unsigned char)*text))
			return false;
	} else if (json_object_is_type(value, json_type_int) ||
		   json_object_is_type(value, json_type_double)) {
		number = json_object_get_double(value);
	} else {
		return false;
	}
	return number == floor(number) && number >= min && number <= max;
}

static bool
is_float(json_object *value)
{
	const char *text;
	char *end;

	if (json_object_is_type(value, json_type_int) ||
	    json_object_is_type(value, json_type_double))
		return true;
	if (!json_object_is_type(value, json_type_string))
		return false;
	text = json_object_get_string(value);
	if (strcmp(text, "NaN") == 0 || strcmp(text, "Infinity") == 0 ||
	    strcmp(text, "-Infinity") == 0)
		return true;
	if (*text == '\0' || isspace((unsigned char)*text) || strpbrk(text, "xXiInN") != NULL)
		return false;
	strtod(text, &end);
	return *end == '\0';
}

static bool
is_bool(json_object *value)
{
	const char *text;

	if (json_object_is_type(value, json_type_boolean))
		return true;
	if (!json_object_is_type(value, json_type_string))
		return false;
	text = json_object_get_string(value);
	return strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
}

/* Names in any case, and numbers. */
static bool
is_enum(const struct field *f, json_object *value)
{
	size_t count = json_object_array_length(f->values);

	if (json_object_is_type(value, json_type_int))
		return true;
	if (!json_object_is_type(value, json_type_string))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (strcasecmp(json_object_get_string(json_object_array_get_idx(f->values, i)),
			json_object_get_string(value)) == 0)
			return true;
	}
	return false;
}

/* "1.5s" */
static bool
is_duration(const char *text)
{
	size_t digits = strspn(text + (*text == '-'), "0123456789.");

	text += (*text == '-') + digits;
	return digits > 0 && strcmp(text, "s") == 0;
}

/* "2026-11-22T12:00:00Z", fraction and offset allowed */
static bool
is_timestamp(const char *text)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:dd";
	size_t i;

	for (i = 0; shape[i] != '\0'; i++) {
		if (shape[i] == 'd' ? !isdigit((unsigned char)text[i]) : text[i] != shape[i])
			return false;
	}
	if (text[i] == '.') {
		i++;
		i += strspn(text + i, "0123456789");
	}
	if (strcmp(text + i, "Z") == 0)
		return true;
	return (text[i] == '+' || text[i] == '-') && strlen(text + i) == 6;
}

static void
check_text(struct check *k, const struct field *f, json_object *value)
{
	const char *text = json_object_get_string(value);
	const char *why = NULL;
	struct buf said;

	buf_init(&said, TEXT_MAX);
	if (!json_object_is_type(value, json_type_string)) {
		invalid_value(k, f, value, NULL);
	} else if (f->type == FIELD_BYTES) {
		if (!gbase64_valid(
			(struct slice){ text, (size_t)json_object_get_string_len(value) })) {
			buf_addf(&said, "Base64 decoding failed for \"%.*s\"", QUOTED_MAX, text);
			why = said.data;
		}
	} else if (f->type == FIELD_DURATION && !is_duration(text)) {
		buf_addf(&said, "Field '%s', Illegal duration format; duration must end with 's'",
		    f->proto_name);
		why = said.data;
	} else if (f->type == FIELD_TIMESTAMP && !is_timestamp(text)) {
		buf_addf(&said,
		    "Field '%s', Illegal timestamp format; timestamps must end with 'Z' or have "
		    "a valid timezone offset.",
		    f->proto_name);
		why = said.data;
	}
	if (why != NULL)
		invalid_value(k, f, value, why);
	buf_release(&said);
}

static void
check_scalar(struct check *k, const struct field *f, json_object *value)
{
	bool good = true;

	if (json_object_is_type(value, json_type_object) && f->type != FIELD_STRUCT &&
	    f->type != FIELD_VALUE) {
		invalid_value(k, f, value, "Starting an object on a scalar field");
		return;
	}
	switch (f->type) {
	case FIELD_STRING:
	case FIELD_BYTES:
	case FIELD_TIMESTAMP:
	case FIELD_DURATION:
	case FIELD_FIELDMASK:
		check_text(k, f, value);
		break;
	case FIELD_BOOL:
		good = is_bool(value);
		break;
	case FIELD_INT32:
		good = is_integer(value, -2147483648.0, 2147483647.0);
		break;
	case FIELD_INT64:
		good = is_integer(value, -9223372036854775808.0, 9223372036854775807.0);
		break;
	case FIELD_FLOAT:
	case FIELD_DOUBLE:
		good = is_float(value);
		break;
	case FIELD_ENUM:
		good = is_enum(f, value);
		break;
	case FIELD_STRUCT:
		good = json_object_is_type(value, json_type_object);
		break;
	case FIELD_VALUE:
	case FIELD_MESSAGE:
		break;
	}
	if (!good)
		invalid_value(k, f, value, NULL);
}

static void
check_one(struct check *k, const struct field *f, json_object *value)
{
	if (f->type != FIELD_MESSAGE)
		check_scalar(k, f, value);
	else if (json_object_is_type(value, json_type_object))
		check_message(k, f->message, value);
	else
		invalid_value(k, f, value, NULL);
}

/* Runs check_one with "[i]" and `more` on the path for a while. */
static void
check_element(
    struct check *k, const struct field *f, json_object *value, size_t i, const char *more)
{
	size_t mark = k->path.len;

	buf_addf(&k->path, "[%zu]%s", i, more);
	check_one(k, f, value);
	k->path.len = mark;
	k->path.data[mark] = '\0';
}

static void
check_field(struct check *k, const struct field *f, const char *name, json_object *value)
{
	size_t mark = k->path.len;

	if (value == NULL && f->type != FIELD_VALUE)
		return; /* null is as good as absent */
	if (json_object_is_type(value, json_type_array) && !f->repeated && f->type != FIELD_VALUE) {
		unknown_name(k, name, "Proto field is not repeating, cannot start list.");
		return;
	}
	buf_addf(&k->path, "%s%s", mark > 0 ? "." : "", f->proto_name);
	if (f->map) {
		size_t i = 0;

		if (json_object_is_type(value, json_type_object)) {
			json_object_object_foreach(value, key, member)
			{
				(void)key;
				check_element(k, f, member, i++, ".value");
			}
		} else {
			invalid_value(k, f, value, NULL);
		}
	} else if (f->repeated && json_object_is_type(value, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(value); i++)
			check_element(k, f, json_object_array_get_idx(value, i), i, "");
	} else {
		check_one(k, f, value);
	}
	k->path.len = mark;
	k->path.data[mark] = '\0';
}

static void
check_message(struct check *k, const struct message *m, json_object *value)
{
	json_object_object_foreach(value, name, member)
	{
		struct field *f = NULL;

		if (lh_table_lookup_ex(m->fields, name, (void **)&f))
			check_field(k, f, name, member);
		else
			unknown_name(k, name, "Cannot find field.");
	}
}

void
schema_check(const struct message *m, json_object *body, json_object *violations)
{
	struct check k = { .violations = violations };

	buf_init(&k.path, TEXT_MAX);
	check_message(&k, m, body);
	buf_release(&k.path);
}
