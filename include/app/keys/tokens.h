/*
 * Access tokens: who may use the pool, and how much of it. The list is immutable; what a token has
 * used is counted behind a lock of its own and goes over to the next list that has the token.
 */
#ifndef APP_KEYS_TOKENS_H
#define APP_KEYS_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/conf/conf.h"
#include "base/buf.h"
#include "core/api/apierror.h"

struct token;
struct tokens;
struct spending;

/*
 * option, file: entries of core/keys/entries.h, `TOKEN name=NAME rpm=N tpd=N models=a,b*`, the
 * second in the form of a file called path. old: whose counters are taken over; may be NULL. NULL
 * with one sentence that shows no token.
 */
struct tokens *tokens_new(struct slice option, struct slice file, const char *path,
    const struct tokens *old, char error[CONF_ERROR_MAX]);
void tokens_free(struct tokens *t);
size_t tokens_count(const struct tokens *t);

/* The token that the credential is, or NULL. Takes the same time whichever it is. */
struct token *tokens_find(const struct tokens *t, struct slice credential);
/* True when both are the same, in a time that depends on their lengths alone. */
bool tokens_equal(const char *secret, struct slice credential);

/* "" when it has none. */
const char *token_name(const struct token *token);
/* Counts a request against the limits. -1 with err, which names the limit and says when it is over,
 * when one is reached; the request is not counted then. From any thread. */
int token_admit(struct token *token, struct spending *spending, struct apierror *err);
/* -1 with err when the token may not use that model (Gemini's name for it). */
int token_check_model(const struct token *token, struct slice model, struct apierror *err);
/* Those that may be used, see entry_lists_model; "": all. */
const char *token_models(const struct token *token);
/* Adds to what the token has used today. From any thread. */
void token_spend(const struct token *token, struct spending *spending, uint64_t tokens);

#endif
