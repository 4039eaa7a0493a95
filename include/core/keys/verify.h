/* The events of /verify, and the lists of keys that it takes. */
#ifndef CORE_KEYS_VERIFY_H
#define CORE_KEYS_VERIFY_H

#include <stddef.h>

#include "base/buf.h"
#include "core/api/apierror.h"
#include "core/gemini/verdict.h"

/* GOOD: the key works, or would if its quota were not used up. BAD: Google refuses the key.
 * ERROR: it could not be told. */
enum verify_status { VERIFY_GOOD, VERIFY_BAD, VERIFY_ERROR, VERIFY_STATUSES };

struct verify_result {
	size_t index;     /* place among the keys, each counted once, from 0 */
	struct slice key; /* the secret; only its masked form is written */
	struct verdict verdict;
	struct apierror error;       /* of verdict_error */
	const char *reason;          /* Google's word for it; "": none */
	const char *project;         /* that the key belongs to; "": not known */
	unsigned repeats;            /* how many times more it was listed */
	const char *fingerprint;     /* its name in the log */
	const struct key_spec *spec; /* where the operator finds it; NULL: it is a caller's */
};

struct verify_counts {
	size_t of[VERIFY_STATUSES];
	size_t repeats;
};

enum verify_status verify_status_of(const struct verdict *v);
/* Appends one SSE event, {"key","status","error","class","reason","project","duplicates","index"},
 * and counts the result. */
void verify_event(
    const struct verify_result *result, struct verify_counts *counts, struct buf *out);
/* Appends the last event, {"summary":{"total","good","bad","error","duplicates"}}. */
void verify_summary(const struct verify_counts *counts, struct buf *out);

/* The keys in the body of a POST, as text for keypool_add_list: {"keys":[...]}, {"keys":"a,b"}, an
 * array, or plain text. Appends nothing for an empty body. -1 with err (param "keys") otherwise. */
int verify_read_keys(struct slice body, struct buf *list, struct apierror *err);

#endif
