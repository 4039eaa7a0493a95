/* Raw query strings: reading and removing parameters without touching the rest. */
#ifndef CORE_HTTP_QUERY_H
#define CORE_HTTP_QUERY_H

#include <stdbool.h>

#include "base/buf.h"

/* The raw value of the first parameter of that name; false when absent. A parameter without `=`
 * has an empty value. Names are compared decoded: `k%65y` is `key`. */
bool query_get(struct slice query, const char *name, struct slice *ret_raw);
/* The byte that an escape (`%41`) at the start of s stands for, or -1. */
int percent_byte(struct slice s);
/* Percent-decoding; `+` is a blank only when form is true. False on a bad escape or NUL. */
bool percent_decode(struct slice raw, bool form, struct buf *out);
/* The bytes as a query value: everything but RFC 3986's unreserved characters is escaped. */
void percent_encode(struct slice raw, struct buf *out);
/* The query without the named parameters (NULL-terminated list), byte for byte otherwise. */
void query_without(struct slice query, const char *const *names, struct buf *out);

#endif
