/* Access tokens and their limits. */
#include "config.h"

#include "app/keys/tokens.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/siphash.h"
#include "base/xalloc.h"
#include "core/keys/entries.h"
#include "core/keys/ledger.h"
#include "core/keys/meter.h"
#include "app/keys/spending.h"

struct spending;

#define TOKENS_MAX     10000
#define TOKEN_NAME_MAX 64
#define TOKEN_RPM_MAX  1000000 /* requests per minute */
#define TOKEN_TPD_MAX  1000000000000000ULL

/* Shared by the lists of before and after a reload. */
struct gauge {
	pthread_mutex_t lock;
	unsigned refs;
	struct meter meter;
};

struct token {
	char *secret, *name, *models;
	uint64_t hash; /* of the secret: to find the same token in another list */
	uint64_t rpm, tpd;
	struct gauge *gauge;
};

struct tokens {
	struct token *list;
	size_t count;
};

/* ---- gauges ---- */

static struct gauge *
gauge_new(void)
{
	struct gauge *gauge = xcalloc(1, sizeof(*gauge));

	pthread_mutex_init(&gauge->lock, NULL);
	gauge->refs = 1;
	return gauge;
}

static struct gauge *
gauge_share(struct gauge *gauge)
{
	pthread_mutex_lock(&gauge->lock);
	gauge->refs++;
	pthread_mutex_unlock(&gauge->lock);
	return gauge;
}

static void
gauge_drop(struct gauge *gauge)
{
	unsigned left;

	if (gauge == NULL)
		return;
	pthread_mutex_lock(&gauge->lock);
	left = --gauge->refs;
	pthread_mutex_unlock(&gauge->lock);
	if (left > 0)
		return;
	pthread_mutex_destroy(&gauge->lock);
	free(gauge);
}

/* ---- the list ---- */

/* Told apart by hash first; nothing here is in the hands of a caller. */
static const uint8_t hash_key[SIPHASH_KEY_BYTES] = "access-token/1";

static struct token *
find_same(const struct tokens *t, uint64_t hash, const char *secret, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (t->list[i].hash == hash && strcmp(t->list[i].secret, secret) == 0)
			return &t->list[i];
	return NULL;
}

static const char *
add_token(struct tokens *t, struct slice secret)
{
	struct token *token;

	if (t->count == TOKENS_MAX)
		return "too many tokens";
	if (secret.len > KEY_BYTES_MAX)
		return "a token that is too long";
	t->list = xrealloc(t->list, (t->count + 1) * sizeof(*t->list));
	token = &t->list[t->count];
	*token = (struct token){ .secret = xstrndup(secret.ptr, secret.len),
		.name = xstrdup(""),
		.models = xstrdup(""),
		.hash = siphash(hash_key, secret) | 1 };
	if (find_same(t, token->hash, token->secret, t->count++) != NULL)
		return "a token that is there already";
	return NULL;
}

static const char *
tokens_set_text(char **field, struct slice value, size_t max, const char *reason)
{
	for (size_t i = 0; i < value.len; i++)
		if ((unsigned char)value.ptr[i] < ' ' || value.ptr[i] == 0x7f)
			return reason;
	if (value.len == 0 || value.len > max)
		return reason;
	free(*field);
	*field = xstrndup(value.ptr, value.len);
	return NULL;
}

static const char *
set_number(uint64_t *field, struct slice value, uint64_t max, const char *reason)
{
	return slice_u64(value, field) && *field > 0 && *field <= max ? NULL : reason;
}

static const char *const names[] = { "name", "rpm", "tpd", "models", NULL };

static const char *
tokens_set_attribute(struct token *token, const char *name, struct slice value)
{
	if (name == names[0])
		return tokens_set_text(
		    &token->name, value, TOKEN_NAME_MAX, "name= wants a name of at most 64 bytes");
	if (name == names[1])
		return set_number(&token->rpm, value, TOKEN_RPM_MAX,
		    "rpm= wants the number of requests per minute, from 1 to 1000000");
	if (name == names[2])
		return set_number(&token->tpd, value, TOKEN_TPD_MAX,
		    "tpd= wants the number of tokens per day, from 1 to 10^15");
	return tokens_set_text(&token->models, value, MODEL_LIST_BYTES_MAX,
	    "models= wants a list of models of at most 4096 bytes");
}

static size_t
tokens_count_entries(void *ctx)
{
	const struct tokens *t = ctx;

	return t->count;
}

static const char *
tokens_read_word(void *ctx, struct slice word, const struct entry_reader *at)
{
	(void)at;
	return add_token(ctx, word);
}

static const char *
tokens_read_attribute(void *ctx, size_t index, const char *name, struct slice value)
{
	struct tokens *t = ctx;

	return tokens_set_attribute(&t->list[index], name, value);
}

static const struct entry_sink sink = {
	.count = tokens_count_entries,
	.word = tokens_read_word,
	.attribute = tokens_read_attribute,
	.stray = "a token may be followed by name=, rpm=, tpd= and models=, and by "
		 "nothing else",
	.unknown = "a token is followed by an unknown word with =; only name=, rpm=, tpd= and "
		   "models= are known",
};

static void
take_gauges(struct tokens *t, const struct tokens *old)
{
	for (size_t i = 0; i < t->count; i++) {
		struct token *token = &t->list[i], *before = NULL;

		if (old != NULL)
			before = find_same(old, token->hash, token->secret, old->count);
		token->gauge = before != NULL ? gauge_share(before->gauge) : gauge_new();
	}
}

struct tokens *
tokens_new(struct slice option, struct slice file, const char *path, const struct tokens *old,
    char error[CONF_ERROR_MAX])
{
	struct tokens *t = xcalloc(1, sizeof(*t));
	struct entry_reader reader;
	const char *reason;

	entry_reader_init(&reader, option, false, names);
	reason = entries_read(&reader, &sink, t);
	if (reason != NULL) {
		snprintf(error, CONF_ERROR_MAX, "ACCESS_TOKENS: %s", reason);
		goto fail;
	}
	entry_reader_init(&reader, file, true, names);
	reason = entries_read(&reader, &sink, t);
	if (reason != NULL) {
		snprintf(error, CONF_ERROR_MAX, "ACCESS_TOKENS_FILE: %.200s line %u: %s", path,
		    reader.line, reason);
		goto fail;
	}
	take_gauges(t, old);
	return t;
fail:
	tokens_free(t);
	return NULL;
}

void
tokens_free(struct tokens *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->count; i++) {
		secret_free(t->list[i].secret);
		free(t->list[i].name);
		free(t->list[i].models);
		gauge_drop(t->list[i].gauge);
	}
	free(t->list);
	free(t);
}

size_t
tokens_count(const struct tokens *t)
{
	return t->count;
}

/* ---- callers ---- */

bool
tokens_equal(const char *secret, struct slice credential)
{
	size_t len = strlen(secret);
	unsigned char difference = len != credential.len;

	for (size_t k = 0; k < len && k < credential.len; k++)
		difference |= (unsigned char)(secret[k] ^ credential.ptr[k]);
	return difference == 0;
}

/* Every token is compared whole, whatever the outcome of the others. */
struct token *
tokens_find(const struct tokens *t, struct slice credential)
{
	uintptr_t found = 0;

	for (size_t i = 0; i < t->count; i++) {
		uintptr_t mask = -(uintptr_t)tokens_equal(t->list[i].secret, credential);

		found |= (uintptr_t)&t->list[i] & mask;
	}
	return (struct token *)found;
}

const char *
token_name(const struct token *token)
{
	return token->name;
}

const char *
token_models(const struct token *token)
{
	return token->models;
}

/* How a message names the token. */
static const char *
tokens_spoken(const struct token *token, char text[TOKEN_NAME_MAX + 32])
{
	if (token->name[0] == '\0')
		return "This access token";
	snprintf(text, TOKEN_NAME_MAX + 32, "The access token \"%s\"", token->name);
	return text;
}

/* Without the day's tokens: seconds until the next request will be let through, or 0. */
static uint32_t
count_request(struct token *token)
{
	struct gauge *gauge = token->gauge;
	uint32_t wait;

	pthread_mutex_lock(&gauge->lock);
	wait = meter_request(&gauge->meter, token->rpm, clock_mono_ms());
	pthread_mutex_unlock(&gauge->lock);
	return wait;
}

int
token_admit(struct token *token, struct spending *spending, struct apierror *err)
{
	char text[TOKEN_NAME_MAX + 32];
	uint32_t wait;

	if (token->tpd > 0 && spending_today(spending, token->hash) >= token->tpd) {
		wait = ledger_rest(clock_wall_ms());
		apierror_set(err, APIERROR_QUOTA, NULL,
		    "%s has used up its %llu tokens per day (tpd); the next day begins at midnight "
		    "UTC, in %u s.",
		    tokens_spoken(token, text), (unsigned long long)token->tpd, wait);
		err->no_retry = true;
		err->retry_after_s = wait;
		return -1;
	}
	wait = count_request(token);
	if (wait == 0)
		return 0;
	apierror_set(err, APIERROR_RATE_LIMIT, NULL,
	    "%s has reached its limit of %llu requests per minute (rpm); try again in %u s.",
	    tokens_spoken(token, text), (unsigned long long)token->rpm, wait);
	err->retry_after_s = wait;
	return -1;
}

int
token_check_model(const struct token *token, struct slice model, struct apierror *err)
{
	char text[TOKEN_NAME_MAX + 32];

	if (entry_lists_model(token->models, model))
		return 0;
	return apierror_set(err, APIERROR_FORBIDDEN, "model", "%s may not use the model %.*s.",
	    tokens_spoken(token, text), (int)model.len, model.ptr);
}

void
token_spend(const struct token *token, struct spending *spending, uint64_t tokens)
{
	/* Counted for all: the next list may have a limit. */
	if (tokens > 0)
		spending_add(spending, token->hash, tokens, token->tpd > 0);
}
