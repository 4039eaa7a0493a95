/* The one timer of a request: how long the upstream may be silent, how long to wait, and when the
 * client is to hear a sign of life. */
#include "config.h"

#include "app/request/request.h"
#include "app/request/reply.h"
#include "timer.h"

#include "base/clock.h"
#include "base/xalloc.h"
#include "net/loop.h"

#define NO_DEADLINE UINT64_MAX

static bool
request_timer_beats(const struct request *r)
{
	return r->gw->conf->heartbeat > 0 && r->reply.form == REPLY_SSE &&
	       !r->attempt.pass_through && r->root == NULL;
}

static struct fcgi_conn *
request_timer_edge(const struct request *r)
{
	return r->root != NULL ? r->root->client.conn : r->client.conn;
}

static uint64_t
request_timer_deadline(const struct request *r)
{
	const struct conf *conf = r->gw->conf;

	/* A client that does not read pauses the upstream, which is silent for that reason. */
	if (r->attempt.call == NULL ||
	    (r->reply.head_sent && fcgi_conn_pending(request_timer_edge(r)) > 0))
		return NO_DEADLINE;
	return r->attempt.last_byte_ms +
	       (r->attempt.started ? conf->idle_timeout : conf->first_byte_timeout);
}

static void
request_timer_arm(struct request *r)
{
	uint64_t now = clock_mono_ms(), due = request_timer_deadline(r);
	uint64_t beat = r->reply.last_write_ms + r->gw->conf->heartbeat;

	if (due == NO_DEADLINE)
		due = now + r->gw->conf->idle_timeout;
	if (request_timer_beats(r) && beat < due)
		due = beat;
	timer_start(r->timer, due > now ? due - now : 1);
}

/* Sends a comment if the stream stands between two events and the client reads. False when the
 * client has left. */
static bool
request_timer_heartbeat(struct request *r)
{
	struct buf *out = &request_local(r)->out;

	if (r->reply.head_sent &&
	    (!r->reply.at_event_end || fcgi_conn_pending(r->client.conn) > 0)) {
		r->reply.last_write_ms = clock_mono_ms();
		return true;
	}
	buf_reset(out);
	if (!r->reply.head_sent) {
		reply_stream_head(r, out);
		buf_adds(out, ": ok\n\n");
	} else {
		buf_adds(out, ": waiting\n\n");
	}
	return reply_write(r, buf_slice(out));
}

static void
request_timer_due(void *ctx)
{
	struct request *r = ctx;
	uint64_t now = clock_mono_ms();

	if (r->asked.working)
		return;
	if (request_timer_beats(r) && now >= r->reply.last_write_ms + r->gw->conf->heartbeat &&
	    !request_timer_heartbeat(r)) {
		request_move(r, STEP_ABORT);
		request_run(r);
		return;
	}
	if (r->steps[r->step].waits) {
		if (now >= r->wait_due_ms)
			request_run(r);
		else
			request_timer_wait(r, r->wait_due_ms);
		return;
	}
	if (now >= request_timer_deadline(r)) {
		call_cancel(TAKE(r->attempt.call));
		r->attempt.ended = true;
		r->attempt.result = NET_TIMEOUT;
		request_run(r);
		return;
	}
	request_timer_arm(r);
}

static void
request_timer_ready(struct request *r)
{
	if (r->timer == NULL)
		r->timer = timer_new(r->loop, request_timer_due, r);
}

void
request_timer_watch(struct request *r)
{
	request_timer_ready(r);
	request_timer_arm(r);
}

void
request_timer_wait(struct request *r, uint64_t due)
{
	uint64_t now = clock_mono_ms(), next = due;

	request_timer_ready(r);
	if (r->reply.last_write_ms == 0)
		r->reply.last_write_ms = now;
	if (request_timer_beats(r) && r->reply.last_write_ms + r->gw->conf->heartbeat < next)
		next = r->reply.last_write_ms + r->gw->conf->heartbeat;
	r->wait_due_ms = due;
	timer_start(r->timer, next > now ? next - now : 1);
}

void
request_timer_beat(struct request *r)
{
	if (!request_timer_beats(r))
		return;
	if (r->reply.last_write_ms == 0)
		r->reply.last_write_ms = clock_mono_ms();
	request_timer_watch(r);
}
