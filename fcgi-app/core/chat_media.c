/* Media inside a request: data: URLs (RFC 2397, as loosely as clients write them), bare Base64. */
#include "config.h"

#include <string.h>

#include "base/base64.h"
#include "base/xalloc.h"
#include "chat_priv.h"

#define MIME_MAX 128

static const char unknown_mime[] = "application/octet-stream";

struct mime_word {
	const char *from, *to;
};

/* clang-format off */
/* Types that clients write and Google does not know. */
static const struct mime_word synonyms[] = {
	{ "image/jpg", "image/jpeg" },
	{ "image/pjpeg", "image/jpeg" },
	{ "image/x-png", "image/png" },
	{ "audio/x-wav", "audio/wav" },
	{ "audio/wave", "audio/wav" },
	{ "audio/vnd.wave", "audio/wav" },
	{ "audio/x-m4a", "audio/m4a" },
	{ "application/x-pdf", "application/pdf" },
};

static const struct mime_word extensions[] = {
	{ "pdf", "application/pdf" }, { "json", "application/json" }, { "rtf", "application/rtf" },
	{ "txt", "text/plain" }, { "md", "text/markdown" }, { "markdown", "text/markdown" },
	{ "csv", "text/csv" }, { "htm", "text/html" }, { "html", "text/html" },
	{ "xml", "text/xml" }, { "css", "text/css" }, { "js", "text/javascript" },
	{ "py", "text/x-python" }, { "c", "text/plain" }, { "h", "text/plain" },
	{ "log", "text/plain" }, { "yaml", "text/plain" }, { "yml", "text/plain" },
	{ "png", "image/png" }, { "jpg", "image/jpeg" }, { "jpeg", "image/jpeg" },
	{ "webp", "image/webp" }, { "gif", "image/gif" }, { "heic", "image/heic" },
	{ "heif", "image/heif" }, { "avif", "image/avif" },
	{ "wav", "audio/wav" }, { "mp3", "audio/mp3" }, { "aiff", "audio/aiff" },
	{ "aac", "audio/aac" }, { "ogg", "audio/ogg" }, { "flac", "audio/flac" },
	{ "m4a", "audio/m4a" },
	{ "mp4", "video/mp4" }, { "mpeg", "video/mpeg" }, { "mpg", "video/mpg" },
	{ "mov", "video/mov" }, { "avi", "video/avi" }, { "flv", "video/x-flv" },
	{ "webm", "video/webm" }, { "wmv", "video/wmv" }, { "3gp", "video/3gpp" },
};

/* What the first bytes tell; the more precise row stands first. */
static const struct {
	size_t offset;
	struct slice magic;
	const char *mime;
} magics[] = {
	{ 0, { "\x89PNG", 4 },         "image/png" },
	{ 0, { "\xFF\xD8\xFF", 3 },    "image/jpeg" },
	{ 0, { "GIF8", 4 },            "image/gif" },
	{ 8, { "WEBP", 4 },            "image/webp" },
	{ 4, { "ftypavif", 8 },        "image/avif" },
	{ 4, { "ftypheic", 8 },        "image/heic" },
	{ 4, { "ftypheix", 8 },        "image/heic" },
	{ 4, { "ftypmif1", 8 },        "image/heif" },
	{ 4, { "ftypM4A", 7 },         "audio/m4a" },
	{ 4, { "ftypqt", 6 },          "video/mov" },
	{ 4, { "ftyp", 4 },            "video/mp4" },
	{ 0, { "%PDF-", 5 },           "application/pdf" },
	{ 8, { "WAVE", 4 },            "audio/wav" },
	{ 8, { "AIFF", 4 },            "audio/aiff" },
	{ 0, { "ID3", 3 },             "audio/mp3" },
	{ 0, { "\xFF\xFB", 2 },        "audio/mp3" },
	{ 0, { "\xFF\xF3", 2 },        "audio/mp3" },
	{ 0, { "OggS", 4 },            "audio/ogg" },
	{ 0, { "fLaC", 4 },            "audio/flac" },
	{ 0, { "\x1A\x45\xDF\xA3", 4 }, "video/webm" },
};
/* clang-format on */

static struct slice
skip(struct slice s, size_t n)
{
	return (struct slice){ s.ptr + n, s.len - n };
}

/* The last `;base64` of a data: URL's head is taken off. */
static bool
cut_base64(struct slice *head)
{
	static const struct slice word = { ";base64", 7 };

	*head = slice_trim(*head);
	if (head->len < word.len || !slice_eqi(skip(*head, head->len - word.len), word))
		return false;
	head->len -= word.len;
	return true;
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
is_token(char c)
{
	c = lower(c);
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("!#$&^_.+-", c) != NULL);
}

/* Parameters matter for audio alone (`audio/L16;rate=24000`); odd ones are left out. */
static void
add_params(struct slice params, char *mime)
{
	size_t len = strlen(mime);

	params = slice_trim(params);
	if (params.len == 0 || params.len + 2 > MIME_MAX - len)
		return;
	for (size_t i = 0; i < params.len; i++)
		if (!is_token(params.ptr[i]) && params.ptr[i] != '=' && params.ptr[i] != ';')
			return;
	mime[len++] = ';';
	memcpy(mime + len, params.ptr, params.len);
	mime[len + params.len] = '\0';
}

/* Type and subtype in lower case, "" when there are none; false when the text is no type. */
static bool
clean_mime(struct slice params, char ret[MIME_MAX])
{
	struct slice type;
	size_t slashes = 0;

	ret[0] = '\0';
	if (!slice_split(&params, ';', &type))
		return true;
	type = slice_trim(type);
	if (type.len >= MIME_MAX)
		return false;
	for (size_t i = 0; i < type.len; i++) {
		slashes += type.ptr[i] == '/';
		if (type.ptr[i] != '/' && !is_token(type.ptr[i]))
			return false;
		ret[i] = lower(type.ptr[i]);
	}
	ret[type.len] = '\0';
	if (type.len == 0)
		return true;
	if (slashes != 1 || ret[0] == '/' || ret[type.len - 1] == '/')
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(synonyms); i++)
		if (strcmp(ret, synonyms[i].from) == 0)
			strcpy(ret, synonyms[i].to);
	if (slice_starts(slice_str(ret), SLICE("audio/")))
		add_params(params, ret);
	return true;
}

static const char *
mime_from_name(struct slice filename)
{
	const char *dot = filename.len > 0 ? memrchr(filename.ptr, '.', filename.len) : NULL;
	struct slice extension;

	if (dot == NULL)
		return NULL;
	extension = skip(filename, (size_t)(dot + 1 - filename.ptr));
	for (size_t i = 0; i < ARRAY_SIZE(extensions); i++)
		if (slice_eqi(extension, slice_str(extensions[i].from)))
			return extensions[i].to;
	return NULL;
}

static const char *
mime_from_data(struct slice base64)
{
	unsigned char head[16];
	size_t len = base64_peek(base64, head, sizeof(head));
	struct slice bytes = { (const char *)head, len };

	for (size_t i = 0; i < ARRAY_SIZE(magics); i++)
		if (len >= magics[i].offset &&
		    slice_starts(skip(bytes, magics[i].offset), magics[i].magic))
			return magics[i].mime;
	return NULL;
}

static int
hex_digit(char c)
{
	c = lower(c);
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Every byte may be escaped, NUL too; a broken escape stands for itself. */
static void
unescape(struct slice text, struct buf *out)
{
	struct slice part;

	while (text.len > 0) {
		int high = -1, low = -1;

		if (text.ptr[0] == '%' && text.len > 2) {
			high = hex_digit(text.ptr[1]);
			low = hex_digit(text.ptr[2]);
		}
		if (high >= 0 && low >= 0) {
			buf_addc(out, (char)(high * 16 + low));
			text = skip(text, 3);
			continue;
		}
		part = (struct slice){ text.ptr, 1 };
		while (part.len < text.len && text.ptr[part.len] != '%')
			part.len++;
		buf_add_slice(out, part);
		text = skip(text, part.len);
	}
}

/* The payload as a canonical Base64 string; NULL when it is none. owner: the string it is part of.
 */
static json_object *
read_base64(json_object *owner, struct slice payload)
{
	struct buf plain, out;
	json_object *string = NULL;

	if (base64_is_canonical(payload))
		return json_new_part(owner, payload);
	buf_init(&plain, payload.len);
	buf_init(&out, payload.len + 3);
	if (payload.len > 0 && memchr(payload.ptr, '%', payload.len) != NULL) {
		unescape(payload, &plain);
		payload = buf_slice(&plain);
	}
	if (base64_normalise(payload, &out))
		string = json_new_str(buf_slice(&out));
	buf_release(&plain);
	buf_release(&out);
	return string;
}

static json_object *
read_escaped(struct slice payload)
{
	struct buf plain, out;
	json_object *string = NULL;

	buf_init(&plain, payload.len);
	buf_init(&out, payload.len / 3 * 4 + 4);
	unescape(payload, &plain);
	base64_add(&out, plain.data, plain.len);
	string = json_new_str(buf_slice(&out));
	buf_release(&plain);
	buf_release(&out);
	return string;
}

static int
refuse(struct apierror *err, const char *param, const char *why)
{
	return apierror_set(
	    err, APIERROR_BAD_VALUE, param, "Invalid value for '%s': %s", param, why);
}

/* *ret_data is set on some failures too. */
static int
read_url(json_object *owner, struct slice url, const char *param, char mime[MIME_MAX],
    json_object **ret_data, struct apierror *err)
{
	struct slice head = skip(url, 5), payload;
	const char *comma = head.len > 0 ? memchr(head.ptr, ',', head.len) : NULL;
	json_object *data;

	if (comma == NULL)
		return refuse(err, param, "a data: URL needs a comma before its data.");
	payload = skip(head, (size_t)(comma + 1 - head.ptr));
	head.len = (size_t)(comma - head.ptr);
	data = cut_base64(&head) ? read_base64(owner, payload) : read_escaped(payload);
	if (data == NULL)
		return refuse(err, param, "the data is not valid Base64.");
	*ret_data = data;
	if (!clean_mime(head, mime))
		return refuse(err, param, "the data: URL has no valid media type.");
	return 0;
}

static int
read_source(const struct chat_media *media, const char *param, char mime[MIME_MAX],
    json_object **ret_data, struct apierror *err)
{
	struct slice text = slice_trim(json_str(media->text));

	if (slice_startsi(text, SLICE("data:")))
		return read_url(media->text, text, param, mime, ret_data, err);
	if (slice_startsi(text, SLICE("http:")) || slice_startsi(text, SLICE("https:")))
		return apierror_set(err, APIERROR_UNSUPPORTED, param,
		    "Remote media is not fetched by this version: send '%s' as a data: URL.",
		    param);
	if (!media->bare)
		return refuse(err, param, "expected a data: URL.");
	strcpy(mime, media->mime != NULL ? media->mime : unknown_mime);
	*ret_data = read_base64(media->text, text);
	return *ret_data != NULL ? 0 : refuse(err, param, "the data is not valid Base64.");
}

int
chat_media_read(
    const struct chat_media *media, const char *param, json_object **ret_blob, struct apierror *err)
{
	char mime[MIME_MAX] = "";
	const char *guess;
	json_object *data = NULL, *blob;

	if (!json_object_is_type(media->text, json_type_string))
		return fieldmap_bad_type(err, param, "a string", media->text);
	if (read_source(media, param, mime, &data, err) != 0)
		goto fail;
	if (json_str(data).len == 0) {
		refuse(err, param, "there is no data in it.");
		goto fail;
	}
	if (mime[0] == '\0' || strcmp(mime, unknown_mime) == 0) {
		guess = mime_from_data(json_str(data));
		if (guess == NULL)
			guess = mime_from_name(media->filename);
		if (guess == NULL && mime[0] == '\0')
			guess = "text/plain"; /* a data: URL without a type (RFC 2397) */
		if (guess == NULL) {
			refuse(
			    err, param, "its media type cannot be told; name it in a data: URL.");
			goto fail;
		}
		strcpy(mime, guess);
	}
	blob = json_object_new_object();
	json_put_str(blob, "mimeType", slice_str(mime));
	json_put(blob, "data", TAKE(data));
	*ret_blob = blob;
	return 0;
fail:
	json_object_put(data);
	return -1;
}
