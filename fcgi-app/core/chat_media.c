/* Media inside a request: data: URLs (RFC 2397, as loosely as clients write them), bare Base64. */
#include "config.h"

#include <string.h>

#include "base/base64.h"
#include "base/xalloc.h"
#include "chat_priv.h"
#include "core/mime.h"
#include "core/text_file.h"

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

/* Every byte may be escaped, NUL too; a broken escape stands for itself. */
static void
unescape(struct slice text, struct buf *out)
{
	struct slice part;

	while (text.len > 0) {
		int high = -1, low = -1;

		if (text.ptr[0] == '%' && text.len > 2) {
			high = ascii_hex(text.ptr[1]);
			low = ascii_hex(text.ptr[2]);
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
read_data_url(json_object *owner, struct slice url, const char *param, char mime[MIME_MAX],
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
	if (!mime_clean(head, mime))
		return refuse(err, param, "the data: URL has no valid media type.");
	return 0;
}

static int
read_source(const struct chat_media *media, const char *param, char mime[MIME_MAX],
    json_object **ret_data, struct apierror *err)
{
	struct slice text = slice_trim(json_str(media->text));

	if (slice_startsi(text, SLICE("data:")))
		return read_data_url(media->text, text, param, mime, ret_data, err);
	if (!media->bare)
		return refuse(err, param, "expected a data: URL or an https: URL.");
	/* A caller's own word for the type may be anything. */
	if (!mime_clean(slice_str(media->mime), mime))
		mime[0] = '\0';
	*ret_data = read_base64(media->text, text);
	return *ret_data != NULL ? 0 : refuse(err, param, "the data is not valid Base64.");
}

json_object *
chat_blob_new(const char *mime, json_object *data)
{
	json_object *blob = json_object_new_object();

	json_put_str(blob, "mimeType", slice_str(mime));
	json_put(blob, "data", data);
	return blob;
}

json_object *
chat_blob_part(json_object *blob)
{
	json_object *part = json_object_new_object();

	json_put(part, "inlineData", blob);
	return part;
}

/* What the caller did not say, the data or the name may tell. */
static void
guess(const struct chat_media *media, struct slice base64, char mime[MIME_MAX])
{
	unsigned char head[MIME_HEAD];
	const char *type;

	if (!mime_is_vague(slice_str(mime)))
		return;
	type = mime_from_bytes(
	    (struct slice){ (const char *)head, base64_peek(base64, head, sizeof(head)) });
	if (type == NULL)
		type = mime_from_name(media->filename);
	if (type != NULL)
		strcpy(mime, type);
}

/* What is no media itself but tells where it is. */
static bool
is_elsewhere(const struct chat_media *media)
{
	static const struct slice schemes[] = { { "http:", 5 }, { "https:", 6 }, { "gs:", 3 } };
	struct slice text = slice_trim(json_str(media->text));

	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (slice_startsi(text, schemes[i]))
			return true;
	return false;
}

/* A new string of Base64 and its type, which may stay vague. */
static int
read_blob(const struct chat_media *media, const char *param, char mime[MIME_MAX],
    json_object **ret_data, struct apierror *err)
{
	json_object *data = NULL;

	if (!json_object_is_type(media->text, json_type_string))
		return fieldmap_bad_type(err, param, "a string", media->text);
	if (read_source(media, param, mime, &data, err) != 0)
		goto fail;
	if (json_str(data).len == 0) {
		refuse(err, param, "there is no data in it.");
		goto fail;
	}
	*ret_data = data;
	guess(media, json_str(data), mime);
	return 0;
fail:
	json_object_put(data);
	return -1;
}

/* ---- files that are text ---- */

/* Programs in TypeScript get this type by their names' end. */
bool
chat_file_is_media(const struct chat_read *c, const char *mime)
{
	if (c->media_only && !mime_is_vague(slice_str(mime)))
		return true;
	return mime_is_media(slice_str(mime)) && strcmp(mime, "video/mp2t") != 0;
}

/* As one part of text that says where the file begins and ends. */
static json_object *
file_text_part(const char *mime, struct slice filename, struct slice text)
{
	json_object *part;
	struct buf out;

	buf_init(&out, SIZE_MAX / 2); /* the text is in memory already */
	buf_adds(&out, "[File: ");
	if (filename.len > 0) {
		buf_add_slice(&out, filename);
		buf_adds(&out, ", ");
	}
	buf_add(&out, mime, strcspn(mime, ";"));
	buf_adds(&out, "]\n");
	buf_add_slice(&out, text);
	buf_adds(&out, slice_ends(text, SLICE("\n")) ? "[End of file]\n" : "\n[End of file]\n");
	part = chat_text_part(json_new_str(buf_slice(&out)));
	buf_release(&out);
	return part;
}

static int
refuse_type(const char *mime, struct slice filename, const char *param, struct apierror *err)
{
	if (mime_is_vague(slice_str(mime)))
		return refuse(err, param, "its media type cannot be told; name it in a data: URL.");
	if (slice_starts(slice_str(mime), SLICE("text/")))
		return refuse(err, param,
		    "the file is not text in UTF-8; convert it, or name its charset (UTF-16, "
		    "ISO-8859-1 or Windows-1252) in a data: URL.");
	return apierror_set(err, APIERROR_UNSUPPORTED, param,
	    "'%s': the Gemini API does not read files of type %s%s%.*s%s; send text, a PDF, an "
	    "image, "
	    "sound or a video.",
	    param, mime, filename.len > 0 ? " ('" : "",
	    filename.len < 100 ? (int)filename.len : 100, filename.ptr,
	    filename.len > 0 ? "')" : "");
}

/* Text is where it belongs, whatever the file was; an image of words is another thing. */
static int
note_text(const struct chat_read *c, const char *mime, const char *param, struct apierror *err)
{
	if (!slice_starts(slice_str(mime), SLICE("text/")))
		return changes_note(c->env->changes, CHANGE_REWRITTEN, param, err);
	changes_mention(c->env->changes, CHANGE_REWRITTEN, param);
	return 0;
}

int
chat_file_part(const struct chat_read *c, const struct chat_file *file, const char *param,
    json_object **ret_part, struct apierror *err)
{
	const char *mime = mime_is_vague(slice_str(file->mime)) ? "text/plain" : file->mime;
	struct slice head = { file->bytes.ptr,
		file->bytes.len < MIME_HEAD ? file->bytes.len : MIME_HEAD };
	bool media = mime_is_media(slice_str(mime));
	struct buf out;
	int rc = 0;

	*ret_part = NULL;
	buf_init(&out, SIZE_MAX / 2);
	if (!chat_file_is_media(c, mime) &&
	    text_file_read(file->bytes, mime_charset(slice_str(mime)), &out)) {
		rc = note_text(c, mime, param, err);
		if (rc == 0)
			*ret_part = file_text_part(mime, file->name, buf_slice(&out));
		goto out;
	}
	/* Called text, but it is not: the bytes may tell. */
	if (!media) {
		mime = mime_from_bytes(head);
		if (mime == NULL || !mime_is_media(slice_str(mime)))
			rc = refuse_type(file->mime, file->name, param, err);
		else if (!file->fetched)
			rc = changes_note(c->env->changes, CHANGE_REWRITTEN, param, err);
	}
	if (rc != 0)
		goto out;
	buf_reset(&out);
	base64_add(&out, file->bytes.ptr, file->bytes.len);
	*ret_part = chat_blob_part(chat_blob_new(mime, json_new_str(buf_slice(&out))));
out:
	buf_release(&out);
	return rc;
}

/* ---- the whole ---- */

/* data: Base64. */
static int
read_file(const struct chat_read *c, struct chat_file *file, struct slice data, const char *param,
    json_object **ret_part, struct apierror *err)
{
	struct buf bytes;
	char *room;
	int rc = -1;

	buf_init(&bytes, SIZE_MAX / 2);
	room = buf_room(&bytes, data.len / 4 * 3 + 3);
	if (room != NULL) {
		bytes.len = base64_peek(data, (unsigned char *)room, data.len / 4 * 3 + 3);
		file->bytes = buf_slice(&bytes);
		rc = chat_file_part(c, file, param, ret_part, err);
	}
	buf_release(&bytes);
	return rc;
}

int
chat_media_read(const struct chat_read *c, const struct chat_media *media, const char *param,
    json_object **ret_part, struct apierror *err)
{
	char mime[MIME_MAX] = "";
	json_object *data = NULL;
	int rc;

	if (is_elsewhere(media))
		return chat_url_read(
		    c, slice_trim(json_str(media->text)), media->filename, param, ret_part, err);
	if (!media->bare && slice_starts(json_str(media->text), SLICE("files/")))
		return chat_file_read(media->text, param, ret_part, err);
	if (read_blob(media, param, mime, &data, err) != 0)
		return -1;
	if (chat_file_is_media(c, mime)) {
		*ret_part = chat_blob_part(chat_blob_new(mime, data));
		return 0;
	}
	rc = read_file(c, &(struct chat_file){ .mime = mime, .name = media->filename },
	    json_str(data), param, ret_part, err);
	json_object_put(data);
	return rc;
}
