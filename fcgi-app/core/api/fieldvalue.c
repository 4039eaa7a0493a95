/* What clients mean by values of another kind than the one that is due. */
#include "config.h"

#include <math.h>

#include "base/xalloc.h"
#include "core/api/fieldmap.h"
#include "core/json/json.h"

#define NUMBER_TEXT_MAX 64 /* bytes of a number in a string */

static bool
value_is_number(json_object *value)
{
	return json_object_is_type(value, json_type_int) ||
	       (json_object_is_type(value, json_type_double) &&
		   isfinite(json_object_get_double(value)));
}

/* A new reference, or NULL. */
static json_object *
meant_number(json_object *value)
{
	struct slice text = slice_trim(json_str(value));
	json_object *number;

	if (value_is_number(value))
		return json_object_get(value);
	if (text.len == 0 || text.len > NUMBER_TEXT_MAX)
		return NULL;
	number = json_read(text);
	if (value_is_number(number))
		return number;
	json_object_put(number);
	return NULL;
}

static json_object *
meant_integer(json_object *value)
{
	json_object *number = meant_number(value);
	double decimal;

	if (!json_object_is_type(number, json_type_double))
		return number;
	decimal = json_object_get_double(number);
	json_object_put(number);
	if (decimal != floor(decimal))
		return NULL;
	if (decimal >= 0x1p63)
		return json_object_new_int64(INT64_MAX);
	return json_object_new_int64(decimal < -0x1p63 ? INT64_MIN : (int64_t)decimal);
}

static json_object *
meant_boolean(json_object *value)
{
	static const struct {
		struct slice word;
		bool value;
	} words[] = { { { "true", 4 }, true }, { { "false", 5 }, false }, { { "1", 1 }, true },
		{ { "0", 1 }, false } };
	struct slice text = slice_trim(json_str(value));

	if (json_object_is_type(value, json_type_boolean))
		return json_object_get(value);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (slice_eqi(text, words[i].word))
			return json_object_new_boolean(words[i].value);
	if (!value_is_number(value))
		return NULL;
	if (json_object_get_double(value) == 0)
		return json_object_new_boolean(0);
	return json_object_get_double(value) == 1 ? json_object_new_boolean(1) : NULL;
}

json_object *
field_meant(enum field_kind kind, json_object *value)
{
	switch (kind) {
	case FK_ANY:
		return json_object_get(value);
	case FK_STR:
		return json_object_is_type(value, json_type_string) ? json_object_get(value) : NULL;
	case FK_INT:
		return meant_integer(value);
	case FK_NUM:
		return meant_number(value);
	case FK_BOOL:
		return meant_boolean(value);
	case FK_OBJECT:
		if (json_is_empty_list(value))
			return json_object_new_object();
		return json_object_is_type(value, json_type_object) ? json_object_get(value) : NULL;
	case FK_ARRAY:
		if (json_object_is_type(value, json_type_object) &&
		    json_object_object_length(value) == 0)
			return json_object_new_array();
		return json_object_is_type(value, json_type_array) ? json_object_get(value) : NULL;
	}
	return NULL;
}
