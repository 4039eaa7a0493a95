/* How long a model thinks: OpenAI's reasoning_effort and Google's own thinking_config. */
#include "config.h"

#include "base/xalloc.h"
#include "chat_priv.h"

/* A level that an effort asks for, and the one that is taken where the family has not that one.
 * Google's table for its own OpenAI layer, and its two-level models. */
/* clang-format off */
static const struct effort {
	const char *word;
	enum family_level level, instead;
	int32_t budget; /* -1: the model's smallest; INT32_MAX: its largest */
	bool show;      /* whoever asks for thought wants to see it */
} efforts[] = {
	{ "none",    LEVEL_MINIMAL, LEVEL_LOW,     -1,        false },
	{ "minimal", LEVEL_MINIMAL, LEVEL_LOW,     1024,      true },
	{ "low",     LEVEL_LOW,     LEVEL_MINIMAL, 1024,      true },
	{ "medium",  LEVEL_MEDIUM,  LEVEL_HIGH,    8192,      true },
	{ "high",    LEVEL_HIGH,    LEVEL_HIGH,    24576,     true },
	{ "xhigh",   LEVEL_HIGH,    LEVEL_HIGH,    INT32_MAX, true },
	{ "max",     LEVEL_HIGH,    LEVEL_HIGH,    INT32_MAX, true },
};
/* clang-format on */

static const char *
level_word(unsigned level)
{
	switch (level) {
	case LEVEL_MINIMAL:
		return "MINIMAL";
	case LEVEL_LOW:
		return "LOW";
	case LEVEL_MEDIUM:
		return "MEDIUM";
	default:
		return "HIGH";
	}
}

static json_object *
config_for(const struct family *family, const struct effort *effort)
{
	json_object *config = json_object_new_object();
	int32_t budget = effort->budget;

	if (family->thinking == THINKING_LEVEL) {
		unsigned level =
		    (family->levels & effort->level) != 0 ? effort->level : effort->instead;

		json_put(config, "thinkingLevel", json_object_new_string(level_word(level)));
	} else {
		budget = budget < family->budget_min ? family->budget_min : budget;
		budget = budget > family->budget_max ? family->budget_max : budget;
		json_put(config, "thinkingBudget", json_object_new_int(budget));
	}
	if (effort->show)
		json_put(config, "includeThoughts", json_object_new_boolean(1));
	return config;
}

int
chat_effort_conv(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret)
{
	const struct chat_read *c = run->ctx;

	for (size_t i = 0; i < ARRAY_SIZE(efforts); i++) {
		if (!slice_eq(json_str(value), slice_str(efforts[i].word)))
			continue;
		if (c->family->thinking != THINKING_NONE)
			*ret = config_for(c->family, &efforts[i]);
		return 0;
	}
	return fieldmap_bad_word(run->err, row->from, json_str(value),
	    "'none', 'minimal', 'low', 'medium', 'high', 'xhigh', and 'max'");
}

/* `{"thinking_config": {...}}`, in snake or camel case, goes to Google as it is and outranks the
 * effort. */
int
chat_google_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	static const struct fieldmap fields[] = {
		{ .from = "thinking_level", .to = "thinkingLevel", .kind = FK_STR },
		{ .from = "thinkingLevel", .to = "thinkingLevel", .kind = FK_STR },
		{ .from = "thinking_budget",
		    .to = "thinkingBudget",
		    .kind = FK_INT,
		    .min = -1,
		    .max = INT32_MAX },
		{ .from = "thinkingBudget",
		    .to = "thinkingBudget",
		    .kind = FK_INT,
		    .min = -1,
		    .max = INT32_MAX },
		{ .from = "include_thoughts", .to = "includeThoughts", .kind = FK_BOOL },
		{ .from = "includeThoughts", .to = "includeThoughts", .kind = FK_BOOL },
		{ 0 },
	};
	static const char *const keys[] = { "thinking_config", "thinkingConfig" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		json_object *config = json_get(value, keys[i]), *target;
		char prefix[APIERROR_PARAM_MAX];
		struct fieldmap_run inner = { .source = config, .prefix = prefix, .err = run->err };

		field_name(prefix, "%s.%s", row->from, keys[i]);
		if (config == NULL)
			continue;
		if (!json_object_is_type(config, json_type_object))
			return fieldmap_bad_type(run->err, prefix, "an object", config);
		target = json_object_new_object();
		inner.target = target;
		if (fieldmap_apply(fields, &inner) != 0) {
			json_object_put(target);
			return -1;
		}
		fieldmap_put(run->target, "generationConfig/thinkingConfig", target);
	}
	return 0;
}
