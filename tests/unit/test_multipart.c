/* multipart.c: forms of every maker, broken forms, and forms that are meant to take long. */
#include "config.h"

#include "core/http/multipart.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "core/json/json.h"
#include "tap.h"

#define TYPE "multipart/form-data; boundary=XX"

static void
dump(const struct multipart *m, struct buf *out)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct multipart_part *part = &m->parts[i];

		buf_add_slice(out, part->name);
		if (part->file) {
			buf_addc(out, '<');
			multipart_filename(part, out);
			buf_addc(out, '>');
		}
		if (part->type.len > 0) {
			buf_addc(out, '{');
			buf_add_slice(out, part->type);
			buf_addc(out, '}');
		}
		buf_addc(out, '=');
		buf_add_slice(out, part->body);
		buf_addc(out, '|');
	}
}

/* want: the parts, or "!" and a piece of the message. */
static void
check(const char *what, const char *type, struct slice body, const char *want)
{
	/* Exactly as large as the body: the sanitizer sees every byte too far. */
	char *copy = xmalloc(body.len > 0 ? body.len : 1);
	struct multipart m;
	struct apierror err;
	struct buf out;

	memcpy(copy, body.ptr, body.len);
	buf_init(&out, MIB);
	multipart_init(&m);
	if (multipart_read(&m, slice_str(type), (struct slice){ copy, body.len }, &err) == 0) {
		dump(&m, &out);
		is_slice(buf_slice(&out), want, what);
	} else if (!ok(want[0] == '!' && strstr(err.message, want + 1) != NULL && err.status == 400,
		       what)) {
		printf("#      got: %d %s\n", err.status, err.message);
	}
	multipart_release(&m);
	buf_release(&out);
	free(copy);
}

#define PART(name, body) \
	"--XX\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" body "\r\n"
#define HEAD "--XX\r\nContent-Disposition: form-data; name=\"a\""
#define END  "--XX--\r\n"

static void
test_shapes(void)
{
	check("two fields", TYPE, SLICE(PART("a", "1") PART("b", "2") END), "a=1|b=2|");
	check("nothing in it", TYPE, SLICE(END), "");
	check("no line end at the end", TYPE, SLICE(PART("a", "1") "--XX--"), "a=1|");
	check("before and behind", TYPE, SLICE("hello\r\n--XXY\r\n" PART("a", "1") END "bye"),
	    "a=1|");
	check("LF alone", TYPE,
	    SLICE("--XX\nContent-Disposition: form-data; name=\"a\"\n\n1\n--XX--\n"), "a=1|");
	check("LF alone keeps a CR of the content", TYPE,
	    SLICE("--XX\nContent-Disposition: form-data; name=\"a\"\n\n1\r\n--XX--\n"), "a=1\r|");
	check("blanks behind the boundary", TYPE,
	    SLICE("--XX \t\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--XX--"),
	    "a=1|");
	check("an empty field", TYPE, SLICE(PART("a", "") END), "a=|");
	check("an empty field without its line end", TYPE, SLICE(HEAD "\r\n\r\n" END), "a=|");
	check("line ends in the content", TYPE, SLICE(PART("a", "\r\n\n1\r\n") END),
	    "a=\r\n\n1\r\n|");
	check("a boundary within a line", TYPE, SLICE(PART("a", "x--XX\r\n--XX1\r\n-XX") END),
	    "a=x--XX\r\n--XX1\r\n-XX|");
}

static void
test_binary(void)
{
	static const struct slice body = SLICE(PART("a", "\0\xFF\0") END);
	struct multipart m;
	struct apierror err;

	multipart_init(&m);
	ok(multipart_read(&m, SLICE(TYPE), body, &err) == 0 && m.count == 1 &&
		slice_eq(m.parts[0].body, SLICE("\0\xFF\0")),
	    "bytes of every kind");
	multipart_release(&m);
}

static void
test_headers(void)
{
	check("a file", TYPE,
	    SLICE(HEAD "; filename=\"x y.wav\"\r\nContent-Type: audio/wav\r\n\r\n1\r\n" END),
	    "a<x y.wav>{audio/wav}=1|");
	check("names in any case, no quotes, no blanks", TYPE,
	    SLICE("--XX\r\ncontent-disposition:FORM-DATA;filename=f.mp3;NAME=a\r\n"
		  "CONTENT-TYPE:text/plain; charset=utf-8\r\n\r\n1\r\n" END),
	    "a<f.mp3>{text/plain; charset=utf-8}=1|");
	check("escaped quotes", TYPE, SLICE(HEAD "; filename=\"a\\\"b;c.wav\"\r\n\r\n1\r\n" END),
	    "a<a\"b;c.wav>=1|");
	check("a path of Windows", TYPE,
	    SLICE(HEAD "; filename=\"C:\\dir\\f.wav\"\r\n\r\n1\r\n" END), "a<C:\\dir\\f.wav>=1|");
	check("an empty file name", TYPE, SLICE(HEAD "; filename=\"\"\r\n\r\n1\r\n" END), "a<>=1|");
	check("filename*", TYPE,
	    SLICE(HEAD "; filename=\"_.wav\"; filename*=UTF-8''%C3%A4.wav\r\n\r\n1\r\n" END),
	    "a<\xC3\xA4.wav>=1|");
	check("filename* first", TYPE,
	    SLICE(HEAD "; filename*=utf-8'de'%C3%A4.wav; filename=\"_.wav\"\r\n\r\n1\r\n" END),
	    "a<\xC3\xA4.wav>=1|");
	check("filename* with a bad escape", TYPE,
	    SLICE(HEAD "; filename*=UTF-8''%C3%x.wav\r\n\r\n1\r\n" END), "a<%C3%x.wav>=1|");
	check("a folded header", TYPE,
	    SLICE("--XX\r\nContent-Disposition: form-data;\r\n name=\"a\";\r\n\tfilename=\"f\"\r\n"
		  "\r\n1\r\n" END),
	    "a<f>=1|");
	check("other headers", TYPE,
	    SLICE(HEAD "\r\nContent-Length: 1\r\nX\r\nContent-Transfer-Encoding: binary\r\n\r\n1"
		       "\r\n" END),
	    "a=1|");
	check("no name", TYPE, SLICE("--XX\r\nContent-Type: a/b\r\n\r\n1\r\n" END),
	    "!a part has no name");
	check("no header", TYPE, SLICE("--XX\r\n\r\n1\r\n" END), "!a part has no name");
	check("an open quote", TYPE,
	    SLICE("--XX\r\nContent-Disposition: form-data; name=\"a\r\n\r\n1\r\n" END),
	    "!a part has no name");
	check("another disposition", TYPE,
	    SLICE("--XX\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\n1\r\n" END),
	    "!a part has no name");
	check("encoded content", TYPE,
	    SLICE(HEAD "\r\nContent-Transfer-Encoding: Base64\r\n\r\nMQ==\r\n" END),
	    "!Content-Transfer-Encoding");
}

static void
test_types(void)
{
	static const struct slice body = SLICE(PART("a", "1") END);

	check("quoted", "multipart/form-data; boundary=\"XX\"", body, "a=1|");
	check("in any case", "Multipart/Form-Data; charset=utf-8;BOUNDARY=XX", body, "a=1|");
	check("quoted with blanks and escapes", "multipart/form-data; boundary=\"a \\b:c\"",
	    SLICE("--a b:c\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--a b:c--"),
	    "a=1|");
	check("another type", "application/json", body, "!multipart/form-data");
	check("another multipart", "multipart/mixed; boundary=XX", body, "!multipart/form-data");
	check("no type", "", body, "!multipart/form-data");
	check("no boundary", "multipart/form-data", body, "!names no boundary");
	check("an empty boundary", "multipart/form-data; boundary=", body, "!names no boundary");
	check("a boundary that is too long",
	    "multipart/form-data; boundary=0123456789012345678901234567890123456789"
	    "0123456789012345678901234567890",
	    body, "!boundary in its Content-Type is not valid");
	check("another boundary", "multipart/form-data; boundary=YY", body, "!is not in it");
	check("an empty body", TYPE, SLICE(""), "!is not in it");
}

static void
test_cuts(void)
{
	static const struct slice whole = SLICE(PART("a", "1") PART("b", "2") "--XX--");
	struct multipart m;
	struct apierror err;
	bool all = true;

	for (size_t len = 0; len < whole.len; len++) {
		char *copy = xmalloc(len + 1);

		memcpy(copy, whole.ptr, len);
		multipart_init(&m);
		all =
		    all && multipart_read(&m, SLICE(TYPE), (struct slice){ copy, len }, &err) == -1;
		multipart_release(&m);
		free(copy);
	}
	ok(all, "a form that is cut anywhere is refused");
}

static void
test_ceilings(void)
{
	struct buf body;

	buf_init(&body, 16 * MIB);
	for (unsigned i = 0; i <= FORM_PARTS_MAX; i++)
		buf_adds(&body, PART("a", "1"));
	buf_adds(&body, END);
	check("too many parts", TYPE, buf_slice(&body), "!too many parts");
	buf_reset(&body);
	buf_adds(&body, HEAD "\r\nX: ");
	for (size_t i = 0; i < FORM_HEAD_MAX; i++)
		buf_addc(&body, 'x');
	buf_adds(&body, "\r\n\r\n1\r\n" END);
	check("a header that is too long", TYPE, buf_slice(&body), "!header of a part is too long");
	buf_release(&body);
}

/* ThreadSanitizer looks at the whole haystack of each memmem, found or not. */
#ifdef __SANITIZE_THREAD__
#define LONG (64 * KIB)
#else
#define LONG (8 * MIB)
#endif

/* These would take minutes if the rest were searched anew at each hit. */
static void
test_linear(void)
{
	static const char *const pieces[] = { "\n--XX.", "\r\n--XX-\r\n", ".--XX", "\n", "\n--X" };
	struct buf body;

	buf_init(&body, 32 * MIB);
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		buf_reset(&body);
		buf_adds(&body, HEAD "\r\n\r\n");
		while (body.len < LONG)
			buf_adds(&body, pieces[i]);
		check("near misses", TYPE, buf_slice(&body), "!ends before its last boundary");
	}
	buf_release(&body);
}

static void
test_find(void)
{
	static const struct slice body =
	    SLICE(PART("image[]", "1") PART("b", "2") PART("image", "3") END);
	const struct multipart_part *part;
	struct multipart m;
	struct apierror err;

	multipart_init(&m);
	ok(multipart_read(&m, SLICE(TYPE), body, &err) == 0, "a list");
	part = multipart_find(&m, "image", NULL);
	is_slice(part->body, "1", "name[] is name");
	part = multipart_find(&m, "image", part);
	is_slice(part->body, "3", "and so is name");
	ok(multipart_find(&m, "image", part) == NULL, "no more");
	ok(multipart_find(&m, "imag", NULL) == NULL, "no part of a name");
	ok(m.parts[0].body.ptr > body.ptr && m.parts[0].body.ptr < body.ptr + body.len,
	    "nothing is copied");
	multipart_release(&m);
}

static void
test_json(void)
{
	static const struct slice body = SLICE(
	    PART("s", " x ") PART("n", " 0.5 ") PART("i", "3") PART("b", "True") PART("l[]", "1")
		PART("l[]", "2") PART("o[type]", "v") PART("bad_n", "half") PART("bad_b", "perhaps")
		    PART("empty", "") PART("s", "y") PART("unlisted", "z") END);
	static const struct multipart_field fields[] = { { "s", FORM_STR }, { "n", FORM_NUM },
		{ "i", FORM_NUM }, { "b", FORM_BOOL }, { "l", FORM_LIST }, { "o", FORM_SEEN },
		{ "bad_n", FORM_NUM }, { "bad_b", FORM_BOOL }, { "empty", FORM_STR }, { 0 } };
	struct multipart m;
	struct apierror err;
	struct buf text, large;
	json_object *object = NULL;

	buf_init(&text, MIB);
	buf_init(&large, 4 * MIB);
	multipart_init(&m);
	ok(multipart_read(&m, SLICE(TYPE), body, &err) == 0 &&
		multipart_json(&m, fields, &object, &err) == 0,
	    "fields of every kind");
	json_write(object, &text);
	is_slice(buf_slice(&text),
	    "{\"s\":\"y\",\"n\":0.5,\"i\":3,\"b\":true,\"l\":[\"1\",\"2\"],\"o\":true,"
	    "\"bad_n\":\"half\",\"bad_b\":\"perhaps\"}",
	    "as JSON");
	json_object_put(object);
	multipart_release(&m);
	buf_adds(&large, HEAD "\r\n\r\n");
	while (large.len <= FORM_TEXT_MAX + 100)
		buf_adds(&large, "0123456789");
	buf_adds(&large, "\r\n" END);
	multipart_init(&m);
	ok(multipart_read(&m, SLICE(TYPE), buf_slice(&large), &err) == 0, "a large field");
	ok(multipart_json(&m, (const struct multipart_field[]){ { "a", FORM_STR }, { 0 } }, &object,
	       &err) == -1,
	    "is refused as text");
	is_str(err.param, "a", "by its name");
	multipart_release(&m);
	buf_release(&text);
	buf_release(&large);
}

int
main(void)
{
	test_shapes();
	test_binary();
	test_headers();
	test_types();
	test_cuts();
	test_ceilings();
	test_linear();
	test_find();
	test_json();
	return tap_done();
}
