/* Secrets in pass_through bytes: overlaps, prefixes, every split, and how little is held back. */
#include "config.h"

#include "core/keys/scrub.h"

#include "base/limits.h"
#include "base/xalloc.h"
#include "tap.h"

#define KEY_A "AIzaSyA1234567890abcdefghijklmnopqrstuv"
#define KEY_B "AQ.Ab8RN6KfzX_longer-than-the-other-kind-of-key-is-0123456789"

static struct buf out;
static size_t calls;

static void
collect(void *ctx, struct slice clean)
{
	(void)ctx;
	calls++;
	buf_add_slice(&out, clean);
}

static struct scrub_set *
set_of(const char *const *secrets)
{
	struct slice slices[8];
	size_t count = 0;

	for (; secrets[count] != NULL; count++)
		slices[count] = slice_str(secrets[count]);
	return scrub_set_new(slices, count);
}

/* Feeds text in pieces of that size. */
static void
feed(const struct scrub_set *set, struct slice text, size_t piece)
{
	struct scrub_stream s;

	buf_reset(&out);
	calls = 0;
	scrub_stream_init(&s, set);
	while (text.len > 0) {
		size_t len = text.len < piece ? text.len : piece;

		scrub_stream_feed(&s, (struct slice){ text.ptr, len }, collect, NULL);
		text = (struct slice){ text.ptr + len, text.len - len };
	}
	scrub_stream_finish(&s, collect, NULL);
	scrub_stream_release(&s);
}

/* clang-format off */
static const struct {
	const char *what;
	const char *secrets[8];
	const char *text, *clean;
	size_t found;
} cases[] = {
	{ "no secret", { KEY_A }, "nothing of that kind in here, nothing at all", "nothing of that kind in here, nothing at all", 0 },
	{ "one secret", { KEY_A }, "Consumer 'api_key:" KEY_A "' has been suspended.",
	  "Consumer 'api_key:***************************************' has been suspended.", 1 },
	{ "a secret and nothing else", { KEY_A }, KEY_A, "***************************************", 1 },
	{ "two of different length", { KEY_A, KEY_B }, "{" KEY_B "}{" KEY_A "}",
	  "{*************************************************************}{***************************************}", 2 },
	{ "side by side", { "abcdefgh" }, "abcdefghabcdefgh", "****************", 2 },
	{ "one the start of another", { "abcdefgh", "abcdefghijkl" }, "-abcdefghijkl-abcdefghijx", "-************-********ijx", 2 },
	{ "one inside another", { "XXabcdefghYY", "abcdefgh" }, "XXabcdefghYY XXabcdefghY", "************ XX********Y", 3 },
	{ "overlapping ones", { "abcdefgh", "efghijkl", "ijklmnop" }, "_abcdefghijklmnop_", "_****************_", 3 },
	{ "overlapping itself", { "abababab" }, "xababababababx", "x************x", 3 },
	{ "the same twice", { KEY_A, KEY_A }, KEY_A, "***************************************", 1 },
	{ "one that is too short", { "abcdefg" }, "abcdefg", "abcdefg", 0 },
	{ "almost a secret", { "abcdefgh" }, "abcdefgg abcdefg", "abcdefgg abcdefg", 0 },
	{ "no secrets at all", { NULL }, "anything", "anything", 0 },
	{ "an escaped character", { "abcdefgh" }, "\"\\u0061bcdefgh\"", "\"*************\"", 1 },
	{ "all of them", { "abcdefgh" }, "\\u0061\\u0062\\u0063\\u0064\\u0065\\u0066\\u0067\\u0068",
	  "************************************************", 1 },
	{ "in the middle, in capitals", { "abc.efgh-_" }, "-abc\\u002Eefgh\\u002d_-", "-********************-", 1 },
	{ "a slash", { "abcd/fgh" }, "abcd\\/fgh", "*********", 1 },
	{ "a quote and a backslash", { "ab\"d\\fgh" }, "ab\\\"d\\\\fgh", "**********", 1 },
	{ "an escaped backslash before it", { "u0061bcd" }, "\\\\u0061bcd", "\\\\********", 1 },
	{ "no escape of it", { "abcdefgh" }, "\\\\u0061bcdefgh \\u00e1bcdefgh", "\\\\u0061bcdefgh \\u00e1bcdefgh", 0 },
	{ "one that is cut off", { "abcdefgh" }, "abcdefg\\u00", "abcdefg\\u00", 0 },
	{ "no hexadecimal digits", { "abcdefgh" }, "\\u00xxabcdefgh \\", "\\u00xx******** \\", 1 },
	{ "as it is beside an escaped one", { "abcdefgh", "fghijklm" }, "abcdefgh\\u0069jklm", "******************", 2 },
	{ "bytes beyond ASCII", { "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9" }, "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9", "**********", 2 },
};
/* clang-format on */

static void
test_cases(void)
{
	struct buf copy;

	buf_init(&copy, KIB);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct scrub_set *set = set_of(cases[i].secrets);
		struct slice text = slice_str(cases[i].text);
		bool same = true;

		buf_reset(&copy);
		buf_add_slice(&copy, text);
		is_int(scrub_bytes(set, copy.data, copy.len), cases[i].found, cases[i].what);
		is_slice(buf_slice(&copy), cases[i].clean, "... is hidden");
		for (size_t piece = 1; piece <= text.len && same; piece++) {
			feed(set, text, piece);
			same = slice_eq(buf_slice(&out), slice_str(cases[i].clean));
		}
		ok(same, "... at every split");
		scrub_set_free(set);
	}
	buf_release(&copy);
}

static void
test_holding(void)
{
	const char *const secrets[] = { KEY_A, KEY_B, NULL };
	struct scrub_set *set = set_of(secrets);
	struct slice clean = SLICE("data: {\"text\":\"A quick brown fox\"}\n\n");
	struct scrub_stream s;

	scrub_stream_init(&s, set);
	buf_reset(&out);
	calls = 0;
	scrub_stream_feed(&s, clean, collect, NULL);
	is_slice(buf_slice(&out), clean.ptr, "clean bytes pass at once");
	is_int(calls, 1, "in one piece");
	is_int(s.held.len, 0, "and nothing is held");
	scrub_stream_feed(&s, SLICE("xyz AIza"), collect, NULL);
	is_int(s.held.len, 4, "the start of a secret is held");
	scrub_stream_feed(&s, SLICE("SyB AIzaSyA"), collect, NULL);
	is_int(s.held.len, 7, "until it is none; then the next one");
	scrub_stream_feed(&s, SLICE("A"), collect, NULL);
	is_int(s.held.len, 1, "no more than may still become one");
	scrub_stream_finish(&s, collect, NULL);
	is_slice(buf_slice(&out), "data: {\"text\":\"A quick brown fox\"}\n\nxyz AIzaSyB AIzaSyAA",
	    "the end passes on what was held");
	scrub_stream_release(&s);
	scrub_set_free(set);
}

static void
test_large(void)
{
	const char *const secrets[] = { KEY_A, NULL };
	struct scrub_set *set = set_of(secrets);
	struct buf text;

	buf_init(&text, MIB);
	for (size_t i = 0; i < 5000; i++)
		buf_adds(&text, i % 100 == 7 ? KEY_A : "some text without any key");
	feed(set, buf_slice(&text), text.len);
	is_int(out.len, text.len, "a piece larger than what is looked at in one go");
	ok(slice_find(buf_slice(&out), SLICE(KEY_A)) < 0, "has no secret left");
	feed(set, buf_slice(&text), 65535);
	ok(slice_find(buf_slice(&out), SLICE(KEY_A)) < 0, "nor at a split in the middle of one");
	buf_release(&text);
	scrub_set_free(set);
}

static void
test_nothing(void)
{
	char text[] = "text with " KEY_A;

	is_int(scrub_bytes(NULL, text, strlen(text)), 0, "no set hides nothing");
	feed(NULL, slice_str(text), 5);
	is_slice(buf_slice(&out), text, "also in a stream");
	scrub_set_free(NULL);
}

int
main(void)
{
	buf_init(&out, MIB);
	test_cases();
	test_holding();
	test_large();
	test_nothing();
	buf_release(&out);
	return tap_done();
}
