/* The answer's head and the ways to write to the client. */
#include "config.h"

#include "app/request/request.h"
#include "app/request/branch.h"
#include "app/request/reply.h"

#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "core/http/headers.h"

static const char *
reply_reason(int status)
{
	static const struct {
		int status;
		const char *reason;
	} rows[] = {
		{ 200, "OK" },
		{ 201, "Created" },
		{ 202, "Accepted" },
		{ 204, "No Content" },
		{ 206, "Partial Content" },
		{ 301, "Moved Permanently" },
		{ 302, "Found" },
		{ 304, "Not Modified" },
		{ 307, "Temporary Redirect" },
		{ 308, "Resume Incomplete" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 402, "Payment Required" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 408, "Request Timeout" },
		{ 409, "Conflict" },
		{ 410, "Gone" },
		{ 412, "Precondition Failed" },
		{ 413, "Content Too Large" },
		{ 415, "Unsupported Media Type" },
		{ 416, "Range Not Satisfiable" },
		{ 422, "Unprocessable Content" },
		{ 426, "Upgrade Required" },
		{ 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" },
		{ 499, "Client Closed Request" },
		{ 500, "Internal Server Error" },
		{ 501, "Not Implemented" },
		{ 502, "Bad Gateway" },
		{ 503, "Service Unavailable" },
		{ 504, "Gateway Timeout" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].status == status)
			return rows[i].reason;
	return "Status";
}

/* Does the configured list contain this origin? */
static bool
reply_origin_allowed(const char *origins, struct slice origin)
{
	struct slice rest = slice_str(origins), word;

	while (slice_split(&rest, ',', &word))
		if (slice_eqi(slice_trim(word), origin))
			return true;
	return false;
}

static void
reply_cors(const struct request *r, struct buf *out)
{
	const char *origins = r->gw->conf->cors_origins;
	const char *origin = fcgi_conn_param(r->client.conn, "HTTP_ORIGIN");

	if (origins[0] == '\0')
		return;
	if (strcmp(origins, "*") == 0) {
		buf_adds(out, "Access-Control-Allow-Origin: *\r\n");
	} else {
		buf_adds(out, "Vary: Origin\r\n");
		if (origin == NULL || !reply_origin_allowed(origins, slice_str(origin)) ||
		    !header_value_ok(slice_str(origin)))
			return;
		buf_addf(out, "Access-Control-Allow-Origin: %s\r\n", origin);
	}
	buf_adds(out, "Access-Control-Expose-Headers: *\r\n");
}

void
reply_head(struct request *r, struct buf *out, int status, const char *type, int64_t length,
    struct slice extra)
{
	r->reply.status = status;
	r->reply.head_sent = true;
	buf_adds(out, "Status: ");
	buf_add_i64(out, status);
	buf_addc(out, ' ');
	buf_adds(out, reply_reason(status));
	if (type != NULL) {
		buf_adds(out, "\r\nContent-Type: ");
		buf_adds(out, type);
	}
	if (length >= 0) {
		buf_adds(out, "\r\nContent-Length: ");
		buf_add_i64(out, length);
	}
	buf_adds(out, "\r\nx-request-id: ");
	buf_adds(out, r->id);
	buf_adds(out, "\r\n");
	if (r->asked.changes.count > 0) {
		buf_adds(out, "x-gemini-balance-changes: ");
		buf_add_slice(out, changes_header(&r->asked.changes));
		buf_adds(out, "\r\n");
	}
	if (r->learnt.instead_of != NULL && status < 400 &&
	    strcmp(r->learnt.instead_of, r->asked.model) != 0) {
		buf_adds(out, "x-gemini-balance-model: ");
		buf_adds(out, r->asked.model);
		buf_adds(out, "\r\n");
	}
	reply_cors(r, out);
	buf_add_slice(out, extra);
	buf_adds(out, "\r\n");
}

void
reply_error_lines(struct request *r, struct buf *extra)
{
	r->reply.retry_after = r->err.retry_after_s;
	if (r->reply.retry_after > 0)
		buf_addf(extra, "Retry-After: %u\r\n", r->reply.retry_after);
	if (r->err.no_retry)
		buf_adds(extra, "x-should-retry: false\r\n");
	if (r->asked.route != NULL && r->asked.route->allow != NULL &&
	    r->err.kind == APIERROR_METHOD)
		buf_addf(extra, "Allow: %s\r\n", r->asked.route->allow);
	if (r->err.kind == APIERROR_CODING)
		buf_adds(extra, "Accept-Encoding: gzip, deflate\r\n");
	if (r->err.kind == APIERROR_UPGRADE)
		buf_adds(extra, "Upgrade: HTTP/1.1\r\n");
}

void
reply_stream_head(struct request *r, struct buf *out)
{
	/* no-transform and X-Accel-Buffering keep web servers from holding events back. */
	reply_head(r, out, 200, "text/event-stream; charset=utf-8", -1,
	    SLICE("Cache-Control: no-cache, no-transform\r\nX-Accel-Buffering: no\r\n"));
	r->reply.at_event_end = true;
}

bool
reply_write(struct request *r, struct slice bytes)
{
	r->reply.last_write_ms = clock_mono_ms();
	r->reply.bytes_out += bytes.len;
	if (!fcgi_conn_write(r->client.conn, bytes)) {
		r->client.gone = true;
		return false;
	}
	if (fcgi_conn_pending(r->client.conn) > 0)
		branches_pause(r);
	return true;
}

void
reply_whole(struct request *r, int status, const char *type, struct slice extra, struct slice body)
{
	struct buf whole;

	/* Not the scratch buffer of the loop, which may contain the body. */
	buf_init(&whole, COLLECT_MAX * 2);
	reply_head(
	    r, &whole, status, type != NULL ? type : "application/json", (int64_t)body.len, extra);
	if (!r->client.head_request)
		buf_add_slice(&whole, body);
	r->reply.content_sent = true;
	r->reply.bytes_out += whole.len;
	if (r->reply.first_ms == 0)
		r->reply.first_ms = clock_mono_ms();
	fcgi_conn_end(TAKE(r->client.conn), buf_slice(&whole));
	buf_release(&whole);
}

static bool
reply_is_https(const struct request *r)
{
	const char *https = fcgi_conn_param(r->client.conn, "HTTPS");
	const char *forwarded = fcgi_conn_param(r->client.conn, "HTTP_X_FORWARDED_PROTO");

	if (forwarded != NULL && slice_eqi(slice_trim(slice_str(forwarded)), SLICE("https")))
		return true;
	return https != NULL && https[0] != '\0' && !slice_eqi(slice_str(https), SLICE("off"));
}

/* May the host stand in a URL? The client wrote it, and the URL goes back to it. */
static bool
reply_host_ok(const char *host)
{
	return host != NULL && host[0] != '\0' && strlen(host) < 256 &&
	       strspn(
		   host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]") ==
	           strlen(host);
}

void
reply_base_url(const struct request *r, struct buf *out)
{
	const char *host = fcgi_conn_param(r->client.conn, "HTTP_X_FORWARDED_HOST");

	if (r->gw->conf->public_url[0] != '\0') {
		struct slice url = slice_str(r->gw->conf->public_url);

		while (url.len > 0 && url.ptr[url.len - 1] == '/')
			url.len--;
		buf_add_slice(out, url);
		return;
	}
	if (!reply_host_ok(host))
		host = fcgi_conn_param(r->client.conn, "HTTP_HOST");
	buf_adds(out, reply_is_https(r) ? "https://" : "http://");
	buf_adds(out, reply_host_ok(host) ? host : "localhost");
	buf_add_slice(out, r->asked.route->prefix);
}
