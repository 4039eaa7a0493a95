/*
 * libcurl's view of the event loop. A descriptor that libcurl opened for a connection keeps its
 * watch while the connection is idle; stopping and starting again would cost system calls for each
 * short request. Other descriptors (the resolver's) are watched only between libcurl's two words.
 */
#include "config.h"

#include "net/http/curl_uv.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/xalloc.h"

struct watch {
	uv_poll_t poll;
	struct curl_uv *driver;
	curl_socket_t fd;
	int events;      /* what libcurl wants; 0: nothing, the connection is idle */
	int polled;      /* what the poll was started with; 0: stopped */
	bool connection; /* opened by curl_uv_open, so on_close will come */
};

struct curl_uv {
	uv_loop_t *uv;
	CURLM *multi;
	uv_timer_t timer;
	void (*returned)(void *ctx);
	void *ctx;
	struct watch **watches; /* by descriptor */
	size_t watches_size;
	bool closed;
};

static struct watch *
watch_of(struct curl_uv *d, curl_socket_t fd)
{
	return (size_t)fd < d->watches_size ? d->watches[fd] : NULL;
}

static void
watch_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void
watch_free(struct watch *w)
{
	w->driver->watches[w->fd] = NULL;
	uv_close((uv_handle_t *)&w->poll, watch_closed);
}

static struct watch *
watch_new(struct curl_uv *d, curl_socket_t fd, bool connection)
{
	struct watch *w = watch_of(d, fd);

	/* The number of a descriptor that was closed without on_close is used again. */
	if (w != NULL)
		watch_free(w);
	w = xcalloc(1, sizeof(*w));
	if (uv_poll_init(d->uv, &w->poll, fd) != 0) {
		free(w);
		return NULL;
	}
	if ((size_t)fd >= d->watches_size) {
		size_t size = (size_t)fd * 2 + 64;

		d->watches = xrealloc(d->watches, size * sizeof(struct watch *));
		memset(d->watches + d->watches_size, 0,
		    (size - d->watches_size) * sizeof(struct watch *));
		d->watches_size = size;
	}
	w->poll.data = w;
	w->driver = d;
	w->fd = fd;
	w->connection = connection;
	d->watches[fd] = w;
	return w;
}

static void
watch_ready(uv_poll_t *poll, int status, int events)
{
	struct watch *w = poll->data;
	struct curl_uv *d = w->driver;
	int running, flags = 0;

	if (w->events == 0) {
		/* The peer closed an idle connection; libcurl finds out when it wants to use it. */
		uv_poll_stop(poll);
		w->polled = 0;
		return;
	}
	if (status < 0)
		flags |= CURL_CSELECT_ERR;
	if (events & UV_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	curl_multi_socket_action(d->multi, w->fd, flags, &running);
	d->returned(d->ctx);
}

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *slot)
{
	struct curl_uv *d = arg;
	struct watch *w = watch_of(d, fd);
	int events = 0;

	(void)easy;
	(void)slot;
	if (w == NULL && what != CURL_POLL_REMOVE)
		w = watch_new(d, fd, false);
	if (w == NULL)
		return 0;
	if (what == CURL_POLL_REMOVE) {
		/* While it connects, libcurl may have closed the descriptor already, without
		 * on_close. */
		if (w->connection && w->polled == UV_READABLE)
			w->events = 0;
		else
			watch_free(w);
		return 0;
	}
	if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
		events |= UV_READABLE;
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		events |= UV_WRITABLE;
	w->events = events;
	if (events != w->polled && events != 0)
		w->polled = uv_poll_start(&w->poll, events, watch_ready) == 0 ? events : 0;
	return 0;
}

curl_socket_t
curl_uv_open(struct curl_uv *d, const struct curl_sockaddr *address)
{
	int fd = socket(
	    address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->protocol);

	if (fd >= 0 && watch_new(d, fd, true) == NULL) {
		close(fd);
		fd = -1;
	}
	return fd >= 0 ? fd : CURL_SOCKET_BAD;
}

static curl_socket_t
curl_on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	(void)purpose;
	return curl_uv_open(arg, address);
}

static int
on_close(void *arg, curl_socket_t fd)
{
	struct watch *w = watch_of(arg, fd);

	if (w != NULL)
		watch_free(w);
	return close(fd);
}

static void
curl_timer_fired(uv_timer_t *timer)
{
	struct curl_uv *d = timer->data;
	int running;

	curl_multi_socket_action(d->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	d->returned(d->ctx);
}

/* Zero means "soon", not "now": libcurl may be in the middle of something. */
static int
on_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct curl_uv *d = arg;

	(void)multi;
	if (d->closed)
		return 0;
	if (timeout_ms < 0)
		uv_timer_stop(&d->timer);
	else
		uv_timer_start(&d->timer, curl_timer_fired, (uint64_t)timeout_ms, 0);
	return 0;
}

struct curl_uv *
curl_uv_new(uv_loop_t *uv, CURLM *multi, void (*returned)(void *ctx), void *ctx)
{
	struct curl_uv *d = xcalloc(1, sizeof(*d));

	d->uv = uv;
	d->multi = multi;
	d->returned = returned;
	d->ctx = ctx;
	uv_timer_init(uv, &d->timer);
	d->timer.data = d;
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, d);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(multi, CURLMOPT_TIMERDATA, d);
	return d;
}

void
curl_uv_profile(struct curl_uv *d, CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, curl_on_open);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, d);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, d);
}

/* libcurl parses a bundle once for a multi handle, but only when no directory of certificates
 * stands beside it; Debian's build names one, and the bundle of a system has all that is in it. */
void
curl_uv_trust_bundle(CURL *easy)
{
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);

	if (info->cainfo != NULL)
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
}

void
curl_uv_kick(struct curl_uv *d)
{
	uv_timer_start(&d->timer, curl_timer_fired, 0, 0);
}

void
curl_uv_close(struct curl_uv *d)
{
	d->closed = true;
	uv_close((uv_handle_t *)&d->timer, NULL);
}

void
curl_uv_free(struct curl_uv *d)
{
	free(d->watches);
	free(d);
}
