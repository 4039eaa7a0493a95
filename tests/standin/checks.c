/* Contents and parts, and which checks there are. */
#include "config.h"

#include "checks.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/xalloc.h"
#include "caches.h"
#include "files.h"
#include "gjson.h"
#include "trigger.h"

#define MESSAGE_MAX    (64UL * 1024)
#define BATCH_REQUESTS 100

static const char *const data_fields[] = { "text", "inlineData", "fileData", "functionCall",
	"functionResponse", "executableCode", "codeExecutionResult", "toolCall", "toolResponse",
	"audioTranscription" };

static const char *const mime_types[] = { "image/png", "image/jpeg", "image/webp", "image/heic",
	"image/heif", "image/gif", "image/avif", "audio/*", "video/*", "text/*", "application/pdf",
	"application/json", "application/rtf", "application/x-ipynb+json", "application/javascript",
	"application/x-javascript", "application/xml" };

void
refusal_init(struct refusal *r)
{
	r->code = 0;
	buf_init(&r->message, MESSAGE_MAX);
}

void
refusal_release(struct refusal *r)
{
	buf_release(&r->message);
}

bool
refuse(struct refusal *r, int code, const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	if (r->code != 0)
		return false;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	r->code = code;
	buf_adds(&r->message, text);
	return false;
}

static bool
mime_known(struct slice mime)
{
	ptrdiff_t end = slice_find(mime, SLICE(";"));

	if (end >= 0)
		mime.len = (size_t)end;
	for (size_t i = 0; i < ARRAY_SIZE(mime_types); i++) {
		struct slice known = slice_str(mime_types[i]);

		if (slice_ends(known, SLICE("*"))) {
			known.len--;
			if (mime.len > known.len && slice_startsi(mime, known))
				return true;
		} else if (slice_eqi(mime, known)) {
			return true;
		}
	}
	return false;
}

static bool
check_media(const struct subject *s, json_object *part, struct refusal *r)
{
	json_object *inl = gjson_get(part, "inlineData"), *file = gjson_get(part, "fileData");
	struct slice mime = gjson_str(inl != NULL ? inl : file, "mimeType");

	if ((inl != NULL || mime.len > 0) && !mime_known(mime))
		return refuse(r, 400, "Unsupported MIME type: %.*s", (int)mime.len, mime.ptr);
	if (file != NULL)
		return files_check_uri(s->si->files, gjson_str(file, "fileUri"), s->project, r);
	return true;
}

static bool
check_video(json_object *part, const char *where, struct refusal *r)
{
	json_object *video = gjson_get(part, "videoMetadata"), *fps = gjson_get(video, "fps");
	double rate = fps != NULL ? json_object_get_double(fps) : 1;

	if (video == NULL || (rate > 0 && rate <= 24))
		return true;
	return refuse(r, 400,
	    "* GenerateContentRequest.%s.video_metadata.fps: must be in the range (0, 24]\n",
	    where);
}

static bool
is_display_name(json_object *parts, struct slice name)
{
	for (size_t i = 0; parts != NULL && i < json_object_array_length(parts); i++) {
		json_object *blob = gjson_get(json_object_array_get_idx(parts, i), "inlineData");

		if (name.len > 0 && slice_eq(gjson_str(blob, "displayName"), name))
			return true;
	}
	return false;
}

/* The first `$ref` in value that names none of the response's parts, or NULL. */
static json_object *
stray_ref(json_object *value, json_object *parts)
{
	json_object *found = NULL;

	if (json_object_is_type(value, json_type_array))
		for (size_t i = 0; found == NULL && i < json_object_array_length(value); i++)
			found = stray_ref(json_object_array_get_idx(value, i), parts);
	if (!json_object_is_type(value, json_type_object))
		return found;
	json_object_object_foreach(value, key, member)
	{
		if (strcmp(key, "$ref") == 0 && !is_display_name(parts, gjson_str(value, "$ref")))
			return member;
		found = stray_ref(member, parts);
		if (found != NULL)
			break;
	}
	return found;
}

/* What Gemini 3 refuses inside a function's response. */
static bool
check_response(json_object *response, struct refusal *r)
{
	static const char *const types[] = { "image/png", "image/jpeg", "image/webp",
		"application/pdf" };
	json_object *parts = gjson_get_array(response, "parts");
	json_object *ref = stray_ref(gjson_get(response, "response"), parts);
	size_t k;

	if (ref != NULL)
		return refuse(r, 400, "The referenced name `%s` does not match to a display_name.",
		    json_object_get_string(ref));
	for (size_t i = 0; i < gjson_count(response, "parts"); i++) {
		struct slice mime =
		    gjson_str(gjson_get(gjson_at(response, "parts", i), "inlineData"), "mimeType");

		for (k = 0; k < ARRAY_SIZE(types) && !slice_eqi(mime, slice_str(types[k]));)
			k++;
		if (k == ARRAY_SIZE(types))
			return refuse(r, 400, "Unsupported MIME type in function response: %.*s",
			    (int)mime.len, mime.ptr);
	}
	return true;
}

static bool
check_part(const struct subject *s, json_object *part, const char *where, struct refusal *r)
{
	const char *first = NULL;
	struct buf snake;

	for (size_t i = 0; i < ARRAY_SIZE(data_fields); i++) {
		if (gjson_get(part, data_fields[i]) == NULL)
			continue;
		if (first != NULL) {
			buf_init(&snake, 1024);
			gjson_snake(&snake, data_fields[i]);
			refuse(r, 400,
			    "Invalid value at '%s' (oneof), oneof field 'data' is already set. "
			    "Cannot set '%s'",
			    where, snake.data);
			buf_release(&snake);
			return false;
		}
		first = data_fields[i];
	}
	if (first == NULL || (strcmp(first, "text") == 0 && gjson_str(part, "text").len == 0 &&
				 gjson_str(part, "thoughtSignature").len == 0))
		return refuse(r, 400,
		    "* GenerateContentRequest.%s.data: required oneof field 'data' must have one "
		    "initialized field\n",
		    where);
	if (strcmp(first, "functionCall") == 0 &&
	    gjson_str(gjson_get(part, "functionCall"), "name").len == 0)
		return refuse(r, 400,
		    "* GenerateContentRequest.%s.function_call.name: Name cannot be empty.\n",
		    where);
	if (strcmp(first, "functionResponse") == 0 &&
	    gjson_str(gjson_get(part, "functionResponse"), "name").len == 0)
		return refuse(r, 400,
		    "* GenerateContentRequest.%s.function_response.name: Name cannot be empty.\n",
		    where);
	if (gjson_get(part, "mediaResolution") != NULL && !model_is_3(s->model) &&
	    s->model->special == SPECIAL_NONE)
		return refuse(r, 400, "Per-part media resolution is not supported for this model.");
	if (gjson_count(gjson_get(part, "functionResponse"), "parts") > 0 && !model_is_3(s->model))
		return refuse(
		    r, 400, "Multimodal function responses are not supported for this model.");
	return check_response(gjson_get(part, "functionResponse"), r) && check_media(s, part, r) &&
	       check_video(part, where, r);
}

static bool
check_content(const struct subject *s, json_object *content, const char *where, struct refusal *r)
{
	size_t parts = gjson_count(content, "parts");

	if (parts == 0)
		return refuse(r, 400,
		    "* GenerateContentRequest.%s.parts: contents.parts must not be empty.\n",
		    where);
	for (size_t i = 0; i < parts; i++) {
		char at[96];

		snprintf(at, sizeof(at), "%s.parts[%zu]", where, i);
		if (!check_part(s, gjson_at(content, "parts", i), at, r))
			return false;
	}
	return true;
}

static bool
check_contents(const struct subject *s, struct refusal *r)
{
	static const char *const roles[] = { "", "user", "model", "function" };
	size_t count = gjson_count(s->body, "contents");
	json_object *system = gjson_get(s->body, "systemInstruction");

	if (count == 0)
		return refuse(
		    r, 400, "* GenerateContentRequest.contents: contents is not specified\n");
	for (size_t i = 0; i < count; i++) {
		json_object *content = gjson_at(s->body, "contents", i);
		struct slice role = gjson_str(content, "role");
		bool known = false;
		char where[32];

		for (size_t k = 0; k < ARRAY_SIZE(roles); k++)
			known = known || slice_eq(role, slice_str(roles[k]));
		if (!known)
			return refuse(r, 400, "Please use a valid role: user, model.");
		snprintf(where, sizeof(where), "contents[%zu]", i);
		if (!check_content(s, content, where, r))
			return false;
	}
	return system == NULL || check_content(s, system, "system_instruction", r);
}

static bool
check_cached(const struct subject *s, struct refusal *r)
{
	int64_t tokens;

	if (gjson_str(s->body, "cachedContent").len == 0)
		return true;
	if (gjson_get(s->body, "systemInstruction") != NULL ||
	    gjson_get(s->body, "tools") != NULL || gjson_get(s->body, "toolConfig") != NULL)
		return refuse(r, 400,
		    "CachedContent can not be used with GenerateContent request setting "
		    "system_instruction, tools or tool_config.\n\nProposed fix: move "
		    "those values to "
		    "CachedContent from GenerateContent request.");
	return caches_check(s, gjson_str(s->body, "cachedContent"), &tokens, r);
}

bool
checks_generate(const struct subject *s, struct refusal *r)
{
	if (!trigger_token_valid(s->body))
		return refuse(r, 400, "Invalid continuation token.");
	return check_contents(s, r) && check_cached(s, r) && checks_tools(s, r) &&
	       checks_config(s, r) && checks_media(s, r) && checks_turns(s, r) &&
	       checks_signatures(s, r);
}

static bool
model_matches(const struct subject *s, struct slice model)
{
	return slice_starts(model, SLICE("models/")) &&
	       slice_eq((struct slice){ model.ptr + 7, model.len - 7 }, s->name);
}

bool
checks_count(const struct subject *s, struct refusal *r)
{
	json_object *inner = gjson_get(s->body, "generateContentRequest");

	if (inner != NULL && !model_matches(s, gjson_str(inner, "model")))
		return refuse(r, 400,
		    "* CountTokensRequest.generate_content_request.model: unexpected model name "
		    "format\n");
	if (gjson_count(inner != NULL ? inner : s->body, "contents") == 0)
		return refuse(r, 400, "* CountTokensRequest.contents: contents is not specified\n");
	return true;
}

static bool
check_embed_one(const struct subject *s, json_object *request, const char *where, bool model_needed,
    struct refusal *r)
{
	json_object *content = gjson_get(request, "content");
	struct slice model = gjson_str(request, "model");
	size_t parts = gjson_count(content, "parts");
	bool any = false, media = false;

	if ((model_needed || model.len > 0) && !slice_starts(model, SLICE("models/")))
		return refuse(r, 400, "* %s.model: unexpected model name format\n", where);
	if (model.len > 0 && !model_matches(s, model))
		return refuse(r, 400,
		    "* %s.model: model must match the model of the request's path\n", where);
	for (size_t i = 0; i < parts; i++) {
		json_object *part = gjson_at(content, "parts", i);

		media = media || gjson_get(part, "inlineData") != NULL ||
		        gjson_get(part, "fileData") != NULL;
		any = any || media || gjson_str(part, "text").len > 0;
	}
	if (!any)
		return refuse(r, 400, "* %s.content: content is empty\n", where);
	if (media && s->model->version != 2)
		return refuse(
		    r, 400, "* %s.content: only text is supported by this model\n", where);
	if (gjson_int(request, "outputDimensionality", 1) < 1 ||
	    gjson_int(request, "outputDimensionality", 1) > 3072)
		return refuse(
		    r, 400, "* %s.output_dimensionality: must be in the range [1, 3072]\n", where);
	return true;
}

bool
checks_embed(const struct subject *s, bool batch, struct refusal *r)
{
	size_t count = gjson_count(s->body, "requests");

	if (!batch)
		return check_embed_one(s, s->body, "EmbedContentRequest", false, r);
	if (count == 0)
		return refuse(
		    r, 400, "* BatchEmbedContentsRequest.requests: requests is not specified\n");
	if (count > BATCH_REQUESTS)
		return refuse(r, 400,
		    "* BatchEmbedContentsRequest.requests: at most %d requests can be in one "
		    "batch\n",
		    BATCH_REQUESTS);
	for (size_t i = 0; i < count; i++) {
		char where[64];

		snprintf(where, sizeof(where), "BatchEmbedContentsRequest.requests[%zu]", i);
		if (!check_embed_one(s, gjson_at(s->body, "requests", i), where, true, r))
			return false;
	}
	return true;
}
