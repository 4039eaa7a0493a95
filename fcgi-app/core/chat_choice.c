/* tool_choice in all its forms, and what becomes of it once all tools are known. */
#include "config.h"

#include <string.h>

#include "base/xalloc.h"
#include "chat_priv.h"

/* Allowed calls besides text, where the family has no mode for it. */
static const char allowed_auto[] = "VALIDATED";

/* A tool that a choice names: {type, function|custom: {name}}, {type, name}, or {name} alone, or a
 * built-in tool, which cannot be chosen. *ret_name: borrowed, NULL for a built-in. */
static int
chosen_name(struct fieldmap_run *run, json_object *tool, const char *at, json_object **ret_name,
    enum tool_kind *ret_kind)
{
	struct slice type = json_get_str(tool, "type");
	bool custom = slice_eq(type, SLICE("custom"));
	const char *key = custom ? "custom" : "function";
	json_object *body = json_get(tool, key), *name;
	char param[APIERROR_PARAM_MAX];

	*ret_name = NULL;
	*ret_kind = custom ? TOOL_CUSTOM : TOOL_FUNCTION;
	if (!json_is_object(tool))
		return fieldmap_bad_type(run->err, at, "an object", tool);
	if (json_get(tool, "type") != NULL && !custom && !slice_eq(type, SLICE("function"))) {
		field_name(param, "%s.type", at);
		return chat_builtin_find(type, BUILTIN_TYPE) != 0
		           ? 0
		           : fieldmap_bad_word(run->err, param, type,
				 "'function', 'custom', 'allowed_tools', and the types of "
				 "built-in tools");
	}
	name = json_get(body != NULL ? body : tool, "name");
	field_name(param, "%s%s%s.name", at, body != NULL ? "." : "", body != NULL ? key : "");
	if (name == NULL)
		return fieldmap_missing(run->err, param);
	if (!json_object_is_type(name, json_type_string))
		return fieldmap_bad_type(run->err, param, "a string", name);
	*ret_name = name;
	return 0;
}

/* Puts a declared function on the list of allowed ones. *ret_any: it was a function. */
static int
allow(struct fieldmap_run *run, json_object *tool, const char *at, bool *ret_any)
{
	struct chat_read *c = run->ctx;
	const struct tool_name *entry;
	enum tool_kind kind;
	json_object *name;

	if (chosen_name(run, tool, at, &name, &kind) != 0)
		return -1;
	if (name == NULL || (json_get(c->declared, json_object_get_string(name)) == NULL &&
				(chat_builtin_find(json_str(name), BUILTIN_NAME) & c->builtins)))
		return 0;
	if (json_get(c->declared, json_object_get_string(name)) == NULL)
		return apierror_set(run->err, APIERROR_BAD_VALUE, at,
		    "Invalid value for '%s': the function it names is not among the tools.", at);
	entry = chat_tool_name(c, name, kind, at, run->err);
	if (entry == NULL)
		return -1;
	if (c->allowed == NULL)
		c->allowed = json_object_new_array();
	json_append(c->allowed, json_object_new_string(entry->upstream));
	*ret_any = true;
	return 0;
}

/* Google takes a list of names in ANY and VALIDATED alone. body: {mode, tools}. */
static int
allow_list(struct fieldmap_run *run, json_object *body, const char *at)
{
	struct chat_read *c = run->ctx;
	json_object *list = json_get(body, "tools");
	struct slice mode = json_get_str(body, "mode");
	bool required = slice_eq(mode, SLICE("required")), any = false;
	char param[APIERROR_PARAM_MAX];

	field_name(param, "%s.mode", at);
	if (json_get(body, "mode") != NULL && !required && !slice_eq(mode, SLICE("auto")))
		return fieldmap_bad_word(run->err, param, mode, "'auto' and 'required'");
	field_name(param, "%s.tools", at);
	if (list == NULL)
		return fieldmap_missing(run->err, param);
	if (!json_object_is_type(list, json_type_array))
		return fieldmap_bad_type(run->err, param, "an array of objects", list);
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		if (json_object_array_get_idx(list, i) == NULL)
			continue;
		field_name(param, "%s.tools[%zu]", at, i);
		if (allow(run, json_object_array_get_idx(list, i), param, &any) != 0)
			return -1;
	}
	c->mode = !any ? "NONE" : required ? "ANY" : allowed_auto;
	/* A list of built-in tools alone allows those, and no function. */
	if (!any && json_object_array_length(list) > 0)
		c->by_tools = 0;
	return 0;
}

int
chat_choice_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	static const struct {
		const char *word, *mode;
	} words[] = { { "none", "NONE" }, { "auto", "AUTO" }, { "required", "ANY" } };
	struct chat_read *c = run->ctx;
	char param[APIERROR_PARAM_MAX];
	json_object *body;
	bool any = false;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (slice_eq(json_str(value), slice_str(words[i].word))) {
			c->mode = words[i].mode;
			return 0;
		}
	}
	if (json_object_is_type(value, json_type_string))
		return fieldmap_bad_word(
		    run->err, row->from, json_str(value), "'none', 'auto', and 'required'");
	if (json_is_empty_list(value))
		return 0;
	if (!json_object_is_type(value, json_type_object))
		return fieldmap_bad_type(run->err, row->from, "a string or an object", value);
	if (!slice_eq(json_get_str(value, "type"), SLICE("allowed_tools"))) {
		if (allow(run, value, row->from, &any) != 0)
			return -1;
		c->mode = any ? "ANY" : "AUTO";
		return 0;
	}
	body = json_get(value, "allowed_tools");
	if (body == NULL && json_get(value, "tools") != NULL)
		return allow_list(run, value, row->from);
	field_name(param, "%s.allowed_tools", row->from);
	if (body == NULL)
		return fieldmap_missing(run->err, param);
	if (!json_is_object(body))
		return fieldmap_bad_type(run->err, param, "an object", body);
	return allow_list(run, body, param);
}

/* ---- the end ---- */

/* Leaves the allowed declarations only: the same to the model. */
static void
keep_allowed(struct fieldmap_run *run)
{
	struct chat_read *c = run->ctx;
	json_object *list = chat_declarations(run->target), *keep = json_object_new_array();
	json_object *names = json_object_new_object();
	json_object *tools = json_get_array(run->target, "tools");

	for (size_t i = 0; i < json_object_array_length(c->allowed); i++)
		json_put(names, json_object_get_string(json_object_array_get_idx(c->allowed, i)),
		    json_object_new_boolean(1));
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		json_object *one = json_object_array_get_idx(list, i);

		if (json_get(names, json_object_get_string(json_get(one, "name"))) != NULL)
			json_append(keep, json_object_get(one));
	}
	json_put(json_object_array_get_idx(tools, 0), "functionDeclarations", keep);
	json_object_put(names);
	json_object_put(TAKE(c->allowed));
	changes_mention(run->changes, CHANGE_REWRITTEN, "tool_choice");
}

static void
put_mode(struct fieldmap_run *run, bool builtins)
{
	struct chat_read *c = run->ctx;
	bool validated = (c->family->can & FAMILY_VALIDATED) != 0;
	const char *mode = c->mode;

	if (mode == allowed_auto && !validated) {
		keep_allowed(run);
		mode = NULL;
	}
	if (mode != NULL && builtins && strcmp(mode, "AUTO") == 0)
		mode = NULL;
	else if ((mode == NULL || strcmp(mode, "AUTO") == 0) && !builtins && c->strict && validated)
		mode = "VALIDATED";
	if (mode != NULL)
		fieldmap_put(run->target, "toolConfig/functionCallingConfig/mode",
		    json_object_new_string(mode));
	if (c->allowed != NULL)
		fieldmap_put(run->target, "toolConfig/functionCallingConfig/allowedFunctionNames",
		    TAKE(c->allowed));
}

/* For models that call no functions; one that must be called is refused. */
static int
drop_functions(struct fieldmap_run *run)
{
	struct chat_read *c = run->ctx;

	if ((c->family->can & FAMILY_NO_CALLS) == 0)
		return 0;
	if (chat_calls_tell(run) != 0)
		return -1;
	if (!c->functions)
		return 0;
	if (c->mode != NULL && strcmp(c->mode, "ANY") == 0)
		return apierror_set(run->err, APIERROR_UNSUPPORTED, "tool_choice",
		    "Invalid value for 'tool_choice': the model '%s' cannot call functions.",
		    c->request->model.name);
	c->functions = false;
	c->mode = NULL;
	json_object_put(TAKE(c->allowed));
	json_object_object_del(run->target, "tools");
	return changes_note(run->changes, CHANGE_DROPPED,
	    c->request->legacy_functions ? "functions" : "tools", run->err);
}

int
chat_tools_finish(struct fieldmap_run *run)
{
	struct chat_read *c = run->ctx;
	bool builtins;

	if (drop_functions(run) != 0)
		return -1;
	if (chat_builtins_finish(run, &builtins) != 0)
		return -1;
	if (c->functions)
		put_mode(run, builtins);
	else if (c->mode != NULL && strcmp(c->mode, "ANY") == 0 &&
		 changes_note(run->changes, CHANGE_DROPPED, "tool_choice", run->err) != 0)
		return -1;
	if ((c->functions && builtins) || c->traces)
		fieldmap_put(run->target, "toolConfig/includeServerSideToolInvocations",
		    json_object_new_boolean(1));
	return 0;
}
