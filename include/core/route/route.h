/*
 * Method and path to endpoint. Matched on the tail, so that every base URL that people type works:
 * `/v1`, none, `/v1beta/openai`, `//`, a trailing `/`, a repeated version, the URL of an endpoint,
 * any mount prefix.
 */
#ifndef CORE_ROUTE_ROUTE_H
#define CORE_ROUTE_ROUTE_H

#include <stdbool.h>

#include "base/buf.h"
#include "core/api/apierror.h"

enum route_op {
#define ROUTE(symbol, name, words, allow, flags, operation, hints, url) ROUTE_##symbol,
#include "core/route/routes.def"
#undef ROUTE
	ROUTE_COUNT
};

struct route_input {
	struct slice method;
	struct slice uri;           /* REQUEST_URI, raw: may be absolute-form, may hold a query */
	struct slice mount;         /* configured mount prefix, or empty */
	bool has_google_credential; /* x-goog-api-key or x-goog-api-client header */
	bool has_bearer;            /* Authorization: Bearer */
	bool websocket;             /* the client wants to go on with that */
};

#define ROUTE_PATH_MAX 2048

struct route {
	enum route_op op;
	const char *name;     /* for logs: "chat", "native", ...; "none" when nothing matched */
	enum dialect dialect; /* for errors too, also when routing failed */
	struct slice prefix;  /* raw, what stood before the matched tail: the mount point */
	struct slice query;   /* without `?`; raw */
	struct slice item;    /* ROUTE_MODEL, ROUTE_RESPONSE: the id, raw (percent-encoded) */
	/* ROUTE_NATIVE: the upstream path, normalised, without query */
	char path[ROUTE_PATH_MAX];
	const char *allow; /* when the method is wrong: value of the Allow header */
};

/* 0, or -1 with err (404, naming the URL that was plainly meant, 405 with ret->allow, 426 for a
 * websocket where none is spoken, 400 for paths that try to climb); dialect and prefix are set in
 * either case. The slices of *ret point into in->uri. */
int route_match(const struct route_input *in, struct route *ret, struct apierror *err);

#endif
