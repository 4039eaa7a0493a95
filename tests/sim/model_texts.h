/* What the tests about models have in common: texts of Google's, and short ways to ask. */
#ifndef TESTS_SIM_MODEL_TEXTS_H
#define TESTS_SIM_MODEL_TEXTS_H

#include <stdio.h>
#include <string.h>

#include "sim.h"
#include "texts.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

#define REFUSAL(text) GOOGLE_ERROR(400, "INVALID_ARGUMENT", text, "")
#define MISSING(name) \
	GOOGLE_ERROR(404, "NOT_FOUND", \
	    "models/" name " is not found for API version v1beta, or is not supported for " \
	    "generateContent. Call ListModels to see the list of available models.", \
	    "")
#define CLOSED(name) \
	GOOGLE_ERROR(404, "NOT_FOUND", \
	    "This model models/" name " is no longer available to new users.", "")
#define ANSWER_BY(version) \
	"{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"Hello\"}]}," \
	"\"finishReason\":\"STOP\",\"index\":0}]," USAGE ",\"modelVersion\":\"" version "\"}"
#define EVENT_BY(version) \
	"data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"Hello\"" \
	"}]},\"finishReason\":\"STOP\",\"index\":0}],\"modelVersion\":\"" version "\"}\r\n\r\n"
#define LISTED(name) \
	"{\"name\":\"models/" name "\",\"supportedGenerationMethods\":[\"generateContent\"]}"
#define LIST "{\"models\":[" LISTED("gemini-flash-latest") "," LISTED("gemini-3.8-flash") "]}"

#define CHAT(model, more) \
	SLICE("{\"model\":\"" model \
	      "\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]" more "}")
#define LOOP(model, more) \
	SLICE("{\"model\":\"" model "\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}," \
	      "{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c1\",\"type\":\"function\"," \
	      "\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}," \
	      "{\"role\":\"tool\",\"tool_call_id\":\"c1\",\"content\":\"1\"}]" more "}")
#define TOOL \
	",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{" \
	"\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}}}}}]"
#define JSON_FORMAT ",\"response_format\":{\"type\":\"json_object\"}"

static inline struct sim_client *
chat(struct slice body)
{
	return SIM_ASK(.params = { BEARER }, .body = body);
}

static inline bool
sent(size_t call, const char *text)
{
	return slice_find(sim_sent(sim_call(call)), slice_str(text)) >= 0;
}

static inline bool
asks_for(size_t call, const char *model)
{
	char path[96];

	snprintf(path, sizeof(path), "/%s:", model);
	return strstr(sim_url(sim_call(call)), path) != NULL;
}

static inline void
good(size_t call)
{
	if (strstr(sim_url(sim_call(call)), "alt=sse") != NULL)
		sim_answer(sim_call(call), 200, SIM_SSE, EVENT("Hello") LAST_EVENT);
	else
		sim_answer(sim_call(call), 200, SIM_JSON, ANSWER);
}

#endif
