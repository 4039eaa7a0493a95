/*
 * Two tables. What Google says names a class: a rule matches when all its columns do, the first
 * that matches wins. The class says what becomes of the key, of the quota of its project, of the
 * model, of the host and of the request. Google's words: the API's error reference,
 * google.api.ErrorReason, and bodies that users quote. Messages about a bad request quote the
 * request, so what condemns a key must begin the message.
 */
#include "config.h"

#include "core/gemini/verdict.h"

#include <string.h>
#include <strings.h>

#include "base/xalloc.h"

#define PASS      VERDICT_PASS
#define OTHER     VERDICT_OTHER
#define AGAIN     VERDICT_AGAIN
#define E(symbol) APIERROR_##symbol
#define K(symbol) VERDICT_KEY_##symbol
#define L(symbol) VERDICT_LIMIT_##symbol
#define M(symbol) VERDICT_MODEL_##symbol
#define H(symbol) VERDICT_HOST_##symbol

/* clang-format off */
enum class_name {
	/* the key itself */
	KEY_EXPIRED, KEY_INVALID, KEY_LEAKED, KEY_TYPE, KEY_MISSING, KEY_REFUSED, CREDENTIALS,
	/* its project and its restrictions */
	KEY_SUSPENDED, PROJECT_DENIED, PROJECT_INVALID, BILLING_DISABLED, SERVICE_DISABLED,
	KEY_SERVICE_BLOCKED, KEY_REFERRER_BLOCKED, KEY_ADDRESS_BLOCKED, KEY_APP_BLOCKED, PAYMENT,
	/* quotas */
	QUOTA_ZERO, QUOTA_DAY, QUOTA_MINUTE, QUOTA_OTHER, EXHAUSTED,
	/* the place */
	HTML_BLOCK, REGION,
	/* the model */
	MODEL_CLOSED, MODEL_NOT_FOUND,
	/* the caller's request */
	CONTEXT_LENGTH, FORBIDDEN, NOT_FOUND, TOO_LARGE, BAD_REQUEST,
	/* Google's servers */
	TIMEOUT, CANCELLED, INTERNAL, UNIMPLEMENTED, OVERLOADED, DEADLINE, SERVER_ERROR,
	/* transfers that ended before there was an answer to judge */
	NO_ANSWER, NO_NAME, NO_CONNECTION, NO_TLS, TOO_LATE, CUT_OFF, PROTOCOL, LOCAL,
	/* answers */
	EMPTY, BAD_ANSWER, OK
};

static const struct class_row {
	const char *word;           /* for the access line */
	enum verdict_action action; /* of the request */
	enum apierror_kind error;   /* when the key is the pool's */
	enum apierror_kind callers; /* when it is the caller's own */
	enum verdict_key key;
	enum verdict_limit limit;   /* of (project, model) */
	enum verdict_model model;
	enum verdict_host host;
	const char *advice;         /* the operator's next step; NULL: none */
} classes[] = {
	[KEY_EXPIRED]          = { "key_expired",          OTHER, E(KEY_FAULT),        E(BAD_KEY),          K(DEAD),     L(KEEP),   M(KEEP),  H(KEEP),      "renew the key in Google AI Studio" },
	[KEY_INVALID]          = { "key_invalid",          OTHER, E(KEY_FAULT),        E(BAD_KEY),          K(DEAD),     L(KEEP),   M(KEEP),  H(KEEP),      "remove the key: Google does not know it" },
	[KEY_LEAKED]           = { "key_leaked",           OTHER, E(KEY_FAULT),        E(BAD_KEY),          K(DEAD),     L(KEEP),   M(KEEP),  H(KEEP),      "make a new key: this one was found in public and is blocked" },
	[KEY_TYPE]             = { "key_type",             OTHER, E(KEY_FAULT),        E(BAD_KEY),          K(DEAD),     L(KEEP),   M(KEEP),  H(KEEP),      "make a new key in Google AI Studio: this type is not accepted any more" },
	[KEY_MISSING]          = { "key_missing",          OTHER, E(KEY_FAULT),        E(BAD_KEY),          K(DEAD),     L(KEEP),   M(KEEP),  H(KEEP),      "check that the key is complete" },
	[KEY_REFUSED]          = { "key_refused",          OTHER, E(KEY_FAULT),        E(BAD_KEY),          K(DEAD),     L(KEEP),   M(KEEP),  H(KEEP),      "make a new key in Google AI Studio" },
	[CREDENTIALS]          = { "credentials",          PASS,  E(UPSTREAM),         E(UPSTREAM),         K(KEEP),     L(KEEP),   M(KEEP),  H(KEEP),      NULL },
	[KEY_SUSPENDED]        = { "key_suspended",        OTHER, E(KEY_FAULT),        E(FORBIDDEN),        K(DEAD),     L(KEEP),   M(KEEP),  H(KEEP),      "the project is suspended: appeal in the Google Cloud console" },
	[PROJECT_DENIED]       = { "project_denied",       OTHER, E(KEY_FAULT),        E(FORBIDDEN),        K(DEAD),     L(KEEP),   M(KEEP),  H(KEEP),      "the project is denied access: write to Google's support" },
	[PROJECT_INVALID]      = { "project_invalid",      OTHER, E(KEY_FAULT),        E(FORBIDDEN),        K(DEAD),     L(KEEP),   M(KEEP),  H(KEEP),      "the project of the key does not exist any more: use another key" },
	[BILLING_DISABLED]     = { "billing_disabled",     OTHER, E(KEY_FAULT),        E(FORBIDDEN),        K(DEAD),     L(KEEP),   M(KEEP),  H(KEEP),      "enable billing for the project in the Google Cloud console" },
	[SERVICE_DISABLED]     = { "service_disabled",     OTHER, E(KEY_FAULT),        E(FORBIDDEN),        K(DEAD),     L(KEEP),   M(KEEP),  H(KEEP),      "enable the Generative Language API for the project in the Google Cloud console" },
	[KEY_SERVICE_BLOCKED]  = { "key_service_blocked",  OTHER, E(KEY_FAULT),        E(FORBIDDEN),        K(DEAD),     L(KEEP),   M(KEEP),  H(KEEP),      "allow the Generative Language API in the key's restrictions" },
	[KEY_REFERRER_BLOCKED] = { "key_referrer_blocked", OTHER, E(KEY_FAULT),        E(FORBIDDEN),        K(DEAD),     L(KEEP),   M(KEEP),  H(KEEP),      "remove the website restriction of the key" },
	[KEY_ADDRESS_BLOCKED]  = { "key_address_blocked",  OTHER, E(KEY_FAULT),        E(FORBIDDEN),        K(DEAD),     L(KEEP),   M(KEEP),  H(KEEP),      "add this server's address to the key's restrictions" },
	[KEY_APP_BLOCKED]      = { "key_app_blocked",      OTHER, E(KEY_FAULT),        E(FORBIDDEN),        K(DEAD),     L(KEEP),   M(KEEP),  H(KEEP),      "remove the app restriction of the key" },
	[PAYMENT]              = { "payment",              OTHER, E(PAYMENT),          E(PAYMENT),          K(DEAD),     L(KEEP),   M(KEEP),  H(KEEP),      "add credit to the project's billing account" },
	[QUOTA_ZERO]           = { "quota_zero",           OTHER, E(QUOTA),            E(QUOTA),            K(ACCEPTED), L(CLOSED), M(KEEP),  H(KEEP),      "the project's tier does not include this model" },
	[QUOTA_DAY]            = { "quota_day",            OTHER, E(QUOTA),            E(QUOTA),            K(ACCEPTED), L(DAY),    M(KEEP),  H(KEEP),      NULL },
	[QUOTA_MINUTE]         = { "quota_minute",         OTHER, E(RATE_LIMIT),       E(RATE_LIMIT),       K(ACCEPTED), L(MINUTE), M(KEEP),  H(KEEP),      NULL },
	[QUOTA_OTHER]          = { "quota_other",          OTHER, E(RATE_LIMIT),       E(RATE_LIMIT),       K(ACCEPTED), L(OTHER),  M(KEEP),  H(KEEP),      NULL },
	[EXHAUSTED]            = { "exhausted",            OTHER, E(RATE_LIMIT),       E(RATE_LIMIT),       K(ACCEPTED), L(BARE),   M(KEEP),  H(SUSPECT),   NULL },
	[HTML_BLOCK]           = { "html_block",           AGAIN, E(RATE_LIMIT),       E(RATE_LIMIT),       K(KEEP),     L(KEEP),   M(KEEP),  H(THROTTLED), "Google throttles this server's address: send less, or use a proxy" },
	[REGION]               = { "region",               PASS,  E(REGION),           E(REGION),           K(KEEP),     L(KEEP),   M(KEEP),  H(REGION),    "Google does not serve this server's address: use UPSTREAM_PROXY or UPSTREAM_IP" },
	[MODEL_CLOSED]         = { "model_closed",         OTHER, E(MODEL_NOT_FOUND),  E(MODEL_NOT_FOUND),  K(ACCEPTED), L(CLOSED), M(KEEP),  H(KEEP),      NULL },
	[MODEL_NOT_FOUND]      = { "model_not_found",      PASS,  E(MODEL_NOT_FOUND),  E(MODEL_NOT_FOUND),  K(ACCEPTED), L(KEEP),   M(KEEP),  H(KEEP),      NULL },
	[CONTEXT_LENGTH]       = { "context_length",       PASS,  E(CONTEXT_LENGTH),   E(CONTEXT_LENGTH),   K(ACCEPTED), L(KEEP),   M(KEEP),  H(KEEP),      NULL },
	[FORBIDDEN]            = { "forbidden",            PASS,  E(FORBIDDEN),        E(FORBIDDEN),        K(KEEP),     L(KEEP),   M(KEEP),  H(KEEP),      NULL },
	[NOT_FOUND]            = { "not_found",            PASS,  E(NOT_FOUND),        E(NOT_FOUND),        K(KEEP),     L(KEEP),   M(KEEP),  H(KEEP),      NULL },
	[TOO_LARGE]            = { "too_large",            PASS,  E(TOO_LARGE),        E(TOO_LARGE),        K(KEEP),     L(KEEP),   M(KEEP),  H(KEEP),      NULL },
	[BAD_REQUEST]          = { "bad_request",          PASS,  E(BAD_REQUEST),      E(BAD_REQUEST),      K(ACCEPTED), L(KEEP),   M(KEEP),  H(KEEP),      NULL },
	[TIMEOUT]              = { "timeout",              AGAIN, E(UPSTREAM_TIMEOUT), E(UPSTREAM_TIMEOUT), K(KEEP),     L(KEEP),   M(FAULT), H(KEEP),      NULL },
	[CANCELLED]            = { "cancelled",            AGAIN, E(UPSTREAM),         E(UPSTREAM),         K(KEEP),     L(KEEP),   M(KEEP),  H(KEEP),      NULL },
	[INTERNAL]             = { "internal",             AGAIN, E(UPSTREAM_500),     E(UPSTREAM_500),     K(KEEP),     L(KEEP),   M(FAULT), H(KEEP),      NULL },
	[UNIMPLEMENTED]        = { "unimplemented",        PASS,  E(UPSTREAM),         E(UPSTREAM),         K(KEEP),     L(KEEP),   M(KEEP),  H(KEEP),      NULL },
	[OVERLOADED]           = { "overloaded",           AGAIN, E(OVERLOADED),       E(OVERLOADED),       K(KEEP),     L(KEEP),   M(SLOW),  H(KEEP),      NULL },
	[DEADLINE]             = { "deadline",             AGAIN, E(UPSTREAM_TIMEOUT), E(UPSTREAM_TIMEOUT), K(KEEP),     L(KEEP),   M(FAULT), H(KEEP),      NULL },
	[SERVER_ERROR]         = { "server_error",         AGAIN, E(UPSTREAM),         E(UPSTREAM),         K(KEEP),     L(KEEP),   M(FAULT), H(KEEP),      NULL },
	[NO_ANSWER]            = { "no_answer",            AGAIN, E(UPSTREAM),         E(UPSTREAM),         K(KEEP),     L(KEEP),   M(FAULT), H(KEEP),      NULL },
	[NO_NAME]              = { "net_resolve",          AGAIN, E(UNREACHABLE),      E(UNREACHABLE),      K(KEEP),     L(KEEP),   M(FAULT), H(KEEP),      NULL },
	[NO_CONNECTION]        = { "net_connect",          AGAIN, E(UNREACHABLE),      E(UNREACHABLE),      K(KEEP),     L(KEEP),   M(FAULT), H(KEEP),      NULL },
	[NO_TLS]               = { "net_tls",              AGAIN, E(UNREACHABLE),      E(UNREACHABLE),      K(KEEP),     L(KEEP),   M(FAULT), H(KEEP),      NULL },
	[TOO_LATE]             = { "net_timeout",          AGAIN, E(UPSTREAM_TIMEOUT), E(UPSTREAM_TIMEOUT), K(KEEP),     L(KEEP),   M(FAULT), H(KEEP),      NULL },
	[CUT_OFF]              = { "net_cut",              AGAIN, E(CUT),              E(CUT),              K(KEEP),     L(KEEP),   M(FAULT), H(KEEP),      NULL },
	[PROTOCOL]             = { "net_protocol",         AGAIN, E(UPSTREAM),         E(UPSTREAM),         K(KEEP),     L(KEEP),   M(FAULT), H(KEEP),      NULL },
	[LOCAL]                = { "local",                PASS,  E(INTERNAL),         E(INTERNAL),         K(KEEP),     L(KEEP),   M(KEEP),  H(KEEP),      NULL },
	[EMPTY]                = { "empty",                AGAIN, E(UPSTREAM),         E(UPSTREAM),         K(ACCEPTED), L(KEEP),   M(KEEP),  H(WORKS),     NULL },
	[BAD_ANSWER]           = { "bad_answer",           AGAIN, E(BAD_ANSWER),       E(BAD_ANSWER),       K(KEEP),     L(KEEP),   M(FAULT), H(KEEP),      NULL },
	[OK]                   = { "ok",                   PASS,  E(NONE),             E(NONE),             K(WORKS),    L(KEEP),   M(WORKS), H(WORKS),     NULL },
};

enum quota { ANY, ZERO, DAY, MINUTE, SOME };

static const struct rule {
	int from, to;       /* HTTP status, or the code of a framed error; 0, 0: any */
	const char *reason; /* ErrorInfo.reason; NULL: any */
	enum quota quota;   /* ZERO: a limit of 0; DAY, MINUTE: the violation that lasts longest */
	const char *text;   /* how the message begins; behind `*` a part of it; NULL: any */
	enum class_name class;
} rules[] = {
	/* The key itself: Google answers 400, 401 or 403, with or without a reason. */
	{ 400, 403, NULL, ANY, "API key expired",                KEY_EXPIRED },
	{ 400, 403, "API_KEY_INVALID", ANY, NULL,                KEY_INVALID },
	{ 400, 403, NULL, ANY, "API key not ",                   KEY_INVALID },
	{ 400, 403, NULL, ANY, "Your API key was reported as leaked", KEY_LEAKED },
	{ 400, 403, "ACCESS_TOKEN_TYPE_UNSUPPORTED", ANY, NULL,  KEY_TYPE },
	{ 400, 403, NULL, ANY, "Method doesn't allow unregistered callers", KEY_MISSING },
	{ 400, 403, "OVERLOADED_CREDENTIALS", ANY, NULL,         CREDENTIALS },
	{ 400, 403, NULL, ANY, "Multiple authentication credentials", CREDENTIALS },

	/* What the key's project or restrictions forbid. */
	{ 400, 403, "CONSUMER_SUSPENDED", ANY, NULL,             KEY_SUSPENDED },
	{ 403, 403, NULL, ANY, "Permission denied: Consumer",    KEY_SUSPENDED },
	{ 403, 403, NULL, ANY, "Your project has been denied",   PROJECT_DENIED },
	{ 400, 403, "CONSUMER_INVALID", ANY, NULL,               PROJECT_INVALID },
	{ 400, 403, "BILLING_DISABLED", ANY, NULL,               BILLING_DISABLED },
	{ 400, 403, "SERVICE_DISABLED", ANY, NULL,               SERVICE_DISABLED },
	{ 403, 403, NULL, ANY, "Generative Language API has not been used", SERVICE_DISABLED },
	{ 400, 403, "API_KEY_SERVICE_BLOCKED", ANY, NULL,        KEY_SERVICE_BLOCKED },
	{ 403, 403, NULL, ANY, "Requests to this API",           KEY_SERVICE_BLOCKED },
	{ 400, 403, "API_KEY_HTTP_REFERRER_BLOCKED", ANY, NULL,  KEY_REFERRER_BLOCKED },
	{ 403, 403, NULL, ANY, "Requests from referer",          KEY_REFERRER_BLOCKED },
	{ 400, 403, "API_KEY_IP_ADDRESS_BLOCKED", ANY, NULL,     KEY_ADDRESS_BLOCKED },
	{ 400, 403, "API_KEY_ANDROID_APP_BLOCKED", ANY, NULL,    KEY_APP_BLOCKED },
	{ 400, 403, "API_KEY_IOS_APP_BLOCKED", ANY, NULL,        KEY_APP_BLOCKED },

	/* Quotas: the violated limit outranks the retry hint. */
	{ 402, 402, NULL, ANY, NULL,                             PAYMENT },
	{ 429, 429, NULL, ANY, "*credits are depleted",          PAYMENT },
	{ 429, 429, NULL, ZERO, NULL,                            QUOTA_ZERO },
	{ 429, 429, NULL, DAY, NULL,                             QUOTA_DAY },
	{ 429, 429, NULL, MINUTE, NULL,                          QUOTA_MINUTE },
	{ 429, 429, NULL, ANY, "*per day",                       QUOTA_DAY },
	{ 429, 429, NULL, ANY, "*per minute",                    QUOTA_MINUTE },
	{ 429, 429, NULL, SOME, NULL,                            QUOTA_OTHER },
	{ 429, 429, NULL, ANY, NULL,                             EXHAUSTED },

	/* The place where the gateway runs. */
	{ 400, 403, NULL, ANY, "User location is not supported", REGION },
	{ 400, 403, NULL, ANY, "Gemini API free tier is not available", REGION },

	/* The model: a retired one may still serve an older project. */
	{ 404, 404, NULL, ANY, "*no longer available",           MODEL_CLOSED },
	{ 404, 404, NULL, ANY, "*models/",                       MODEL_NOT_FOUND },

	/* The caller's request. */
	{ 400, 400, NULL, ANY, "*exceeds the maximum number of tokens", CONTEXT_LENGTH },
	{ 401, 401, NULL, ANY, NULL,                             KEY_REFUSED },
	{ 403, 403, NULL, ANY, NULL,                             FORBIDDEN },
	{ 404, 404, NULL, ANY, NULL,                             NOT_FOUND },
	{ 408, 408, NULL, ANY, NULL,                             TIMEOUT },
	{ 413, 413, NULL, ANY, NULL,                             TOO_LARGE },
	{ 499, 499, NULL, ANY, NULL,                             CANCELLED },
	{ 400, 499, NULL, ANY, NULL,                             BAD_REQUEST },

	/* Google's servers. */
	{ 500, 500, NULL, ANY, NULL,                             INTERNAL },
	{ 501, 501, NULL, ANY, NULL,                             UNIMPLEMENTED },
	{ 503, 503, NULL, ANY, NULL,                             OVERLOADED },
	{ 504, 504, NULL, ANY, NULL,                             DEADLINE },
	{   0,   0, NULL, ANY, NULL,                             SERVER_ERROR },
};

static const enum class_name net_classes[] = {
	[NET_OK] = NO_ANSWER, [NET_RESOLVE] = NO_NAME, [NET_CONNECT] = NO_CONNECTION,
	[NET_TLS] = NO_TLS, [NET_TIMEOUT] = TOO_LATE, [NET_CUT] = CUT_OFF, [NET_PROTOCOL] = PROTOCOL,
	[NET_LOCAL] = LOCAL,
};

static const enum class_name faults[] = {
	[ANSWER_FINE] = OK, [ANSWER_EMPTY] = EMPTY, [ANSWER_BAD] = BAD_ANSWER,
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

static const struct gemini_status no_status;

static const struct gemini_status *
outcome_status(const struct outcome *o)
{
	return o->status != NULL ? o->status : &no_status;
}

/* The HTTP status to judge by, or 0 when nothing failed. 500 for an error that does not tell. */
static int
outcome_code(const struct outcome *o)
{
	const struct gemini_status *status = outcome_status(o);

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
quota_matches(const struct gemini_status *status, enum quota quota)
{
	switch (quota) {
	case ZERO:
		return strcmp(status->quota_value, "0") == 0;
	case DAY:
		return status->span == GSPAN_DAY;
	case MINUTE:
		return status->span == GSPAN_MINUTE;
	case SOME:
		return status->quota_count > 0;
	case ANY:
		break;
	}
	return true;
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
rule_matches(const struct rule *rule, int code, const struct gemini_status *status)
{
	return (rule->from == 0 || (code >= rule->from && code <= rule->to)) &&
	       (rule->reason == NULL || strcmp(rule->reason, status->reason) == 0) &&
	       quota_matches(status, rule->quota) && text_matches(status->message, rule->text);
}

static enum class_name
class_of(const struct outcome *o)
{
	const struct gemini_status *status = outcome_status(o);
	const struct rule *rule = rules;
	int code = outcome_code(o);

	if (code == 0 && (o->net != NET_OK || o->http_status == 0))
		return net_classes[o->net];
	if (code == 0)
		return faults[o->fault];
	/* A page where the API would have answered JSON: the address is throttled, not the key. */
	if (status->is_html && (code == 403 || code == 429))
		return HTML_BLOCK;
	/* The last rule matches everything. */
	while (!rule_matches(rule, code, status))
		rule++;
	return rule->class;
}

static struct verdict
verdict_from(const struct class_row *row, bool key_is_callers)
{
	return (struct verdict){
		.class = row->word,
		.action = row->action,
		.error = key_is_callers ? row->callers : row->error,
		.key = row->key,
		.limit = row->limit,
		.model = row->model,
		.host = row->host,
		.advice = row->advice,
	};
}

void
outcome_read(struct outcome *o, struct slice body, struct gemini_status *status)
{
	if (o->http_status < 400 && gemini_status_sniff(body) != GSNIFF_ERROR)
		return;
	gemini_status_read(status, body);
	o->status = status;
	/* A cut after a whole error object says less than the object. */
	if (status->is_status)
		o->net = NET_OK;
}

struct verdict
verdict_of(const struct outcome *o)
{
	return verdict_from(&classes[class_of(o)], o->key_is_callers);
}

bool
verdict_named(struct slice class, bool key_is_callers, struct verdict *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
		if (slice_eq(slice_str(classes[i].word), class)) {
			*ret = verdict_from(&classes[i], key_is_callers);
			return true;
		}
	return false;
}

void
verdict_error(const struct outcome *o, const struct verdict *v, struct apierror *ret)
{
	const struct gemini_status *status = outcome_status(o);
	/* Google's sentence about the region does not say whose. */
	const char *text = v->error != E(REGION) ? status->message : "";
	int code = outcome_code(o);

	if (text[0] == '\0' && o->text != NULL)
		text = o->text;
	if (v->error == E(KEY_FAULT) && status->message[0] != '\0')
		apierror_set(ret, v->error, NULL, "The Gemini API refused the gateway's key: %s",
		    status->message);
	else
		apierror_set(ret, v->error, NULL, "%s", text);
	/* Google's status where the kind is only the nearest one: 409, 412, 416 ... */
	if (v->error == E(BAD_REQUEST) && code > 0)
		ret->status = code;
	if (ret->status == code)
		memcpy(ret->google_status, status->status, sizeof(ret->google_status));
	ret->no_retry = v->error == E(QUOTA) || v->error == E(PAYMENT);
	if (!ret->no_retry)
		ret->retry_after_s = status->retry_ms / 1000 + (status->retry_ms % 1000 > 0);
}

bool
verdict_outcome(const struct apierror *err, const struct answer_scratch *scratch,
    enum netresult net, struct outcome *ret)
{
	*ret = (struct outcome){ .http_status = 200 };
	if (err->kind == E(REPORTED)) {
		ret->status = &scratch->status;
	} else if (err->kind == E(CUT)) {
		/* A stream that ends without a word was cut, whatever the transport says. */
		ret->net = net != NET_OK ? net : NET_CUT;
	} else if (err->kind == E(BAD_ANSWER)) {
		ret->fault = ANSWER_BAD;
		ret->text = err->message;
	} else {
		return false;
	}
	return true;
}
