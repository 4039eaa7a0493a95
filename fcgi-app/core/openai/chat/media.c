/* Media inside a request: data: URLs (RFC 2397, as loosely as clients write them), bare Base64. */
#include "config.h"

#include <string.h>

#include "base/base64.h"
#include "base/xalloc.h"
#include "core/openai/chat/chat_read.h"
#include "core/gemini/part_build.h"
#include "core/http/mime.h"

/* The last `;base64` of a data: URL's head is taken off. */
static bool
cut_base64(struct slice *head)
{
	static const struct slice word = { ";base64", 7 };

	*head = slice_trim(*head);
	if (head->len < word.len || !slice_eqi(slice_skip(*head, head->len - word.len), word))
		return false;
	head->len -= word.len;
	return true;
}

/* Every byte may be escaped, NUL too; a broken escape stands for itself. */
static void
media_unescape(struct slice text, struct buf *out)
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
			text = slice_skip(text, 3);
			continue;
		}
		part = (struct slice){ text.ptr, 1 };
		while (part.len < text.len && text.ptr[part.len] != '%')
			part.len++;
		buf_add_slice(out, part);
		text = slice_skip(text, part.len);
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
		media_unescape(payload, &plain);
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
	media_unescape(payload, &plain);
	base64_add(&out, plain.data, plain.len);
	string = json_new_str(buf_slice(&out));
	buf_release(&plain);
	buf_release(&out);
	return string;
}

/* *ret_data is set on some failures too. */
static int
read_data_url(json_object *owner, struct slice url, const char *param, char mime[MIME_MAX],
    json_object **ret_data, struct apierror *err)
{
	struct slice head = slice_skip(url, 5), payload;
	const char *comma = head.len > 0 ? memchr(head.ptr, ',', head.len) : NULL;
	json_object *data;

	if (comma == NULL)
		return chat_media_refuse(err, param, "a data: URL needs a comma before its data.");
	payload = slice_skip(head, (size_t)(comma + 1 - head.ptr));
	head.len = (size_t)(comma - head.ptr);
	data = cut_base64(&head) ? read_base64(owner, payload) : read_escaped(payload);
	if (data == NULL)
		return chat_media_refuse(err, param, "the data is not valid Base64.");
	*ret_data = data;
	if (!mime_clean(head, mime))
		return chat_media_refuse(err, param, "the data: URL has no valid media type.");
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
		return chat_media_refuse(err, param, "expected a data: URL or an https: URL.");
	/* A caller's own word for the type may be anything. */
	if (!mime_clean(slice_str(media->mime), mime))
		mime[0] = '\0';
	*ret_data = read_base64(media->text, text);
	return *ret_data != NULL ? 0
	                         : chat_media_refuse(err, param, "the data is not valid Base64.");
}

/* What the caller did not say, the data or the name may tell. */
static void
media_guess(const struct chat_media *media, struct slice base64, char mime[MIME_MAX])
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
		chat_media_refuse(err, param, "there is no data in it.");
		goto fail;
	}
	*ret_data = data;
	media_guess(media, json_str(data), mime);
	return 0;
fail:
	json_object_put(data);
	return -1;
}

/* data: Base64. */
static int
media_read_file(const struct chat_read *c, struct chat_file *file, struct slice data,
    const char *param, json_object **ret_part, struct apierror *err)
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
		*ret_part = part_inline(part_blob(mime, data));
		return 0;
	}
	rc = media_read_file(c, &(struct chat_file){ .mime = mime, .name = media->filename },
	    json_str(data), param, ret_part, err);
	json_object_put(data);
	return rc;
}
