/* Which method of the API a request names. */
#ifndef STANDIN_ROUTE_H
#define STANDIN_ROUTE_H

#include "server.h"

enum route_kind {
	ROUTE_UNKNOWN,
	ROUTE_CONTROL,
	ROUTE_BENCH_PAGE,
	ROUTE_MODELS,
	ROUTE_MODEL,
	ROUTE_GENERATE,
	ROUTE_STREAM,
	ROUTE_COUNT,
	ROUTE_EMBED,
	ROUTE_BATCH_EMBED,
	ROUTE_UPLOAD,
	ROUTE_FILES,
	ROUTE_FILE,
	ROUTE_FILE_DELETE,
	ROUTE_CACHES,
	ROUTE_CACHE_CREATE,
	ROUTE_CACHE,
	ROUTE_CACHE_PATCH,
	ROUTE_CACHE_DELETE,
	ROUTE_BATCH_CREATE,
	ROUTE_BATCHES,
	ROUTE_BATCH,
	ROUTE_BATCH_DELETE,
	ROUTE_MEDIA, /* what a client may fetch; tail: the path after /_media/ */
	ROUTE_OTHER, /* perhaps in the schema, but nothing here answers it */
};

struct route {
	enum route_kind kind;
	struct slice version; /* "v1beta" */
	struct slice tail;    /* after the version: "/models/x:generateContent" */
	struct slice name;    /* of the model or file, without the collection */
	bool bench;           /* the model is a benchmark model */
};

/* Slices point into req->path. */
void route_find(const struct request *req, struct route *ret);

#endif
