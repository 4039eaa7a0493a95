/*
 * What Google refuses of a request because the model does not take it: one table of texts
 * (refusal.c) says what is to be left out or corrected before the request is sent again.
 */
#ifndef CORE_GEMINI_REFUSAL_H
#define CORE_GEMINI_REFUSAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "core/gemini/status.h"

enum refusal {
	/* Single levels: the bits are those of enum family_level. */
	REFUSED_LEVEL_MINIMAL = 1 << 0,
	REFUSED_LEVEL_LOW = 1 << 1,
	REFUSED_LEVEL_MEDIUM = 1 << 2,
	REFUSED_LEVEL_HIGH = 1 << 3,
	REFUSED_LEVEL_XHIGH = 1 << 4,
	REFUSED_LEVELS = 1 << 5,       /* thinkingLevel */
	REFUSED_BUDGETS = 1 << 6,      /* thinkingBudget */
	REFUSED_BUDGET_OFF = 1 << 7,   /* a budget of 0 */
	REFUSED_BUDGET_RANGE = 1 << 8, /* a budget out of the range that the refusal names */
	REFUSED_THINKING = 1 << 9,     /* thinkingConfig */
	REFUSED_UNSIGNED = 1 << 10,    /* a call without a thought signature */
	REFUSED_SIGNATURE = 1 << 11,   /* a signature that is not the one of its part */
	REFUSED_SAMPLING = 1 << 12,    /* temperature, topP, topK */
	REFUSED_SAMPLE = 1 << 13,      /* a value of one of these */
	REFUSED_PENALTIES = 1 << 14,
	REFUSED_CANDIDATES = 1 << 15, /* candidateCount */
	REFUSED_PREFILL = 1 << 16,    /* a model turn at the end */
	REFUSED_JSON = 1 << 17,       /* a JSON answer format */
	REFUSED_JSON_TOOLS = 1 << 18, /* one beside tools */
	REFUSED_MIX = 1 << 19,        /* built-in tools beside functions */
	REFUSED_VALIDATED = 1 << 20,  /* function calling mode VALIDATED */
	REFUSED_MEDIA = 1 << 21,      /* media in function responses, mediaResolution per part */
	REFUSED_CALL_IDS = 1 << 22,   /* ids of function calls */
	REFUSED_SEED = 1 << 23,
	REFUSED_LOGPROBS = 1 << 24,
	REFUSED_SYSTEM = 1 << 25,        /* systemInstruction */
	REFUSED_AUDIO_FORMATS = 1 << 26, /* responseFormat.audio */
	REFUSED_IMAGE_WIDE = 1 << 27,    /* imageSize 512, aspect ratios up to 1:8 */
	REFUSED_IMAGE_SIZES = 1 << 28,   /* imageSize */
	REFUSED_TRANSCRIPTION = 1 << 29, /* audioTranscriptionConfig */
	REFUSED_CALLS = 1 << 30,         /* functions and tools at all */
};

#define REFUSALS 31 /* members of enum refusal */
#define REFUSED_ANY_LEVEL \
	(REFUSED_LEVEL_MINIMAL | REFUSED_LEVEL_LOW | REFUSED_LEVEL_MEDIUM | REFUSED_LEVEL_HIGH | \
	    REFUSED_LEVEL_XHIGH)
/* How a model is told to think. The request that met with it goes on without, later ones say it in
 * another way. */
#define REFUSED_KNOB \
	(REFUSED_ANY_LEVEL | REFUSED_LEVELS | REFUSED_BUDGETS | REFUSED_BUDGET_OFF | \
	    REFUSED_BUDGET_RANGE)
/* What says something about one request and not about the model. */
#define REFUSED_ONCE (REFUSED_SIGNATURE | REFUSED_SAMPLE)

struct refusals {
	unsigned kinds;                 /* enum refusal */
	unsigned last;                  /* the one that was added last */
	unsigned tried;                 /* all that were added, even those that came to nothing */
	int32_t budget_min, budget_max; /* with REFUSED_BUDGET_RANGE */
};

/* Adds to *r what an answer with status 400 refuses, if it is of a kind that is not there yet; of
 * one that is there already, the next larger thing that can be left out. False when nothing new can
 * be done about it. */
bool refusals_add(struct refusals *r, const struct gemini_status *g);

/* Nothing came of the kind that was added last: puts the next larger thing in its place. False when
 * there is none. */
bool refusals_widen(struct refusals *r);

/* The name of a kind, one bit, as other processes are told of it; a kind by its name, or 0. */
const char *refusal_word(unsigned kind);
unsigned refusal_named(struct slice word);

#endif
