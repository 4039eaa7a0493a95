/*
 * A form cut at its boundary. The needle is LF and the boundary, which no line holds twice: so a
 * search goes on behind each hit, and the whole takes time linear in the body.
 */
#include "config.h"

#include "core/http/multipart.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/http/query.h"

#define BOUNDARY_MAX 70 /* RFC 2046, 5.1.1 */

struct needle {
	char text[BOUNDARY_MAX + 3]; /* LF, two dashes, the boundary */
	size_t len;
};

void
multipart_init(struct multipart *m)
{
	*m = (struct multipart){ 0 };
}

void
multipart_release(struct multipart *m)
{
	free(m->parts);
	multipart_init(m);
}

/* ---- parameters of a header value ---- */

/* Cuts `; name=value` off the front of s. The value of a quoted string is what stands between the
 * quotes, escapes and all. False at the end, or when it is malformed. */
static bool
next_param(struct slice *s, struct slice *ret_name, struct slice *ret_value)
{
	size_t end = 0;

	*s = slice_trim(*s);
	while (s->len > 0 && s->ptr[0] == ';')
		*s = slice_trim(slice_skip(*s, 1));
	while (end < s->len && s->ptr[end] != '=' && s->ptr[end] != ';')
		end++;
	if (s->len == 0 || end == s->len || s->ptr[end] == ';')
		return false;
	*ret_name = slice_trim((struct slice){ s->ptr, end });
	*s = slice_trim(slice_skip(*s, end + 1));
	if (s->len > 0 && s->ptr[0] == '"') {
		for (end = 1; end < s->len && s->ptr[end] != '"'; end++)
			end += s->ptr[end] == '\\' && end + 1 < s->len;
		if (end >= s->len)
			return false;
		*ret_value = (struct slice){ s->ptr + 1, end - 1 };
		*s = slice_skip(*s, end + 1);
		return true;
	}
	for (end = 0; end < s->len && s->ptr[end] != ';';)
		end++;
	*ret_value = slice_trim((struct slice){ s->ptr, end });
	*s = slice_skip(*s, end);
	return true;
}

static int
multipart_bad(struct apierror *err, const char *why)
{
	return apierror_set(
	    err, APIERROR_BAD_REQUEST, NULL, "The multipart form could not be read: %s", why);
}

/* The needle from a Content-Type. */
static int
read_boundary(struct slice type, struct needle *ret, struct apierror *err)
{
	struct slice media, name, value;

	if (!slice_split(&type, ';', &media) ||
	    !slice_eqi(slice_trim(media), SLICE("multipart/form-data")))
		return apierror_set(err, APIERROR_BAD_REQUEST, NULL,
		    "This endpoint takes a form: send the request with the Content-Type "
		    "multipart/form-data.");
	while (next_param(&type, &name, &value)) {
		if (!slice_eqi(name, SLICE("boundary")))
			continue;
		memcpy(ret->text, "\n--", 3);
		ret->len = 3;
		for (size_t i = 0; i < value.len; i++) {
			if (value.ptr[i] == '\\' && i + 1 < value.len)
				i++;
			if (ret->len == sizeof(ret->text) || (unsigned char)value.ptr[i] < ' ')
				return multipart_bad(
				    err, "the boundary in its Content-Type is not valid.");
			ret->text[ret->len++] = value.ptr[i];
		}
		if (ret->len > 3)
			return 0;
	}
	return multipart_bad(err,
	    "its Content-Type names no boundary. Leave that header to the HTTP client, "
	    "which knows the boundary.");
}

/* ---- the header of a part ---- */

/* Content-Disposition; value may stand on several lines. */
static void
read_disposition(struct slice value, struct multipart_part *part)
{
	struct slice kind, name, text;
	ptrdiff_t quote;

	if (!slice_split(&value, ';', &kind) || !slice_eqi(slice_trim(kind), SLICE("form-data")))
		return;
	while (next_param(&value, &name, &text)) {
		if (slice_eqi(name, SLICE("name"))) {
			part->name = text;
		} else if (slice_eqi(name, SLICE("filename")) && !part->encoded) {
			part->filename = text;
			part->file = true;
		} else if (slice_eqi(name, SLICE("filename*")) &&
			   (quote = slice_find(text, SLICE("'"))) >= 0) {
			/* charset'language'text: the text is read as UTF-8. */
			text = slice_skip(text, (size_t)quote + 1);
			quote = slice_find(text, SLICE("'"));
			part->filename = quote >= 0 ? slice_skip(text, (size_t)quote + 1) : text;
			part->encoded = part->file = true;
		}
	}
}

/* Cuts one header off the front: its line and those that continue it, without the final line end.
 * False when no line end is left. */
static bool
next_header(struct slice *s, struct slice *ret)
{
	size_t at = 0;
	const char *end;

	do {
		end = at < s->len ? memchr(s->ptr + at, '\n', s->len - at) : NULL;
		if (end == NULL)
			return false;
		at = (size_t)(end - s->ptr) + 1;
	} while (at > 2 && at < s->len && (s->ptr[at] == ' ' || s->ptr[at] == '\t'));
	*ret = (struct slice){ s->ptr, at - 1 };
	if (ret->len > 0 && ret->ptr[ret->len - 1] == '\r')
		ret->len--;
	*s = slice_skip(*s, at);
	return true;
}

/* Cuts the header lines and the empty one behind them off *s. */
static int
read_head(struct slice *s, struct multipart_part *part, struct apierror *err)
{
	size_t window = s->len < FORM_HEAD_MAX ? s->len : FORM_HEAD_MAX;
	struct slice head = { s->ptr, window }, line, name;

	for (;;) {
		if (!next_header(&head, &line))
			return multipart_bad(err, window < s->len
						      ? "the header of a part is too long."
						      : "it ends within the header of a part.");
		if (line.len == 0)
			break;
		if (!slice_split(&line, ':', &name))
			continue;
		name = slice_trim(name);
		line = slice_trim(line);
		if (slice_eqi(name, SLICE("Content-Disposition")))
			read_disposition(line, part);
		else if (slice_eqi(name, SLICE("Content-Type")))
			part->type = line;
		else if (slice_eqi(name, SLICE("Content-Transfer-Encoding")) &&
			 (slice_eqi(line, SLICE("base64")) ||
			     slice_eqi(line, SLICE("quoted-printable"))))
			return multipart_bad(
			    err, "a part has a Content-Transfer-Encoding; send it as it is.");
	}
	if (part->name.len == 0)
		return multipart_bad(err, "a part has no name.");
	*s = slice_skip(*s, window - head.len);
	return 0;
}

/* ---- the body ---- */

enum delimiter { DELIMITER_NONE, DELIMITER_NEXT, DELIMITER_LAST };

/* What stands behind a boundary; *s is cut behind its line. */
static enum delimiter
read_delimiter(struct slice *s, bool *ret_crlf)
{
	size_t at = 0;

	if (slice_starts(*s, SLICE("--")))
		return DELIMITER_LAST;
	while (at < s->len && (s->ptr[at] == ' ' || s->ptr[at] == '\t'))
		at++;
	*ret_crlf = at + 1 < s->len && s->ptr[at] == '\r' && s->ptr[at + 1] == '\n';
	at += *ret_crlf;
	if (at >= s->len || s->ptr[at] != '\n')
		return DELIMITER_NONE;
	*s = slice_skip(*s, at + 1);
	return DELIMITER_NEXT;
}

/* The next delimiter at or behind *s, which is cut behind it; *ret_before is what stood before its
 * LF. */
static enum delimiter
find_delimiter(
    struct slice *s, const struct needle *needle, struct slice *ret_before, bool *ret_crlf)
{
	const char *start = s->ptr, *hit;
	enum delimiter kind;

	while (s->len > 0 && (hit = memmem(s->ptr, s->len, needle->text, needle->len)) != NULL) {
		*s = slice_skip(*s, (size_t)(hit - s->ptr) + needle->len);
		*ret_before = (struct slice){ start, (size_t)(hit - start) };
		kind = read_delimiter(s, ret_crlf);
		if (kind != DELIMITER_NONE)
			return kind;
	}
	return DELIMITER_NONE;
}

static int
multipart_add_part(
    struct multipart *m, size_t *room, const struct multipart_part *part, struct apierror *err)
{
	if (m->count == FORM_PARTS_MAX)
		return multipart_bad(err, "it has too many parts.");
	if (m->count == *room) {
		*room = *room > 0 ? *room * 2 : 16;
		m->parts = xrealloc(m->parts, *room * sizeof(*m->parts));
	}
	m->parts[m->count++] = *part;
	return 0;
}

int
multipart_read(
    struct multipart *m, struct slice content_type, struct slice body, struct apierror *err)
{
	struct needle needle;
	struct slice before = SLICE(""), first;
	enum delimiter kind = DELIMITER_NONE;
	size_t room = 0;
	bool crlf = true, crlf_next = true;

	if (read_boundary(content_type, &needle, err) != 0)
		return -1;
	if (slice_starts(body, (struct slice){ needle.text + 1, needle.len - 1 })) {
		first = slice_skip(body, needle.len - 1);
		kind = read_delimiter(&first, &crlf);
		if (kind == DELIMITER_NEXT)
			body = first;
	}
	if (kind == DELIMITER_NONE)
		kind = find_delimiter(&body, &needle, &before, &crlf);
	if (kind == DELIMITER_NONE)
		return multipart_bad(err, "the boundary that its Content-Type names is not in it.");
	while (kind == DELIMITER_NEXT) {
		struct multipart_part part = { SLICE(""), SLICE(""), SLICE(""), SLICE(""), 0, 0 };
		const char *start;

		if (read_head(&body, &part, err) != 0)
			return -1;
		/* The line end of the header's last line may be the delimiter's as well. */
		start = body.ptr;
		body = (struct slice){ body.ptr - 1, body.len + 1 };
		kind = find_delimiter(&body, &needle, &before, &crlf_next);
		if (kind == DELIMITER_NONE)
			return multipart_bad(err, "it ends before its last boundary.");
		if (before.len > 0)
			part.body = (struct slice){ start, before.len - 1 };
		if (crlf && part.body.len > 0 && part.body.ptr[part.body.len - 1] == '\r')
			part.body.len--;
		if (multipart_add_part(m, &room, &part, err) != 0)
			return -1;
		crlf = crlf_next;
	}
	return 0;
}

const struct multipart_part *
multipart_find(const struct multipart *m, const char *name, const struct multipart_part *after)
{
	struct slice want = slice_str(name);

	for (size_t i = after != NULL ? (size_t)(after - m->parts) + 1 : 0; i < m->count; i++) {
		struct slice got = m->parts[i].name;

		if (slice_ends(got, SLICE("[]")))
			got.len -= 2;
		if (slice_eq(got, want))
			return &m->parts[i];
	}
	return NULL;
}

void
multipart_filename(const struct multipart_part *part, struct buf *out)
{
	struct slice name = part->filename;
	size_t before = out->len;

	if (part->encoded) {
		if (percent_decode(name, false, out))
			return;
		out->len = before;
		buf_add_slice(out, name);
		return;
	}
	for (size_t i = 0; i < name.len; i++) {
		/* Old browsers send whole paths of Windows: only quotes are escaped for sure. */
		if (name.ptr[i] == '\\' && i + 1 < name.len &&
		    (name.ptr[i + 1] == '"' || name.ptr[i + 1] == '\\'))
			i++;
		buf_addc(out, name.ptr[i]);
	}
}
