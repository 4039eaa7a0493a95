/* Grounding by made-up searches. */
#include "config.h"

#include "ground.h"

#include <stdio.h>
#include <string.h>

#include "behave.h"
#include "gjson.h"
#include "sign.h"

#define REDIRECT "https://vertexaisearch.cloud.google.com/grounding-api-redirect/"
/* Sentences of the second part; the sources of each are in `sentences`. */
#define SENTENCE_1  "Z\xC3\xBCrich agrees \xF0\x9F\x8E\x89."
#define SENTENCE_2  " \xE6\x9D\xB1\xE4\xBA\xAC\xE3\x82\x82\xE5\x90\x8C\xE3\x81\x98\xE3\x80\x82"
#define TOOL_TOKENS 42
#define URLS_MAX    20

enum tool { TOOL_SEARCH, TOOL_URL, TOOL_CODE, TOOL_MAPS, TOOL_FILES };

static const char *const tool_fields[] = {
	[TOOL_SEARCH] = "googleSearch",
	[TOOL_URL] = "urlContext",
	[TOOL_CODE] = "codeExecution",
	[TOOL_MAPS] = "googleMaps",
	[TOOL_FILES] = "fileSearch",
};

static json_object *
find_tool(const struct ask *a, enum tool tool)
{
	for (size_t i = 0; i < gjson_count(a->body, "tools"); i++) {
		json_object *found = gjson_get(gjson_at(a->body, "tools", i), tool_fields[tool]);

		if (found != NULL)
			return found;
	}
	return NULL;
}

static json_object *
ground_parse(const char *text)
{
	size_t at;

	return gjson_parse(slice_str(text), &at);
}

static void
add_trace(const struct ask *a, struct gen *g, const char *type, struct slice prompt)
{
	json_object *call = json_object_new_object(), *response = json_object_new_object();
	json_object *args = json_object_new_object(), *list = json_object_new_array(), *part;
	char id[40];

	(void)a;
	snprintf(id, sizeof(id), "%.15s-tool%zu", g->response_id, g->count);
	json_object_array_add(list, gjson_new(prompt));
	json_object_object_add(args, "queries", list);
	json_object_object_add(call, "id", json_object_new_string(id));
	json_object_object_add(call, "toolType", json_object_new_string(type));
	json_object_object_add(call, "args", args);
	part = json_object_new_object();
	json_object_object_add(part, "toolCall", call);
	sign_part(part, false, 0);
	gen_add(g, part, false);
	json_object_object_add(response, "id", json_object_new_string(id));
	json_object_object_add(response, "toolType", json_object_new_string(type));
	json_object_object_add(
	    response, "response", ground_parse("{\"results\":[{\"rank\":1.5}]}"));
	part = json_object_new_object();
	json_object_object_add(part, "toolResponse", response);
	sign_part(part, false, 0);
	gen_add(g, part, false);
	g->tool_tokens += TOOL_TOKENS;
}

static void
add_program(const struct ask *a, struct gen *g, struct slice prompt)
{
	bool bad = slice_find(prompt, SLICE("fail-code")) >= 0;
	json_object *code = ground_parse("{\"executableCode\":{\"language\":\"PYTHON\","
					 "\"code\":\"print(6 * 7)\\n\"}}");
	json_object *result =
	    ground_parse(bad ? "{\"codeExecutionResult\":{\"outcome\":\"OUTCOME_FAILED\","
			       "\"output\":\"NameError: 'six'\\n\"}}"
			     : "{\"codeExecutionResult\":{\"outcome\":\"OUTCOME_OK\","
			       "\"output\":\"42\\n\"}}");
	char id[40];

	if (model_is_3(a->model)) {
		snprintf(id, sizeof(id), "%.15s-code%zu", g->response_id, g->count);
		json_object_object_add(
		    gjson_get(code, "executableCode"), "id", json_object_new_string(id));
		json_object_object_add(
		    gjson_get(result, "codeExecutionResult"), "id", json_object_new_string(id));
	}
	gen_add(g, code, false);
	gen_add(g, result, false);
	g->tool_tokens += TOOL_TOKENS;
}

static bool
wants_search(const struct ask *a, struct slice prompt)
{
	return find_tool(a, TOOL_SEARCH) != NULL && slice_find(prompt, SLICE("no-search")) < 0;
}

bool
ground_add_traces(const struct ask *a, struct gen *g, struct slice prompt)
{
	json_object *config = gjson_get(a->body, "toolConfig");
	size_t before;

	if (prompt.len == 0)
		return false;
	if (find_tool(a, TOOL_CODE) != NULL)
		add_program(a, g, prompt);
	before = g->count;
	if (!gjson_bool(config, "includeServerSideToolInvocations"))
		return false;
	if (wants_search(a, prompt))
		add_trace(a, g, "GOOGLE_SEARCH_WEB", prompt);
	if (find_tool(a, TOOL_URL) != NULL)
		add_trace(a, g, "URL_CONTEXT", prompt);
	if (find_tool(a, TOOL_MAPS) != NULL)
		add_trace(a, g, "GOOGLE_MAPS", prompt);
	return g->count > before;
}

/* One chunk per source, web pages first. */
static json_object *
make_chunks(const struct ask *a, struct slice prompt)
{
	json_object *list = json_object_new_array();

	if (wants_search(a, prompt)) {
		json_object_array_add(list, ground_parse("{\"web\":{\"uri\":\"" REDIRECT
							 "AUZIYQF1\",\"title\":\"example.com\"}}"));
		json_object_array_add(list, ground_parse("{\"web\":{\"uri\":\"" REDIRECT
							 "AUZIYQF2==\",\"title\":\"b\xC3\xBC"
							 "cher.example\"}}"));
		json_object_array_add(list, ground_parse("{\"web\":{\"uri\":\"" REDIRECT
							 "AUZIYQF3\",\"title\":\"example.org\"}}"));
	}
	if (slice_find(prompt, SLICE("image-search")) >= 0)
		json_object_array_add(
		    list, ground_parse(
			      "{\"image\":{\"sourceUri\":\"https://example.com/cats\",\"imageUri\":"
			      "\"https://example.com/cat.png\",\"title\":\"Cats\",\"domain\":"
			      "\"example.com\"}}"));
	if (find_tool(a, TOOL_MAPS) != NULL || slice_find(prompt, SLICE("maps-chunk")) >= 0)
		json_object_array_add(list,
		    ground_parse(
			"{\"maps\":{\"uri\":\"https://maps.google.com/?cid=1\",\"title\":\"Caf"
			"\xC3\xA9\",\"placeId\":\"places/ChIJ1\"}}"));
	if (find_tool(a, TOOL_FILES) != NULL || slice_find(prompt, SLICE("file-chunk")) >= 0)
		json_object_array_add(
		    list, ground_parse(
			      "{\"retrievedContext\":{\"title\":\"notes.txt\",\"text\":\"a note\","
			      "\"fileSearchStore\":\"fileSearchStores/s1\",\"pageNumber\":3}}"));
	if (json_object_array_length(list) > 0)
		return list;
	json_object_put(list);
	return NULL;
}

/* start and end: bytes of the part, end exclusive. sources: from `first`, `count` of them. */
static void
add_support(
    json_object *list, size_t part, size_t start, struct slice text, size_t first, size_t count)
{
	json_object *support = json_object_new_object(), *segment = json_object_new_object();
	json_object *indices = json_object_new_array();

	if (part > 0)
		json_object_object_add(segment, "partIndex", json_object_new_int64((int64_t)part));
	if (start > 0)
		json_object_object_add(
		    segment, "startIndex", json_object_new_int64((int64_t)start));
	json_object_object_add(
	    segment, "endIndex", json_object_new_int64((int64_t)(start + text.len)));
	json_object_object_add(segment, "text", gjson_new(text));
	for (size_t i = first; i < first + count; i++)
		json_object_array_add(indices, json_object_new_int64((int64_t)i));
	json_object_object_add(support, "segment", segment);
	json_object_object_add(support, "groundingChunkIndices", indices);
	json_object_array_add(list, support);
}

/* The text so far is the last part. In a stream the second part's text runs on in the first one;
 * the index is that of the run then: thoughts, if any, are run 0. */
static json_object *
make_supports(const struct ask *a, struct gen *g, size_t chunks)
{
	json_object *list = json_object_new_array();
	struct slice told = gjson_str(g->parts[g->count - 1].part, "text"), rest;
	size_t part = g->count - 1, second = a->stream ? part : part + 1;
	size_t base = a->stream ? told.len : 0;
	struct slice one = SLICE(SENTENCE_1), two = SLICE(SENTENCE_2);

	add_support(list, part, 0, told, 0, 1);
	add_support(list, second, base, one, 0, chunks > 1 ? 2 : 1);
	/* Without the blank before it. */
	rest = (struct slice){ two.ptr + 1, two.len - 1 };
	add_support(list, second, base + one.len + 1, rest, chunks - 1, 1);
	gen_add_text(g, SLICE(SENTENCE_1 SENTENCE_2), false);
	return list;
}

static bool
is_url_end(char c)
{
	return c == '\0' || strchr(" \t\r\n\"'<>),", c) != NULL;
}

static void
add_urls(struct gen *g, struct slice prompt)
{
	static const struct {
		const char *word;
		const char *status;
	} statuses[] = { { "paywall", "PAYWALL" }, { "unsafe", "UNSAFE" }, { "missing", "ERROR" },
		{ "", "SUCCESS" } };
	json_object *list = json_object_new_array(), *doc = json_object_new_object();
	ptrdiff_t at;

	while ((at = slice_find(prompt, SLICE("https://"))) >= 0 &&
	       json_object_array_length(list) < URLS_MAX) {
		struct slice url = { prompt.ptr + at, 0 };
		json_object *row = json_object_new_object();
		size_t i = 0;
		char status[64];

		while ((size_t)at + url.len < prompt.len && !is_url_end(url.ptr[url.len]))
			url.len++;
		while (
		    statuses[i].word[0] != '\0' && slice_find(url, slice_str(statuses[i].word)) < 0)
			i++;
		snprintf(status, sizeof(status), "URL_RETRIEVAL_STATUS_%s", statuses[i].status);
		json_object_object_add(row, "retrievedUrl", gjson_new(url));
		json_object_object_add(row, "urlRetrievalStatus", json_object_new_string(status));
		json_object_array_add(list, row);
		prompt = (struct slice){ url.ptr + url.len, prompt.len - (size_t)at - url.len };
	}
	json_object_object_add(doc, "urlMetadata", list);
	gen_add_extra(g, "urlContextMetadata", doc);
	g->tool_tokens += TOOL_TOKENS;
}

void
ground_add_sources(const struct ask *a, struct gen *g, struct slice prompt)
{
	json_object *chunks, *queries, *doc;
	json_object *last = g->count > 0 ? g->parts[g->count - 1].part : NULL;
	struct slice mime = gjson_str(gjson_get(a->body, "generationConfig"), "responseMimeType");
	size_t count;

	if (prompt.len == 0)
		return;
	if (find_tool(a, TOOL_URL) != NULL)
		add_urls(g, prompt);
	chunks = make_chunks(a, prompt);
	if (chunks == NULL)
		return;
	count = json_object_array_length(chunks);
	doc = json_object_new_object();
	if (wants_search(a, prompt)) {
		queries = json_object_new_array();
		json_object_array_add(queries, gjson_new(prompt));
		json_object_array_add(
		    queries, json_object_new_string("population of Z\xC3\xBCrich"));
		json_object_object_add(doc, "webSearchQueries", queries);
		json_object_object_add(doc, "searchEntryPoint",
		    ground_parse(
			"{\"renderedContent\":\"<div class=\\\"container\\\">searches</div>\"}"));
	}
	json_object_object_add(doc, "groundingChunks", chunks);
	if (mime.len == 0 && gjson_str(last, "text").len > 0 && strcmp(g->finish, "STOP") == 0)
		json_object_object_add(doc, "groundingSupports", make_supports(a, g, count));
	if (gjson_bool(find_tool(a, TOOL_MAPS), "enableWidget"))
		json_object_object_add(doc, "googleMapsWidgetContextToken",
		    json_object_new_string("widgetcontent/stand-in"));
	g->grounding = doc;
	if (g->tool_tokens == 0)
		g->tool_tokens = TOOL_TOKENS;
}

static json_object *
first_candidate(json_object *event)
{
	return gjson_at(event, "candidates", 0);
}

/* The chunks of the list from `from` up to `to`. */
static json_object *
some_chunks(json_object *list, size_t from, size_t to)
{
	json_object *part = json_object_new_array();

	for (size_t i = from; i < to; i++)
		json_object_array_add(part, json_object_get(json_object_array_get_idx(list, i)));
	return part;
}

void
ground_spread(json_object *events, json_object *grounding)
{
	json_object *chunks = gjson_get(grounding, "groundingChunks"), *early, *late;
	size_t count = json_object_array_length(events), all = json_object_array_length(chunks);
	size_t cut = count > 1 ? all / 2 : 0;

	early = json_object_new_object();
	late = json_object_new_object();
	json_object_object_foreach(grounding, name, value)
	{
		if (strcmp(name, "groundingChunks") == 0)
			continue;
		json_object_object_add(
		    cut > 0 && strcmp(name, "webSearchQueries") == 0 ? early : late, name,
		    json_object_get(value));
	}
	json_object_object_add(late, "groundingChunks", some_chunks(chunks, cut, all));
	json_object_object_add(first_candidate(json_object_array_get_idx(events, count - 1)),
	    "groundingMetadata", late);
	if (cut > 0) {
		json_object_object_add(early, "groundingChunks", some_chunks(chunks, 0, cut));
		json_object_object_add(
		    first_candidate(json_object_array_get_idx(events, count - 2)),
		    "groundingMetadata", early);
	} else {
		json_object_put(early);
	}
}
