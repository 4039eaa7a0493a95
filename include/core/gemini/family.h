/*
 * What the models of a family can do, one row per name prefix (family.c). Everything that depends
 * on a model's name is decided here. An operator's own rows are looked at before the built-in ones.
 */
#ifndef CORE_GEMINI_FAMILY_H
#define CORE_GEMINI_FAMILY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum family_can {
	FAMILY_SAMPLING = 1 << 0,   /* temperature, topP, topK; ignored from Gemini 3 on */
	FAMILY_PENALTIES = 1 << 1,  /* presencePenalty, frequencyPenalty */
	FAMILY_CANDIDATES = 1 << 2, /* candidateCount above 1 */
	FAMILY_PREFILL = 1 << 3,    /* a conversation may end with a model turn */
	FAMILY_MIX = 1 << 4,        /* built-in tools beside functions */
	FAMILY_JSON_TOOLS = 1 << 5, /* a JSON answer format beside tools */
	FAMILY_CALL_IDS = 1 << 6,   /* function calls carry ids */
	FAMILY_SIGNATURES = 1 << 7, /* the first call of a step must carry its thought signature */
	FAMILY_MEDIA = 1 << 8,      /* mediaResolution per part, media in function responses */
	FAMILY_VALIDATED = 1 << 9,  /* function calling mode VALIDATED */
	FAMILY_AUDIO_OUT = 1 << 10, /* generateContent answers with sound, and with nothing else */
	FAMILY_IMAGE_OUT = 1 << 11, /* answers with text and images */
	FAMILY_AUDIO_FORMATS =
	    1 << 12,                  /* sound as MP3 and the like (responseFormat.audio), styles */
	FAMILY_IMAGE_SIZES = 1 << 13, /* imageSize 1K, 2K and 4K; others make 1K */
	FAMILY_IMAGE_WIDE = 1 << 14,  /* imageSize 512 too, aspect ratios up to 1:8 */
	FAMILY_TRANSCRIBE = 1 << 15,  /* audioTranscriptionConfig; writes down what it hears */
	FAMILY_NO_CALLS = 1 << 16,    /* calls no functions: Google refuses their declarations */
};

enum family_thinking { THINKING_NONE, THINKING_BUDGET, THINKING_LEVEL };

enum family_level {
	LEVEL_MINIMAL = 1,
	LEVEL_LOW = 2,
	LEVEL_MEDIUM = 4,
	LEVEL_HIGH = 8,
	LEVEL_XHIGH = 16
};

struct family {
	const char *prefix;             /* each `*` in it stands for anything */
	unsigned can;                   /* enum family_can */
	enum family_thinking thinking;  /* which knob */
	unsigned levels;                /* THINKING_LEVEL: those that are taken, at least one */
	bool budget_off;                /* THINKING_BUDGET: 0 is taken besides the range */
	int32_t budget_min, budget_max; /* THINKING_BUDGET: the range above 0 */
};

/* name: the upstream model without `models/`. Never NULL. The built-in table alone. */
const struct family *family_of(const char *name);

struct families; /* an operator's rows; immutable after families_new */

/*
 * text: one family a line, `#` begins a comment:
 *
 *   PREFIX WORD...       each `*` in a prefix stands for anything
 *   my-model-   like=gemini-flash-latest -mix +prefill level=low,high
 *   old-        sampling penalties candidates budget=0,512-24576
 *
 *   sampling penalties candidates prefill mix json_tools call_ids signatures media validated
 *   audio audio_formats image image_sizes image_wide transcribe no_calls
 *                        a capability
 *   +WORD -WORD          a capability more or less than that of the row that is alike
 *   like=NAME            first: everything is as with the model NAME, by the rows above and the
 *                        built-in ones
 *   level=LEVEL,...      thinks by level: minimal low medium high xhigh
 *   budget=MIN-MAX       thinks by budget; `0,` in front or MIN 0: it can be turned off
 *   thinking=none        takes no thinkingConfig
 *
 * The first row whose prefix fits a name counts. NULL, *ret_error (static) and *ret_line (from 1)
 * when the text is not of that form.
 */
struct families *families_new(const char *text, const char **ret_error, size_t *ret_line);
void families_free(struct families *f);
/* The row of an upstream model; f may be NULL. Never NULL; valid as long as f. */
const struct family *families_of(const struct families *f, const char *name);
/* Is it an operator's row? */
bool families_has(const struct families *f, const char *name);

#endif
