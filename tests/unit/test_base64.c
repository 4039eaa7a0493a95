/* base64.c: RFC 4648's vectors and the sloppy forms. */
#include "config.h"

#include "base/base64.h"

#include "base/limits.h"
#include "base/xalloc.h"
#include "tap.h"

static void
test_add(void)
{
	static const char *const vectors[][2] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" }, { "\xFB\xFF\xBF", "+/+/" } };
	struct buf out;

	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		unsigned char back[16];
		size_t len = strlen(vectors[i][0]);

		buf_init(&out, KIB);
		base64_add(&out, vectors[i][0], len);
		is_slice(buf_slice(&out), vectors[i][1], "written");
		ok(base64_is_canonical(buf_slice(&out)), "canonical");
		ok(base64_peek(buf_slice(&out), back, sizeof(back)) == len &&
			memcmp(back, vectors[i][0], len) == 0,
		    "read again");
		buf_release(&out);
	}
	buf_init(&out, 3);
	base64_add(&out, "x", 1);
	ok(out.failed && out.len == 0, "the ceiling holds");
	buf_release(&out);
}

/* want: NULL when it must be refused. */
static void
normalised(const char *text, const char *want)
{
	struct buf out;
	bool good;

	buf_init(&out, KIB);
	good = base64_normalise(slice_str(text), &out);
	if (want == NULL)
		ok(!good, text);
	else if (ok(good, text))
		is_slice(buf_slice(&out), want, "  normalised");
	ok(want != NULL && strcmp(text, want) == 0 ? base64_is_canonical(slice_str(text))
						   : !base64_is_canonical(slice_str(text)),
	    "  canonical only when nothing had to change");
	buf_release(&out);
}

int
main(void)
{
	unsigned char head[4];

	test_add();
	normalised("Zm9v", "Zm9v");
	normalised("Zm8", "Zm8=");
	normalised("Zg", "Zg==");
	normalised("Zg=", "Zg==");
	normalised("Z h\r\n==", "Zg==");
	normalised("-_-_", "+/+/");
	normalised("Zh==", "Zg==");
	normalised("Zm9=", "Zm8=");
	normalised("Z", NULL);
	normalised("Zm9vY", NULL);
	normalised("Zg===", NULL);
	normalised("Zg==Zg==", NULL);
	normalised("Zm*v", NULL);
	normalised("Zm9\xC3", NULL);
	is_int(
	    base64_peek(SLICE("iVBO Rw0K"), head, sizeof(head)), 4, "as much as there is room for");
	ok(memcmp(head, "\x89PNG", 4) == 0, "decoded");
	return tap_done();
}
