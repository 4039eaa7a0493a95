/* What is learnt of models: refusals that are mended once and remembered, and names that another
 * model serves. */
#include "config.h"

#include "base/limits.h"
#include "model_texts.h"
#include "sim.h"
#include "tap.h"
#include "texts.h"

/* ---- refusals ---- */

static const struct row {
	const char *what;
	struct slice body;
	const char *refusal;
	const char *gone, *there; /* in the first call and in the second one; NULL: not looked at */
	const char *changes;      /* "": none; NULL: any */
	const char *later;        /* in the next request; NULL: not what is gone */
} rows[] = {
	{ "a level", CHAT("gemini-3.8-flash", ",\"reasoning_effort\":\"low\""),
	    REFUSAL("Thinking level LOW is not supported for this model. Please retry with other "
		    "thinking level."),
	    "thinkingConfig", NULL, "/reasoning_effort dropped", "\"thinkingLevel\":\"MEDIUM\"" },
	{ "all levels", CHAT("gemini-3.8-flash", ",\"reasoning_effort\":\"low\""),
	    REFUSAL("Thinking level is not supported for this model."), "thinkingConfig", NULL,
	    "/reasoning_effort dropped", "\"thinkingBudget\":1024" },
	{ "budgets", CHAT("gemini-2.5-flash", ",\"reasoning_effort\":\"low\""),
	    REFUSAL("Thinking budget is not supported for this model."), "thinkingConfig", NULL,
	    "/reasoning_effort dropped", "\"thinkingLevel\":\"LOW\"" },
	{ "a budget of 0", CHAT("gemini-2.5-flash", ",\"reasoning_effort\":\"none\""),
	    REFUSAL("Budget 0 is invalid. This model only works in thinking mode."),
	    "thinkingConfig", NULL, "", "\"thinkingBudget\":1}" },
	{ "a budget's range", CHAT("gemini-2.5-flash", ",\"thinking_budget\":600"),
	    REFUSAL("The thinking budget (600) is invalid. Please choose a value between 1000 and "
		    "2000."),
	    "thinkingConfig", NULL, "/thinking_budget dropped", "\"thinkingBudget\":1000" },
	{ "thinking", CHAT("gemini-3.8-flash", ",\"reasoning_effort\":\"low\""),
	    REFUSAL("Thinking is not enabled for models/gemini-3.8-flash"), "thinkingConfig", NULL,
	    "/reasoning_effort dropped", NULL },
	{ "no signature", LOOP("my-model", TOOL),
	    REFUSAL("Function call is missing a thought_signature in functionCall parts. "
		    "Additional data, function call `default_api:f` , position 2."),
	    NULL, "skip_thought_signature_validator", NULL, NULL },
	{ "sampling", CHAT("my-model", ",\"temperature\":0.5"),
	    REFUSAL("Temperature is not supported for this model."), "temperature", NULL,
	    "/temperature dropped", NULL },
	{ "penalties", CHAT("gemini-2.0-flash", ",\"frequency_penalty\":0.5"),
	    REFUSAL("Penalty is not enabled for this model"), "frequencyPenalty", NULL,
	    "/frequency_penalty dropped", NULL },
	{ "a model turn at the end",
	    SLICE("{\"model\":\"gemini-3.5-flash\",\"messages\":[{\"role\":\"user\",\"content\":"
		  "\"a\"}"
		  ",{\"role\":\"assistant\",\"content\":\"b\"}]}"),
	    REFUSAL("Requests ending with a model turn are not supported."), NULL, "Continue.",
	    NULL, NULL },
	{ "JSON beside tools", CHAT("gemini-3.8-flash", TOOL JSON_FORMAT),
	    REFUSAL("Function calling with a response mime type: 'application/json' is "
		    "unsupported"),
	    "responseMimeType", "JSON document", NULL, NULL },
	{ "JSON", CHAT("gemini-3.8-flash", JSON_FORMAT),
	    REFUSAL("JSON mode is not enabled for models/gemini-3.8-flash"), "responseMimeType",
	    "JSON document", NULL, NULL },
	{ "built-in tools beside functions", CHAT("gemini-3.8-flash:search", TOOL),
	    REFUSAL("Tool use with function calling is unsupported"), "googleSearch",
	    "functionDeclarations", NULL, NULL },
	{ "a seed", CHAT("gemini-3.8-flash", ",\"seed\":7"), REFUSAL("Seed is not supported."),
	    "seed", NULL, "/seed dropped", NULL },
	{ "log probabilities", CHAT("gemini-3.8-flash", ",\"logprobs\":true,\"top_logprobs\":2"),
	    REFUSAL("Logprobs is not enabled for models/gemini-3.8-flash"), "ogprobs", NULL,
	    "/logprobs dropped", NULL },
	{ "functions", CHAT("gemini-3.8-flash", TOOL ",\"tool_choice\":\"auto\""),
	    REFUSAL("Function calling is not enabled for models/gemini-3.8-flash"), "tool", NULL,
	    "/tools dropped", NULL },
	{ "instructions",
	    SLICE("{\"model\":\"gemini-3.8-flash\",\"messages\":[{\"role\":\"system\",\"content\":"
		  "\"Be brief.\"},{\"role\":\"user\",\"content\":\"Hi\"}]}"),
	    REFUSAL("Developer instruction is not enabled for models/x"), "systemInstruction",
	    "{\"text\":\"Be brief.\"},{\"text\":\"Hi\"}", NULL, NULL },
};

/* Each kind is refused once; from then on it is left out at once. */
static void
test_refusals(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		struct sim_client *c;

		SIM_OPEN(TWO_KEYS);
		c = chat(row->body);
		ok(row->gone == NULL || sent(0, row->gone), row->what);
		sim_answer(sim_call(0), 400, SIM_JSON, row->refusal);
		is_int(sim_calls(), 2, "again");
		ok(row->gone == NULL || !sent(1, row->gone), "without it");
		ok(row->there == NULL || sent(1, row->there), "otherwise");
		good(1);
		is_int(sim_status(c), 200, "served");
		if (row->changes == NULL)
			ok(sim_header(c, "x-gemini-balance-changes").len > 0, "it is told");
		else
			is_slice(sim_header(c, "x-gemini-balance-changes"), row->changes, "as");
		c = chat(row->body);
		ok(row->later != NULL   ? sent(2, row->later)
		    : row->gone != NULL ? !sent(2, row->gone)
					: true,
		    "at once the next time");
		good(2);
		is_int(sim_calls(), 3, "which does");
		is_int(sim_status(c), 200, "served");
		SIM_CLOSE();
	}
}

/* Other places where the same is said. */
static void
test_everywhere(void)
{
	static const char refusal[] =
	    REFUSAL("Thinking level LOW is not supported for this model.");
	static const struct {
		const char *uri;
		struct slice body;
	} asks[] = {
		{ "/v1/chat/completions",
		    CHAT("gemini-3.8-flash", ",\"stream\":true,\"reasoning_effort\":\"low\"") },
		{ "/v1/chat/completions",
		    CHAT("gemini-3.8-flash", ",\"n\":2,\"reasoning_effort\":\"low\"") },
		{ "/v1/responses",
		    SLICE("{\"model\":\"gemini-3.8-flash\",\"input\":\"Hi\",\"reasoning\":{"
			  "\"effort\":\"low\"}}") },
		{ "/v1/responses",
		    SLICE("{\"model\":\"gemini-3.8-flash\",\"input\":\"Hi\",\"stream\":true,"
			  "\"reasoning\":{\"effort\":\"low\"}}") },
		{ "/v1/completions",
		    SLICE("{\"model\":\"gemini-3.8-flash\",\"prompt\":\"Hi\",\"reasoning_effort\":"
			  "\"low\"}") },
	};

	for (size_t i = 0; i < COUNT(asks); i++) {
		struct sim_client *c;
		size_t calls, before;

		SIM_OPEN(ONE_KEY);
		c = SIM_ASK(.uri = asks[i].uri, .params = { BEARER }, .body = asks[i].body);
		before = calls = sim_calls();
		if (strstr(sim_url(sim_call(0)), "alt=sse") != NULL)
			sim_answer(sim_call(0), 200, SIM_SSE,
			    "data: " REFUSAL(
				"Thinking level LOW is not supported for this model.") "\r\n\r\n");
		else
			sim_answer(sim_call(0), 400, SIM_JSON, refusal);
		is_int(sim_calls(), 2 * calls, asks[i].uri);
		for (size_t k = before; k < sim_calls(); k++) {
			ok(!sent(k, "LOW"), "without it");
			good(k);
		}
		is_int(sim_status(c), 200, "served");
		SIM_CLOSE();
	}
}

/* A stream that has begun, with a request that cannot be made without what was refused: the error
 * is an event of it. */
static void
test_under_way(void)
{
	static const char *const uris[] = { "/v1/responses", "/v1/chat/completions" };
	static const struct slice bodies[] = {
		SLICE("{\"model\":\"gemini-3.8-flash\",\"input\":\"Hi\",\"stream\":true,"
		      "\"tool_choice\":\"required\",\"tools\":[{\"type\":\"function\",\"name\":"
		      "\"f\",\"parameters\":{\"type\":\"object\"}}]}"),
		CHAT("gemini-3.8-flash", TOOL ",\"stream\":true,\"tool_choice\":\"required\""),
	};

	for (size_t i = 0; i < COUNT(uris); i++) {
		struct sim_client *c;

		SIM_OPEN(ONE_KEY, "HEARTBEAT=2");
		c = SIM_ASK(.uri = uris[i], .params = { BEARER }, .body = bodies[i]);
		sim_pass(2000);
		is_int(sim_status(c), 200, "under way");
		sim_answer(sim_call(0), 400, SIM_JSON,
		    REFUSAL("Function calling is not enabled for models/gemini-3.8-flash"));
		is_int(sim_calls(), 1, "not without a call that must be");
		ok(sim_has(c, "error"), "told");
		ok(sim_state(c) != SIM_OPEN_YET, "and over");
		SIM_CLOSE();
	}
}

/* Refusals one after the other, each mended once; then Google's error is passed on. */
static void
test_several(void)
{
	static const char *const refusals[] = {
		REFUSAL("Thinking level is not supported for this model."),
		REFUSAL("Seed is not supported."),
		REFUSAL("Function call is missing a thought_signature in functionCall parts."),
	};
	struct sim_client *c;

	SIM_OPEN(ONE_KEY);
	c = chat(LOOP("gemini-3.8-flash", TOOL ",\"reasoning_effort\":\"low\",\"seed\":1"));
	sim_answer(sim_call(0), 400, SIM_JSON, refusals[0]);
	ok(!sent(1, "thinking"), "without thinking");
	sim_answer(sim_call(1), 400, SIM_JSON, refusals[1]);
	ok(!sent(2, "seed"), "without a seed");
	sim_answer(sim_call(2), 400, SIM_JSON, refusals[2]);
	is_int(sim_calls(), 3, "what is there cannot be added");
	is_int(sim_status(c), 400, "told");
	ok(sim_has(c, "missing a thought_signature"), "in Google's words");
	c = chat(LOOP("gemini-3.8-flash", TOOL ",\"reasoning_effort\":\"low\",\"seed\":1"));
	ok(sent(3, "thinkingLevel"), "what did not help is not remembered");
	good(3);
	is_int(sim_status(c), 200, "served");
	SIM_CLOSE();
}

/* With STRICT the error names the field. */
static void
test_strict_field(void)
{
	struct sim_client *c;

	SIM_OPEN(ONE_KEY, "STRICT=yes");
	c = chat(CHAT("gemini-3.8-flash", ",\"reasoning_effort\":\"low\""));
	sim_answer(sim_call(0), 400, SIM_JSON,
	    REFUSAL("Thinking level LOW is not supported for this model."));
	is_int(sim_calls(), 1, "no other call");
	is_int(sim_status(c), 400, "told");
	ok(sim_has(c, "Thinking level LOW is not supported"), "in Google's words");
	ok(sim_has(c, "\"param\":\"reasoning_effort\""), "with the caller's field");
	SIM_CLOSE();
}

static void
test_bounds(void)
{
	static const char refusal[] = REFUSAL("Seed is not supported.");
	struct sim_client *c;

	SIM_OPEN(ONE_KEY, "STRICT=yes");
	for (size_t i = 0; i < 2; i++) {
		c = chat(CHAT("gemini-3.8-flash", ",\"seed\":7"));
		ok(sent(i, "seed"), "STRICT");
		sim_answer(sim_call(i), 400, SIM_JSON, refusal);
		is_int(sim_calls(), i + 1, "no other call");
		is_int(sim_status(c), 400, "passed on");
		ok(sim_has(c, "Seed is not supported."), "as it is");
	}
	SIM_CLOSE();

	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(NATIVE);
	sim_answer(sim_call(0), 400, SIM_JSON, refusal);
	is_int(sim_calls(), 1, "native requests are never changed");
	is_int(sim_status(c), 400, "passed on");
	c = chat(CHAT("gemini-3.8-flash", ",\"temperature\":1.5"));
	sim_answer(sim_call(1), 400, SIM_JSON, REFUSAL("Seed is not supported."));
	is_int(sim_calls(), 2, "what is not sent cannot be left out");
	is_int(sim_status(c), 400, "passed on");
	c = chat(CHAT("my-model", ",\"temperature\":1.5"));
	sim_answer(sim_call(2), 400, SIM_JSON,
	    REFUSAL("* GenerateContentRequest.generation_config.temperature: must be in the range "
		    "[0, 1]"));
	ok(!sent(3, "temperature"), "a value that the model does not take");
	good(3);
	is_int(sim_status(c), 200, "served");
	c = chat(CHAT("my-model", ",\"temperature\":0.5"));
	ok(sent(4, "\"temperature\":0.5"), "which says nothing about others");
	good(4);
	SIM_CLOSE();
}

/* After a day it is tried again. */
static void
test_expiry(void)
{
	SIM_OPEN(ONE_KEY);
	chat(CHAT("gemini-3.8-flash", ",\"seed\":7"));
	sim_answer(sim_call(0), 400, SIM_JSON, REFUSAL("Seed is not supported."));
	good(1);
	sim_pass(LEARNED_KEEP_MS - 1000);
	chat(CHAT("gemini-3.8-flash", ",\"seed\":7"));
	ok(!sent(2, "seed"), "remembered");
	good(2);
	sim_pass(2000);
	chat(CHAT("gemini-3.8-flash", ",\"seed\":7"));
	ok(sent(3, "seed"), "and forgotten");
	good(3);
	SIM_CLOSE();
}

/* ---- names that another model serves ---- */

static void
test_served_by(void)
{
	static const char *const events[] = { ANSWER_BY("gemini-3.8-flash"),
		EVENT_BY("gemini-3.8-flash") };
	static const struct slice bodies[] = {
		CHAT("gemini-2.5-flash", ",\"reasoning_effort\":\"high\""),
		CHAT("gemini-2.5-flash", ",\"reasoning_effort\":\"high\",\"stream\":true"),
	};

	for (size_t i = 0; i < 2; i++) {
		SIM_OPEN(ONE_KEY);
		chat(bodies[i]);
		ok(sent(0, "thinkingBudget"), "as the name says");
		sim_answer(sim_call(0), 200, i == 0 ? SIM_JSON : SIM_SSE, events[i]);
		chat(bodies[i]);
		ok(sent(1, "\"thinkingLevel\":\"HIGH\""), "as the answer says");
		sim_answer(sim_call(1), 200, i == 0 ? SIM_JSON : SIM_SSE, events[i]);
		chat(LOOP("gemini-2.5-flash", TOOL));
		ok(sent(2, "skip_thought_signature_validator"), "in all");
		sim_answer(sim_call(2), 200, SIM_JSON, ANSWER_BY("gemini-2.5-flash-001"));
		chat(bodies[i]);
		ok(sent(3, "thinkingBudget"), "and back");
		sim_answer(sim_call(3), 200, i == 0 ? SIM_JSON : SIM_SSE, events[i]);
		SIM_CLOSE();
	}
	SIM_OPEN(ONE_KEY, "MODEL_ALIASES=fast=my-fast-model");
	SIM_ASK(.uri = "/v1beta/models/my-fast-model:generateContent", .params = { GOOGLE },
	    .body = CONTENTS);
	sim_answer(sim_call(0), 200, SIM_JSON, ANSWER_BY("gemini-3.8-flash"));
	chat(CHAT("fast", ",\"reasoning_effort\":\"high\""));
	ok(sent(1, "\"thinkingLevel\":\"HIGH\""), "learnt from a native answer");
	good(1);
	SIM_CLOSE();
}

int
main(void)
{
	test_refusals();
	test_everywhere();
	test_under_way();
	test_several();
	test_strict_field();
	test_bounds();
	test_expiry();
	test_served_by();
	return tap_done();
}
