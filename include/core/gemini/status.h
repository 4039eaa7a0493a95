/*
 * Reads google.rpc.Status as it comes over the wire: {"error":{...}}, the same in an array, framed
 * as an SSE event, or no JSON at all (an HTML page of a front end).
 */
#ifndef CORE_GEMINI_STATUS_H
#define CORE_GEMINI_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "core/json/json.h"

#define GQUOTAS_MAX 8

/* How long a violated quota lasts, by its id; the longest last. NONE: no id. */
enum gspan { GSPAN_NONE, GSPAN_OTHER, GSPAN_MINUTE, GSPAN_HOUR, GSPAN_DAY };

/* One violated quota; texts are empty when absent. */
struct gquota {
	char id[128];
	char metric[128];
	char model[128]; /* of its dimensions */
	int64_t value;   /* -1: not told */
};

struct gemini_status {
	bool is_status; /* an error object was found */
	bool is_html;
	int code;             /* error.code, or 0 (the Interactions API has words there) */
	char status[40];      /* "RESOURCE_EXHAUSTED" */
	char reason[64];      /* ErrorInfo.reason */
	char quota_id[128];   /* of the violation that lasts longest */
	char quota_value[24]; /* its limit; "0" when any violated limit is 0 */
	enum gspan span;      /* of that violation */
	struct gquota quotas[GQUOTAS_MAX]; /* as they come; further ones count above only */
	size_t quota_count;
	char project[64];  /* number or name of the key's project, where it shows */
	uint32_t retry_ms; /* RetryInfo.retryDelay, else the message's "retry in"; 0 when absent */
	char message[512];
};

/* Fills all of *g; texts that do not fit are cut at a character. */
void gemini_status_read(struct gemini_status *g, struct slice body);

/* Lent to those who read answers: one for each thread, since it is large. Both members are borrowed
 * for the time of a call. */
struct answer_scratch {
	struct json_reader *json; /* NULL: each reader makes its own */
	/* The error object in the answer that was read last, when its reader failed with
	 * APIERROR_REPORTED. What it means is for verdict.h to say. */
	struct gemini_status status;
};

/* Is doc an error object of Google's, or a list with one? Then -1, with scratch->status and err,
 * which has Google's message. Else 0. */
struct apierror;
int answer_error(struct answer_scratch *scratch, json_object *doc, struct apierror *err);
/* A whole answer. NULL with err when it is such an error, or no JSON object. */
json_object *answer_read(struct answer_scratch *scratch, struct slice text, struct apierror *err);

/* What the first bytes of a 200 answer are: Google reports failures inside streams too. */
enum gemini_status_scan { GSNIFF_MORE, GSNIFF_CONTENT, GSNIFF_ERROR, GSNIFF_OTHER };
/* head: all bytes so far. MORE: too few to tell. Looks through `data:`, `[` and white space for an
 * object whose first key is "error". OTHER: no event and no JSON. */
enum gemini_status_scan gemini_status_sniff(struct slice head);

#endif
