/*
 * Items of the Responses API as messages in chat's form: what one item says becomes one message, so
 * that chat's readers do the rest.
 */
#include "config.h"

#include "base/limits.h"
#include "base/xalloc.h"
#include "responses_input.h"

/* A member that must be a string. */
static int
want_string(struct intake *t, json_object *item, const char *at, const char *key, json_object **ret)
{
	char param[APIERROR_PARAM_MAX];

	*ret = json_get(item, key);
	field_name(param, "%s.%s", at, key);
	if (*ret == NULL)
		return fieldmap_missing(t->err, param);
	if (!json_object_is_type(*ret, json_type_string))
		return fieldmap_bad_type(t->err, param, "a string", *ret);
	return 0;
}

int
responses_member_word(
    struct intake *t, json_object *item, const char *at, const char *key, json_object **ret)
{
	char param[APIERROR_PARAM_MAX];

	if (want_string(t, item, at, key, ret) != 0)
		return -1;
	field_name(param, "%s.%s", at, key);
	if (json_str(*ret).len == 0)
		return apierror_set(t->err, APIERROR_BAD_VALUE, param,
		    "Invalid '%s': empty string. Expected a string with minimum length 1, but got "
		    "an empty string instead.",
		    param);
	return 0;
}

static void
share(json_object *to, const char *key, json_object *value)
{
	if (value != NULL)
		json_put(to, key, json_object_get(value));
}

static int
read_message(struct intake *t, json_object *item, const char *at, json_object **ret_message)
{
	static const char *const roles[] = { "user", "assistant", "system", "developer" };
	json_object *role, *content;
	char param[APIERROR_PARAM_MAX];
	size_t i = 0;

	if (want_string(t, item, at, "role", &role) != 0)
		return -1;
	while (i < ARRAY_SIZE(roles) && !slice_eq(json_str(role), slice_str(roles[i])))
		i++;
	field_name(param, "%s.role", at);
	if (i == ARRAY_SIZE(roles))
		return fieldmap_bad_word(t->err, param, json_str(role),
		    "'user', 'assistant', 'system', and 'developer'");
	*ret_message = json_object_new_object();
	share(*ret_message, "role", role);
	if (json_object_object_get_ex(item, "content", &content))
		json_put(*ret_message, "content", json_object_get(content));
	share(*ret_message, "extra_content", json_get(item, "extra_content"));
	return 0;
}

static json_object *
new_message(const char *role)
{
	json_object *message = json_object_new_object();

	json_put(message, "role", json_object_new_string(role));
	return message;
}

/* Some clients have the id of the item alone. */
static json_object *
call_id_of(json_object *item)
{
	json_object *id = json_get(item, "call_id");

	return chat_id_text(id).len > 0 ? id : json_get(item, "id");
}

static const struct item_name call_names[] = { { ".tool_calls[0].function", "" },
	{ ".tool_calls[0].custom", "" }, { ".tool_calls[0]", "" }, { 0 } };

static int
add_call(struct intake *t, json_object *item, const char *at, const char *type, json_object *text,
    const char *text_key, json_object **ret_message)
{
	json_object *name, *call, *body, *calls;

	if (responses_member_word(t, item, at, "name", &name) != 0)
		return -1;
	body = json_object_new_object();
	share(body, "name", name);
	share(body, text_key, text);
	call = json_object_new_object();
	share(call, "id", call_id_of(item));
	share(call, CHAT_OTHER_ID, json_get(item, "id"));
	json_put(call, "type", json_object_new_string(type));
	json_put(call, type, body);
	share(call, "extra_content", json_get(item, "extra_content"));
	calls = json_object_new_array();
	json_append(calls, call);
	*ret_message = new_message("assistant");
	json_put(*ret_message, "tool_calls", calls);
	return 0;
}

static int
read_function(struct intake *t, json_object *item, const char *at, json_object **ret_message)
{
	json_object *text = json_get(item, "arguments");

	if (text != NULL && !json_object_is_type(text, json_type_object) &&
	    !json_object_is_type(text, json_type_array) &&
	    want_string(t, item, at, "arguments", &text) != 0)
		return -1;
	return add_call(t, item, at, "function", text, "arguments", ret_message);
}

static int
read_custom(struct intake *t, json_object *item, const char *at, json_object **ret_message)
{
	json_object *text;

	if (want_string(t, item, at, "input", &text) != 0)
		return -1;
	return add_call(t, item, at, "custom", text, "input", ret_message);
}

static const struct item_name result_names[] = { { ".content", ".output" },
	{ ".tool_call_id", ".call_id" }, { 0 } };

/* What it says of its call is read where all calls are known. */
static int
read_result(struct intake *t, json_object *item, const char *at, json_object **ret_message)
{
	(void)t, (void)at;
	*ret_message = new_message("tool");
	share(*ret_message, "tool_call_id", json_get(item, "call_id"));
	share(*ret_message, "name", json_get(item, "name"));
	share(*ret_message, "content", json_get(item, "output"));
	return 0;
}

/* ---- what carries signatures ---- */

static const struct item_name reasoning_names[] = {
	{ ".extra_content.google.parts", ".encrypted_content" }, { "", ".encrypted_content" }, { 0 }
};

/* Our own encrypted_content is a signature and, behind a line end, traces of Google's tools; the
 * words of a thought are not sent back. OpenAI's begins like every token of its kind (Fernet). */
static int
read_reasoning(struct intake *t, json_object *item, const char *at, json_object **ret_message)
{
	json_object *content = json_get(item, "encrypted_content"), *list, *entry, *traces;
	struct slice rest = json_str(content), signature = SLICE("");
	char param[APIERROR_PARAM_MAX];

	field_name(param, "%s.encrypted_content", at);
	if (content == NULL)
		return 0;
	if (!json_object_is_type(content, json_type_string))
		return fieldmap_bad_type(t->err, param, "a string", content);
	if (slice_starts(rest, SLICE("gAAAA"))) {
		changes_mention(t->read->env->changes, CHANGE_DROPPED, param);
		return 0;
	}
	slice_split(&rest, '\n', &signature);
	*ret_message = new_message("assistant");
	if (signature.len > 0) {
		entry = json_object_new_object();
		json_put_str(entry, "type", SLICE("reasoning.encrypted"));
		json_put_str(entry, "data", signature);
		list = json_object_new_array();
		json_append(list, entry);
		json_put(*ret_message, "reasoning_details", list);
	}
	traces = json_read(rest);
	if (json_object_is_type(traces, json_type_array))
		fieldmap_put(*ret_message, "extra_content/google/parts", json_object_get(traces));
	json_object_put(traces);
	return 0;
}

/* The signature that the reasoning right in front brings: an image's is part of its own message. A
 * new reference, or NULL. */
static json_object *
take_signature(struct intake *t)
{
	json_object *last, *details, *signature;

	if (t->count == 0 || t->places[t->count - 1].type->read != read_reasoning)
		return NULL;
	last = json_object_array_get_idx(t->messages, t->count - 1);
	details = json_get_array(last, "reasoning_details");
	if (details == NULL)
		return NULL;
	signature = json_get(json_object_array_get_idx(details, 0), "data");
	json_object_get(signature);
	json_object_object_del(last, "reasoning_details");
	if (json_get(last, "extra_content") == NULL)
		json_object_array_put_idx(t->messages, t->count - 1, NULL);
	return signature;
}

static const struct item_name image_names[] = { { ".content[0].image_url", ".result" },
	{ ".content[0]", ".result" }, { ".content", ".result" }, { 0 } };

static int
read_image(struct intake *t, json_object *item, const char *at, json_object **ret_message)
{
	json_object *result = json_get(item, "result"), *part, *list, *signature;
	struct buf url;

	if (result == NULL)
		return 0;
	if (want_string(t, item, at, "result", &result) != 0)
		return -1;
	buf_init(&url, CHAT_BODY_MAX);
	buf_adds(&url, "data:;base64,");
	buf_add_slice(&url, json_str(result));
	part = json_object_new_object();
	json_put_str(part, "type", SLICE("input_image"));
	json_put_str(part, "image_url", buf_slice(&url));
	buf_release(&url);
	signature = take_signature(t);
	if (signature != NULL)
		fieldmap_put(part, "extra_content/google/thought_signature", signature);
	list = json_object_new_array();
	json_append(list, part);
	*ret_message = new_message("assistant");
	json_put(*ret_message, "content", list);
	return 0;
}

/* What Google's tools did is not told in OpenAI's words a second time. */
static int
read_nothing(struct intake *t, json_object *item, const char *at, json_object **ret_message)
{
	(void)t, (void)item, (void)at, (void)ret_message;
	return 0;
}

/* ---- items ---- */

static const struct item_name compaction_names[] = { { ".content", ".encrypted_content" }, { 0 } };

/* clang-format off */
static const struct item_type item_types[] = {
	{ "message",                 read_message,   NULL },
	{ "function_call",           read_function,  call_names },
	{ "function_call_output",    read_result,    result_names },
	{ "custom_tool_call",        read_custom,    call_names },
	{ "custom_tool_call_output", read_result,    result_names },
	{ "reasoning",               read_reasoning, reasoning_names },
	{ "image_generation_call",   read_image,     image_names },
	{ "compaction",              responses_compaction_read, compaction_names },
	{ "compaction_trigger",      responses_trigger_read, NULL },
	{ "web_search_call",         read_nothing,   NULL },
	{ "file_search_call",        read_nothing,   NULL },
	{ "code_interpreter_call",   read_nothing,   NULL },
};
/* clang-format on */

int
responses_type_find(
    json_object *item, const char *at, const struct item_type **ret, struct apierror *err)
{
	json_object *type = json_get(item, "type");
	struct slice word = type != NULL ? json_str(type) : SLICE("message");
	char param[APIERROR_PARAM_MAX];

	field_name(param, "%s.type", at);
	if (!json_object_is_type(item, json_type_object))
		return fieldmap_bad_type(err, at, "an object", item);
	if (type != NULL && !json_object_is_type(type, json_type_string))
		return fieldmap_bad_type(err, param, "a string", type);
	for (size_t i = 0; i < ARRAY_SIZE(item_types); i++) {
		*ret = &item_types[i];
		if (slice_eq(word, slice_str((*ret)->type)))
			return 0;
	}
	return fieldmap_bad_word(err, param, word,
	    "'message', 'function_call', 'function_call_output', 'custom_tool_call', "
	    "'custom_tool_call_output', 'reasoning', 'image_generation_call', 'compaction', "
	    "'compaction_trigger', 'web_search_call', "
	    "'file_search_call', 'code_interpreter_call', and 'item_reference'");
}
