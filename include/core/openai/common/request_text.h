/* The body of a request, which every endpoint that takes JSON reads in this way. */
#ifndef CORE_OPENAI_COMMON_REQUEST_TEXT_H
#define CORE_OPENAI_COMMON_REQUEST_TEXT_H

#include "core/api/apierror.h"
#include "core/json/json.h"

/* The body as a JSON object: a new reference, or NULL with err. reader: the loop's, or NULL for one
 * of its own, which another thread needs. */
json_object *request_text_read(struct json_reader *reader, struct slice text, struct apierror *err);

#endif
