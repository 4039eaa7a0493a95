/* The model catalogue and what each model can and cannot do. */
#ifndef STANDIN_MODELS_H
#define STANDIN_MODELS_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum model_kind {
	MODEL_TEXT,
	MODEL_IMAGE,
	MODEL_TTS,     /* answers headerless L16 */
	MODEL_TTS_WAV, /* answers a WAV container */
	MODEL_TRANSCRIBE,
	MODEL_EMBED,
	MODEL_LIVE,    /* listed, but not for generateContent */
	MODEL_OTHER,   /* also video, music, agents */
	MODEL_RETIRED, /* listed, calls are answered 404 */
};

enum think_knob { THINK_NONE, THINK_BUDGET, THINK_LEVEL, THINK_ALWAYS };
enum { LEVEL_MINIMAL = 1, LEVEL_LOW = 2, LEVEL_MEDIUM = 4, LEVEL_HIGH = 8, LEVEL_XHIGH = 16 };

struct model {
	const char *name;
	enum model_kind kind;
	int version; /* 25 for 2.5; 0 for what is no Gemini */
	enum think_knob knob;
	unsigned levels;            /* for THINK_LEVEL */
	int budget_min, budget_max; /* for THINK_BUDGET; 0 is apart */
	bool budget_zero;
	bool no_model_last; /* refuses a conversation that ends with a model turn */
	/* For the special models of the tests; see behave.c. */
	enum { SPECIAL_NONE, SPECIAL_BENCH, SPECIAL_GATED, SPECIAL_SILENT, SPECIAL_SPLIT } special;
	uint32_t number; /* N or MS of a special model */
};

/* name: without "models/". Fills *ret; false when there is no such model. */
bool model_find(struct slice name, struct model *ret);
/* What answers of that name call themselves. */
const char *model_version(const char *name);
bool model_generates(const struct model *m);
bool model_has_budget_range(const struct model *m, int64_t budget);
/* Gemini 3 and later: signatures, call ids, one candidate. */
bool model_is_3(const struct model *m);
/* One page: {"models":[...],"nextPageToken"}. NULL when the token is none of ours. */
json_object *models_page(size_t page_size, struct slice token);
json_object *model_describe(const struct model *m);

#endif
