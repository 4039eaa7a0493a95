/*
 * One call to Google with one key, judged: beside the attempts of a request, which step for step
 * are a matter of their own.
 */
#ifndef APP_REQUEST_KEY_CALL_H
#define APP_REQUEST_KEY_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/keys/keyring.h"
#include "base/buf.h"
#include "core/gemini/status.h"
#include "core/gemini/verdict.h"
#include "net/http/upstream.h"

struct request;
struct key_call;

/* What came of a call; valid inside done. */
struct key_result {
	struct outcome outcome;
	struct gemini_status status; /* what Google's error says */
	struct verdict verdict;
	struct slice body; /* without the key, which Google repeats in some errors */
	uint64_t started_ms;
};

struct key_call_order {
	struct request *request; /* whose ring, and whose calls they are */
	size_t key;
	bool picked;     /* by keyring_pick, which waits for the report of key_call_free */
	bool is_callers; /* see struct outcome */
	/* Headers and proxy are filled in; the URL is copied, the body must live as long as the
	 * call. */
	struct call_request call;
	const char *line;    /* a header line beside the credential, or NULL: a constant */
	size_t body_max;     /* bytes of the answer that are kept */
	uint64_t timeout_ms; /* for all of it; 0: the transport's own limits */
	bool head_is_enough; /* of a good status only the head is waited for */
	void (*done)(void *ctx, const struct key_result *result); /* frees the call */
	void *ctx;
};

struct key_call *key_call_start(const struct key_call_order *order);
/* Cancels the call if it runs. ok: see keyring_report. NULL is accepted. */
void key_call_free(struct key_call *c, bool ok);
/* What the result shows of the key holds for all requests: tells the balancer. */
void key_call_teach(
    struct request *r, size_t key, const struct key_result *result, const struct verdict *v);

/* The header line with the key; secret_free it. */
char *key_call_credential(const struct keyring *ring, size_t key);
/* The proxy of the key, for struct call_request; NULL: the one of all calls. */
const char *key_call_proxy(const struct keyring *ring, size_t key);

#endif
