/* Conversions of single parameters, for the tables of all endpoints that generate text. */
#include "config.h"

#include "chat_priv.h"

const double chat_zero = 0, chat_one = 1;

#define STOPS_MAX 5 /* Google's limit on stopSequences */

int
chat_stop_conv(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret)
{
	bool many = json_object_is_type(value, json_type_array);
	char param[APIERROR_PARAM_MAX];
	size_t count = many ? json_object_array_length(value) : 1;
	json_object *list = json_object_new_array();

	fieldmap_param(run, row, param);
	for (size_t i = 0; i < count; i++) {
		json_object *word = many ? json_object_array_get_idx(value, i) : value;

		if (!json_object_is_type(word, json_type_string)) {
			json_object_put(list);
			return fieldmap_bad_type(
			    run->err, param, "a string or an array of strings", word);
		}
		if (json_str(word).len > 0)
			json_append(list, json_object_get(word));
	}
	count = json_object_array_length(list);
	if (count > 0 && count <= STOPS_MAX) {
		*ret = list;
		return 0;
	}
	json_object_put(list);
	if (count == 0)
		return 0;
	return apierror_set(run->err, APIERROR_BAD_VALUE, param,
	    "Invalid '%s': array too long. Expected an array with maximum length %d, but got an "
	    "array with length %zu instead.",
	    param, STOPS_MAX, count);
}

/* OpenAI's seed has 64 bits, Google's 32. */
int
chat_seed_conv(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret)
{
	int64_t seed = json_int(value, 0);

	if (seed < INT32_MIN || seed > INT32_MAX) {
		seed = (int64_t)(((uint64_t)seed ^ (uint64_t)seed >> 32) & INT32_MAX);
		if (changes_note(run->changes, CHANGE_REWRITTEN, row->from, run->err) != 0)
			return -1;
	}
	*ret = json_object_new_int64(seed);
	return 0;
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
	int64_t count = json_int(value, 0);

	(void)run, (void)row;
	if (count > 0 && count <= INT32_MAX)
		*ret = json_object_new_int64(count);
	return 0;
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
	if (slice_eq(json_str(value), SLICE("scale")))
		changes_mention(run->changes, CHANGE_IGNORED, row->from);
	for (const struct field_word *word = service_tiers; word->from != NULL; word++) {
		if (!slice_eq(slice_str(word->from), json_str(value)))
			continue;
		if (word->to != NULL)
			*ret = json_object_new_string(word->to);
		return 0;
	}
	return fieldmap_drop_word(run, row->from, "", json_str(value),
	    "'auto', 'default', 'flex', 'scale', 'priority', and 'fast'");
}
