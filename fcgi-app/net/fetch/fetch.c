/*
 * The fetch engine: at most MEDIA_PARALLEL transfers on a curl multi of its own, the others wait in
 * line; all have their time limits here.
 *
 * libcurl looks names up in threads that it cannot stop: whoever removes a transfer in that state
 * waits, and with him the loop, as long as a name server of the caller's choice likes. Such a
 * transfer is left instead: its owner is done with it, it keeps its place, so that the number of
 * threads is bounded, and ends when its name is known.
 */
#include "config.h"

#include "net/fetch/fetch.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "net/http/curl_uv.h"
#include "net/fetch/fetch_priv.h"

const char *
fetch_word(enum fetch_result result)
{
	static const char *const words[] = {
#define FETCH_RESULT_WORD(symbol, word) word,
		FETCH_RESULTS(FETCH_RESULT_WORD)
#undef FETCH_RESULT_WORD
	};

	return words[result];
}

/* ---- the line ---- */

static void
fetch_link(struct fetch *f)
{
	struct fetcher *fr = f->fetcher;

	f->prev = fr->last;
	if (f->prev != NULL)
		f->prev->next = f;
	else
		fr->first = f;
	fr->last = f;
}

static void
fetch_unlink(struct fetch *f)
{
	struct fetcher *fr = f->fetcher;

	if (f->prev != NULL)
		f->prev->next = f->next;
	else
		fr->first = f->next;
	if (f->next != NULL)
		f->next->prev = f->prev;
	else
		fr->last = f->prev;
}

/* Out of the line and out of libcurl's hands. */
static void
fetch_detach(struct fetch *f)
{
	struct fetcher *fr = f->fetcher;

	fetch_unlink(f);
	if (f->state == FETCH_QUEUED) {
		fr->queued--;
		return;
	}
	fr->active--;
	curl_multi_remove_handle(fr->multi, f->easy);
}

static void
fetch_free(struct fetch *f)
{
	if (f->easy != NULL)
		curl_easy_cleanup(f->easy);
	buf_release(&f->bytes);
	free(f->url);
	free(f);
}

static void
fetch_report(struct fetch *f, enum fetch_result result)
{
	fetch_done_fn done = TAKE(f->done);
	struct fetch_answer answer = { .result = result, .bytes = &f->bytes };
	char *type = NULL;
	long status = 0;

	if (done == NULL)
		return;
	if (f->easy != NULL) {
		curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
		curl_easy_getinfo(f->easy, CURLINFO_CONTENT_TYPE, &type);
	}
	answer.status = (int)status;
	answer.type = slice_str(type);
	done(f->ctx, &answer);
}

static void
fetch_end(struct fetch *f, enum fetch_result result)
{
	fetch_detach(f);
	fetch_report(f, result);
	fetch_free(f);
}

/* Nobody waits for it any more. */
static void
fetch_leave(struct fetch *f)
{
	if (f->state == FETCH_ACTIVE && f->resolving) {
		f->state = FETCH_LEFT;
		f->done = NULL;
		buf_release(&f->bytes);
		return;
	}
	fetch_detach(f);
	fetch_free(f);
}

static void
start_queued(struct fetcher *fr)
{
	struct fetch *f = fr->first, *next;

	for (; f != NULL && fr->queued > 0 && fr->active < MEDIA_PARALLEL; f = next) {
		next = f->next;
		if (f->state != FETCH_QUEUED)
			continue;
		fr->queued--;
		fr->active++;
		f->state = FETCH_ACTIVE;
		fetch_call_prepare(f);
		curl_multi_add_handle(fr->multi, f->easy);
	}
}

/* ---- time limits ---- */

static void fetcher_timed(uv_timer_t *timer);

static uint64_t
fetch_due(const struct fetch *f)
{
	if (f->state == FETCH_LEFT)
		return UINT64_MAX;
	return f->connect_due_ms != 0 && f->connect_due_ms < f->due_ms ? f->connect_due_ms
	                                                               : f->due_ms;
}

/* Something is due at that time. */
static void
fetcher_watch(struct fetcher *fr, uint64_t due_ms)
{
	uint64_t now = clock_mono_ms();

	if (due_ms >= fr->timer_ms)
		return;
	fr->timer_ms = due_ms;
	uv_timer_start(&fr->timer, fetcher_timed, due_ms > now ? due_ms - now : 0, 0);
}

/* The first one that is due, or NULL. */
static struct fetch *
find_due(const struct fetcher *fr, uint64_t now)
{
	struct fetch *f = fr->first;

	while (f != NULL && fetch_due(f) > now)
		f = f->next;
	return f;
}

static void
fetcher_timed(uv_timer_t *timer)
{
	struct fetcher *fr = timer->data;
	uint64_t now = clock_mono_ms();
	struct fetch *f;

	/* From the start each time: an owner that is told may cancel others. */
	while ((f = find_due(fr, now)) != NULL) {
		enum fetch_result result = f->due_ms <= now ? FETCH_TIMEOUT : FETCH_CONNECT;

		if (f->state == FETCH_ACTIVE && f->resolving) {
			f->state = FETCH_LEFT;
			fetch_report(f, result);
		} else {
			fetch_end(f, result);
		}
	}
	start_queued(fr);
	fr->timer_ms = UINT64_MAX;
	for (f = fr->first; f != NULL; f = f->next)
		fetcher_watch(fr, fetch_due(f));
}

/* ---- the turn ---- */

/* Whenever libcurl has returned. */
static void
fetcher_turn(void *arg)
{
	struct fetcher *fr = arg;
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(fr->multi, &left)) != NULL) {
		struct fetch *f = NULL;
		CURLcode code;

		if (message->msg != CURLMSG_DONE)
			continue;
		/* The message dies with the handle's removal. */
		code = message->data.result;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &f);
		fetch_end(f, fetch_call_result(f, code));
	}
	start_queued(fr);
	/* Each redirect has made a connection that has a time of its own. */
	for (struct fetch *f = fr->first; f != NULL; f = f->next)
		fetcher_watch(fr, fetch_due(f));
}

struct fetch *
fetch_start(struct fetcher *fr, const char *url, const struct fetch_limits *limits,
    fetch_done_fn done, void *ctx, enum fetch_result *ret_result)
{
	char *checked = fetch_url_check(url);
	struct fetch *f;

	*ret_result = checked == NULL ? FETCH_URL : FETCH_BUSY;
	if (checked == NULL || fr->queued >= MEDIA_QUEUE) {
		free(checked);
		return NULL;
	}
	f = xcalloc(1, sizeof(*f));
	f->fetcher = fr;
	f->url = checked;
	f->limits = *limits;
	f->done = done;
	f->ctx = ctx;
	f->due_ms = clock_mono_ms() + limits->total_ms;
	buf_init(&f->bytes, limits->max_bytes);
	fetch_link(f);
	fr->queued++;
	fetcher_watch(fr, f->due_ms);
	/* It begins in the next turn. */
	curl_uv_kick(fr->driver);
	*ret_result = FETCH_OK;
	return f;
}

void
fetch_cancel(struct fetch *f)
{
	struct curl_uv *driver;

	if (f == NULL)
		return;
	driver = f->fetcher->driver;
	fetch_leave(f);
	curl_uv_kick(driver);
}

/* ---- the engine ---- */

struct fetcher *
fetcher_new(uv_loop_t *uv)
{
	struct fetcher *fr = xcalloc(1, sizeof(*fr));

	fr->uv = uv;
	fr->multi = curl_multi_init();
	if (fr->multi == NULL)
		abort();
	curl_multi_setopt(fr->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	fr->driver = curl_uv_new(uv, fr->multi, fetcher_turn, fr);
	uv_timer_init(uv, &fr->timer);
	fr->timer.data = fr;
	fr->timer_ms = UINT64_MAX;
	return fr;
}

void
fetcher_close(struct fetcher *fr)
{
	while (fr->first != NULL) {
		struct fetch *f = fr->first;

		fetch_detach(f);
		fetch_free(f);
	}
	curl_multi_cleanup(fr->multi);
	curl_uv_close(fr->driver);
	uv_close((uv_handle_t *)&fr->timer, NULL);
}

void
fetcher_free(struct fetcher *fr)
{
	if (fr == NULL)
		return;
	curl_uv_free(fr->driver);
	free(fr);
}
