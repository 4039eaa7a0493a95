/*
 * libcurl's multi interface on a libuv loop. libcurl's callbacks record and hand on bytes; handles
 * are added, removed and recycled only outside of them, in upstream_turn.
 */
#include "config.h"

#include "upstream_priv.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "curl_uv.h"

#define READ_SMALL 4096         /* libcurl's buffer while events are small: it stays for the stream's life */
#define READ_LARGE (64 * 1024)
#define STREAMS_PER_CONNECTION 16 /* HTTP/2: libcurl's work per read grows with this */
#define DNS_CACHE_S 300
/* Transfers on one curl multi: for each new transfer libcurl walks all connections of its multi, so
 * thousands on one cost more than the streams themselves. Further ones go to the next shard. */
#define SHARD_CALLS 256
#define SHARDS_MAX 256

enum call_state {
	CALL_QUEUED, /* started from inside a callback; libcurl does not know it yet */
	CALL_ACTIVE,
};

struct call {
	struct upstream *up;
	struct shard *shard;
	struct call *prev, *next; /* in upstream->calls */
	struct call *todo;        /* next in upstream->todo */
	enum call_state state;
	CURL *easy;
	struct curl_slist *lines; /* nodes of the request's header lines, one block */
	struct slice body;
	int body_fd;
	size_t body_len, body_at;
	const struct call_events *events;
	void *ctx;
	struct header_lines head;
	bool head_done;
	bool paused;      /* asked for by the owner */
	bool held;        /* libcurl was told to pause */
};

struct shard {
	struct upstream *up;
	CURLM *multi;
	struct curl_uv *driver;
	size_t calls;
};

struct upstream {
	uv_loop_t *uv;
	const struct upstream_options *options;
	struct shard shards[SHARDS_MAX];
	size_t shard_count;
	CURLSH *share;
	struct call *calls;
	CURL *pool[EASY_POOL_MAX];
	size_t pool_count;
	unsigned in_curl;   /* depth of libcurl's callbacks */
	struct call *todo;  /* calls that were started or cancelled inside a callback */
};

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

static void
call_head_done(struct call *call)
{
	long status = 0;

	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	/* 1xx answers and the answer of a proxy to CONNECT come before the real one. */
	if (status < 200)
		return;
	call->head_done = true;
	call->events->head(call->ctx, (int)status, &call->head);
	buf_release(&call->head.text);
}

static size_t
on_header(char *data, size_t size, size_t count, void *arg)
{
	struct call *call = arg;
	struct slice line = { data, size * count };

	if (call->events == NULL || call->head_done)
		return line.len;
	call->up->in_curl++;
	if (slice_starts(line, SLICE("HTTP/")))
		buf_reset(&call->head.text);
	else if (slice_trim(line).len > 0)
		buf_add_slice(&call->head.text, line);
	else
		call_head_done(call);
	call->up->in_curl--;
	return call->head.text.failed ? 0 : line.len;
}

static size_t
on_data(char *data, size_t size, size_t count, void *arg)
{
	struct call *call = arg;

	if (call->events == NULL)
		return 0;
	if (call->paused) {
		call->held = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	call->up->in_curl++;
	call->events->data(call->ctx, (struct slice){ data, size * count });
	call->up->in_curl--;
	return size * count;
}

static size_t
on_read(char *room, size_t size, size_t count, void *arg)
{
	struct call *call = arg;
	size_t want = size * count;
	ssize_t n;

	if (want > call->body_len - call->body_at)
		want = call->body_len - call->body_at;
	n = pread(call->body_fd, room, want, (off_t)call->body_at);
	if (n < 0 || (n == 0 && want > 0))
		return CURL_READFUNC_ABORT;
	call->body_at += (size_t)n;
	return (size_t)n;
}

/* libcurl starts a body again when a reused connection turns out to be closed. */
static int
on_seek(void *arg, curl_off_t offset, int origin)
{
	struct call *call = arg;

	if (origin != SEEK_SET || offset < 0 || (size_t)offset > call->body_len)
		return CURL_SEEKFUNC_FAIL;
	call->body_at = (size_t)offset;
	return CURL_SEEKFUNC_OK;
}

static enum netresult
result_of(CURLcode code)
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
		{ CURLE_ABORTED_BY_CALLBACK, NET_LOCAL },
		{ CURLE_READ_ERROR, NET_LOCAL },
		{ CURLE_WRITE_ERROR, NET_LOCAL },
		{ CURLE_OUT_OF_MEMORY, NET_LOCAL },
		{ CURLE_URL_MALFORMAT, NET_LOCAL },
		{ CURLE_UNSUPPORTED_PROTOCOL, NET_LOCAL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].code == code)
			return rows[i].result;
	return NET_CUT;
}

/* ---- the turn ---- */

static void
check_done(const struct shard *shard)
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
		result = result_of(message->data.result);
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
		events = call->events;
		ctx = call->ctx;
		/* libcurl 7.88 calls a connection that ends inside the head a success. */
		if (result == NET_OK && !call->head_done)
			result = NET_CUT;
		call_free(call);
		if (events != NULL)
			events->end(ctx, result);
	}
}

/* Whenever libcurl has returned: what its callbacks asked for, then the completions, all of them. */
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
	check_done(shard);
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
	curl_multi_setopt(shard->multi, CURLMOPT_PIPELINING,
	    http2 ? CURLPIPE_MULTIPLEX : CURLPIPE_NOTHING);
	curl_multi_setopt(shard->multi, CURLMOPT_MAX_CONCURRENT_STREAMS, (long)STREAMS_PER_CONNECTION);
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

/* ---- handles ---- */

/* The one profile of every transfer; what differs per call is set in call_prepare. */
static CURL *
easy_new(struct upstream *u)
{
	const struct upstream_options *o = u->options;
	CURL *easy = curl_easy_init();

	if (easy == NULL)
		abort();
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_SHARE, u->share);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	/* An empty proxy also keeps the environment's http_proxy out. */
	curl_easy_setopt(easy, CURLOPT_PROXY, o->proxy != NULL ? o->proxy : "");
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
	if (o->ca_file != NULL && o->ca_file[0] != '\0')
		curl_easy_setopt(easy, CURLOPT_CAINFO, o->ca_file);
	if (o->ip_family != 0)
		curl_easy_setopt(easy, CURLOPT_IPRESOLVE,
		    o->ip_family == 4 ? CURL_IPRESOLVE_V4 : CURL_IPRESOLVE_V6);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
	    o->http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_PIPEWAIT, o->http2 ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)o->connect_timeout_ms);
	curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, (long)DNS_CACHE_S);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 16L * 1024);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
	return easy;
}

static void
prepare_lines(struct call *call, char *const *headers)
{
	size_t count = 0;

	while (headers[count] != NULL)
		count++;
	call->lines = xcalloc(count + 1, sizeof(*call->lines));
	for (size_t i = 0; i < count; i++)
		call->lines[i] = (struct curl_slist){ headers[i], &call->lines[i + 1] };
	/* libcurl would ask for "100 Continue" before large bodies, and wait. */
	call->lines[count] = (struct curl_slist){ (char *)(uintptr_t)"Expect:", NULL };
}

static void
call_prepare(struct call *call, const struct call_request *request)
{
	CURL *easy = call->easy;
	bool post = strcmp(request->method, "POST") == 0;

	prepare_lines(call, request->headers);
	curl_uv_profile(call->shard->driver, easy);
	curl_easy_setopt(easy, CURLOPT_URL, request->url);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->lines);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)(request->large ? READ_LARGE : READ_SMALL));
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
	curl_easy_setopt(easy, CURLOPT_READDATA, call);
	curl_easy_setopt(easy, CURLOPT_SEEKDATA, call);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
	if (request->has_body || post) {
		curl_easy_setopt(easy, CURLOPT_POST, 1L);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body_len);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
		    call->body_fd >= 0 ? NULL : request->body.ptr != NULL ? request->body.ptr : "");
	} else {
		curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
		if (strcmp(request->method, "HEAD") == 0)
			curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	}
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

static void
call_todo(struct call *call)
{
	call->todo = call->up->todo;
	call->up->todo = call;
}

struct call *
call_start(struct upstream *u, const struct call_request *request, const struct call_events *events, void *ctx)
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
	call->easy = u->pool_count > 0 ? u->pool[--u->pool_count] : easy_new(u);
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

bool
call_body_sent(const struct call *call)
{
	curl_off_t sent = 0;

	return call->body_len == 0 ||
	       (curl_easy_getinfo(call->easy, CURLINFO_SIZE_UPLOAD_T, &sent) == CURLE_OK &&
		   (size_t)sent >= call->body_len);
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
