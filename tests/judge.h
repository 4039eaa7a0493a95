/* What the gateway makes of a reader's failure: the reader finds Google's error, the verdict says
 * what a client is told. */
#ifndef TESTS_JUDGE_H
#define TESTS_JUDGE_H

#include "core/gemini/verdict.h"

static inline const struct apierror *
judged(const struct answer_scratch *scratch, struct apierror *err)
{
	struct apierror told = *err;
	struct outcome o;
	struct verdict v;

	if (!verdict_outcome(&told, scratch, NET_OK, &o))
		return err;
	v = verdict_of(&o);
	verdict_error(&o, &v, err);
	return err;
}

#endif
