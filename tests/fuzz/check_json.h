/* What the fuzz targets ask of JSON that is written. */
#ifndef TESTS_CHECK_JSON_H
#define TESTS_CHECK_JSON_H

#include "core/json/json.h"
#include "fuzz.h"

/* It is one JSON object. */
static inline void
check_json(const struct buf *out)
{
	json_object *doc = json_read(buf_slice(out));

	FUZZ_CHECK(json_object_is_type(doc, json_type_object));
	json_object_put(doc);
}

#endif
