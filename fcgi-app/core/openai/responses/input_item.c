/* What the readers of items share: their members, and the messages that they become. */
#include "config.h"

#include <string.h>

#include "input.h"

int
responses_member_string(
    struct intake *t, json_object *item, const char *at, const char *key, json_object **ret)
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

	if (responses_member_string(t, item, at, key, ret) != 0)
		return -1;
	field_name(param, "%s.%s", at, key);
	if (json_str(*ret).len == 0)
		return apierror_set(t->err, APIERROR_BAD_VALUE, param,
		    "Invalid '%s': empty string. Expected a string with minimum length 1, but got "
		    "an empty string instead.",
		    param);
	return 0;
}

json_object *
responses_message_new(const char *role)
{
	json_object *message = json_object_new_object();

	json_put(message, "role", json_object_new_string(role));
	return message;
}

json_object *
responses_call_id(json_object *item)
{
	json_object *id = json_get(item, "call_id");

	return chat_id_text(id).len > 0 ? id : json_get(item, "id");
}

json_object *
responses_call_new(const char *type, json_object *id, json_object *body)
{
	const char *key = strcmp(type, "custom") == 0 ? type : "function";
	json_object *message = responses_message_new("assistant");
	json_object *call = json_object_new_object(), *calls = json_object_new_array();

	json_share(call, "id", id);
	json_put(call, "type", json_object_new_string(type));
	json_put(call, key, json_object_get(body));
	json_append(calls, call);
	json_put(message, "tool_calls", calls);
	return message;
}

json_object *
responses_result_new(json_object *id, json_object *content)
{
	json_object *message = responses_message_new("tool");

	json_share(message, "tool_call_id", id);
	json_put(message, "content", content);
	return message;
}

int
responses_item_drop(struct intake *t, json_object *item, const char *at, json_object **ret_message)
{
	(void)item, (void)ret_message;
	return changes_note(t->read->env->changes, CHANGE_DROPPED, at, t->err);
}

int
responses_item_skip(struct intake *t, json_object *item, const char *at, json_object **ret_message)
{
	(void)item, (void)ret_message;
	changes_mention(t->read->env->changes, CHANGE_DROPPED, at);
	return 0;
}
