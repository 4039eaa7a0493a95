/* generationConfig and thinking, by model. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/xalloc.h"
#include "checks.h"
#include "gjson.h"

#define STOP_SEQUENCES_MAX 5
#define FIELD              "* GenerateContentRequest.generation_config."

static const struct {
	const char *name;
	const char *path;
	double min, max;
} ranges[] = {
	{ "temperature", "temperature", 0, 2 },
	{ "topP", "top_p", 0, 1 },
	{ "candidateCount", "candidate_count", 0, 8 },
	{ "maxOutputTokens", "max_output_tokens", 1, 2147483647.0 },
	{ "logprobs", "logprobs", 0, 20 },
};

static const struct {
	const char *name;
	unsigned bit;
} levels[] = {
	{ "MINIMAL", LEVEL_MINIMAL },
	{ "LOW", LEVEL_LOW },
	{ "MEDIUM", LEVEL_MEDIUM },
	{ "HIGH", LEVEL_HIGH },
	{ "XHIGH", LEVEL_XHIGH },
};

static const char *const mime_types[] = { "text/plain", "application/json", "application/xml",
	"application/yaml", "text/x.enum" };

static json_object *
config_of(const struct subject *s)
{
	return gjson_get(s->body, "generationConfig");
}

static bool
check_ranges(const struct subject *s, struct refusal *r)
{
	json_object *config = config_of(s);

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		json_object *value = gjson_get(config, ranges[i].name);
		double number = value != NULL ? json_object_get_double(value) : ranges[i].min;

		if (number < ranges[i].min || number > ranges[i].max)
			return refuse(r, 400, FIELD "%s: must be in the range [%g, %g]\n",
			    ranges[i].path, ranges[i].min, ranges[i].max);
	}
	if (gjson_count(config, "stopSequences") > STOP_SEQUENCES_MAX)
		return refuse(r, 400, FIELD "stop_sequences: at most %d stop sequences\n",
		    STOP_SEQUENCES_MAX);
	if (gjson_get(config, "logprobs") != NULL && !gjson_bool(config, "responseLogprobs"))
		return refuse(
		    r, 400, FIELD "logprobs: only allowed when response_logprobs is set\n");
	return true;
}

static bool
is_nonzero(json_object *config, const char *name)
{
	json_object *value = gjson_get(config, name);

	return value != NULL && json_object_get_double(value) != 0;
}

static bool
check_sampling(const struct subject *s, struct refusal *r)
{
	json_object *config = config_of(s);

	if (gjson_int(config, "candidateCount", 1) > 1 && model_is_3(s->model))
		return refuse(r, 400, "Multiple candidates is not enabled for this model");
	if (s->model->version >= 25 &&
	    (is_nonzero(config, "presencePenalty") || is_nonzero(config, "frequencyPenalty")))
		return refuse(r, 400, "Penalty is not enabled for this model");
	return true;
}

static bool
check_format(const struct subject *s, struct refusal *r)
{
	json_object *config = config_of(s);
	struct slice mime = gjson_str(config, "responseMimeType");
	bool json = slice_eq(mime, SLICE("application/json"));
	bool schema = gjson_get(config, "responseSchema") != NULL;
	bool json_schema = gjson_get(config, "responseJsonSchema") != NULL;
	bool known = mime.len == 0;

	for (size_t i = 0; i < ARRAY_SIZE(mime_types); i++)
		known = known || slice_eq(mime, slice_str(mime_types[i]));
	if (!known)
		return refuse(r, 400,
		    FIELD "response_mime_type: allowed mimetypes are `text/plain`, "
			  "`application/json`, `application/xml`, `application/yaml` and "
			  "`text/x.enum`.\n");
	if (schema && json_schema)
		return refuse(r, 400,
		    FIELD "response_json_schema: only one of response_schema and "
			  "response_json_schema can be set\n");
	if ((schema || json_schema) && !json && !slice_eq(mime, SLICE("text/x.enum")))
		return refuse(r, 400,
		    FIELD "response_schema: only allowed when response_mime_type is "
			  "application/json or text/x.enum\n");
	if (json && s->model->kind != MODEL_TEXT && s->model->kind != MODEL_TRANSCRIBE)
		return refuse(r, 400, "JSON mode is not enabled for models/%.*s", (int)s->name.len,
		    s->name.ptr);
	if (json && s->model->version == 25 && subject_has_functions(s))
		return refuse(r, 400,
		    "Function calling with a response mime type: 'application/json' is "
		    "unsupported");
	if (json && s->model->version == 25 && subject_has_builtin(s))
		return refuse(r, 400,
		    "Tool use with a response mime type: 'application/json' is unsupported");
	return true;
}

static bool
check_level(const struct subject *s, struct slice level, struct refusal *r)
{
	if (s->model->knob == THINK_BUDGET || s->model->levels == 0)
		return refuse(r, 400, "Thinking level is not supported for this model.");
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		if (slice_eqi(level, slice_str(levels[i].name)) &&
		    (s->model->levels & levels[i].bit) == 0)
			return refuse(r, 400,
			    "Thinking level %s is not supported for this model. Please retry with "
			    "other thinking level.",
			    levels[i].name);
	}
	return true;
}

static bool
check_budget(const struct subject *s, int64_t budget, struct refusal *r)
{
	if (s->model->knob == THINK_BUDGET) {
		if (budget == 0 && !s->model->budget_zero)
			return refuse(
			    r, 400, "Budget 0 is invalid. This model only works in thinking mode.");
		if (!model_has_budget_range(s->model, budget))
			return refuse(r, 400,
			    "The thinking budget (%lld) is invalid. Please choose a value between "
			    "%d and %d.",
			    (long long)budget, s->model->budget_min, s->model->budget_max);
		return true;
	}
	/* Models of the third generation still take budgets, but not everywhere. */
	if (!model_is_3(s->model) || s->model->levels == 0)
		return refuse(r, 400, "Thinking budget is not supported for this model.");
	if (budget == 0 && s->model->version == 35 && s->model->no_model_last)
		return refuse(
		    r, 400, "Budget 0 is invalid. This model only works in thinking mode.");
	return true;
}

static bool
check_thinking(const struct subject *s, struct refusal *r)
{
	json_object *thinking = gjson_get(config_of(s), "thinkingConfig");
	struct slice level = gjson_str(thinking, "thinkingLevel");
	bool has_budget = gjson_get(thinking, "thinkingBudget") != NULL;

	if (thinking == NULL || json_object_object_length(thinking) == 0)
		return true;
	if (s->model->knob == THINK_NONE)
		return refuse(r, 400, "Thinking is not enabled for models/%.*s", (int)s->name.len,
		    s->name.ptr);
	if (level.len > 0 && has_budget)
		return refuse(
		    r, 400, "You can only set only one of thinking budget and thinking level.");
	if (level.len > 0 && !check_level(s, level, r))
		return false;
	return !has_budget || check_budget(s, gjson_int(thinking, "thinkingBudget", 0), r);
}

bool
checks_config(const struct subject *s, struct refusal *r)
{
	/* The special models of the tests take anything. */
	if (s->model->special != SPECIAL_NONE)
		return true;
	return check_ranges(s, r) && check_sampling(s, r) && check_format(s, r) &&
	       check_thinking(s, r);
}
