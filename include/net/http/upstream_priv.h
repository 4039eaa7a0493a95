/* What the files of the engine share, and what it shows to the loop. */
#ifndef NET_HTTP_UPSTREAM_PRIV_H
#define NET_HTTP_UPSTREAM_PRIV_H

#include <curl/curl.h>
#include <uv.h>

#include "net/http/upstream.h"

#define EASY_POOL_MAX 256 /* idle easy handles kept per loop */

/* Transfers on one curl multi: for each new transfer libcurl walks all connections of its multi, so
 * thousands on one cost more than the streams themselves. Further ones go to the next shard. */
#define SHARD_CALLS 256
#define SHARDS_MAX  256

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
	bool sent;   /* or about to be: for the first time, or again */
	bool paused; /* asked for by the owner */
	bool held;   /* libcurl was told to pause */
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
	unsigned in_curl;  /* depth of libcurl's callbacks */
	struct call *todo; /* calls that were started or cancelled inside a callback */
};

/* upstream.c */
struct upstream *upstream_new(uv_loop_t *uv, const struct upstream_options *options);
/* Ends all connections and closes the engine's handles; no call may be left and no callback of
 * libcurl be under way. The loop must turn once more before upstream_free. */
void upstream_close(struct upstream *u);
void upstream_free(struct upstream *u);

/* transfer.c */
/* A handle with the one profile of every transfer. */
CURL *call_easy_new(const struct upstream *u);
/* Sets what differs per call on call->easy. */
void call_prepare(struct call *call, const struct call_request *request);

#endif
