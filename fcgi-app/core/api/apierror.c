/* The error value: its table and its renderings. */
#include "config.h"

#include "core/api/apierror.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/json/jwriter.h"

/* clang-format off */
static const struct {
	const char *word;
	int status;
	const char *type, *code, *google, *text;
} kinds[] = {
#define APIERROR(symbol, word, status, type, code, google, text)                                   \
	{ word, status, type, code, google, text },
#include "core/api/apierror.def"
#undef APIERROR
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
apierror_copy_text(char *ret, size_t size, struct slice text)
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
	apierror_copy_text(err->param, sizeof(err->param), slice_str(param));
	text[0] = '\0';
	if (fmt != NULL) {
		va_start(args, fmt);
		vsnprintf(text, sizeof(text), fmt, args);
		va_end(args);
	}
	apierror_copy_text(err->message, sizeof(err->message),
	    slice_str(text[0] != '\0' ? text : kinds[kind].text));
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

const char *
apierror_code(enum apierror_kind kind)
{
	return kinds[kind].code;
}
