/* What the files of the fetch engine share, and what it shows to the loop. */
#ifndef NET_FETCH_FETCH_PRIV_H
#define NET_FETCH_FETCH_PRIV_H

#include <stdbool.h>

#include <curl/curl.h>
#include <uv.h>

#include "net/fetch/fetch.h"

enum fetch_state {
	FETCH_QUEUED, /* waits for a free place */
	FETCH_ACTIVE, /* libcurl has it */
	FETCH_LEFT,   /* libcurl has it still, nobody waits for it */
};

struct fetch {
	struct fetcher *fetcher;
	struct fetch *prev, *next; /* in fetcher->first ... last */
	enum fetch_state state;
	CURL *easy; /* NULL while queued */
	char *url;
	struct fetch_limits limits;
	uint64_t due_ms;         /* monotonic: the end of total_ms */
	uint64_t connect_due_ms; /* of the connection that is being made; 0: none is */
	fetch_done_fn done;
	void *ctx;
	struct buf bytes;
	size_t head_bytes; /* of all answers */
	uint64_t length;   /* announced by the running answer */
	bool redirect;     /* the running answer has a Location */
	bool coded;        /* and a Content-Encoding */
	bool head_done;    /* the last answer's head is complete */
	bool resolving;    /* a resolver thread may be at work: libcurl would wait for its end */
	bool refused;      /* an address of the running redirect's host was not allowed */
	enum fetch_result fault; /* why a callback stopped libcurl; FETCH_OK: none did */
};

struct fetcher {
	uv_loop_t *uv;
	CURLM *multi;
	struct curl_uv *driver;
	uv_timer_t timer;           /* the earliest due time of all, or earlier */
	uint64_t timer_ms;          /* when that fires, monotonic; UINT64_MAX: never */
	struct fetch *first, *last; /* in the order of their start: those that wait come last */
	size_t active, queued;      /* active: those that are left too */
};

struct fetcher *fetcher_new(uv_loop_t *uv);
/* Ends all connections and closes the engine's handles; nobody may wait for a fetch any more, and
 * no callback of libcurl be under way. The loop must turn once more before fetcher_free. */
void fetcher_close(struct fetcher *fetcher);
/* NULL is accepted. */
void fetcher_free(struct fetcher *fetcher);

/* fetch_call.c: the transfer as libcurl sees it. */
/* The URL as it is asked for, to be freed; NULL when it is none that may be fetched. */
char *fetch_url_check(const char *url);
/* Makes f->easy, ready for the multi. */
void fetch_call_prepare(struct fetch *f);
/* What libcurl's result means. */
enum fetch_result fetch_call_result(const struct fetch *f, CURLcode code);

#endif
