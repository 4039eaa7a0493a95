/* Conversions of single parameters, for the tables of all endpoints that generate text. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "core/openai/chat/chat_read.h"

const double chat_zero = 0, chat_one = 1;

#define STOPS_MAX 5 /* Google's limit on stopSequences */

/* Words that are empty stop nothing; those beyond Google's number are left out and noted. */
int
chat_stop_conv(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret)
{
	bool many = json_object_is_type(value, json_type_array);
	char param[APIERROR_PARAM_MAX];
	size_t count = many ? json_object_array_length(value) : 1, kept = 0;
	json_object *list = json_object_new_array();
	int rc = 0;

	fieldmap_param(run, row, param);
	for (size_t i = 0; i < count && rc == 0; i++) {
		json_object *word = many ? json_object_array_get_idx(value, i) : value;

		if (word == NULL || (json_is_object(word) && !many))
			continue;
		if (!json_object_is_type(word, json_type_string))
			rc = fieldmap_bad_type(
			    run->err, param, "a string or an array of strings", word);
		else if (json_str(word).len > 0 && kept++ < STOPS_MAX)
			json_append(list, json_object_get(word));
	}
	if (rc == 0 && kept > STOPS_MAX)
		rc = changes_note(run->changes, CHANGE_DROPPED, param, run->err);
	if (rc == 0 && kept > 0)
		*ret = json_object_get(list);
	json_object_put(list);
	return rc;
}

/* OpenAI's seed has 64 bits, Google's 32; any other number of a caller is folded too. */
static int64_t
fold_seed(json_object *value)
{
	double number = json_object_get_double(value);
	uint64_t bits, folded;

	if (json_object_is_type(value, json_type_double)) {
		if (number >= INT32_MIN && number <= INT32_MAX)
			return (int64_t)number;
		memcpy(&bits, &number, sizeof(bits));
	} else {
		if (number >= INT32_MIN && number <= INT32_MAX)
			return json_object_get_int64(value);
		bits = number < 0 ? (uint64_t)json_object_get_int64(value)
		                  : json_object_get_uint64(value);
	}
	/* Some large numbers, such as the largest, would fold to 0. */
	folded = (bits ^ bits >> 32) & INT32_MAX;
	return (int64_t)(folded != 0 ? folded : bits * UINT64_C(0x9E3779B97F4A7C15) >> 33);
}

int
chat_seed_conv(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret)
{
	int64_t seed = fold_seed(value);

	*ret = json_object_new_int64(seed);
	return (double)seed == json_object_get_double(value)
	           ? 0
	           : changes_note(run->changes, CHANGE_REWRITTEN, row->from, run->err);
}

int
chat_not_zero_conv(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret)
{
	(void)run, (void)row;
	if (json_object_get_double(value) != 0)
		*ret = json_object_get(value);
	return 0;
}

/* Not OpenAI's, but sent by many clients; 0 and -1 stand for "off". */
int
chat_top_k_conv(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret)
{
	double count = json_object_get_double(value);

	if (count == 0 || count == -1)
		return 0;
	if (count < 1 || count > INT32_MAX)
		return changes_note(run->changes, CHANGE_DROPPED, row->from, run->err);
	*ret = json_object_new_int64((int64_t)count);
	return count == floor(count)
	           ? 0
	           : changes_note(run->changes, CHANGE_REWRITTEN, row->from, run->err);
}

int
chat_true_conv(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret)
{
	(void)run, (void)row;
	if (json_object_get_boolean(value))
		*ret = json_object_get(value);
	return 0;
}

/* Google refuses the number without the switch. */
int
chat_top_logprobs_conv(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret)
{
	int64_t count = json_int(value, 0);

	if (count == 0)
		return 0;
	if (!json_get_bool(run->source, "logprobs", false))
		return changes_note(run->changes, CHANGE_DROPPED, row->from, run->err);
	*ret = json_object_new_int64(count);
	return 0;
}

/* clang-format off */
static const struct field_word service_tiers[] = {
	{ "auto", NULL }, { "default", "standard" }, { "standard", "standard" }, { "flex", "flex" },
	{ "priority", "priority" }, { "fast", "priority" }, { "ultrafast", "priority" },
	{ "scale", NULL },
	{ 0 }
};
/* clang-format on */

int
chat_tier_conv(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret)
{
	struct fieldmap words = *row;

	words.arg = service_tiers;
	if (slice_eqi(json_str(value), SLICE("scale")))
		changes_mention(run->changes, CHANGE_IGNORED, row->from);
	return fieldconv_word(run, &words, value, ret);
}

/* ---- what Gemini has nothing like ---- */

/* False, an empty object, an empty list. */
static bool
sampling_says_nothing(json_object *value)
{
	if (json_object_is_type(value, json_type_boolean))
		return !json_object_get_boolean(value);
	return json_is_empty_list(value) || (json_object_is_type(value, json_type_object) &&
						json_object_object_length(value) == 0);
}

int
chat_refuse_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	char param[APIERROR_PARAM_MAX];

	if (sampling_says_nothing(value))
		return 0;
	fieldmap_param(run, row, param);
	return apierror_set(run->err, APIERROR_UNSUPPORTED, param,
	    "Unsupported parameter: '%s' would change the result, and Gemini has nothing like it.",
	    param);
}

int
chat_drop_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	char param[APIERROR_PARAM_MAX];

	if (sampling_says_nothing(value))
		return 0;
	fieldmap_param(run, row, param);
	return changes_note(run->changes, CHANGE_DROPPED, param, run->err);
}
