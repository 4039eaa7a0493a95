/* The routes, one row each. */
#include "config.h"

#include "route.h"

#include <string.h>

#include "base/xalloc.h"

static const struct {
	const char *method;
	const char *before; /* of the name */
	const char *after;  /* NULL: there is no name */
	enum route_kind kind;
} routes[] = {
	{ "POST", "/models/", ":generateContent", ROUTE_GENERATE },
	{ "POST", "/models/", ":streamGenerateContent", ROUTE_STREAM },
	{ "POST", "/models/", ":countTokens", ROUTE_COUNT },
	{ "POST", "/models/", ":embedContent", ROUTE_EMBED },
	{ "POST", "/models/", ":batchEmbedContents", ROUTE_BATCH_EMBED },
	{ "GET", "/models", NULL, ROUTE_MODELS },
	{ "GET", "/models/", "", ROUTE_MODEL },
	{ "GET", "/files", NULL, ROUTE_FILES },
	{ "GET", "/files/", "", ROUTE_FILE },
	{ "DELETE", "/files/", "", ROUTE_FILE_DELETE },
	{ "GET", "/cachedContents", NULL, ROUTE_CACHES },
	{ "POST", "/cachedContents", NULL, ROUTE_CACHE_CREATE },
	{ "GET", "/cachedContents/", "", ROUTE_CACHE },
	{ "PATCH", "/cachedContents/", "", ROUTE_CACHE_PATCH },
	{ "DELETE", "/cachedContents/", "", ROUTE_CACHE_DELETE },
	{ "POST", "/models/", ":batchGenerateContent", ROUTE_BATCH_CREATE },
	{ "GET", "/batches", NULL, ROUTE_BATCHES },
	{ "GET", "/batches/", "", ROUTE_BATCH },
	{ "DELETE", "/batches/", "", ROUTE_BATCH_DELETE },
};

static const char *const versions[] = { "v1beta", "v1", "v1alpha" };

static bool
read_version(struct slice path, struct route *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		struct slice word = slice_str(versions[i]);

		if (path.len > word.len + 1 && path.ptr[0] == '/' &&
		    memcmp(path.ptr + 1, word.ptr, word.len) == 0 &&
		    path.ptr[word.len + 1] == '/') {
			ret->version = (struct slice){ path.ptr + 1, word.len };
			ret->tail =
			    (struct slice){ path.ptr + word.len + 1, path.len - word.len - 1 };
			return true;
		}
	}
	return false;
}

static bool
route_match(struct slice tail, const char *before, const char *after, struct slice *ret_name)
{
	struct slice head = slice_str(before), end = slice_str(after);

	if (after == NULL)
		return slice_eq(tail, head);
	if (!slice_starts(tail, head) || tail.len <= head.len + end.len || !slice_ends(tail, end))
		return false;
	*ret_name = (struct slice){ tail.ptr + head.len, tail.len - head.len - end.len };
	return memchr(ret_name->ptr, '/', ret_name->len) == NULL &&
	       memchr(ret_name->ptr, ':', ret_name->len) == NULL;
}

void
route_find(const struct request *req, struct route *ret)
{
	struct slice path = slice_str(req->path);
	struct slice method = req->is_head ? SLICE("GET") : req->method;

	*ret = (struct route){ .kind = ROUTE_UNKNOWN };
	if (slice_starts(path, SLICE("/_control/"))) {
		ret->kind = ROUTE_CONTROL;
		ret->tail = (struct slice){ path.ptr + 10, path.len - 10 };
		return;
	}
	if (slice_starts(path, SLICE("/_media/"))) {
		ret->kind = ROUTE_MEDIA;
		ret->tail = (struct slice){ path.ptr + 8, path.len - 8 };
		return;
	}
	if (slice_eq(path, SLICE("/bench"))) {
		ret->kind = ROUTE_BENCH_PAGE;
		return;
	}
	if (slice_starts(path, SLICE("/upload/"))) {
		struct slice rest = { path.ptr + 7, path.len - 7 };

		if (read_version(rest, ret) && slice_eq(ret->tail, SLICE("/files")) &&
		    (slice_eq(method, SLICE("POST")) || slice_eq(method, SLICE("PUT"))))
			ret->kind = ROUTE_UPLOAD;
		return;
	}
	if (!read_version(path, ret))
		return;
	ret->kind = ROUTE_OTHER;
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		if (slice_eq(method, slice_str(routes[i].method)) &&
		    route_match(ret->tail, routes[i].before, routes[i].after, &ret->name)) {
			ret->kind = routes[i].kind;
			break;
		}
	}
	ret->bench = (ret->kind == ROUTE_GENERATE || ret->kind == ROUTE_STREAM) &&
	             slice_starts(ret->name, SLICE("bench-"));
}
