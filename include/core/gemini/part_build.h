/*
 * Makes the parts of Gemini's requests. All of them are new objects of the caller's.
 */
#ifndef CORE_GEMINI_PART_BUILD_H
#define CORE_GEMINI_PART_BUILD_H

#include "core/json/json.h"

/* {"text": text}; text is taken. */
json_object *part_text(json_object *text);
/* A blob, {"mimeType", "data"}; data is Base64 and taken. */
json_object *part_blob(const char *mime, json_object *data);
/* {"inlineData": blob}; blob is taken. */
json_object *part_inline(json_object *blob);
/* Appends a text part to the systemInstruction of a request; text is taken. */
void part_system_add(json_object *request, json_object *text);

#endif
