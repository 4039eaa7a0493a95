/* What a refusal of a caller's request must be like. */
#ifndef TESTS_FUZZ_CHECK_ERROR_H
#define TESTS_FUZZ_CHECK_ERROR_H

#include "base/limits.h"
#include "core/api/apierror.h"
#include "core/json/json.h"
#include "fuzz.h"

static inline void
check_error(const struct apierror *err)
{
	json_object *doc;
	struct buf out;

	FUZZ_CHECK(err->status >= 400 && err->status < 500);
	FUZZ_CHECK(err->message[0] != '\0');
	buf_init(&out, 64 * KIB);
	apierror_render(err, DIALECT_OPENAI, &out);
	doc = json_read(buf_slice(&out));
	FUZZ_CHECK(json_get_object(doc, "error") != NULL);
	json_object_put(doc);
	buf_release(&out);
}

#endif
