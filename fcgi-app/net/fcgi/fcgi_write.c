/* The answer's way out: FastCGI records, sent at once as far as the socket takes them. */
#include "config.h"

#include "net/fcgi/fcgi_conn_priv.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/clock.h"
#include "base/log.h"

#define STALL_MS  600000 /* the web server takes no byte for this long */
#define LINGER_MS 2000   /* unread input is drained this long before the close */

/* Bytes sent, 0 when the socket is full, -1 when the peer is gone. */
static ssize_t
send_now(struct edge *e, const struct iovec *iov, size_t count)
{
	struct msghdr message = { .msg_iov = (struct iovec *)(uintptr_t)iov, .msg_iovlen = count };
	ssize_t n;

	do
		n = sendmsg(e->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == ENOBUFS))
		return 0;
	return n;
}

static void
queue_rest(struct edge *e, const struct iovec *iov, size_t count, size_t sent)
{
	for (size_t i = 0; i < count; i++) {
		size_t skip = sent < iov[i].iov_len ? sent : iov[i].iov_len;

		sent -= skip;
		buf_add(&e->pending, (char *)iov[i].iov_base + skip, iov[i].iov_len - skip);
		edge_count_unread(e->host, (ptrdiff_t)(iov[i].iov_len - skip));
	}
}

/* Sends or queues a group of pieces; the first piece that has to wait makes the rest wait. */
static bool
edge_put(struct edge *e, const struct iovec *iov, size_t count)
{
	ssize_t sent = 0;
	size_t total = 0;

	if (e->gone)
		return false;
	for (size_t i = 0; i < count; i++)
		total += iov[i].iov_len;
	if (edge_pending(e) == 0) {
		sent = send_now(e, iov, count);
		if (sent < 0) {
			e->gone = true;
			return false;
		}
		if ((size_t)sent == total)
			return true;
		edge_watch(e, EDGE_EPOLL | EPOLLOUT);
		e->pending_since = clock_mono_ms();
		e->deadline = e->pending_since + STALL_MS;
	}
	queue_rest(e, iov, count, (size_t)sent);
	return true;
}

bool
edge_write(struct edge *e, struct slice bytes)
{
	if (!e->framed)
		return cgi_write(e, bytes);
	while (bytes.len > 0) {
		uint8_t header[FCGI_HEADER_LEN];
		size_t part = bytes.len < FCGI_CONTENT_MAX ? bytes.len : FCGI_CONTENT_MAX;
		struct iovec iov[2] = {
			{ header, sizeof(header) },
			{ (void *)(uintptr_t)bytes.ptr, part },
		};

		fcgi_frame(header, FCGI_TYPE_STDOUT, e->id, part);
		if (!edge_put(e, iov, 2))
			return false;
		bytes.ptr += part;
		bytes.len -= part;
	}
	return !e->gone;
}

static void
edge_flushed(struct edge *e)
{
	if (e->gone || !e->unread_input) {
		edge_close(e);
		return;
	}
	/* Closing with unread input would reset the connection and lose the answer. */
	shutdown(e->fd, SHUT_WR);
	edge_watch(e, EDGE_EPOLL);
	edge_move_idle(e, EDGE_LINGERING, LINGER_MS);
}

void
edge_end(struct edge *e, struct slice bytes)
{
	/* STDOUT's empty record, then END_REQUEST: application status 0, request complete. */
	uint8_t tail[FCGI_HEADER_LEN + FCGI_HEADER_LEN + 8] = { 0 };
	uint8_t header[FCGI_HEADER_LEN];
	struct iovec iov[3] = {
		{ header, sizeof(header) },
		{ (void *)(uintptr_t)bytes.ptr, bytes.len },
		{ tail, sizeof(tail) },
	};

	e->events = NULL;
	fcgi_frame(tail, FCGI_TYPE_STDOUT, e->id, 0);
	fcgi_frame(tail + FCGI_HEADER_LEN, FCGI_TYPE_END, e->id, 8);
	fcgi_frame(header, FCGI_TYPE_STDOUT, e->id, bytes.len);
	if (!e->framed) {
		edge_write(e, bytes);
	} else if (bytes.len == 0) {
		edge_put(e, iov + 2, 1);
	} else if (bytes.len <= FCGI_CONTENT_MAX) {
		edge_put(e, iov, 3);
	} else {
		edge_write(e, bytes);
		edge_put(e, iov + 2, 1);
	}
	/* A client that is slow to read holds its answer alone. */
	edge_forget(e);
	edge_move(e, EDGE_ENDING, STALL_MS);
	if (e->gone || edge_pending(e) == 0)
		edge_flushed(e);
}

static uint64_t
waits_ms(const struct edge *e, uint64_t now)
{
	return now > e->pending_since ? now - e->pending_since : 0;
}

/* More than this loop may have, while all loops together have too much; *ret_all: what they have.
 */
static bool
unread_too_much(const struct edge_host *host, size_t *ret_all)
{
	*ret_all = atomic_load(host->unread_all);
	/* When all have too much, one has more than its part at least. */
	return *ret_all > host->options->unread_max && host->unread > host->unread_max;
}

/* Whose answer has taken up most memory for most time; NULL when none has. A reader that drips is
 * found as well as one that has stopped, and a stream that holds little is not. */
static struct edge *
find_slowest(const struct edge_host *host, uint64_t now)
{
	struct edge *slowest = NULL;
	double most = 0;

	for (struct edge *e = host->open.first; e != NULL; e = e->next) {
		double cost = (double)e->pending.len * (double)(waits_ms(e, now) + 1);

		if (cost > most) {
			most = cost;
			slowest = e;
		}
	}
	return slowest;
}

void
edge_relieve(struct edge_host *host, uint64_t now)
{
	struct edge *e;
	size_t all;

	while (unread_too_much(host, &all) && (e = find_slowest(host, now)) != NULL) {
		log_event(LOG_WARN, "slow_reader_cut", LOG_N("bytes", edge_pending(e)),
		    LOG_N("waits_ms", waits_ms(e, now)), LOG_N("all_bytes", all));
		edge_discard(e);
		edge_lost(e);
	}
}

void
edge_output(struct edge *e)
{
	struct iovec iov = { e->pending.data + e->pending_sent, edge_pending(e) };
	ssize_t n = send_now(e, &iov, 1);

	if (n < 0) {
		edge_lost(e);
		return;
	}
	e->pending_sent += (size_t)n;
	e->deadline = clock_mono_ms() + STALL_MS;
	if (edge_pending(e) > 0)
		return;
	edge_discard(e);
	if (e->state == EDGE_ENDING) {
		edge_flushed(e);
		return;
	}
	e->deadline = 0;
	edge_watch(e, EDGE_EPOLL);
	if (e->events != NULL)
		e->events->drained(e->ctx);
}
