/* Google's error bodies in every wrapping, and the first bytes of answers. */
#include "config.h"

#include "core/gemini/status.h"

#include "base/xalloc.h"
#include "tap.h"

#define INFO(reason, more) \
	"{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\"" reason \
	"\",\"domain\":\"googleapis.com\"" more "}"
#define RETRY(delay) \
	"{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"" delay "\"}"
#define QUOTA(violations) \
	"{\"@type\":\"type.googleapis.com/google.rpc.QuotaFailure\",\"violations\":[" violations \
	"]}"
#define ERROR(code, status, message, details) \
	"{\"error\":{\"code\":" code ",\"message\":\"" message "\",\"status\":\"" status \
	"\",\"details\":[" details "]}}"
#define DAY    "\"quotaId\":\"GenerateRequestsPerDayPerProjectPerModel-FreeTier\""
#define MINUTE "\"quotaId\":\"GenerateRequestsPerMinutePerProjectPerModel-FreeTier\""
#define TOKENS "\"quotaId\":\"GenerateContentInputTokensPerModelPerMinute-FreeTier\""

static struct gemini_status g;

static void
read_body(const char *body)
{
	memset(&g, 'x', sizeof(g));
	gemini_status_read(&g, slice_str(body));
}

/* clang-format off */
#define OVERLOADED ERROR("503", "UNAVAILABLE", "The model is overloaded.", "")
#define CONTENT    "{\"candidates\":[]}"

static const struct { const char *what, *body; } wrappings[] = {
	{ "an error object", OVERLOADED },
	{ "in an array", "\n[" OVERLOADED "\n]\n" },
	{ "behind content in an array", "[" CONTENT "\n,\n" OVERLOADED "]" },
	{ "as an event", "data: " OVERLOADED "\r\n\r\n" },
	{ "behind other events", ": ok\n\ndata: " CONTENT "\n\ndata: " OVERLOADED "\n\n" },
	{ "unframed at the end of events", "data: " CONTENT "\n\n" OVERLOADED },
	{ "in an event that is not finished", "event: error\ndata: " OVERLOADED },
};

static const struct { const char *what, *body; bool is_html; } others[] = {
	{ "a page", "<!DOCTYPE html>\n<html><title>Error 404 (Not Found)!!1</title>", true },
	{ "an empty body", "", false },
	{ "content", CONTENT, false },
	{ "plain text", "upstream connect error or disconnect/reset before headers", false },
	{ "a cut body", "{\"error\":{\"code\":503", false },
	{ "no error", "{\"error\":null}", false },
	{ "null", "null", false },
};
/* clang-format on */

static void
test_wrappings(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrappings); i++) {
		read_body(wrappings[i].body);
		ok(g.is_status && !g.is_html, wrappings[i].what);
		is_int(g.code, 503, "  its code");
		is_str(g.status, "UNAVAILABLE", "  its status");
		is_str(g.message, "The model is overloaded.", "  its message");
		is_str(g.reason, "", "  no reason");
		is_int(g.retry_ms, 0, "  no hint");
	}
	read_body("{\"error\":{\"code\":\"invalid_request\",\"message\":\"no such agent\"}}");
	ok(g.is_status && g.code == 0, "a word for a code");
	is_str(g.message, "no such agent", "and its message");
	read_body("{\"error\":\"something\"}");
	ok(g.is_status, "a bare text");
	is_str(g.message, "something", "is the message");
}

static void
test_no_status(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		read_body(others[i].body);
		ok(!g.is_status, others[i].what);
		is_int(g.is_html, others[i].is_html, "  whether it is HTML");
		is_int(g.code, 0, "  no code");
		is_str(g.message, "", "  no message");
	}
}

static void
test_details(void)
{
	read_body(
	    ERROR("400", "INVALID_ARGUMENT", "API key not valid.", INFO("API_KEY_INVALID", "")));
	is_str(g.reason, "API_KEY_INVALID", "a reason");
	read_body(ERROR("429", "RESOURCE_EXHAUSTED", "q",
	    QUOTA("{" MINUTE ",\"quotaValue\":\"15\"}") "," RETRY("26.837s")));
	is_str(g.quota_id, "GenerateRequestsPerMinutePerProjectPerModel-FreeTier", "a quota");
	is_str(g.quota_value, "15", "its value");
	is_int(g.retry_ms, 26837, "the hint in milliseconds");
	read_body(ERROR("429", "RESOURCE_EXHAUSTED", "q",
	    RETRY("0s") "," QUOTA("{" TOKENS ",\"quotaValue\":\"250000\"},{" DAY
				  ",\"quotaValue\":\"20\"},{" MINUTE ",\"quotaValue\":5}")));
	is_str(g.quota_id, "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
	    "of three quotas the one that lasts longest");
	is_str(g.quota_value, "20", "with its own value");
	is_int(g.retry_ms, 0, "a hint of nothing");
	read_body(ERROR("429", "RESOURCE_EXHAUSTED", "q",
	    QUOTA("{" MINUTE "},{" DAY ",\"quotaValue\":\"0\"}")));
	is_str(g.quota_value, "0", "a limit of zero");
	read_body(ERROR("429", "RESOURCE_EXHAUSTED", "q",
	    QUOTA("{" MINUTE ",\"quotaValue\":\"0\"},{" DAY ",\"quotaValue\":\"20\"}")));
	is_str(g.quota_value, "0", "in whichever violation it stands");
	read_body(ERROR("429", "RESOURCE_EXHAUSTED",
	    "Quota exceeded for metric: generate_requests, limit: 0, model: gemini-2.5-pro",
	    QUOTA("{" DAY "}")));
	is_str(g.quota_value, "0", "or only in the message");
	read_body(ERROR("429", "RESOURCE_EXHAUSTED", "a, limit: 05, limit: 0.5, limit: 10", ""));
	is_str(g.quota_value, "", "other numbers are not zero");
	read_body(ERROR("429", "RESOURCE_EXHAUSTED", "q",
	    INFO("RATE_LIMIT_EXCEEDED",
		",\"metadata\":{\"quota_limit\":"
		"\"GenerateContentRequestsPerMinutePerProjectPerRegion\","
		"\"quota_limit_value\":\"0\",\"consumer\":\"projects/1\"}")));
	is_str(g.quota_id, "GenerateContentRequestsPerMinutePerProjectPerRegion",
	    "a quota in the metadata");
	is_str(g.quota_value, "0", "with its value");
	read_body("{\"error\":{\"details\":[5,null,[],{\"@type\":7},{\"@type\":"
		  "\"google.rpc.QuotaFailure\",\"violations\":{}},{\"@type\":"
		  "\"google.rpc.RetryInfo\",\"retryDelay\":{}}],\"message\":{},\"code\":-4}}");
	ok(g.is_status && g.code == 0 && g.message[0] == '\0', "wrong types are passed over");
}

/* clang-format off */
static const struct { const char *delay; uint32_t ms; } delays[] = {
	{ "26s", 26000 }, { "0.5s", 500 }, { "831.2ms", 832 }, { "1m3.5s", 63500 },
	{ "11h22m3s", 40923000 }, { "s", 0 }, { "", 0 }, { "soon", 0 }, { "5", 0 }, { "-3s", 0 },
	{ "99999999999s", UINT32_MAX }, { "1.2.3s", 0 },
};
/* clang-format on */

static void
test_delays(void)
{
	struct buf body;

	buf_init(&body, 4096);
	for (size_t i = 0; i < ARRAY_SIZE(delays); i++) {
		buf_reset(&body);
		buf_addf(&body, "{\"error\":{\"details\":[" RETRY("%s") "]}}", delays[i].delay);
		read_body(body.data);
		is_int(g.retry_ms, delays[i].ms, delays[i].delay);
	}
	buf_release(&body);
	read_body(ERROR("429", "RESOURCE_EXHAUSTED", "... Please retry in 43.4s.", ""));
	is_int(g.retry_ms, 43400, "a hint in the message");
	read_body(ERROR("429", "RESOURCE_EXHAUSTED", "... Please retry in 43.4s.", RETRY("5s")));
	is_int(g.retry_ms, 5000, "the detail goes before it");
}

static void
test_long_texts(void)
{
	struct buf body;

	buf_init(&body, 8192);
	buf_adds(&body, "{\"error\":{\"message\":\"a");
	for (size_t i = 0; i < 600; i++)
		buf_adds(&body, "\xC3\xA9");
	buf_adds(&body, "\",\"status\":\"");
	for (size_t i = 0; i < 100; i++)
		buf_adds(&body, "S");
	buf_adds(&body, "\"}}");
	read_body(body.data);
	is_int(strlen(g.message), 511, "a long message is cut");
	is_str(g.message + 509, "\xC3\xA9", "at a character");
	is_int(strlen(g.status), 39, "so is a long status");
	buf_release(&body);
}

/* clang-format off */
static const struct { const char *head; enum gemini_status_scan kind; } heads[] = {
	{ "", GSNIFF_MORE }, { " \r\n", GSNIFF_MORE }, { "d", GSNIFF_MORE }, { "data:", GSNIFF_MORE },
	{ "data: {", GSNIFF_MORE }, { "data: {\"", GSNIFF_MORE }, { "data: {\"err", GSNIFF_MORE },
	{ "data: {\"error", GSNIFF_MORE }, { "[", GSNIFF_MORE }, { "[{\n \"e", GSNIFF_MORE },
	{ ": ping\n\n", GSNIFF_MORE }, { ": pi", GSNIFF_MORE }, { "event: err", GSNIFF_MORE },
	{ "\xEF\xBB", GSNIFF_MORE },
	{ "data: {\"error\"", GSNIFF_ERROR }, { "data:{\"error\":{", GSNIFF_ERROR },
	{ "data: {\r\n  \"error\": {", GSNIFF_ERROR }, { "[{\n  \"error\": {", GSNIFF_ERROR },
	{ "{ \"error\" : 1", GSNIFF_ERROR }, { "\n\n{\"error\":", GSNIFF_ERROR },
	{ ": ok\n\nevent: error\ndata: {\"error\":", GSNIFF_ERROR },
	{ "\xEF\xBB\xBF{\"error\":", GSNIFF_ERROR }, { "data: [{\"error\":", GSNIFF_ERROR },
	{ "data: {\"candidates\"", GSNIFF_CONTENT }, { "data: {\"c", GSNIFF_CONTENT },
	{ "{\"errors\":", GSNIFF_CONTENT }, { "{\"erx", GSNIFF_CONTENT }, { "{}", GSNIFF_CONTENT },
	{ "[]", GSNIFF_CONTENT }, { "[\"error\"", GSNIFF_CONTENT }, { "\"error\"", GSNIFF_OTHER },
	{ "<html>", GSNIFF_OTHER }, { "%PDF-1.7", GSNIFF_OTHER }, { "dates", GSNIFF_OTHER },
	{ "\x89PNG", GSNIFF_OTHER }, { "text", GSNIFF_OTHER },
};
/* clang-format on */

static void
test_sniff(void)
{
	struct buf blanks;

	for (size_t i = 0; i < ARRAY_SIZE(heads); i++)
		is_int(gemini_status_sniff(slice_str(heads[i].head)), heads[i].kind, "first bytes");
	buf_init(&blanks, 8192);
	for (size_t i = 0; i < 5000; i++)
		buf_addc(&blanks, ' ');
	is_int(gemini_status_sniff(buf_slice(&blanks)), GSNIFF_CONTENT,
	    "blanks are not awaited for ever");
	is_int(gemini_status_sniff(SLICE("\0{\"error\":")), GSNIFF_OTHER, "a NUL is no answer");
	buf_release(&blanks);
}

int
main(void)
{
	test_wrappings();
	test_no_status();
	test_details();
	test_delays();
	test_long_texts();
	test_sniff();
	return tap_done();
}
