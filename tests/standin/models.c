/* The catalogue: one row per model, specials by pattern. */
#include "config.h"

#include "models.h"

#include <stdio.h>
#include <string.h>

#include "base/xalloc.h"
#include "overlay.h"

#define MINIMAL_UP (LEVEL_MINIMAL | LEVEL_LOW | LEVEL_MEDIUM | LEVEL_HIGH)
#define LOW_UP     (LEVEL_LOW | LEVEL_MEDIUM | LEVEL_HIGH)
#define TO_XHIGH   (LOW_UP | LEVEL_XHIGH)
#define ENDS       (LEVEL_MINIMAL | LEVEL_HIGH)

#define TEXT(n, v, levels, strict) \
	{ \
		n, MODEL_TEXT, v, THINK_LEVEL, levels, 0, 0, false, strict, SPECIAL_NONE, 0 \
	}
#define BUDGET(n, min, max, zero) \
	{ \
		n, MODEL_TEXT, 25, THINK_BUDGET, 0, min, max, zero, false, SPECIAL_NONE, 0 \
	}
#define OTHER(n, kind, v) \
	{ \
		n, kind, v, THINK_NONE, 0, 0, 0, false, false, SPECIAL_NONE, 0 \
	}

static const struct model models[] = {
	BUDGET("gemini-2.5-flash", 1, 24576, true),
	BUDGET("gemini-2.5-pro", 128, 32768, false),
	BUDGET("gemini-2.5-flash-lite", 512, 24576, true),
	TEXT("gemini-3-flash-preview", 30, MINIMAL_UP, false),
	TEXT("gemini-3.1-pro-preview", 31, LOW_UP, false),
	TEXT("gemini-3.1-pro-preview-customtools", 31, LOW_UP, false),
	TEXT("gemini-3.1-flash-lite", 31, MINIMAL_UP, false),
	TEXT("gemini-3.5-flash", 35, MINIMAL_UP, false),
	TEXT("gemini-3.5-flash-lite", 35, MINIMAL_UP, true),
	TEXT("gemini-3.6-flash", 36, MINIMAL_UP, true),
	TEXT("gemini-3.7-flash", 37, LOW_UP, true),
	TEXT("gemini-3.8-flash", 38, LOW_UP, true),
	TEXT("gemini-4-argon", 40, LOW_UP, true),
	TEXT("gemini-4-carbon", 40, LOW_UP, true),
	TEXT("gemini-4-hydrogen", 40, TO_XHIGH, true),
	TEXT("gemini-4-neon", 40, TO_XHIGH, true),
	TEXT("gemini-4-neon-preview-11-2026", 40, TO_XHIGH, true),
	TEXT("gemma-4-26b-a4b-it", 0, ENDS, false),
	TEXT("gemma-4-31b-it", 0, ENDS, false),
	TEXT("gemini-flash-latest", 38, LOW_UP, true),
	TEXT("gemini-flash-lite-latest", 35, MINIMAL_UP, true),
	TEXT("gemini-pro-latest", 31, LOW_UP, false),
	OTHER("gemini-2.5-flash-image", MODEL_IMAGE, 25),
	{ "gemini-3-pro-image", MODEL_IMAGE, 30, THINK_ALWAYS, 0, 0, 0, false, false, SPECIAL_NONE,
	    0 },
	{ "nano-banana-pro-preview", MODEL_IMAGE, 30, THINK_ALWAYS, 0, 0, 0, false, false,
	    SPECIAL_NONE, 0 },
	{ "gemini-3.1-flash-image", MODEL_IMAGE, 31, THINK_LEVEL, ENDS, 0, 0, false, false,
	    SPECIAL_NONE, 0 },
	{ "gemini-3.1-flash-lite-image", MODEL_IMAGE, 31, THINK_LEVEL, ENDS, 0, 0, false, false,
	    SPECIAL_NONE, 0 },
	OTHER("gemini-nano-banana-2.1", MODEL_IMAGE, 31),
	OTHER("gemini-2.5-flash-preview-tts", MODEL_TTS, 25),
	OTHER("gemini-2.5-pro-preview-tts", MODEL_TTS, 25),
	OTHER("gemini-3.1-flash-tts-preview", MODEL_TTS, 31),
	OTHER("gemini-3.8-flash-tts", MODEL_TTS_WAV, 38),
	OTHER("gemini-3.8-flash-lite-tts", MODEL_TTS_WAV, 38),
	OTHER("gemini-3.5-transcribe", MODEL_TRANSCRIBE, 35),
	OTHER("gemini-embedding-001", MODEL_EMBED, 0),
	OTHER("gemini-embedding-2", MODEL_EMBED, 2),
	OTHER("gemini-omni-1.1-flash", MODEL_OTHER, 40),
	OTHER("gemini-omni-1.2-flash", MODEL_OTHER, 40),
	OTHER("lyria-3", MODEL_OTHER, 0),
	OTHER("lyria-3-clip-preview", MODEL_OTHER, 0),
	OTHER("lyria-3-pro-preview", MODEL_OTHER, 0),
	OTHER("lyria-3.5", MODEL_OTHER, 0),
	OTHER("gemini-2.5-flash-native-audio-latest", MODEL_LIVE, 25),
	OTHER("gemini-2.5-flash-native-audio-preview-12-2025", MODEL_LIVE, 25),
	OTHER("gemini-3.1-flash-live-preview", MODEL_LIVE, 31),
	OTHER("gemini-3.8-flash-live", MODEL_LIVE, 38),
	OTHER("deep-research-preview", MODEL_OTHER, 0),
	OTHER("gemini-robotics-er-1.6-preview", MODEL_OTHER, 31),
	OTHER("gemini-2.5-computer-use-preview-10-2025", MODEL_OTHER, 25),
	OTHER("aqa", MODEL_OTHER, 0),
	OTHER("gemini-1.5-flash", MODEL_RETIRED, 15),
	OTHER("gemini-1.5-flash-8b", MODEL_RETIRED, 15),
	OTHER("gemini-1.5-pro", MODEL_RETIRED, 15),
	OTHER("gemini-2.0-flash", MODEL_RETIRED, 20),
	OTHER("gemini-2.0-flash-001", MODEL_RETIRED, 20),
	OTHER("gemini-2.0-flash-lite", MODEL_RETIRED, 20),
	OTHER("gemini-2.0-flash-lite-001", MODEL_RETIRED, 20),
	OTHER("gemini-3-pro-preview", MODEL_RETIRED, 30),
	OTHER("gemini-embedding-2-preview", MODEL_RETIRED, 2),
	OTHER("text-embedding-004", MODEL_RETIRED, 0),
	OTHER("embedding-001", MODEL_RETIRED, 0),
	OTHER("imagen-4.0-generate-001", MODEL_RETIRED, 0),
	OTHER("imagen-4.0-ultra-generate-001", MODEL_RETIRED, 0),
	OTHER("imagen-4.0-fast-generate-001", MODEL_RETIRED, 0),
	OTHER("veo-3.1-generate-preview", MODEL_RETIRED, 0),
	OTHER("gemma-3-27b-it", MODEL_RETIRED, 0),
};

static const char *const methods_generate[] = { "generateContent", "countTokens",
	"createCachedContent", "batchGenerateContent", NULL };
static const char *const methods_embed[] = { "embedContent", "countTextTokens", "countTokens",
	"asyncBatchEmbedContent", NULL };
static const char *const methods_live[] = { "countTokens", "bidiGenerateContent", NULL };
static const char *const methods_other[] = { "createInteraction", NULL };

static const struct {
	const char *prefix;
	int special;
	const char *word; /* stands for `value` in place of a number */
	uint32_t value;
} specials[] = {
	{ "bench-", SPECIAL_BENCH, NULL, 0 },
	{ "gated-", SPECIAL_GATED, NULL, 0 },
	{ "silent-", SPECIAL_SILENT, NULL, 0 },
	{ "slowhead-", SPECIAL_SILENT, NULL, 0 },
	{ "split-", SPECIAL_SPLIT, "utf8", 3 },
};

static bool
special_find(struct slice name, struct model *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(specials); i++) {
		struct slice prefix = slice_str(specials[i].prefix), rest;
		uint64_t number = 0;

		if (!slice_starts(name, prefix))
			continue;
		rest = (struct slice){ name.ptr + prefix.len, name.len - prefix.len };
		if (specials[i].special == SPECIAL_BENCH)
			number = 0;
		else if (specials[i].word != NULL && slice_eq(rest, slice_str(specials[i].word)))
			number = specials[i].value;
		else if (!slice_u64(rest, &number) || number > 3600000)
			return false;
		*ret = (struct model){ .name = "", .kind = MODEL_TEXT, .knob = THINK_NONE };
		ret->special = specials[i].special;
		ret->number = (uint32_t)number;
		return true;
	}
	return false;
}

static bool
catalogue_find(struct slice name, struct model *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(models); i++) {
		if (slice_eq(name, slice_str(models[i].name))) {
			*ret = models[i];
			return true;
		}
	}
	return special_find(name, ret);
}

bool
model_find(struct slice name, struct model *ret)
{
	const struct overlay *o = overlay_find(name);
	const char *like = o != NULL ? overlay_like(o) : "";

	if (!catalogue_find(like[0] != '\0' ? slice_str(like) : name, ret) && o == NULL)
		return false;
	if (o != NULL)
		ret->name = overlay_name(o);
	if (o != NULL && overlay_gone(o) != OVERLAY_THERE)
		ret->kind = MODEL_RETIRED;
	return true;
}

/* Whom Google's evergreen names stand for. */
static const struct {
	const char *name, *version;
} evergreens[] = {
	{ "gemini-flash-latest", "gemini-3.8-flash" },
	{ "gemini-flash-lite-latest", "gemini-3.5-flash-lite" },
	{ "gemini-pro-latest", "gemini-3.1-pro-preview" },
};

const char *
model_version(const char *name)
{
	const struct overlay *o = overlay_find(slice_str(name));

	if (o != NULL && overlay_version(o)[0] != '\0')
		return overlay_version(o);
	if (o != NULL && overlay_like(o)[0] != '\0')
		return overlay_like(o);
	for (size_t i = 0; i < ARRAY_SIZE(evergreens); i++)
		if (strcmp(name, evergreens[i].name) == 0)
			return evergreens[i].version;
	return name;
}

bool
model_generates(const struct model *m)
{
	return m->kind <= MODEL_TRANSCRIBE;
}

bool
model_is_3(const struct model *m)
{
	return m->version >= 30;
}

bool
model_has_budget_range(const struct model *m, int64_t budget)
{
	if (budget == -1)
		return true;
	if (budget == 0)
		return m->budget_zero;
	return budget >= m->budget_min && budget <= m->budget_max;
}

static void
add_str(json_object *obj, const char *key, const char *value)
{
	json_object_object_add(obj, key, json_object_new_string(value));
}

json_object *
model_describe(const struct model *m)
{
	json_object *obj = json_object_new_object(), *list = json_object_new_array();
	const char *const *methods = methods_generate;
	char name[160], display[160];

	snprintf(name, sizeof(name), "models/%s", m->name);
	snprintf(display, sizeof(display), "%s (stand-in)", m->name);
	if (m->kind == MODEL_EMBED)
		methods = methods_embed;
	else if (m->kind == MODEL_LIVE)
		methods = methods_live;
	else if (m->kind == MODEL_OTHER)
		methods = methods_other;
	add_str(obj, "name", name);
	add_str(obj, "version", "001");
	add_str(obj, "displayName", display);
	add_str(obj, "description", "A model of the stand-in for tests.");
	json_object_object_add(
	    obj, "inputTokenLimit", json_object_new_int(m->kind == MODEL_EMBED ? 2048 : 1048576));
	json_object_object_add(
	    obj, "outputTokenLimit", json_object_new_int(m->kind == MODEL_EMBED ? 1 : 65536));
	for (size_t i = 0; methods[i] != NULL; i++)
		json_object_array_add(list, json_object_new_string(methods[i]));
	json_object_object_add(obj, "supportedGenerationMethods", list);
	if (m->kind != MODEL_EMBED) {
		json_object_object_add(obj, "temperature", json_object_new_int(1));
		json_object_object_add(obj, "topP", json_object_new_double_s(0.95, "0.95"));
		json_object_object_add(obj, "topK", json_object_new_int(64));
		json_object_object_add(obj, "maxTemperature", json_object_new_int(2));
	}
	if (m->knob != THINK_NONE)
		json_object_object_add(obj, "thinking", json_object_new_boolean(true));
	return obj;
}

/* The i-th model of the catalogue and, behind it, of the overlay. 0: there is none; -1: it is not
 * listed. */
static int
list_model(size_t i, struct model *ret)
{
	const struct overlay *o;

	if (i < ARRAY_SIZE(models)) {
		o = overlay_find(slice_str(models[i].name));
		*ret = models[i];
		return o == NULL || overlay_listed(o) ? 1 : -1;
	}
	o = overlay_at(i - ARRAY_SIZE(models));
	if (o == NULL)
		return 0;
	if (!overlay_listed(o) || overlay_find(slice_str(overlay_name(o))) != o ||
	    catalogue_find(slice_str(overlay_name(o)), ret))
		return -1;
	return model_find(slice_str(overlay_name(o)), ret) ? 1 : -1;
}

json_object *
models_page(size_t page_size, struct slice token)
{
	static const struct slice prefix = { "page-", 5 };
	json_object *doc, *list;
	struct model m = { 0 };
	uint64_t start = 0;
	size_t i, count = 0;
	int found = 0;

	if (token.len > 0) {
		struct slice number = { token.ptr + prefix.len, token.len - prefix.len };

		if (!slice_starts(token, prefix) || !slice_u64(number, &start) ||
		    list_model(start, &m) == 0)
			return NULL;
	}
	doc = json_object_new_object();
	list = json_object_new_array();
	json_object_object_add(doc, "models", list);
	for (i = start; count < page_size && (found = list_model(i, &m)) != 0; i++) {
		if (found < 0)
			continue;
		json_object_array_add(list, model_describe(&m));
		count++;
	}
	if (list_model(i, &m) != 0) {
		char next[32];

		snprintf(next, sizeof(next), "page-%zu", i);
		add_str(doc, "nextPageToken", next);
	}
	return doc;
}
