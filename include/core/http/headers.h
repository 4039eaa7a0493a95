/* Which header lines cross the gateway, in either direction (tables in headers.c). */
#ifndef CORE_HTTP_HEADERS_H
#define CORE_HTTP_HEADERS_H

#include <stdbool.h>

#include "base/buf.h"

/* The name of a FastCGI parameter as an HTTP header name (`HTTP_X_GOOG_API_CLIENT` gives
 * `x-goog-api-client`); false when it is no header. ret is NUL-terminated. */
bool header_from_param(const char *param, char *ret, size_t size);
/* May this request header of the client go to Google on the native route? Lower-case name. */
bool header_forwards(const char *name);
/* May this answer header of Google go to the client on the native route? Any case. */
bool header_returns(struct slice name);
/* True when the bytes may stand in a header value: no CR, LF or NUL. */
bool header_value_ok(struct slice value);

#endif
