/*
 * Items of the Responses API as messages in chat's form: what one item says becomes one message, so
 * that chat's readers do the rest.
 */
#include "config.h"

#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "input.h"

static int
item_read_message(struct intake *t, json_object *item, const char *at, json_object **ret_message)
{
	static const char *const roles[] = { "user", "assistant", "system", "developer" };
	json_object *role, *content;
	char param[APIERROR_PARAM_MAX];
	size_t i = 0;

	if (responses_member_string(t, item, at, "role", &role) != 0)
		return -1;
	while (i < ARRAY_SIZE(roles) && !slice_eq(json_str(role), slice_str(roles[i])))
		i++;
	field_name(param, "%s.role", at);
	if (i == ARRAY_SIZE(roles))
		return fieldmap_bad_word(t->err, param, json_str(role),
		    "'user', 'assistant', 'system', and 'developer'");
	*ret_message = json_object_new_object();
	json_share(*ret_message, "role", role);
	if (json_object_object_get_ex(item, "content", &content))
		json_put(*ret_message, "content", json_object_get(content));
	json_share(*ret_message, "extra_content", json_get(item, "extra_content"));
	return 0;
}

static const struct item_name call_names[] = { { ".tool_calls[0].function", "" },
	{ ".tool_calls[0].custom", "" }, { ".tool_calls[0]", "" }, { 0 } };

static int
item_add_call(struct intake *t, json_object *item, const char *at, const char *type,
    json_object *text, const char *text_key, json_object **ret_message)
{
	json_object *name, *call, *body;

	if (responses_member_word(t, item, at, "name", &name) != 0)
		return -1;
	body = json_object_new_object();
	json_share(body, "name", name);
	json_share(body, "namespace", json_get(item, "namespace"));
	json_share(body, text_key, text);
	*ret_message = responses_call_new(type, responses_call_id(item), body);
	json_object_put(body);
	call = json_object_array_get_idx(json_get_array(*ret_message, "tool_calls"), 0);
	json_share(call, CHAT_OTHER_ID, json_get(item, "id"));
	json_share(call, "extra_content", json_get(item, "extra_content"));
	return 0;
}

static int
item_read_function(struct intake *t, json_object *item, const char *at, json_object **ret_message)
{
	json_object *text = json_get(item, "arguments");

	if (text != NULL && !json_object_is_type(text, json_type_object) &&
	    !json_object_is_type(text, json_type_array) &&
	    responses_member_string(t, item, at, "arguments", &text) != 0)
		return -1;
	return item_add_call(t, item, at, "function", text, "arguments", ret_message);
}

static int
item_read_custom(struct intake *t, json_object *item, const char *at, json_object **ret_message)
{
	json_object *text;

	if (responses_member_string(t, item, at, "input", &text) != 0)
		return -1;
	return item_add_call(t, item, at, "custom", text, "input", ret_message);
}

static const struct item_name result_names[] = { { ".content", ".output" },
	{ ".tool_call_id", ".call_id" }, { 0 } };

/* What it says of its call is read where all calls are known. */
static int
item_read_result(struct intake *t, json_object *item, const char *at, json_object **ret_message)
{
	(void)t, (void)at;
	*ret_message = responses_message_new("tool");
	json_share(*ret_message, "tool_call_id", json_get(item, "call_id"));
	json_share(*ret_message, "name", json_get(item, "name"));
	json_share(*ret_message, "content", json_get(item, "output"));
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
	*ret_message = responses_message_new("assistant");
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
item_read_image(struct intake *t, json_object *item, const char *at, json_object **ret_message)
{
	json_object *result = json_get(item, "result"), *part, *list, *signature;
	struct buf url;

	if (result == NULL)
		return 0;
	if (responses_member_string(t, item, at, "result", &result) != 0)
		return -1;
	buf_init(&url, TRANSLATED_MAX);
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
	*ret_message = responses_message_new("assistant");
	json_put(*ret_message, "content", list);
	return 0;
}

/* ---- items that say nothing ---- */

/* Tools that it brings are declared already. */
static int
read_nothing(struct intake *t, json_object *item, const char *at, json_object **ret_message)
{
	(void)t, (void)item, (void)at, (void)ret_message;
	return 0;
}

/* ---- items ---- */

static const struct item_name compaction_names[] = { { ".content", ".encrypted_content" }, { 0 } };
static const struct item_name screenshot_names[] = { { ".content[0].image_url",
							 ".output.image_url" },
	{ ".content[0].file_id", ".output.file_id" }, { ".content[0]", ".output" },
	{ ".content", ".output" }, { ".tool_call_id", ".call_id" }, { 0 } };

/* clang-format off */
static const struct item_type item_types[] = {
	{ "message",                 item_read_message,   NULL },
	{ "function_call",           item_read_function,  call_names },
	{ "function_call_output",    item_read_result,    result_names },
	{ "custom_tool_call",        item_read_custom,    call_names },
	{ "custom_tool_call_output", item_read_result,    result_names },
	{ "reasoning",               read_reasoning, reasoning_names },
	{ "image_generation_call",   item_read_image,     image_names },
	{ "compaction",              responses_compaction_read,      compaction_names },
	{ "compaction_trigger",      responses_trigger_read,         NULL },
	{ "additional_tools",        read_nothing,   NULL },
	{ "tool_search_call",        responses_search_call_read,     call_names },
	{ "tool_search_output",      responses_search_output_read,   result_names },
	{ "shell_call",              responses_client_call_read,     call_names },
	{ "shell_call_output",       responses_client_output_read,   result_names },
	{ "local_shell_call",        responses_client_call_read,     call_names },
	{ "local_shell_call_output", responses_client_output_read,   result_names },
	{ "apply_patch_call",        responses_client_call_read,     call_names },
	{ "apply_patch_call_output", responses_client_output_read,   result_names },
	{ "computer_call",           responses_computer_call_read,   call_names },
	{ "computer_call_output",    responses_computer_output_read, screenshot_names },
	{ "mcp_call",                responses_mcp_call_read,        call_names },
	{ "file_search_call",        responses_file_search_read,     call_names },
	{ "code_interpreter_call",   responses_code_read,            NULL },
	{ "web_search_call",         responses_item_skip,            NULL },
	{ "mcp_list_tools",          responses_item_drop,            NULL },
	{ "mcp_approval_request",    responses_item_drop,            NULL },
	{ "mcp_approval_response",   responses_item_drop,            NULL },
	{ "program",                 responses_item_drop,            NULL },
	{ "program_output",          responses_item_drop,            NULL },
};
/* clang-format on */

static const struct item_type unknown_type = { "", read_nothing, NULL };

static int
find_unknown(struct intake *t, const char *at, struct slice word, const struct item_type **ret)
{
	const struct fieldmap_run run = { .changes = t->read->env->changes, .err = t->err };
	struct buf words;
	int rc;

	buf_init(&words, 4 * KIB);
	for (size_t i = 0; i < ARRAY_SIZE(item_types); i++)
		buf_addf(&words, "'%s', ", item_types[i].type);
	buf_adds(&words, "and 'item_reference'");
	*ret = &unknown_type;
	rc = fieldmap_drop_word(&run, at, ".type", word, words.data);
	buf_release(&words);
	return rc;
}

int
responses_type_find(
    struct intake *t, json_object *item, const char *at, const struct item_type **ret)
{
	json_object *type = json_get(item, "type");
	struct slice word = type != NULL ? json_str(type) : SLICE("message");
	char param[APIERROR_PARAM_MAX];

	field_name(param, "%s.type", at);
	if (!json_object_is_type(item, json_type_object))
		return fieldmap_bad_type(t->err, at, "an object", item);
	if (type != NULL && !json_object_is_type(type, json_type_string))
		return fieldmap_bad_type(t->err, param, "a string", type);
	for (size_t i = 0; i < ARRAY_SIZE(item_types); i++) {
		*ret = &item_types[i];
		if (slice_eq(word, slice_str((*ret)->type)))
			return 0;
	}
	return find_unknown(t, at, word, ret);
}
