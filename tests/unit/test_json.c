/* json.c and jwriter.c: what is accepted, what the accessors yield, what is written. */
#include "config.h"

#include "core/json/json.h"

#include <math.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "tap.h"

static void
roundtrip(const char *text, const char *want)
{
	json_object *doc = json_read(slice_str(text));
	struct buf out;

	buf_init(&out, MIB);
	if (doc != NULL)
		json_write(doc, &out);
	is_slice(buf_slice(&out), want, text);
	buf_release(&out);
	json_object_put(doc);
}

static void
test_read(void)
{
	static const char *const bad[] = { "", " ", "{", "{}x", "{} {}", "[1,]", "{\"a\":1,}",
		"nul", "null", "'a", "{a:1}", "/* c */ {}", "[01]", "[+1]", "\x80" };
	struct buf deep;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ok(json_read(slice_str(bad[i])) == NULL, bad[i]);
	ok(json_read(SLICE("{}\0{}")) == NULL, "nothing may hide behind a NUL byte");
	buf_init(&deep, MIB);
	for (int i = 0; i < 100000; i++)
		buf_addc(&deep, '[');
	ok(json_read(buf_slice(&deep)) == NULL, "deep nesting is refused");
	buf_release(&deep);
}

static void
test_write(void)
{
	roundtrip("{\"b\":1,\"a\":[1.0,1e5,-0.25,true,null,\"x\"]}",
	    "{\"b\":1,\"a\":[1.0,1e5,-0.25,true,null,\"x\"]}");
	roundtrip(" {\"a\" : \"a/b\\u00e9\\n\\u0001\\\"\\\\\"} ",
	    "{\"a\":\"a/b\xC3\xA9\\n\\u0001\\\"\\\\\"}");
	roundtrip("[\"\\ud83d\\ude00\",\"\\ud83d\"]", "[\"\xF0\x9F\x98\x80\",\"\xEF\xBF\xBD\"]");
	roundtrip("[\"a\xFFz\"]", "[\"a\xEF\xBF\xBDz\"]");
	roundtrip("[9223372036854775807,9223372036854775808,-9223372036854775808]",
	    "[9223372036854775807,9223372036854775808,-9223372036854775808]");
	roundtrip("[NaN,Infinity,1e999,1.]", "[null,null,null,1]");
	roundtrip("\xEF\xBB\xBF{}", "{}");
	roundtrip("12", "12");
	roundtrip("\"x\\u0000y\"", "\"x\\u0000y\"");
}

static void
test_get(void)
{
	json_object *doc =
	    json_read(SLICE("{\"s\":\"x\",\"n\":7,\"l\":\"-12\",\"d\":2.9,\"big\":1e30,"
			    "\"t\":true,\"z\":null,\"o\":{},\"a\":[]}"));

	is_slice(json_get_str(doc, "s"), "x", "string");
	is_slice(json_get_str(doc, "n"), "", "a number is no string");
	is_int(json_get_int(doc, "n", -1), 7, "integer");
	is_int(json_get_int(doc, "l", -1), -12, "integer in a string");
	is_int(json_get_int(doc, "d", -1), 2, "decimal");
	is_int(json_get_int(doc, "big", -1), -1, "too large for an integer");
	is_int(json_get_int(doc, "s", -1), -1, "no number");
	ok(json_get_bool(doc, "t", false) && json_get_bool(doc, "s", true), "boolean and fallback");
	ok(json_get(doc, "z") == NULL && json_get(doc, "none") == NULL, "null is absent");
	ok(json_get_object(doc, "o") != NULL && json_get_object(doc, "a") == NULL, "object");
	ok(json_get_array(doc, "a") != NULL && json_get_array(doc, "o") == NULL, "array");
	ok(json_get(NULL, "x") == NULL && json_get(json_get(doc, "a"), "x") == NULL, "no object");
	json_object_put(doc);
}

static void
test_reader(void)
{
	struct json_reader *reader = json_reader_new();
	json_object *doc = json_reader_read(reader, SLICE("{\"a\":"));

	ok(doc == NULL, "half a text");
	ok(json_reader_read(reader, SLICE("[\"\\ud83d\\u")) == NULL, "half a surrogate pair");
	doc = json_reader_read(reader, SLICE("[\"\\u0041\"]"));
	is_slice(json_str(json_object_array_get_idx(doc, 0)), "A", "does not come up later");
	json_object_put(doc);
	doc = json_reader_read(reader, SLICE("{\"a\":1}"));
	is_int(json_get_int(doc, "a", 0), 1, "the reader forgets what failed before");
	json_object_put(doc);
	json_reader_free(reader);
}

static void
test_jwriter(void)
{
	struct buf out;
	struct jwriter w;

	buf_init(&out, KIB);
	w = jwriter_on(&out);
	jw_object(&w, NULL);
	jw_str(&w, "a", "x\"y");
	jw_str(&w, "n", NULL);
	jw_array(&w, "l");
	jw_int(&w, NULL, INT64_MIN);
	jw_double(&w, NULL, 0.1);
	jw_double(&w, NULL, (double)NAN);
	jw_bool(&w, NULL, true);
	jw_object(&w, NULL);
	jw_object_end(&w);
	jw_array_end(&w);
	jw_str_open(&w, "p");
	buf_add_json(w.out, SLICE("1\n"));
	jw_str_close(&w);
	jw_raw(&w, "r", SLICE("[]"));
	jw_object_end(&w);
	is_slice(buf_slice(&out),
	    "{\"a\":\"x\\\"y\",\"n\":null,\"l\":[-9223372036854775808,0.1,null,true,{}],"
	    "\"p\":\"1\\n\",\"r\":[]}",
	    "writer");
	buf_release(&out);
}

int
main(void)
{
	test_read();
	test_write();
	test_get();
	test_reader();
	test_jwriter();
	return tap_done();
}
