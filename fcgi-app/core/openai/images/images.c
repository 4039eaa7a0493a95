/*
 * OpenAI's image request to Gemini's: the tables below are what is mapped, ignored and refused.
 */
#include "config.h"

#include "core/openai/images/images.h"

#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "core/openai/chat/chat_read.h"
#include "core/api/fieldmap.h"
#include "images_priv.h"
#include "core/openai/common/request_text.h"

/* The model of a request that names none, unless the aliases send it elsewhere. */
#define MODEL_UNNAMED "gpt-image-1"

#define CONFIG "generationConfig/imageConfig/"

static int
images_emit_model(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct images_read *read = run->ctx;

	(void)row;
	/* OpenAI's default for these models; the others have no URLs at all. */
	read->request->url = slice_find(json_str(value), SLICE("dall-e")) >= 0;
	return translate_env_model(
	    read->env, json_str(value), &read->request->model, &read->view, run->err);
}

static int
images_emit_prompt(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct images_read *read = run->ctx;

	if (slice_trim(json_str(value)).len == 0)
		return apierror_set(run->err, APIERROR_BAD_VALUE, row->from,
		    "Invalid 'prompt': the prompt cannot be empty.");
	read->prompt = value;
	return 0;
}

static int
images_emit_n(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct images_read *read = run->ctx;

	(void)row;
	read->request->n = (unsigned)json_int(value, 1);
	return 0;
}

static int
images_emit_stream(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct images_read *read = run->ctx;

	(void)row;
	read->request->stream = json_object_get_boolean(value) != 0;
	return 0;
}

static int
emit_size(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct images_read *read = run->ctx;

	(void)row;
	read->size = slice_trim(json_str(value));
	read->sized = read->size.len > 0 && !slice_eqi(read->size, SLICE("auto"));
	return 0;
}

/* Google has no such knob: the word asks for a larger or smaller image when no size does. */
static int
emit_quality(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	/* clang-format off */
	static const struct {
		const char *word, *size, *quality;
	} qualities[] = {
		{ "auto", NULL, NULL }, { "standard", NULL, NULL },
		{ "low", "1K", "low" }, { "medium", "1K", "medium" }, { "high", "2K", "high" },
		{ "hd", "2K", "high" }, { "xhigh", "4K", "high" }, { "max", "4K", "high" },
	};
	/* clang-format on */
	struct images_read *read = run->ctx;

	for (size_t i = 0; i < ARRAY_SIZE(qualities); i++) {
		if (!slice_eqi(json_str(value), slice_str(qualities[i].word)))
			continue;
		read->quality = qualities[i].size != NULL;
		read->quality_size = qualities[i].size;
		read->request->quality = qualities[i].quality;
		return 0;
	}
	return fieldmap_drop_word(run, row->from, "", json_str(value),
	    "'auto', 'standard', 'low', 'medium', 'high', 'hd', 'xhigh', and 'max'");
}

static int
emit_response_format(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct images_read *read = run->ctx;
	bool url = slice_eqi(json_str(value), SLICE("url"));

	if (!url && !slice_eqi(json_str(value), SLICE("b64_json")))
		return fieldmap_drop_word(
		    run, row->from, "", json_str(value), "'url' and 'b64_json'");
	read->request->url = url;
	return 0;
}

/* Words that change nothing in Gemini's request: arg lists them, and those that ask for something
 * else than what happens anyway have a target. */
static int
emit_word(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	json_object *meant = NULL;

	if (fieldconv_word(run, row, value, &meant) != 0)
		return -1;
	if (meant == NULL)
		return 0;
	json_object_put(meant);
	return changes_note(run->changes, CHANGE_IGNORED, row->from, run->err);
}

/* Which format Google will choose is not known before the answer, but it is one of these two. */
static int
emit_output_format(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct images_read *read = run->ctx;

	for (const struct field_word *word = row->arg; word->from != NULL; word++)
		if (slice_eqi(slice_str(word->from), json_str(value)))
			snprintf(
			    read->request->format, sizeof(read->request->format), "%s", word->from);
	return emit_word(run, row, value);
}

static int
emit_compression(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	if (json_int(value, 100) == 100)
		return 0;
	return changes_note(run->changes, CHANGE_IGNORED, row->from, run->err);
}

/* OpenAI itself may send fewer partial images than asked for. */
static int
emit_partial(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	if (json_int(value, 0) > 0)
		changes_mention(run->changes, CHANGE_IGNORED, row->from);
	return 0;
}

/* The images to edit were read before the table. */
static int
images_emit_input(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	const struct images_read *read = run->ctx;

	(void)value;
	if (read->request->edit)
		return 0;
	return changes_note(run->changes, CHANGE_IGNORED, row->from, run->err);
}

/* Google's extensions are read when the size is settled: they outrank it. */
static int
emit_extra(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct images_read *read = run->ctx;

	read->extra[read->extra_count].row = row;
	read->extra[read->extra_count++].value = value;
	return 0;
}

static int
emit_mask(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	(void)value;
	return apierror_set(run->err, APIERROR_UNSUPPORTED, row->from,
	    "Unsupported parameter: 'mask'. Gemini's image models take no mask: say in the prompt "
	    "which part of the image to change.");
}

/* clang-format off */
static const struct field_word backgrounds[] = { { "auto", NULL }, { "opaque", NULL }, { "transparent", "" }, { 0 } };
static const struct field_word moderations[] = { { "auto", NULL }, { "low", "" }, { 0 } };
static const struct field_word styles[] = { { "vivid", "" }, { "natural", "" }, { 0 } };
static const struct field_word fidelities[] = { { "low", "" }, { "high", "" }, { 0 } };
static const struct field_word formats[] = { { "png", NULL }, { "jpeg", NULL }, { "webp", "" }, { "gif", "" }, { "svg", "" }, { 0 } };

static const struct fieldmap image_fields[] = {
	{ .from = "model", .kind = FK_STR, .emit = images_emit_model },
	{ .from = "prompt", .kind = FK_STR, .flags = FF_REQUIRED, .emit = images_emit_prompt },
	{ .from = "n", .kind = FK_INT, .min = 1, .max = IMAGES_MAX, .emit = images_emit_n },
	{ .from = "size", .kind = FK_STR, .emit = emit_size },
	{ .from = "quality", .kind = FK_STR, .emit = emit_quality },
	{ .from = "response_format", .kind = FK_STR, .emit = emit_response_format },
	{ .from = "stream", .kind = FK_BOOL, .emit = images_emit_stream },
	{ .from = "image", .kind = FK_ANY, .emit = images_emit_input },
	{ .from = "images", .kind = FK_ANY, .emit = images_emit_input },
	{ .from = "mask", .kind = FK_ANY, .flags = FF_REFUSES, .emit = emit_mask },
	{ .from = "extra_body.google", .kind = FK_OBJECT, .emit = emit_extra },
	{ .from = "google", .kind = FK_OBJECT, .emit = emit_extra },

	/* Nothing in Gemini corresponds to these. */
	{ .from = "output_format", .kind = FK_STR, .flags = FF_UNUSED, .emit = emit_output_format, .arg = formats },
	{ .from = "output_compression", .kind = FK_INT, .flags = FF_UNUSED, .max = 100, .emit = emit_compression },
	{ .from = "background", .kind = FK_STR, .flags = FF_UNUSED, .emit = emit_word, .arg = backgrounds },
	{ .from = "moderation", .kind = FK_STR, .flags = FF_UNUSED, .emit = emit_word, .arg = moderations },
	{ .from = "style", .kind = FK_STR, .flags = FF_UNUSED, .emit = emit_word, .arg = styles },
	{ .from = "input_fidelity", .kind = FK_STR, .flags = FF_UNUSED, .emit = emit_word, .arg = fidelities },
	{ .from = "partial_images", .kind = FK_INT, .flags = FF_UNUSED, .max = 3, .emit = emit_partial },
	{ .from = "user", .flags = FF_IGNORE },
	{ 0 }
};

/* What Google's own OpenAI endpoint takes beside that, in either spelling. */
static int emit_config(struct fieldmap_run *run, const struct fieldmap *row, json_object *value);
static int images_emit_generation(struct fieldmap_run *run, const struct fieldmap *row, json_object *value);

#define CONFIG_FIELDS \
	{ .from = "aspect_ratio", .to = CONFIG "aspectRatio", .kind = FK_STR, .conv = chat_image_ratio_conv }, \
	{ .from = "aspectRatio", .to = CONFIG "aspectRatio", .kind = FK_STR, .conv = chat_image_ratio_conv }, \
	{ .from = "image_size", .to = CONFIG "imageSize", .kind = FK_STR, .conv = chat_image_size_conv }, \
	{ .from = "imageSize", .to = CONFIG "imageSize", .kind = FK_STR, .conv = chat_image_size_conv }

static const struct fieldmap config_fields[] = { CONFIG_FIELDS, { 0 } };

static const struct fieldmap google_fields[] = {
	{ .from = "generation_config", .kind = FK_OBJECT, .emit = images_emit_generation },
	{ .from = "generationConfig", .kind = FK_OBJECT, .emit = images_emit_generation },
	{ .from = "image_config", .kind = FK_OBJECT, .emit = emit_config },
	{ .from = "imageConfig", .kind = FK_OBJECT, .emit = emit_config },
	CONFIG_FIELDS,
	{ .from = "safety_settings", .to = "safetySettings", .kind = FK_ARRAY, .conv = chat_safety_conv },
	{ .from = "safetySettings", .to = "safetySettings", .kind = FK_ARRAY, .conv = chat_safety_conv },
	{ .from = "tools", .to = "tools", .kind = FK_ARRAY },
	{ 0 }
};

const struct field_table images_tables[] = {
	{ "", image_fields }, { "google.", google_fields }, { "google.image_config.", config_fields }, { 0 }
};
/* clang-format on */

static int
emit_config(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	return fieldmap_apply_inside(run, row, config_fields, value);
}

/* some_name to someName; false when it does not fit. */
static bool
images_camel(const char *name, char *ret, size_t size)
{
	size_t len = 0;
	bool upper = false;

	for (; *name != '\0' && len < size - 1; name++) {
		bool letter = *name >= 'a' && *name <= 'z';

		if (*name == '_' && len > 0) {
			upper = true;
			continue;
		}
		ret[len++] = (char)(upper && letter ? *name - 'a' + 'A' : *name);
		upper = false;
	}
	ret[len] = '\0';
	return *name == '\0';
}

/* Google's own GenerationConfig, which is Google's to check; both spellings become one, because
 * the same field twice is refused. */
static int
images_emit_generation(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	json_object *config = json_get(run->target, "generationConfig");
	char name[64];

	json_object_object_foreach(value, key, member)
	{
		if (member == NULL || !images_camel(key, name, sizeof(name)))
			continue;
		if (strcmp(name, "imageConfig") != 0) {
			json_put(config, name, json_object_get(member));
		} else if (json_object_is_type(member, json_type_object)) {
			char from[APIERROR_PARAM_MAX];
			struct fieldmap inner = { .from = from };

			field_name(from, "%s.%s", row->from, key);
			if (fieldmap_apply_inside(run, &inner, config_fields, member) != 0)
				return -1;
		}
	}
	return 0;
}

/* ---- after the table ---- */

static bool
makes_images(const struct images_read *read)
{
	return (read->view.family.can & FAMILY_IMAGE_OUT) != 0;
}

static int
choose_model(struct images_read *read, struct apierror *err)
{
	struct model_choice *model = &read->request->model;

	if (model->name[0] == '\0') {
		if (translate_env_model(read->env, SLICE(MODEL_UNNAMED), model, &read->view, err) !=
		    0)
			return -1;
		if (!makes_images(read) &&
		    translate_env_model(
			read->env, slice_str(images_model_default), model, &read->view, err) != 0)
			return -1;
	}
	if (makes_images(read))
		return 0;
	return apierror_set(err, APIERROR_BAD_VALUE, "model",
	    "The model '%s' makes no images. Name one that does, for example %s.", model->name,
	    images_model_default);
}

static int
choose_shape(struct fieldmap_run *run)
{
	struct images_read *read = run->ctx;
	const struct family *model = &read->view.family;
	struct images_shape shape = { .exact = true };
	bool heeded;

	if (read->sized && !images_shape_read(model, read->size, &shape)) {
		if (fieldmap_drop_word(run, "size", "", read->size,
			"'auto', sizes such as '1024x1024', '2K' and '16:9'") != 0)
			return -1;
		read->sized = false;
	}
	if (!shape.exact && changes_note(run->changes, CHANGE_CLAMPED, "size", run->err) != 0)
		return -1;
	if (!read->sized && read->quality)
		shape.size = images_size_for(model, read->quality_size);
	heeded = !read->sized && shape.size != NULL;
	if (!heeded)
		read->request->quality = NULL;
	if (read->quality && changes_note(run->changes, heeded ? CHANGE_REWRITTEN : CHANGE_IGNORED,
				 "quality", run->err) != 0)
		return -1;
	if (shape.ratio != NULL)
		fieldmap_put(
		    run->target, CONFIG "aspectRatio", json_new_str(slice_str(shape.ratio)));
	if (shape.size != NULL)
		fieldmap_put(run->target, CONFIG "imageSize", json_new_str(slice_str(shape.size)));
	return 0;
}

static void
ask_for_images(const struct images_read *read, json_object *target)
{
	json_object *modalities = json_object_new_array();

	json_append(modalities, json_new_str(SLICE("TEXT")));
	json_append(modalities, json_new_str(SLICE("IMAGE")));
	fieldmap_put(target, "generationConfig/responseModalities", modalities);
	if ((read->request->model.builtins & BUILTIN_SEARCH) != 0)
		json_put(target, "tools", json_read(SLICE("[{\"googleSearch\":{}}]")));
}

static void
write_input(struct jwriter *w, const struct images_input *input)
{
	if (input->part != NULL) {
		json_write_to(w, NULL, input->part);
		return;
	}
	jw_object(w, NULL);
	jw_object(w, "inlineData");
	jw_str(w, "mimeType", input->mime);
	jw_str_open(w, "data");
	base64_add(w->out, input->bytes.ptr, input->bytes.len);
	jw_str_close(w);
	jw_object_end(w);
	jw_object_end(w);
}

/* The images first: Google's advice for a picture and what to do with it. */
static void
images_write_body(const struct images_read *read, json_object *target)
{
	struct jwriter w = jwriter_on(&read->request->body);

	jw_object(&w, NULL);
	jw_array(&w, "contents");
	jw_object(&w, NULL);
	jw_str(&w, "role", "user");
	jw_array(&w, "parts");
	for (size_t i = 0; i < read->count; i++)
		write_input(&w, &read->inputs[i]);
	jw_object(&w, NULL);
	json_write_to(&w, "text", read->prompt);
	jw_object_end(&w);
	jw_array_end(&w);
	jw_object_end(&w);
	jw_array_end(&w);
	json_object_object_foreach(target, key, value)
	{
		json_write_to(&w, key, value);
	}
	jw_object_end(&w);
}

int
images_read_fields(struct images_read *read, json_object *source, struct apierror *err)
{
	json_object *target = json_object_new_object();
	struct fieldmap_run run = {
		.source = source,
		.target = target,
		.ctx = read,
		.changes = read->env->changes,
		.err = err,
	};
	int rc = -1;

	read->request->n = 1;
	if (fieldmap_apply(image_fields, &run) != 0 || choose_model(read, err) != 0)
		goto out;
	ask_for_images(read, target);
	if (choose_shape(&run) != 0)
		goto out;
	for (size_t i = 0; i < read->extra_count; i++)
		if (fieldmap_apply_inside(
			&run, read->extra[i].row, google_fields, read->extra[i].value) != 0)
			goto out;
	images_write_body(read, target);
	if (read->request->body.failed) {
		apierror_set(err, APIERROR_TOO_LARGE, NULL, NULL);
		goto out;
	}
	rc = 0;
out:
	json_object_put(target);
	return rc;
}

/* ---- the request ---- */

void
images_request_init(struct images_request *r)
{
	*r = (struct images_request){ 0 };
	buf_init(&r->body, TRANSLATED_MAX);
}

void
images_request_release(struct images_request *r)
{
	buf_release(&r->body);
}

int
images_request_read(struct images_request *r, struct slice text, const struct translate_env *env,
    struct apierror *err)
{
	json_object *source = request_text_read(env->reader, text, err);
	struct images_read read = { .request = r, .env = env };
	int rc;

	if (source == NULL)
		return -1;
	rc = images_read_fields(&read, source, err);
	json_object_put(source);
	return rc;
}
