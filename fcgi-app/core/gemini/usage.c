/* usageMetadata to OpenAI's usage; the field meanings are in the header. */
#include "config.h"

#include "core/gemini/usage.h"

#include <stddef.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/json/json.h"

/* clang-format off */
static const struct {
	const char *name;
	size_t offset;
} counters[] = {
	{ "promptTokenCount",        offsetof(struct usage, prompt) },
	{ "candidatesTokenCount",    offsetof(struct usage, candidates) },
	{ "totalTokenCount",         offsetof(struct usage, total) },
	{ "thoughtsTokenCount",      offsetof(struct usage, thoughts) },
	{ "cachedContentTokenCount", offsetof(struct usage, cached) },
	{ "toolUsePromptTokenCount", offsetof(struct usage, tool_prompt) },
};

/* Lists of {modality, tokenCount}: which counter each modality feeds. */
static const struct {
	const char *name, *modality;
	size_t offset;
} modalities[] = {
	{ "promptTokensDetails",     "TEXT",  offsetof(struct usage, prompt_text) },
	{ "promptTokensDetails",     "IMAGE", offsetof(struct usage, prompt_image) },
	{ "promptTokensDetails",     "AUDIO", offsetof(struct usage, prompt_audio) },
	{ "candidatesTokensDetails", "TEXT",  offsetof(struct usage, output_text) },
	{ "candidatesTokensDetails", "IMAGE", offsetof(struct usage, output_image) },
	{ "candidatesTokensDetails", "AUDIO", offsetof(struct usage, output_audio) },
};
/* clang-format on */

/* Larger than any real count, small enough for every sum. */
#define COUNT_MAX ((int64_t)1 << 40)

static int64_t *
counter_at(struct usage *u, size_t offset)
{
	return (int64_t *)(void *)((char *)u + offset);
}

static const int64_t *
counter_of(const struct usage *u, size_t offset)
{
	return (const int64_t *)(const void *)((const char *)u + offset);
}

static int64_t
count_of(json_object *value)
{
	int64_t count = json_int(value, 0);

	return count < 0 ? 0 : count > COUNT_MAX ? COUNT_MAX : count;
}

/* One {modality, tokenCount} of the list `name`. sums: per row of the table, -1 when not named. */
static void
usage_add_detail(const char *name, json_object *item, int64_t *sums)
{
	struct slice modality = json_get_str(item, "modality");

	for (size_t m = 0; m < ARRAY_SIZE(modalities); m++) {
		if (!slice_eq(modality, slice_str(modalities[m].modality)) ||
		    strcmp(modalities[m].name, name) != 0)
			continue;
		sums[m] += count_of(json_get(item, "tokenCount")) + (sums[m] < 0);
		sums[m] = sums[m] > COUNT_MAX ? COUNT_MAX : sums[m];
	}
}

static void
usage_read_details(struct usage *u, const char *name, json_object *list)
{
	int64_t sums[ARRAY_SIZE(modalities)];

	for (size_t m = 0; m < ARRAY_SIZE(modalities); m++)
		sums[m] = -1;
	for (size_t i = 0; i < json_object_array_length(list); i++)
		usage_add_detail(name, json_object_array_get_idx(list, i), sums);
	for (size_t m = 0; m < ARRAY_SIZE(modalities); m++)
		if (sums[m] >= 0)
			*counter_at(u, modalities[m].offset) = sums[m];
}

static void
read_member(struct usage *u, const char *name, json_object *value)
{
	struct slice tier = json_str(value);

	for (size_t i = 0; i < ARRAY_SIZE(counters); i++) {
		if (strcmp(counters[i].name, name) == 0) {
			*counter_at(u, counters[i].offset) = count_of(value);
			return;
		}
	}
	if (json_object_is_type(value, json_type_array)) {
		usage_read_details(u, name, value);
	} else if (strcmp(name, "serviceTier") == 0 && tier.len < sizeof(u->service_tier)) {
		memcpy(u->service_tier, tier.ptr, tier.len);
		u->service_tier[tier.len] = '\0';
	}
}

void
usage_read(struct usage *u, json_object *metadata)
{
	int64_t sum;

	if (!json_object_is_type(metadata, json_type_object))
		return;
	json_object_object_foreach(metadata, name, value) read_member(u, name, value);
	u->known = true;
	sum = usage_input(u) + usage_output(u);
	if (u->total < sum)
		u->total = sum;
}

void
usage_add(struct usage *u, const struct usage *more)
{
	for (size_t i = 0; i < ARRAY_SIZE(counters); i++)
		*counter_at(u, counters[i].offset) += *counter_of(more, counters[i].offset);
	for (size_t i = 0; i < ARRAY_SIZE(modalities); i++)
		*counter_at(u, modalities[i].offset) += *counter_of(more, modalities[i].offset);
	u->known = u->known || more->known;
	if (u->service_tier[0] == '\0')
		memcpy(u->service_tier, more->service_tier, sizeof(u->service_tier));
}

int64_t
usage_input(const struct usage *u)
{
	return u->prompt + u->tool_prompt;
}

int64_t
usage_output(const struct usage *u)
{
	return u->candidates + u->thoughts;
}

void
usage_write_openai(const struct usage *u, struct jwriter *w, const char *key)
{
	jw_object(w, key);
	jw_int(w, "prompt_tokens", usage_input(u));
	jw_int(w, "completion_tokens", usage_output(u));
	jw_int(w, "total_tokens", u->total);
	jw_object(w, "prompt_tokens_details");
	jw_int(w, "cached_tokens", u->cached);
	jw_int(w, "audio_tokens", u->prompt_audio);
	if (u->prompt_image > 0)
		jw_int(w, "image_tokens", u->prompt_image);
	if (u->prompt_text > 0)
		jw_int(w, "text_tokens", u->prompt_text);
	jw_object_end(w);
	jw_object(w, "completion_tokens_details");
	jw_int(w, "reasoning_tokens", u->thoughts);
	jw_int(w, "audio_tokens", u->output_audio);
	if (u->output_text > 0)
		jw_int(w, "text_tokens", u->output_text);
	jw_object_end(w);
	jw_object_end(w);
}

void
usage_write_responses(const struct usage *u, struct jwriter *w, const char *key)
{
	jw_object(w, key);
	jw_int(w, "input_tokens", usage_input(u));
	jw_object(w, "input_tokens_details");
	jw_int(w, "cached_tokens", u->cached);
	jw_int(w, "cache_write_tokens", 0);
	jw_object_end(w);
	jw_int(w, "output_tokens", usage_output(u));
	jw_object(w, "output_tokens_details");
	jw_int(w, "reasoning_tokens", u->thoughts);
	jw_object_end(w);
	jw_int(w, "total_tokens", usage_input(u) + usage_output(u));
	jw_object_end(w);
}
