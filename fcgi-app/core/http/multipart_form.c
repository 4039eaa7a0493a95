/* The text fields of a form as JSON. */
#include "config.h"

#include "core/http/multipart.h"

#include "base/limits.h"
#include "base/xalloc.h"
#include "core/json/json.h"

static json_object *
form_read_number(struct slice text)
{
	json_object *number = json_read(text);

	if (json_object_is_type(number, json_type_int) ||
	    json_object_is_type(number, json_type_double))
		return number;
	json_object_put(number);
	return json_new_str(text);
}

static json_object *
read_bool(struct slice text)
{
	static const struct {
		struct slice word;
		bool value;
	} words[] = { { { "true", 4 }, true }, { { "false", 5 }, false }, { { "1", 1 }, true },
		{ { "0", 1 }, false } };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (slice_eqi(text, words[i].word))
			return json_object_new_boolean(words[i].value);
	return json_new_str(text);
}

static bool
is_seen(const struct multipart_part *part, const char *name)
{
	struct slice want = slice_str(name);

	return slice_starts(part->name, want) &&
	       (part->name.len == want.len || part->name.ptr[want.len] == '[');
}

static void
add_field(json_object *object, const struct multipart_field *field, struct slice text)
{
	json_object *list;

	switch (field->kind) {
	case FORM_STR:
		json_put_str(object, field->name, text);
		break;
	case FORM_NUM:
		json_put(object, field->name, form_read_number(slice_trim(text)));
		break;
	case FORM_BOOL:
		json_put(object, field->name, read_bool(slice_trim(text)));
		break;
	case FORM_LIST:
		list = json_get_array(object, field->name);
		if (list == NULL) {
			list = json_object_new_array();
			json_put(object, field->name, list);
		}
		json_append(list, json_new_str(text));
		break;
	case FORM_SEEN:
		json_put(object, field->name, json_object_new_boolean(1));
		break;
	}
}

/* The row of a part, or NULL. */
static const struct multipart_field *
field_of(const struct multipart_part *part, const struct multipart_field *fields)
{
	struct slice name = part->name;

	if (slice_ends(name, SLICE("[]")))
		name.len -= 2;
	for (const struct multipart_field *field = fields; field->name != NULL; field++)
		if (slice_eq(name, slice_str(field->name)) ||
		    (field->kind == FORM_SEEN && is_seen(part, field->name)))
			return field;
	return NULL;
}

int
multipart_json(const struct multipart *m, const struct multipart_field *fields, json_object **ret,
    struct apierror *err)
{
	json_object *object = json_object_new_object();
	size_t sum = 0;

	for (size_t i = 0; i < m->count; i++) {
		const struct multipart_part *part = &m->parts[i];
		const struct multipart_field *field = field_of(part, fields);

		if (field == NULL || part->body.len == 0)
			continue;
		sum += field->kind != FORM_SEEN ? part->body.len : 0;
		if (sum > FORM_TEXT_MAX) {
			json_object_put(object);
			return apierror_set(err, APIERROR_BAD_VALUE, field->name,
			    "Invalid '%s': its text is too long.", field->name);
		}
		add_field(object, field, part->body);
	}
	*ret = object;
	return 0;
}

/* A name as JSON pointer, cut when it is too long. */
static void
pointer_to(struct slice name, char ret[APIERROR_PARAM_MAX])
{
	size_t len = 0;

	ret[len++] = '/';
	for (size_t i = 0; i < name.len && len < APIERROR_PARAM_MAX - 2; i++) {
		bool escaped = name.ptr[i] == '~' || name.ptr[i] == '/';

		if (escaped)
			ret[len++] = '~';
		ret[len++] = !escaped ? name.ptr[i] : name.ptr[i] == '~' ? '0' : '1';
	}
	ret[len] = '\0';
}

int
multipart_note_rest(const struct multipart *m, const struct multipart_field *fields,
    const char *file, struct changes *changes, struct apierror *err)
{
	const struct multipart_field files[] = { { file, FORM_LIST }, { 0 } };
	char at[APIERROR_PARAM_MAX];

	for (size_t i = 0; i < m->count; i++) {
		if (field_of(&m->parts[i], fields) != NULL || field_of(&m->parts[i], files) != NULL)
			continue;
		pointer_to(m->parts[i].name, at);
		if (changes_note(changes, CHANGE_IGNORED, at, err) != 0)
			return -1;
	}
	return 0;
}
