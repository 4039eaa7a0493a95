/*
 * Google's own extensions of OpenAI's request, as its compatible endpoint takes them: in
 * `extra_body.google`, or flatter where a client's library has unwrapped them.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/openai/chat/chat_read.h"
#include "core/api/fieldmap.h"

/* [{category, threshold}]: anything else in an entry is unknown to Google. */
static const struct fieldmap safety_fields[] = {
	{ .from = "category", .to = "category", .kind = FK_STR, .flags = FF_REQUIRED },
	{ .from = "threshold", .to = "threshold", .kind = FK_STR, .flags = FF_REQUIRED },
	{ 0 },
};

#define SAFETY_SETTINGS_MAX 64

/* Google refuses a category that is there twice: the last one counts. */
static int
drop_earlier(struct fieldmap_run *run, json_object *list, const char *name)
{
	size_t last = json_object_array_length(list) - 1;
	json_object *category = json_get(json_object_array_get_idx(list, last), "category");
	char at[APIERROR_PARAM_MAX];

	for (size_t i = 0; i < last; i++) {
		json_object *other = json_get(json_object_array_get_idx(list, i), "category");

		if (!slice_eq(json_str(other), json_str(category)))
			continue;
		json_object_array_del_idx(list, i, 1);
		field_name(at, "%s[%zu]", name, i);
		return changes_note(run->changes, CHANGE_DROPPED, at, run->err);
	}
	return 0;
}

int
chat_safety_conv(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret)
{
	json_object *list = json_object_new_array();
	char name[APIERROR_PARAM_MAX], at[APIERROR_PARAM_MAX];

	fieldmap_param(run, row, name);
	for (size_t i = 0; i < json_object_array_length(value); i++) {
		json_object *item = json_object_array_get_idx(value, i);
		struct fieldmap_run inner = fieldmap_inside(run, item, at);
		int rc;

		if (item == NULL)
			continue;
		field_name(at, "%s[%zu]", name, i);
		inner.target = json_object_new_object();
		json_append(list, inner.target);
		rc = json_is_object(item) ? fieldmap_apply(safety_fields, &inner)
		                          : fieldmap_bad_type(run->err, at, "an object", item);
		if (rc == 0)
			rc = drop_earlier(run, list, name);
		/* Google has about a dozen categories. */
		if (rc == 0 && json_object_array_length(list) > SAFETY_SETTINGS_MAX) {
			json_object_array_del_idx(list, SAFETY_SETTINGS_MAX, 1);
			rc = changes_note(run->changes, CHANGE_DROPPED, at, run->err);
		}
		if (rc != 0) {
			json_object_put(list);
			return -1;
		}
	}
	*ret = list;
	return 0;
}

int
chat_image_size_conv(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret)
{
	struct slice text = slice_trim(json_str(value));
	char word[8];

	(void)run, (void)row;
	if (slice_eqi(text, SLICE("auto")))
		return 0;
	if (text.len == 0 || text.len >= sizeof(word) ||
	    ascii_lower(text.ptr[text.len - 1]) != 'k') {
		*ret = json_new_str(text);
		return 0;
	}
	memcpy(word, text.ptr, text.len);
	word[text.len - 1] = 'K';
	*ret = json_new_str((struct slice){ word, text.len });
	return 0;
}

int
chat_image_ratio_conv(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret)
{
	struct slice text = slice_trim(json_str(value)), width, height;
	size_t at = 0;
	uint64_t w, h;
	char word[48];

	(void)run, (void)row;
	if (slice_eqi(text, SLICE("auto")))
		return 0;
	while (at < text.len && strchr(":/xX*-", text.ptr[at]) == NULL)
		at++;
	width = slice_trim((struct slice){ text.ptr, at });
	height = at < text.len ? slice_trim((struct slice){ text.ptr + at + 1, text.len - at - 1 })
	                       : SLICE("");
	if (slice_u64(width, &w) && slice_u64(height, &h)) {
		snprintf(word, sizeof(word), "%ju:%ju", (uintmax_t)w, (uintmax_t)h);
		text = slice_str(word);
	}
	*ret = json_new_str(text);
	return 0;
}

static int
emit_tools(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	char name[APIERROR_PARAM_MAX], at[APIERROR_PARAM_MAX];

	fieldmap_param(run, row, name);
	for (size_t i = 0; i < json_object_array_length(value); i++) {
		json_object *tool = json_object_array_get_idx(value, i);

		field_name(at, "%s[%zu]", name, i);
		if (tool != NULL && chat_builtin_native(run, tool, at) != 0)
			return -1;
	}
	return 0;
}

/* Each field in both spellings. */
/* clang-format off */
#define TWICE(snake, camel, ...) \
	{ .from = snake, __VA_ARGS__ }, \
	{ .from = camel, __VA_ARGS__ }

#define GENERATION "generationConfig/"
#define THINKING_CONFIG \
	TWICE("thinking_config", "thinkingConfig", .kind = FK_OBJECT, .emit = chat_thinking_config_emit)

static const struct fieldmap image_fields[] = {
	TWICE("aspect_ratio", "aspectRatio", .to = GENERATION "imageConfig/aspectRatio",
	      .kind = FK_STR, .need = FAMILY_IMAGE_OUT, .conv = chat_image_ratio_conv),
	TWICE("image_size", "imageSize", .to = GENERATION "imageConfig/imageSize",
	      .kind = FK_STR, .need = FAMILY_IMAGE_OUT, .conv = chat_image_size_conv),
	{ 0 },
};

static int
emit_image(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	return fieldmap_apply_inside(run, row, image_fields, value);
}

static const struct fieldmap generation_fields[] = {
	THINKING_CONFIG,
	TWICE("image_config", "imageConfig", .kind = FK_OBJECT, .emit = emit_image),
	TWICE("media_resolution", "mediaResolution", .to = GENERATION "mediaResolution",
	      .kind = FK_STR),
	TWICE("speech_config", "speechConfig", .to = GENERATION "speechConfig", .kind = FK_OBJECT,
	      .need = FAMILY_AUDIO_OUT),
	TWICE("response_modalities", "responseModalities", .kind = FK_ARRAY,
	      .emit = chat_modalities_emit),
	TWICE("top_k", "topK", .to = GENERATION "topK", .kind = FK_INT, .flags = FF_NO_LOW,
	      .min = 1, .max = INT32_MAX, .need = FAMILY_SAMPLING),
	TWICE("max_output_tokens", "maxOutputTokens", .to = GENERATION "maxOutputTokens",
	      .kind = FK_INT, .flags = FF_NO_LOW, .min = 1, .max = INT32_MAX),
	{ 0 },
};

static int
google_emit_generation(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	return fieldmap_apply_inside(run, row, generation_fields, value);
}

static const struct fieldmap google_fields[] = {
	THINKING_CONFIG,
	TWICE("cached_content", "cachedContent", .to = "cachedContent", .kind = FK_STR),
	TWICE("safety_settings", "safetySettings", .to = "safetySettings", .kind = FK_ARRAY,
	      .conv = chat_safety_conv),
	TWICE("generation_config", "generationConfig", .kind = FK_OBJECT, .emit = google_emit_generation),
	TWICE("image_config", "imageConfig", .kind = FK_OBJECT, .emit = emit_image),
	TWICE("aspect_ratio", "aspectRatio", .to = GENERATION "imageConfig/aspectRatio",
	      .kind = FK_STR, .need = FAMILY_IMAGE_OUT, .conv = chat_image_ratio_conv),
	{ .from = "tools", .kind = FK_ARRAY, .emit = emit_tools },
	{ 0 },
};

/* A client's library may have merged its `extra_body` into the request, or not, or half. */
static const struct fieldmap extra_fields[] = {
	{ .from = "google", .kind = FK_OBJECT, .emit = chat_google_emit },
	{ .from = "extra_body", .kind = FK_OBJECT },
	{ .from = "extra_body.google", .kind = FK_OBJECT, .emit = chat_google_emit },
	THINKING_CONFIG,
	TWICE("safety_settings", "safetySettings", .to = "safetySettings", .kind = FK_ARRAY,
	      .conv = chat_safety_conv),
	TWICE("cached_content", "cachedContent", .to = "cachedContent", .kind = FK_STR),
	{ .from = "reasoning", .kind = FK_OBJECT, .emit = chat_reasoning_emit },
	{ .from = "thinking", .kind = FK_OBJECT, .emit = chat_thinking_emit },
	{ .from = "thinking_budget", .kind = FK_INT, .min = -1, .max = INT32_MAX,
	  .emit = chat_budget_emit },
	{ .from = "enable_thinking", .kind = FK_BOOL, .emit = chat_think_emit },
	{ 0 },
};

const struct field_table chat_google_tables[] = {
	{ "google.", google_fields },
	{ "google.generation_config.", generation_fields },
	{ "google.image_config.", image_fields },
	{ "extra_body.", extra_fields },
	{ "safety_settings[].", safety_fields },
	{ 0 },
};
/* clang-format on */

int
chat_google_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	return fieldmap_apply_inside(run, row, google_fields, value);
}

int
chat_extra_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	return fieldmap_apply_inside(run, row, extra_fields, value);
}

int
chat_google_finish(struct fieldmap_run *run)
{
	static const char *const excluded[] = { "systemInstruction", "tools", "toolConfig" };

	if (json_get(run->target, "cachedContent") == NULL)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(excluded); i++)
		if (json_get(run->target, excluded[i]) != NULL)
			return apierror_set(run->err, APIERROR_BAD_VALUE, "cached_content",
			    "Invalid request: with 'cached_content' the system messages and tools "
			    "must be part of the cached content, not of the request.");
	return 0;
}
