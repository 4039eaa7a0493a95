/* struct_text.c: what a Struct keeps, and what it does not. */
#include "config.h"

#include "core/gemini/struct_text.h"

#include "base/limits.h"
#include "base/xalloc.h"
#include "tap.h"

static void
test_losses(void)
{
	static const struct {
		const char *text;
		unsigned losses;
	} rows[] = {
		{ "{}", 0 },
		{ " [] ", 0 },
		{ "{\"a\":[1,-2.5,0,true,null,\"x\"],\"b\":{\"\":{}}}", 0 },
		{ "{\n\t\"a\" : 1\n}\n", 0 },
		{ "[0.1,1.0,-0.5,1e3,1E+3,1.5e-7,100,20,0.000001]", 0 },
		{ "[9007199254740992,-9007199254740992,0.30000000000000004]", 0 },
		{ "[12345678901.5,1.7976931348623157e308,0.0]", 0 },
		{ "{\"a\":\"\\u00e9\\ud83d\\ude00\\\\u0000 1.10 -0 $ref\"}", 0 },
		{ "{\"A\":1,\"B\":1,\"a\":1,\"\\u00e9\":1}", 0 },
		/* numbers */
		{ "[9007199254740993]", STRUCT_VALUE },
		{ "[-9007199254740993]", STRUCT_VALUE },
		{ "[100000000000000000000]", STRUCT_VALUE },
		{ "[12345678901234567890]", STRUCT_VALUE },
		{ "[123456789012345678901234567890123456789012345678901234567890123456789]",
		    STRUCT_VALUE },
		{ "[1e400]", STRUCT_VALUE },
		{ "[1e-400]", STRUCT_VALUE },
		{ "[1e99999999999999999999]", STRUCT_VALUE },
		{ "[3.14159265358979323846]", STRUCT_VALUE },
		{ "[0.1000000000000000055511151231257827]", STRUCT_VALUE },
		{ "[1.10]", STRUCT_DIGITS },
		{ "[1.00]", STRUCT_DIGITS },
		{ "[-0]", STRUCT_DIGITS },
		{ "[-0.0]", STRUCT_DIGITS },
		/* keys */
		{ "{\"b\":1,\"a\":2}", STRUCT_ORDER },
		{ "{\"a\":{\"z\":1,\"y\":2}}", STRUCT_ORDER },
		{ "[{\"a\":1},{\"a\":1,\"B\":2}]", STRUCT_ORDER },
		{ "{\"a\":1,\"a\":2}", STRUCT_KEYS },
		{ "{\"a\":1,\"\\u0061\":1}", STRUCT_KEYS },
		{ "[[{\"x\":{\"k\" :1,\"k\"\t:1}}]]", STRUCT_KEYS },
		{ "{\"$ref\":\"#/a\"}", STRUCT_REF },
		{ "{\"a\":[{\"\\u0024ref\":1}]}", STRUCT_REF },
		{ "{\"a\":\"$ref\",\"b\":{\"$refs\":1}}", 0 },
		/* text */
		{ "{\"a\":\"\\ud83d\"}", STRUCT_TEXT },
		{ "{\"a\":\"\\ude00\\ud83d\"}", STRUCT_TEXT },
		{ "{\"a\":\"\\ud83d\\u0041\"}", STRUCT_TEXT },
		{ "{\"a\":\"x\\u0000\"}", STRUCT_TEXT },
		/* no JSON */
		{ "", STRUCT_NO_JSON },
		{ "1", STRUCT_NO_JSON },
		{ "\"{}\"", STRUCT_NO_JSON },
		{ "null", STRUCT_NO_JSON },
		{ "{\"a\":", STRUCT_NO_JSON },
		{ "{\"a\":1} x", STRUCT_NO_JSON },
		{ "{\"a\":1}{\"a\":1}", STRUCT_NO_JSON },
		{ "{a:1}", STRUCT_NO_JSON },
		{ "[NaN]", STRUCT_NO_JSON },
		{ "[-Infinity]", STRUCT_NO_JSON },
		{ "[1.]", STRUCT_NO_JSON },
		{ "[\"a\tb\"]", STRUCT_NO_JSON },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_object *value;
		unsigned losses = struct_text_read(slice_str(rows[i].text), &value);

		is_int(losses, rows[i].losses, rows[i].text);
		ok((value == NULL) == ((losses & STRUCT_NO_JSON) != 0), "its value");
		json_object_put(value);
	}
}

static void
test_depth(void)
{
	for (size_t depth = STRUCT_DEPTH_MAX; depth <= STRUCT_DEPTH_MAX + 1; depth++) {
		struct buf text;
		json_object *value;

		buf_init(&text, KIB);
		for (size_t i = 0; i < depth; i++)
			buf_addc(&text, '[');
		for (size_t i = 0; i < depth; i++)
			buf_addc(&text, ']');
		is_int(struct_text_read(buf_slice(&text), &value),
		    depth > STRUCT_DEPTH_MAX ? STRUCT_DEPTH : 0, "nested lists");
		json_object_put(value);
		buf_release(&text);
	}
}

static void
test_quote(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "{\"a\":1,\"b\":1.10}", "{\"a\":1,\"b\":1.10}" },
		{ "{\"id\": 12345678901234567890 , \"s\":\"12345678901234567890\"}",
		    "{\"id\": \"12345678901234567890\" , \"s\":\"12345678901234567890\"}" },
		{ "[1e400,[-9007199254740993],2]", "[\"1e400\",[\"-9007199254740993\"],2]" },
		{ "{}", "{}" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct buf out;

		buf_init(&out, KIB);
		struct_text_quote(slice_str(rows[i].text), &out);
		is_slice(buf_slice(&out), rows[i].want, rows[i].text);
		buf_release(&out);
	}
}

int
main(void)
{
	test_losses();
	test_depth();
	test_quote();
	return tap_done();
}
