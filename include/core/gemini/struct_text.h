/*
 * JSON text on its way through a google.protobuf.Struct, which is what Google reads results and
 * arguments of functions as: numbers are doubles, a key stands once and in no order of the sender's
 * (maps come out alphabetically), `$ref` points at media.
 */
#ifndef CORE_GEMINI_STRUCT_TEXT_H
#define CORE_GEMINI_STRUCT_TEXT_H

#include "core/json/json.h"

#define STRUCT_DEPTH_MAX 24 /* levels of a result's JSON */

/* What would not come out of the other side. */
enum struct_loss {
	STRUCT_NO_JSON = 1 << 0, /* neither an object nor an array of strict JSON */
	STRUCT_KEYS = 1 << 1,    /* a key stands twice, or there is a NUL in one */
	STRUCT_TEXT = 1 << 2,    /* a NUL, half of a surrogate pair */
	STRUCT_DEPTH = 1 << 3,   /* deeper than STRUCT_DEPTH_MAX */
	STRUCT_VALUE = 1 << 4,   /* a number that a double does not hold, an integer above 2^53 */
	STRUCT_DIGITS = 1 << 5,  /* zeros of a number that say something: 1.10, -0 */
	STRUCT_ORDER = 1 << 6,   /* keys that are not in alphabetical order (of their bytes) */
	STRUCT_REF = 1 << 7,     /* a key `$ref` */
};

/* Reads an object or an array: *ret_value is a new reference, or NULL with STRUCT_NO_JSON. Yields
 * what would be lost. */
unsigned struct_text_read(struct slice text, json_object **ret_value);
/* Appends text, which is JSON, with quotes around each number of STRUCT_VALUE. */
void struct_text_quote(struct slice text, struct buf *out);

#endif
