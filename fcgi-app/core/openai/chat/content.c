/*
 * The content of a message, a string or an array of typed parts, to Gemini parts. The table knows
 * the part types of Chat Completions and those of Responses.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/openai/chat/chat_read.h"
#include "core/gemini/part_build.h"
#include "core/api/fieldmap.h"
#include "core/http/mime.h"

/* One part of an array being read. */
struct content_part {
	const struct chat_read *c;
	json_object *part;  /* the caller's */
	const char *at;     /* its name in errors */
	json_object *parts; /* where Gemini's go */
	struct apierror *err;
	enum chat_role role;
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
	{ "auto", NULL }, { "low", "MEDIA_RESOLUTION_LOW" }, { "high", "MEDIA_RESOLUTION_HIGH" },
	{ "original", "MEDIA_RESOLUTION_ULTRA_HIGH" },
	{ 0 }
};

/* Members of any part that mean nothing to Gemini. */
static const char *const ignored[] = { "prompt_cache_breakpoint", "cache_control" };
/* clang-format on */

static const struct field_word *
content_find_word(const struct field_word *words, struct slice from)
{
	for (; words->from != NULL; words++)
		if (slice_eqi(slice_str(words->from), from))
			return words;
	return NULL;
}

/* Notes a change of the part; field: a member of it, or NULL. */
static int
content_note(const struct content_part *p, enum change change, const char *field)
{
	char param[APIERROR_PARAM_MAX];

	field_name(param, "%s%s%s", p->at, field != NULL ? "." : "", field != NULL ? field : "");
	return changes_note(p->c->env->changes, change, param, p->err);
}

/* The member `key` of the part, as a string. */
static int
read_string(const struct content_part *p, const char *key)
{
	json_object *text = json_get(p->part, key);
	char param[APIERROR_PARAM_MAX];

	field_name(param, "%s.%s", p->at, key);
	if (text == NULL && json_object_object_get_ex(p->part, key, NULL))
		return content_note(p, CHANGE_DROPPED, NULL);
	if (text == NULL)
		return fieldmap_missing(p->err, param);
	if (!json_object_is_type(text, json_type_string))
		return fieldmap_bad_type(p->err, param, "a string", text);
	if (json_str(text).len == 0)
		return content_note(p, CHANGE_DROPPED, NULL);
	json_append(p->parts, part_text(json_object_get(text)));
	return 0;
}

static int
content_read_text(const struct content_part *p)
{
	return read_string(p, "text");
}

static int
read_refusal(const struct content_part *p)
{
	return read_string(p, "refusal");
}

/* ---- media ---- */

/* The object that a media part keeps under its type's name. */
static int
open_part(const struct content_part *p, const char *key, json_object **ret_body)
{
	char param[APIERROR_PARAM_MAX];
	json_object *body = json_get(p->part, key);

	field_name(param, "%s.%s", p->at, key);
	if (body == NULL)
		return fieldmap_missing(p->err, param);
	if (!json_is_object(body))
		return fieldmap_bad_type(p->err, param, "an object", body);
	*ret_body = body;
	return 0;
}

/* field: the member of the part that holds media->text. *ret_part is in p->parts as well. */
static int
content_media(const struct content_part *p, const struct chat_media *media, const char *field,
    json_object **ret_part)
{
	char param[APIERROR_PARAM_MAX];
	json_object *part = NULL;

	field_name(param, "%s.%s", p->at, field);
	if (media->text == NULL)
		return fieldmap_missing(p->err, param);
	if (chat_media_read(p->c, media, param, &part, p->err) != 0)
		return -1;
	json_append(p->parts, part);
	*ret_part = part;
	return 0;
}

/* The same for a stored file. */
static int
content_file(
    const struct content_part *p, json_object *id, const char *field, json_object **ret_part)
{
	char param[APIERROR_PARAM_MAX];
	json_object *part = NULL;

	field_name(param, "%s.%s", p->at, field);
	if (chat_file_read(id, param, &part, p->err) != 0)
		return -1;
	json_append(p->parts, part);
	*ret_part = part;
	return 0;
}

/* A function's response has the bytes of a medium and no more. */
static bool
is_inside(const struct content_part *p, json_object *part)
{
	return p->role == CHAT_TOOL &&
	       mime_in_result(json_get_str(json_get(part, "inlineData"), "mimeType"));
}

/* holder: what has the `detail`; field: its name in the part. */
static int
content_add_detail(
    const struct content_part *p, json_object *part, json_object *holder, const char *field)
{
	json_object *detail = json_get(holder, "detail"), *resolution;
	const struct field_word *word = content_find_word(details, json_str(detail));

	if (detail == NULL || (word != NULL && word->to == NULL))
		return 0;
	if (word == NULL || json_get(part, "text") != NULL || is_inside(p, part) ||
	    (p->c->family->can & FAMILY_MEDIA) == 0)
		return content_note(p, CHANGE_DROPPED, field);
	resolution = json_object_new_object();
	json_put(resolution, "level", json_object_new_string(word->to));
	json_put(part, "mediaResolution", resolution);
	return 0;
}

/* Chat: {"url", "detail"} or the URL alone. */
static int
content_read_image(const struct content_part *p)
{
	struct chat_media media = { .text = json_get(p->part, "image_url") };
	json_object *body, *part;

	if (json_object_is_type(media.text, json_type_string))
		return content_media(p, &media, "image_url", &part);
	if (open_part(p, "image_url", &body) != 0)
		return -1;
	media.text = json_get(body, "url");
	if (content_media(p, &media, "image_url.url", &part) != 0)
		return -1;
	return content_add_detail(p, part, body, "image_url.detail");
}

/* Responses: `image_url` is a string, `file_id` its alternative. */
static int
read_input_image(const struct content_part *p)
{
	struct chat_media media = { .text = json_get(p->part, "image_url") };
	json_object *id = json_get(p->part, "file_id"), *part;

	if (media.text == NULL && id != NULL) {
		if (content_file(p, id, "file_id", &part) != 0)
			return -1;
	} else if (content_media(p, &media, "image_url", &part) != 0) {
		return -1;
	}
	return content_add_detail(p, part, p->part, "detail");
}

/* "10s", or a number of seconds. */
static int
conv_offset(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret)
{
	char text[40], param[APIERROR_PARAM_MAX];
	double seconds = json_object_get_double(value);

	if (json_object_is_type(value, json_type_string)) {
		*ret = json_object_get(value);
		return 0;
	}
	if (json_object_is_type(value, json_type_int) ||
	    json_object_is_type(value, json_type_double)) {
		if (seconds >= 0 && seconds < 1e9) {
			snprintf(text, sizeof(text), "%.9gs", seconds);
			*ret = json_object_new_string(text);
			return 0;
		}
	}
	fieldmap_param(run, row, param);
	return fieldmap_bad_type(run->err, param, "a time such as \"10s\"", value);
}

/* clang-format off */
static const struct fieldmap video_fields[] = {
	{ .from = "url", .kind = FK_ANY },
	{ .from = "detail", .kind = FK_ANY },
	{ .from = "fps", .to = "videoMetadata/fps", .kind = FK_NUM, .min = 0, .max = 24 },
	{ .from = "start_offset", .to = "videoMetadata/startOffset", .kind = FK_ANY,
	  .conv = conv_offset },
	{ .from = "end_offset", .to = "videoMetadata/endOffset", .kind = FK_ANY,
	  .conv = conv_offset },
	{ 0 },
};

const struct field_table chat_video_tables[] = { { "video_url.", video_fields }, { 0 } };
/* clang-format on */

static int
read_video(const struct content_part *p)
{
	struct chat_media media = { .text = json_get(p->part, "video_url") };
	struct fieldmap_run run = { .changes = p->c->env->changes, .err = p->err };
	json_object *body, *part;
	char at[APIERROR_PARAM_MAX];

	if (json_object_is_type(media.text, json_type_string))
		return content_media(p, &media, "video_url", &part);
	if (open_part(p, "video_url", &body) != 0)
		return -1;
	media.text = json_get(body, "url");
	if (content_media(p, &media, "video_url.url", &part) != 0)
		return -1;
	if (json_get(part, "text") != NULL)
		return 0;
	field_name(at, "%s.video_url", p->at);
	run.source = body;
	run.target = part;
	run.prefix = at;
	if (fieldmap_apply(video_fields, &run) != 0)
		return -1;
	return content_add_detail(p, part, body, "video_url.detail");
}

static int
content_read_audio(const struct content_part *p)
{
	struct chat_media media = { .bare = true };
	const struct field_word *format;
	json_object *body, *part;

	if (open_part(p, "input_audio", &body) != 0)
		return -1;
	format = content_find_word(audio_formats, json_get_str(body, "format"));
	media.text = json_get(body, "data");
	media.mime = format != NULL ? format->to : NULL;
	return content_media(p, &media, "input_audio.data", &part);
}

/* body: {file_data, file_url, file_id, filename}; prefix: its name in the part and a dot. */
static int
read_file_body(const struct content_part *p, json_object *body, const char *prefix)
{
	static const char *const keys[] = { "file_data", "file_url", "file_id" };
	struct chat_media media = { .filename = json_get_str(body, "filename") };
	char field[40];
	json_object *part;
	size_t i = 0;

	while (i + 1 < ARRAY_SIZE(keys) && json_get(body, keys[i]) == NULL)
		i++;
	media.text = json_get(body, keys[i]);
	if (media.text == NULL)
		i = 0;
	snprintf(field, sizeof(field), "%s%s", prefix, keys[i]);
	media.bare = i == 0;
	if ((i == 2 ? content_file(p, media.text, field, &part)
		    : content_media(p, &media, field, &part)) != 0)
		return -1;
	snprintf(field, sizeof(field), "%sdetail", prefix);
	return content_add_detail(p, part, body, field);
}

static int
read_input_file(const struct content_part *p)
{
	return read_file_body(p, p->part, "");
}

/* ---- other providers' clients ---- */

static int
content_thought(const struct content_part *p)
{
	changes_mention(p->c->env->changes, CHANGE_DROPPED, p->at);
	return 0;
}

static int
content_moved(const struct content_part *p)
{
	(void)p;
	return 0;
}

/* Anthropic's document may hold its text, or parts of its own. */
static int
read_document(const struct content_part *p, json_object *source, bool *ret_done)
{
	struct slice type = json_get_str(source, "type");
	json_object *data = json_get(source, "data");
	char at[APIERROR_PARAM_MAX];

	*ret_done = true;
	field_name(at, "%s.source", p->at);
	if (slice_eq(type, SLICE("text")) && json_str(data).len > 0) {
		json_append(p->parts, part_text(json_object_get(data)));
		return 0;
	}
	if (slice_eq(type, SLICE("content")) && json_get(source, "content") != NULL)
		return chat_content_read(
		    p->c, json_get(source, "content"), CHAT_USER, at, p->parts, p->err);
	*ret_done = false;
	return 0;
}

static int
content_foreign(const struct content_part *p)
{
	static const char *const data_keys[] = { "data", "base64", "url", "image_url", "file_id",
		"fileId", "image", "audio", "video", "file", NULL };
	static const char *const type_keys[] = { "media_type", "mime_type", "mimeType", "mediaType",
		NULL };
	static const char *const name_keys[] = { "filename", "title", "name", NULL };
	json_object *source = json_get_object(p->part, "source"), *part, *mime;
	json_object *holder = source != NULL ? source : p->part;
	struct chat_media media = { .bare = true };
	char field[APIERROR_PARAM_MAX];
	const char *key = "", *unused;
	bool done = false;

	if (source != NULL && (read_document(p, source, &done) != 0 || done))
		return done ? 0 : -1;
	media.text = json_first_of(holder, data_keys, &key);
	if (json_object_is_type(media.text, json_type_object)) /* {"url"} */
		media.text = json_get(media.text, "url");
	if (media.text == NULL)
		return content_note(p, CHANGE_DROPPED, NULL);
	mime = json_first_of(holder, type_keys, &unused);
	media.mime = json_str(mime).len > 0 ? json_object_get_string(mime) : NULL;
	media.filename = json_str(json_first_of(p->part, name_keys, &unused));
	field_name(field, "%s%s", source != NULL ? "source." : "", key);
	if (slice_eq(slice_str(key), SLICE("file_id")) || slice_eq(slice_str(key), SLICE("fileId")))
		return content_file(p, media.text, field, &part);
	return content_media(p, &media, field, &part);
}

static int
content_read_file(const struct content_part *p)
{
	json_object *body;

	if (json_get(p->part, "file") == NULL)
		return content_foreign(p);
	return open_part(p, "file", &body) != 0 ? -1 : read_file_body(p, body, "file.");
}

/* ---- parts ---- */

#define ALL (CHAT_SYSTEM | CHAT_USER | CHAT_ASSISTANT | CHAT_TOOL)

/* clang-format off */
static const struct part_type {
	const char *type;
	unsigned roles; /* which messages may hold it */
	int (*read)(const struct content_part *p);
} part_types[] = {
	{ "text",        ALL,                                    content_read_text },
	{ "image_url",   CHAT_USER | CHAT_ASSISTANT | CHAT_TOOL, content_read_image },
	{ "input_audio", CHAT_USER | CHAT_TOOL,                  content_read_audio },
	{ "file",        CHAT_USER | CHAT_TOOL,                  content_read_file },
	{ "video_url",   CHAT_USER | CHAT_TOOL,                  read_video },
	{ "refusal",     CHAT_ASSISTANT,                         read_refusal },
	{ "input_text",  ALL,                                    content_read_text },
	{ "output_text", ALL,                                    content_read_text },
	{ "input_image", CHAT_USER | CHAT_ASSISTANT | CHAT_TOOL, read_input_image },
	{ "input_file",  CHAT_USER | CHAT_TOOL,                  read_input_file },
	{ "computer_screenshot", CHAT_USER | CHAT_TOOL,          read_input_image },
	{ "summary_text",        ALL,                            content_thought },
	{ "reasoning_text",      ALL,                            content_thought },
	/* Of other providers. */
	{ "thinking",            CHAT_ASSISTANT,                 content_thought },
	{ "redacted_thinking",   CHAT_ASSISTANT,                 content_thought },
	{ "reasoning",           CHAT_ASSISTANT,                 content_thought },
	{ "tool_use",            CHAT_ASSISTANT,                 content_moved },
	{ "tool_call",           CHAT_ASSISTANT,                 content_moved },
	{ "tool-call",           CHAT_ASSISTANT,                 content_moved },
	{ "function_call",       CHAT_ASSISTANT,                 content_moved },
	{ "tool_result",         CHAT_USER | CHAT_TOOL,          content_moved },
	{ "tool-result",         CHAT_USER | CHAT_TOOL,          content_moved },
	{ "image",               CHAT_USER | CHAT_ASSISTANT | CHAT_TOOL, content_foreign },
	{ "document",            CHAT_USER | CHAT_TOOL,          content_foreign },
	{ "audio",               CHAT_USER | CHAT_TOOL,          content_foreign },
	{ "video",               CHAT_USER | CHAT_TOOL,          content_foreign },
};
/* clang-format on */

/* A part of another type, or of one that has no place in this message, is left out. */
static int
drop_part(const struct content_part *p, json_object *type, enum chat_role role)
{
	const struct fieldmap_run run = { .changes = p->c->env->changes, .err = p->err };
	char param[APIERROR_PARAM_MAX], words[640] = "";
	size_t len = 0;

	field_name(param, "%s.type", p->at);
	if (type == NULL)
		return fieldmap_missing(p->err, param);
	if (!json_object_is_type(type, json_type_string))
		return fieldmap_bad_type(p->err, param, "a string", type);
	for (size_t i = 0; i < ARRAY_SIZE(part_types) && len < sizeof(words); i++)
		if ((part_types[i].roles & role) != 0)
			len += (size_t)snprintf(words + len, sizeof(words) - len, "%s'%s'",
			    len > 0 ? ", " : "", part_types[i].type);
	return fieldmap_drop_word(&run, p->at, ".type", json_str(type), words);
}

/* What any type of part may hold beside its own. */
static void
read_beside(const struct content_part *p, enum chat_role role, size_t before)
{
	json_object *signature = role == CHAT_ASSISTANT ? chat_signature_of(p->part) : NULL;
	char param[APIERROR_PARAM_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++) {
		if (json_get(p->part, ignored[i]) == NULL)
			continue;
		field_name(param, "%s.%s", p->at, ignored[i]);
		changes_mention(p->c->env->changes, CHANGE_IGNORED, param);
	}
	if (signature != NULL && !p->c->env->omit_signatures &&
	    json_object_array_length(p->parts) > before)
		json_put(json_object_array_get_idx(p->parts, before), "thoughtSignature",
		    json_object_get(signature));
}

static int
content_read_part(const struct content_part *p, enum chat_role role)
{
	json_object *type = json_get(p->part, "type");
	size_t before = json_object_array_length(p->parts);

	if (!json_is_object(p->part))
		return fieldmap_bad_type(p->err, p->at, "an object", p->part);
	for (size_t i = 0; i < ARRAY_SIZE(part_types); i++) {
		if ((part_types[i].roles & role) == 0 ||
		    !slice_eq(json_str(type), slice_str(part_types[i].type)))
			continue;
		if (part_types[i].read(p) != 0)
			return -1;
		read_beside(p, role, before);
		return 0;
	}
	return drop_part(p, type, role);
}

int
chat_parts_read(const struct chat_read *c, json_object *list, enum chat_role role, const char *at,
    json_object *parts, struct apierror *err)
{
	char param[APIERROR_PARAM_MAX];

	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct content_part p = { c, json_object_array_get_idx(list, i), param, parts, err,
			role };

		if (p.part == NULL)
			continue;
		field_name(param, "%s[%zu]", at, i);
		if (content_read_part(&p, role) != 0)
			return -1;
	}
	return 0;
}

int
chat_content_read(const struct chat_read *c, json_object *content, enum chat_role role,
    const char *at, json_object *parts, struct apierror *err)
{
	char param[APIERROR_PARAM_MAX];

	if (content == NULL)
		return 0;
	field_name(param, "%s.content", at);
	if (json_object_is_type(content, json_type_array))
		return chat_parts_read(c, content, role, param, parts, err);
	if (!json_object_is_type(content, json_type_string))
		return fieldmap_bad_type(
		    err, param, "a string or an array of content parts", content);
	if (json_str(content).len > 0)
		json_append(parts, part_text(json_object_get(content)));
	return 0;
}
