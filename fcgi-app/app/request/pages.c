/* What the gateway answers by itself: the status page, the health checks, CORS preflight. */
#include "config.h"

#include "base/clock.h"
#include "base/limits.h"
#include "core/http/headers.h"
#include "core/pages/pages.h"
#include "app/request/request.h"
#include "app/request/pages.h"
#include "app/request/reply.h"
#include "net/loop.h"

static void
local_preflight(struct request *r)
{
	const char *asked = fcgi_conn_param(r->client.conn, "HTTP_ACCESS_CONTROL_REQUEST_HEADERS");
	struct buf extra;

	buf_init(&extra, 8 * KIB);
	buf_adds(&extra,
	    "Access-Control-Allow-Methods: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n"
	    "Access-Control-Max-Age: 86400\r\n");
	if (asked != NULL && header_value_ok(slice_str(asked)))
		buf_addf(&extra, "Access-Control-Allow-Headers: %s\r\n", asked);
	if (fcgi_conn_param(r->client.conn, "HTTP_ACCESS_CONTROL_REQUEST_PRIVATE_NETWORK") != NULL)
		buf_adds(&extra, "Access-Control-Allow-Private-Network: true\r\n");
	reply_whole(r, 204, NULL, extra.failed ? SLICE("") : buf_slice(&extra), SLICE(""));
	buf_release(&extra);
}

static void
local_status_page(struct request *r)
{
	const struct snapshot *snapshot = r->snapshot;
	struct buf url, page;
	struct status_page info = {
		.version = PACKAGE_VERSION,
		.key_count = snapshot_key_count(snapshot),
		.pool = snapshot->ring != NULL,
		.own_keys = snapshot->own_keys,
		.open_access = snapshot->open_access,
		.uptime_s = (clock_mono_ms() - r->gw->started_ms) / 1000,
		.active = (unsigned)loop_all_active(r->loop),
	};

	buf_init(&url, 4 * KIB);
	buf_init(&page, 256 * KIB);
	reply_base_url(r, &url);
	info.base_url = url.data != NULL ? url.data : "";
	status_page_render(&info, &page);
	reply_whole(r, 200, "text/html; charset=utf-8",
	    SLICE("Cache-Control: no-store\r\n"
		  "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n"
		  "X-Content-Type-Options: nosniff\r\n"),
	    buf_slice(&page));
	buf_release(&url);
	buf_release(&page);
}

static void
local_health(struct request *r)
{
	/* The answer stays 200: only served requests can show that the refusal has ended. */
	bool region = balancer_region(r->gw->balancer);

	reply_whole(r, 200, NULL, SLICE("Cache-Control: no-store\r\n"),
	    region ? SLICE("{\"status\":\"degraded\",\"reason\":\"unsupported_region\"}")
		   : SLICE("{\"status\":\"ok\"}"));
}

bool
local_wants_websocket(const struct request *r)
{
	struct slice list = slice_str(fcgi_conn_param(r->client.conn, "HTTP_UPGRADE")), word;

	while (slice_split(&list, ',', &word))
		if (slice_eqi(slice_trim(word), SLICE("websocket")))
			return true;
	/* A web server may drop Upgrade, which is a hop-by-hop header. */
	return fcgi_conn_param(r->client.conn, "HTTP_SEC_WEBSOCKET_KEY") != NULL;
}

void
local_answer(struct request *r)
{
	if (r->asked.route->op == ROUTE_STATUS_PAGE)
		local_status_page(r);
	else if (r->asked.route->op == ROUTE_PREFLIGHT)
		local_preflight(r);
	else
		local_health(r);
}
