/* Which functions are called, with arguments that fit their schemas. */
#include "config.h"

#include "calls.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "example.h"
#include "gjson.h"
#include "sign.h"

#define LONG_SIGNATURE 3000

/* What one answer's calls need; g is NULL while they are only counted. */
struct calling {
	const struct ask *ask;
	struct gen *g;
	struct slice prompt;
	bool after_traces;
	unsigned count;
};

static bool
is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '.' || c == '-' || c == ':';
}

static json_object *
find_function(json_object *body, struct slice name)
{
	size_t tools = gjson_count(body, "tools");

	for (size_t i = 0; i < tools; i++) {
		json_object *tool = gjson_at(body, "tools", i);
		size_t count = gjson_count(tool, "functionDeclarations");

		for (size_t k = 0; k < count; k++) {
			json_object *f = gjson_at(tool, "functionDeclarations", k);

			if (name.len == 0 || slice_eq(gjson_str(f, "name"), name))
				return f;
		}
	}
	return NULL;
}

static json_object *
config_of(const struct ask *a)
{
	return gjson_get(gjson_get(a->body, "toolConfig"), "functionCallingConfig");
}

static bool
is_allowed(const struct ask *a, struct slice name)
{
	json_object *config = config_of(a);
	size_t count = gjson_count(config, "allowedFunctionNames");

	for (size_t i = 0; i < count; i++) {
		if (slice_eq(name, slice_str(json_object_get_string(
				       gjson_at(config, "allowedFunctionNames", i)))))
			return true;
	}
	return count == 0;
}

static void
sign_call(const struct calling *k, json_object *part)
{
	if (!model_is_3(k->ask->model) || k->count > 0 ||
	    slice_find(k->prompt, SLICE("no-signature")) >= 0)
		return;
	sign_part(part, k->after_traces,
	    slice_find(k->prompt, SLICE("long-signature")) >= 0 ? LONG_SIGNATURE : 0);
}

static void
add_call(struct calling *k, json_object *function)
{
	json_object *part = json_object_new_object(), *call = json_object_new_object();
	json_object *schema = gjson_get(function, "parametersJsonSchema"), *args;

	if (schema == NULL)
		schema = gjson_get(function, "parameters");
	if (model_is_3(k->ask->model)) {
		char id[32];

		snprintf(id, sizeof(id), "%.15s-%zu", k->g->response_id, k->g->count);
		json_object_object_add(call, "id", json_object_new_string(id));
	}
	json_object_object_add(call, "name", gjson_new(gjson_str(function, "name")));
	args = example_of(schema, SLICE("text"));
	/* A call without arguments has no member `args`. */
	if (json_object_is_type(args, json_type_object) && json_object_object_length(args) > 0)
		json_object_object_add(call, "args", args);
	else
		json_object_put(args);
	json_object_object_add(part, "functionCall", call);
	sign_call(k, part);
	gen_add(k->g, part, false);
}

static void
take_call(struct calling *k, json_object *function)
{
	if (function == NULL || !is_allowed(k->ask, gjson_str(function, "name")))
		return;
	if (k->g != NULL)
		add_call(k, function);
	k->count++;
}

static void
read_calls(struct calling *k)
{
	json_object *config = config_of(k->ask), *body = k->ask->body;
	struct slice mode = gjson_str(config, "mode"), rest = k->prompt;
	ptrdiff_t at;

	if (slice_eqi(mode, SLICE("NONE")) || k->prompt.len == 0)
		return;
	while ((at = slice_find(rest, SLICE("call:"))) >= 0) {
		struct slice name = { rest.ptr + at + 5, 0 };

		rest = (struct slice){ rest.ptr + at + 5, rest.len - (size_t)at - 5 };
		while (name.len < rest.len && is_name_char(rest.ptr[name.len]))
			name.len++;
		while (name.len > 0 && strchr(".:-", name.ptr[name.len - 1]) != NULL &&
		       find_function(body, name) == NULL)
			name.len--;
		take_call(k, name.len > 0 ? find_function(body, name) : NULL);
	}
	if (k->count == 0 && slice_eqi(mode, SLICE("ANY"))) {
		json_object *allowed = gjson_at(config, "allowedFunctionNames", 0);

		take_call(k, find_function(body, slice_str(json_object_get_string(allowed))));
	}
}

bool
calls_wanted(const struct ask *a, struct slice prompt)
{
	struct calling k = { .ask = a, .prompt = prompt };

	read_calls(&k);
	return k.count > 0;
}

void
calls_add(const struct ask *a, struct gen *g, struct slice prompt, bool after_traces)
{
	struct calling k = { .ask = a, .g = g, .prompt = prompt, .after_traces = after_traces };

	read_calls(&k);
	g->together = slice_find(prompt, SLICE("calls-together")) >= 0;
}

void
calls_resolve(const struct ask *a, json_object *part)
{
	json_object *call = gjson_get(part, "functionCall"), *name = gjson_get(call, "name");
	const char *pattern = json_object_get_string(name);

	if (!json_object_is_type(name, json_type_string) || strchr(pattern, '*') == NULL)
		return;
	for (size_t i = 0; i < gjson_count(a->body, "tools"); i++) {
		json_object *tool = gjson_at(a->body, "tools", i);

		for (size_t k = 0; k < gjson_count(tool, "functionDeclarations"); k++) {
			json_object *declared =
			    gjson_get(gjson_at(tool, "functionDeclarations", k), "name");

			if (fnmatch(pattern, json_object_get_string(declared), 0) == 0) {
				json_object_object_add(call, "name", json_object_get(declared));
				return;
			}
		}
	}
}
