/* The error value: its table, its renderings, and the reader of Google's error objects. */
#include "config.h"

#include "core/apierror.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/json.h"
#include "core/jwriter.h"

/* clang-format off */
static const struct {
	const char *word;
	int status;
	const char *type, *code, *google, *text;
} kinds[] = {
#define APIERROR(symbol, word, status, type, code, google, text)                                   \
	{ word, status, type, code, google, text },
#include "core/apierror.def"
#undef APIERROR
};

/* Google's codes (google.rpc.Code over HTTP) to kinds; the word decides when there is no code. */
static const struct {
	int code;
	const char *status;
	enum apierror_kind kind;
} google_kinds[] = {
	{ 400, "INVALID_ARGUMENT",    APIERROR_BAD_REQUEST },
	{ 400, "FAILED_PRECONDITION", APIERROR_BAD_REQUEST },
	{ 400, "OUT_OF_RANGE",        APIERROR_BAD_REQUEST },
	{ 401, "UNAUTHENTICATED",     APIERROR_BAD_KEY },
	{ 402, "",                    APIERROR_PAYMENT },
	{ 403, "PERMISSION_DENIED",   APIERROR_FORBIDDEN },
	{ 404, "NOT_FOUND",           APIERROR_MODEL_NOT_FOUND },
	{ 413, "",                    APIERROR_TOO_LARGE },
	{ 429, "RESOURCE_EXHAUSTED",  APIERROR_RATE_LIMIT },
	{ 500, "INTERNAL",            APIERROR_UPSTREAM_500 },
	{ 503, "UNAVAILABLE",         APIERROR_OVERLOADED },
	{ 504, "DEADLINE_EXCEEDED",   APIERROR_UPSTREAM_TIMEOUT },
};

/* Refusals that deserve a more precise kind than their code gives. */
static const struct {
	const char *fragment;
	enum apierror_kind kind;
} google_texts[] = {
	{ "exceeds the maximum number of tokens",   APIERROR_CONTEXT_LENGTH },
	{ "User location is not supported",         APIERROR_REGION },
	{ "API key not valid",                      APIERROR_BAD_KEY },
	{ "API key expired",                        APIERROR_BAD_KEY },
};
/* clang-format on */

/* Bytes of the longest start of text, at most max, that ends at a character. */
static size_t
cut_at_character(const char *text, size_t len, size_t max)
{
	const unsigned char *bytes = (const unsigned char *)text;
	size_t at;

	if (len <= max)
		return len;
	for (at = max; at > 0 && max - at < 4 && (bytes[at] & 0xC0) == 0x80; at--)
		;
	return at;
}

static void
copy_text(char *ret, size_t size, struct slice text)
{
	size_t len = cut_at_character(text.ptr, text.len, size - 1);

	memcpy(ret, text.ptr, len);
	ret[len] = '\0';
}

int
apierror_set(struct apierror *err, enum apierror_kind kind, const char *param, const char *fmt, ...)
{
	char text[APIERROR_MESSAGE_MAX + 4]; /* one more character, so that a cut is seen */
	va_list args;

	*err = (struct apierror){ .kind = kind, .status = kinds[kind].status };
	copy_text(err->param, sizeof(err->param), slice_str(param));
	text[0] = '\0';
	if (fmt != NULL) {
		va_start(args, fmt);
		vsnprintf(text, sizeof(text), fmt, args);
		va_end(args);
	}
	copy_text(err->message, sizeof(err->message),
	    slice_str(text[0] != '\0' ? text : kinds[kind].text));
	return -1;
}

static enum apierror_kind
kind_from_google(int64_t code, struct slice status, struct slice message)
{
	enum apierror_kind kind = APIERROR_UPSTREAM;

	for (size_t i = 0; i < ARRAY_SIZE(google_kinds); i++) {
		struct slice word = slice_str(google_kinds[i].status);

		if (google_kinds[i].code == code ||
		    (code == 0 && word.len > 0 && slice_eq(word, status))) {
			kind = google_kinds[i].kind;
			break;
		}
	}
	if (kind != APIERROR_BAD_REQUEST)
		return kind;
	for (size_t i = 0; i < ARRAY_SIZE(google_texts); i++)
		if (slice_find(message, slice_str(google_texts[i].fragment)) >= 0)
			return google_texts[i].kind;
	return kind;
}

int
apierror_from_google(struct json_object *error, struct apierror *err)
{
	struct slice status = json_get_str(error, "status");
	struct slice message = json_get_str(error, "message");
	int64_t code = json_get_int(error, "code", 0);

	apierror_set(err, kind_from_google(code, status, message), NULL, NULL);
	if (message.len > 0)
		copy_text(err->message, sizeof(err->message), message);
	copy_text(err->google_status, sizeof(err->google_status), status);
	return -1;
}

static void
render_openai(const struct apierror *err, struct jwriter *w)
{
	jw_object(w, NULL);
	jw_object(w, "error");
	jw_str(w, "message", err->message);
	jw_str(w, "type", kinds[err->kind].type);
	jw_str(w, "param", err->param[0] != '\0' ? err->param : NULL);
	jw_str(w, "code", kinds[err->kind].code);
	jw_object_end(w);
	jw_object_end(w);
}

static void
render_google(const struct apierror *err, struct jwriter *w)
{
	jw_object(w, NULL);
	jw_object(w, "error");
	jw_int(w, "code", err->status);
	jw_str(w, "message", err->message);
	jw_str(w, "status",
	    err->google_status[0] != '\0' ? err->google_status : kinds[err->kind].google);
	jw_object_end(w);
	jw_object_end(w);
}

static const char *
anthropic_type(int status)
{
	static const struct {
		int status;
		const char *type;
	} types[] = {
		{ 400, "invalid_request_error" },
		{ 401, "authentication_error" },
		{ 402, "billing_error" },
		{ 403, "permission_error" },
		{ 404, "not_found_error" },
		{ 413, "request_too_large" },
		{ 429, "rate_limit_error" },
		{ 503, "overloaded_error" },
		{ 504, "timeout_error" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].status == status)
			return types[i].type;
	return status < 500 ? types[0].type : "api_error";
}

static void
render_anthropic(const struct apierror *err, struct jwriter *w)
{
	jw_object(w, NULL);
	jw_str(w, "type", "error");
	jw_object(w, "error");
	jw_str(w, "type", anthropic_type(err->status));
	jw_str(w, "message", err->message);
	jw_object_end(w);
	jw_object_end(w);
}

void
apierror_render(const struct apierror *err, enum dialect dialect, struct buf *out)
{
	struct jwriter w = jwriter_on(out);

	switch (dialect) {
	case DIALECT_OPENAI:
		render_openai(err, &w);
		break;
	case DIALECT_GOOGLE:
		render_google(err, &w);
		break;
	case DIALECT_ANTHROPIC:
		render_anthropic(err, &w);
		break;
	}
}

void
apierror_render_event(const struct apierror *err, enum dialect dialect, struct buf *out)
{
	buf_adds(out, "data: ");
	apierror_render(err, dialect, out);
	buf_adds(out, "\n\n");
}

const char *
apierror_word(enum apierror_kind kind)
{
	return kinds[kind].word;
}
