/*
 * Routing. Input: a byte of flags, the method, the mount prefix, the request target, each ended by
 * a line end. A native path stays below the API and routes to itself; every refusal is JSON.
 */
#include "config.h"

#include <string.h>

#include "base/limits.h"
#include "core/json/json.h"
#include "core/route/route.h"
#include "fuzz.h"

static void
check_native(const struct route_input *in, const struct route *route)
{
	struct slice path = slice_str(route->path);
	struct route_input again = {
		.method = in->method, .uri = path, .mount = SLICE(""), .has_google_credential = true
	};
	struct apierror err;
	struct route second;

	FUZZ_CHECK(slice_starts(path, SLICE("/v1")) || slice_starts(path, SLICE("/upload/v1")));
	FUZZ_CHECK(path.ptr[path.len - 1] != '/');
	FUZZ_CHECK(slice_find(path, SLICE("//")) < 0);
	FUZZ_CHECK(slice_find(path, SLICE("/../")) < 0 && !slice_ends(path, SLICE("/..")));
	FUZZ_CHECK(slice_find(path, SLICE("/./")) < 0 && !slice_ends(path, SLICE("/.")));
	FUZZ_CHECK(strpbrk(route->path, "\r\n\t \\?#") == NULL);
	FUZZ_CHECK(route_match(&again, &second, &err) == 0);
	FUZZ_CHECK(second.op == ROUTE_NATIVE && strcmp(second.path, route->path) == 0);
}

static void
check_refusal(const struct route *route, const struct apierror *err)
{
	json_object *doc;
	struct buf out;

	FUZZ_CHECK(err->kind == APIERROR_NOT_FOUND || err->kind == APIERROR_METHOD ||
		   err->kind == APIERROR_BAD_REQUEST || err->kind == APIERROR_UPGRADE);
	FUZZ_CHECK((route->allow != NULL) ==
		   (err->kind == APIERROR_METHOD || err->kind == APIERROR_UPGRADE));
	buf_init(&out, 64 * KIB);
	apierror_render(err, route->dialect, &out);
	doc = json_read(buf_slice(&out));
	FUZZ_CHECK(doc != NULL);
	json_object_put(doc);
	buf_release(&out);
}

static void
check_inside(struct slice part, struct slice whole)
{
	FUZZ_CHECK(part.len == 0 ||
		   (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct slice rest = { (const char *)bytes, size };
	struct route_input in = { 0 };
	struct apierror err;
	struct route route;

	if (size == 0)
		return 0;
	in.has_google_credential = (bytes[0] & 1) != 0;
	in.has_bearer = (bytes[0] & 2) != 0;
	in.websocket = (bytes[0] & 4) != 0;
	rest = (struct slice){ rest.ptr + 1, rest.len - 1 };
	slice_split(&rest, '\n', &in.method);
	slice_split(&rest, '\n', &in.mount);
	in.uri = rest;
	if (route_match(&in, &route, &err) != 0)
		check_refusal(&route, &err);
	else if (route.op == ROUTE_NATIVE)
		check_native(&in, &route);
	else
		FUZZ_CHECK(route.op < ROUTE_COUNT);
	FUZZ_CHECK(route.name != NULL);
	check_inside(route.prefix, in.uri);
	check_inside(route.query, in.uri);
	check_inside(route.item, in.uri);
	return 0;
}
