/*
 * One body for each thing that Google says, with what must become of the request. Bodies after
 * those that users quote in public issues; keys and projects are invented.
 */
#include "config.h"

#include "core/gemini/verdict.h"

#include "base/xalloc.h"
#include "tap.h"

#define PASS      VERDICT_PASS
#define OTHER     VERDICT_OTHER
#define AGAIN     VERDICT_AGAIN
#define E(symbol) APIERROR_##symbol

#define INFO(reason) \
	"{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\"" reason \
	"\",\"domain\":\"googleapis.com\",\"metadata\":{\"service\":" \
	"\"generativelanguage.googleapis.com\",\"consumer\":\"projects/1\"}}"
#define HELP "{\"@type\":\"type.googleapis.com/google.rpc.Help\",\"links\":[]}"
#define RETRY(delay) \
	"{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"" delay "\"}"
#define QUOTA(id, value) \
	"{\"@type\":\"type.googleapis.com/google.rpc.QuotaFailure\",\"violations\":[" \
	"{\"quotaMetric\":\"generativelanguage.googleapis.com/x\",\"quotaId\":\"" id \
	"\",\"quotaDimensions\":{\"model\":\"gemini-2.5-pro\",\"location\":\"global\"}," \
	"\"quotaValue\":\"" value "\"}]}"
#define BODY(code, status, message, details) \
	"{\"error\":{\"code\":" code ",\"message\":\"" message "\",\"status\":\"" status \
	"\",\"details\":[" details "]}}"
#define DENIED(message, details)    BODY("403", "PERMISSION_DENIED", message, details)
#define INVALID(message, details)   BODY("400", "INVALID_ARGUMENT", message, details)
#define EXHAUSTED(message, details) BODY("429", "RESOURCE_EXHAUSTED", message, details)
#define CURRENT                     "You exceeded your current quota, please check your plan."
#define BLOCK_PAGE                  "<html><title>Sorry...</title>automated queries</html>"
#define DAY                         "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
#define MINUTE                      "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"
#define TOKENS                      "GenerateContentInputTokensPerModelPerMinute-FreeTier"

/* clang-format off */
static const struct {
	int http;
	const char *body;
	const char *class;
	const char *effect; /* on key, project, model and host */
	enum verdict_action action;
	enum apierror_kind pool, callers; /* the error when the key is the pool's, the caller's */
	int status;                       /* what the caller sees with the pool's key */
	uint32_t retry_after_s;
	bool no_retry;
} cases[] = {
	/* keys */
	{ 400, INVALID("API key not valid. Please pass a valid API key.", INFO("API_KEY_INVALID")), "key_invalid", "dead", OTHER, E(KEY_FAULT), E(BAD_KEY), 502, 0, false },
	{ 400, "[" INVALID("API key not valid. Please pass a valid API key.", "") "]", "key_invalid", "dead", OTHER, E(KEY_FAULT), E(BAD_KEY), 502, 0, false },
	{ 400, INVALID("API Key not found. Please pass a valid API key.", "{\"reason\":\"API_KEY_INVALID\"}"), "key_invalid", "dead", OTHER, E(KEY_FAULT), E(BAD_KEY), 502, 0, false },
	{ 400, INVALID("API key expired. Please renew the API key.", INFO("API_KEY_INVALID")), "key_expired", "dead", OTHER, E(KEY_FAULT), E(BAD_KEY), 502, 0, false },
	{ 403, DENIED("Your API key was reported as leaked. Please use another API key.", ""), "key_leaked", "dead", OTHER, E(KEY_FAULT), E(BAD_KEY), 502, 0, false },
	{ 401, BODY("401", "UNAUTHENTICATED", "Request had invalid authentication credentials.", INFO("ACCESS_TOKEN_TYPE_UNSUPPORTED")), "key_type", "dead", OTHER, E(KEY_FAULT), E(BAD_KEY), 502, 0, false },
	{ 401, BODY("401", "UNAUTHENTICATED", "API keys are not supported by this API.", INFO("CREDENTIALS_MISSING")), "key_refused", "dead", OTHER, E(KEY_FAULT), E(BAD_KEY), 502, 0, false },
	{ 403, DENIED("Method doesn't allow unregistered callers (callers without established identity).", ""), "key_missing", "dead", OTHER, E(KEY_FAULT), E(BAD_KEY), 502, 0, false },
	{ 400, INVALID("Multiple authentication credentials received. Please pass only one.", ""), "credentials", "nothing", PASS, E(UPSTREAM), E(UPSTREAM), 502, 0, false },
	/* projects and restrictions */
	{ 403, DENIED("Permission denied: Consumer 'api_key:AIzaTest' has been suspended.", INFO("CONSUMER_SUSPENDED")), "key_suspended", "dead", OTHER, E(KEY_FAULT), E(FORBIDDEN), 502, 0, false },
	{ 403, DENIED("Permission denied: Consumer 'api_key:AIzaTest' has been suspended.", ""), "key_suspended", "dead", OTHER, E(KEY_FAULT), E(FORBIDDEN), 502, 0, false },
	{ 403, DENIED("Your project has been denied access. Please contact support.", ""), "project_denied", "dead", OTHER, E(KEY_FAULT), E(FORBIDDEN), 502, 0, false },
	{ 403, DENIED("Permission denied on resource project default.", INFO("CONSUMER_INVALID")), "project_invalid", "dead", OTHER, E(KEY_FAULT), E(FORBIDDEN), 502, 0, false },
	{ 403, DENIED("This API method requires billing to be enabled.", INFO("BILLING_DISABLED")), "billing_disabled", "dead", OTHER, E(KEY_FAULT), E(FORBIDDEN), 502, 0, false },
	{ 403, DENIED("Generative Language API has not been used in project 1 before or it is disabled.", INFO("SERVICE_DISABLED")), "service_disabled", "dead", OTHER, E(KEY_FAULT), E(FORBIDDEN), 502, 0, false },
	{ 403, DENIED("Requests to this API generativelanguage.googleapis.com method x are blocked.", INFO("API_KEY_SERVICE_BLOCKED")), "key_service_blocked", "dead", OTHER, E(KEY_FAULT), E(FORBIDDEN), 502, 0, false },
	{ 403, DENIED("Requests from referer \\u003cempty\\u003e are blocked.", INFO("API_KEY_HTTP_REFERRER_BLOCKED")), "key_referrer_blocked", "dead", OTHER, E(KEY_FAULT), E(FORBIDDEN), 502, 0, false },
	{ 403, DENIED("Requests from referer \\u003cempty\\u003e are blocked.", HELP), "key_referrer_blocked", "dead", OTHER, E(KEY_FAULT), E(FORBIDDEN), 502, 0, false },
	{ 403, DENIED("The provided API key has an IP address restriction.", INFO("API_KEY_IP_ADDRESS_BLOCKED")), "key_address_blocked", "dead", OTHER, E(KEY_FAULT), E(FORBIDDEN), 502, 0, false },
	{ 403, DENIED("Requests from this Android client application are blocked.", INFO("API_KEY_ANDROID_APP_BLOCKED")), "key_app_blocked", "dead", OTHER, E(KEY_FAULT), E(FORBIDDEN), 502, 0, false },
	{ 403, DENIED("Requests from this iOS client application are blocked.", INFO("API_KEY_IOS_APP_BLOCKED")), "key_app_blocked", "dead", OTHER, E(KEY_FAULT), E(FORBIDDEN), 502, 0, false },
	/* quotas */
	{ 402, BODY("402", "RESOURCE_EXHAUSTED", "Your prepayment credits are depleted.", ""), "payment", "dead", OTHER, E(PAYMENT), E(PAYMENT), 402, 0, true },
	{ 429, EXHAUSTED("Your prepayment credits are depleted.", ""), "payment", "dead", OTHER, E(PAYMENT), E(PAYMENT), 402, 0, true },
	{ 429, EXHAUSTED(CURRENT, HELP "," QUOTA(MINUTE, "15") "," RETRY("26.837s")), "quota_minute", "minute", OTHER, E(RATE_LIMIT), E(RATE_LIMIT), 429, 27, false },
	{ 429, EXHAUSTED(CURRENT, QUOTA(TOKENS, "250000") "," RETRY("12s")), "quota_minute", "minute", OTHER, E(RATE_LIMIT), E(RATE_LIMIT), 429, 12, false },
	{ 429, EXHAUSTED(CURRENT, QUOTA(DAY, "20") "," RETRY("5s")), "quota_day", "day", OTHER, E(QUOTA), E(QUOTA), 429, 0, true },
	{ 429, EXHAUSTED(CURRENT, QUOTA(MINUTE, "5") "," QUOTA(DAY, "20") "," RETRY("0s")), "quota_day", "day", OTHER, E(QUOTA), E(QUOTA), 429, 0, true },
	{ 429, EXHAUSTED(CURRENT, QUOTA(DAY, "0")), "quota_zero", "closed", OTHER, E(QUOTA), E(QUOTA), 429, 0, true },
	{ 429, EXHAUSTED(CURRENT " * Quota exceeded for metric: x, limit: 0, model: y", RETRY("3s")), "quota_zero", "closed", OTHER, E(QUOTA), E(QUOTA), 429, 0, true },
	{ 429, EXHAUSTED(CURRENT, QUOTA("SomethingNewPerWeek", "7") "," RETRY("3s")), "quota_other", "other", OTHER, E(RATE_LIMIT), E(RATE_LIMIT), 429, 3, false },
	{ 429, EXHAUSTED("Quota exceeded for quota metric 'Generate Content API requests per minute' of service 'x'.", ""), "quota_minute", "minute", OTHER, E(RATE_LIMIT), E(RATE_LIMIT), 429, 0, false },
	{ 429, EXHAUSTED("Quota exceeded for quota metric 'Requests' and limit 'Requests per day'.", ""), "quota_day", "day", OTHER, E(QUOTA), E(QUOTA), 429, 0, true },
	{ 429, EXHAUSTED(CURRENT, HELP), "exhausted", "bare, host suspect", OTHER, E(RATE_LIMIT), E(RATE_LIMIT), 429, 0, false },
	{ 429, EXHAUSTED("Resource has been exhausted (e.g. check quota).", ""), "exhausted", "bare, host suspect", OTHER, E(RATE_LIMIT), E(RATE_LIMIT), 429, 0, false },
	{ 429, "", "exhausted", "bare, host suspect", OTHER, E(RATE_LIMIT), E(RATE_LIMIT), 429, 0, false },
	/* the address and the place */
	{ 429, BLOCK_PAGE, "html_block", "host throttled", AGAIN, E(RATE_LIMIT), E(RATE_LIMIT), 429, 0, false },
	{ 403, BLOCK_PAGE, "html_block", "host throttled", AGAIN, E(RATE_LIMIT), E(RATE_LIMIT), 429, 0, false },
	{ 404, BLOCK_PAGE, "not_found", "nothing", PASS, E(NOT_FOUND), E(NOT_FOUND), 404, 0, false },
	{ 502, BLOCK_PAGE, "server_error", "slow", AGAIN, E(UPSTREAM), E(UPSTREAM), 502, 0, false },
	{ 400, BODY("400", "FAILED_PRECONDITION", "User location is not supported for the API use.", ""), "region", "host region", PASS, E(REGION), E(REGION), 400, 0, false },
	{ 400, BODY("400", "FAILED_PRECONDITION", "Gemini API free tier is not available in your country. Please enable billing.", ""), "region", "host region", PASS, E(REGION), E(REGION), 400, 0, false },
	/* models */
	{ 404, BODY("404", "NOT_FOUND", "models/x is not found for API version v1beta, or is not supported for generateContent.", ""), "model_not_found", "accepted", PASS, E(MODEL_NOT_FOUND), E(MODEL_NOT_FOUND), 404, 0, false },
	{ 404, BODY("404", "NOT_FOUND", "This model models/gemini-2.5-pro is no longer available to new users.", ""), "model_closed", "closed", OTHER, E(MODEL_NOT_FOUND), E(MODEL_NOT_FOUND), 404, 0, false },
	/* the caller's request */
	{ 400, INVALID("The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).", ""), "context_length", "accepted", PASS, E(CONTEXT_LENGTH), E(CONTEXT_LENGTH), 400, 0, false },
	{ 400, INVALID("Invalid JSON payload received. Unknown name \\\"x\\\": Cannot find field.", ""), "bad_request", "accepted", PASS, E(BAD_REQUEST), E(BAD_REQUEST), 400, 0, false },
	{ 400, INVALID("Invalid value at 'x', \\\"API key expired. Your API key was reported as leaked\\\"", ""), "bad_request", "accepted", PASS, E(BAD_REQUEST), E(BAD_REQUEST), 400, 0, false },
	{ 403, DENIED("The caller does not have permission", ""), "forbidden", "nothing", PASS, E(FORBIDDEN), E(FORBIDDEN), 403, 0, false },
	{ 404, BODY("404", "NOT_FOUND", "Requested entity was not found.", ""), "not_found", "nothing", PASS, E(NOT_FOUND), E(NOT_FOUND), 404, 0, false },
	{ 409, BODY("409", "ABORTED", "The operation was aborted.", ""), "bad_request", "accepted", PASS, E(BAD_REQUEST), E(BAD_REQUEST), 409, 0, false },
	{ 413, "", "too_large", "nothing", PASS, E(TOO_LARGE), E(TOO_LARGE), 413, 0, false },
	{ 408, "", "timeout", "slow", AGAIN, E(UPSTREAM_TIMEOUT), E(UPSTREAM_TIMEOUT), 504, 0, false },
	{ 499, BODY("499", "CANCELLED", "The operation was cancelled.", ""), "cancelled", "nothing", AGAIN, E(UPSTREAM), E(UPSTREAM), 502, 0, false },
	/* Google's servers */
	{ 500, BODY("500", "INTERNAL", "An internal error has occurred. Please retry.", ""), "internal", "slow", AGAIN, E(UPSTREAM_500), E(UPSTREAM_500), 500, 0, false },
	{ 501, BODY("501", "UNIMPLEMENTED", "Operation is not implemented.", ""), "unimplemented", "nothing", PASS, E(UPSTREAM), E(UPSTREAM), 502, 0, false },
	{ 502, "", "server_error", "slow", AGAIN, E(UPSTREAM), E(UPSTREAM), 502, 0, false },
	{ 503, BODY("503", "UNAVAILABLE", "The model is overloaded. Please try again later.", ""), "overloaded", "slow", AGAIN, E(OVERLOADED), E(OVERLOADED), 503, 0, false },
	{ 503, BODY("503", "UNAVAILABLE", "This model is currently experiencing high demand.", RETRY("0.2s")), "overloaded", "slow", AGAIN, E(OVERLOADED), E(OVERLOADED), 503, 1, false },
	{ 504, BODY("504", "DEADLINE_EXCEEDED", "Deadline expired before operation could complete.", ""), "deadline", "slow", AGAIN, E(UPSTREAM_TIMEOUT), E(UPSTREAM_TIMEOUT), 504, 0, false },
	{ 599, "", "server_error", "slow", AGAIN, E(UPSTREAM), E(UPSTREAM), 502, 0, false },
	/* framed in an answer that began well */
	{ 200, "data: " BODY("503", "UNAVAILABLE", "overloaded", "") "\n\n", "overloaded", "slow", AGAIN, E(OVERLOADED), E(OVERLOADED), 503, 0, false },
	{ 200, "data: " EXHAUSTED(CURRENT, QUOTA(DAY, "20")) "\n\n", "quota_day", "day", OTHER, E(QUOTA), E(QUOTA), 429, 0, true },
	{ 200, "{\"error\":{\"status\":\"UNAVAILABLE\",\"message\":\"x\"}}", "overloaded", "slow", AGAIN, E(OVERLOADED), E(OVERLOADED), 503, 0, false },
	{ 200, "{\"error\":{\"code\":\"weird\",\"message\":\"x\"}}", "internal", "slow", AGAIN, E(UPSTREAM_500), E(UPSTREAM_500), 500, 0, false },
};

static const struct {
	enum netresult net;
	int http;
	const char *class, *effect;
	enum verdict_action action;
	enum apierror_kind error;
} transfers[] = {
	{ NET_OK,      200, "ok",          "works", PASS,  E(NONE) },
	{ NET_OK,      308, "ok",          "works", PASS,  E(NONE) },
	{ NET_OK,        0, "no_answer",   "slow", AGAIN, E(UPSTREAM) },
	{ NET_RESOLVE,   0, "net_resolve", "slow", AGAIN, E(UNREACHABLE) },
	{ NET_CONNECT,   0, "net_connect", "slow", AGAIN, E(UNREACHABLE) },
	{ NET_TLS,       0, "net_tls",     "slow", AGAIN, E(UNREACHABLE) },
	{ NET_TIMEOUT,   0, "net_timeout", "slow", AGAIN, E(UPSTREAM_TIMEOUT) },
	{ NET_CUT,       0, "net_cut",     "slow", AGAIN, E(CUT) },
	{ NET_CUT,     200, "net_cut",     "slow", AGAIN, E(CUT) },
	{ NET_LOCAL,     0, "local",       "nothing", PASS,  E(INTERNAL) },
	{ NET_CUT,     503, "overloaded",  "slow", AGAIN, E(OVERLOADED) },
};
/* clang-format on */

/* What becomes of key, project, model and host, in words; each is "keep" when it is not named. */
static const char *
effect_of(const struct verdict *v)
{
	static const char *const keys[] = { "", "accepted", "works", "dead" };
	static const char *const limits[] = { "", "bare", "minute", "other", "day", "closed" };
	static const char *const hosts[] = { "", "", "host suspect", "host throttled",
		"host region" };
	static char text[64];

	if (v->limit != VERDICT_LIMIT_KEEP)
		snprintf(text, sizeof(text), "%s%s%s", limits[v->limit],
		    hosts[v->host][0] != '\0' ? ", " : "", hosts[v->host]);
	else if (hosts[v->host][0] != '\0')
		snprintf(text, sizeof(text), "%s", hosts[v->host]);
	else if (v->model >= VERDICT_MODEL_FAULT)
		snprintf(text, sizeof(text), "slow");
	else
		snprintf(text, sizeof(text), "%s",
		    v->key == VERDICT_KEY_KEEP ? "nothing" : keys[v->key]);
	return text;
}

/* Nothing but a served request or a refusal of the key may say anything else about the key. */
static bool
is_fair(const struct verdict *v)
{
	bool limited = v->limit != VERDICT_LIMIT_KEEP;

	return (v->key == VERDICT_KEY_DEAD) <= (v->action == VERDICT_OTHER && !limited) &&
	       (v->model >= VERDICT_MODEL_FAULT) <= (v->key == VERDICT_KEY_KEEP && !limited) &&
	       (v->key == VERDICT_KEY_WORKS) == (v->error == E(NONE)) &&
	       (v->action == VERDICT_OTHER) <= (limited || v->key == VERDICT_KEY_DEAD);
}

static void
test_cases(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct gemini_status g;
		struct outcome o = { NET_OK, cases[i].http, &g, false, false };
		struct apierror err;
		struct verdict v;
		char what[48];

		gemini_status_read(&g, slice_str(cases[i].body));
		v = verdict_of(&o);
		snprintf(what, sizeof(what), "case %zu, %s", i, cases[i].class);
		is_str(v.class, cases[i].class, what);
		is_str(effect_of(&v), cases[i].effect, "... what becomes of the rest");
		ok(is_fair(&v), "... who is guilty");
		is_int(v.action, cases[i].action, "... its action");
		is_int(v.error, cases[i].pool, "... its error");
		verdict_error(&o, &v, &err);
		is_int(err.kind, cases[i].pool, "... which the client sees");
		is_int(err.status, cases[i].status, "... as that status");
		is_int(err.retry_after_s, cases[i].retry_after_s, "... its hint");
		is_int(err.no_retry, cases[i].no_retry, "... whether a repetition helps");
		o.key_is_callers = true;
		v = verdict_of(&o);
		is_int(v.error, cases[i].callers, "... with the caller's own key");
		is_int(v.action, cases[i].action, "... which changes nothing else");
	}
}

static void
test_transfers(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(transfers); i++) {
		struct outcome o = { transfers[i].net, transfers[i].http, NULL, false, false };
		struct apierror err;
		struct verdict v = verdict_of(&o);

		is_str(v.class, transfers[i].class, transfers[i].class);
		is_str(effect_of(&v), transfers[i].effect, "... what becomes of the rest");
		ok(is_fair(&v), "... who is guilty");
		is_int(v.action, transfers[i].action, "... its action");
		is_int(v.error, transfers[i].error, "... its error");
		verdict_error(&o, &v, &err);
		ok(err.kind == E(NONE) || err.message[0] != '\0', "... says something");
	}
}

/* An empty answer is a fault of the server which nothing is held against. */
static void
test_empty(void)
{
	struct outcome o = { .net = NET_OK, .http_status = 200, .fault = ANSWER_EMPTY };
	struct verdict v = verdict_of(&o);

	is_str(v.class, "empty", "an answer without content");
	is_str(effect_of(&v), "accepted", "... the key is good, and so is the model");
	ok(is_fair(&v), "... who is guilty");
	is_int(v.action, AGAIN, "... its action");
	o.net = NET_CUT;
	is_str(verdict_of(&o).class, "net_cut", "what was cut is not empty");
}

static void
test_words(void)
{
	struct gemini_status g;
	struct outcome o = { NET_OK, 400, &g, false, false };
	struct apierror err;
	struct verdict v;

	gemini_status_read(&g, slice_str(INVALID("API key not valid.", INFO("API_KEY_INVALID"))));
	v = verdict_of(&o);
	verdict_error(&o, &v, &err);
	is_str(err.message, "The Gemini API refused the gateway's key: API key not valid.",
	    "a refused key of the pool says whose it is");
	is_str(err.google_status, "", "and not that the argument is invalid");
	o.key_is_callers = true;
	v = verdict_of(&o);
	verdict_error(&o, &v, &err);
	is_str(err.message, "API key not valid.", "the caller's own is in Google's words");
	is_int(err.status, 401, "as a refused credential");
	gemini_status_read(&g, slice_str(BODY("400", "OUT_OF_RANGE", "too far", "")));
	v = verdict_of(&o);
	verdict_error(&o, &v, &err);
	is_str(err.google_status, "OUT_OF_RANGE", "Google's word stays where its status stays");
	gemini_status_read(&g, slice_str(BODY("400", "FAILED_PRECONDITION",
				   "User location is not supported for the API use.", "")));
	v = verdict_of(&o);
	verdict_error(&o, &v, &err);
	ok(strstr(err.message, "gateway") != NULL, "a region error names the host as the cause");
	gemini_status_read(&g, SLICE(BLOCK_PAGE));
	o.http_status = 429;
	v = verdict_of(&o);
	verdict_error(&o, &v, &err);
	is_str(err.message, "The rate limit is reached.", "a page gives the default text");
}

int
main(void)
{
	test_cases();
	test_transfers();
	test_empty();
	test_words();
	return tap_done();
}
