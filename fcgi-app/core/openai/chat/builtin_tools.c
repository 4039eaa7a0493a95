/* Google's own tools, under every name that clients give them. */
#include "config.h"

#include <string.h>

#include "base/xalloc.h"
#include "core/openai/chat/chat_read.h"
#include "core/api/fieldmap.h"

/* clang-format off */
static const struct word {
	const char *text;
	bool more; /* anything may follow */
	unsigned builtin, places;
} words[] = {
	{ "web_search",       true,  BUILTIN_SEARCH, BUILTIN_TYPE },
	{ "google_search",    false, BUILTIN_SEARCH, BUILTIN_TYPE | BUILTIN_NAME | BUILTIN_KEY },
	{ "googleSearch",     false, BUILTIN_SEARCH, BUILTIN_TYPE | BUILTIN_NAME | BUILTIN_KEY },
	{ "code_interpreter", false, BUILTIN_CODE,   BUILTIN_TYPE },
	{ "code_execution",   false, BUILTIN_CODE,   BUILTIN_TYPE | BUILTIN_NAME | BUILTIN_KEY },
	{ "codeExecution",    false, BUILTIN_CODE,   BUILTIN_TYPE | BUILTIN_NAME | BUILTIN_KEY },
	{ "url_context",      false, BUILTIN_URL,    BUILTIN_TYPE | BUILTIN_NAME | BUILTIN_KEY },
	{ "urlContext",       false, BUILTIN_URL,    BUILTIN_TYPE | BUILTIN_NAME | BUILTIN_KEY },
	{ "google_maps",      false, BUILTIN_MAPS,   BUILTIN_TYPE | BUILTIN_KEY },
	{ "googleMaps",       false, BUILTIN_MAPS,   BUILTIN_TYPE | BUILTIN_KEY },
	{ "file_search",      false, BUILTIN_FILES,  BUILTIN_TYPE | BUILTIN_KEY },
	{ "fileSearch",       false, BUILTIN_FILES,  BUILTIN_TYPE | BUILTIN_KEY },
};
/* clang-format on */

unsigned
chat_builtin_find(struct slice word, enum builtin_place place)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct slice text = slice_str(words[i].text);

		if ((words[i].places & place) != 0 &&
		    (words[i].more ? slice_starts(word, text) : slice_eq(word, text)))
			return words[i].builtin;
	}
	return 0;
}

void
chat_builtin_want(struct chat_read *c, unsigned builtins, const char *at)
{
	for (size_t i = 0; i < BUILTINS; i++)
		if ((builtins & 1u << i) != 0 && (c->builtins & 1u << i) == 0)
			field_name(c->builtin_at[i], "%s", at);
	c->builtins |= builtins;
}

/* ---- what a caller's tool says about it ---- */

/* Stores of OpenAI's are not Google's. */
static int
conv_store_names(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret)
{
	json_object *names = json_object_new_array(), *name;
	char param[APIERROR_PARAM_MAX];
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < json_object_array_length(value); i++) {
		name = json_object_array_get_idx(value, i);
		field_name(param, "%s.%s[%zu]", run->prefix, row->from, i);
		if (slice_starts(json_str(name), SLICE("fileSearchStores/")))
			json_append(names, json_object_get(name));
		else
			rc = changes_note(run->changes, CHANGE_DROPPED, param, run->err);
	}
	if (rc == 0 && json_object_array_length(names) > 0)
		*ret = json_object_get(names);
	json_object_put(names);
	return rc;
}

/* Google searches everywhere; what it finds is still an answer. */
static int
emit_dropped(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	char param[APIERROR_PARAM_MAX];

	fieldmap_param(run, row, param);
	return json_object_object_length(value) == 0
	           ? 0
	           : changes_note(run->changes, CHANGE_DROPPED, param, run->err);
}

/* clang-format off */
static const struct fieldmap search_fields[] = {
	{ .from = "type", .kind = FK_ANY },
	{ .from = "filters", .kind = FK_OBJECT, .flags = FF_UNUSED, .emit = emit_dropped },
	{ .from = "search_content_types", .flags = FF_IGNORE },
	{ .from = "search_context_size", .flags = FF_IGNORE },
	{ .from = "user_location", .flags = FF_IGNORE },
	{ .from = "external_web_access", .flags = FF_IGNORE },
	{ 0 },
};

static const struct fieldmap code_fields[] = {
	{ .from = "type", .kind = FK_ANY },
	{ .from = "allowed_callers", .flags = FF_IGNORE },
	{ .from = "container", .kind = FK_ANY, .flags = FF_UNUSED },
	{ .from = "container.file_ids", .kind = FK_ARRAY, .emit = chat_refuse_emit },
	{ 0 },
};

static const struct fieldmap plain_fields[] = {
	{ .from = "type", .kind = FK_ANY },
	{ 0 },
};

static const struct fieldmap maps_fields[] = {
	{ .from = "type", .kind = FK_ANY },
	{ .from = "enable_widget", .to = "enableWidget", .kind = FK_BOOL },
	{ .from = "enableWidget", .to = "enableWidget", .kind = FK_BOOL },
	{ 0 },
};

static const struct fieldmap files_fields[] = {
	{ .from = "type", .kind = FK_ANY },
	{ .from = "vector_store_ids", .to = "fileSearchStoreNames", .kind = FK_ARRAY,
	  .flags = FF_REQUIRED, .conv = conv_store_names },
	{ .from = "max_num_results", .to = "topK", .kind = FK_INT, .min = 1, .max = 50 },
	{ .from = "filters", .kind = FK_OBJECT, .emit = chat_refuse_emit },
	{ .from = "ranking_options", .flags = FF_IGNORE },
	{ 0 },
};

const struct field_table chat_builtin_tables[] = {
	{ "web_search.", search_fields },
	{ "code_interpreter.", code_fields },
	{ "url_context.", plain_fields },
	{ "google_maps.", maps_fields },
	{ "file_search.", files_fields },
	{ 0 },
};

/* In the order of enum builtin's bits. */
static const struct {
	const char *google;
	const struct fieldmap *fields;
} builtins[BUILTINS] = {
	{ "googleSearch",  search_fields },
	{ "codeExecution", code_fields },
	{ "urlContext",    plain_fields },
	{ "googleMaps",    maps_fields },
	{ "fileSearch",    files_fields },
};
/* clang-format on */

static size_t
index_of(unsigned builtin)
{
	size_t i = 0;

	while (1u << i != builtin)
		i++;
	return i;
}

/* Takes args. */
static void
set_args(struct chat_read *c, unsigned builtin, json_object *args, const char *at)
{
	size_t i = index_of(builtin);

	chat_builtin_want(c, builtin, at);
	json_object_put(c->builtin_args[i]);
	c->builtin_args[i] = args;
}

int
chat_builtin_read(struct fieldmap_run *run, unsigned builtin, json_object *tool, const char *at)
{
	struct fieldmap_run inner = fieldmap_inside(run, tool, at);

	inner.target = json_object_new_object();
	if (tool != NULL && fieldmap_apply(builtins[index_of(builtin)].fields, &inner) != 0) {
		json_object_put(inner.target);
		return -1;
	}
	if (builtin == BUILTIN_FILES && json_get(inner.target, "fileSearchStoreNames") == NULL) {
		json_object_put(inner.target);
		return changes_note(run->changes, CHANGE_DROPPED, at, run->err);
	}
	set_args(run->ctx, builtin, inner.target, at);
	return 0;
}

bool
chat_builtin_is_native(json_object *tool)
{
	if (!json_object_is_type(tool, json_type_object))
		return false;
	json_object_object_foreach(tool, key, value)
	{
		if (value != NULL && chat_builtin_find(slice_str(key), BUILTIN_KEY) != 0)
			return true;
	}
	return false;
}

int
chat_builtin_native(struct fieldmap_run *run, json_object *tool, const char *at)
{
	char param[APIERROR_PARAM_MAX];

	if (!json_is_object(tool))
		return fieldmap_bad_type(run->err, at, "an object", tool);
	if (json_is_empty_list(tool))
		return 0;
	json_object_object_foreach(tool, key, value)
	{
		unsigned builtin = chat_builtin_find(slice_str(key), BUILTIN_KEY);
		json_object *args = field_meant(FK_OBJECT, value);

		if (value == NULL)
			continue;
		field_name(param, "%s.%s", at, key);
		if (builtin == 0) {
			json_object_put(args);
			if (fieldmap_drop_word(run, param, "", slice_str(key),
				"'googleSearch', 'codeExecution', 'urlContext', 'googleMaps', "
				"and 'fileSearch'") != 0)
				return -1;
			continue;
		}
		if (args == NULL)
			return fieldmap_bad_type(run->err, param, "an object", value);
		set_args(run->ctx, builtin, args, param);
	}
	return 0;
}

int
chat_search_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct chat_read *c = run->ctx;
	char param[APIERROR_PARAM_MAX];

	chat_builtin_want(c, BUILTIN_SEARCH, row->from);
	c->by_tools &= ~(unsigned)BUILTIN_SEARCH;
	json_object_object_foreach(value, key, member)
	{
		field_name(param, "%s.%s", row->from, key);
		if (member != NULL)
			changes_mention(run->changes, CHANGE_IGNORED, param);
	}
	return 0;
}

/* ---- the end ---- */

static int
note_dropped(struct fieldmap_run *run, unsigned dropped)
{
	const struct chat_read *c = run->ctx;

	for (size_t i = 0; i < BUILTINS; i++)
		if ((dropped & 1u << i) != 0 &&
		    changes_note(run->changes, CHANGE_DROPPED, c->builtin_at[i], run->err) != 0)
			return -1;
	return 0;
}

int
chat_builtins_finish(struct fieldmap_run *run, bool *ret_any)
{
	static const unsigned citing = BUILTIN_SEARCH | BUILTIN_URL | BUILTIN_MAPS | BUILTIN_FILES;
	struct chat_read *c = run->ctx;
	json_object *tools, *tool;

	if (c->mode != NULL && strcmp(c->mode, "NONE") == 0)
		c->builtins &= ~c->by_tools;
	/* Older models cannot have both, and the functions are what the client works with. */
	if (c->functions && (c->family->can & FAMILY_MIX) == 0) {
		if (note_dropped(run, c->builtins) != 0)
			return -1;
		c->builtins = 0;
	}
	if ((c->family->can & FAMILY_NO_CALLS) != 0 && (c->family->can & FAMILY_IMAGE_OUT) == 0) {
		if (note_dropped(run, c->builtins) != 0)
			return -1;
		c->builtins = 0;
	}
	*ret_any = c->builtins != 0;
	if (!*ret_any)
		return 0;
	tools = json_get_array(run->target, "tools");
	if (tools == NULL) {
		tools = json_object_new_array();
		json_put(run->target, "tools", tools);
	}
	for (size_t i = 0; i < BUILTINS; i++) {
		if ((c->builtins & 1u << i) == 0)
			continue;
		tool = json_object_new_object();
		json_put(tool, builtins[i].google,
		    c->builtin_args[i] != NULL ? TAKE(c->builtin_args[i])
					       : json_object_new_object());
		json_append(tools, tool);
	}
	c->request->grounded = (c->builtins & citing) != 0;
	return 0;
}
