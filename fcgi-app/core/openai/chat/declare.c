/* Declarations of functions, and the names that they have at Google. */
#include "config.h"

#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "core/openai/chat/chat_read.h"

#define SPACE_TEXT_MAX 400 /* a longer description is told once, not with each function */

json_object *
chat_declarations(json_object *target)
{
	json_object *tools = json_get_array(target, "tools"), *tool, *list;

	if (tools != NULL)
		return json_get_array(json_object_array_get_idx(tools, 0), "functionDeclarations");
	list = json_object_new_array();
	tool = json_object_new_object();
	json_put(tool, "functionDeclarations", list);
	tools = json_object_new_array();
	json_append(tools, tool);
	json_put(target, "tools", tools);
	return list;
}

static bool
declare_is_name(json_object *name, const char *param, struct apierror *err)
{
	if (!json_object_is_type(name, json_type_string))
		fieldmap_bad_type(err, param, "a string", name);
	else if (json_str(name).len == 0)
		apierror_set(err, APIERROR_BAD_VALUE, param,
		    "Invalid '%s': a function's name cannot be an empty string.", param);
	return json_str(name).len > 0;
}

/* The entry of a name, made when it is new; a renaming is noted then. NULL with err. */
static const struct tool_name *
declare_add_name(const struct chat_read *c, json_object *space, json_object *name,
    enum tool_kind kind, const char *param, struct apierror *err)
{
	struct chat_request *request = c->request;
	const struct tool_name *entry;
	size_t before;

	if (request->tools == NULL)
		request->tools = tool_names_new();
	before = tool_names_count(request->tools);
	entry = tool_names_add(request->tools, json_str(space), json_str(name), kind);
	if (tool_names_count(request->tools) > before && entry->renamed &&
	    changes_note(c->env->changes, CHANGE_RENAMED, param, err) != 0)
		return NULL;
	return entry;
}

const struct tool_name *
chat_tool_name(const struct chat_read *c, json_object *space, json_object *name,
    enum tool_kind kind, const char *param, struct apierror *err)
{
	const struct tool_names *tools = c->request->tools;
	const struct tool_name *flat;

	if (!declare_is_name(name, param, err))
		return NULL;
	/* A name that was declared in a namespace, as clients give it back that know of none. */
	flat = json_str(space).len == 0 && kind <= TOOL_CUSTOM
	           ? tool_names_upstream(tools, json_str(name))
	           : NULL;
	if (flat != NULL && flat->space != NULL &&
	    tool_names_find(tools, SLICE(""), json_str(name), kind) == NULL)
		return flat;
	return declare_add_name(c, space, name, kind, param, err);
}

/* The caller's name stays known to the model, which may be told of it elsewhere. description: as it
 * is told, or NULL. */
static void
declare_describe(json_object *named, const struct tool_name *name, json_object *description)
{
	bool kept = name->space != NULL
	                ? slice_ends(slice_str(name->upstream), slice_str(name->name))
	                : strcmp(name->name, name->upstream) == 0;
	struct buf text;

	if (kept) {
		json_share(named, "description", description);
		return;
	}
	buf_init(&text, TRANSLATED_MAX);
	buf_addf(&text, "Also known as \"%s\".", name->name);
	if (json_str(description).len > 0)
		buf_addc(&text, '\n');
	buf_add_slice(&text, json_str(description));
	json_put_str(named, "description", buf_slice(&text));
	buf_release(&text);
}

/* The description of a function in c->space: a new string. given: its own, or NULL. */
static json_object *
declare_in_space(const struct chat_read *c, json_object *given)
{
	const struct chat_space *space = &c->space;
	struct slice own = json_str(given), description = json_str(space->description);
	json_object *ret;
	struct buf text;

	buf_init(&text, TRANSLATED_MAX);
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

int
chat_declare(struct fieldmap_run *run, json_object *declaration, json_object *tool,
    enum tool_kind kind, json_object *schema, const char *at)
{
	struct chat_read *c = run->ctx;
	char param[APIERROR_PARAM_MAX];
	const struct tool_name *name;
	json_object *named = NULL, *description = json_get(declaration, "description"), *told;
	int rc = -1;

	field_name(param, "%s.name", at);
	if (!declare_is_name(json_get(tool, "name"), param, run->err))
		goto out;
	name = declare_add_name(c, c->space.name, json_get(tool, "name"), kind, param, run->err);
	if (name == NULL)
		goto out;
	if (c->declared == NULL)
		c->declared = json_object_new_object();
	if (json_get(c->declared, name->upstream) != NULL) {
		/* Google refuses a name that is there twice. */
		rc = c->brought ? 0 : changes_note(run->changes, CHANGE_DROPPED, at, run->err);
		goto out;
	}
	json_put(c->declared, name->upstream, json_object_new_boolean(1));
	named = json_object_new_object();
	json_put_str(named, "name", slice_str(name->upstream));
	told =
	    c->space.name != NULL ? declare_in_space(c, description) : json_object_get(description);
	declare_describe(named, name, told);
	json_object_put(told);
	if (c->space.name != NULL && c->space.first == NULL)
		c->space.first = name->upstream;
	if (schema != NULL)
		json_put(named, "parametersJsonSchema", TAKE(schema));
	json_append(chat_declarations(run->target), TAKE(named));
	c->functions = true;
	rc = 0;
out:
	json_object_put(declaration);
	json_object_put(schema);
	return rc;
}
