/*
 * OpenAI's legacy completion request to Gemini's: the table below is what is mapped, ignored and
 * refused. Keys that are not in it are ignored.
 */
#include "config.h"

#include "core/openai/completions/completions.h"

#include <stddef.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "core/openai/chat/chat_read.h"
#include "core/gemini/part_build.h"
#include "core/api/fieldmap.h"
#include "core/openai/common/request_text.h"

static struct completions_request *
request_of(const struct fieldmap_run *run)
{
	const struct chat_read *read = run->ctx;

	return read->own;
}

static int
add_prompt(struct fieldmap_run *run, json_object *prompt, const char *at)
{
	if (json_object_is_type(prompt, json_type_int) ||
	    json_object_is_type(prompt, json_type_array))
		return apierror_set(run->err, APIERROR_UNSUPPORTED, "prompt",
		    "Invalid 'prompt': arrays of tokens are not supported, send text.");
	if (!json_object_is_type(prompt, json_type_string))
		return fieldmap_bad_type(run->err, at, "a string or an array of strings", prompt);
	if (json_str(prompt).len == 0)
		return apierror_set(run->err, APIERROR_BAD_VALUE, at,
		    "Invalid '%s': a prompt cannot be an empty string.", at);
	json_append(request_of(run)->prompts, json_object_get(prompt));
	return 0;
}

static int
completions_emit_prompt(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	char at[APIERROR_PARAM_MAX];
	size_t count;

	if (!json_object_is_type(value, json_type_array))
		return add_prompt(run, value, row->from);
	count = json_object_array_length(value);
	if (count == 0 || count > FAN_MAX)
		return apierror_set(run->err, APIERROR_BAD_VALUE, row->from,
		    "Invalid 'prompt': expected an array with 1 to %d elements, but got %zu.",
		    FAN_MAX, count);
	for (size_t i = 0; i < count; i++) {
		field_name(at, "%s[%zu]", row->from, i);
		if (add_prompt(run, json_object_array_get_idx(value, i), at) != 0)
			return -1;
	}
	return 0;
}

static int
completions_emit_n(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	(void)row;
	request_of(run)->n = (unsigned)json_int(value, 1);
	return 0;
}

/* Which of several texts is the most probable is not known: the first ones are as good. */
static int
emit_best_of(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	int64_t best_of = json_int(value, 1);

	if (best_of == 0 || best_of == request_of(run)->n)
		return 0;
	return changes_note(run->changes, CHANGE_IGNORED, row->from, run->err);
}

/* Gemini knows no text that comes after: it is told what to lead over to. */
static int
emit_suffix(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct slice suffix = json_str(value);
	json_object *text;
	struct buf words;

	if (suffix.len == 0)
		return 0;
	if (changes_note(run->changes, CHANGE_REWRITTEN, row->from, run->err) != 0)
		return -1;
	buf_init(&words, suffix.len + 1 * KIB);
	buf_adds(&words,
	    "The user's message is the beginning of a text. Write what stands between this "
	    "beginning and the ending below, so that the three parts read as one. Answer with the "
	    "missing part only; repeat neither the beginning nor the ending.\n\nThe ending:\n");
	buf_add_slice(&words, suffix);
	text = json_new_str(buf_slice(&words));
	buf_release(&words);
	part_system_add(run->target, text);
	return 0;
}

/* The number of alternatives; those of 0 are none, but each token still has its own. */
static int
emit_logprobs(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	int64_t count = json_int(value, 0);

	(void)row;
	fieldmap_put(
	    run->target, "generationConfig/responseLogprobs", json_object_new_boolean(true));
	if (count > 0)
		fieldmap_put(
		    run->target, "generationConfig/logprobs", json_object_new_int64(count));
	return 0;
}

static int
emit_echo(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	(void)row;
	request_of(run)->echo = json_object_get_boolean(value) != 0;
	return 0;
}

/* clang-format off */
static const size_t stream_at = offsetof(struct chat_request, stream);
static const size_t include_usage_at = offsetof(struct chat_request, include_usage);

static const struct fieldmap completion_fields[] = {
	/* The model comes first: it decides which needs below are met. */
	{ .from = "model", .kind = FK_STR, .flags = FF_REQUIRED, .emit = chat_model_emit },
	{ .from = "prompt", .kind = FK_ANY, .flags = FF_REQUIRED, .emit = completions_emit_prompt },
	{ .from = "suffix", .kind = FK_STR, .emit = emit_suffix },
	{ .from = "echo", .kind = FK_BOOL, .emit = emit_echo },
	{ .from = "stream", .kind = FK_BOOL, .emit = chat_flag_emit, .arg = &stream_at },
	{ .from = "stream_options", .kind = FK_OBJECT },
	{ .from = "stream_options.include_usage", .kind = FK_BOOL, .emit = chat_flag_emit,
	  .arg = &include_usage_at },
	{ .from = "stream_options.include_obfuscation", .flags = FF_IGNORE },
	{ .from = "n", .kind = FK_INT, .min = 1, .max = FAN_MAX, .emit = completions_emit_n },
	{ .from = "best_of", .kind = FK_INT, .flags = FF_UNUSED, .emit = emit_best_of },

	/* Absent means no limit: OpenAI's 16 would end in the model's thoughts. */
	{ .from = "max_tokens", .to = CHAT_GENERATION "maxOutputTokens", .kind = FK_INT,
	  .flags = FF_NO_LOW, .min = 1, .max = INT32_MAX },
	CHAT_TEMPERATURE_ROWS,
	CHAT_SAMPLING_ROWS,
	{ .from = "logprobs", .kind = FK_INT, .max = 5, .emit = emit_logprobs },

	/* As in chat requests. */
	{ .from = "reasoning_effort", .kind = FK_STR, .emit = chat_effort_emit },
	{ .from = "extra_body", .kind = FK_OBJECT, .emit = chat_extra_emit },
	{ .from = "google", .kind = FK_OBJECT, .emit = chat_google_emit },
	{ .from = "service_tier", .to = "serviceTier", .kind = FK_STR, .conv = chat_tier_conv },

	/* May have a bearing on the answer. */
	{ .from = "logit_bias", .kind = FK_ANY, .flags = FF_UNUSED, .emit = chat_drop_emit },

	/* Nothing in Gemini corresponds to this. */
	{ .from = "user", .flags = FF_IGNORE },
	{ 0 }
};

const struct field_table completions_tables[] = { { "", completion_fields }, { 0 } };
/* clang-format on */

void
completions_request_init(struct completions_request *c)
{
	*c = (struct completions_request){
		.n = 1,
		.prompts = json_object_new_array(),
	};
}

void
completions_request_release(struct completions_request *c)
{
	json_object_put(TAKE(c->prompts));
	json_object_put(TAKE(c->common));
}

static int
count_calls(struct completions_request *c, struct changes *changes, struct apierror *err)
{
	size_t prompts = json_object_array_length(c->prompts);

	if (prompts * c->n > FAN_MAX) {
		c->n = (unsigned)(FAN_MAX / prompts);
		if (changes_note(changes, CHANGE_CLAMPED, "n", err) != 0)
			return -1;
	}
	c->calls = prompts * c->n;
	return 0;
}

int
completions_request_read(struct completions_request *c, struct slice text,
    const struct translate_env *env, struct apierror *err)
{
	json_object *source = request_text_read(env->reader, text, err), *seed;
	struct chat_request chat;
	/* There is no place for thoughts. */
	struct chat_read read = {
		.request = &chat, .env = env, .own = c, .thinking.show = SHOW_NO
	};
	int rc = -1;

	chat_request_init(&chat);
	if (source == NULL || chat_request_convert(&read, source, completion_fields, err) != 0 ||
	    count_calls(c, env->changes, err) != 0)
		goto out;
	c->model = chat.model;
	c->stream = chat.stream;
	c->include_usage = chat.include_usage;
	c->common = json_read(buf_slice(&chat.body));
	seed = json_get(json_get(c->common, "generationConfig"), "seed");
	c->seeded = seed != NULL;
	c->seed = json_int(seed, 0);
	rc = 0;
out:
	chat_request_release(&chat);
	json_object_put(source);
	return rc;
}

void
completions_request_write(const struct completions_request *c, size_t call, struct buf *out)
{
	struct jwriter w = jwriter_on(out);
	int64_t choice = (int64_t)(call % c->n);

	/* The same seed for all choices of a prompt would make them equal. */
	if (c->seeded && c->n > 1)
		fieldmap_put(c->common, CHAT_GENERATION "seed",
		    json_object_new_int64(choice == 0 ? c->seed : (c->seed + choice) & INT32_MAX));
	jw_object(&w, NULL);
	jw_array(&w, "contents");
	jw_object(&w, NULL);
	jw_str(&w, "role", "user");
	jw_array(&w, "parts");
	jw_object(&w, NULL);
	json_write_to(&w, "text", json_object_array_get_idx(c->prompts, call / c->n));
	jw_object_end(&w);
	jw_array_end(&w);
	jw_object_end(&w);
	jw_array_end(&w);
	json_object_object_foreach(c->common, key, value)
	{
		json_write_to(&w, key, value);
	}
	jw_object_end(&w);
}
