/*
 * OpenAI's chat request to Gemini's: the table below is what is mapped, ignored and refused. Keys
 * that are not in it are ignored, because clients learn parameters faster than gateways do.
 */
#include "config.h"

#include "core/chat.h"

#include <stddef.h>

#include "base/limits.h"
#include "chat_priv.h"

static int
emit_model(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct chat_read *c = run->ctx;

	(void)row;
	if (models_resolve(c->models, json_str(value), &c->request->model, run->err) != 0)
		return -1;
	c->family = family_of(c->request->model.name);
	c->search = c->request->model.search;
	run->have = c->family->can;
	return 0;
}

/* arg: the offset of a bool in struct chat_request. */
static int
emit_flag(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct chat_read *c = run->ctx;
	const size_t *offset = row->arg;

	*(bool *)((char *)c->request + *offset) = json_object_get_boolean(value) != 0;
	return 0;
}

static int
emit_search(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct chat_read *c = run->ctx;

	(void)row, (void)value;
	c->search = true;
	return 0;
}

static int
conv_count(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret)
{
	int64_t count = json_int(value, 1);

	if (count > 1 && (run->have & FAMILY_CANDIDATES) == 0)
		return apierror_set(run->err, APIERROR_UNSUPPORTED, row->from,
		    "Invalid 'n': this model gives one choice only, but n was %jd.",
		    (intmax_t)count);
	if (count > 1)
		*ret = json_object_new_int64(count);
	return 0;
}

#define STOPS_MAX 5 /* Google's limit on stopSequences */

static int
conv_stop(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret)
{
	bool many = json_object_is_type(value, json_type_array);
	size_t count = many ? json_object_array_length(value) : 1;
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < count; i++) {
		json_object *word = many ? json_object_array_get_idx(value, i) : value;

		if (!json_object_is_type(word, json_type_string)) {
			json_object_put(list);
			return fieldmap_bad_type(run->err, row->from,
			    "a string or an array of strings", many ? word : value);
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
	return apierror_set(run->err, APIERROR_BAD_VALUE, row->from,
	    "Invalid 'stop': array too long. Expected an array with maximum length %d, but got an "
	    "array with length %zu instead.",
	    STOPS_MAX, count);
}

/* OpenAI's seed has 64 bits, Google's 32. */
static int
conv_seed(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret)
{
	int64_t seed = json_int(value, 0);

	(void)run, (void)row;
	if (seed < INT32_MIN || seed > INT32_MAX)
		seed = (int64_t)(((uint64_t)seed ^ (uint64_t)seed >> 32) & INT32_MAX);
	*ret = json_object_new_int64(seed);
	return 0;
}

static int
conv_not_zero(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret)
{
	(void)run, (void)row;
	if (json_object_get_double(value) != 0)
		*ret = json_object_get(value);
	return 0;
}

/* Not OpenAI's, but sent by many clients; 0 and -1 stand for "off". */
static int
conv_top_k(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret)
{
	int64_t count = json_int(value, 0);

	(void)run, (void)row;
	if (count > 0 && count <= INT32_MAX)
		*ret = json_object_new_int64(count);
	return 0;
}

static int
conv_true(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret)
{
	(void)run, (void)row;
	if (json_object_get_boolean(value))
		*ret = json_object_get(value);
	return 0;
}

/* Google refuses the number without the switch. */
static int
conv_top_logprobs(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret)
{
	int64_t count = json_int(value, 0);

	(void)row;
	if (count > 0 && json_get_bool(run->source, "logprobs", false))
		*ret = json_object_new_int64(count);
	return 0;
}

/* clang-format off */
static const struct field_word service_tiers[] = {
	{ "auto", NULL }, { "default", "standard" }, { "standard", "standard" }, { "flex", "flex" },
	{ "priority", "priority" }, { "fast", "priority" }, { "scale", NULL },
	{ 0 }
};

static const size_t stream_at = offsetof(struct chat_request, stream);
static const size_t include_usage_at = offsetof(struct chat_request, include_usage);

#define GENERATION "generationConfig/"

static const struct fieldmap chat_fields[] = {
	/* The model comes first: it decides which needs below are met. */
	{ .from = "model", .kind = FK_STR, .flags = FF_REQUIRED, .emit = emit_model },
	{ .from = "stream", .kind = FK_BOOL, .emit = emit_flag, .arg = &stream_at },
	{ .from = "stream_options", .kind = FK_OBJECT },
	{ .from = "stream_options.include_usage", .kind = FK_BOOL, .emit = emit_flag,
	  .arg = &include_usage_at },
	{ .from = "messages", .kind = FK_ARRAY, .flags = FF_REQUIRED, .emit = chat_messages_emit },

	{ .from = "tools", .kind = FK_ARRAY, .emit = chat_tools_emit },
	{ .from = "functions", .kind = FK_ARRAY, .emit = chat_functions_emit },
	{ .from = "tool_choice", .kind = FK_ANY, .emit = chat_choice_emit },
	{ .from = "function_call", .kind = FK_ANY, .emit = chat_choice_emit },
	{ .from = "web_search_options", .kind = FK_OBJECT, .emit = emit_search },

	/* The newer of the two limits wins. */
	{ .from = "max_tokens", .to = GENERATION "maxOutputTokens", .kind = FK_INT, .min = 1,
	  .max = INT32_MAX },
	{ .from = "max_completion_tokens", .to = GENERATION "maxOutputTokens", .kind = FK_INT,
	  .min = 1, .max = INT32_MAX },
	{ .from = "temperature", .to = GENERATION "temperature", .kind = FK_NUM, .max = 2,
	  .need = FAMILY_SAMPLING },
	{ .from = "top_p", .to = GENERATION "topP", .kind = FK_NUM, .max = 1,
	  .need = FAMILY_SAMPLING },
	{ .from = "top_k", .to = GENERATION "topK", .kind = FK_NUM, .need = FAMILY_SAMPLING,
	  .conv = conv_top_k },
	{ .from = "presence_penalty", .to = GENERATION "presencePenalty", .kind = FK_NUM,
	  .min = -2, .max = 2, .need = FAMILY_PENALTIES, .conv = conv_not_zero },
	{ .from = "frequency_penalty", .to = GENERATION "frequencyPenalty", .kind = FK_NUM,
	  .min = -2, .max = 2, .need = FAMILY_PENALTIES, .conv = conv_not_zero },
	{ .from = "n", .to = GENERATION "candidateCount", .kind = FK_INT, .min = 1, .max = 128,
	  .conv = conv_count },
	{ .from = "stop", .to = GENERATION "stopSequences", .kind = FK_ANY, .conv = conv_stop },
	{ .from = "seed", .to = GENERATION "seed", .kind = FK_INT, .conv = conv_seed },
	{ .from = "logprobs", .to = GENERATION "responseLogprobs", .kind = FK_BOOL,
	  .conv = conv_true },
	{ .from = "top_logprobs", .to = GENERATION "logprobs", .kind = FK_INT, .max = 20,
	  .conv = conv_top_logprobs },
	{ .from = "response_format", .kind = FK_OBJECT, .emit = chat_format_emit },

	/* Google's own form wins over the effort. */
	{ .from = "reasoning_effort", .to = GENERATION "thinkingConfig", .kind = FK_STR,
	  .conv = chat_effort_conv },
	{ .from = "extra_body.google", .kind = FK_OBJECT, .emit = chat_google_emit },
	{ .from = "google", .kind = FK_OBJECT, .emit = chat_google_emit },
	{ .from = "service_tier", .to = "serviceTier", .kind = FK_STR, .conv = fieldconv_word,
	  .arg = service_tiers },

	/* Nothing in Gemini corresponds to these. */
	{ .from = "audio", .flags = FF_IGNORE },
	{ .from = "logit_bias", .flags = FF_IGNORE },
	{ .from = "metadata", .flags = FF_IGNORE },
	{ .from = "modalities", .flags = FF_IGNORE },
	{ .from = "moderation", .flags = FF_IGNORE },
	{ .from = "parallel_tool_calls", .flags = FF_IGNORE },
	{ .from = "prediction", .flags = FF_IGNORE },
	{ .from = "prompt_cache_key", .flags = FF_IGNORE },
	{ .from = "prompt_cache_options", .flags = FF_IGNORE },
	{ .from = "prompt_cache_retention", .flags = FF_IGNORE },
	{ .from = "safety_identifier", .flags = FF_IGNORE },
	{ .from = "store", .flags = FF_IGNORE }, /* Google's `store` means another thing */
	{ .from = "user", .flags = FF_IGNORE },
	{ .from = "verbosity", .flags = FF_IGNORE },
	{ 0 }
};
/* clang-format on */

void
chat_request_init(struct chat_request *c)
{
	*c = (struct chat_request){ 0 };
	buf_init(&c->body, CHAT_BODY_MAX);
}

void
chat_request_release(struct chat_request *c)
{
	buf_release(&c->body);
}

int
chat_request_read(
    struct chat_request *c, struct slice text, const struct models *models, struct apierror *err)
{
	json_object *source = json_read(text), *target = json_object_new_object();
	struct chat_read read = { .request = c, .models = models };
	struct fieldmap_run run = { .source = source, .target = target, .ctx = &read, .err = err };
	int answer = -1;

	if (source == NULL) {
		apierror_set(err, APIERROR_BAD_JSON, NULL, NULL);
		goto out;
	}
	if (!json_object_is_type(source, json_type_object)) {
		apierror_set(err, APIERROR_BAD_REQUEST, NULL,
		    "The request body must be a JSON object, but is %s.", json_type_word(source));
		goto out;
	}
	if (fieldmap_apply(chat_fields, &run) != 0)
		goto out;
	chat_tools_finish(&run);
	json_write(target, &c->body);
	if (c->body.failed) {
		apierror_set(err, APIERROR_TOO_LARGE, NULL, NULL);
		goto out;
	}
	answer = 0;
out:
	json_object_put(read.allowed);
	json_object_put(target);
	json_object_put(source);
	return answer;
}
