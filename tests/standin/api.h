/* From a request to its answer: routes, credentials, checks, in Google's order. */
#ifndef STANDIN_API_H
#define STANDIN_API_H

#include "standin.h"

extern const struct server_ops api_ops; /* for a server whose ctx is a struct standin */

/* The decoded value of a query parameter; a new string, NULL when it is absent. */
char *query_get(struct slice query, const char *name);

#endif
