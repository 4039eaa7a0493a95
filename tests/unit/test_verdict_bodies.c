/*
 * Error bodies in full, in the shapes that users of other programs have posted in public issues
 * (numbers of projects, keys and addresses changed): everything that is read from them, and what
 * follows.
 */
#include "config.h"

#include "core/gemini/verdict.h"

#include "base/xalloc.h"
#include "tap.h"

#define METRIC "generativelanguage.googleapis.com/generate_content_free_tier_"
#define TYPE   "\"@type\": \"type.googleapis.com/google.rpc."
#define EXCEEDED \
	"You exceeded your current quota, please check your plan and billing details. For more " \
	"information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits."
#define HELP \
	"{" TYPE "Help\", \"links\": [{\"description\": \"Learn more about Gemini API quotas\", " \
	"\"url\": \"https://ai.google.dev/gemini-api/docs/rate-limits\"}]}"
#define VIOLATION(metric, id, model) \
	"\"quotaMetric\": \"" METRIC metric "\", \"quotaId\": \"" id \
	"\", \"quotaDimensions\": {\"location\": \"global\", \"model\": \"" model "\"}"
#define PER_DAY    "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
#define PER_MINUTE "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"
#define TOKENS     "GenerateContentInputTokensPerModelPerMinute-FreeTier"
#define ZERO_LINE(metric, model) \
	"\\n* Quota exceeded for metric: " METRIC metric ", limit: 0, model: " model
#define OLD_LIMIT \
	"Quota exceeded for quota metric 'Generate Content API requests per minute' and limit " \
	"'GenerateContent request limit per minute for a region' of service " \
	"'generativelanguage.googleapis.com' for consumer 'project_number:696498000001'."

/* clang-format off */
static const struct {
	const char *what;
	int http;
	const char *body;
	const char *class;
	enum verdict_key key;
	enum verdict_limit limit;
	enum verdict_host host;
	size_t quotas;
	const char *quota_id, *quota_value, *model; /* the worst quota; the first one's model */
	const char *project;
	uint32_t retry_ms;
} bodies[] = {
	{ "three limits at once, the day among them", 429,
	    "{\"error\": {\"code\": 429, \"message\": \"" EXCEEDED "\", \"status\": \"RESOURCE_EXHAUSTED\", \"details\": [{"
	    TYPE "QuotaFailure\", \"violations\": [{" VIOLATION("input_token_count", TOKENS, "gemini-2.5-flash-preview-image") "}, {"
	    VIOLATION("requests", PER_MINUTE, "gemini-2.5-flash-preview-image") "}, {"
	    VIOLATION("requests", PER_DAY, "gemini-2.5-flash-preview-image") "}]}, " HELP ", {" TYPE "RetryInfo\", \"retryDelay\": \"12s\"}]}}",
	    "quota_day", VERDICT_KEY_ACCEPTED, VERDICT_LIMIT_DAY, VERDICT_HOST_KEEP, 3, PER_DAY, "", "gemini-2.5-flash-preview-image", "", 12000 },
	{ "a day's limit with a hint of a minute", 429,
	    "{\n  \"error\": {\n    \"code\": 429,\n    \"message\": \"" EXCEEDED " \\n* Quota exceeded for metric: " METRIC "requests, limit: 20, model: gemini-2.5-flash\\nPlease retry in 58.821668433s.\",\n    \"status\": \"RESOURCE_EXHAUSTED\",\n    \"details\": [\n" HELP ", {"
	    TYPE "QuotaFailure\", \"violations\": [{" VIOLATION("requests", PER_DAY, "gemini-2.5-flash") ", \"quotaValue\": \"20\"}]}, {" TYPE "RetryInfo\", \"retryDelay\": \"58s\"}]}}",
	    "quota_day", VERDICT_KEY_ACCEPTED, VERDICT_LIMIT_DAY, VERDICT_HOST_KEEP, 1, PER_DAY, "20", "gemini-2.5-flash", "", 58000 },
	{ "a day's limit with a hint of nothing", 429,
	    "{\"error\": {\"code\": 429, \"message\": \"" EXCEEDED "\", \"status\": \"RESOURCE_EXHAUSTED\", \"details\": [{"
	    TYPE "QuotaFailure\", \"violations\": [{" VIOLATION("requests", PER_DAY, "gemini-2.5-pro") ", \"quotaValue\": \"100\"}]}, {" TYPE "RetryInfo\", \"retryDelay\": \"0s\"}]}}",
	    "quota_day", VERDICT_KEY_ACCEPTED, VERDICT_LIMIT_DAY, VERDICT_HOST_KEEP, 1, PER_DAY, "100", "gemini-2.5-pro", "", 0 },
	{ "limits of 0 in the message and none in the details", 429,
	    "{\"error\": {\"code\": 429, \"message\": \"" EXCEEDED " To monitor your current usage, head to: https://ai.dev/rate-limit. "
	    ZERO_LINE("requests", "gemini-3-pro") ZERO_LINE("input_token_count", "gemini-3-pro") "\\nPlease retry in 45.578569677s.\", \"status\": \"RESOURCE_EXHAUSTED\", \"details\": [" HELP ", {"
	    TYPE "QuotaFailure\", \"violations\": [{" VIOLATION("requests", PER_DAY, "gemini-3-pro") "}, {" VIOLATION("input_token_count", TOKENS, "gemini-3-pro") "}]}, {" TYPE "RetryInfo\", \"retryDelay\": \"45s\"}]}}",
	    "quota_zero", VERDICT_KEY_ACCEPTED, VERDICT_LIMIT_CLOSED, VERDICT_HOST_KEEP, 2, PER_DAY, "0", "gemini-3-pro", "", 45000 },
	{ "the same without any details", 429,
	    "{\"error\": {\"code\": 429, \"message\": \"" EXCEEDED ZERO_LINE("requests", "gemini-3.1-pro") "\\nPlease retry in 5.237548564s.\", \"status\": \"RESOURCE_EXHAUSTED\"}}",
	    "quota_zero", VERDICT_KEY_ACCEPTED, VERDICT_LIMIT_CLOSED, VERDICT_HOST_KEEP, 1, "", "0", "gemini-3.1-pro", "", 5238 },
	{ "a limit in the message alone", 429,
	    "{\"error\": {\"code\": 429, \"message\": \"" EXCEEDED " \\n* Quota exceeded for metric: " METRIC "requests, limit: 15, model: gemini-2.0-flash\\nPlease retry in 10.5s.\", \"status\": \"RESOURCE_EXHAUSTED\"}}",
	    "quota_other", VERDICT_KEY_ACCEPTED, VERDICT_LIMIT_OTHER, VERDICT_HOST_KEEP, 1, "", "15", "gemini-2.0-flash", "", 10500 },
	{ "tokens per minute", 429,
	    "[{\"error\": {\"code\": 429, \"message\": \"" EXCEEDED "\", \"status\": \"RESOURCE_EXHAUSTED\", \"details\": [{"
	    TYPE "QuotaFailure\", \"violations\": [{" VIOLATION("input_token_count", TOKENS, "gemini-2.0-flash") "}]}, {" TYPE "RetryInfo\", \"retryDelay\": \"59s\"}]}}]",
	    "quota_minute", VERDICT_KEY_ACCEPTED, VERDICT_LIMIT_MINUTE, VERDICT_HOST_KEEP, 1, TOKENS, "", "gemini-2.0-flash", "", 59000 },
	{ "a region without quota", 429,
	    "{\"error\": {\"code\": 429, \"message\": \"" OLD_LIMIT "\", \"status\": \"RESOURCE_EXHAUSTED\", \"details\": [{" TYPE "ErrorInfo\", \"reason\": \"RATE_LIMIT_EXCEEDED\", \"domain\": \"googleapis.com\", \"metadata\": {"
	    "\"quota_limit\": \"GenerateContentRequestsPerMinutePerProjectPerRegion\", \"quota_limit_value\": \"0\", \"quota_location\": \"us-west4\", \"quota_metric\": \"generativelanguage.googleapis.com/generate_content_requests\", \"consumer\": \"projects/696498000001\", \"service\": \"generativelanguage.googleapis.com\"}}]}}",
	    "quota_zero", VERDICT_KEY_ACCEPTED, VERDICT_LIMIT_CLOSED, VERDICT_HOST_KEEP, 1, "GenerateContentRequestsPerMinutePerProjectPerRegion", "0", "", "696498000001", 0 },
	{ "the project in the message alone", 429,
	    "{\"error\": {\"code\": 429, \"message\": \"" OLD_LIMIT "\", \"status\": \"RESOURCE_EXHAUSTED\"}}",
	    "quota_minute", VERDICT_KEY_ACCEPTED, VERDICT_LIMIT_MINUTE, VERDICT_HOST_KEEP, 0, "", "", "", "696498000001", 0 },
	{ "grounding is used up: help and nothing else", 429,
	    "{\"error\": {\"code\": 429, \"message\": \"" EXCEEDED "\", \"status\": \"RESOURCE_EXHAUSTED\", \"details\": [" HELP "]}}",
	    "exhausted", VERDICT_KEY_ACCEPTED, VERDICT_LIMIT_BARE, VERDICT_HOST_SUSPECT, 0, "", "", "", "", 0 },
	{ "no detail at all", 429,
	    "{\n  \"error\": {\n    \"code\": 429,\n    \"message\": \"Resource has been exhausted (e.g. check quota).\",\n    \"status\": \"RESOURCE_EXHAUSTED\"\n  }\n}\n",
	    "exhausted", VERDICT_KEY_ACCEPTED, VERDICT_LIMIT_BARE, VERDICT_HOST_SUSPECT, 0, "", "", "", "", 0 },
	{ "in the middle of a stream", 200,
	    "data: {\"error\": {\"code\": 429, \"message\": \"Resource has been exhausted (e.g. check quota).\", \"status\": \"RESOURCE_EXHAUSTED\"}}\r\n\r\n",
	    "exhausted", VERDICT_KEY_ACCEPTED, VERDICT_LIMIT_BARE, VERDICT_HOST_SUSPECT, 0, "", "", "", "", 0 },
	{ "suspended: the key in three places", 403,
	    "{\"error\": {\"code\": 403, \"message\": \"Permission denied: Consumer 'api_key:AIzaSyExample' has been suspended.\", \"status\": \"PERMISSION_DENIED\", \"details\": [{" TYPE "ErrorInfo\", \"reason\": \"CONSUMER_SUSPENDED\", \"domain\": \"googleapis.com\", \"metadata\": {\"consumer\": \"projects/895908000001\", \"service\": \"generativelanguage.googleapis.com\", \"containerInfo\": \"api_key:AIzaSyExample\"}}, {" TYPE "LocalizedMessage\", \"locale\": \"en-US\", \"message\": \"Permission denied: Consumer 'api_key:AIzaSyExample' has been suspended.\"}]}}",
	    "key_suspended", VERDICT_KEY_DEAD, VERDICT_LIMIT_KEEP, VERDICT_HOST_KEEP, 0, "", "", "", "895908000001", 0 },
	{ "the service is off", 403,
	    "{\"error\": {\"code\": 403, \"message\": \"Generative Language API has not been used in project 123456000001 before or it is disabled. Enable it by visiting https://console.developers.google.com/apis/api/generativelanguage.googleapis.com/overview?project=123456000001 then retry.\", \"status\": \"PERMISSION_DENIED\", \"details\": [{" TYPE "Help\", \"links\": []}]}}",
	    "service_disabled", VERDICT_KEY_DEAD, VERDICT_LIMIT_KEEP, VERDICT_HOST_KEEP, 0, "", "", "", "123456000001", 0 },
	{ "reported as leaked: words only", 403,
	    "{\"error\":{\"code\":403,\"message\":\"Your API key was reported as leaked. Please use another API key.\",\"status\":\"PERMISSION_DENIED\"}}",
	    "key_leaked", VERDICT_KEY_DEAD, VERDICT_LIMIT_KEEP, VERDICT_HOST_KEEP, 0, "", "", "", "", 0 },
	{ "the old type of key", 401,
	    "{\"error\": {\"code\": 401, \"message\": \"Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.\", \"status\": \"UNAUTHENTICATED\", \"details\": [{" TYPE "ErrorInfo\", \"reason\": \"ACCESS_TOKEN_TYPE_UNSUPPORTED\", \"metadata\": {\"service\": \"generativelanguage.googleapis.com\", \"method\": \"google.ai.generativelanguage.v1beta.GenerativeService.GenerateContent\"}}]}}",
	    "key_type", VERDICT_KEY_DEAD, VERDICT_LIMIT_KEEP, VERDICT_HOST_KEEP, 0, "", "", "", "", 0 },
	{ "automated queries", 429,
	    "<!DOCTYPE html PUBLIC \"-//W3C//DTD HTML 4.01 Transitional//EN\">\n<html><head><title>Sorry...</title></head><body>We're sorry... but your computer or network may be sending automated queries.</body></html>",
	    "html_block", VERDICT_KEY_KEEP, VERDICT_LIMIT_KEEP, VERDICT_HOST_THROTTLED, 0, "", "", "", "", 0 },
	{ "the place of the server", 400,
	    "[{\n  \"error\": {\n    \"code\": 400,\n    \"message\": \"User location is not supported for the API use.\",\n    \"status\": \"FAILED_PRECONDITION\"\n  }\n}\n]",
	    "region", VERDICT_KEY_KEEP, VERDICT_LIMIT_KEEP, VERDICT_HOST_REGION, 0, "", "", "", "", 0 },
	{ "high demand", 503,
	    "{\"error\": {\"code\": 503, \"message\": \"This model is currently experiencing high demand. Spikes in demand are usually temporary. Please try again later.\", \"status\": \"UNAVAILABLE\"}}",
	    "overloaded", VERDICT_KEY_KEEP, VERDICT_LIMIT_KEEP, VERDICT_HOST_KEEP, 0, "", "", "", "", 0 },
	{ "closed to new projects", 404,
	    "{\"error\": {\"code\": 404, \"message\": \"This model models/gemini-2.5-flash is no longer available to new users. Please update your code to use a newer model for the latest features and improvements.\", \"status\": \"NOT_FOUND\"}}",
	    "model_closed", VERDICT_KEY_ACCEPTED, VERDICT_LIMIT_CLOSED, VERDICT_HOST_KEEP, 0, "", "", "", "", 0 },
};
/* clang-format on */

static void
test_bodies(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		struct gemini_status g;
		struct outcome o = { NET_OK, bodies[i].http, &g, false };
		struct verdict v;

		gemini_status_read(&g, slice_str(bodies[i].body));
		v = verdict_of(&o);
		is_str(v.class, bodies[i].class, bodies[i].what);
		is_int(v.key, bodies[i].key, "... the key");
		is_int(v.limit, bodies[i].limit, "... the project's quota of the model");
		is_int(v.host, bodies[i].host, "... the host");
		is_int(v.model,
		    strcmp(bodies[i].class, "overloaded") == 0 ? VERDICT_MODEL_SLOW
							       : VERDICT_MODEL_KEEP,
		    "... the model");
		is_int(g.quota_count, bodies[i].quotas, "... violations");
		is_str(g.quota_id, bodies[i].quota_id, "... the worst");
		is_str(g.quota_value, bodies[i].quota_value, "... its limit");
		is_str(g.quota_count > 0 ? g.quotas[0].model : "", bodies[i].model, "... whose");
		is_str(g.project, bodies[i].project, "... the project");
		is_int(g.retry_ms, bodies[i].retry_ms, "... the hint");
		ok((v.key == VERDICT_KEY_DEAD) <= (v.advice != NULL), "... what to do");
	}
}

static void
test_ceiling(void)
{
	struct gemini_status g;
	struct buf body;

	buf_init(&body, 65536);
	buf_adds(&body,
	    "{\"error\":{\"code\":429,\"details\":[{" TYPE "QuotaFailure\",\"violations\":[");
	for (size_t i = 0; i < 100; i++)
		buf_addf(&body, "{\"quotaId\":\"QPerMinute%zu\",\"quotaValue\":\"9\"},", i);
	buf_adds(&body, "{\"quotaId\":\"QPerDay\",\"quotaValue\":\"20\"}]}]}}");
	gemini_status_read(&g, buf_slice(&body));
	is_int(g.quota_count, GQUOTAS_MAX, "no more violations than fit");
	is_str(g.quota_id, "QPerDay", "but the worst of all");
	is_str(g.quota_value, "20", "with its value");
	is_int(g.span, GSPAN_DAY, "and its span");
	buf_release(&body);
}

int
main(void)
{
	test_bodies();
	test_ceiling();
	return tap_done();
}
