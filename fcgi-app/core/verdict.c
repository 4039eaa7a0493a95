/*
 * The table of outcomes. A row matches when all its columns do; the first row that matches wins.
 * Google's words: the API's error reference, google.api.ErrorReason, and bodies that users quote.
 * Messages about a bad request quote the request, so what condemns a key must begin the message.
 */
#include "config.h"

#include "core/verdict.h"

#include <string.h>
#include <strings.h>

#include "base/xalloc.h"

#define PASS      VERDICT_PASS
#define OTHER     VERDICT_OTHER
#define AGAIN     VERDICT_AGAIN
#define E(symbol) APIERROR_##symbol

#define LIMIT_ZERO "0" /* in the quota column: a limit of 0, whatever the id */
#define ANY_QUOTA  ""

/* clang-format off */
static const struct row {
	int from, to;               /* HTTP status, or the code of a framed error; 0, 0: any */
	const char *reason;         /* ErrorInfo.reason; NULL: any */
	const char *quota;          /* a part of the violated quota's id; NULL: any or none */
	const char *text;           /* how the message begins; behind `*` a part of it; NULL: any */
	const char *class;
	enum verdict_action action;
	enum apierror_kind error;   /* when the key is the pool's */
	enum apierror_kind callers; /* when it is the caller's own */
} rows[] = {
	/* The key itself: Google answers 400, 401 or 403, with or without a reason. */
	{ 400, 403, NULL, NULL, "API key expired",               "key_expired", OTHER, E(KEY_FAULT), E(BAD_KEY) },
	{ 400, 403, "API_KEY_INVALID", NULL, NULL,               "key_invalid", OTHER, E(KEY_FAULT), E(BAD_KEY) },
	{ 400, 403, NULL, NULL, "API key not ",                  "key_invalid", OTHER, E(KEY_FAULT), E(BAD_KEY) },
	{ 400, 403, NULL, NULL, "Your API key was reported as leaked", "key_leaked", OTHER, E(KEY_FAULT), E(BAD_KEY) },
	{ 400, 403, "ACCESS_TOKEN_TYPE_UNSUPPORTED", NULL, NULL, "key_type",    OTHER, E(KEY_FAULT), E(BAD_KEY) },
	{ 400, 403, NULL, NULL, "Method doesn't allow unregistered callers", "key_missing", OTHER, E(KEY_FAULT), E(BAD_KEY) },
	{ 400, 403, "OVERLOADED_CREDENTIALS", NULL, NULL,        "credentials", PASS,  E(UPSTREAM),  E(UPSTREAM) },
	{ 400, 403, NULL, NULL, "Multiple authentication credentials", "credentials", PASS, E(UPSTREAM), E(UPSTREAM) },

	/* What the key's project or restrictions forbid. */
	{ 400, 403, "CONSUMER_SUSPENDED", NULL, NULL,            "key_suspended",        OTHER, E(KEY_FAULT), E(FORBIDDEN) },
	{ 403, 403, NULL, NULL, "Permission denied: Consumer",   "key_suspended",        OTHER, E(KEY_FAULT), E(FORBIDDEN) },
	{ 403, 403, NULL, NULL, "Your project has been denied",  "project_denied",       OTHER, E(KEY_FAULT), E(FORBIDDEN) },
	{ 400, 403, "CONSUMER_INVALID", NULL, NULL,              "project_invalid",      OTHER, E(KEY_FAULT), E(FORBIDDEN) },
	{ 400, 403, "BILLING_DISABLED", NULL, NULL,              "billing_disabled",     OTHER, E(KEY_FAULT), E(FORBIDDEN) },
	{ 400, 403, "SERVICE_DISABLED", NULL, NULL,              "service_disabled",     OTHER, E(KEY_FAULT), E(FORBIDDEN) },
	{ 403, 403, NULL, NULL, "Generative Language API has not been used", "service_disabled", OTHER, E(KEY_FAULT), E(FORBIDDEN) },
	{ 400, 403, "API_KEY_SERVICE_BLOCKED", NULL, NULL,       "key_service_blocked",  OTHER, E(KEY_FAULT), E(FORBIDDEN) },
	{ 403, 403, NULL, NULL, "Requests to this API",          "key_service_blocked",  OTHER, E(KEY_FAULT), E(FORBIDDEN) },
	{ 400, 403, "API_KEY_HTTP_REFERRER_BLOCKED", NULL, NULL, "key_referrer_blocked", OTHER, E(KEY_FAULT), E(FORBIDDEN) },
	{ 403, 403, NULL, NULL, "Requests from referer",         "key_referrer_blocked", OTHER, E(KEY_FAULT), E(FORBIDDEN) },
	{ 400, 403, "API_KEY_IP_ADDRESS_BLOCKED", NULL, NULL,    "key_address_blocked",  OTHER, E(KEY_FAULT), E(FORBIDDEN) },
	{ 400, 403, "API_KEY_ANDROID_APP_BLOCKED", NULL, NULL,   "key_app_blocked",      OTHER, E(KEY_FAULT), E(FORBIDDEN) },
	{ 400, 403, "API_KEY_IOS_APP_BLOCKED", NULL, NULL,       "key_app_blocked",      OTHER, E(KEY_FAULT), E(FORBIDDEN) },

	/* Quotas: the violated limit outranks the retry hint. */
	{ 402, 402, NULL, NULL, NULL,                        "payment",      OTHER, E(PAYMENT),    E(PAYMENT) },
	{ 429, 429, NULL, NULL, "*credits are depleted",     "payment",      OTHER, E(PAYMENT),    E(PAYMENT) },
	{ 429, 429, NULL, LIMIT_ZERO, NULL,                  "quota_zero",   OTHER, E(QUOTA),      E(QUOTA) },
	{ 429, 429, NULL, "PerDay", NULL,                    "quota_day",    OTHER, E(QUOTA),      E(QUOTA) },
	{ 429, 429, NULL, "PerMinute", NULL,                 "quota_minute", OTHER, E(RATE_LIMIT), E(RATE_LIMIT) },
	{ 429, 429, NULL, ANY_QUOTA, NULL,                   "quota_other",  OTHER, E(RATE_LIMIT), E(RATE_LIMIT) },
	{ 429, 429, NULL, NULL, "*per day",                  "quota_day",    OTHER, E(QUOTA),      E(QUOTA) },
	{ 429, 429, NULL, NULL, "*per minute",               "quota_minute", OTHER, E(RATE_LIMIT), E(RATE_LIMIT) },
	{ 429, 429, NULL, NULL, NULL,                        "exhausted",    OTHER, E(RATE_LIMIT), E(RATE_LIMIT) },

	/* The place where the gateway runs. */
	{ 400, 403, NULL, NULL, "User location is not supported", "region",  PASS,  E(REGION),     E(REGION) },
	{ 400, 403, NULL, NULL, "Gemini API free tier is not available", "region",  PASS,  E(REGION),     E(REGION) },

	/* The model: a retired one may still serve an older project. */
	{ 404, 404, NULL, NULL, "*no longer available",      "model_closed",    OTHER, E(MODEL_NOT_FOUND), E(MODEL_NOT_FOUND) },
	{ 404, 404, NULL, NULL, "*models/",                  "model_not_found", PASS,  E(MODEL_NOT_FOUND), E(MODEL_NOT_FOUND) },

	/* The caller's request. */
	{ 400, 400, NULL, NULL, "*exceeds the maximum number of tokens", "context_length", PASS, E(CONTEXT_LENGTH), E(CONTEXT_LENGTH) },
	{ 401, 401, NULL, NULL, NULL,                        "key_refused",  OTHER, E(KEY_FAULT),  E(BAD_KEY) },
	{ 403, 403, NULL, NULL, NULL,                        "forbidden",    PASS,  E(FORBIDDEN),  E(FORBIDDEN) },
	{ 404, 404, NULL, NULL, NULL,                        "not_found",    PASS,  E(NOT_FOUND),  E(NOT_FOUND) },
	{ 408, 408, NULL, NULL, NULL,                        "timeout",      AGAIN, E(UPSTREAM_TIMEOUT), E(UPSTREAM_TIMEOUT) },
	{ 413, 413, NULL, NULL, NULL,                        "too_large",    PASS,  E(TOO_LARGE),  E(TOO_LARGE) },
	{ 499, 499, NULL, NULL, NULL,                        "cancelled",    AGAIN, E(UPSTREAM),   E(UPSTREAM) },
	{ 400, 499, NULL, NULL, NULL,                        "bad_request",  PASS,  E(BAD_REQUEST), E(BAD_REQUEST) },

	/* Google's servers. */
	{ 500, 500, NULL, NULL, NULL,                        "internal",     AGAIN, E(UPSTREAM_500), E(UPSTREAM_500) },
	{ 501, 501, NULL, NULL, NULL,                        "unimplemented", PASS, E(UPSTREAM),   E(UPSTREAM) },
	{ 503, 503, NULL, NULL, NULL,                        "overloaded",   AGAIN, E(OVERLOADED), E(OVERLOADED) },
	{ 504, 504, NULL, NULL, NULL,                        "deadline",     AGAIN, E(UPSTREAM_TIMEOUT), E(UPSTREAM_TIMEOUT) },
	{   0,   0, NULL, NULL, NULL,                        "server_error", AGAIN, E(UPSTREAM),   E(UPSTREAM) },
};

/* Transfers that ended before there was an answer to judge. */
static const struct verdict net_verdicts[] = {
	[NET_OK]      = { "no_answer",   AGAIN, E(UPSTREAM) },
	[NET_RESOLVE] = { "net_resolve", AGAIN, E(UNREACHABLE) },
	[NET_CONNECT] = { "net_connect", AGAIN, E(UNREACHABLE) },
	[NET_TLS]     = { "net_tls",     AGAIN, E(UNREACHABLE) },
	[NET_TIMEOUT] = { "net_timeout", AGAIN, E(UPSTREAM_TIMEOUT) },
	[NET_CUT]     = { "net_cut",     AGAIN, E(CUT) },
	[NET_LOCAL]   = { "local",       PASS,  E(INTERNAL) },
};

/* google.rpc.Code over HTTP, for framed errors that carry the word alone. */
static const struct {
	const char *word;
	int http;
} codes[] = {
	{ "INVALID_ARGUMENT", 400 }, { "FAILED_PRECONDITION", 400 }, { "OUT_OF_RANGE", 400 },
	{ "UNAUTHENTICATED", 401 }, { "PERMISSION_DENIED", 403 }, { "NOT_FOUND", 404 },
	{ "ABORTED", 409 }, { "ALREADY_EXISTS", 409 }, { "RESOURCE_EXHAUSTED", 429 },
	{ "CANCELLED", 499 }, { "UNIMPLEMENTED", 501 }, { "UNAVAILABLE", 503 },
	{ "DEADLINE_EXCEEDED", 504 }, { "INTERNAL", 500 }, { "UNKNOWN", 500 }, { "DATA_LOSS", 500 },
};
/* clang-format on */

static const struct gstatus no_status;

static const struct gstatus *
outcome_status(const struct outcome *o)
{
	return o->status != NULL ? o->status : &no_status;
}

/* The HTTP status to judge by, or 0 when nothing failed. 500 for an error that does not tell. */
static int
outcome_code(const struct outcome *o)
{
	const struct gstatus *status = outcome_status(o);

	if (o->http_status >= 400)
		return o->http_status;
	if (!status->is_status)
		return 0;
	if (status->code >= 400)
		return status->code;
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (strcmp(status->status, codes[i].word) == 0)
			return codes[i].http;
	return 500;
}

static bool
quota_matches(const struct gstatus *status, const char *quota)
{
	if (quota == NULL)
		return true;
	if (strcmp(quota, LIMIT_ZERO) == 0)
		return strcmp(status->quota_value, "0") == 0;
	return status->quota_id[0] != '\0' && strstr(status->quota_id, quota) != NULL;
}

static bool
text_matches(const char *message, const char *text)
{
	if (text == NULL)
		return true;
	if (text[0] == '*')
		return strcasestr(message, text + 1) != NULL;
	return strncasecmp(message, text, strlen(text)) == 0;
}

static bool
row_matches(const struct row *row, int code, const struct gstatus *status)
{
	return (row->from == 0 || (code >= row->from && code <= row->to)) &&
	       (row->reason == NULL || strcmp(row->reason, status->reason) == 0) &&
	       quota_matches(status, row->quota) && text_matches(status->message, row->text);
}

/* The last row matches everything. */
static const struct row *
find_row(int code, const struct gstatus *status)
{
	const struct row *row = rows;

	while (!row_matches(row, code, status))
		row++;
	return row;
}

struct verdict
verdict_of(const struct outcome *o)
{
	const struct gstatus *status = outcome_status(o);
	int code = outcome_code(o);
	const struct row *row;
	struct verdict v;

	if (code == 0) {
		if (o->net != NET_OK || o->http_status == 0)
			return net_verdicts[o->net];
		return (struct verdict){ "ok", PASS, E(NONE) };
	}
	row = find_row(code, status);
	v = (struct verdict){ row->class, row->action,
		o->key_is_callers ? row->callers : row->error };
	if (status->is_html) {
		v.class = "html_block";
		/* The address is throttled, not the key. */
		if (code == 403 || code == 429) {
			v.action = AGAIN;
			v.error = E(RATE_LIMIT);
		}
	}
	return v;
}

void
verdict_error(const struct outcome *o, const struct verdict *v, struct apierror *ret)
{
	const struct gstatus *status = outcome_status(o);
	int code = outcome_code(o);

	if (v->error == E(KEY_FAULT) && status->message[0] != '\0')
		apierror_set(ret, v->error, NULL, "The Gemini API refused the gateway's key: %s",
		    status->message);
	else
		/* Google's sentence about the region does not say whose. */
		apierror_set(
		    ret, v->error, NULL, "%s", v->error != E(REGION) ? status->message : "");
	/* Google's status where the kind is only the nearest one: 409, 412, 416 ... */
	if (v->error == E(BAD_REQUEST) && code > 0)
		ret->status = code;
	if (ret->status == code)
		memcpy(ret->google_status, status->status, sizeof(ret->google_status));
	ret->no_retry = v->error == E(QUOTA) || v->error == E(PAYMENT);
	if (!ret->no_retry)
		ret->retry_after_s = status->retry_ms / 1000 + (status->retry_ms % 1000 > 0);
}
