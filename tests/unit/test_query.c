/* Raw queries: lookup, removal, percent-encoding both ways. */
#include "config.h"

#include "core/http/query.h"

#include "tap.h"

static struct buf out;

static const char *
without(const char *query)
{
	static const char *const names[] = { "key", "access_token", NULL };

	buf_reset(&out);
	query_without(slice_str(query), names, &out);
	return out.data != NULL ? out.data : "";
}

static const char *
get(const char *query, const char *name)
{
	struct slice value;

	buf_reset(&out);
	if (!query_get(slice_str(query), name, &value))
		return "absent";
	buf_add_slice(&out, value);
	return out.data;
}

static const char *
decode(struct slice raw, bool form)
{
	buf_reset(&out);
	return percent_decode(raw, form, &out) ? out.data : NULL;
}

static const char *
encode(const char *raw)
{
	buf_reset(&out);
	percent_encode(slice_str(raw), &out);
	return out.data;
}

static void
test_get(void)
{
	is_str(get("key=a", "key"), "a", "a single parameter");
	is_str(get("alt=sse&key=a%2Cb", "key"), "a%2Cb", "the raw value");
	is_str(get("key=1&key=2", "key"), "1", "the first of two");
	is_str(get("keys=1&xkey=2", "key"), "absent", "names are compared whole");
	is_str(get("key", "key"), "", "no equals sign is an empty value");
	is_str(get("key=", "key"), "", "so is nothing behind it");
	is_str(get("a=b&&key=x", "key"), "x", "empty parts are skipped");
	is_str(get("k%65y=x", "key"), "x", "an encoded name");
	is_str(get("k%6=x", "key"), "absent", "a broken escape is no letter");
	is_str(get("key=a=b", "key"), "a=b", "an equals sign in the value");
	is_str(get("", "key"), "absent", "an empty query");
}

static void
test_without(void)
{
	is_str(without("key=a"), "", "the only parameter goes");
	is_str(without("alt=sse&key=a&x=%2F+y"), "alt=sse&x=%2F+y", "the rest stays as it was");
	is_str(without("key=a&alt=sse"), "alt=sse", "no separator is left in front");
	is_str(without("alt=sse&key=a"), "alt=sse", "nor behind");
	is_str(without("key=1&access_token=2&key=3"), "", "every one goes");
	is_str(without("%6Bey=1&%61ccess_token=2&a=b"), "a=b", "also with an encoded name");
	is_str(without("keys=1&key2=2"), "keys=1&key2=2", "similar names stay");
	is_str(without("a=1&&b=2&"), "a=1&&b=2&", "empty parts stay");
	is_str(without("key"), "", "a name without a value goes");
	is_str(without(""), "", "an empty query");
}

static void
test_escapes(void)
{
	is_str(decode(SLICE("a%2Fb%c3%A9"), false), "a/b\xC3\xA9", "escapes of either case");
	is_str(decode(SLICE("a+b"), false), "a+b", "a plus sign is itself in a path");
	is_str(decode(SLICE("a+b"), true), "a b", "and a blank in a form");
	ok(decode(SLICE("%4"), false) == NULL, "a cut escape");
	ok(decode(SLICE("%"), false) == NULL, "a bare percent sign");
	ok(decode(SLICE("%g0"), false) == NULL, "no hexadecimal digit");
	ok(decode(SLICE("a%00b"), false) == NULL, "an escaped NUL");
	ok(decode(SLICE("a\0b"), false) == NULL, "a NUL");
	is_int(percent_byte(SLICE("%3Ax")), ':', "one escape");
	is_int(percent_byte(SLICE("3A")), -1, "none");
	is_str(encode("aZ0-._~"), "aZ0-._~", "unreserved characters stay");
	is_str(encode("a b/+&=%\xC3\xA9"), "a%20b%2F%2B%26%3D%25%C3%A9", "all others are escaped");
	is_str(decode(slice_str("a%20b%2F%2B%26%3D%25%C3%A9"), true), "a b/+&=%\xC3\xA9",
	    "and come back");
}

int
main(void)
{
	buf_init(&out, 4096);
	test_get();
	test_without();
	test_escapes();
	buf_release(&out);
	return tap_done();
}
