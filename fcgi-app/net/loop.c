/* Threads, the accept path, timers and the ordered end. */
#include "config.h"

#include "net/loop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "net/fcgi/fcgi_conn_priv.h"
#include "net/fetch/fetch_priv.h"
#include "net/fcgi/places.h"
#include "net/http/upstream_priv.h"

#define ACCEPT_BURST      16         /* connections taken per wake-up of a loop */
#define ACCEPT_BACKOFF_MS 20         /* after EMFILE and its like */
#define ARRIVALS_MAX      1024       /* at the same time */
#define ARRIVALS_SHARE    64         /* from one address, and with one credential */
#define ARRIVALS_MEMORY   (64 * MIB) /* of all of them; further bytes go to their files */

#define TICK_MS 500

struct loops {
	struct loops_options options;
	struct loop *loops;
	struct places *places;
	unsigned started;
	atomic_size_t active;
	atomic_size_t unread;
	atomic_bool stopping;
	_Atomic uint64_t drain_ms;
};

struct loop {
	uv_loop_t uv;
	uv_async_t wake, poke;
	void (*on_poke)(struct loop *loop);
	uv_poll_t accept;
	uv_timer_t accept_again;
	uv_poll_t arrivals; /* on conns.epoll_fd */
	uv_timer_t tick;    /* walks the deadlines */
	uv_check_t turn;    /* runs after the events of each turn */
	pthread_t thread;
	struct loops *all;
	struct fcgi_conn_host conns;
	size_t active; /* connections that are not dead */
	bool accepting, stopping;
	uint64_t stop_deadline;
	size_t cut;
	struct upstream *upstream;
	struct fetcher *fetcher; /* NULL until it is wanted */
	void *local;
	void (*local_free)(void *local);
};

static const struct loops_options *
loop_options(const struct loop *loop)
{
	return &loop->all->options;
}

struct upstream *
loop_upstream(struct loop *loop)
{
	return loop->upstream;
}

struct fetcher *
loop_fetcher(struct loop *loop)
{
	if (loop->fetcher == NULL)
		loop->fetcher = fetcher_new(&loop->uv);
	return loop->fetcher;
}

void *
loop_local(struct loop *loop)
{
	return loop->local;
}

void
loop_set_local(struct loop *loop, void *local, void (*free_fn)(void *local))
{
	loop->local = local;
	loop->local_free = free_fn;
}

size_t
loops_active(const struct loops *loops)
{
	return atomic_load(&loops->active);
}

size_t
loop_all_active(const struct loop *loop)
{
	return loops_active(loop->all);
}

/* ---- accepting ---- */

static void accept_ready(uv_poll_t *poll, int status, int events);

static void
accept_update(struct loop *loop)
{
	bool want = loop_options(loop)->listen_fd >= 0 && !loop->stopping &&
	            loop->active < loop_options(loop)->requests_max &&
	            !uv_is_active((uv_handle_t *)&loop->accept_again);

	if (want == loop->accepting)
		return;
	loop->accepting = want;
	if (want)
		uv_poll_start(&loop->accept, UV_READABLE, accept_ready);
	else
		uv_poll_stop(&loop->accept);
}

static void
accept_again(uv_timer_t *timer)
{
	accept_update(timer->data);
}

static void
accept_ready(uv_poll_t *poll, int status, int events)
{
	struct loop *loop = poll->data;

	(void)status;
	(void)events;
	for (unsigned i = 0; i < ACCEPT_BURST && loop->accepting; i++) {
		int fd = accept4(
		    loop_options(loop)->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			fcgi_conn_adopt(&loop->conns, fd);
			continue;
		}
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (errno != EAGAIN) {
			/* Out of descriptors or memory: let running requests end first. */
			uv_timer_start(&loop->accept_again, accept_again, ACCEPT_BACKOFF_MS, 0);
			accept_update(loop);
		}
		break;
	}
}

/* One connection more, or one less. */
static void
loop_counted(struct loop *loop, int change)
{
	loop->active += (size_t)(ptrdiff_t)change;
	atomic_fetch_add(&loop->all->active, (size_t)(ptrdiff_t)change);
	if (change < 0 && loop_options(loop)->listen_fd < 0)
		loop->stopping = loop->conns.stopping = true;
	accept_update(loop);
}

/* ---- connections ---- */

static void
arrivals_ready(uv_poll_t *poll, int status, int events)
{
	struct loop *loop = poll->data;
	struct epoll_event ready[64];
	int n;

	(void)status;
	(void)events;
	n = epoll_wait(loop->conns.epoll_fd, ready, ARRAY_SIZE(ready), 0);
	for (int i = 0; i < n; i++)
		fcgi_conn_ready(ready[i].data.ptr, ready[i].events);
}

static void
for_each_edge(struct loop *loop, void (*fn)(struct fcgi_conn *e, uint64_t now), uint64_t now)
{
	struct fcgi_conn_list *const lists[] = { &loop->conns.idle, &loop->conns.arriving,
		&loop->conns.open };

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		for (struct fcgi_conn *e = lists[i]->first, *next; e != NULL; e = next) {
			next = e->next;
			fn(e, now);
		}
}

static void
loop_tick(uv_timer_t *timer)
{
	struct loop *loop = timer->data;
	uint64_t now = clock_mono_ms();

	for_each_edge(loop, fcgi_conn_expire, now);
	fcgi_conn_thin_idle(&loop->conns, now);
	fcgi_conn_relieve(&loop->conns, now);
	if (loop->stopping && now >= loop->stop_deadline && loop->active > 0) {
		log_event(LOG_WARN, "drain_timeout", LOG_N("requests", loop->active));
		loop->cut = loop->active;
		loop->stop_deadline = UINT64_MAX;
		for_each_edge(loop, fcgi_conn_cut, now);
	}
}

/* ---- life ---- */

static void
loop_close(struct loop *loop)
{
	if (loop_options(loop)->listen_fd >= 0)
		uv_close((uv_handle_t *)&loop->accept, NULL);
	uv_close((uv_handle_t *)&loop->accept_again, NULL);
	uv_close((uv_handle_t *)&loop->arrivals, NULL);
	uv_close((uv_handle_t *)&loop->tick, NULL);
	uv_close((uv_handle_t *)&loop->turn, NULL);
	uv_close((uv_handle_t *)&loop->wake, NULL);
	uv_close((uv_handle_t *)&loop->poke, NULL);
	upstream_close(loop->upstream);
	if (loop->fetcher != NULL)
		fetcher_close(loop->fetcher);
}

/* After all events of a turn: nobody holds a pointer to a dead connection, and no callback of
 * libcurl is under way. */
static void
turn_ended(uv_check_t *check)
{
	struct loop *loop = check->data;

	fcgi_conn_bury(&loop->conns);
	if (loop->stopping && loop->active == 0)
		loop_close(loop);
}

static void
loop_woken(uv_async_t *async)
{
	struct loop *loop = async->data;

	if (!atomic_load(&loop->all->stopping) || loop->stopping)
		return;
	loop->stopping = loop->conns.stopping = true;
	loop->stop_deadline = clock_mono_ms() + atomic_load(&loop->all->drain_ms);
	for_each_edge(loop, fcgi_conn_stop, clock_mono_ms());
	accept_update(loop);
}

static void
loop_poked(uv_async_t *async)
{
	struct loop *loop = async->data;

	if (loop->on_poke != NULL)
		loop->on_poke(loop);
}

void
loop_poke(struct loop *loop)
{
	uv_async_send(&loop->poke);
}

void
loop_on_poke(struct loop *loop, void (*fn)(struct loop *loop))
{
	loop->on_poke = fn;
}

static void *
loop_run(void *arg)
{
	struct loop *loop = arg;

	if (loop_options(loop)->listen_fd < 0)
		fcgi_conn_serve_cgi(&loop->conns);
	uv_run(&loop->uv, UV_RUN_DEFAULT);
	if (loop->local != NULL)
		loop->local_free(loop->local);
	upstream_free(loop->upstream);
	fetcher_free(loop->fetcher);
	uv_loop_close(&loop->uv);
	close(loop->conns.epoll_fd);
	free(loop->conns.peek);
	return NULL;
}

static size_t
loop_smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Requests that are not there yet leave half of the room to those that are. */
static void
set_shares(struct loop *loop)
{
	const struct loops_options *options = loop_options(loop);

	loop->conns.idle_max = options->requests_max / 4;
	loop->conns.arriving_max =
	    loop_smaller(options->requests_max / 4, (size_t)ARRIVALS_MAX / options->count);
	loop->conns.arriving_memory_max = ARRIVALS_MEMORY / options->count;
	loop->conns.unread_max = options->conns.unread_max / options->count;
}

static int
loop_init(struct loop *loop, struct loops *all)
{
	int rc = uv_loop_init(&loop->uv);

	if (rc != 0)
		return rc;
	loop->all = all;
	loop->conns.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->conns.epoll_fd < 0)
		return -errno;
	loop->conns.peek = xmalloc(PEEK_MAX);
	loop->conns.loop = loop;
	loop->conns.options = &all->options.conns;
	loop->conns.places = all->places;
	loop->conns.unread_all = &all->unread;
	loop->conns.counted = loop_counted;
	loop->conns.work = loop_work;
	set_shares(loop);
	loop->upstream = upstream_new(&loop->uv, all->options.upstream);
	uv_timer_init(&loop->uv, &loop->tick);
	uv_timer_init(&loop->uv, &loop->accept_again);
	uv_check_init(&loop->uv, &loop->turn);
	rc = uv_async_init(&loop->uv, &loop->wake, loop_woken);
	if (rc == 0)
		rc = uv_async_init(&loop->uv, &loop->poke, loop_poked);
	if (rc == 0)
		rc = uv_poll_init(&loop->uv, &loop->arrivals, loop->conns.epoll_fd);
	if (rc == 0 && all->options.listen_fd >= 0)
		rc = uv_poll_init(&loop->uv, &loop->accept, all->options.listen_fd);
	if (rc != 0)
		return rc;
	loop->wake.data = loop->poke.data = loop->tick.data = loop->accept_again.data = loop;
	loop->arrivals.data = loop->accept.data = loop->turn.data = loop;
	uv_check_start(&loop->turn, turn_ended);
	uv_poll_start(&loop->arrivals, UV_READABLE, arrivals_ready);
	uv_timer_start(&loop->tick, loop_tick, TICK_MS, TICK_MS);
	accept_update(loop);
	return 0;
}

/* Signals belong to the main thread; what a thread starts inherits its mask. */
static int
loop_start_thread(struct loop *loop)
{
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	rc = pthread_create(&loop->thread, NULL, loop_run, loop);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}

struct loops *
loops_start(const struct loops_options *options)
{
	struct loops *all = xcalloc(1, sizeof(*all));

	all->options = *options;
	all->places = places_new(ARRIVALS_SHARE, (size_t)ARRIVALS_MAX * ARRIVAL_OWNERS_MAX);
	all->loops = xcalloc(options->count, sizeof(*all->loops));
	for (unsigned i = 0; i < options->count; i++) {
		int rc = loop_init(&all->loops[i], all);

		if (rc == 0)
			rc = -loop_start_thread(&all->loops[i]);
		if (rc != 0) {
			/* Start-up failed: the process ends, and its memory with it. */
			errno = -rc;
			return NULL;
		}
		all->started++;
	}
	return all;
}

void
loops_stop(struct loops *loops, uint64_t drain_ms)
{
	atomic_store(&loops->drain_ms, drain_ms);
	atomic_store(&loops->stopping, true);
	for (unsigned i = 0; i < loops->started; i++)
		uv_async_send(&loops->loops[i].wake);
}

size_t
loops_join(struct loops *loops)
{
	size_t cut = 0;

	for (unsigned i = 0; i < loops->started; i++) {
		pthread_join(loops->loops[i].thread, NULL);
		cut += loops->loops[i].cut;
	}
	places_free(loops->places);
	free(loops->loops);
	free(loops);
	return cut;
}

/* ---- work that waits ---- */

struct work {
	uv_work_t uv;
	void (*work)(void *ctx);
	void (*done)(void *ctx);
	void *ctx;
};

static void
work_run(uv_work_t *uv)
{
	struct work *work = uv->data;

	work->work(work->ctx);
}

static void
work_done(uv_work_t *uv, int status)
{
	struct work *work = uv->data;

	(void)status;
	work->done(work->ctx);
	free(work);
}

void
loop_work(struct loop *loop, void (*work)(void *ctx), void (*done)(void *ctx), void *ctx)
{
	struct work *w = xmalloc(sizeof(*w));

	*w = (struct work){ .work = work, .done = done, .ctx = ctx };
	w->uv.data = w;
	uv_queue_work(&loop->uv, &w->uv, work_run, work_done);
}

/* ---- timers ---- */

struct timer {
	uv_timer_t uv;
	timer_fn fn;
	void *ctx;
};

struct timer *
timer_new(struct loop *loop, timer_fn fn, void *ctx)
{
	struct timer *timer = xcalloc(1, sizeof(*timer));

	uv_timer_init(&loop->uv, &timer->uv);
	timer->uv.data = timer;
	timer->fn = fn;
	timer->ctx = ctx;
	return timer;
}

static void
loop_timer_fired(uv_timer_t *uv)
{
	struct timer *timer = uv->data;

	timer->fn(timer->ctx);
}

void
timer_start(struct timer *timer, uint64_t ms)
{
	uv_timer_start(&timer->uv, loop_timer_fired, ms, 0);
}

static void
timer_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void
timer_free(struct timer *timer)
{
	if (timer != NULL)
		uv_close((uv_handle_t *)&timer->uv, timer_closed);
}
