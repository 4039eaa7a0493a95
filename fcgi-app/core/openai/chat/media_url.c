/* Media outside a request: files that Google keeps, URLs that Google reads, URLs that we fetch. */
#include "config.h"

#include <string.h>

#include "base/base64.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "core/openai/chat/chat_read.h"
#include "core/gemini/part_build.h"
#include "core/http/mime.h"

#define FILES_ROOT "https://generativelanguage.googleapis.com/"

/* Google's model reads the videos of these by itself, and needs no type. */
static const char *const videos[] = {
	"https://www.youtube.com/watch?",
	"https://youtube.com/watch?",
	"https://m.youtube.com/watch?",
	"https://www.youtube.com/shorts/",
	"https://youtube.com/shorts/",
	"https://www.youtube.com/live/",
	"https://youtu.be/",
};

/* mime: NULL when nobody knows it. */
static json_object *
file_part(struct slice uri, const char *mime)
{
	json_object *part = json_object_new_object(), *file = json_object_new_object();

	if (mime != NULL)
		json_put_str(file, "mimeType", slice_str(mime));
	json_put_str(file, "fileUri", uri);
	json_put(part, "fileData", file);
	return part;
}

static bool
is_stored_file(struct slice uri)
{
	return slice_startsi(uri, SLICE(FILES_ROOT)) && slice_find(uri, SLICE("/files/")) > 0;
}

/* files/ and an id of lower-case letters, digits and dashes. */
static bool
is_file_name(struct slice name)
{
	static const struct slice root = { "files/", 6 };

	if (!slice_starts(name, root) || name.len == root.len)
		return false;
	for (size_t i = root.len; i < name.len; i++) {
		char c = name.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			c == '-' || c == '_'))
			return false;
	}
	return true;
}

int
chat_file_read(json_object *id, const char *param, json_object **ret_part, struct apierror *err)
{
	struct slice name = slice_trim(json_str(id));
	struct buf uri;

	if (!json_object_is_type(id, json_type_string))
		return fieldmap_bad_type(err, param, "a string", id);
	if (is_stored_file(name)) {
		*ret_part = file_part(name, NULL);
		return 0;
	}
	if (!is_file_name(name))
		return apierror_set(err, APIERROR_BAD_VALUE, param,
		    "Invalid value for '%s': expected the name of a file of the Gemini Files API, "
		    "'files/...', or its URI. OpenAI's files are not known here.",
		    param);
	buf_init(&uri, URL_MAX);
	buf_adds(&uri, FILES_ROOT "v1beta/");
	buf_add_slice(&uri, name);
	*ret_part = file_part(buf_slice(&uri), NULL);
	buf_release(&uri);
	return 0;
}

/* The type by the extension of a URL's path, or NULL. */
static const char *
mime_of_url(struct slice url)
{
	struct slice path = url, part;

	if (slice_split(&path, '#', &part))
		path = part;
	if (slice_split(&path, '?', &part))
		path = part;
	return mime_from_name(path);
}

/* What its path ends with. */
static struct slice
name_of_url(struct slice url)
{
	struct slice path = url, part;
	const char *slash;

	if (slice_split(&path, '#', &part))
		path = part;
	if (slice_split(&path, '?', &part))
		path = part;
	slash = path.len > 0 ? memrchr(path.ptr, '/', path.len) : NULL;
	if (slash != NULL)
		path = (struct slice){ slash + 1, path.len - (size_t)(slash + 1 - path.ptr) };
	return path;
}

/* The type of what was fetched: by its bytes, by what its server says, by its names; vague when
 * none of them tells. Of what its server calls no media it is seen later whether it is text. */
static void
type_of_fetched(const struct chat_read *c, const struct ref *ref, struct slice url,
    struct slice filename, char ret[MIME_MAX])
{
	bool told = mime_clean(slice_str(ref->mime), ret) && !mime_is_vague(slice_str(ret));
	const char *mime;

	if (told && !c->media_only && !mime_is_media(slice_str(ret)))
		return;
	mime = mime_from_bytes(buf_slice(&ref->value));
	if (mime == NULL && told)
		return;
	if (mime == NULL)
		mime = mime_of_url(url);
	if (mime == NULL)
		mime = mime_from_name(filename);
	strcpy(ret, mime != NULL ? mime : "");
}

static int
inline_part(const struct chat_read *c, const struct ref *ref, struct slice url,
    struct slice filename, const char *param, json_object **ret_part, struct apierror *err)
{
	struct chat_file file = {
		.fetched = true, .name = filename, .bytes = buf_slice(&ref->value)
	};
	char mime[MIME_MAX];
	struct buf base64;

	if (ref->value.len == 0)
		return apierror_set(err, APIERROR_BAD_VALUE, param,
		    "Invalid value for '%s': there is no data behind this URL.", param);
	type_of_fetched(c, ref, url, filename, mime);
	if (!chat_file_is_media(c, mime)) {
		file.mime = mime;
		if (filename.len == 0)
			file.name = name_of_url(url);
		return chat_file_part(c, &file, param, ret_part, err);
	}
	buf_init(&base64, ref->value.len / 3 * 4 + 4);
	base64_add(&base64, ref->value.data, ref->value.len);
	*ret_part = part_inline(part_blob(mime, json_new_str(buf_slice(&base64))));
	buf_release(&base64);
	return 0;
}

static int
fetched_part(const struct chat_read *c, struct slice url, struct slice filename, const char *param,
    json_object **ret_part, struct apierror *err)
{
	const struct ref *ref;

	if (c->env->refs == NULL)
		return apierror_set(err, APIERROR_UNSUPPORTED, param,
		    "Remote media is not fetched here: send '%s' as a data: URL.", param);
	ref = ext_refs_get(c->env->refs, REF_MEDIA, url, param, err);
	if (ref == NULL)
		return -1;
	if (ref->state == REF_ABSENT) {
		*err = ref->err;
		field_name(err->param, "%s", param);
		return -1;
	}
	/* Noted before it is fetched: a strict list wants nothing fetched in vain. */
	if (changes_note(c->env->changes, CHANGE_INLINED, param, err) != 0)
		return -1;
	if (ref->state == REF_FOUND)
		return inline_part(c, ref, url, filename, param, ret_part, err);
	/* There will be another pass. */
	*ret_part = part_inline(part_blob("", json_object_new_string("")));
	return 0;
}

int
chat_url_read(const struct chat_read *c, struct slice url, struct slice filename, const char *param,
    json_object **ret_part, struct apierror *err)
{
	bool https = slice_startsi(url, SLICE("https:"));
	const char *mime = mime_of_url(url);

	if (slice_startsi(url, SLICE("gs:")))
		return apierror_set(err, APIERROR_UNSUPPORTED, param,
		    "'%s': the Gemini API takes gs:// objects only once they are registered as "
		    "files; send 'files/...'.",
		    param);
	if (url.len > URL_MAX)
		return apierror_set(err, APIERROR_BAD_VALUE, param,
		    "Invalid value for '%s': the URL is too long.", param);
	if (memchr(url.ptr, '\0', url.len) != NULL)
		return apierror_set(err, APIERROR_BAD_VALUE, param,
		    "Invalid value for '%s': the URL has a zero byte.", param);
	if (is_stored_file(url)) {
		*ret_part = file_part(url, NULL);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(videos); i++) {
		if (slice_startsi(url, slice_str(videos[i]))) {
			*ret_part = file_part(url, NULL);
			return 0;
		}
	}
	if (mime == NULL)
		mime = mime_from_name(filename);
	/* What Google does not read as it is can be read here. */
	if (c->env->media_urls && https &&
	    (mime == NULL || mime_is_media(slice_str(mime)) ||
		slice_starts(slice_str(mime), SLICE("text/")))) {
		*ret_part = file_part(url, mime);
		return 0;
	}
	return fetched_part(c, url, filename, param, ret_part, err);
}
