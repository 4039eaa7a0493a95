/* The upstream call as the operations fill it in. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "app/request/request.h"
#include "app/request/upstream_request.h"

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

static void
call_model(
    struct request *r, const char *model, const char *verb, struct slice query, struct slice body)
{
	char path[MODEL_NAME_MAX + 64];

	snprintf(path, sizeof(path), "/v1beta/%s%s:%s", strchr(model, '/') == NULL ? "models/" : "",
	    model, verb);
	request_set_model(r, slice_str(model));
	target_url(r, "POST", path, query);
	target_json(r, body);
}

void
target_generate(struct request *r, const char *model, bool stream, struct slice body)
{
	if (stream)
		call_model(r, model, "streamGenerateContent", SLICE("alt=sse"), body);
	else
		call_model(r, model, "generateContent", SLICE(""), body);
	r->target.events = stream;
}

void
target_count(struct request *r, const char *model, struct slice body)
{
	call_model(r, model, "countTokens", SLICE(""), body);
	r->target.events = false;
}

bool
target_generates(const struct request *r)
{
	struct slice url = buf_slice(&r->target.url), path;

	slice_split(&url, '?', &path);
	return slice_ends(path, SLICE(":generateContent")) ||
	       slice_ends(path, SLICE(":streamGenerateContent"));
}
