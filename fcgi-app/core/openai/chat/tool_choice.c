/* tool_choice in all its forms, and what becomes of it once all tools are known. */
#include "config.h"

#include <string.h>

#include "base/xalloc.h"
#include "core/openai/chat/chat_read.h"

/* Allowed calls besides text, where the family has no mode for it. */
static const char allowed_auto[] = "VALIDATED";

/* A function that is declared, or NULL. space: its namespace, or NULL. */
static const struct tool_name *
find_declared(const struct chat_read *c, json_object *space, json_object *name, enum tool_kind kind)
{
	const struct tool_names *tools = c->request->tools;
	const struct tool_name *entry =
	    tool_names_find(tools, json_str(space), json_str(name), kind);

	/* As clients write it that know of no namespaces: in front of the name, or not at all. */
	if (entry == NULL && json_str(space).len == 0 && kind <= TOOL_CUSTOM)
		entry = tool_names_upstream(tools, json_str(name));
	if (entry == NULL && json_str(space).len == 0 && kind <= TOOL_CUSTOM)
		entry = tool_names_meant(tools, json_str(name));
	return entry != NULL && json_get(c->declared, entry->upstream) != NULL ? entry : NULL;
}

static void
allow_entry(struct chat_read *c, const struct tool_name *entry)
{
	if (c->allowed == NULL)
		c->allowed = json_object_new_array();
	json_append(c->allowed, json_object_new_string(entry->upstream));
}

/* One choice: what it names, and where it stands. */
struct choice {
	struct fieldmap_run *run;
	json_object *tool;
	const char *at;
	bool listed; /* among others */
	bool any;    /* it allowed a function */
};

static int
refuse_undeclared(const struct choice *ch)
{
	return apierror_set(ch->run->err, APIERROR_BAD_VALUE, ch->at,
	    "Invalid value for '%s': the function it names is not among the tools.", ch->at);
}

/* {type, function|custom: {name}}, {type, name}, or {name} alone. */
static int
allow_function(struct choice *ch, enum tool_kind kind)
{
	struct chat_read *c = ch->run->ctx;
	const char *key = kind == TOOL_CUSTOM ? "custom" : "function";
	json_object *body = json_get_object(ch->tool, key);
	json_object *named = body != NULL ? body : ch->tool, *name = json_get(named, "name");
	const struct tool_name *entry;
	char param[APIERROR_PARAM_MAX];

	field_name(param, "%s%s%s.name", ch->at, body != NULL ? "." : "", body != NULL ? key : "");
	if (name == NULL)
		return fieldmap_missing(ch->run->err, param);
	if (!json_object_is_type(name, json_type_string))
		return fieldmap_bad_type(ch->run->err, param, "a string", name);
	entry = find_declared(c, json_get(named, "namespace"), name, kind);
	if (entry == NULL && (chat_builtin_find(json_str(name), BUILTIN_NAME) & c->builtins) != 0)
		return 0;
	if (entry == NULL)
		return refuse_undeclared(ch);
	allow_entry(c, entry);
	ch->any = true;
	return 0;
}

/* {type, name}: every function of the namespace. */
static int
allow_namespace(struct choice *ch)
{
	struct chat_read *c = ch->run->ctx;
	struct slice space = json_get_str(ch->tool, "name");

	if (c->declared == NULL)
		return refuse_undeclared(ch);
	json_object_object_foreach(c->declared, upstream, unused)
	{
		const struct tool_name *entry =
		    tool_names_upstream(c->request->tools, slice_str(upstream));

		(void)unused;
		if (entry->space == NULL || !slice_eq(slice_str(entry->space), space))
			continue;
		allow_entry(c, entry);
		ch->any = true;
	}
	return ch->any ? 0 : refuse_undeclared(ch);
}

/* A tool that the client carries out. */
static int
allow_client_tool(struct choice *ch, enum tool_kind kind)
{
	struct chat_read *c = ch->run->ctx;
	const struct tool_name *entry = find_declared(c, NULL, json_get(ch->tool, "type"), kind);

	if (entry != NULL) {
		allow_entry(c, entry);
		ch->any = true;
		return 0;
	}
	/* The search of tools is not declared where it has nothing left to find. */
	if (ch->listed || kind == TOOL_SEARCH)
		return changes_note(ch->run->changes, CHANGE_DROPPED, ch->at, ch->run->err);
	return refuse_undeclared(ch);
}

/* A choice of it asks for an image and nothing else. */
static int
want_image(struct choice *ch)
{
	struct chat_read *c = ch->run->ctx;

	if ((c->family->can & FAMILY_IMAGE_OUT) != 0) {
		if (!ch->listed)
			c->modalities_said = c->image_wanted = true;
		return 0;
	}
	if (ch->listed)
		return changes_note(ch->run->changes, CHANGE_DROPPED, ch->at, ch->run->err);
	return apierror_set(ch->run->err, APIERROR_UNSUPPORTED, ch->at,
	    "'%s': the model '%s' cannot make images; use one whose name ends in '-image'.", ch->at,
	    c->request->model.name);
}

/* What Gemini has nothing like: an answer that does without is no answer when it is forced. */
static int
refuse_type(struct choice *ch, struct slice type)
{
	char param[APIERROR_PARAM_MAX];

	if (ch->listed)
		return changes_note(ch->run->changes, CHANGE_DROPPED, ch->at, ch->run->err);
	field_name(param, "%s.type", ch->at);
	return apierror_set(ch->run->err, APIERROR_BAD_VALUE, param,
	    "Invalid value for '%s': Gemini has no tool of type '%.*s' that could be called.",
	    param, type.len < 40 ? (int)type.len : 40, type.ptr);
}

/* Puts what a choice names on the list of allowed functions; a built-in tool cannot be chosen. */
static int
tool_choice_allow(struct choice *ch)
{
	const struct chat_read *c = ch->run->ctx;
	struct slice type = json_get_str(ch->tool, "type");
	enum tool_kind kind;
	unsigned builtin;

	if (!json_object_is_type(ch->tool, json_type_object))
		return fieldmap_bad_type(ch->run->err, ch->at, "an object", ch->tool);
	kind = chat_client_kind(type);
	if (kind != TOOL_FUNCTION)
		return allow_client_tool(ch, kind);
	if (json_get(ch->tool, "type") == NULL || slice_eq(type, SLICE("function")) ||
	    slice_eq(type, SLICE("tool")))
		return allow_function(ch, TOOL_FUNCTION);
	if (slice_eq(type, SLICE("custom")))
		return allow_function(ch, TOOL_CUSTOM);
	if (slice_eq(type, SLICE("namespace")))
		return allow_namespace(ch);
	if (slice_eq(type, SLICE("image_generation")))
		return want_image(ch);
	builtin = chat_builtin_find(type, BUILTIN_TYPE);
	if (builtin == 0)
		return refuse_type(ch, type);
	if ((c->builtins & builtin) == 0)
		return ch->listed
		           ? changes_note(ch->run->changes, CHANGE_DROPPED, ch->at, ch->run->err)
		           : refuse_undeclared(ch);
	if (!ch->listed)
		changes_mention(ch->run->changes, CHANGE_REWRITTEN, ch->at);
	return 0;
}

/* Google takes a list of names in ANY and VALIDATED alone. body: {mode, tools}. */
static int
allow_list(struct fieldmap_run *run, json_object *body, const char *at)
{
	struct chat_read *c = run->ctx;
	json_object *list = json_get(body, "tools");
	struct slice mode = json_get_str(body, "mode");
	bool required = slice_eqi(mode, SLICE("required")), any = false;
	char param[APIERROR_PARAM_MAX];

	field_name(param, "%s.mode", at);
	if (json_get(body, "mode") != NULL && !required && !slice_eqi(mode, SLICE("auto")) &&
	    fieldmap_drop_word(run, param, "", mode, "'auto' and 'required'") != 0)
		return -1;
	field_name(param, "%s.tools", at);
	if (list == NULL)
		return fieldmap_missing(run->err, param);
	if (!json_object_is_type(list, json_type_array))
		return fieldmap_bad_type(run->err, param, "an array of objects", list);
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct choice ch = { run, json_object_array_get_idx(list, i), param, true, false };

		if (ch.tool == NULL)
			continue;
		field_name(param, "%s.tools[%zu]", at, i);
		if (tool_choice_allow(&ch) != 0)
			return -1;
		any = any || ch.any;
	}
	c->mode = !any ? "NONE" : required ? "ANY" : allowed_auto;
	/* A list of built-in tools alone allows those, and no function. */
	if (!any && json_object_array_length(list) > 0)
		c->by_tools = 0;
	return 0;
}

/* A word, which stands alone or is the `type` of an object. False when it is none of these. */
static bool
tool_choice_read_word(struct fieldmap_run *run, const char *at, struct slice word)
{
	static const struct {
		const char *word, *mode;
	} words[] = { { "none", "NONE" }, { "auto", "AUTO" }, { "required", "ANY" },
		{ "any", "ANY" }, { "validated", "VALIDATED" } };
	struct chat_read *c = run->ctx;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!slice_eqi(word, slice_str(words[i].word)))
			continue;
		c->mode = words[i].mode;
		if (strcmp(c->mode, "VALIDATED") == 0 && (c->family->can & FAMILY_VALIDATED) == 0) {
			c->mode = "AUTO";
			changes_mention(run->changes, CHANGE_REWRITTEN, at);
		}
		return true;
	}
	return false;
}

/* {type: "allowed_tools", ...}: Chat keeps mode and tools in a member of that name. */
static int
read_allowed(struct fieldmap_run *run, json_object *value, const char *at)
{
	json_object *body = json_get(value, "allowed_tools");
	char param[APIERROR_PARAM_MAX];

	if (body == NULL && json_get(value, "tools") != NULL)
		return allow_list(run, value, at);
	field_name(param, "%s.allowed_tools", at);
	if (body == NULL)
		return fieldmap_missing(run->err, param);
	if (!json_is_object(body))
		return fieldmap_bad_type(run->err, param, "an object", body);
	return allow_list(run, body, param);
}

int
chat_choice_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct chat_read *c = run->ctx;
	struct choice ch = { .run = run, .tool = value, .at = row->from };
	struct slice type = json_get_str(value, "type");

	if (json_object_is_type(value, json_type_string))
		return tool_choice_read_word(run, row->from, json_str(value))
		           ? 0
		           : fieldmap_drop_word(run, row->from, "", json_str(value),
				 "'none', 'auto', 'required', 'any', and 'validated'");
	if (json_is_empty_list(value))
		return 0;
	if (!json_object_is_type(value, json_type_object))
		return fieldmap_bad_type(run->err, row->from, "a string or an object", value);
	if (tool_choice_read_word(run, row->from, type))
		return 0;
	if (slice_eq(type, SLICE("allowed_tools")))
		return read_allowed(run, value, row->from);
	if (tool_choice_allow(&ch) != 0)
		return -1;
	c->mode = ch.any ? "ANY" : "AUTO";
	return 0;
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
