/* OpenAI's CreateResponse to Gemini's request: the table is what is mapped, ignored and refused. */
#include "config.h"

#include <stddef.h>

#include "base/limits.h"
#include "core/api/fieldmap.h"
#include "input.h"
#include "core/openai/common/request_text.h"

/* OpenAI's count wants no model. */
#define COUNT_MODEL "gemini-flash-latest"

/* ---- rows of this API alone ---- */

/* arg: what to do instead. */
static int
emit_refusal(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	if (json_object_is_type(value, json_type_boolean) && !json_object_get_boolean(value))
		return 0;
	return apierror_set(run->err, APIERROR_UNSUPPORTED, row->from,
	    "Unsupported parameter: '%s' is not supported: %s.", row->from, (const char *)row->arg);
}

/* Something that may have a bearing on the answer. */
static int
emit_note(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	(void)value;
	return changes_note(run->changes, CHANGE_IGNORED, row->from, run->err);
}

static int
emit_store(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct chat_read *c = run->ctx;
	struct responses_read *own = c->own;

	(void)row;
	own->request->store = json_object_get_boolean(value) != 0;
	return 0;
}

/* Encrypted reasoning is always there; what else may be listed Google does not tell. */
static int
request_emit_include(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct chat_read *c = run->ctx;
	struct responses_read *own = c->own;
	char at[APIERROR_PARAM_MAX];

	for (size_t i = 0; i < json_object_array_length(value); i++) {
		json_object *word = json_object_array_get_idx(value, i);

		if (word == NULL)
			continue;
		field_name(at, "%s[%zu]", row->from, i);
		if (!json_object_is_type(word, json_type_string))
			return fieldmap_bad_type(run->err, at, "a string", word);
		if (slice_eq(json_str(word), SLICE("message.output_text.logprobs"))) {
			own->logprobs = true;
			fieldmap_put(run->target, "generationConfig/responseLogprobs",
			    json_object_new_boolean(1));
		} else if (!slice_eq(json_str(word), SLICE("reasoning.encrypted_content"))) {
			changes_mention(run->changes, CHANGE_IGNORED, at);
		}
	}
	return 0;
}

static int
conv_top_logprobs(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret)
{
	const struct chat_read *c = run->ctx;
	const struct responses_read *own = c->own;
	int64_t count = json_int(value, 0);

	if (count > 0 && own->logprobs)
		*ret = json_object_new_int64(count);
	else if (count > 0)
		changes_mention(run->changes, CHANGE_DROPPED, row->from);
	return 0;
}

static int
emit_truncation(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct slice word = json_str(value);

	if (slice_eqi(word, SLICE("auto")))
		changes_mention(run->changes, CHANGE_IGNORED, row->from);
	else if (!slice_eqi(word, SLICE("disabled")))
		return fieldmap_drop_word(run, row->from, "", word, "'auto' and 'disabled'");
	return 0;
}

/* ---- the table ---- */

/* clang-format off */
static const size_t stream_at = offsetof(struct chat_request, stream);

static const char no_conversation[] =
    "this gateway keeps no conversations; send 'previous_response_id' or the whole of it as 'input'";
static const char no_prompt[] =
    "this gateway keeps no prompt templates; send 'instructions' and 'input'";

static const struct fieldmap response_fields[] = {
	/* The model comes first: it decides which needs below are met. */
	{ .from = "model", .kind = FK_STR, .flags = FF_REQUIRED, .emit = chat_model_emit },
	{ .from = "stream", .kind = FK_BOOL, .emit = chat_flag_emit, .arg = &stream_at },
	{ .from = "stream_options", .kind = FK_OBJECT },
	{ .from = "stream_options.include_obfuscation", .flags = FF_IGNORE },
	/* The answer is there at once, and says so. */
	{ .from = "background", .kind = FK_BOOL, .flags = FF_UNUSED, .emit = chat_drop_emit },
	{ .from = "conversation", .kind = FK_ANY, .flags = FF_REFUSES,
	  .emit = emit_refusal, .arg = no_conversation },
	{ .from = "prompt", .kind = FK_ANY, .flags = FF_REFUSES,
	  .emit = emit_refusal, .arg = no_prompt },
	{ .from = "store", .kind = FK_BOOL, .emit = emit_store },
	{ .from = "previous_response_id", .kind = FK_STR }, /* past.c */

	/* Tools before the input: whether a function takes free text stands in its declaration. */
	{ .from = "tools", .kind = FK_ARRAY, .emit = chat_tools_emit },
	{ .from = "input", .kind = FK_ANY, .flags = FF_REQUIRED, .emit = responses_tools_emit },
	{ .from = "tool_choice", .kind = FK_ANY, .emit = chat_choice_emit },
	{ .from = "parallel_tool_calls", .kind = FK_BOOL, .emit = chat_parallel_emit },
	{ .from = "max_tool_calls", .flags = FF_IGNORE },
	{ .from = "instructions", .kind = FK_ANY, .emit = responses_instructions_emit },
	{ .from = "input", .kind = FK_ANY, .flags = FF_REQUIRED, .emit = responses_input_emit },

	{ .from = "max_output_tokens", .to = CHAT_GENERATION "maxOutputTokens", .kind = FK_INT,
	  .flags = FF_NO_LOW, .min = 1, .max = INT32_MAX },
	CHAT_TEMPERATURE_ROWS,
	{ .from = "include", .kind = FK_ARRAY, .emit = request_emit_include },
	{ .from = "top_logprobs", .to = CHAT_GENERATION "logprobs", .kind = FK_INT, .max = 20,
	  .conv = conv_top_logprobs },
	{ .from = "service_tier", .to = "serviceTier", .kind = FK_STR, .conv = chat_tier_conv },
	{ .from = "truncation", .kind = FK_STR, .flags = FF_UNUSED, .emit = emit_truncation },
	{ .from = "metadata", .kind = FK_OBJECT }, /* the answer has it again */

	{ .from = "reasoning", .kind = FK_OBJECT, .emit = chat_reasoning_emit },
	{ .from = "extra_body", .kind = FK_OBJECT, .emit = chat_extra_emit },
	{ .from = "google", .kind = FK_OBJECT, .emit = chat_google_emit },
	{ .from = "safety_settings", .to = "safetySettings", .kind = FK_ARRAY,
	  .conv = chat_safety_conv },

	/* After all that may ask for tools. */
	{ .from = "text", .kind = FK_OBJECT },
	{ .from = "text.format", .kind = FK_OBJECT, .emit = chat_format_emit },
	{ .from = "text.verbosity", .flags = FF_IGNORE },

	/* May have a bearing on the answer. */
	{ .from = "context_management", .kind = FK_ANY, .flags = FF_UNUSED, .emit = emit_note },
	{ .from = "image", .kind = FK_ANY, .flags = FF_UNUSED, .emit = emit_note },

	/* Nothing in Gemini corresponds to these. */
	{ .from = "access_programs", .flags = FF_IGNORE },
	{ .from = "moderation", .flags = FF_IGNORE },
	{ .from = "prompt_cache_key", .flags = FF_IGNORE },
	{ .from = "prompt_cache_options", .flags = FF_IGNORE },
	{ .from = "prompt_cache_retention", .flags = FF_IGNORE },
	{ .from = "safety_identifier", .flags = FF_IGNORE },
	{ .from = "user", .flags = FF_IGNORE },
	{ 0 }
};

const struct field_table responses_tables[] = { { "", response_fields }, { 0 } };

/* While something outside is wanted, only where the request goes is read. */
static const struct fieldmap early_fields[] = {
	{ .from = "model", .kind = FK_STR, .flags = FF_REQUIRED, .emit = chat_model_emit },
	{ .from = "stream", .kind = FK_BOOL, .emit = chat_flag_emit, .arg = &stream_at },
	{ 0 }
};
/* clang-format on */

/* ---- the request ---- */

void
responses_request_init(struct responses_request *q)
{
	*q = (struct responses_request){ 0 };
	chat_request_init(&q->chat);
	buf_init(&q->echo, TRANSLATED_MAX);
	q->items = json_object_new_array();
	q->input = json_object_new_array();
}

void
responses_request_release(struct responses_request *q)
{
	chat_request_release(&q->chat);
	buf_release(&q->echo);
	json_object_put(q->items);
	json_object_put(q->input);
	*q = (struct responses_request){ 0 };
}

static int
request_convert(struct responses_request *q, json_object *source, const struct responses_past *past,
    const struct translate_env *env, struct apierror *err)
{
	struct responses_read own = { .request = q, .past = past };
	/* Thoughts are told when a summary is asked for. */
	struct chat_read read = { .request = &q->chat,
		.env = env,
		.list = "input",
		.items = true,
		.own = &own,
		.thinking = { .show = SHOW_NO } };

	json_object *view;
	int rc;

	if (past->items != NULL && json_get(source, "input") == NULL)
		json_put(source, "input", json_object_new_array());
	q->store = true;
	q->compact = q->use == RESPONSES_COMPACT || responses_compact_wanted(source);
	view = q->compact ? responses_compact_source(source) : json_object_get(source);
	rc = chat_request_convert(&read, view, response_fields, err);
	json_object_put(view);
	if (rc != 0)
		return -1;
	responses_echo_write(source, q->store, &q->echo);
	return q->echo.failed ? apierror_set(err, APIERROR_TOO_LARGE, NULL, NULL) : 0;
}

static int
convert_early(struct responses_request *q, json_object *source, const struct translate_env *env,
    struct apierror *err)
{
	struct translate_env silent = *env;
	struct chat_read read = { .request = &q->chat, .env = &silent, .list = "input" };

	silent.changes = NULL;
	return chat_request_convert(&read, source, early_fields, err);
}

int
responses_request_read(struct responses_request *q, struct slice text,
    const struct translate_env *env, struct apierror *err)
{
	json_object *source = request_text_read(env->reader, text, err);
	struct responses_past past;
	int rc;

	if (source == NULL)
		return -1;
	if (q->use != RESPONSES_CREATE)
		json_object_object_del(source, "stream");
	if (q->use == RESPONSES_COUNT && json_get(source, "model") == NULL)
		json_put_str(source, "model", SLICE(COUNT_MODEL));
	responses_past_init(&past);
	rc = responses_past_read(&past, source, env, err);
	if (rc == 0 && env->refs != NULL && env->refs->wanted > 0)
		rc = convert_early(q, source, env, err);
	else if (rc == 0)
		rc = request_convert(q, source, &past, env, err);
	responses_past_release(&past);
	json_object_put(source);
	return rc;
}
