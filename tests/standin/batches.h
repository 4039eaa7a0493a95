/* Batches of generateContent, in memory; each belongs to the project that made it, and stays
 * pending: it is never worked on. */
#ifndef STANDIN_BATCHES_H
#define STANDIN_BATCHES_H

#include <json-c/json.h>

#include "route.h"
#include "standin.h"

struct batches;

struct batches *batches_new(void);
void batches_free(struct batches *b);

/* kind: one of ROUTE_BATCH_CREATE, ROUTE_BATCHES, ROUTE_BATCH and ROUTE_BATCH_DELETE. name: of the
 * model that it is made for, or of the batch. */
void batches_answer(struct standin *si, struct conn *c, const struct route *route,
    json_object *body, const char *project);

#endif
