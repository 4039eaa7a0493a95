/* What Google's refusals mean, in its own words and in likely ones; and what a caller's words in
 * them must not mean. */
#include "config.h"

#include "core/gemini/refusal.h"

#include <string.h>

#include "tap.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static struct gemini_status
status_of(const char *message)
{
	struct gemini_status g = { .is_status = true, .code = 400, .status = "INVALID_ARGUMENT" };

	snprintf(g.message, sizeof(g.message), "%s", message);
	return g;
}

static unsigned
kind_of(const char *message)
{
	struct gemini_status g = status_of(message);
	struct refusals r = { 0 };

	return refusals_add(&r, &g) ? r.kinds : 0;
}

static const struct {
	const char *text;
	unsigned kind;
} rows[] = {
	{ "Thinking level MINIMAL is not supported for this model. Please retry with other "
	  "thinking level.",
	    REFUSED_LEVEL_MINIMAL },
	{ "Thinking level XHIGH is not supported for this model. Supported levels: LOW, "
	  "MEDIUM, HIGH.",
	    REFUSED_LEVEL_XHIGH },
	{ "thinking_level low is unsupported", REFUSED_LEVEL_LOW },
	{ "Thinking level is not supported for this model.", REFUSED_LEVELS },
	{ "Invalid value at 'generation_config.thinking_config.thinking_level' "
	  "(type.googleapis.com/google.ai.Level), \"XHIGH\"",
	    REFUSED_LEVEL_XHIGH },
	{ "Invalid JSON payload received. Unknown name \"x\" at "
	  "'generation_config.thinking_config.thinking_level': Cannot find field.",
	    REFUSED_LEVELS },
	{ "Thinking budget is not supported for this model.", REFUSED_BUDGETS },
	{ "Budget 0 is invalid. This model only works in thinking mode.", REFUSED_BUDGET_OFF },
	{ "The thinking budget (50) is invalid. Please choose a value between 128 and "
	  "32768.",
	    REFUSED_BUDGET_RANGE },
	{ "The thinking budget 50 is invalid.", REFUSED_THINKING },
	{ "You can only set only one of thinking budget and thinking level.", REFUSED_THINKING },
	{ "Thinking is not enabled for models/gemini-x", REFUSED_THINKING },
	{ "Unable to submit request because thinking is not supported by this model.",
	    REFUSED_THINKING },
	{ "Function call is missing a thought_signature in functionCall parts. This is "
	  "required for tools to work correctly. Additional data, function call "
	  "`default_api:f` , position 2.",
	    REFUSED_UNSIGNED },
	{ "Image part is missing a thought_signature in content position 2, part position "
	  "1.",
	    REFUSED_UNSIGNED },
	{ "Corrupted thought signature.", REFUSED_SIGNATURE },
	{ "Thought signature is not valid", REFUSED_SIGNATURE },
	{ "Invalid thought signature", REFUSED_SIGNATURE },
	{ "Invalid value at 'contents[1].parts[0].thought_signature' (TYPE_BYTES), Base64 "
	  "decoding failed for \"x\"",
	    REFUSED_SIGNATURE },
	{ "Multiple candidates is not enabled for this model", REFUSED_CANDIDATES },
	{ "Only one candidate can be specified in the current model", REFUSED_CANDIDATES },
	{ "Penalty is not enabled for this model", REFUSED_PENALTIES },
	{ "Temperature is not supported for this model.", REFUSED_SAMPLING },
	{ "`top_k` and top_p cannot be set for this model", REFUSED_SAMPLING },
	{ "Unable to submit request because it has a topK value of 100 but the supported "
	  "range is from 1 to 41.",
	    REFUSED_SAMPLE },
	{ "Requests ending with a model turn are not supported.", REFUSED_PREFILL },
	{ "Please ensure that multiturn requests ends with a user role or a function "
	  "response.",
	    REFUSED_PREFILL },
	{ "Function calling with a response mime type: 'application/json' is unsupported",
	    REFUSED_JSON_TOOLS },
	{ "Tool use with a response mime type: 'application/json' is unsupported",
	    REFUSED_JSON_TOOLS },
	{ "Controlled generation is not supported with google_search tool.", REFUSED_JSON_TOOLS },
	{ "JSON mode is not enabled for models/gemma-3", REFUSED_JSON },
	{ "Tool use with function calling is unsupported", REFUSED_MIX },
	{ "Please enable tool_config.include_server_side_tool_invocations to use Built-in "
	  "tools with Function calling.",
	    REFUSED_MIX },
	{ "Multiple tools are supported only when they are all search tools.", REFUSED_MIX },
	{ "Function calling mode VALIDATED is not supported for this model.", REFUSED_VALIDATED },
	{ "Multimodal function responses are not supported for this model.", REFUSED_MEDIA },
	{ "Per-part media resolution is not supported for this model.", REFUSED_MEDIA },
	{ "Logprobs is not enabled for models/gemini-x", REFUSED_LOGPROBS },
	{ "Seed is not supported.", REFUSED_SEED },
	{ "Developer instruction is not enabled for models/gemma-3-27b-it", REFUSED_SYSTEM },
	{ "Audio response format is not supported for this model.", REFUSED_AUDIO_FORMATS },
	{ "* GenerateContentRequest.generation_config.image_config.aspect_ratio: aspect "
	  "ratio 1:8 is not supported by this model\n",
	    REFUSED_IMAGE_WIDE },
	{ "* GenerateContentRequest.generation_config.image_config.image_size: not "
	  "supported by this model\n",
	    REFUSED_IMAGE_SIZES },
	{ "Audio transcription config is not supported for this model.", REFUSED_TRANSCRIPTION },
	{ "Function calling is not enabled for models/gemma-3-1b-it", REFUSED_CALLS },
	{ "Tool use is not supported for this model.", REFUSED_CALLS },
	/* faults of the caller */
	{ "Request contains an invalid argument.", 0 },
	{ "Invalid JSON payload received. Unknown name \"temperature is not supported\": "
	  "Cannot find field.",
	    0 },
	{ "* GenerateContentRequest.tools[0].function_declarations[Thinking level is not "
	  "supported].name: Invalid function name.",
	    0 },
	{ "Duplicate function declaration found: get_seed", 0 },
	{ "* GenerateContentRequest.contents: contents is not specified\n", 0 },
	{ "The input token count (2000000) exceeds the maximum number of tokens allowed "
	  "(1048576).",
	    0 },
	{ "Unsupported MIME type: image/svg+xml", 0 },
};

static void
test_texts(void)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		is_int(kind_of(rows[i].text), rows[i].kind, rows[i].text);
}

static void
test_range(void)
{
	struct gemini_status g =
	    status_of("The thinking budget (50) is invalid. Please choose a value "
		      "between 512 and 24576.");
	struct refusals r = { 0 };

	ok(refusals_add(&r, &g), "a range");
	is_int(r.budget_min, 512, "  from");
	is_int(r.budget_max, 24576, "  to");
	ok(refusals_add(&r, &g) && (r.kinds & REFUSED_THINKING) != 0, "again: no thinking at all");
	ok(!refusals_add(&r, &g), "there is an end");
}

static void
test_wider(void)
{
	struct gemini_status level =
				 status_of("Thinking level LOW is not supported for this model."),
			     other = status_of("Corrupted thought signature."),
			     quota = status_of("Corrupted thought signature.");
	struct refusals r = { 0 };

	ok(refusals_add(&r, &level) && r.kinds == REFUSED_LEVEL_LOW, "one level");
	ok(refusals_widen(&r) && r.kinds == REFUSED_THINKING,
	    "which made no difference: no thinking");
	ok(!refusals_widen(&r) && r.kinds == 0, "nothing larger");
	ok(refusals_add(&r, &other), "a signature");
	ok(refusals_add(&r, &other) && r.kinds == (REFUSED_SIGNATURE | REFUSED_UNSIGNED),
	    "and again: the documented value");
	ok(!refusals_add(&r, &other), "not a third time");
	quota.code = 429;
	r = (struct refusals){ 0 };
	ok(!refusals_add(&r, &quota), "only 400");
}

static void
test_words(void)
{
	for (unsigned i = 0; i < REFUSALS; i++)
		is_int(refusal_named(slice_str(refusal_word(1U << i))), 1U << i,
		    refusal_word(1U << i));
	is_int(refusal_named(SLICE("")), 0, "no name");
	is_str(refusal_word(3), "", "no kind");
}

int
main(void)
{
	test_texts();
	test_range();
	test_wider();
	test_words();
	return tap_done();
}
