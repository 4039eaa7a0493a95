/*
 * What an attempt's outcome means: may another key or a moment's wait cure it, and which error does
 * the client see otherwise. One table in verdict.c.
 */
#ifndef CORE_VERDICT_H
#define CORE_VERDICT_H

#include "base/netresult.h"
#include "core/apierror.h"
#include "core/gstatus.h"

enum verdict_action {
	VERDICT_PASS,  /* success, or the caller's own fault: return it */
	VERDICT_OTHER, /* this key cannot, another may: at once */
	VERDICT_AGAIN, /* the server's fault: a pause with jitter, another key if there is one */
};

struct verdict {
	const char *class; /* for the access line: "ok", "key_invalid", "quota_day", ... */
	enum verdict_action action;
	enum apierror_kind error; /* APIERROR_NONE on success */
};

struct outcome {
	enum netresult net; /* how the transfer ended */
	int http_status;    /* 0 when there was none */
	/* NULL when http_status is below 400 and no error was framed */
	const struct gstatus *status;
	bool key_is_callers; /* then a bad key is the caller's fault: 401, not 502 */
};

/* An error framed in a 200 answer is judged by the code or the status word in it. An error answer
 * is judged by its status even when its body was cut. */
struct verdict verdict_of(const struct outcome *o);
/* The error a client sees for it, with Google's message, status and retry hint where there are any.
 * May hold the key that was used: Google's messages repeat it. */
void verdict_error(const struct outcome *o, const struct verdict *v, struct apierror *ret);

#endif
