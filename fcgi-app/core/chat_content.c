/* The content of a message, a string or an array of typed parts, to Gemini parts. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/xalloc.h"
#include "chat_priv.h"

/* One part of an array being read. */
struct content_part {
	const struct chat_read *c;
	json_object *part;  /* the caller's */
	const char *at;     /* its name in errors */
	json_object *parts; /* where Gemini's go */
	struct apierror *err;
};

/* clang-format off */
static const struct field_word audio_formats[] = {
	{ "wav", "audio/wav" }, { "mp3", "audio/mp3" }, { "aiff", "audio/aiff" },
	{ "aac", "audio/aac" }, { "ogg", "audio/ogg" }, { "flac", "audio/flac" },
	{ "m4a", "audio/m4a" }, { "webm", "audio/webm" }, { "opus", "audio/opus" },
	{ 0 }
};

/* image_url.detail to mediaResolution.level. */
static const struct field_word details[] = {
	{ "low", "MEDIA_RESOLUTION_LOW" }, { "high", "MEDIA_RESOLUTION_HIGH" },
	{ "original", "MEDIA_RESOLUTION_ULTRA_HIGH" },
	{ 0 }
};
/* clang-format on */

json_object *
chat_text_part(json_object *text)
{
	json_object *part = json_object_new_object();

	json_put(part, "text", text);
	return part;
}

static const char *
word_for(const struct field_word *words, struct slice from)
{
	for (; words->from != NULL; words++)
		if (slice_eqi(slice_str(words->from), from))
			return words->to;
	return NULL;
}

/* The member `key` of the part, as a string. */
static int
read_string(const struct content_part *p, const char *key)
{
	json_object *text = json_get(p->part, key);
	char param[APIERROR_PARAM_MAX];

	field_name(param, "%s.%s", p->at, key);
	if (text == NULL)
		return fieldmap_missing(p->err, param);
	if (!json_object_is_type(text, json_type_string))
		return fieldmap_bad_type(p->err, param, "a string", text);
	if (json_str(text).len > 0)
		json_append(p->parts, chat_text_part(json_object_get(text)));
	return 0;
}

static int
read_text(const struct content_part *p)
{
	return read_string(p, "text");
}

static int
read_refusal(const struct content_part *p)
{
	return read_string(p, "refusal");
}

/* The object that a media part keeps under its type's name. */
static int
open_part(const struct content_part *p, const char *key, json_object **ret_body)
{
	char param[APIERROR_PARAM_MAX];
	json_object *body = json_get(p->part, key);

	field_name(param, "%s.%s", p->at, key);
	if (body == NULL)
		return fieldmap_missing(p->err, param);
	if (!json_object_is_type(body, json_type_object))
		return fieldmap_bad_type(p->err, param, "an object", body);
	*ret_body = body;
	return 0;
}

static int
add_media(const struct content_part *p, const struct chat_media *media, const char *field,
    const char *resolution)
{
	char param[APIERROR_PARAM_MAX];
	json_object *blob = NULL, *part;

	field_name(param, "%s.%s", p->at, field);
	if (media->text == NULL)
		return fieldmap_missing(p->err, param);
	if (chat_media_read(media, param, &blob, p->err) != 0)
		return -1;
	part = json_object_new_object();
	json_put(part, "inlineData", blob);
	if (resolution != NULL && (p->c->family->can & FAMILY_MEDIA) != 0)
		fieldmap_put(part, "mediaResolution/level", json_object_new_string(resolution));
	json_append(p->parts, part);
	return 0;
}

/* Some clients write the URL where the object belongs. */
static int
read_url(const struct content_part *p, const char *key, const char *field)
{
	struct chat_media media = { .text = json_get(p->part, key) };
	json_object *body;

	if (json_object_is_type(media.text, json_type_string))
		return add_media(p, &media, key, NULL);
	if (open_part(p, key, &body) != 0)
		return -1;
	media.text = json_get(body, "url");
	return add_media(p, &media, field, word_for(details, json_get_str(body, "detail")));
}

static int
read_image(const struct content_part *p)
{
	return read_url(p, "image_url", "image_url.url");
}

static int
read_video(const struct content_part *p)
{
	return read_url(p, "video_url", "video_url.url");
}

static int
read_audio(const struct content_part *p)
{
	struct chat_media media = { .bare = true };
	json_object *body;

	if (open_part(p, "input_audio", &body) != 0)
		return -1;
	media.text = json_get(body, "data");
	media.mime = word_for(audio_formats, json_get_str(body, "format"));
	return add_media(p, &media, "input_audio.data", NULL);
}

static int
read_file(const struct content_part *p)
{
	char param[APIERROR_PARAM_MAX];
	struct chat_media media = { .bare = true };
	json_object *body;

	if (open_part(p, "file", &body) != 0)
		return -1;
	media.text = json_get(body, "file_data");
	media.filename = json_get_str(body, "filename");
	if (media.text == NULL && json_get(body, "file_id") != NULL) {
		field_name(param, "%s.file.file_id", p->at);
		return apierror_set(p->err, APIERROR_UNSUPPORTED, param,
		    "Stored files are not supported by this version: send '%s.file.file_data'.",
		    p->at);
	}
	return add_media(p, &media, "file.file_data", NULL);
}

/* clang-format off */
static const struct part_type {
	const char *type;
	unsigned roles; /* which messages may hold it */
	int (*read)(const struct content_part *p);
} part_types[] = {
	{ "text",        CHAT_SYSTEM | CHAT_USER | CHAT_ASSISTANT | CHAT_TOOL, read_text },
	{ "image_url",   CHAT_USER | CHAT_ASSISTANT | CHAT_TOOL,               read_image },
	{ "input_audio", CHAT_USER,                                            read_audio },
	{ "file",        CHAT_USER | CHAT_TOOL,                                read_file },
	{ "video_url",   CHAT_USER,                                            read_video },
	{ "refusal",     CHAT_ASSISTANT,                                       read_refusal },
};
/* clang-format on */

static int
bad_part_type(const char *at, json_object *type, enum chat_role role, struct apierror *err)
{
	char param[APIERROR_PARAM_MAX], words[128] = "";
	size_t len = 0;

	field_name(param, "%s.type", at);
	if (type == NULL)
		return fieldmap_missing(err, param);
	if (!json_object_is_type(type, json_type_string))
		return fieldmap_bad_type(err, param, "a string", type);
	for (size_t i = 0; i < ARRAY_SIZE(part_types) && len < sizeof(words); i++)
		if ((part_types[i].roles & role) != 0)
			len += (size_t)snprintf(words + len, sizeof(words) - len, "%s'%s'",
			    len > 0 ? ", " : "", part_types[i].type);
	return fieldmap_bad_word(err, param, json_str(type), words);
}

static int
read_part(const struct content_part *p, enum chat_role role)
{
	json_object *type = json_get(p->part, "type");

	if (!json_object_is_type(p->part, json_type_object))
		return fieldmap_bad_type(p->err, p->at, "an object", p->part);
	for (size_t i = 0; i < ARRAY_SIZE(part_types); i++)
		if ((part_types[i].roles & role) != 0 &&
		    slice_eq(json_str(type), slice_str(part_types[i].type)))
			return part_types[i].read(p);
	return bad_part_type(p->at, type, role, p->err);
}

int
chat_content_read(const struct chat_read *c, json_object *content, enum chat_role role,
    const char *at, json_object *parts, struct apierror *err)
{
	char param[APIERROR_PARAM_MAX];

	if (json_object_is_type(content, json_type_string)) {
		if (json_str(content).len > 0)
			json_append(parts, chat_text_part(json_object_get(content)));
		return 0;
	}
	if (!json_object_is_type(content, json_type_array)) {
		field_name(param, "%s.content", at);
		return fieldmap_bad_type(
		    err, param, "a string or an array of content parts", content);
	}
	for (size_t i = 0; i < json_object_array_length(content); i++) {
		struct content_part p = { c, json_object_array_get_idx(content, i), param, parts,
			err };

		field_name(param, "%s.content[%zu]", at, i);
		if (read_part(&p, role) != 0)
			return -1;
	}
	return 0;
}
