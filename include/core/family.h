/*
 * What the models of a family can do, one row per name prefix (family.c). Everything that depends
 * on a model's name is decided here.
 */
#ifndef CORE_FAMILY_H
#define CORE_FAMILY_H

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
};

enum family_thinking { THINKING_NONE, THINKING_BUDGET, THINKING_LEVEL };

enum family_level { LEVEL_MINIMAL = 1, LEVEL_LOW = 2, LEVEL_MEDIUM = 4, LEVEL_HIGH = 8 };

struct family {
	const char *prefix;
	unsigned can;                   /* enum family_can */
	enum family_thinking thinking;  /* which knob */
	unsigned levels;                /* THINKING_LEVEL: those that are taken */
	int32_t budget_min, budget_max; /* THINKING_BUDGET */
};

/* name: the upstream model without `models/`. Never NULL. */
const struct family *family_of(const char *name);

#endif
