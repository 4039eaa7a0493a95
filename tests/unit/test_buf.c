/* buf.c: slices, the ceiling, the escapes. */
#include "config.h"

#include "base/buf.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "tap.h"

static void
test_compare(void)
{
	struct slice text = SLICE("Content-Type");

	is_int(slice_str(NULL).len, 0, "NULL is an empty slice");
	ok(slice_str(NULL).ptr != NULL, "that may be pointed into");
	ok(slice_eq(SLICE("ab"), SLICE("ab")), "equal");
	ok(!slice_eq(SLICE("ab"), SLICE("aB")), "case counts");
	ok(!slice_eq(SLICE("ab"), SLICE("abc")), "length counts");
	ok(slice_eq((struct slice){ NULL, 0 }, SLICE("")), "empty is empty");
	ok(slice_eqi(SLICE("aB"), SLICE("Ab")), "case ignored");
	ok(slice_eq(SLICE("a\0b"), SLICE("a\0b")) && !slice_eq(SLICE("a\0b"), SLICE("a\0c")),
	    "NUL is a byte like others");
	ok(slice_starts(text, SLICE("Content")) && !slice_starts(text, SLICE("content")), "starts");
	ok(slice_starts(text, SLICE("")) && !slice_starts(SLICE("Co"), text), "starts, lengths");
	ok(slice_startsi(text, SLICE("content-TYPE")), "starts, case ignored");
	ok(!slice_startsi(SLICE("Co"), text), "a shorter text does not start with a longer one");
	ok(slice_ends(text, SLICE("Type")) && !slice_ends(text, SLICE("type")), "ends");
	ok(slice_ends(text, SLICE("")) && !slice_ends(SLICE("pe"), text), "ends, lengths");
}

static void
test_cut(void)
{
	struct slice rest = SLICE("a,,b"), part;

	is_slice(slice_trim(SLICE(" \t\r\n a b \r\n")), "a b", "trim");
	is_slice(slice_trim(SLICE(" \t ")), "", "trim nothing but blanks");
	ok(slice_split(&rest, ',', &part), "split");
	is_slice(part, "a", "  first part");
	ok(slice_split(&rest, ',', &part), "  again");
	is_slice(part, "", "  empty part");
	ok(slice_split(&rest, ',', &part), "  again");
	is_slice(part, "b", "  last part");
	ok(!slice_split(&rest, ',', &part), "  nothing left");
	rest = SLICE("a,");
	ok(slice_split(&rest, ',', &part) && !slice_split(&rest, ',', &part),
	    "a separator at the end begins no part");
	is_int(slice_find(SLICE("abcabc"), SLICE("ca")), 2, "find");
	is_int(slice_find(SLICE("abc"), SLICE("")), 0, "find nothing");
	is_int(slice_find(SLICE("ab"), SLICE("abc")), -1, "find something longer");
	is_int(slice_find(SLICE("abc"), SLICE("d")), -1, "not found");
}

static void
test_fits(void)
{
	static const struct {
		const char *text, *pattern;
		bool fits;
	} rows[] = {
		{ "", "", true },
		{ "", "*", true },
		{ "a", "", false },
		{ "abc", "abc", true },
		{ "abc", "abd", false },
		{ "abc", "ab", false },
		{ "ab", "abc", false },
		{ "abc", "ab*", true },
		{ "ab", "ab*", true },
		{ "abc", "*bc", true },
		{ "abcbd", "*bc", false },
		{ "abcbc", "*bc", true },
		{ "abc", "a*c", true },
		{ "ac", "a*c", true },
		{ "acb", "a*c", false },
		{ "a-mini-2", "a*-mini*", true },
		{ "a-minimal-nano", "a-*-nano", true },
		{ "aXbXc", "a*b*c", true },
		{ "aXcXb", "a*b*c", false },
		{ "aaab", "*aab", true },
		{ "abab", "**ab**", true },
		{ "a*c", "a*c", true },
	};
	char what[64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(
		    what, sizeof(what), "'%s' and the pattern '%s'", rows[i].text, rows[i].pattern);
		ok(slice_fits(slice_str(rows[i].text), slice_str(rows[i].pattern)) == rows[i].fits,
		    what);
	}
}

static void
test_u64(void)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t value;
	} rows[] = {
		{ "0", true, 0 },
		{ "007", true, 7 },
		{ "18446744073709551615", true, UINT64_MAX },
		{ "18446744073709551616", false, 0 },
		{ "99999999999999999999", false, 0 },
		{ "", false, 0 },
		{ "-1", false, 0 },
		{ "+1", false, 0 },
		{ "1 ", false, 0 },
		{ "1a", false, 0 },
		{ "0x1", false, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t value = 0;
		bool good = slice_u64(slice_str(rows[i].text), &value);

		ok(good == rows[i].good && value == rows[i].value, rows[i].text);
	}
}

static void
test_ceiling(void)
{
	struct buf b;

	buf_init(&b, 4);
	ok(b.data == NULL, "no allocation before the first byte");
	is_slice(buf_slice(&b), "", "empty");
	buf_adds(&b, "abc");
	buf_addc(&b, 'd');
	ok(!b.failed, "as much as the ceiling");
	is_str(b.data, "abcd", "NUL-terminated");
	buf_addc(&b, 'e');
	ok(b.failed, "one more fails");
	is_slice(buf_slice(&b), "abcd", "and is dropped");
	buf_consume(&b, 2);
	buf_addc(&b, 'e');
	is_slice(buf_slice(&b), "cd", "failure stays");
	buf_reset(&b);
	buf_adds(&b, "xy");
	is_slice(buf_slice(&b), "xy", "until the reset");
	buf_addf(&b, "%d", 123);
	ok(b.failed && b.len == 2, "formatted text is dropped whole");
	buf_release(&b);
	ok(b.data == NULL && b.max == 4 && !b.failed, "release keeps the ceiling");
	buf_adds(&b, "abcde");
	ok(b.failed && b.data == NULL, "nothing is allocated for what does not fit");
	buf_release(&b);
	buf_init(&b, 0);
	buf_add(&b, NULL, 0);
	ok(!b.failed, "nothing fits into nothing");
	buf_addc(&b, 'a');
	ok(b.failed, "a byte does not");
	buf_release(&b);
}

static void
test_write(void)
{
	struct buf b;
	char *room, *text;

	buf_init(&b, MIB);
	buf_addf(&b, "%s=%d", "n", -5);
	buf_addc(&b, ' ');
	buf_add_u64(&b, 0);
	buf_addc(&b, ' ');
	buf_add_u64(&b, UINT64_MAX);
	is_slice(buf_slice(&b), "n=-5 0 18446744073709551615", "numbers");
	buf_consume(&b, 5);
	is_str(b.data, "0 18446744073709551615", "consume");
	buf_consume(&b, 100);
	is_str(b.data, "", "consume more than there is");
	room = buf_room(&b, 3);
	memcpy(room, "abc", 3);
	b.len += 3;
	buf_add_slice(&b, SLICE("d"));
	is_slice(buf_slice(&b), "abcd", "room");
	text = buf_take(&b);
	is_str(text, "abcd", "take");
	ok(b.data == NULL && b.len == 0 && b.max == MIB, "take leaves it empty");
	free(text);
	text = buf_take(&b);
	is_str(text, "", "take from an empty one");
	free(text);
	for (size_t i = 0; i < MIB; i++)
		buf_addc(&b, (char)('a' + i % 26));
	ok(!b.failed && b.len == MIB && b.cap == MIB + 1, "grows up to the ceiling");
	ok(b.data[0] == 'a' && b.data[MIB - 1] == (char)('a' + (MIB - 1) % 26),
	    "with its contents");
	buf_release(&b);
}

static void
json_is(struct slice in, const char *want, const char *what)
{
	struct buf b;

	buf_init(&b, KIB);
	buf_add_json(&b, in);
	is_slice(buf_slice(&b), want, what);
	buf_release(&b);
}

static void
test_json(void)
{
	json_is(SLICE(""), "", "nothing");
	json_is(SLICE("a/b<'"), "a/b<'", "plain");
	json_is(SLICE("\"\\\n\r\t"), "\\\"\\\\\\n\\r\\t", "short escapes");
	json_is(SLICE("\0\x01\x1f\b"), "\\u0000\\u0001\\u001f\\u0008", "controls");
	json_is(SLICE("\x7f"), "\x7f", "DEL needs none");
	json_is(SLICE("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"),
	    "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", "UTF-8 as it is");
	json_is(SLICE("a\xFF"
		      "b"),
	    "a" UTF8_REPLACEMENT "b", "no UTF-8");
	json_is(SLICE("\xE2\x82"), UTF8_REPLACEMENT UTF8_REPLACEMENT, "cut");
	json_is(
	    SLICE("\xED\xA0\x80"), UTF8_REPLACEMENT UTF8_REPLACEMENT UTF8_REPLACEMENT, "surrogate");
	json_is(SLICE("\x80\"\xC3\xA9"), UTF8_REPLACEMENT "\\\"\xC3\xA9", "mixed");
}

static void
test_html(void)
{
	struct buf b;

	buf_init(&b, KIB);
	buf_add_html(&b, SLICE("<a href=\"x\">'&'</a> \xC3\xA9"));
	is_slice(buf_slice(&b), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt; \xC3\xA9",
	    "HTML");
	buf_release(&b);
}

static void
test_plain(void)
{
	char text[24];
	bool right = true;

	for (unsigned c = 0; c < 256; c++)
		for (size_t at = 0; at < sizeof(text); at++) {
			bool plain = c >= 0x20 && c < 0x80 && c != '"' && c != '\\';

			memset(text, at % 2 == 0 ? '!' : '~', sizeof(text));
			text[at] = (char)c;
			right = right && slice_plain((struct slice){ text, sizeof(text) }) ==
			                     (plain ? sizeof(text) : at);
			right = right && slice_plain((struct slice){ text, at }) == at;
		}
	ok(right, "each byte at each place");
	is_int(slice_plain(SLICE("")), 0, "none");
	is_int(slice_plain(SLICE("\"\x01\x01\x01\x01\x01\x01\x01")), 0, "the first of several");
	is_int(slice_plain(SLICE("abc\x1f\x20\"\\\xff")), 3, "whatever follows");
}

int
main(void)
{
	test_plain();
	test_compare();
	test_cut();
	test_fits();
	test_u64();
	test_ceiling();
	test_write();
	test_json();
	test_html();
	return tap_done();
}
