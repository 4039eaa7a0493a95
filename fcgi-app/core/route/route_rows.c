/* The table of routes, which core/route/routes.def fills. */
#include "config.h"

#include "route_priv.h"

/* clang-format off */
#define ALLOW_GET      "GET, HEAD, OPTIONS"
#define ALLOW_POST     "POST, OPTIONS"
#define ALLOW_ITEM     "GET, HEAD, DELETE, OPTIONS"
#define ALLOW_GET_POST "GET, POST, OPTIONS"
#define ALLOW_NATIVE   "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
#define ANYWHERE       ROUTE_ANYWHERE
#define PASTED         ROUTE_PASTED
#define OPENAI         (1U << DIALECT_OPENAI)
#define GOOGLE         (1U << DIALECT_GOOGLE)
#define WORDS(...)     { __VA_ARGS__ }
#define NO_WORDS       { NULL }

const struct route_row route_rows[ROUTE_COUNT] = {
#define ROUTE(symbol, name, words, allow, flags, operation, hints, url) \
	[ROUTE_##symbol] = { name, words, allow, flags, hints, url },
#include "core/route/routes.def"
#undef ROUTE
};
/* clang-format on */
