/*
 * How long a model thinks. Clients say it in five dialects; what they say is collected first, and
 * at the end it becomes the knob of the model's family.
 */
#include "config.h"

#include <string.h>

#include "base/xalloc.h"
#include "core/openai/chat/chat_read.h"
#include "core/api/fieldmap.h"

/* clang-format off */
/* Google's table for its own OpenAI layer, and the two ends that it does not list. */
static const struct effort {
	const char *word;
	enum family_level level;
	int32_t budget; /* INT32_MAX: the model's largest */
} efforts[] = {
	{ "none",    LEVEL_MINIMAL, 0 },
	{ "minimal", LEVEL_MINIMAL, 1024 },
	{ "low",     LEVEL_LOW,     1024 },
	{ "medium",  LEVEL_MEDIUM,  8192 },
	{ "high",    LEVEL_HIGH,    24576 },
	{ "xhigh",   LEVEL_XHIGH,   INT32_MAX },
	{ "max",     LEVEL_XHIGH,   INT32_MAX },
};

static const struct level {
	const char *word, *google;
	enum family_level level, instead[4]; /* instead: where the family has not that one */
	int32_t budget;
} levels[] = {
	{ "minimal", "MINIMAL", LEVEL_MINIMAL,
	  { LEVEL_LOW, LEVEL_MEDIUM, LEVEL_HIGH, LEVEL_XHIGH }, 1024 },
	{ "low", "LOW", LEVEL_LOW,
	  { LEVEL_MINIMAL, LEVEL_MEDIUM, LEVEL_HIGH, LEVEL_XHIGH }, 1024 },
	{ "medium", "MEDIUM", LEVEL_MEDIUM,
	  { LEVEL_HIGH, LEVEL_LOW, LEVEL_XHIGH, LEVEL_MINIMAL }, 8192 },
	{ "high", "HIGH", LEVEL_HIGH,
	  { LEVEL_MEDIUM, LEVEL_XHIGH, LEVEL_LOW, LEVEL_MINIMAL }, 24576 },
	{ "xhigh", "XHIGH", LEVEL_XHIGH,
	  { LEVEL_HIGH, LEVEL_MEDIUM, LEVEL_LOW, LEVEL_MINIMAL }, INT32_MAX },
};

/* The level that stands for budgets of at most so many tokens; beyond the last it is XHIGH. */
static const struct {
	int64_t most;
	enum family_level level;
} budgets[] = {
	{ 0,     LEVEL_MINIMAL },
	{ 1024,  LEVEL_LOW },
	{ 8192,  LEVEL_MEDIUM },
	{ 24576, LEVEL_HIGH },
};
/* clang-format on */

static const struct effort *const no_effort = &efforts[0];

static const struct level *
thinking_level_of(unsigned bit)
{
	size_t i = 0;

	while (i + 1 < ARRAY_SIZE(levels) && levels[i].level != bit)
		i++;
	return &levels[i];
}

static enum family_level
level_for_budget(int64_t budget)
{
	for (size_t i = 0; i < ARRAY_SIZE(budgets); i++)
		if (budget <= budgets[i].most)
			return budgets[i].level;
	return LEVEL_XHIGH;
}

/* The level itself, or the nearest of those that are taken. */
static enum family_level
level_taken(enum family_level wanted, unsigned taken)
{
	const struct level *level = thinking_level_of(wanted);

	if ((taken & wanted) != 0)
		return wanted;
	for (size_t i = 0; i < ARRAY_SIZE(level->instead); i++)
		if ((taken & level->instead[i]) != 0)
			return level->instead[i];
	return wanted;
}

/* ---- what the caller says ---- */

static struct chat_thinking *
thinking_say(struct fieldmap_run *run, const struct fieldmap *row)
{
	struct chat_read *c = run->ctx;
	struct chat_thinking *t = &c->thinking;

	if (t->kind != THINK_UNSAID)
		changes_mention(run->changes, CHANGE_DROPPED, t->at);
	fieldmap_param(run, row, t->at);
	return t;
}

int
chat_effort_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	char param[APIERROR_PARAM_MAX];
	struct chat_thinking *t;

	for (size_t i = 0; i < ARRAY_SIZE(efforts); i++) {
		if (!slice_eqi(json_str(value), slice_str(efforts[i].word)))
			continue;
		t = thinking_say(run, row);
		t->kind = THINK_EFFORT;
		t->effort = &efforts[i];
		return 0;
	}
	fieldmap_param(run, row, param);
	return fieldmap_drop_word(run, param, "", json_str(value),
	    "'none', 'minimal', 'low', 'medium', 'high', 'xhigh', and 'max'");
}

int
chat_budget_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct chat_read *c = run->ctx;
	struct chat_thinking *t = &c->thinking;
	char param[APIERROR_PARAM_MAX];

	/* Google refuses both: the one that the family has counts. */
	if (t->verbatim && t->kind == THINK_AT_LEVEL && c->family->thinking == THINKING_LEVEL) {
		fieldmap_param(run, row, param);
		changes_mention(run->changes, CHANGE_DROPPED, param);
		return 0;
	}
	t = thinking_say(run, row);
	t->kind = THINK_BUDGET;
	t->budget = json_int(value, -1);
	return 0;
}

static int
emit_level(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	char param[APIERROR_PARAM_MAX];
	struct chat_thinking *t;

	/* Google's word for a field that is not set. */
	if (slice_eqi(json_str(value), SLICE("thinking_level_unspecified")))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		if (!slice_eqi(json_str(value), slice_str(levels[i].word)))
			continue;
		t = thinking_say(run, row);
		t->kind = THINK_AT_LEVEL;
		t->level = levels[i].level;
		return 0;
	}
	fieldmap_param(run, row, param);
	return fieldmap_drop_word(
	    run, param, "", json_str(value), "'minimal', 'low', 'medium', 'high', and 'xhigh'");
}

int
chat_show_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct chat_read *c = run->ctx;

	(void)row;
	c->thinking.show = json_object_get_boolean(value) ? SHOW_YES : SHOW_NO;
	return 0;
}

static int
emit_exclude(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct chat_read *c = run->ctx;

	(void)row;
	if (json_object_get_boolean(value))
		c->thinking.show = SHOW_NO;
	return 0;
}

/* Responses: which kind of summary does not matter, Google has one. */
static int
emit_summary(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	static const char *const words[] = { "auto", "concise", "detailed" };
	struct chat_read *c = run->ctx;
	char param[APIERROR_PARAM_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (slice_eqi(json_str(value), slice_str(words[i]))) {
			c->thinking.show = SHOW_YES;
			return 0;
		}
	fieldmap_param(run, row, param);
	return fieldmap_drop_word(
	    run, param, "", json_str(value), "'auto', 'concise', and 'detailed'");
}

/* True asks for the model's own measure, false for none. */
int
chat_think_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct chat_read *c = run->ctx;
	struct chat_thinking *t = &c->thinking;

	if (json_object_get_boolean(value)) {
		if (t->show == SHOW_UNSAID)
			t->show = SHOW_YES;
		return 0;
	}
	t = thinking_say(run, row);
	t->kind = THINK_EFFORT;
	t->effort = no_effort;
	return 0;
}

static int
emit_type(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	static const struct {
		const char *word;
		bool on;
	} words[] = { { "enabled", true }, { "disabled", false }, { "auto", true },
		{ "adaptive", true } };
	json_object *on;
	int rc;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!slice_eqi(json_str(value), slice_str(words[i].word)))
			continue;
		on = json_object_new_boolean(words[i].on);
		rc = chat_think_emit(run, row, on);
		json_object_put(on);
		return rc;
	}
	return fieldmap_drop_word(run, "thinking.type", "", json_str(value),
	    "'enabled', 'disabled', 'auto', and 'adaptive'");
}

/* clang-format off */
#define BUDGET .kind = FK_INT, .min = -1, .max = INT32_MAX, .emit = chat_budget_emit

static const struct fieldmap reasoning_fields[] = {
	{ .from = "effort", .kind = FK_STR, .emit = chat_effort_emit },
	{ .from = "max_tokens", BUDGET },
	{ .from = "enabled", .kind = FK_BOOL, .emit = chat_think_emit },
	{ .from = "generate_summary", .kind = FK_STR, .emit = emit_summary },
	{ .from = "summary", .kind = FK_STR, .emit = emit_summary },
	{ .from = "exclude", .kind = FK_BOOL, .emit = emit_exclude },
	{ .from = "context", .flags = FF_IGNORE },
	{ .from = "mode", .flags = FF_IGNORE },
	{ 0 },
};

static const struct fieldmap thinking_fields[] = {
	{ .from = "budget_tokens", BUDGET },
	{ .from = "type", .kind = FK_STR, .emit = emit_type },
	{ 0 },
};

static const struct fieldmap config_fields[] = {
	{ .from = "thinking_level", .kind = FK_STR, .emit = emit_level },
	{ .from = "thinkingLevel", .kind = FK_STR, .emit = emit_level },
	{ .from = "thinking_budget", BUDGET },
	{ .from = "thinkingBudget", BUDGET },
	{ .from = "include_thoughts", .kind = FK_BOOL, .emit = chat_show_emit },
	{ .from = "includeThoughts", .kind = FK_BOOL, .emit = chat_show_emit },
	{ 0 },
};

const struct field_table chat_thinking_tables[] = {
	{ "reasoning.", reasoning_fields },
	{ "thinking.", thinking_fields },
	{ "thinking_config.", config_fields },
	{ 0 },
};
/* clang-format on */

int
chat_reasoning_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	return fieldmap_apply_inside(run, row, reasoning_fields, value);
}

int
chat_thinking_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	return fieldmap_apply_inside(run, row, thinking_fields, value);
}

int
chat_thinking_config_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct chat_read *c = run->ctx;

	c->thinking.verbatim = true;
	return fieldmap_apply_inside(run, row, config_fields, value);
}

/* ---- what becomes of it ---- */

static int
put_level(struct fieldmap_run *run, json_object *config)
{
	const struct chat_read *c = run->ctx;
	const struct chat_thinking *t = &c->thinking;
	enum family_level wanted = t->level, taken;
	bool exact = true;

	if (t->kind == THINK_BUDGET && t->budget < 0)
		return 0;
	if (t->kind == THINK_EFFORT) {
		wanted = t->effort->level;
		exact = t->effort != no_effort;
	} else if (t->kind == THINK_BUDGET) {
		wanted = level_for_budget(t->budget);
	}
	taken = level_taken(wanted, c->family->levels);
	json_put(config, "thinkingLevel", json_object_new_string(thinking_level_of(taken)->google));
	if (t->kind == THINK_BUDGET)
		return changes_note(run->changes, CHANGE_REWRITTEN, t->at, run->err);
	if (taken != wanted || !exact)
		return changes_note(run->changes, CHANGE_CLAMPED, t->at, run->err);
	return 0;
}

static int
put_budget(struct fieldmap_run *run, json_object *config)
{
	const struct chat_read *c = run->ctx;
	const struct chat_thinking *t = &c->thinking;
	const struct family *family = c->family;
	int64_t wanted = t->budget, taken;

	if (t->kind == THINK_EFFORT)
		wanted = t->effort->budget;
	else if (t->kind == THINK_AT_LEVEL)
		wanted = thinking_level_of(t->level)->budget;
	taken = wanted;
	if (wanted > 0 || (wanted == 0 && !family->budget_off)) {
		taken = taken < family->budget_min ? family->budget_min : taken;
		taken = taken > family->budget_max ? family->budget_max : taken;
	}
	json_put(config, "thinkingBudget", json_object_new_int64(taken));
	if (t->kind == THINK_AT_LEVEL)
		return changes_note(run->changes, CHANGE_REWRITTEN, t->at, run->err);
	/* No bound was meant, so none is missed. */
	if (taken != wanted && wanted != INT32_MAX)
		return changes_note(run->changes, CHANGE_CLAMPED, t->at, run->err);
	return 0;
}

/* Whoever asks for thought wants to see it; Google's own form says so by itself. */
static bool
is_shown(const struct chat_thinking *t)
{
	if (t->show != SHOW_UNSAID)
		return t->show == SHOW_YES;
	return !t->verbatim && ((t->kind == THINK_EFFORT && t->effort != no_effort) ||
				   (t->kind == THINK_BUDGET && t->budget != 0));
}

static int
drop_all(struct fieldmap_run *run)
{
	const struct chat_read *c = run->ctx;
	const struct chat_thinking *t = &c->thinking;
	bool thinks = t->kind != THINK_UNSAID &&
	              !(t->kind == THINK_EFFORT && t->effort == no_effort) &&
	              !(t->kind == THINK_BUDGET && t->budget == 0);

	return thinks ? changes_note(run->changes, CHANGE_DROPPED, t->at, run->err) : 0;
}

int
chat_thinking_finish(struct fieldmap_run *run)
{
	const struct chat_read *c = run->ctx;
	const struct chat_thinking *t = &c->thinking;
	json_object *config;
	int rc = 0;

	if (c->family->thinking == THINKING_NONE)
		return drop_all(run);
	config = json_object_new_object();
	if (t->kind != THINK_UNSAID)
		rc = c->family->thinking == THINKING_LEVEL ? put_level(run, config)
		                                           : put_budget(run, config);
	if (is_shown(t))
		json_put(config, "includeThoughts", json_object_new_boolean(1));
	if (rc == 0 && json_object_object_length(config) > 0)
		fieldmap_put(
		    run->target, "generationConfig/thinkingConfig", json_object_get(config));
	json_object_put(config);
	return rc;
}
