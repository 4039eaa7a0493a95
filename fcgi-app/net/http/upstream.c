/*
 * libcurl's multi interface on a libuv loop. libcurl's callbacks record and hand on bytes; handles
 * are added, removed and recycled only outside of them, in upstream_turn.
 */
#include "config.h"

#include "net/http/upstream_priv.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "net/http/curl_uv.h"

#define CONNECTIONS_IDLE_MAX 1024 /* idle upstream connections kept per loop */

#define STREAMS_PER_CONNECTION 16 /* HTTP/2: libcurl's work per read grows with this */

/* ---- calls ---- */

static void
call_unlink(struct call *call)
{
	if (call->prev != NULL)
		call->prev->next = call->next;
	else
		call->up->calls = call->next;
	if (call->next != NULL)
		call->next->prev = call->prev;
}

/* Outside of libcurl's callbacks only. */
static void
call_free(struct call *call)
{
	struct upstream *u = call->up;

	call_unlink(call);
	call->shard->calls--;
	if (call->state != CALL_QUEUED)
		curl_multi_remove_handle(call->shard->multi, call->easy);
	if (u->pool_count < EASY_POOL_MAX)
		u->pool[u->pool_count++] = call->easy;
	else
		curl_easy_cleanup(call->easy);
	buf_release(&call->head.text);
	free(call->lines);
	free(call);
}

static enum netresult
upstream_result_of(CURLcode code)
{
	static const struct {
		CURLcode code;
		enum netresult result;
	} rows[] = {
		{ CURLE_OK, NET_OK },
		{ CURLE_COULDNT_RESOLVE_HOST, NET_RESOLVE },
		{ CURLE_COULDNT_RESOLVE_PROXY, NET_RESOLVE },
		{ CURLE_COULDNT_CONNECT, NET_CONNECT },
		{ CURLE_PROXY, NET_CONNECT },
		{ CURLE_SSL_CONNECT_ERROR, NET_TLS },
		{ CURLE_PEER_FAILED_VERIFICATION, NET_TLS },
		{ CURLE_SSL_CACERT_BADFILE, NET_TLS },
		{ CURLE_OPERATION_TIMEDOUT, NET_TIMEOUT },
		{ CURLE_ABORTED_BY_CALLBACK, NET_CUT }, /* see on_send */
		{ CURLE_READ_ERROR, NET_LOCAL },
		{ CURLE_WRITE_ERROR, NET_LOCAL },
		{ CURLE_URL_MALFORMAT, NET_LOCAL },
		/* What libcurl says of an answer without a status line, of headers that are too
		 * many or no headers, and of chunks that are none. It names no other scheme: those
		 * of URLs are checked before. */
		{ CURLE_UNSUPPORTED_PROTOCOL, NET_PROTOCOL },
		{ CURLE_WEIRD_SERVER_REPLY, NET_PROTOCOL },
		{ CURLE_OUT_OF_MEMORY, NET_PROTOCOL },
		{ CURLE_HTTP2, NET_PROTOCOL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].code == code)
			return rows[i].result;
	return NET_CUT;
}

/* ---- the turn ---- */

static void
upstream_check_done(const struct shard *shard)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(shard->multi, &left)) != NULL) {
		const struct call_events *events;
		struct call *call = NULL;
		enum netresult result;
		void *ctx;

		if (message->msg != CURLMSG_DONE)
			continue;
		/* The message dies with the handle's removal. */
		result = upstream_result_of(message->data.result);
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
		events = call->events;
		ctx = call->ctx;
		/* libcurl 7.88 calls a connection that ends inside the head a success. */
		if (result == NET_OK && !call->head_done)
			result = NET_CUT;
		if (call->head.text.failed)
			result = NET_PROTOCOL;
		call_free(call);
		if (events != NULL)
			events->end(ctx, result);
	}
}

/* Whenever libcurl has returned: what its callbacks asked for, then the completions, all of them.
 */
static void
upstream_turn(struct shard *shard)
{
	struct upstream *u = shard->up;
	struct call *call;

	while ((call = u->todo) != NULL) {
		u->todo = call->todo;
		if (call->events == NULL) {
			call_free(call);
		} else {
			call->state = CALL_ACTIVE;
			curl_multi_add_handle(call->shard->multi, call->easy);
		}
	}
	upstream_check_done(shard);
}

static void
curl_returned(void *ctx)
{
	upstream_turn(ctx);
}

static struct shard *
shard_new(struct upstream *u)
{
	struct shard *shard = &u->shards[u->shard_count++];
	bool http2 = u->options->http2;

	shard->up = u;
	shard->multi = curl_multi_init();
	if (shard->multi == NULL)
		abort();
	curl_multi_setopt(shard->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_IDLE_MAX);
	curl_multi_setopt(
	    shard->multi, CURLMOPT_PIPELINING, http2 ? CURLPIPE_MULTIPLEX : CURLPIPE_NOTHING);
	curl_multi_setopt(
	    shard->multi, CURLMOPT_MAX_CONCURRENT_STREAMS, (long)STREAMS_PER_CONNECTION);
	shard->driver = curl_uv_new(u->uv, shard->multi, curl_returned, shard);
	return shard;
}

/* The first with room: under little load all calls share one shard and its idle connections. */
static struct shard *
shard_with_room(struct upstream *u)
{
	struct shard *least = &u->shards[0];

	for (size_t i = 0; i < u->shard_count; i++) {
		if (u->shards[i].calls < SHARD_CALLS)
			return &u->shards[i];
		if (u->shards[i].calls < least->calls)
			least = &u->shards[i];
	}
	return u->shard_count < SHARDS_MAX ? shard_new(u) : least;
}

static void
call_todo(struct call *call)
{
	call->todo = call->up->todo;
	call->up->todo = call;
}

struct call *
call_start(struct upstream *u, const struct call_request *request, const struct call_events *events,
    void *ctx)
{
	struct call *call = xcalloc(1, sizeof(*call));

	call->up = u;
	call->shard = shard_with_room(u);
	call->shard->calls++;
	call->events = events;
	call->ctx = ctx;
	call->body_fd = request->body_fd;
	call->body_len = request->body_fd >= 0 ? request->body_len : request->body.len;
	buf_init(&call->head.text, HEADERS_BYTES_MAX);
	call->easy = u->pool_count > 0 ? u->pool[--u->pool_count] : call_easy_new(u);
	call_prepare(call, request);
	call->next = u->calls;
	if (call->next != NULL)
		call->next->prev = call;
	u->calls = call;
	if (u->in_curl > 0) {
		call_todo(call);
	} else {
		call->state = CALL_ACTIVE;
		curl_multi_add_handle(call->shard->multi, call->easy);
	}
	return call;
}

void
call_cancel(struct call *call)
{
	if (call == NULL)
		return;
	call->events = NULL;
	if (call->up->in_curl == 0)
		call_free(call);
	else if (call->state == CALL_ACTIVE)
		call_todo(call);
}

void
call_pause(struct call *call)
{
	call->paused = true;
}

void
call_resume(struct call *call)
{
	struct upstream *u = call->up;

	call->paused = false;
	if (!call->held || u->in_curl > 0)
		return;
	call->held = false;
	curl_easy_pause(call->easy, CURLPAUSE_CONT);
	/* What libcurl had kept was delivered in there; completions come with its next event. */
	curl_uv_kick(call->shard->driver);
}

/* ---- the engine ---- */

int
upstream_global_init(void)
{
	return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? 0 : -1;
}

void
upstream_global_release(void)
{
	curl_global_cleanup();
}

struct upstream *
upstream_new(uv_loop_t *uv, const struct upstream_options *options)
{
	struct upstream *u = xcalloc(1, sizeof(*u));

	u->uv = uv;
	u->options = options;
	u->share = curl_share_init();
	if (u->share == NULL)
		abort();
	curl_share_setopt(u->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	curl_share_setopt(u->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
	shard_new(u);
	return u;
}

void
upstream_close(struct upstream *u)
{
	while (u->calls != NULL)
		call_free(u->calls);
	while (u->pool_count > 0)
		curl_easy_cleanup(u->pool[--u->pool_count]);
	for (size_t i = 0; i < u->shard_count; i++) {
		curl_multi_cleanup(u->shards[i].multi);
		curl_uv_close(u->shards[i].driver);
	}
	curl_share_cleanup(u->share);
}

void
upstream_free(struct upstream *u)
{
	for (size_t i = 0; i < u->shard_count; i++)
		curl_uv_free(u->shards[i].driver);
	free(u);
}
