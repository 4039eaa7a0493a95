/* The upstream call as the operations fill it in. */
#include "config.h"

#include <string.h>

#include "request.h"

void
target_url(struct request *r, const char *method, const char *path, struct slice query)
{
	struct buf *url = &r->target.url;

	r->target.method = method;
	buf_reset(url);
	buf_adds(url, r->gw->base_url);
	buf_adds(url, path);
	if (query.len > 0) {
		buf_addc(url, '?');
		buf_add_slice(url, query);
	}
}

void
target_header(struct request *r, const char *name, struct slice value)
{
	struct buf *lines = &r->target.lines;

	buf_adds(lines, name);
	buf_adds(lines, value.len > 0 ? ": " : ":");
	buf_add_slice(lines, value);
	buf_addc(lines, '\0');
}

void
target_json(struct request *r, struct slice body)
{
	r->target.body = body;
	r->target.body_len = body.len;
	r->target.has_body = true;
	target_header(r, "Content-Type", SLICE("application/json"));
	target_header(r, "User-Agent", SLICE("gemini-balance/" PACKAGE_VERSION));
}
