/* Everything that can go wrong at Google, by name. */
#ifndef STANDIN_FAILURES_H
#define STANDIN_FAILURES_H

#include "gen.h"
#include "route.h"

enum failure_stage {
	FAIL_EARLY,  /* before the body is looked at: credentials, the line itself */
	FAIL_LATE,   /* by the model: only what passed all checks */
	FAIL_STREAM, /* only streamGenerateContent; others are answered as ever */
	FAIL_ANSWER, /* generateContent and streamGenerateContent */
};

struct failure;

/* NULL when there is none of that name. */
const struct failure *failure_find(struct slice name);
/* The failure that a key asks for: what follows "--" up to the next "-" or the end. A name that is
 * none gives false and stands in *ret_bad. */
bool failure_of_key(const char *key, const struct failure **ret, struct slice *ret_bad);
/* Whether the failure concerns such a request at all. */
bool failure_fits(const struct failure *f, enum route_kind kind);
enum failure_stage failure_stage(const struct failure *f);
/* Plays it. FAIL_STREAM and FAIL_ANSWER need a->body; others only conn, name and key. */
void failure_play(const struct failure *f, const struct ask *a, uint32_t delay_ms);
/* One line each on stdout. */
void failures_print(void);

#endif
