/* Makes a value that satisfies a schema: Google's Schema message or JSON Schema. */
#ifndef STANDIN_EXAMPLE_H
#define STANDIN_EXAMPLE_H

#include <json-c/json.h>

#include "base/buf.h"

/* schema: borrowed, may be NULL (an empty object comes out). hint: what free strings say. */
json_object *example_of(json_object *schema, struct slice hint);
/* What a "#..." reference names: a JSON pointer or an anchor. Borrowed; NULL when it leads nowhere.
 */
json_object *example_resolve(json_object *root, struct slice ref);

#endif
