/*
 * Types of tools that Responses has beside functions: namespaces of functions, tools that the
 * client carries out and whose calls are items of their own, and those that Gemini has nothing
 * like.
 */
#include "config.h"

#include "base/xalloc.h"
#include "chat_priv.h"
#include "core/schema.h"

#define SPACE_TEXT_MAX 400 /* a longer description is told once, not with each function */

static const char supported[] =
    "'function', 'custom', 'namespace', 'tool_search', 'shell', 'local_shell', 'apply_patch', "
    "'image_generation', 'web_search', 'code_interpreter', 'url_context', 'google_maps', and "
    "'file_search'";

int
chat_type_unknown(struct fieldmap_run *run, const char *at, struct slice type)
{
	return fieldmap_drop_word(run, at, ".type", type, supported);
}

/* ---- namespaces ---- */

json_object *
chat_space_describe(const struct chat_read *c, json_object *given)
{
	const struct chat_space *space = &c->space;
	struct slice own = json_str(given), description = json_str(space->description);
	json_object *ret;
	struct buf text;

	buf_init(&text, CHAT_BODY_MAX);
	buf_add_slice(&text, own);
	buf_adds(&text, own.len > 0 ? "\n\nNamespace " : "Namespace ");
	buf_add_slice(&text, json_str(space->name));
	if (description.len > SPACE_TEXT_MAX && space->first != NULL) {
		buf_addf(&text, ": see %s.", space->first);
	} else if (description.len > 0) {
		buf_adds(&text, ": ");
		buf_add_slice(&text, description);
	}
	ret = json_new_str(buf_slice(&text));
	buf_release(&text);
	return ret;
}

static const struct fieldmap namespace_fields[] = {
	{ .from = "name", .kind = FK_STR, .flags = FF_REQUIRED },
	{ .from = "description", .kind = FK_STR },
	{ .from = "tools", .kind = FK_ARRAY, .flags = FF_REQUIRED },
	{ .from = "type", .kind = FK_ANY },
	{ 0 },
};

/* {name, description, tools}: its functions, under names that no others have. */
static int
read_namespace(struct fieldmap_run *run, json_object *tool, const char *at)
{
	struct fieldmap_run inner = fieldmap_inside(run, tool, at);
	struct chat_read *c = run->ctx;
	json_object *list = json_get_array(tool, "tools");
	char param[APIERROR_PARAM_MAX];
	int answer = 0;

	if (c->space.name != NULL)
		return changes_note(run->changes, CHANGE_DROPPED, at, run->err);
	if (fieldmap_apply(namespace_fields, &inner) != 0)
		return -1;
	field_name(param, "%s.name", at);
	if (json_get_str(tool, "name").len == 0)
		return apierror_set(run->err, APIERROR_BAD_VALUE, param,
		    "Invalid '%s': a namespace's name cannot be an empty string.", param);
	c->space.name = json_get(tool, "name");
	c->space.description = json_get(tool, "description");
	for (size_t i = 0; answer == 0 && i < json_object_array_length(list); i++) {
		field_name(param, "%s.tools[%zu]", at, i);
		answer = chat_tool_read(run, json_object_array_get_idx(list, i), param);
	}
	c->space = (struct chat_space){ 0 };
	return answer;
}

/* ---- tools that the client carries out ---- */

/* clang-format off */
static const char shell_schema[] =
    "{\"type\":\"object\",\"properties\":{"
    "\"commands\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},"
      "\"description\":\"Commands, each run in a shell of its own.\"},"
    "\"timeout_ms\":{\"type\":\"integer\"},"
    "\"max_output_length\":{\"type\":\"integer\"}},"
    "\"required\":[\"commands\"]}";

static const char local_shell_schema[] =
    "{\"type\":\"object\",\"properties\":{"
    "\"command\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},"
      "\"description\":\"The program and its arguments.\"},"
    "\"working_directory\":{\"type\":\"string\"},"
    "\"timeout_ms\":{\"type\":\"integer\"},"
    "\"env\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}}},"
    "\"required\":[\"command\"]}";

static const char patch_schema[] =
    "{\"type\":\"object\",\"properties\":{"
    "\"type\":{\"type\":\"string\","
      "\"enum\":[\"create_file\",\"update_file\",\"delete_file\"]},"
    "\"path\":{\"type\":\"string\"},"
    "\"diff\":{\"type\":\"string\",\"description\":\"For create_file every line of the file with a "
      "'+' in front. For update_file hunks: a line '@@', which may name the function or class that "
      "follows it, then lines that begin with ' ' (context), '-' (removed) or '+' (added). Empty for "
      "delete_file.\"}},"
    "\"required\":[\"type\",\"path\",\"diff\"]}";

static const struct client_tool {
	const char *type;
	enum tool_kind kind;
	const char *description, *schema; /* schema NULL: the caller's `parameters` */
} client_tools[] = {
	{ "tool_search", TOOL_SEARCH, "Finds more tools, which can be called from then on.", NULL },
	{ "shell", TOOL_SHELL, "Runs shell commands on the user's machine.", shell_schema },
	{ "local_shell", TOOL_LOCAL_SHELL, "Runs a command on the user's machine.",
	  local_shell_schema },
	{ "apply_patch", TOOL_PATCH, "Creates, changes or deletes one file.", patch_schema },
};
/* clang-format on */

enum tool_kind
chat_client_kind(struct slice type)
{
	for (size_t i = 0; i < ARRAY_SIZE(client_tools); i++)
		if (slice_eq(type, slice_str(client_tools[i].type)))
			return client_tools[i].kind;
	return TOOL_FUNCTION;
}

/* What runs elsewhere than at the client: OpenAI's search of tools, unless the client says that it
 * does that, and shells in a container of OpenAI's. */
static bool
runs_elsewhere(const struct client_tool *type, json_object *tool)
{
	json_object *environment = json_get(tool, "environment");

	if (type->kind == TOOL_SEARCH)
		return !slice_eq(json_get_str(tool, "execution"), SLICE("client"));
	return environment != NULL && !slice_eq(json_get_str(environment, "type"), SLICE("local"));
}

static int
read_parameters(
    struct fieldmap_run *run, json_object *tool, const char *at, json_object **ret_schema)
{
	json_object *parameters = json_get_object(tool, "parameters");
	char param[APIERROR_PARAM_MAX];

	field_name(param, "%s.parameters", at);
	if (parameters != NULL &&
	    schema_clean(parameters, param, run->changes, ret_schema, run->err) != 0)
		return -1;
	if (*ret_schema != NULL && schema_is_empty(*ret_schema)) {
		json_object_put(*ret_schema);
		*ret_schema = NULL;
	}
	return 0;
}

/* A function whose calls come back as the items that the client knows. */
static int
read_client_tool(
    struct fieldmap_run *run, const struct client_tool *type, json_object *tool, const char *at)
{
	struct chat_read *c = run->ctx;
	const struct chat_space space = c->space;
	struct slice description = json_get_str(tool, "description");
	json_object *schema = NULL, *declaration, *named;
	int answer;

	if (runs_elsewhere(type, tool) && type->kind == TOOL_SEARCH) {
		/* All tools are declared: none is left to be found. */
		changes_mention(run->changes, CHANGE_DROPPED, at);
		return 0;
	}
	if (!c->items || runs_elsewhere(type, tool))
		return changes_note(run->changes, CHANGE_DROPPED, at, run->err);
	if (type->schema != NULL)
		schema = json_read(slice_str(type->schema));
	else if (read_parameters(run, tool, at, &schema) != 0)
		return -1;
	declaration = json_object_new_object();
	json_put_str(declaration, "description",
	    description.len > 0 ? description : slice_str(type->description));
	named = json_object_new_object();
	json_put_str(named, "name", slice_str(type->type));
	c->space = (struct chat_space){ 0 };
	answer = chat_declare(run, declaration, named, type->kind, schema, at);
	c->space = space;
	json_object_put(named);
	return answer;
}

/* ---- the others ---- */

/* Models that make images do so by themselves. */
static int
read_image_tool(struct fieldmap_run *run, json_object *tool, const char *at)
{
	const struct chat_read *c = run->ctx;
	char param[APIERROR_PARAM_MAX];

	if ((c->family->can & FAMILY_IMAGE_OUT) == 0)
		return changes_note(run->changes, CHANGE_DROPPED, at, run->err);
	json_object_object_foreach(tool, key, value)
	{
		field_name(param, "%s.%s", at, key);
		if (value != NULL && !slice_eq(slice_str(key), SLICE("type")))
			changes_mention(run->changes, CHANGE_IGNORED, param);
	}
	return 0;
}

/* What OpenAI's own machines do and Google's do not. */
static int
drop_tool(struct fieldmap_run *run, json_object *tool, const char *at)
{
	(void)tool;
	return changes_note(run->changes, CHANGE_DROPPED, at, run->err);
}

/* clang-format off */
static const struct {
	const char *type;
	int (*read)(struct fieldmap_run *run, json_object *tool, const char *at);
} others[] = {
	{ "namespace",                 read_namespace },
	{ "image_generation",          read_image_tool },
	{ "computer",                  drop_tool },
	{ "computer_use",              drop_tool },
	{ "computer_use_preview",      drop_tool },
	{ "mcp",                       drop_tool },
	{ "programmatic_tool_calling", drop_tool },
};
/* clang-format on */

int
chat_typed_tool_read(struct fieldmap_run *run, json_object *tool, const char *at, bool *ret_known)
{
	struct slice type = json_get_str(tool, "type");

	*ret_known = true;
	for (size_t i = 0; i < ARRAY_SIZE(client_tools); i++)
		if (slice_eq(type, slice_str(client_tools[i].type)))
			return read_client_tool(run, &client_tools[i], tool, at);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (slice_eq(type, slice_str(others[i].type)))
			return others[i].read(run, tool, at);
	*ret_known = false;
	return 0;
}
