/* Members of JSON bytes, at any split. */
#include "config.h"

#include "core/json/json_scan.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "tap.h"

/* Values of members that begin with `w` are wanted, what is in `closed` is not looked into. */
struct reading {
	struct json_scan members;
	struct buf out; /* depth, top, key and value of each */
};

static enum member_interest
interest(const struct json_scan *m, struct slice key)
{
	(void)m;
	if (slice_eq(key, SLICE("closed")))
		return MEMBER_CLOSED;
	return slice_starts(key, SLICE("w")) ? MEMBER_TELL : MEMBER_PASS;
}

static void
found(struct json_scan *m, const struct member *member)
{
	struct reading *r = (struct reading *)m;

	buf_addf(&r->out, "%s%u:", r->out.len > 0 ? " " : "", member->depth);
	buf_add_slice(&r->out, member->top);
	buf_addc(&r->out, '.');
	buf_add_slice(&r->out, member->key);
	buf_addc(&r->out, '=');
	buf_add_slice(&r->out, member->value);
}

static const struct member_reader reader = { interest, found };

static void
read_pieces(struct reading *r, struct slice text, size_t piece)
{
	json_scan_init(&r->members, &reader);
	buf_init(&r->out, MIB);
	for (size_t at = 0; at < text.len; at += piece) {
		size_t left = text.len - at;

		json_scan_feed(
		    &r->members, (struct slice){ text.ptr + at, left < piece ? left : piece });
	}
}

static void
test_rows(void)
{
	static const struct {
		const char *text, *want, *what;
	} rows[] = {
		{ "{\"w\":\"1\"}", "1:w.w=1", "one" },
		{ " { \"w\" : \"1\" , \"x\" : \"2\" } ", "1:w.w=1", "blanks, and one not wanted" },
		{ "{\"w\":1,\"x\":\"w\",\"w2\":null}", "", "no strings" },
		{ "{\"x\":[\"w\",\"w\"],\"y\":\"w\"}", "", "values are no keys" },
		{ "{\"w\":[\"1\",\"2\"],\"w2\":\"3\"}", "1:w.w=1 1:w.w=2 1:w2.w2=3", "a list" },
		{ "{\"w\":[[\"1\"],{\"w1\":\"2\"}],\"w\":[]}", "3:w.w1=2",
		    "a list of other things" },
		{ "{\"w\":{\"x\":\"1\",\"w1\":\"2\"}}", "2:w.w1=2", "an object" },
		{ "{\"a\":{\"b\":[{\"w\":\"1\"}]},\"w\":\"2\"}", "4:a.w=1 1:w.w=2", "deep" },
		{ "{\"x\":\"\\\"w\\\":\\\"1\\\"\",\"w\":\"2\"}", "1:w.w=2",
		    "text that looks like it" },
		{ "{\"x\":\"\\\\\",\"w\":\"a\\/b\\\\\\\"\"}", "1:w.w=a/b\\\"", "escapes" },
		{ "{\"\\u0077\":\"\\u0061\\u00e9\\t\"}", "1:w.w=au00e9\t", "escapes of ASCII" },
		{ "{\"closed\":{\"w\":\"1\",\"closed\":{}},\"w\":\"2\"}", "1:w.w=2", "closed" },
		{ "{\"closed\":[{\"w\":\"1\"},[]],\"w\":\"2\"}", "1:w.w=2", "a closed list" },
		{ "{\"closed\":\"1\",\"w\":\"2\"}", "1:w.w=2", "a string is closed by itself" },
		{ "]]}}{\"w\":\"1\"}", "1:w.w=1", "ends of nothing" },
		{ "\"w\":\"1\"", "", "no object" },
		{ "{\"w\":\"1", "", "cut short" },
		{ "{\"w\":\"\"}", "1:w.w=", "an empty value" },
	};
	struct reading r;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (size_t piece = 1; piece < 6; piece++) {
			read_pieces(
			    &r, slice_str(rows[i].text), piece < 5 ? piece : strlen(rows[i].text));
			is_slice(buf_slice(&r.out), rows[i].want, rows[i].what);
			buf_release(&r.out);
		}
}

static void
test_long(void)
{
	struct reading r;
	struct buf text;
	char *filling = xmalloc(MIB);

	memset(filling, '\\', MIB);
	buf_init(&text, 8 * MIB);
	buf_adds(&text, "{\"x\":\"");
	buf_add(&text, filling, MIB);
	buf_adds(&text, "\",\"w\":\"1\",\"w2\":\"");
	memset(filling, 'w', MIB);
	buf_add(&text, filling, MEMBER_VALUE_MAX + 1);
	buf_adds(&text, "\",\"w3\":\"2\",\"");
	buf_add(&text, filling, MEMBER_KEY_MAX + 1);
	buf_adds(&text, "\":\"3\"}");
	read_pieces(&r, buf_slice(&text), 1000);
	is_slice(buf_slice(&r.out), "1:w.w=1 1:w3.w3=2", "what is too long is left out");
	buf_release(&r.out);
	buf_release(&text);
	free(filling);
}

int
main(void)
{
	test_rows();
	test_long();
	return tap_done();
}
