/* Plays failures: errors, broken streams, answers without an answer. */
#include "config.h"

#include "failures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "behave.h"
#include "gjson.h"
#include "trigger.h"

enum failure_kind {
	KIND_STATUS, /* an error of Google's form */
	KIND_ARRAY,  /* an error of Google's form in an array */
	KIND_HTML,   /* a front end's page */
	KIND_RESET,  /* RST before any byte */
	KIND_CLOSE,  /* FIN before any byte */
	KIND_HANG,   /* never a byte */
	KIND_CUT_HEAD,
	KIND_STREAM,  /* a stream that begins well; `events` of it are sent */
	KIND_BLOCKED, /* no candidates */
	KIND_FINISH,  /* a candidate without content and `message` as finishReason */
	KIND_LATE,    /* a candidate whose text ends with `message` as finishReason */
	KIND_EMPTY,   /* status 200 and nothing; `message` says how */
};

enum tail { TAIL_NONE, TAIL_FRAMED, TAIL_BARE, TAIL_BARE_ARRAY };

struct failure {
	const char *name;
	enum failure_stage stage;
	enum failure_kind kind;
	int code;
	const char *status; /* NULL: what belongs to the code */
	const char *message;
	const char *details; /* JSON or NULL */
	size_t events;       /* of KIND_STREAM */
	enum tail tail;
	enum play_end end;
};

/* ---- the table; $MODEL, $KEY and $MESSAGE stand for those of the request ---- */

#define INFO(reason, metadata) \
	"{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\"" reason \
	"\",\"domain\":\"googleapis.com\",\"metadata\":{" metadata \
	"\"service\":\"generativelanguage.googleapis.com\"}}"
#define LOCALIZED \
	"{\"@type\":\"type.googleapis.com/google.rpc.LocalizedMessage\",\"locale\":\"en-US\"," \
	"\"message\":\"$MESSAGE\"}"
#define METHOD \
	"\"method\":\"google.ai.generativelanguage.v1beta.GenerativeService.GenerateContent\","
#define CONSUMER "\"consumer\":\"projects/123456789012\","
#define HELP(text, url) \
	"{\"@type\":\"type.googleapis.com/google.rpc.Help\",\"links\":[{\"description\":\"" text \
	"\",\"url\":\"" url "\"}]}"
#define QUOTA_HELP \
	HELP("Learn more about Gemini API quotas", \
	    "https://ai.google.dev/gemini-api/docs/rate-limits")
#define RETRY(delay) \
	"{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"" delay "\"}"
#define QUOTA(violations) \
	"{\"@type\":\"type.googleapis.com/google.rpc.QuotaFailure\",\"violations\":[" violations \
	"]}"
#define VIOLATION(metric, id, value) \
	"{\"quotaMetric\":\"generativelanguage.googleapis.com/" metric "\",\"quotaId\":\"" id \
	"\",\"quotaDimensions\":{\"location\":\"global\",\"model\":\"$MODEL\"},\"quotaValue\":" \
	"\"" value "\"}"
#define REQUESTS   "generate_content_free_tier_requests"
#define TOKENS     "generate_content_free_tier_input_token_count"
#define PER_MINUTE "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"
#define PER_DAY    "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
#define PER_TOKENS "GenerateContentInputTokensPerModelPerMinute-FreeTier"
#define EXCEEDED \
	"You exceeded your current quota, please check your plan and billing details. For more " \
	"information on this error, head over to: " \
	"https://ai.google.dev/gemini-api/docs/rate-limits."
#define EXCEEDED_BY(metric, limit, delay) \
	EXCEEDED "\n* Quota exceeded for metric: generativelanguage.googleapis.com/" metric \
		 ", limit: " limit ", model: $MODEL\nPlease retry in " delay "."
#define OVERLOADED "The model is overloaded. Please try again later."

#define EARLY(name, code, status, message, details) \
	{ \
		name, FAIL_EARLY, KIND_STATUS, code, status, message, details, 0, TAIL_NONE, \
		    PLAY_END \
	}
#define LATE(name, code, message, details) \
	{ \
		name, FAIL_LATE, KIND_STATUS, code, NULL, message, details, 0, TAIL_NONE, PLAY_END \
	}
#define LINE(name, kind, end) \
	{ \
		name, FAIL_EARLY, kind, 0, NULL, NULL, NULL, 0, TAIL_NONE, end \
	}
#define HTML(name, code, message) \
	{ \
		name, FAIL_EARLY, KIND_HTML, code, NULL, message, NULL, 0, TAIL_NONE, PLAY_END \
	}
#define STREAM(name, events, tail, end) \
	{ \
		name, FAIL_STREAM, KIND_STREAM, 503, NULL, OVERLOADED, NULL, events, tail, end \
	}
#define SHED(name, code, message, tail) \
	{ \
		name, FAIL_STREAM, KIND_STREAM, code, NULL, message, NULL, 2, tail, PLAY_END \
	}
#define ANSWER(name, kind, message) \
	{ \
		name, FAIL_ANSWER, kind, 0, NULL, message, NULL, 0, TAIL_NONE, PLAY_END \
	}

static const struct failure failure_table[] = {
	/* wire reference 10.1: credentials and projects */
	EARLY("key_invalid", 400, NULL, "API key not valid. Please pass a valid API key.",
	    INFO("API_KEY_INVALID", "") "," LOCALIZED),
	EARLY("key_expired", 400, NULL, "API key expired. Please renew the API key.",
	    INFO("API_KEY_INVALID", "") "," LOCALIZED),
	EARLY("region", 400, "FAILED_PRECONDITION",
	    "User location is not supported for the API use.", NULL),
	EARLY("unauthenticated", 401, NULL,
	    "Request had invalid authentication credentials. Expected OAuth 2 access token, login "
	    "cookie or other valid authentication credential. See "
	    "https://developers.google.com/identity/sign-in/web/devconsole-project.",
	    INFO("ACCESS_TOKEN_TYPE_UNSUPPORTED", METHOD)),
	EARLY("payment", 402, NULL,
	    "Your prepaid credits are depleted. Please go to AI Studio to manage your project and "
	    "billing.",
	    NULL),
	EARLY("leaked", 403, NULL,
	    "Your API key was reported as leaked. Please use another API key.", NULL),
	EARLY("denied", 403, NULL, "The caller does not have permission", NULL),
	EARLY("service_disabled", 403, NULL,
	    "Generative Language API has not been used in project 123456789012 before or it is "
	    "disabled. Enable it by visiting https://console.developers.google.com/apis/api/"
	    "generativelanguage.googleapis.com/overview?project=123456789012 then retry. If you "
	    "enabled this API recently, wait a few minutes for the action to propagate to our "
	    "systems and retry.",
	    INFO("SERVICE_DISABLED", CONSUMER) "," LOCALIZED "," HELP(
		"Google developers console API activation",
		"https://console.developers.google.com/apis/api/"
		"generativelanguage.googleapis.com/overview?project=123456789012")),
	EARLY("key_blocked", 403, NULL,
	    "Requests to this API generativelanguage.googleapis.com method "
	    "google.ai.generativelanguage.v1beta.GenerativeService.GenerateContent are blocked.",
	    INFO("API_KEY_SERVICE_BLOCKED", CONSUMER METHOD) "," LOCALIZED),
	EARLY("referrer_blocked", 403, NULL, "Requests from referer <empty> are blocked.",
	    INFO("API_KEY_HTTP_REFERRER_BLOCKED", CONSUMER) "," LOCALIZED),
	EARLY("suspended", 403, NULL,
	    "Permission denied: Consumer 'api_key:$KEY' has been suspended.",
	    INFO("CONSUMER_SUSPENDED", "\"consumer\":\"projects/123456789012\","
				       "\"containerInfo\":\"api_key:$KEY\",") "," LOCALIZED),
	EARLY("too_large", 413, NULL, "Request payload size exceeds the limit: 20971520 bytes.",
	    NULL),
	/* 10.1: the caller's and the model's */
	LATE("invalid_argument", 400, "Request contains an invalid argument.", NULL),
	LATE("model_missing", 404,
	    "models/$MODEL is not found for API version v1beta, or is not supported for "
	    "generateContent. Call ListModels to see the list of available models and their "
	    "supported methods.",
	    NULL),
	LATE("model_gone", 404, "This model models/$MODEL is no longer available to new users.",
	    NULL),
	LATE("cancelled", 499, "The operation was cancelled.", NULL),
	LATE("internal", 500,
	    "An internal error has occurred. Please retry or report in "
	    "https://developers.generativeai.google/guide/troubleshooting",
	    NULL),
	LATE("overloaded", 503, OVERLOADED, NULL),
	LATE("unavailable", 503,
	    "This model is currently experiencing high demand. Spikes in demand are usually "
	    "temporary. Please try again later.",
	    NULL),
	LATE("deadline", 504, "Deadline expired before operation could complete.", NULL),
	/* 10.2: quotas */
	LATE("quota_minute", 429, EXCEEDED_BY(REQUESTS, "10", "26.837s"),
	    QUOTA(VIOLATION(REQUESTS, PER_MINUTE, "10")) "," QUOTA_HELP "," RETRY("26.837s")),
	LATE("quota_day", 429, EXCEEDED_BY(REQUESTS, "250", "5s"),
	    QUOTA(VIOLATION(REQUESTS, PER_DAY, "250")) "," QUOTA_HELP "," RETRY("5s")),
	LATE("quota_tokens", 429, EXCEEDED_BY(TOKENS, "250000", "38s"),
	    QUOTA(VIOLATION(TOKENS, PER_TOKENS, "250000")) "," QUOTA_HELP "," RETRY("38s")),
	LATE("quota_zero", 429, EXCEEDED_BY(REQUESTS, "0", "49s"),
	    QUOTA(VIOLATION(REQUESTS, PER_DAY, "0") "," VIOLATION(
		REQUESTS, PER_MINUTE, "0")) "," QUOTA_HELP "," RETRY("49s")),
	LATE("quota_both", 429, EXCEEDED_BY(REQUESTS, "250", "3s"),
	    QUOTA(VIOLATION(REQUESTS, PER_MINUTE, "10") "," VIOLATION(
		REQUESTS, PER_DAY, "250")) "," QUOTA_HELP "," RETRY("3s")),
	LATE("quota_bare", 429, EXCEEDED, NULL),
	LATE("exhausted_bare", 429, "Resource has been exhausted (e.g. check quota).", NULL),
	{ "array_error", FAIL_LATE, KIND_ARRAY, 503, NULL, OVERLOADED, NULL, 0, TAIL_NONE,
	    PLAY_END },
	/* front ends */
	HTML("html_403", 403,
	    "Your client does not have permission to get this URL from this server."),
	HTML("html_429", 429,
	    "Our systems have detected unusual traffic from your computer network. Please try your "
	    "request again later."),
	HTML("html_502", 502,
	    "The server encountered a temporary error and could not complete your request. Please "
	    "try again in 30 seconds."),
	/* the line */
	LINE("reset", KIND_RESET, PLAY_RESET),
	LINE("close", KIND_CLOSE, PLAY_CUT),
	LINE("hang", KIND_HANG, PLAY_STALL),
	LINE("cut_head", KIND_CUT_HEAD, PLAY_CUT),
	/* after HTTP 200 (6.3) */
	STREAM("stream_error_first", 0, TAIL_FRAMED, PLAY_END),
	STREAM("stream_error_mid", 2, TAIL_FRAMED, PLAY_END),
	STREAM("stream_error_bare", 2, TAIL_BARE, PLAY_END),
	STREAM("stream_cut", 2, TAIL_NONE, PLAY_CUT),
	STREAM("stream_reset", 2, TAIL_NONE, PLAY_RESET),
	STREAM("stream_stall", 2, TAIL_NONE, PLAY_STALL),
	STREAM("stream_empty", 0, TAIL_NONE, PLAY_END),
	STREAM("stream_no_finish", 2, TAIL_NONE, PLAY_END),
	SHED("stream_quota_mid", 429, EXCEEDED, TAIL_FRAMED),
	SHED("stream_quota_bare", 429, EXCEEDED, TAIL_BARE),
	SHED("stream_array_bare", 503, OVERLOADED, TAIL_BARE_ARRAY),
	SHED("stream_internal_mid", 500, "Internal error encountered.", TAIL_FRAMED),
	/* answers without an answer (5.3, 5.4) */
	ANSWER("blocked_prompt", KIND_BLOCKED, "PROHIBITED_CONTENT"),
	ANSWER("blocked_safety", KIND_BLOCKED, "SAFETY"),
	ANSWER("blocked_other", KIND_BLOCKED, "OTHER"),
	ANSWER("blocked_list", KIND_BLOCKED, "BLOCKLIST"),
	ANSWER("blocked_image", KIND_BLOCKED, "IMAGE_SAFETY"),
	ANSWER("blocked_armor", KIND_BLOCKED, "MODEL_ARMOR"),
	ANSWER("blocked_jailbreak", KIND_BLOCKED, "JAILBREAK"),
	ANSWER("blocked_unknown", KIND_BLOCKED, "SOMETHING_NEW"),
	ANSWER("safety", KIND_FINISH, "SAFETY"),
	ANSWER("max_tokens_empty", KIND_FINISH, "MAX_TOKENS"),
	ANSWER("malformed_call", KIND_FINISH, "MALFORMED_FUNCTION_CALL"),
	ANSWER("stop_empty", KIND_FINISH, "STOP"),
	ANSWER("recitation", KIND_FINISH, "RECITATION"),
	ANSWER("blocklist", KIND_FINISH, "BLOCKLIST"),
	ANSWER("prohibited", KIND_FINISH, "PROHIBITED_CONTENT"),
	ANSWER("spii", KIND_FINISH, "SPII"),
	ANSWER("language", KIND_FINISH, "LANGUAGE"),
	ANSWER("image_safety", KIND_FINISH, "IMAGE_SAFETY"),
	ANSWER("image_prohibited", KIND_FINISH, "IMAGE_PROHIBITED_CONTENT"),
	ANSWER("image_recitation", KIND_FINISH, "IMAGE_RECITATION"),
	ANSWER("image_other", KIND_FINISH, "IMAGE_OTHER"),
	ANSWER("no_image", KIND_FINISH, "NO_IMAGE"),
	ANSWER("other", KIND_FINISH, "OTHER"),
	ANSWER("unexpected_call", KIND_FINISH, "UNEXPECTED_TOOL_CALL"),
	ANSWER("too_many_calls", KIND_FINISH, "TOO_MANY_TOOL_CALLS"),
	ANSWER("missing_signature", KIND_FINISH, "MISSING_THOUGHT_SIGNATURE"),
	ANSWER("malformed_response", KIND_FINISH, "MALFORMED_RESPONSE"),
	ANSWER("escalation", KIND_FINISH, "ESCALATION"),
	ANSWER("pup_limited", KIND_FINISH, "PUP_LIMITED_DISABLED"),
	ANSWER("model_armor", KIND_FINISH, "MODEL_ARMOR"),
	ANSWER("unspecified", KIND_FINISH, "FINISH_REASON_UNSPECIFIED"),
	ANSWER("unknown_finish", KIND_FINISH, "SOMETHING_NEW"),
	ANSWER("late_safety", KIND_LATE, "SAFETY"),
	ANSWER("late_recitation", KIND_LATE, "RECITATION"),
	ANSWER("late_other", KIND_LATE, "OTHER"),
	ANSWER("empty_body", KIND_EMPTY, "body"),
	ANSWER("empty_object", KIND_EMPTY, "object"),
	ANSWER("no_candidates", KIND_EMPTY, "candidates"),
	ANSWER("no_parts", KIND_EMPTY, "content"),
	ANSWER("empty_parts", KIND_EMPTY, "parts"),
};

/* ---- playing them ---- */

static const char *const stage_words[] = { "before checks", "after checks", "streams only",
	"generated answers" };

const struct failure *
failure_find(struct slice name)
{
	for (size_t i = 0; i < ARRAY_SIZE(failure_table); i++) {
		if (slice_eq(name, slice_str(failure_table[i].name)))
			return &failure_table[i];
	}
	return NULL;
}

bool
failure_of_key(const char *key, const struct failure **ret, struct slice *ret_bad)
{
	const char *mark = strstr(key, "--");

	*ret = NULL;
	if (mark == NULL)
		return true;
	*ret_bad = (struct slice){ mark + 2, strcspn(mark + 2, "-") };
	*ret = failure_find(*ret_bad);
	return *ret != NULL;
}

bool
failure_fits(const struct failure *f, enum route_kind kind)
{
	if (f->stage == FAIL_STREAM)
		return kind == ROUTE_STREAM;
	return f->stage != FAIL_ANSWER || kind == ROUTE_STREAM || kind == ROUTE_GENERATE;
}

enum failure_stage
failure_stage(const struct failure *f)
{
	return f->stage;
}

void
failures_print(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(failure_table); i++)
		printf("%-20s %-18s %d\n", failure_table[i].name,
		    stage_words[failure_table[i].stage], failure_table[i].code);
}

static void
add_quoted(struct buf *out, const char *text, bool as_json)
{
	if (as_json)
		buf_add_json(out, slice_str(text));
	else
		buf_adds(out, text);
}

/* text with the placeholders filled; as_json: inside JSON strings. */
static char *
fill_text(const struct ask *a, const char *text, const char *message, bool as_json)
{
	const struct {
		const char *word;
		const char *value;
	} words[] = { { "$MODEL", a->name }, { "$KEY", a->key }, { "$MESSAGE", message } };
	struct buf out;

	buf_init(&out, 256 * 1024);
	while (*text != '\0') {
		size_t i;

		for (i = 0; i < ARRAY_SIZE(words); i++) {
			if (strncmp(text, words[i].word, strlen(words[i].word)) == 0)
				break;
		}
		if (i < ARRAY_SIZE(words)) {
			add_quoted(&out, words[i].value, as_json);
			text += strlen(words[i].word);
		} else {
			buf_addc(&out, *text++);
		}
	}
	return buf_take(&out);
}

static json_object *
error_document(const struct failure *f, const struct ask *a)
{
	char *message = fill_text(a, f->message, "", false);
	json_object *details = NULL, *doc;

	if (f->details != NULL) {
		char *inner = fill_text(a, f->details, message, true);
		struct buf list;
		size_t at;

		buf_init(&list, 256 * 1024);
		buf_addf(&list, "[%s]", inner);
		details = gjson_parse(buf_slice(&list), &at);
		buf_release(&list);
		free(inner);
	}
	doc = gerror(f->code, message, f->status, details);
	free(message);
	return doc;
}

static void
play_error(const struct failure *f, const struct ask *a, struct play *p)
{
	/* As in the layer for OpenAI's clients, and in array streams. */
	bool array = f->kind == KIND_ARRAY || (a->stream && !a->sse);
	json_object *doc = error_document(f, a);
	struct buf text;

	buf_init(&text, 1024 * 1024);
	if (array)
		buf_addc(&text, '[');
	gjson_write(&text, doc, GJSON_PRETTY);
	buf_adds(&text, array ? "\n]\n" : "\n");
	play_reply(p, f->code, GTYPE_JSON, "", buf_slice(&text));
	buf_release(&text);
	json_object_put(doc);
}

static void
play_page(const struct failure *f, struct play *p)
{
	struct buf page;

	buf_init(&page, 64 * 1024);
	buf_addf(&page,
	    "<!DOCTYPE html>\n<html lang=en>\n  <meta charset=utf-8>\n"
	    "  <title>Error %d (%s)!!1</title>\n  <p><b>%d.</b> %s\n",
	    f->code, http_reason(f->code), f->code, f->message);
	play_reply(p, f->code, "text/html; charset=UTF-8", "", buf_slice(&page));
	buf_release(&page);
}

static void
play_tail(const struct failure *f, const struct ask *a, struct play *p)
{
	json_object *doc = error_document(f, a);
	struct buf text;

	buf_init(&text, 1024 * 1024);
	if (!a->sse)
		buf_adds(&text, f->events > 0 ? ",\r\n" : "[");
	else if (f->tail == TAIL_FRAMED)
		buf_adds(&text, "data: ");
	else if (f->tail == TAIL_BARE_ARRAY)
		buf_addc(&text, '[');
	gjson_write(&text, doc, a->sse && f->tail == TAIL_FRAMED ? GJSON_LINE : GJSON_PRETTY);
	buf_adds(&text, !a->sse                      ? "\n]\n"
			: f->tail == TAIL_FRAMED     ? "\r\n\r\n"
			: f->tail == TAIL_BARE_ARRAY ? "\n]\n"
						     : "\n");
	play_add(p, 0, buf_slice(&text));
	buf_release(&text);
	json_object_put(doc);
}

static void
play_stream(const struct failure *f, const struct ask *a, struct play *p)
{
	json_object *events;
	struct gen g;

	behave_begin(a, &g);
	gen_add_text(&g, SLICE("This stream "), false);
	gen_add_text(&g, SLICE("will break "), false);
	gen_add_text(&g, SLICE("soon."), false);
	behave_count(&g);
	events = gen_events(a, &g);
	gen_play_head(a, p);
	gen_play_events(a, p, events, 0, f->events, 0);
	if (f->tail != TAIL_NONE)
		play_tail(f, a, p);
	json_object_put(events);
	gen_release(&g);
}

static void
play_answer(const struct failure *f, const struct ask *a, struct play *p)
{
	struct gen g;

	behave_begin(a, &g);
	g.finish = f->kind != KIND_BLOCKED ? f->message : NULL;
	g.block_reason = f->kind == KIND_BLOCKED ? f->message : NULL;
	if (f->kind == KIND_BLOCKED)
		g.thought_tokens = 0;
	g.finish_message = trigger_message(g.finish);
	if (f->kind == KIND_LATE) {
		gen_add_text(&g, SLICE("This text was cut short"), false);
		behave_count(&g);
	}
	gen_play_answer(a, p, &g, 0);
	gen_release(&g);
}

void
failure_play(const struct failure *f, const struct ask *a, uint32_t delay_ms)
{
	struct play *p = play_new(a->si, a->conn);

	play_wait(p, delay_ms);
	switch (f->kind) {
	case KIND_STATUS:
	case KIND_ARRAY:
		play_error(f, a, p);
		break;
	case KIND_HTML:
		play_page(f, p);
		break;
	case KIND_CUT_HEAD:
		play_add(p, 0, SLICE("HTTP/1.1 200 OK\r\nContent-Type: applica"));
		break;
	case KIND_STREAM:
		play_stream(f, a, p);
		break;
	case KIND_BLOCKED:
	case KIND_FINISH:
	case KIND_LATE:
		play_answer(f, a, p);
		break;
	case KIND_EMPTY:
		trigger_empty(a, p, slice_str(f->message));
		break;
	case KIND_RESET:
	case KIND_CLOSE:
	case KIND_HANG:
		break;
	}
	play_start(p, f->end);
}
