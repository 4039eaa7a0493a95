/*
 * The one error value: everything that a client may see as an error, from the table in
 * apierror.def, rendered in the dialect of the caller. A plain value, copied freely.
 */
#ifndef CORE_API_APIERROR_H
#define CORE_API_APIERROR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum dialect { DIALECT_OPENAI, DIALECT_GOOGLE, DIALECT_ANTHROPIC };

enum apierror_kind {
#define APIERROR(symbol, word, status, type, code, google, text) APIERROR_##symbol,
#include "core/api/apierror.def"
#undef APIERROR
};

#define APIERROR_PARAM_MAX   96
#define APIERROR_MESSAGE_MAX 1024

struct apierror {
	enum apierror_kind kind;
	int status;                     /* HTTP status; the kind's unless upstream said otherwise */
	uint32_t retry_after_s;         /* 0: none */
	bool no_retry;                  /* tell SDKs that a repetition is useless */
	char param[APIERROR_PARAM_MAX]; /* the field at fault in the caller's words, or "" */
	char message[APIERROR_MESSAGE_MAX];
	char google_status[40]; /* Google's own word when upstream gave one, or "" */
};

/* Fills *err (message "" or NULL: the kind's default text; longer texts are cut at a character).
 * param may be NULL. Always returns -1, so that a failing function can `return apierror_set(...)`.
 */
int apierror_set(struct apierror *err, enum apierror_kind kind, const char *param, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));

/* The whole error document in the caller's dialect, without a trailing line end. */
void apierror_render(const struct apierror *err, enum dialect dialect, struct buf *out);
/* The same as one SSE event: `data: {...}` and a blank line; both dialects' SDKs recognise
 * it (openai-node core/streaming, @google/genai throwIfStreamErrorChunk). */
void apierror_render_event(const struct apierror *err, enum dialect dialect, struct buf *out);
/* OpenAI's code for the kind, or NULL. */
const char *apierror_code(enum apierror_kind kind);
/* The symbol in lower case, for logs. */
const char *apierror_word(enum apierror_kind kind);

#endif
