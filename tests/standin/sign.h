/*
 * Thought signatures: opaque to callers, and checked without memory, for each is a digest of the
 * part that it was made for.
 */
#ifndef STANDIN_SIGN_H
#define STANDIN_SIGN_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

enum sign_state {
	SIGN_NONE,
	SIGN_TRUE,
	SIGN_BYPASS, /* one of the two words that Google documents, bare or in base64 */
	SIGN_WRONG,  /* none of ours, or that of another part */
};

/* Signs the part: a function call with its name, arguments and id, a tool's trace with its content,
 * a picture with its bytes, text as text. after_tools: the model used tools of its own before,
 * whose trace must come back too. longer: bytes on top of the usual length. */
void sign_part(json_object *part, bool after_tools, size_t longer);
/* A call's id may be missing, but not differ. *ret_after_tools is set for SIGN_TRUE; may be NULL.
 */
enum sign_state sign_check(json_object *part, bool *ret_after_tools);

#endif
