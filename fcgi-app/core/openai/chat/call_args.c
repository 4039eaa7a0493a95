/*
 * Arguments of calls in the history, as clients have kept them. Google takes an object (a Struct);
 * what it could not tell as one goes as its text, under `_raw`.
 */
#include "config.h"

#include "core/openai/chat/chat_read.h"
#include "core/gemini/struct_text.h"

static json_object *
raw_args(struct slice text)
{
	json_object *args = json_object_new_object();

	json_put_str(args, "_raw", text);
	return args;
}

/* Numbers that a double does not hold go as strings: nothing else can tell them. */
static json_object *
quoted_args(struct slice text)
{
	json_object *args;
	struct buf out;

	buf_init(&out, SIZE_MAX / 2); /* twice the text at most */
	struct_text_quote(text, &out);
	args = json_read(buf_slice(&out));
	buf_release(&out);
	return args != NULL ? args : raw_args(text);
}

/* Names of arguments say what they are in any order; nobody looks for `$ref` there. */
static json_object *
object_args(struct slice text, bool *ret_changed)
{
	static const unsigned harmless = STRUCT_DIGITS | STRUCT_ORDER | STRUCT_REF;
	json_object *args;
	unsigned losses = struct_text_read(text, &args) & ~harmless;

	*ret_changed = true;
	if (!json_object_is_type(args, json_type_object) || (losses & ~STRUCT_VALUE) != 0) {
		json_object_put(args);
		return NULL;
	}
	if (losses == 0) {
		*ret_changed = false;
		return args;
	}
	json_object_put(args);
	return quoted_args(text);
}

/* PHP's empty object is a list. */
static bool
is_empty(struct slice text)
{
	json_object *list;
	bool empty;

	if (text.len == 0 || slice_eq(text, SLICE("null")) || slice_eq(text, SLICE("\"\"")))
		return true;
	if (text.ptr[0] != '[')
		return false;
	list = json_read(text);
	empty = json_object_is_type(list, json_type_array) && json_object_array_length(list) == 0;
	json_object_put(list);
	return empty;
}

/* The text within a text, or NULL: some clients encode twice. */
static json_object *
inner_text(struct slice text)
{
	json_object *string = text.ptr[0] == '"' ? json_read(text) : NULL;

	if (json_object_is_type(string, json_type_string))
		return string;
	json_object_put(string);
	return NULL;
}

static json_object *
args_of_text(struct slice whole, bool *ret_changed)
{
	struct slice text = slice_trim(whole);
	json_object *args, *inner;

	*ret_changed = false;
	if (is_empty(text))
		return json_object_new_object();
	args = object_args(text, ret_changed);
	if (args != NULL)
		return args;
	inner = inner_text(text);
	if (inner != NULL) {
		text = slice_trim(json_str(inner));
		args = is_empty(text) ? json_object_new_object() : object_args(text, ret_changed);
		*ret_changed = true;
		json_object_put(inner);
	}
	return args != NULL ? args : raw_args(whole);
}

json_object *
chat_call_args(json_object *arguments, bool *ret_changed)
{
	json_object *args;
	struct buf text;

	if (arguments == NULL || json_object_is_type(arguments, json_type_string))
		return args_of_text(json_str(arguments), ret_changed);
	buf_init(&text, SIZE_MAX / 2);
	json_write(arguments, &text);
	args = args_of_text(buf_slice(&text), ret_changed);
	buf_release(&text);
	return args;
}

json_object *
chat_custom_args(json_object *input)
{
	json_object *args = json_object_new_object();
	struct buf text;

	if (input == NULL || json_object_is_type(input, json_type_string)) {
		json_put(args, "input",
		    input != NULL ? json_object_get(input) : json_object_new_string(""));
		return args;
	}
	buf_init(&text, SIZE_MAX / 2);
	json_write(input, &text);
	json_put_str(args, "input", buf_slice(&text));
	buf_release(&text);
	return args;
}
