/* A file inside a request: text where it is text, media where its bytes are that. */
#include "config.h"

#include <string.h>

#include "base/base64.h"
#include "core/openai/chat/chat_read.h"
#include "core/gemini/part_build.h"
#include "core/http/mime.h"
#include "core/http/charset.h"

int
chat_media_refuse(struct apierror *err, const char *param, const char *why)
{
	return apierror_set(
	    err, APIERROR_BAD_VALUE, param, "Invalid value for '%s': %s", param, why);
}

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
	part = part_text(json_new_str(buf_slice(&out)));
	buf_release(&out);
	return part;
}

static int
file_refuse_type(const char *mime, struct slice filename, const char *param, struct apierror *err)
{
	if (mime_is_vague(slice_str(mime)))
		return chat_media_refuse(
		    err, param, "its media type cannot be told; name it in a data: URL.");
	if (slice_starts(slice_str(mime), SLICE("text/")))
		return chat_media_refuse(err, param,
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
file_note_text(const struct chat_read *c, const char *mime, const char *param, struct apierror *err)
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
		rc = file_note_text(c, mime, param, err);
		if (rc == 0)
			*ret_part = file_text_part(mime, file->name, buf_slice(&out));
		goto out;
	}
	/* Called text, but it is not: the bytes may tell. */
	if (!media) {
		mime = mime_from_bytes(head);
		if (mime == NULL || !mime_is_media(slice_str(mime)))
			rc = file_refuse_type(file->mime, file->name, param, err);
		else if (!file->fetched)
			rc = changes_note(c->env->changes, CHANGE_REWRITTEN, param, err);
	}
	if (rc != 0)
		goto out;
	buf_reset(&out);
	base64_add(&out, file->bytes.ptr, file->bytes.len);
	*ret_part = part_inline(part_blob(mime, json_new_str(buf_slice(&out))));
out:
	buf_release(&out);
	return rc;
}
