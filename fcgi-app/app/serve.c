/*
 * The top of a request's lifecycle: the tables of steps and operations, the arrival, the steps
 * before the translation, and the events of the client's side. Nothing else knows the steps by
 * name.
 */
#include "config.h"

#include "app/request/request.h"
#include "app/request/access.h"
#include "app/request/auth.h"
#include "app/request/branch.h"
#include "app/request/key_wait.h"
#include "app/request/pages.h"
#include "app/ops/ops.h"
#include "app/request/steps.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/serve.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/random.h"
#include "base/xalloc.h"
#include "net/loop.h"

/* clang-format off */
/* Routes without an operation are answered by step local. */
static const struct operation *const operations[ROUTE_COUNT] = {
#define ROUTE(symbol, name, words, allow, flags, operation, hints, url) \
	[ROUTE_##symbol] = operation,
#include "core/route/routes.def"
#undef ROUTE
};
/* clang-format on */

static void
serve_local_free(void *arg)
{
	struct loop_local *local = arg;

	buf_release(&local->out);
	json_reader_free(local->answers.json);
	free(local);
}

static void
serve_local_make(struct loop *loop)
{
	struct loop_local *local = xcalloc(1, sizeof(*local));

	buf_init(&local->out, COLLECT_MAX * 2);
	local->answers.json = json_reader_new();
	local->random = random_u64() | 1; /* xorshift stays at zero */
	random_bytes(local->id_key, sizeof(local->id_key));
	loop_set_local(loop, local, serve_local_free);
	loop_on_poke(loop, key_wait_poked);
}

static void
serve_gone(void *ctx)
{
	struct request *r = ctx;

	r->client.gone = true;
	if (r->asked.working)
		return;
	request_move(r, STEP_ABORT);
	request_run(r);
}

static void
serve_drained(void *ctx)
{
	struct request *r = ctx;

	r->reply.last_write_ms = clock_mono_ms();
	branches_resume(r, r->reply.last_write_ms);
}

static void
serve_stop(void *ctx)
{
	struct request *r = ctx;

	r->client.stopping = true;
	if (r->asked.working)
		return;
	request_stop(r);
	request_run(r);
}

static enum step_next
step_read(struct request *r)
{
	/* Callers without tokens share stored responses: ids must not be guessable. */
	uint64_t random = request_random(r);

	random =
	    siphash(request_local(r)->id_key, (struct slice){ (char *)&random, sizeof(random) });
	for (size_t i = 0; i < 16; i++, random >>= 4)
		r->id[i] = "0123456789abcdef"[random & 15];
	access_set_bytes_in(r, fcgi_conn_body(r->client.conn)->len);
	request_move(r, STEP_ROUTE);
	return STEP_GO;
}

/* Sets the error of a body that could not be read. */
static int
serve_arrival_fault(struct request *r)
{
	switch (fcgi_conn_fault(r->client.conn)) {
	case FCGI_CONN_BODY_TOO_LARGE:
		return apierror_set(&r->err, APIERROR_TOO_LARGE, NULL,
		    "The request body is larger than the %llu bytes that this gateway accepts.",
		    (unsigned long long)r->gw->conf->max_body);
	case FCGI_CONN_BODY_TIMEOUT:
		return apierror_set(&r->err, APIERROR_TIMEOUT_BODY, NULL, "%s", "");
	case FCGI_CONN_BODY_REFUSED:
		return apierror_set(&r->err, APIERROR_OVERLOADED, NULL,
		    "The gateway cannot accept this request body at the moment: too many uploads "
		    "from this address or with this credential are in progress, or the gateway "
		    "is shutting down. Try again in a moment.");
	case FCGI_CONN_BODY_FAILED:
		access_set_class(r, "spool_failed");
		return apierror_set(&r->err, APIERROR_INTERNAL, NULL,
		    "The gateway could not store the request body.");
	case FCGI_CONN_FINE:
		break;
	}
	return 0;
}

static bool
serve_has_bearer(const struct request *r)
{
	const char *value = fcgi_conn_param(r->client.conn, "HTTP_AUTHORIZATION");

	return value != NULL && slice_startsi(slice_str(value), SLICE("Bearer "));
}

/* Kept for the access line: the parameters may be freed before it is written. */
static void
serve_note_client(struct request *r)
{
	struct slice client = client_address(r->gw, r->client.conn);

	/* The text of an address has room. */
	memcpy(r->client.address, client.ptr, client.len);
	r->client.address[client.len] = '\0';
}

static enum step_next
step_route(struct request *r)
{
	const char *uri = fcgi_conn_param(r->client.conn, "REQUEST_URI");
	const char *mount = fcgi_conn_param(r->client.conn, "MOUNT_PREFIX");
	struct route_input in = {
		.method = slice_str(fcgi_conn_param(r->client.conn, "REQUEST_METHOD")),
		.uri = slice_str(uri != NULL ? uri : "/"),
		.mount = slice_str(mount != NULL ? mount : r->gw->conf->mount_prefix),
		.has_google_credential =
		    fcgi_conn_param(r->client.conn, "HTTP_X_GOOG_API_KEY") != NULL ||
		    fcgi_conn_param(r->client.conn, "HTTP_X_GOOG_API_CLIENT") != NULL,
		.has_bearer = serve_has_bearer(r),
	};
	int rc;

	/* A handshake is a GET (RFC 6455, 4.1); others are spared the search for its headers. */
	in.websocket = slice_eq(in.method, SLICE("GET")) && local_wants_websocket(r);
	rc = route_match(&in, r->asked.route, &r->err);
	serve_note_client(r);
	r->client.dialect = r->asked.route->dialect;
	r->asked.route_name = r->asked.route->name != NULL ? r->asked.route->name : "none";
	r->client.head_request = slice_eq(in.method, SLICE("HEAD"));
	request_move(r, STEP_FAIL);
	if (rc != 0 || serve_arrival_fault(r) != 0)
		return STEP_GO;
	request_move(r, STEP_LOCAL);
	r->op = operations[r->asked.route->op];
	if (r->op != NULL)
		request_move(r, STEP_AUTH);
	return STEP_GO;
}

static enum step_next
step_local(struct request *r)
{
	local_answer(r);
	request_move(r, STEP_FINISH);
	return STEP_GO;
}

static enum step_next
step_auth(struct request *r)
{
	request_move(r, r->op->own_auth || auth_check(r, &r->err) == 0 ? STEP_DECODE : STEP_FAIL);
	return STEP_GO;
}

static enum step_next
step_takeover(struct request *r)
{
	r->op->run(r);
	return STEP_OVER;
}

/* ---- the table ---- */

/* clang-format off */
static const struct step_row steps[] = {
	[STEP_READ]     = { "read", step_read },
	[STEP_ROUTE]    = { "route", step_route },
	[STEP_LOCAL]    = { "local", step_local },
	[STEP_AUTH]     = { "auth", step_auth },
	[STEP_DECODE]   = { "decode", step_decode },
	[STEP_PREPARE]  = { "prepare", step_prepare },
	[STEP_RESOLVE]   = { "resolve", step_resolve },
	[STEP_OWNER]   = { "owner", step_owner },
	[STEP_CATALOG]  = { "catalog", step_catalog, .waits = true },
	[STEP_FAN]      = { "fan", step_fan },
	[STEP_PICK]     = { "pick", step_pick, .waits = true },
	[STEP_CALL]     = { "call", step_call },
	[STEP_AWAIT]    = { "await", step_await },
	[STEP_JUDGE]    = { "judge", step_judge },
	[STEP_WAIT]     = { "wait", step_wait, .waits = true },
	[STEP_STREAM]   = { "stream", step_stream, .data = step_stream_data },
	[STEP_COLLECT]  = { "collect", step_collect },
	[STEP_TAKEOVER] = { "takeover", step_takeover },
	[STEP_FAIL]     = { "fail", step_fail },
	[STEP_ABORT]    = { "abort", step_abort },
	[STEP_FINISH]   = { "finish", step_finish },
};
/* clang-format on */

static const struct fcgi_conn_events serve_events = { serve_gone, serve_drained, serve_stop };

size_t
serve_owners(void *ctx, const struct fcgi_conn *conn, uint64_t *ret)
{
	const struct gateway *gw = ctx;
	struct slice credential = auth_header(conn);
	uint8_t network[16];
	size_t count = 0;

	if (address_network(client_address(gw, conn), network))
		ret[count++] = siphash(
		    gw->owner_key, (struct slice){ (const char *)network, sizeof(network) });
	if (credential.len > 0)
		ret[count++] = siphash(gw->owner_key, credential);
	return count;
}

void
serve_request(void *ctx, struct loop *loop, struct fcgi_conn *conn)
{
	struct request *r = xcalloc(1, sizeof(*r));

	if (loop_local(loop) == NULL)
		serve_local_make(loop);
	r->gw = ctx;
	r->snapshot = gateway_snapshot(r->gw);
	r->loop = loop;
	r->steps = steps;
	r->client.conn = conn;
	r->keys.pinned = r->keys.home = -1;
	r->target.body_fd = -1;
	r->started_ms = clock_mono_ms();
	r->asked.route = xcalloc(1, sizeof(*r->asked.route));
	request_init(r);
	buf_init(&r->learnt.passed, (PASSED_MODELS_MAX + 1) * MODEL_NAME_MAX);
	ext_refs_init(&r->asked.refs);
	changes_init(&r->asked.changes, r->gw->conf->strict);
	fcgi_conn_listen(conn, &serve_events, r);
	request_move(r, STEP_READ);
	request_run(r);
}
