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
send_now(struct fcgi_conn *e, const struct iovec *iov, size_t count)
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
queue_rest(struct fcgi_conn *e, const struct iovec *iov, size_t count, size_t sent)
{
	for (size_t i = 0; i < count; i++) {
		size_t skip = sent < iov[i].iov_len ? sent : iov[i].iov_len;

		sent -= skip;
		buf_add(&e->pending, (char *)iov[i].iov_base + skip, iov[i].iov_len - skip);
		fcgi_conn_count_unread(e->host, (ptrdiff_t)(iov[i].iov_len - skip));
	}
}

/* Sends or queues a group of pieces; the first piece that has to wait makes the rest wait. */
static bool
fcgi_conn_put(struct fcgi_conn *e, const struct iovec *iov, size_t count)
{
	ssize_t sent = 0;
	size_t total = 0;

	if (e->gone)
		return false;
	for (size_t i = 0; i < count; i++)
		total += iov[i].iov_len;
	if (fcgi_conn_pending(e) == 0) {
		sent = send_now(e, iov, count);
		if (sent < 0) {
			e->gone = true;
			return false;
		}
		if ((size_t)sent == total)
			return true;
		fcgi_conn_watch(e, FCGI_CONN_EPOLL | EPOLLOUT);
		e->pending_since = clock_mono_ms();
		e->deadline = e->pending_since + STALL_MS;
	}
	queue_rest(e, iov, count, (size_t)sent);
	return true;
}

bool
fcgi_conn_write(struct fcgi_conn *e, struct slice bytes)
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
		if (!fcgi_conn_put(e, iov, 2))
			return false;
		bytes.ptr += part;
		bytes.len -= part;
	}
	return !e->gone;
}

static void
fcgi_conn_flushed(struct fcgi_conn *e)
{
	if (e->gone || !e->unread_input) {
		fcgi_conn_close(e);
		return;
	}
	/* Closing with unread input would reset the connection and lose the answer. */
	shutdown(e->fd, SHUT_WR);
	fcgi_conn_watch(e, FCGI_CONN_EPOLL);
	fcgi_conn_move_idle(e, FCGI_CONN_LINGERING, LINGER_MS);
}

void
fcgi_conn_end(struct fcgi_conn *e, struct slice bytes)
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
		fcgi_conn_write(e, bytes);
	} else if (bytes.len == 0) {
		fcgi_conn_put(e, iov + 2, 1);
	} else if (bytes.len <= FCGI_CONTENT_MAX) {
		fcgi_conn_put(e, iov, 3);
	} else {
		fcgi_conn_write(e, bytes);
		fcgi_conn_put(e, iov + 2, 1);
	}
	/* A client that is slow to read holds its answer alone. */
	fcgi_conn_forget(e);
	fcgi_conn_move(e, FCGI_CONN_ENDING, STALL_MS);
	if (e->gone || fcgi_conn_pending(e) == 0)
		fcgi_conn_flushed(e);
}

static uint64_t
waits_ms(const struct fcgi_conn *e, uint64_t now)
{
	return now > e->pending_since ? now - e->pending_since : 0;
}

/* More than this loop may have, while all loops together have too much; *ret_all: what they have.
 */
static bool
unread_too_much(const struct fcgi_conn_host *host, size_t *ret_all)
{
	*ret_all = atomic_load(host->unread_all);
	/* When all have too much, one has more than its part at least. */
	return *ret_all > host->options->unread_max && host->unread > host->unread_max;
}

/* Whose answer has taken up most memory for most time; NULL when none has. A reader that drips is
 * found as well as one that has stopped, and a stream that holds little is not. */
static struct fcgi_conn *
find_slowest(const struct fcgi_conn_host *host, uint64_t now)
{
	struct fcgi_conn *slowest = NULL;
	double most = 0;

	for (struct fcgi_conn *e = host->open.first; e != NULL; e = e->next) {
		double cost = (double)e->pending.len * (double)(waits_ms(e, now) + 1);

		if (cost > most) {
			most = cost;
			slowest = e;
		}
	}
	return slowest;
}

void
fcgi_conn_relieve(struct fcgi_conn_host *host, uint64_t now)
{
	struct fcgi_conn *e;
	size_t all;

	while (unread_too_much(host, &all) && (e = find_slowest(host, now)) != NULL) {
		log_event(LOG_WARN, "slow_reader_cut", LOG_N("bytes", fcgi_conn_pending(e)),
		    LOG_N("waits_ms", waits_ms(e, now)), LOG_N("all_bytes", all));
		fcgi_conn_discard(e);
		fcgi_conn_lost(e);
	}
}

void
fcgi_conn_output(struct fcgi_conn *e)
{
	struct iovec iov = { e->pending.data + e->pending_sent, fcgi_conn_pending(e) };
	ssize_t n = send_now(e, &iov, 1);

	if (n < 0) {
		fcgi_conn_lost(e);
		return;
	}
	e->pending_sent += (size_t)n;
	e->deadline = clock_mono_ms() + STALL_MS;
	if (fcgi_conn_pending(e) > 0)
		return;
	fcgi_conn_discard(e);
	if (e->state == FCGI_CONN_ENDING) {
		fcgi_conn_flushed(e);
		return;
	}
	e->deadline = 0;
	fcgi_conn_watch(e, FCGI_CONN_EPOLL);
	if (e->events != NULL)
		e->events->drained(e->ctx);
}
