/* The members of a Response that say what was asked for, with OpenAI's defaults. */
#include "config.h"

#include "base/xalloc.h"
#include "input.h"

/* Written as they came, or as the default says; NULL: left out. Wrong types count as absent: the
 * request's own table has refused what matters. */
/* clang-format off */
static const struct {
	const char *key;
	enum json_type type;
	const char *otherwise;
} members[] = {
	{ "max_output_tokens",    json_type_int,     "null" },
	{ "max_tool_calls",       json_type_int,     "null" },
	{ "metadata",             json_type_object,  "{}" },
	{ "parallel_tool_calls",  json_type_boolean, "true" },
	{ "previous_response_id", json_type_string,  "null" },
	{ "prompt_cache_key",     json_type_string,  NULL },
	{ "safety_identifier",    json_type_string,  NULL },
	{ "top_logprobs",         json_type_int,     "0" },
	{ "user",                 json_type_string,  NULL },
};

/* Those that OpenAI's clients know; the first is function. `mcp` may hold a server's secrets. */
static const char *const tool_types[] = {
	"function", "custom", "namespace", "tool_search", "shell", "local_shell", "apply_patch",
	"web_search", "web_search_2025_08_26", "web_search_preview",
	"web_search_preview_2025_03_11", "code_interpreter", "file_search", "image_generation",
	"computer", "computer_use_preview", "programmatic_tool_calling",
};

/* The words of OpenAI's enumerations: its clients refuse others. */
static const char *const efforts[] = {
	"none", "minimal", "low", "medium", "high", "xhigh", "max", NULL
};
static const char *const summaries[] = { "auto", "concise", "detailed", NULL };
static const char *const truncations[] = { "auto", "disabled", NULL };
static const char *const verbosities[] = { "low", "medium", "high", NULL };
static const char *const formats[] = { "text", "json_object", "json_schema", NULL };
/* clang-format on */

static void
write_number(struct jwriter *w, json_object *source, const char *key)
{
	json_object *value = json_get(source, key);

	if (value != NULL)
		json_write_to(w, key, value);
	else
		jw_int(w, key, 1);
}

static bool
echo_is_word(json_object *value, const char *const *words)
{
	for (; *words != NULL; words++)
		if (slice_eq(json_str(value), slice_str(*words)))
			return true;
	return false;
}

/* A member of an object that is one of the words, or null. */
static void
write_member(struct jwriter *w, json_object *object, const char *key, const char *const *words)
{
	json_object *value = json_get(object, key);

	if (echo_is_word(value, words))
		json_write_to(w, key, value);
	else
		jw_null(w, key);
}

/* OpenAI's clients want both members to be there. */
static void
write_function(struct jwriter *w, json_object *tool)
{
	static const char *const wanted[] = { "parameters", "strict" };
	json_object *body = json_get_object(tool, "function");

	if (body == NULL)
		body = tool;
	jw_object(w, NULL);
	jw_str(w, "type", "function");
	json_object_object_foreach(body, key, value)
	{
		if (value != NULL && !slice_eq(slice_str(key), SLICE("type")))
			json_write_to(w, key, value);
	}
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		if (json_get(body, wanted[i]) == NULL)
			jw_null(w, wanted[i]);
	jw_object_end(w);
}

static void
write_tools(struct jwriter *w, json_object *tools)
{
	jw_array(w, "tools");
	for (size_t i = 0; tools != NULL && i < json_object_array_length(tools); i++) {
		json_object *tool = json_object_array_get_idx(tools, i);
		struct slice type = json_get_str(tool, "type");
		size_t known = 0;

		while (
		    known < ARRAY_SIZE(tool_types) && !slice_eq(type, slice_str(tool_types[known])))
			known++;
		if (known == 0)
			write_function(w, tool);
		else if (known < ARRAY_SIZE(tool_types))
			json_write_to(w, NULL, tool);
	}
	jw_array_end(w);
}

/* What other providers call `any` OpenAI's clients know as `required`. */
static void
echo_write_choice(struct jwriter *w, json_object *choice)
{
	static const char *const words[] = { "none", "auto", "required", NULL };

	if (json_object_is_type(choice, json_type_object) || echo_is_word(choice, words))
		json_write_to(w, "tool_choice", choice);
	else
		jw_str(w, "tool_choice",
		    slice_eqi(json_str(choice), SLICE("any")) ? "required" : "auto");
}

static void
echo_write_text(struct jwriter *w, json_object *text)
{
	json_object *format = json_get_object(text, "format");

	jw_object(w, "text");
	if (echo_is_word(json_get(format, "type"), formats))
		json_write_to(w, "format", format);
	else
		jw_raw(w, "format", SLICE("{\"type\":\"text\"}"));
	if (echo_is_word(json_get(text, "verbosity"), verbosities))
		json_write_to(w, "verbosity", json_get(text, "verbosity"));
	jw_object_end(w);
}

void
responses_echo_write(json_object *source, bool store, struct buf *out)
{
	json_object *instructions = json_get(source, "instructions");
	json_object *truncation = json_get(source, "truncation");
	json_object *reasoning = json_get(source, "reasoning");
	struct jwriter w = jwriter_on(out);

	jw_bool(&w, "background", false);
	if (instructions != NULL)
		json_write_to(&w, "instructions", instructions);
	else
		jw_null(&w, "instructions");
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		json_object *value = json_get(source, members[i].key);

		if (json_object_is_type(value, members[i].type))
			json_write_to(&w, members[i].key, value);
		else if (members[i].otherwise != NULL)
			jw_raw(&w, members[i].key, slice_str(members[i].otherwise));
	}
	jw_str(&w, "truncation",
	    echo_is_word(truncation, truncations) ? json_object_get_string(truncation)
						  : "disabled");
	jw_object(&w, "reasoning");
	write_member(&w, reasoning, "effort", efforts);
	write_member(&w, reasoning, "summary", summaries);
	jw_object_end(&w);
	jw_bool(&w, "store", store);
	write_number(&w, source, "temperature");
	echo_write_text(&w, json_get(source, "text"));
	echo_write_choice(&w, json_get(source, "tool_choice"));
	write_tools(&w, json_get_array(source, "tools"));
	write_number(&w, source, "top_p");
}
