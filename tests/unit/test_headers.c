/* Which headers cross the gateway. */
#include "config.h"

#include "core/http/headers.h"

#include "base/xalloc.h"
#include "tap.h"

/* clang-format off */
static const struct { const char *name; bool passes; } requests[] = {
	{ "x-goog-api-client", true }, { "x-server-timeout", true }, { "api-revision", true },
	{ "x-goog-upload-command", true }, { "x-goog-upload-protocol", true },
	{ "content-type", true }, { "accept", true }, { "user-agent", true }, { "range", true },
	{ "content-encoding", true }, { "x-goog-new-thing", true }, { "x-unknown", true },
	{ "host", false }, { "connection", false }, { "keep-alive", false }, { "te", false },
	{ "transfer-encoding", false }, { "upgrade", false }, { "content-length", false },
	{ "expect", false }, { "accept-encoding", false }, { "trailer", false },
	{ "authorization", false }, { "proxy-authorization", false }, { "x-goog-api-key", false },
	{ "x-api-key", false }, { "api-key", false }, { "x-goog-user-project", false },
	{ "cookie", false }, { "proxy", false }, { "proxy-connection", false },
	{ "origin", false }, { "referer", false }, { "sec-fetch-mode", false },
	{ "sec-ch-ua", false }, { "dnt", false }, { "priority", false },
	{ "x-forwarded-for", false }, { "x-forwarded-proto", false }, { "forwarded", false },
	{ "via", false }, { "x-real-ip", false }, { "cf-connecting-ip", false }, { "cf-ray", false },
	{ "x-request-id", false }, { "secret-sauce", true }, { "x-forwarded", true },
};

static const struct { const char *name; bool passes; } answers[] = {
	{ "Content-Type", true }, { "Server-Timing", true }, { "x-goog-upload-status", true },
	{ "X-Goog-Upload-URL", true }, { "x-goog-anything", true }, { "Vary", true },
	{ "Retry-After", true }, { "Content-Encoding", true }, { "ETag", true },
	{ "X-Content-Type-Options", true }, { "Content-Disposition", true },
	{ "Transfer-Encoding", false }, { "connection", false }, { "Keep-Alive", false },
	{ "Content-Length", false }, { "Set-Cookie", false }, { "Alt-Svc", false },
	{ "Access-Control-Allow-Origin", false }, { "Server", false }, { "Date", false },
	{ "Proxy-Authenticate", false }, { "Strict-Transport-Security", false },
	{ "Status", false }, { "X-Accel-Redirect", false }, { "X-Accel-Buffering", false },
	{ "X-Sendfile", false }, { "X-LIGHTTPD-send-file", false }, { "", true },
};
/* clang-format on */

static void
test_names(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
		is_int(header_forwards(requests[i].name), requests[i].passes, requests[i].name);
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
		is_int(
		    header_returns(slice_str(answers[i].name)), answers[i].passes, answers[i].name);
}

static void
test_params(void)
{
	char name[32];

	ok(header_from_param("HTTP_X_GOOG_API_CLIENT", name, sizeof(name)), "a header");
	is_str(name, "x-goog-api-client", "in lower case with dashes");
	ok(header_from_param("CONTENT_TYPE", name, sizeof(name)), "the content type");
	is_str(name, "content-type", "is one, too");
	ok(header_from_param("CONTENT_LENGTH", name, sizeof(name)), "and the length");
	ok(!header_from_param("REQUEST_URI", name, sizeof(name)), "other parameters are not");
	ok(!header_from_param("HTTPS", name, sizeof(name)), "nor is HTTPS");
	ok(!header_from_param("HTTP_", name, sizeof(name)), "nor an empty name");
	ok(!header_from_param("HTTP_A:B", name, sizeof(name)), "nor one that no header may have");
	ok(!header_from_param("HTTP_A\r\nB", name, sizeof(name)), "nor two lines");
	ok(header_from_param("HTTP_ABCDEFGHIJKLMNOPQRSTUVWXYZ12345", name, sizeof(name)),
	    "a name that just fits");
	ok(!header_from_param("HTTP_ABCDEFGHIJKLMNOPQRSTUVWXYZ123456", name, sizeof(name)),
	    "one that does not");
}

int
main(void)
{
	test_names();
	test_params();
	ok(header_value_ok(SLICE("text/html; charset=\"utf-8\"")), "a value");
	ok(header_value_ok(SLICE("")), "an empty value");
	ok(!header_value_ok(SLICE("a\r\nb: c")), "a second line");
	ok(!header_value_ok(SLICE("a\nb")), "a bare line feed");
	ok(!header_value_ok(SLICE("a\0b")), "a NUL");
	return tap_done();
}
