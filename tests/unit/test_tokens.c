/* tokens.c: access tokens with names and limits. */
#include "config.h"

#include "app/keys/tokens.h"

#include <pthread.h>

#include "base/xalloc.h"
#include "tap.h"
#include "app/keys/spending.h"

#define THREADS 4
#define ROUNDS  500

static char error[CONF_ERROR_MAX];
static struct apierror err;
static struct spending *spending;

static struct tokens *
make(const char *option, const char *file, const struct tokens *old)
{
	error[0] = '\0';
	return tokens_new(slice_str(option), slice_str(file), "FILE", old, error);
}

static void
test_list(void)
{
	struct tokens *t = make("one, two\tthree,, \"four\"",
	    "five name=eve rpm=10\nsix tpd=1000 models=gemini-2.5-*,gemma-4\n", NULL);
	struct token *token;

	is_int(tokens_count(t), 6, "tokens of the option and of the file");
	ok(tokens_find(t, SLICE("four")) != NULL, "without quotation marks");
	token = tokens_find(t, SLICE("five"));
	ok(token != NULL, "found");
	is_str(token_name(token), "eve", "its name");
	is_str(token_models(token), "", "any model");
	is_int(token_check_model(token, SLICE("anything"), &err), 0, "is allowed");
	token = tokens_find(t, SLICE("six"));
	is_str(token_name(token), "", "no name");
	is_str(token_models(token), "gemini-2.5-*,gemma-4", "certain models");
	is_int(token_check_model(token, SLICE("gemma-4"), &err), 0, "one of them");
	is_int(token_check_model(token, SLICE("gemini-3-pro"), &err), -1, "another one");
	is_int(err.status, 403, "is forbidden");
	is_str(err.message, "This access token may not use the model gemini-3-pro.", "by name");
	ok(tokens_find(t, SLICE("fiv")) == NULL, "a part is no token");
	ok(tokens_find(t, SLICE("fivee")) == NULL, "nor is more");
	ok(tokens_find(t, SLICE("")) == NULL, "nor nothing");
	ok(tokens_find(t, SLICE("one, two")) == NULL, "nor a list");
	tokens_free(t);
	t = make("a name=x rpm=5 models=m1|m2*,b", "", NULL);
	is_int(tokens_count(t), 2, "attributes in the option");
	is_int(token_check_model(tokens_find(t, SLICE("a")), SLICE("m2-x"), &err), 0, "its models");
	is_int(token_check_model(tokens_find(t, SLICE("a")), SLICE("m3"), &err), -1, "no other");
	is_str(err.message, "The access token \"x\" may not use the model m3.", "told by name");
	tokens_free(t);
	tokens_free(NULL);
}

static void
test_mistakes(void)
{
	static const struct {
		const char *option, *file, *part;
	} rows[] = {
		{ "secret-1 rpm=0", "", "ACCESS_TOKENS: rpm=" },
		{ "secret-1 rpm=x", "", "rpm=" },
		{ "", "secret-1\nsecret-2 tpd=-1\n", "ACCESS_TOKENS_FILE: FILE line 2: tpd=" },
		{ "", "secret-1 secret-2\n", "line 1: " },
		{ "", "secret-1 colour=red\n", "line 1: " },
		{ "", "\nname=eve\n", "line 2: " },
		{ "", "secret-1 name=\n", "name=" },
		{ "secret-1", "secret-2\nsecret-1 rpm=5\n",
		    "line 2: a token that is there already" },
		{ "rpm=5", "", "ACCESS_TOKENS: " },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		ok(make(rows[i].option, rows[i].file, NULL) == NULL, rows[i].part);
		ok(strstr(error, rows[i].part) != NULL, error);
		ok(strstr(error, "secret-") == NULL, "  no token is shown");
	}
}

static void
test_limits(void)
{
	struct tokens *t = make("a name=al rpm=3,b tpd=100", "", NULL), *next;
	struct token *a = tokens_find(t, SLICE("a")), *b = tokens_find(t, SLICE("b"));

	for (int i = 0; i < 3; i++)
		is_int(token_admit(a, spending, &err), 0, "within the minute's limit");
	is_int(token_admit(a, spending, &err), -1, "above it");
	is_int(err.status, 429, "too many requests");
	ok(err.retry_after_s >= 60 && err.retry_after_s <= 61, "when to come back");
	ok(strstr(err.message, "\"al\"") != NULL && strstr(err.message, "3 requests per minute"),
	    err.message);
	is_int(token_admit(b, spending, &err), 0, "another token has its own");
	token_spend(b, spending, 60);
	is_int(token_admit(b, spending, &err), 0, "some are left");
	token_spend(b, spending, 60);
	is_int(token_admit(b, spending, &err), -1, "none is left");
	is_int(err.kind, APIERROR_QUOTA, "the quota is used up");
	ok(err.no_retry && err.retry_after_s > 0 && err.retry_after_s <= 86400, "until midnight");
	ok(strstr(err.message, "100 tokens per day") != NULL, err.message);

	next = make("b tpd=1000,a name=al rpm=3,c", "", t);
	tokens_free(t);
	is_int(token_admit(tokens_find(next, SLICE("a")), spending, &err), -1, "counters go over");
	is_int(token_admit(tokens_find(next, SLICE("b")), spending, &err), 0, "to new limits");
	t = make("b tpd=120", "", next);
	is_int(token_admit(tokens_find(t, SLICE("b")), spending, &err), -1, "and to the next list");
	tokens_free(next);
	is_int(token_admit(tokens_find(t, SLICE("b")), spending, &err), -1, "which outlives them");
	tokens_free(t);
}

static void *
use(void *arg)
{
	struct token *token = arg;
	struct apierror mine;
	uintptr_t let = 0;

	for (int i = 0; i < ROUNDS; i++) {
		let += token_admit(token, spending, &mine) == 0;
		token_spend(token, spending, 1);
	}
	return (void *)let;
}

static void
test_threads(void)
{
	struct tokens *t = make("a rpm=700", "", NULL);
	pthread_t threads[THREADS];
	uintptr_t let = 0;
	void *mine;

	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, use, tokens_find(t, SLICE("a")));
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &mine);
		let += (uintptr_t)mine;
	}
	is_int(let, 700, "so many and no more, whichever thread asks");
	tokens_free(t);
}

int
main(void)
{
	spending = spending_new();
	test_list();
	test_mistakes();
	test_limits();
	test_threads();
	spending_free(spending);
	return tap_done();
}
