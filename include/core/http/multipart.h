/*
 * multipart/form-data (RFC 7578, 2046) in a body that is in memory as a whole. Nothing is copied,
 * every byte is searched once, and lines may end with CRLF or with LF alone.
 */
#ifndef CORE_HTTP_MULTIPART_H
#define CORE_HTTP_MULTIPART_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"
#include "base/buf.h"
#include "core/api/apierror.h"
#include "core/api/changes.h"

#define FORM_PARTS_MAX 1000      /* parts of one multipart form */
#define FORM_HEAD_MAX  (8 * KIB) /* the header lines of one part */

/* All slices point into the body. */
struct multipart_part {
	struct slice name;     /* between its quotes */
	struct slice filename; /* raw, see multipart_filename; empty when there is none */
	struct slice type;     /* the value of Content-Type, or empty */
	struct slice body;
	bool file;    /* a filename was given, be it empty */
	bool encoded; /* filename is percent-encoded: it came as filename* (RFC 5987) */
};

struct multipart {
	struct multipart_part *parts; /* in their order */
	size_t count;
};

void multipart_init(struct multipart *m);
void multipart_release(struct multipart *m);
/* content_type: the value of the request's header. 0, or -1 with err (400): another media type, no
 * boundary, a form that is cut or malformed, a ceiling (FORM_* in base/limits.h). m may be
 * released after a failure as well. */
int multipart_read(
    struct multipart *m, struct slice content_type, struct slice body, struct apierror *err);

/* The next part of that name behind `after` (NULL: from the start), or NULL. `name[]` is the same
 * field as `name`: clients write lists so. */
const struct multipart_part *multipart_find(
    const struct multipart *m, const char *name, const struct multipart_part *after);
/* Appends the file's name as the sender meant it: escapes undone. */
void multipart_filename(const struct multipart_part *part, struct buf *out);

enum multipart_kind {
	FORM_STR,
	FORM_NUM,  /* text that is no number stays a string: for the field table to refuse */
	FORM_BOOL, /* likewise; true, false, 1 and 0 in any case */
	FORM_LIST, /* an array of strings, one for each part of that name */
	FORM_SEEN, /* true, whatever is in it, for `name`, `name[]` and `name[member]` */
};

struct multipart_field {
	const char *name; /* NULL ends a table */
	enum multipart_kind kind;
};

/* The named fields as a new JSON object, so that a field table (fieldmap.h) can read them; the last
 * of several parts wins. Empty text is absent, as in forms of a browser. -1 with err for text that
 * is too long. */
int multipart_json(const struct multipart *m, const struct multipart_field *fields,
    json_object **ret, struct apierror *err);
/* Notes the parts without a row as ignored, but for those of the name `file` (or NULL). */
int multipart_note_rest(const struct multipart *m, const struct multipart_field *fields,
    const char *file, struct changes *changes, struct apierror *err);

#endif
