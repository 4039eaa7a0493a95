/*
 * OpenAI's chat request to Gemini's: the table below is what is mapped, ignored and refused. Keys
 * that are not in it are ignored, because clients learn parameters faster than gateways do.
 */
#include "config.h"

#include "core/openai/chat/chat.h"

#include <stddef.h>

#include "base/limits.h"
#include "core/openai/chat/chat_read.h"
#include "core/api/fieldmap.h"
#include "core/openai/common/request_text.h"

int
chat_model_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct chat_read *c = run->ctx;
	struct model_choice *model = &c->request->model;
	struct model_view *view = &c->request->view;

	if (translate_env_model(c->env, json_str(value), model, view, run->err) != 0)
		return -1;
	c->family = c->request->family = &view->family;
	c->refused = view->refused;
	chat_builtin_want(c, model->builtins, row->from);
	run->have = c->family->can;
	return 0;
}

int
chat_flag_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct chat_read *c = run->ctx;
	const size_t *offset = row->arg;

	*(bool *)((char *)c->request + *offset) = json_object_get_boolean(value) != 0;
	return 0;
}

int
chat_parallel_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct chat_read *c = run->ctx;

	(void)row;
	c->request->one_call = json_object_get_boolean(value) == 0;
	return 0;
}

/* clang-format off */
static const size_t stream_at = offsetof(struct chat_request, stream);
static const size_t include_usage_at = offsetof(struct chat_request, include_usage);

static const struct fieldmap chat_fields[] = {
	/* The model comes first: it decides which needs below are met. */
	{ .from = "model", .kind = FK_STR, .flags = FF_REQUIRED, .emit = chat_model_emit },
	{ .from = "stream", .kind = FK_BOOL, .emit = chat_flag_emit, .arg = &stream_at },
	{ .from = "stream_options", .kind = FK_OBJECT },
	{ .from = "stream_options.include_usage", .kind = FK_BOOL, .emit = chat_flag_emit,
	  .arg = &include_usage_at },
	{ .from = "stream_options.include_obfuscation", .flags = FF_IGNORE },

	/* Tools before messages: whether a function takes free text stands in its declaration. */
	{ .from = "tools", .kind = FK_ARRAY, .emit = chat_tools_emit },
	{ .from = "functions", .kind = FK_ARRAY, .emit = chat_functions_emit },
	{ .from = "web_search_options", .kind = FK_OBJECT, .emit = chat_search_emit },
	{ .from = "tool_choice", .kind = FK_ANY, .emit = chat_choice_emit },
	{ .from = "function_call", .kind = FK_ANY, .emit = chat_choice_emit },
	{ .from = "parallel_tool_calls", .kind = FK_BOOL, .emit = chat_parallel_emit },
	{ .from = "messages", .kind = FK_ARRAY, .flags = FF_REQUIRED, .emit = chat_messages_emit },

	/* The newer of the two limits wins. */
	{ .from = "max_tokens", .to = CHAT_GENERATION "maxOutputTokens", .kind = FK_INT,
	  .flags = FF_NO_LOW, .min = 1, .max = INT32_MAX },
	{ .from = "max_completion_tokens", .to = CHAT_GENERATION "maxOutputTokens", .kind = FK_INT,
	  .flags = FF_NO_LOW, .min = 1, .max = INT32_MAX },
	CHAT_TEMPERATURE_ROWS,
	CHAT_SAMPLING_ROWS,
	{ .from = "n", .kind = FK_INT, .min = 1, .max = FAN_MAX, .emit = chat_count_emit },
	{ .from = "logprobs", .to = CHAT_GENERATION "responseLogprobs", .kind = FK_BOOL,
	  .conv = chat_true_conv },
	{ .from = "top_logprobs", .to = CHAT_GENERATION "logprobs", .kind = FK_INT, .max = 20,
	  .conv = chat_top_logprobs_conv },
	{ .from = "modalities", .kind = FK_ARRAY, .flags = FF_SOMETIMES,
	  .emit = chat_modalities_emit },
	{ .from = "audio", .kind = FK_OBJECT, .flags = FF_SOMETIMES, .emit = chat_audio_emit },
	{ .from = "service_tier", .to = "serviceTier", .kind = FK_STR, .conv = chat_tier_conv },

	/* How much the model thinks; the last form wins, Google's own over the others. */
	{ .from = "reasoning_effort", .kind = FK_STR, .emit = chat_effort_emit },
	{ .from = "reasoning", .kind = FK_OBJECT, .emit = chat_reasoning_emit },
	{ .from = "include_reasoning", .kind = FK_BOOL, .emit = chat_show_emit },
	{ .from = "thinking", .kind = FK_OBJECT, .emit = chat_thinking_emit },
	{ .from = "thinking_budget", .kind = FK_INT, .min = -1, .max = INT32_MAX,
	  .emit = chat_budget_emit },
	{ .from = "enable_thinking", .kind = FK_BOOL, .emit = chat_think_emit },
	{ .from = "extra_body", .kind = FK_OBJECT, .emit = chat_extra_emit },
	{ .from = "google", .kind = FK_OBJECT, .emit = chat_google_emit },
	{ .from = "thinking_config", .kind = FK_OBJECT, .emit = chat_thinking_config_emit },
	{ .from = "thinkingConfig", .kind = FK_OBJECT, .emit = chat_thinking_config_emit },
	{ .from = "safety_settings", .to = "safetySettings", .kind = FK_ARRAY,
	  .conv = chat_safety_conv },
	{ .from = "safetySettings", .to = "safetySettings", .kind = FK_ARRAY,
	  .conv = chat_safety_conv },

	/* After all that may ask for tools. */
	{ .from = "response_format", .kind = FK_OBJECT, .emit = chat_format_emit },

	/* May have a bearing on the answer. */
	{ .from = "logit_bias", .kind = FK_ANY, .flags = FF_UNUSED, .emit = chat_drop_emit },

	/* Nothing in Gemini corresponds to these. */
	{ .from = "metadata", .flags = FF_IGNORE },
	{ .from = "moderation", .flags = FF_IGNORE },
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

const struct field_table chat_tables[] = { { "", chat_fields }, { 0 } };
/* clang-format on */

void
chat_request_init(struct chat_request *c)
{
	*c = (struct chat_request){ .fan = 1 };
	buf_init(&c->body, TRANSLATED_MAX);
}

void
chat_request_release(struct chat_request *c)
{
	tool_names_free(c->tools);
	buf_release(&c->body);
	chat_request_init(c);
}

static int
request_finish(struct fieldmap_run *run)
{
	if (chat_tools_finish(run) != 0 || chat_thinking_finish(run) != 0 ||
	    chat_output_finish(run) != 0 || chat_refused_finish(run) != 0)
		return -1;
	return chat_google_finish(run);
}

int
chat_request_convert(
    struct chat_read *read, json_object *source, const struct fieldmap *table, struct apierror *err)
{
	struct buf *body = &read->request->body;
	json_object *target = json_object_new_object();
	struct fieldmap_run run = {
		.source = source,
		.target = target,
		.ctx = read,
		.changes = read->env->changes,
		.err = err,
	};
	int rc = -1;

	if (fieldmap_apply(table, &run) != 0 || request_finish(&run) != 0)
		goto out;
	json_write(target, body);
	rc = !body->failed ? 0 : apierror_set(err, APIERROR_TOO_LARGE, NULL, NULL);
out:
	for (size_t i = 0; i < BUILTINS; i++)
		json_object_put(read->builtin_args[i]);
	json_object_put(read->declared);
	json_object_put(read->allowed);
	json_object_put(target);
	return rc;
}

int
chat_request_read(struct chat_request *c, struct slice text, const struct translate_env *env,
    struct apierror *err)
{
	json_object *source = request_text_read(env->reader, text, err);
	struct chat_read read = { .request = c, .env = env, .list = "messages", .holes = true };
	int rc;

	if (source == NULL)
		return -1;
	rc = chat_request_convert(&read, source, chat_fields, err);
	json_object_put(source);
	return rc;
}
