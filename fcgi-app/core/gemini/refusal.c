/*
 * The table of refusals. Google words them differently from model to model, so a rule looks for
 * words in the message and for any of the usual ways to say no. A message may quote the request:
 * what stands in quotes or brackets is not looked at, so that a caller's text cannot pass for
 * Google's.
 */
#include "config.h"

#include "core/gemini/refusal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#define TEXT_MAX sizeof(((struct gemini_status *)0)->message)

/* A level is told by its name. */
#define A_LEVEL 0

/* clang-format off */
static const char denials[] =
	"not supported|unsupported|not enabled|not available|not allowed|not permitted|"
	"not accept|not implemented|does not support|doesn't support|do not support|disabled|"
	"deprecated|cannot be|can't be|cannot find field|not valid for this model|not applicable";

/* A rule fits when each of its lists has a word that is in the message, and when one of the denials
 * is there if it asks for that. The first that fits counts. `|` separates the words of a list. */
static const struct rule {
	unsigned kind;
	bool denied;
	const char *one, *two; /* two: NULL when there is only one list */
} rules[] = {
	/* Signatures: guide "Thought signatures". */
	{ REFUSED_UNSIGNED,     false, "thought_signature|thought signature|thoughtsignature",
	                               "missing|required|must have|must include" },
	{ REFUSED_SIGNATURE,    false, "thought_signature|thought signature|thoughtsignature",
	                               "corrupt|invalid|not valid|mismatch|not match|decode|expired|failed|unable" },

	/* Thinking: guide "Gemini thinking". */
	{ REFUSED_THINKING,     false, "one of thinking budget and thinking level|both thinking", NULL },
	{ REFUSED_BUDGET_OFF,   false, "budget 0 is|only works in thinking mode|cannot disable thinking|"
	                               "thinking cannot be disabled|thinking can't be disabled", NULL },
	{ REFUSED_BUDGET_RANGE, false, "thinking budget|thinking_budget|thinkingbudget",
	                               "between|out of range|is invalid|must be|in the range" },
	{ REFUSED_BUDGETS,      true,  "thinking budget|thinking_budget|thinkingbudget", NULL },
	{ A_LEVEL,              true,  "thinking level|thinking_level|thinkinglevel", NULL },
	{ A_LEVEL,              false, "thinking level|thinking_level|thinkinglevel", "invalid" },
	{ REFUSED_THINKING,     true,  "thinking|include_thoughts|includethoughts", NULL },

	/* The conversation. */
	{ REFUSED_PREFILL,      false, "model turn|model role|assistant prefill|prefill",
	                               "ending with|end with|ends with|last|not supported" },
	{ REFUSED_PREFILL,      false, "end with a user role|ends with a user role|end with a user turn|"
	                               "ends with a user turn", NULL },
	{ REFUSED_SYSTEM,       true,  "developer instruction|system instruction|system_instruction|"
	                               "systeminstruction", NULL },
	{ REFUSED_MEDIA,        true,  "multimodal function response|function response parts|media resolution|"
	                               "function_response.parts|functionresponse.parts|media_resolution|"
	                               "mediaresolution", NULL },
	{ REFUSED_CALL_IDS,     true,  "function_call.id|functioncall.id|function_response.id|"
	                               "functionresponse.id|function call id|call ids", NULL },

	/* Images, speech and transcription. */
	{ REFUSED_AUDIO_FORMATS, true, "audio response format|response_format.audio|responseformat.audio", NULL },
	{ REFUSED_IMAGE_WIDE,   false, "aspect ratio|aspect_ratio|aspectratio", NULL },
	{ REFUSED_IMAGE_WIDE,   false, "image_size|imagesize|image size", "must be one of" },
	{ REFUSED_IMAGE_SIZES,  true,  "image_size|imagesize|image size", NULL },
	{ REFUSED_TRANSCRIPTION, true, "audio transcription config|audio_transcription_config|"
	                               "audiotranscriptionconfig", NULL },

	/* Tools and the form of the answer. */
	{ REFUSED_JSON_TOOLS,   true,  "response mime type|response_mime_type|responsemimetype|json mode|"
	                               "controlled generation|structured output",
	                               "function call|tool" },
	{ REFUSED_JSON,         true,  "response mime type|response_mime_type|responsemimetype|json mode|"
	                               "controlled generation|structured output", NULL },
	{ REFUSED_MIX,          false, "tool use|built-in tool|builtin tool|server side tool|google_search",
	                               "with function calling|with functions|with function declarations" },
	{ REFUSED_MIX,          false, "multiple tools are supported only|"
	                               "include_server_side_tool_invocations|includeserversidetoolinvocations",
	                               NULL },
	{ REFUSED_CALLS,        true,  "function calling is|function calls are|functions are|tool use is|"
	                               "tools are|tool calling is", NULL },
	{ REFUSED_VALIDATED,    true,  "validated", NULL },
	{ REFUSED_VALIDATED,    false, "function_calling_config.mode|functioncallingconfig.mode", NULL },

	/* Parameters. */
	{ REFUSED_CANDIDATES,   true,  "multiple candidates|candidate_count|candidatecount|candidate count",
	                               NULL },
	{ REFUSED_CANDIDATES,   false, "candidate_count|candidatecount|only one candidate", NULL },
	{ REFUSED_PENALTIES,    true,  "penalty|penalties|presencepenalty|frequencypenalty", NULL },
	{ REFUSED_LOGPROBS,     true,  "logprobs|log probabilities", NULL },
	{ REFUSED_SEED,         true,  "seed", NULL },
	{ REFUSED_SAMPLING,     true,  "temperature|top_p|top_k|topp|topk|top-p|top-k|sampling param", NULL },
	{ REFUSED_SAMPLE,       false, "temperature|top_p|top_k|topp|topk|top-p|top-k",
	                               "range|must be|between|at most|at least|invalid" },
};

/* What is left out when the first thing was not enough. */
static const struct {
	unsigned kind, next;
} larger[] = {
	{ REFUSED_KNOB,         REFUSED_THINKING },
	{ REFUSED_UNSIGNED,     REFUSED_SIGNATURE },
	{ REFUSED_SIGNATURE,    REFUSED_UNSIGNED },
	{ REFUSED_SAMPLE,       REFUSED_SAMPLING },
	{ REFUSED_JSON_TOOLS,   REFUSED_JSON },
	{ REFUSED_IMAGE_WIDE,   REFUSED_IMAGE_SIZES },
};

static const struct {
	const char *word;
	unsigned kind;
} level_words[] = {
	{ "minimal", REFUSED_LEVEL_MINIMAL }, { "medium", REFUSED_LEVEL_MEDIUM },
	{ "xhigh", REFUSED_LEVEL_XHIGH }, { "high", REFUSED_LEVEL_HIGH }, { "low", REFUSED_LEVEL_LOW },
};

/* In the order of the bits. */
static const char *const words[REFUSALS] = {
	"level_minimal", "level_low", "level_medium", "level_high", "level_xhigh", "levels", "budgets",
	"budget_off", "budget_range", "thinking", "unsigned", "signature", "sampling", "sample",
	"penalties", "candidates", "prefill", "json", "json_tools", "mix", "validated", "media",
	"call_ids", "seed", "logprobs", "system", "audio_formats", "image_wide", "image_sizes",
	"transcription", "calls",
};
/* clang-format on */

const char *
refusal_word(unsigned kind)
{
	size_t i = 0;

	while (i < REFUSALS && 1U << i != kind)
		i++;
	return i < REFUSALS ? words[i] : "";
}

unsigned
refusal_named(struct slice word)
{
	for (size_t i = 0; i < REFUSALS; i++)
		if (slice_eq(slice_str(words[i]), word))
			return 1U << i;
	return 0;
}

/* In small letters and without what is quoted. */
static void
refusal_plain(const char *message, char ret[TEXT_MAX])
{
	static const char open[] = "\"`[", closing[] = "\"`]";
	char until = '\0';
	size_t len = 0;

	for (; *message != '\0' && len + 1 < TEXT_MAX; message++) {
		const char *quote = strchr(open, *message);

		if (until != '\0') {
			until = *message == until ? '\0' : until;
		} else if (quote != NULL && strchr(message + 1, closing[quote - open]) != NULL) {
			until = closing[quote - open];
			ret[len++] = ' ';
		} else {
			ret[len++] = ascii_lower(*message);
		}
	}
	ret[len] = '\0';
}

static bool
has_any(const char *text, const char *list)
{
	struct slice rest = slice_str(list), word;

	while (slice_split(&rest, '|', &word))
		if (slice_find(slice_str(text), word) >= 0)
			return true;
	return false;
}

static bool
rule_fits(const struct rule *rule, const char *text)
{
	return has_any(text, rule->one) && (rule->two == NULL || has_any(text, rule->two)) &&
	       (!rule->denied || has_any(text, denials));
}

/* Where the word stands, not as a part of another one; NULL: nowhere. */
static const char *
refusal_find_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = strcasestr(text, word); at != NULL; at = strcasestr(at + 1, word))
		if ((at == text || !isalpha((unsigned char)at[-1])) &&
		    !isalpha((unsigned char)at[len]))
			return at;
	return NULL;
}

/* The level that is named first: others may be recommended behind it. */
static unsigned
refusal_level_of(const char *message)
{
	const char *first = NULL;
	unsigned kind = REFUSED_LEVELS;

	for (size_t i = 0; i < ARRAY_SIZE(level_words); i++) {
		const char *at = refusal_find_word(message, level_words[i].word);

		if (at == NULL || (first != NULL && at > first))
			continue;
		first = at;
		kind = level_words[i].kind;
	}
	return kind;
}

/* Two numbers behind `between`, or in brackets as a range. */
static bool
range_of(const char *message, struct refusals *ret)
{
	const char *at = strcasestr(message, "between");
	char *end;
	long low, high;

	if (at == NULL)
		at = strcasestr(message, "range");
	if (at == NULL)
		return false;
	at += strcspn(at, "0123456789");
	low = strtol(at, &end, 10);
	at = end + strcspn(end, "0123456789");
	high = strtol(at, &end, 10);
	if (end == at || low < 0 || high <= low || high > INT32_MAX)
		return false;
	ret->budget_min = (int32_t)(low > 0 ? low : 1);
	ret->budget_max = (int32_t)high;
	return true;
}

static unsigned
refusal_of(const struct gemini_status *g)
{
	char text[TEXT_MAX];

	bool bad = g->code == 400 || (g->code == 0 && strcmp(g->status, "INVALID_ARGUMENT") == 0);

	if (!g->is_status || !bad)
		return 0;
	refusal_plain(g->message, text);
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (rule_fits(&rules[i], text))
			return rules[i].kind != A_LEVEL ? rules[i].kind
			                                : refusal_level_of(g->message);
	return 0;
}

/* The next larger thing that can be left out, or 0. */
static unsigned
refusal_larger(unsigned kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(larger); i++)
		if ((larger[i].kind & kind) != 0)
			return larger[i].next;
	return 0;
}

/* kind, or what is larger and was not tried yet; false when there is nothing. */
static bool
refusals_try(struct refusals *r, unsigned kind)
{
	/* Those of signatures lead to each other. */
	for (size_t i = 0; i < ARRAY_SIZE(larger) && (r->tried & kind) != 0; i++)
		kind = refusal_larger(kind);
	if (kind == 0 || (r->tried & kind) != 0)
		return false;
	r->kinds |= kind;
	r->tried |= kind;
	r->last = kind;
	return true;
}

bool
refusals_add(struct refusals *r, const struct gemini_status *g)
{
	unsigned kind = refusal_of(g);

	if (kind == REFUSED_BUDGET_RANGE && (r->tried & kind) == 0 && !range_of(g->message, r))
		kind = REFUSED_THINKING;
	return refusals_try(r, kind);
}

bool
refusals_widen(struct refusals *r)
{
	unsigned last = r->last;

	r->kinds &= ~last;
	r->last = 0;
	return refusals_try(r, refusal_larger(last));
}
