/*
 * Reading JSON with json-c: the parse limits and the accessors that every translator shares.
 * json-c's ownership: a getter borrows, a constructor gives a new reference, and adding to an
 * object or array hands that reference over.
 */
#ifndef CORE_JSON_JSON_H
#define CORE_JSON_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "core/json/jwriter.h"

/* A whole document in strict JSON, depth at most JSON_DEPTH_MAX; a new reference, or NULL when the
 * bytes are no single JSON text. `null` at the top is refused as well. A BOM in front is skipped.
 */
json_object *json_read(struct slice text);

/* A reusable parser for many small documents (about 6 kB), one per loop or stream; not shared by
 * threads. */
/* What all texts that a thread reads may become together, while it is in use. Without one each text
 * has JSON_MEMORY, or JSON_RATIO times its length. */
struct json_budget {
	size_t left;   /* bytes */
	bool exceeded; /* something was not read for want of them */
};

/* NULL: none any more. */
void json_budget_use(struct json_budget *budget);

struct json_reader;
struct json_reader *json_reader_new(void);
void json_reader_free(struct json_reader *reader);
json_object *json_reader_read(struct json_reader *reader, struct slice text);
/* Does text look like one object or list to its closing bracket, with nothing but blanks behind? */
bool json_is_whole(struct slice text);

/* Borrowed member, or NULL when obj is no object or has none (or a null) of that name. */
json_object *json_get(json_object *obj, const char *key);
/* PHP writes an empty object as an empty list, in which the accessors here find nothing. */
bool json_is_empty_list(json_object *value);
bool json_is_object(json_object *value); /* an object, or an empty list */
/* Members of an exact type, or NULL / empty / fallback. */
json_object *json_get_object(json_object *obj, const char *key);
json_object *json_get_array(json_object *obj, const char *key);
struct slice json_get_str(json_object *obj, const char *key);
bool json_get_bool(json_object *obj, const char *key, bool fallback);
/* Numbers and numbers in strings (proto3 JSON writes int64 as strings). */
int64_t json_get_int(json_object *obj, const char *key, int64_t fallback);
struct slice json_str(json_object *string); /* empty unless a string */
int64_t json_int(json_object *value, int64_t fallback);
/* New string from bytes. */
json_object *json_new_str(struct slice s);
/* A string that is a part of owner's text: nothing is copied, owner lives as long as the part does.
 * The bytes must need no escape in JSON. Only json_str and json_write know such strings. */
json_object *json_new_part(json_object *owner, struct slice part);
/* Adds under key; takes value. */
void json_put(json_object *obj, const char *key, json_object *value);
/* Adds a reference to value; nothing when value is NULL. */
void json_share(json_object *obj, const char *key, json_object *value);
void json_put_str(json_object *obj, const char *key, struct slice value);
/* Adds at the end; takes value. */
void json_append(json_object *array, json_object *value);
/* Compact text, slashes unescaped, key order kept, numbers as they were read, appended to out.
 * Always valid JSON: NaN and infinities become null, bytes that are no UTF-8 become U+FFFD. */
void json_write(json_object *value, struct buf *out);
void json_write_to(struct jwriter *w, const char *key, json_object *value);
/* Type name in OpenAI's words, with its article: "a string", "an array"; for error messages. */
const char *json_type_word(json_object *value);

/* The first of several members that is there; *ret_key: which. keys ends with NULL. NULL: none. */
json_object *json_first_of(json_object *object, const char *const *keys, const char **ret_key);

#endif
