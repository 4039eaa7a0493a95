/* What a JSON text costs in memory once json-c has built it: known before it is built. */
#ifndef CORE_JSON_JSON_COST_H
#define CORE_JSON_JSON_COST_H

#include <stddef.h>

#include "base/buf.h"

#define JSON_DEPTH_MAX 128

/* Bytes that json-c allocates for the values of text, rounded up; more than `most` as soon as that
 * is clear. One look at each byte; what is no JSON is charged for as far as it looks like it. */
size_t json_cost(struct slice text, size_t most);

#endif
