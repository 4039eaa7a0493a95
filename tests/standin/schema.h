/*
 * Google's JSON transcoder: which fields a request body may have, of which types, and its words for
 * those that it may not. The schema comes from make-schema.py; an overlay of the same form beside
 * it adds fields, and values of enums, that the API took on later.
 */
#ifndef STANDIN_SCHEMA_H
#define STANDIN_SCHEMA_H

#include <json-c/json.h>
#include <stdbool.h>

#include "base/buf.h"

struct schema;
struct message;

/* What one method takes. */
struct schema_method {
	const struct message *body; /* NULL: no body */
	json_object *query;         /* names of its query parameters, an array; borrowed */
};

/* path: schema.json; schema-overlay.json in its folder is read too if there is one. NULL with a
 * line on stderr when it cannot be used. */
struct schema *schema_load(const char *path);
void schema_free(struct schema *s);
/* tail: the path after the version. False when the API has no such method. */
bool schema_find(
    const struct schema *s, struct slice method, struct slice tail, struct schema_method *ret);
/* Appends {"field","description"} for each fault of body to violations, an array. */
void schema_check(const struct message *m, json_object *body, json_object *violations);

/* For schema.c and transcode.c only. */
enum field_type {
	FIELD_STRING,
	FIELD_BOOL,
	FIELD_INT32,
	FIELD_INT64,
	FIELD_FLOAT,
	FIELD_DOUBLE,
	FIELD_BYTES,
	FIELD_TIMESTAMP,
	FIELD_DURATION,
	FIELD_FIELDMASK,
	FIELD_VALUE,
	FIELD_STRUCT,
	FIELD_ENUM,
	FIELD_MESSAGE,
};

struct field {
	char *proto_name; /* snake_case, for paths */
	enum field_type type;
	bool repeated;
	bool map;
	const struct message *message; /* of FIELD_MESSAGE */
	json_object *values;           /* of FIELD_ENUM; borrowed from the document */
	char *type_name;               /* for errors: "TYPE_STRING", "type.googleapis.com/..." */
};

struct message {
	char *name;
	struct lh_table *fields; /* by JSON name and by proto name */
};

#endif
