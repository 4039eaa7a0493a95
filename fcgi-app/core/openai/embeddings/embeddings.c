/* Embeddings: one table for the request, a collector for the answers of its batches. */
#include "config.h"

#include "core/openai/embeddings/embeddings.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "core/api/fieldmap.h"
#include "core/openai/common/request_text.h"

#define EMBED_REPLY_MAX (128 * MIB) /* the vectors of one request, as text */

struct embed_read {
	struct embed_request *request;
	const struct translate_env *env;
	json_object *dimensions, *title; /* borrowed from the source, or NULL */
	const char *task;                /* Google's word, or NULL */
};

/* The one model of which tasks are a parameter; later ones want them in the text. */
static bool
takes_tasks(const struct embed_read *read)
{
	return slice_eq(slice_str(read->request->model.name), SLICE("gemini-embedding-001"));
}

/* ---- request ---- */

static int
embed_emit_model(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct embed_read *read = run->ctx;
	struct model_view unused;

	(void)row;
	return translate_env_model(
	    read->env, json_str(value), &read->request->model, &unused, run->err);
}

static int
emit_dimensions(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct embed_read *read = run->ctx;

	(void)row;
	read->dimensions = value;
	read->request->shortened = true;
	return 0;
}

static int
embed_emit_format(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct embed_read *read = run->ctx;

	if (slice_eqi(json_str(value), SLICE("base64")))
		read->request->base64 = true;
	else if (!slice_eqi(json_str(value), SLICE("float")))
		return fieldmap_bad_word(
		    run->err, row->from, json_str(value), "'float' and 'base64'");
	return 0;
}

static int
emit_task(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	static const char *const tasks[] = { "RETRIEVAL_QUERY", "RETRIEVAL_DOCUMENT",
		"SEMANTIC_SIMILARITY", "CLASSIFICATION", "CLUSTERING", "QUESTION_ANSWERING",
		"FACT_VERIFICATION", "CODE_RETRIEVAL_QUERY" };
	struct embed_read *read = run->ctx;
	char param[APIERROR_PARAM_MAX];
	size_t i = 0;

	fieldmap_param(run, row, param);
	while (i < ARRAY_SIZE(tasks) && !slice_eqi(json_str(value), slice_str(tasks[i])))
		i++;
	if (i == ARRAY_SIZE(tasks))
		return fieldmap_drop_word(run, param, "", json_str(value),
		    "'RETRIEVAL_QUERY', 'RETRIEVAL_DOCUMENT', 'SEMANTIC_SIMILARITY', "
		    "'CLASSIFICATION', 'CLUSTERING', 'QUESTION_ANSWERING', 'FACT_VERIFICATION', "
		    "and 'CODE_RETRIEVAL_QUERY'");
	if (!takes_tasks(read))
		return changes_note(run->changes, CHANGE_IGNORED, param, run->err);
	read->task = tasks[i];
	return 0;
}

static int
emit_title(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct embed_read *read = run->ctx;
	char param[APIERROR_PARAM_MAX];

	/* Google takes a title with this task only. */
	if (read->task != NULL && strcmp(read->task, "RETRIEVAL_DOCUMENT") == 0) {
		read->title = value;
		return 0;
	}
	fieldmap_param(run, row, param);
	return changes_note(run->changes, CHANGE_IGNORED, param, run->err);
}

/* Google's extension, in either spelling. */
static const struct fieldmap google_fields[] = {
	{ .from = "task_type", .kind = FK_STR, .flags = FF_SOMETIMES, .emit = emit_task },
	{ .from = "taskType", .kind = FK_STR, .flags = FF_SOMETIMES, .emit = emit_task },
	{ .from = "title", .kind = FK_STR, .flags = FF_SOMETIMES, .emit = emit_title },
	{ 0 },
};

static int
emit_google(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct fieldmap_run inner = fieldmap_inside(run, value, row->from);

	return fieldmap_apply(google_fields, &inner);
}

/* at: the text's field. */
static int
embed_add_input(struct fieldmap_run *run, json_object *text, const char *at)
{
	struct embed_read *read = run->ctx;
	json_object *request, *part, *parts;
	char model[MODEL_NAME_MAX + 8];

	if (json_object_is_type(text, json_type_int) || json_object_is_type(text, json_type_array))
		return apierror_set(run->err, APIERROR_UNSUPPORTED, "input",
		    "Invalid 'input': arrays of tokens are not supported, send text.");
	if (!json_object_is_type(text, json_type_string))
		return fieldmap_bad_type(run->err, at, "a string or an array of strings", text);
	if (json_str(text).len == 0)
		return apierror_set(run->err, APIERROR_BAD_VALUE, at,
		    "Invalid '%s': input cannot be an empty string.", at);
	snprintf(model, sizeof(model), "models/%s", read->request->model.name);
	part = json_object_new_object();
	json_put(part, "text", json_object_get(text));
	parts = json_object_new_array();
	json_append(parts, part);
	request = json_object_new_object();
	json_put_str(request, "model", slice_str(model));
	fieldmap_put(request, "content/parts", parts);
	if (read->task != NULL)
		json_put_str(request, "taskType", slice_str(read->task));
	json_share(request, "title", read->title);
	if (read->dimensions != NULL)
		json_put(request, "outputDimensionality",
		    json_object_new_int64(json_int(read->dimensions, 0)));
	json_append(read->request->requests, request);
	read->request->count++;
	return 0;
}

static int
embed_emit_input(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	char at[APIERROR_PARAM_MAX];
	size_t count;

	if (!json_object_is_type(value, json_type_array))
		return embed_add_input(run, value, row->from);
	count = json_object_array_length(value);
	if (count == 0 || count > EMBED_INPUTS_MAX)
		return apierror_set(run->err, APIERROR_BAD_VALUE, row->from,
		    "Invalid 'input': expected an array with 1 to %d elements, but got %zu.",
		    EMBED_INPUTS_MAX, count);
	for (size_t i = 0; i < count; i++) {
		field_name(at, "%s[%zu]", row->from, i);
		if (embed_add_input(run, json_object_array_get_idx(value, i), at) != 0)
			return -1;
	}
	return 0;
}

/* clang-format off */
static const struct fieldmap embed_fields[] = {
	/* The inputs come after what each request repeats. */
	{ .from = "model", .kind = FK_STR, .flags = FF_REQUIRED, .emit = embed_emit_model },
	{ .from = "dimensions", .kind = FK_INT, .flags = FF_EXACT, .min = 1, .max = INT32_MAX,
	  .emit = emit_dimensions },
	{ .from = "encoding_format", .kind = FK_STR, .emit = embed_emit_format },
	{ .from = "task_type", .kind = FK_STR, .flags = FF_SOMETIMES, .emit = emit_task },
	{ .from = "extra_body.google", .kind = FK_OBJECT, .emit = emit_google },
	{ .from = "google", .kind = FK_OBJECT, .emit = emit_google },
	{ .from = "input", .kind = FK_ANY, .flags = FF_REQUIRED, .emit = embed_emit_input },
	/* Nothing in Gemini corresponds to this. */
	{ .from = "user", .flags = FF_IGNORE },
	{ 0 }
};

const struct field_table embed_tables[] = {
	{ "", embed_fields },
	{ "google.", google_fields },
	{ 0 },
};
/* clang-format on */

void
embed_request_init(struct embed_request *e)
{
	*e = (struct embed_request){ .requests = json_object_new_array() };
}

void
embed_request_release(struct embed_request *e)
{
	json_object_put(TAKE(e->requests));
}

int
embed_request_read(struct embed_request *e, struct slice text, const struct translate_env *env,
    struct apierror *err)
{
	json_object *source = request_text_read(env->reader, text, err);
	struct embed_read read = { .request = e, .env = env };
	struct fieldmap_run run = {
		.source = source, .ctx = &read, .changes = env->changes, .err = err
	};
	int rc;

	if (source == NULL)
		return -1;
	rc = fieldmap_apply(embed_fields, &run);
	json_object_put(source);
	return rc;
}

void
embed_request_write(const struct embed_request *e, size_t first, struct buf *out)
{
	struct jwriter w = jwriter_on(out);

	jw_object(&w, NULL);
	jw_array(&w, "requests");
	for (size_t i = first; i < e->count && i < first + EMBED_BATCH_MAX; i++)
		json_write_to(&w, NULL, json_object_array_get_idx(e->requests, i));
	jw_array_end(&w);
	jw_object_end(&w);
}

/* ---- reply ---- */

void
embed_reply_init(struct embed_reply *r, struct answer_scratch *scratch)
{
	*r = (struct embed_reply){ .scratch = scratch };
	buf_init(&r->data, EMBED_REPLY_MAX);
}

void
embed_reply_release(struct embed_reply *r)
{
	buf_release(&r->data);
}

/* False unless all values are finite numbers. */
static bool
read_vector(json_object *values, float *ret, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		json_object *value = json_object_array_get_idx(values, i);

		if (!json_object_is_type(value, json_type_double) &&
		    !json_object_is_type(value, json_type_int))
			return false;
		ret[i] = (float)json_object_get_double(value);
		if (!isfinite(ret[i]))
			return false;
	}
	return true;
}

/* False when it has unit length already, or none. */
static bool
make_unit(float *vector, size_t count)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += (double)vector[i] * (double)vector[i];
	if (sum <= 0 || fabs(sum - 1) < 1e-4)
		return false;
	for (size_t i = 0; i < count; i++)
		vector[i] = (float)((double)vector[i] / sqrt(sum));
	return true;
}

static void
write_base64(struct jwriter *w, const float *vector, size_t count)
{
	unsigned char *bytes = xmalloc(count * 4);

	for (size_t i = 0; i < count; i++) {
		uint32_t bits;

		memcpy(&bits, &vector[i], sizeof(bits));
		for (int b = 0; b < 4; b++)
			bytes[i * 4 + (size_t)b] = (unsigned char)(bits >> (8 * b));
	}
	jw_str_open(w, "embedding");
	base64_add(w->out, bytes, count * 4);
	jw_str_close(w);
	free(bytes);
}

static void
write_floats(struct jwriter *w, const float *vector, size_t count)
{
	char text[24];

	jw_array(w, "embedding");
	for (size_t i = 0; i < count; i++) {
		int len = snprintf(text, sizeof(text), "%.9g", (double)vector[i]);

		jw_raw(w, NULL, (struct slice){ text, (size_t)len });
	}
	jw_array_end(w);
}

static int
add_vector(
    struct embed_reply *r, const struct embed_request *e, json_object *values, struct apierror *err)
{
	size_t count = values != NULL ? json_object_array_length(values) : 0;
	float *vector = xcalloc(count, sizeof(*vector));
	struct jwriter w = jwriter_on(&r->data);
	bool good = count > 0 && read_vector(values, vector, count);

	if (good) {
		bool changed = e->shortened && make_unit(vector, count);

		w.comma = r->count > 0;
		jw_object(&w, NULL);
		jw_str(&w, "object", "embedding");
		jw_int(&w, "index", (int64_t)r->count++);
		if (e->base64)
			write_base64(&w, vector, count);
		else if (changed)
			write_floats(&w, vector, count);
		else
			json_write_to(&w, "embedding", values);
		jw_object_end(&w);
	}
	free(vector);
	return good ? 0
	            : apierror_set(err, APIERROR_BAD_ANSWER, NULL,
			  "An embedding of the Gemini API could not be read.");
}

/* Of the inputs from first to the last one answered. Where Google does not count, a token is taken
 * to be four bytes, as it is about in English. */
static int64_t
embed_estimate(const struct embed_reply *r, const struct embed_request *e, size_t first)
{
	int64_t tokens = 0;

	for (size_t i = first; i < r->count && i < e->count; i++) {
		json_object *request = json_object_array_get_idx(e->requests, i);
		json_object *parts = json_get_array(json_get(request, "content"), "parts");
		struct slice text = json_get_str(json_object_array_get_idx(parts, 0), "text");

		tokens += (int64_t)((text.len + 3) / 4);
	}
	return tokens;
}

int
embed_reply_add(struct embed_reply *r, const struct embed_request *e, struct slice upstream,
    struct apierror *err)
{
	json_object *reply = answer_read(r->scratch, upstream, err);
	json_object *list = json_get_array(reply, "embeddings");
	struct usage usage = { 0 };
	size_t first = r->count;
	int rc = -1;

	if (reply == NULL)
		goto out;
	if (list == NULL) {
		apierror_set(err, APIERROR_BAD_ANSWER, NULL,
		    "The answer of the Gemini API holds no embeddings.");
		goto out;
	}
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		json_object *item = json_object_array_get_idx(list, i);

		if (add_vector(r, e, json_get_array(item, "values"), err) != 0)
			goto out;
	}
	usage_read(&usage, json_get(reply, "usageMetadata"));
	r->usage.prompt += usage.known ? usage.prompt : embed_estimate(r, e, first);
	r->usage.total = r->usage.prompt;
	r->usage.known = true;
	rc = 0;
out:
	json_object_put(reply);
	return rc;
}

int
embed_reply_write(struct embed_reply *r, const struct embed_request *e, const char *model,
    struct buf *out, struct apierror *err)
{
	struct jwriter w = jwriter_on(out);

	if (r->count != e->count)
		return apierror_set(err, APIERROR_UPSTREAM, NULL,
		    "Expected %zu embeddings from the Gemini API, but got %zu.", e->count,
		    r->count);
	if (r->data.failed)
		return apierror_set(err, APIERROR_UPSTREAM, NULL,
		    "The embeddings together are too large; send fewer inputs.");
	jw_object(&w, NULL);
	jw_str(&w, "object", "list");
	jw_array(&w, "data");
	buf_add_slice(out, buf_slice(&r->data));
	jw_array_end(&w);
	jw_str(&w, "model", model);
	jw_object(&w, "usage");
	jw_int(&w, "prompt_tokens", r->usage.prompt);
	jw_int(&w, "total_tokens", r->usage.total);
	jw_object_end(&w);
	jw_object_end(&w);
	return 0;
}
