/* Images to edit: in JSON as data: URLs, remote URLs or files at Google's, or uploads in a form. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/openai/chat/chat_read.h"
#include "images_priv.h"
#include "core/openai/common/request_text.h"

static struct images_input *
new_input(struct images_read *read)
{
	read->inputs = xrealloc(read->inputs, (read->count + 1) * sizeof(*read->inputs));
	read->inputs[read->count] = (struct images_input){ 0 };
	return &read->inputs[read->count++];
}

static int
check_count(size_t count, const char *at, struct apierror *err)
{
	if (count > 0 && count <= IMAGES_INPUT_MAX)
		return 0;
	return apierror_set(err, APIERROR_BAD_VALUE, at,
	    "Invalid '%s': expected an array with 1 to %d elements, but got %zu.", at,
	    IMAGES_INPUT_MAX, count);
}

static int
not_an_image(const char *at, const char *mime, struct apierror *err)
{
	return apierror_set(err, APIERROR_BAD_VALUE, at,
	    "Invalid value for '%s': '%s' is not an image that the Gemini API reads; send PNG, "
	    "JPEG, "
	    "WebP, HEIC, HEIF, GIF or AVIF.",
	    at, mime);
}

static void
free_inputs(struct images_read *read)
{
	for (size_t i = 0; i < read->count; i++)
		json_object_put(read->inputs[i].part);
	free(TAKE(read->inputs));
}

/* ---- JSON ---- */

/* What was asked for from outside and is not here yet has no type. */
static int
edit_add_part(struct images_read *read, json_object *part, const char *at, struct apierror *err)
{
	struct slice mime = json_get_str(json_get(part, "inlineData"), "mimeType");

	if (json_get(part, "text") == NULL &&
	    (mime.len == 0 || (slice_starts(mime, SLICE("image/")) && mime_is_media(mime)))) {
		new_input(read)->part = part;
		return 0;
	}
	not_an_image(at, json_get(part, "text") == NULL ? mime.ptr : "text", err);
	json_object_put(part);
	return -1;
}

static int
add_url(struct images_read *read, json_object *value, const char *at, struct apierror *err)
{
	struct chat_read chat = { .env = read->env, .media_only = true };
	struct chat_media media = { .text = value, .bare = true };
	json_object *part;

	if (chat_media_read(&chat, &media, at, &part, err) != 0)
		return -1;
	return edit_add_part(read, part, at, err);
}

static int
add_file(struct images_read *read, json_object *id, const char *at, struct apierror *err)
{
	json_object *part;

	if (chat_file_read(id, at, &part, err) != 0)
		return -1;
	return edit_add_part(read, part, at, err);
}

/* {"image_url": "..."}, {"image_url": {"url": "..."}}, {"file_id": "files/..."} or the URL alone.
 */
static int
add_image(struct images_read *read, json_object *value, const char *at, struct apierror *err)
{
	json_object *url = json_get(value, "image_url"), *file = json_get(value, "file_id");
	char param[APIERROR_PARAM_MAX];

	if (json_object_is_type(value, json_type_string))
		return add_url(read, value, at, err);
	if (!json_is_object(value))
		return fieldmap_bad_type(err, at, "an object", value);
	if (file != NULL) {
		field_name(param, "%s.file_id", at);
		return add_file(read, file, param, err);
	}
	field_name(param, "%s.image_url", at);
	if (json_object_is_type(url, json_type_object)) {
		field_name(param, "%s.image_url.url", at);
		url = json_get(url, "url");
	}
	if (url == NULL)
		return fieldmap_missing(err, param);
	return add_url(read, url, param, err);
}

static int
edit_add_list(struct images_read *read, json_object *list, const char *at, struct apierror *err)
{
	size_t count = json_object_array_length(list);
	char param[APIERROR_PARAM_MAX];

	if (check_count(count, at, err) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		field_name(param, "%s[%zu]", at, i);
		if (add_image(read, json_object_array_get_idx(list, i), param, err) != 0)
			return -1;
	}
	return 0;
}

/* `images` is OpenAI's; `image`, one or several, is what the form has and some clients send. */
static int
add_images(struct images_read *read, json_object *source, struct apierror *err)
{
	json_object *images = json_get(source, "images"), *image = json_get(source, "image");

	if (images == NULL && image == NULL)
		return fieldmap_missing(err, "images");
	if (images != NULL && !json_object_is_type(images, json_type_array))
		return fieldmap_bad_type(err, "images", "an array", images);
	if (images != NULL)
		return edit_add_list(read, images, "images", err);
	if (json_object_is_type(image, json_type_array))
		return edit_add_list(read, image, "image", err);
	return add_image(read, image, "image", err);
}

int
images_edit_read(struct images_request *r, struct slice text, const struct translate_env *env,
    struct apierror *err)
{
	json_object *source = request_text_read(env->reader, text, err);
	struct images_read read = { .request = r, .env = env };
	int rc = -1;

	r->edit = true;
	if (source == NULL)
		return -1;
	if (add_images(&read, source, err) == 0)
		rc = images_read_fields(&read, source, err);
	free_inputs(&read);
	json_object_put(source);
	return rc;
}

/* ---- form ---- */

/* The type that the first bytes tell, or the name, or the sender's word for it. */
static int
upload_type(const struct multipart_part *part, char ret[MIME_MAX], struct apierror *err)
{
	struct slice head = part->body;
	struct buf filename;
	const char *guess;

	if (head.len == 0)
		return apierror_set(err, APIERROR_BAD_VALUE, "image",
		    "Invalid value for 'image': there is no data in it.");
	buf_init(&filename, part->filename.len + 1);
	multipart_filename(part, &filename);
	head.len = head.len < MIME_HEAD ? head.len : MIME_HEAD;
	guess = mime_from_bytes(head);
	if (guess == NULL)
		guess = mime_from_name(buf_slice(&filename));
	if (guess != NULL)
		snprintf(ret, MIME_MAX, "%s", guess);
	else if (!mime_clean(part->type, ret))
		ret[0] = '\0';
	buf_release(&filename);
	if (slice_starts(slice_str(ret), SLICE("image/")) && mime_is_media(slice_str(ret)))
		return 0;
	return not_an_image("image", ret[0] != '\0' ? ret : "unknown bytes", err);
}

static int
add_upload(struct images_read *read, const struct multipart_part *part, struct apierror *err)
{
	struct images_input input = { .bytes = part->body };
	json_object *text;
	int rc;

	if (!part->file && slice_startsi(part->body, SLICE("data:"))) {
		text = json_new_str(part->body);
		rc = add_url(read, text, "image", err);
		json_object_put(text);
		return rc;
	}
	if (upload_type(part, input.mime, err) != 0)
		return -1;
	*new_input(read) = input;
	return 0;
}

/* `image`, `image[]`, and `image[0]` and so on. */
static bool
is_image_field(struct slice name)
{
	return slice_eq(name, SLICE("image")) || slice_starts(name, SLICE("image[")) ||
	       slice_starts(name, SLICE("images["));
}

static int
add_uploads(struct images_read *read, const struct multipart *form, struct apierror *err)
{
	size_t count = 0;

	for (size_t i = 0; i < form->count; i++)
		count += is_image_field(form->parts[i].name);
	if (count == 0)
		return fieldmap_missing(err, "image");
	if (check_count(count, "image", err) != 0)
		return -1;
	for (size_t i = 0; i < form->count; i++)
		if (is_image_field(form->parts[i].name) &&
		    add_upload(read, &form->parts[i], err) != 0)
			return -1;
	return 0;
}

/* Google's extension as the clients' libraries write an object in a form. */
static void
add_google(const struct multipart *form, json_object *source)
{
	static const char *const names[][2] = {
		{ "google[aspect_ratio]", "google/aspect_ratio" },
		{ "google[image_size]", "google/image_size" },
		{ "extra_body[google][aspect_ratio]", "google/aspect_ratio" },
		{ "extra_body[google][image_size]", "google/image_size" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct multipart_part *part = multipart_find(form, names[i][0], NULL);

		if (part != NULL)
			fieldmap_put(source, names[i][1], json_new_str(part->body));
	}
}

int
images_form_read(struct images_request *r, const struct multipart *form,
    const struct translate_env *env, struct apierror *err)
{
	/* clang-format off */
	static const struct multipart_field fields[] = {
		{ "model", FORM_STR }, { "prompt", FORM_STR }, { "n", FORM_NUM },
		{ "size", FORM_STR }, { "quality", FORM_STR }, { "response_format", FORM_STR },
		{ "stream", FORM_BOOL }, { "mask", FORM_SEEN }, { "output_format", FORM_STR },
		{ "output_compression", FORM_NUM }, { "background", FORM_STR },
		{ "moderation", FORM_STR }, { "style", FORM_STR },
		{ "input_fidelity", FORM_STR }, { "partial_images", FORM_NUM },
		{ "user", FORM_STR },
		{ 0 }
	};
	/* clang-format on */
	struct images_read read = { .request = r, .env = env };
	json_object *source = NULL;
	int rc = -1;

	r->edit = true;
	if (multipart_json(form, fields, &source, err) == 0 && add_uploads(&read, form, err) == 0) {
		add_google(form, source);
		rc = images_read_fields(&read, source, err);
	}
	free_inputs(&read);
	json_object_put(source);
	return rc;
}
