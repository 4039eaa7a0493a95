/* apierror.c: the table, the cuts, the renderings, Google's error objects. */
#include "config.h"

#include "core/api/apierror.h"

#include <strings.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "tap.h"

static void
test_words(void)
{
	bool good = true;

#define APIERROR(symbol, word, status, type, code, google, text) \
	good = good && strcasecmp(#symbol, apierror_word(APIERROR_##symbol)) == 0;
#include "core/api/apierror.def"
#undef APIERROR
	ok(good, "each word is its symbol in lower case");
}

static void
test_set(void)
{
	struct apierror err;
	char text[2000];
	size_t len, at;

	is_int(apierror_set(&err, APIERROR_BAD_VALUE, "n", "bad %d", 5), -1, "answers -1");
	is_str(err.message, "bad 5", "formatted");
	is_str(err.param, "n", "param");
	is_int(err.status, 400, "status of the kind");
	apierror_set(&err, APIERROR_NO_KEY, NULL, NULL);
	is_str(err.message, "No API key was sent.", "default text");
	is_str(err.param, "", "no param");
	for (size_t shift = 0; shift < 4; shift++) {
		memset(text, 'x', shift);
		for (at = shift; at + 4 < sizeof(text); at += 4)
			memcpy(text + at, "\xF0\x9F\x98\x80", 4);
		text[at] = '\0';
		apierror_set(&err, APIERROR_UPSTREAM, text, "%s", text);
		len = strlen(err.message);
		for (at = 0; at < len;) {
			size_t width = utf8_width((unsigned char *)err.message + at, len - at);

			if (width == 0)
				break;
			at += width;
		}
		ok(at == len && len > APIERROR_MESSAGE_MAX - 5, "cut at a character");
	}
}

static void
rendered(const struct apierror *err, enum dialect dialect, const char *want)
{
	struct buf out;

	buf_init(&out, 4 * KIB);
	apierror_render_event(err, dialect, &out);
	is_slice(buf_slice(&out), want, apierror_word(err->kind));
	buf_release(&out);
}

int
main(void)
{
	struct apierror err;

	test_words();
	test_set();
	apierror_set(&err, APIERROR_BAD_TYPE, "messages[0].content", "say \"%s\"", "x");
	rendered(&err, DIALECT_OPENAI,
	    "data: {\"error\":{\"message\":\"say \\\"x\\\"\",\"type\":\"invalid_request_error\","
	    "\"param\":\"messages[0].content\",\"code\":\"invalid_type\"}}\n\n");
	rendered(&err, DIALECT_GOOGLE,
	    "data: {\"error\":{\"code\":400,\"message\":\"say \\\"x\\\"\",\"status\":"
	    "\"INVALID_ARGUMENT\"}}\n\n");
	rendered(&err, DIALECT_ANTHROPIC,
	    "data: {\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\","
	    "\"message\":\"say \\\"x\\\"\"}}\n\n");
	apierror_set(&err, APIERROR_NOT_FOUND, NULL, "no");
	rendered(&err, DIALECT_ANTHROPIC,
	    "data: {\"type\":\"error\",\"error\":{\"type\":\"not_found_error\",\"message\":\"no\"}}"
	    "\n\n");
	apierror_set(&err, APIERROR_METHOD, NULL, "no");
	rendered(&err, DIALECT_ANTHROPIC,
	    "data: {\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\","
	    "\"message\":\"no\"}}\n\n");
	apierror_set(&err, APIERROR_FORBIDDEN, NULL, "no");
	rendered(&err, DIALECT_OPENAI,
	    "data: {\"error\":{\"message\":\"no\",\"type\":\"permission_error\",\"param\":null,"
	    "\"code\":null}}\n\n");
	return tap_done();
}
