/* JSON as Google's servers write it, errors in their envelope, and the base64 they speak. */
#ifndef STANDIN_GJSON_H
#define STANDIN_GJSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "standin.h"

#define JSON_TEXT_MAX (256UL * 1024 * 1024)
#define GTYPE_JSON    "application/json; charset=UTF-8"

enum gjson_style { GJSON_LINE, GJSON_PRETTY };

/* Appends value: one line with a blank after each colon, or indented by two. */
void gjson_write(struct buf *out, json_object *value, enum gjson_style style);
/* A document of its own, or NULL; depth up to 200. ret_at: where the parser stopped. */
json_object *gjson_parse(struct slice text, size_t *ret_at);
/* A member by its JSON name (camelCase) or its proto name (snake_case); borrowed, NULL if absent or
 * null. */
json_object *gjson_get(json_object *obj, const char *name);
json_object *gjson_get_array(json_object *obj, const char *name);
/* The member's element count: 1 for a single value in place of a list, 0 if absent. */
size_t gjson_count(json_object *obj, const char *name);
/* The i-th element, or the single value itself. */
json_object *gjson_at(json_object *obj, const char *name, size_t i);
struct slice gjson_str(json_object *obj, const char *name);
bool gjson_bool(json_object *obj, const char *name);
int64_t gjson_int(json_object *obj, const char *name, int64_t fallback);
json_object *gjson_new(struct slice s);
/* name in snake_case. */
void gjson_snake(struct buf *out, const char *name);

/* {"error":{"code","message","status","details"}}; takes details, which may be NULL. */
json_object *gerror(int code, const char *message, const char *status, json_object *details);
/* The canonical status word of an HTTP status. */
const char *gerror_status(int code);
/* Answers with it. */
void gerror_reply(struct conn *c, int code, const char *message, json_object *details);
void gjson_reply(struct conn *c, int status, json_object *value);

void gbase64_add(struct buf *out, const void *data, size_t len);
/* Standard or URL-safe alphabet, padding optional. */
bool gbase64_valid(struct slice s);
/* Appends the bytes; what is no digit is skipped. */
void gbase64_decode(struct buf *out, struct slice s);

#endif
