/*
 * What an attempt's outcome means: for the key that was used, for the quota of its project, for the
 * model, for the host, and for the request: may another key or a moment's wait cure it, and which
 * error does the client see otherwise. One table in verdict.c.
 */
#ifndef CORE_GEMINI_VERDICT_H
#define CORE_GEMINI_VERDICT_H

#include "base/netresult.h"
#include "core/api/apierror.h"
#include "core/gemini/status.h"

enum verdict_action {
	VERDICT_PASS,  /* success, or the caller's own fault: return it */
	VERDICT_OTHER, /* this key cannot, another may: at once */
	VERDICT_AGAIN, /* the server's fault: a pause with jitter, another key if there is one */
};

enum verdict_key {
	VERDICT_KEY_KEEP,     /* nothing is learned */
	VERDICT_KEY_ACCEPTED, /* the key is valid; of the quota nothing is learned */
	VERDICT_KEY_WORKS,    /* it has just served this model */
	VERDICT_KEY_DEAD,     /* until somebody repairs it */
};

/* The quota of (project, model) that is used up. */
enum verdict_limit {
	VERDICT_LIMIT_KEEP,
	VERDICT_LIMIT_BARE, /* 429 without a word about which */
	VERDICT_LIMIT_MINUTE,
	VERDICT_LIMIT_OTHER,  /* of another span */
	VERDICT_LIMIT_DAY,    /* until the next midnight of the Pacific */
	VERDICT_LIMIT_CLOSED, /* the project does not get this model */
};

enum verdict_model {
	VERDICT_MODEL_KEEP,
	VERDICT_MODEL_WORKS,
	VERDICT_MODEL_FAULT, /* it failed, which the request may have provoked */
	VERDICT_MODEL_SLOW,  /* it is overloaded */
};

enum verdict_host {
	VERDICT_HOST_KEEP,
	VERDICT_HOST_WORKS,
	VERDICT_HOST_SUSPECT,   /* throttled if several projects hear the same within seconds */
	VERDICT_HOST_THROTTLED, /* Google slows this address down */
	VERDICT_HOST_REGION,    /* Google does not serve this address */
};

struct verdict {
	const char *class; /* for the access line: "ok", "key_invalid", "quota_day", ... */
	enum verdict_action action;
	enum apierror_kind error; /* APIERROR_NONE on success */
	enum verdict_key key;
	enum verdict_limit limit;
	enum verdict_model model;
	enum verdict_host host;
	const char *advice; /* what the operator can do, a part of a sentence; NULL: nothing */
};

/* What is wrong with an answer that reports no error; then VERDICT_AGAIN with an error. */
enum answer_fault {
	ANSWER_FINE,
	ANSWER_EMPTY, /* see core/gemini/empty_answer.h */
	ANSWER_BAD,   /* no answer of the API's: HTML, no JSON, nothing that was asked for */
};

struct outcome {
	enum netresult net; /* how the transfer ended */
	int http_status;    /* 0 when there was none */
	/* NULL when http_status is below 400 and no error was framed */
	const struct gemini_status *status;
	bool key_is_callers; /* then a bad key is the caller's fault: 401, not 502 */
	enum answer_fault fault;
	const char *text; /* what is wrong, where Google says nothing; NULL: the error's own text */
};

/* What the body of an answer adds to its outcome: Google's status, when the HTTP status is an error
 * or a good one hides an error object. status: room, to which o points then. */
void outcome_read(struct outcome *o, struct slice body, struct gemini_status *status);
/* An error framed in a 200 answer is judged by the code or the status word in it. An error answer
 * is judged by its status even when its body was cut. */
struct verdict verdict_of(const struct outcome *o);
/* The verdict with that class; false when there is none. */
bool verdict_named(struct slice class, bool key_is_callers, struct verdict *ret);
/* The error a client sees for it, with Google's message, status and retry hint where there are any.
 * May hold the key that was used: Google's messages repeat it. */
void verdict_error(const struct outcome *o, const struct verdict *v, struct apierror *ret);
/* The outcome of an answer with a good status whose reader failed with err: what Google reported in
 * it, where it was cut, or that it was no answer. Borrows err and the reader's scratch. False when
 * the fault is of another kind, such as an answer without what the caller asked for, and err
 * already tells all. */
bool verdict_outcome(const struct apierror *err, const struct answer_scratch *scratch,
    enum netresult net, struct outcome *ret);

#endif
