/* The loop: slots that connect, send, read and start again. */
#include "config.h"

#include "load_run.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "base/xalloc.h"

#define READ_BYTES      (256 * 1024)
#define EVENTS_PER_WAIT 256
/* after the last answer, so that what it leaves behind is counted too */
#define SETTLE_US 100000

struct slot {
	int fd;
	bool busy;
	bool connecting;
	bool reused;
	size_t sent;
	uint64_t began;
	uint64_t last_event;
	uint32_t events;
	bool got_body;
	struct reply reply;
};

struct run {
	const struct run_conf *conf;
	struct run_result *result;
	int ep;
	struct slot *slots;
	struct slot **idle;
	uint64_t idle_count;
	uint64_t introduced; /* slots that the ramp has let in */
	uint64_t started;
	uint64_t ended;
	uint64_t answered; /* of the first round: slots with a body byte, or ended */
	uint64_t start_us;
	uint64_t plateau_us; /* when to take the second sample; 0: not known yet */
	bool plateau_taken;
	char *buffer;
	size_t buffer_len;
};

static uint64_t
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void
slot_close(struct slot *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

static void
keep_example(struct run *run)
{
	char *out = run->result->example;
	size_t n = run->buffer_len < EXAMPLE_BYTES - 1 ? run->buffer_len : EXAMPLE_BYTES - 1;

	if (out[0] != '\0')
		return;
	for (size_t i = 0; i < n; i++)
		out[i] = run->buffer[i] >= ' ' && run->buffer[i] <= '~' ? run->buffer[i] : '.';
}

static void
slot_answered(struct run *run, struct slot *s)
{
	if (s->got_body)
		return;
	s->got_body = true;
	run->answered++;
}

static void
slot_end(struct run *run, struct slot *s, const char *fault)
{
	struct run_result *res = run->result;

	slot_answered(run, s);
	res->events += s->reply.events;
	res->bytes += s->reply.body;
	if (fault == NULL) {
		res->completed++;
		hist_add(&res->total, now_us() - s->began);
	} else {
		reasons_add(&res->failed, fault);
		keep_example(run);
	}
	if (fault != NULL || !run->conf->keep || !s->reply.keep)
		slot_close(s);
	s->busy = false;
	run->ended++;
	run->idle[run->idle_count++] = s;
}

static void
slot_fail_errno(struct run *run, struct slot *s, const char *what, int error)
{
	char text[REASON_BYTES];

	snprintf(text, sizeof(text), "%s: %s", what, strerror(error));
	run->buffer_len = 0;
	slot_end(run, s, text);
}

/* Whether a whole answer is what the caller asked for. */
static void
slot_judge(struct run *run, struct slot *s)
{
	const struct run_conf *conf = run->conf;
	const struct reply *r = &s->reply;
	char text[REASON_BYTES];
	const char *fault = r->fault;

	if (r->head_over && (r->status < 200 || r->status > 299)) {
		snprintf(text, sizeof(text), "status %d", r->status);
		fault = text;
	} else if (fault == NULL && conf->expect_events != EXPECT_ANY &&
		   r->events != conf->expect_events) {
		snprintf(text, sizeof(text), "%u events", r->events);
		fault = text;
	} else if (fault == NULL && conf->expect_bytes != EXPECT_ANY &&
		   r->body != conf->expect_bytes) {
		snprintf(text, sizeof(text), "%llu bytes", (unsigned long long)r->body);
		fault = text;
	} else if (fault == NULL && conf->expect_done && !r->done) {
		fault = "no [DONE]";
	}
	slot_end(run, s, fault);
}

static void
slot_watch(struct run *run, struct slot *s, int op, bool out)
{
	struct epoll_event ev = { .events = EPOLLIN | (out ? EPOLLOUT : 0), .data.ptr = s };

	epoll_ctl(run->ep, op, s->fd, &ev);
}

/* A peer that closed early may have said why: the answer is read even if sending fails. */
static void
slot_send(struct run *run, struct slot *s, int op)
{
	struct slice wire = run->conf->wire;

	while (s->sent < wire.len) {
		ssize_t n = send(s->fd, wire.ptr + s->sent, wire.len - s->sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN)
			break;
		s->sent = n < 0 ? wire.len : s->sent + (size_t)n;
	}
	if (op != 0 || s->sent == wire.len)
		slot_watch(run, s, op != 0 ? op : EPOLL_CTL_MOD, s->sent < wire.len);
}

static void
slot_connect(struct run *run, struct slot *s)
{
	const struct target *t = &run->conf->target;
	int one = 1;

	s->sent = 0;
	s->reused = false;
	s->fd = socket(t->addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0) {
		slot_fail_errno(run, s, "socket", errno);
		return;
	}
	if (t->addr.ss_family != AF_UNIX)
		setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	/* EAGAIN is a full backlog of a unix socket: a failure, because web servers take it for
	 * one. */
	s->connecting = connect(s->fd, (const struct sockaddr *)&t->addr, t->addr_len) != 0;
	if (s->connecting && errno != EINPROGRESS)
		slot_fail_errno(run, s, "connect", errno);
	else if (s->connecting)
		slot_watch(run, s, EPOLL_CTL_ADD, true);
	else
		slot_send(run, s, EPOLL_CTL_ADD);
}

static void
slot_begin(struct run *run, struct slot *s)
{
	run->started++;
	s->busy = true;
	s->began = now_us();
	s->events = 0;
	s->last_event = 0;
	s->got_body = false;
	s->sent = 0;
	reply_init(&s->reply, run->conf->target.form);
	if (s->fd < 0) {
		slot_connect(run, s);
		return;
	}
	s->reused = true;
	slot_send(run, s, 0);
}

static void
slot_count(struct run *run, struct slot *s, uint64_t now)
{
	if (s->reply.body > 0 && !s->got_body) {
		slot_answered(run, s);
		hist_add(&run->result->first, now - s->began);
	}
	if (s->reply.events == s->events)
		return;
	run->result->event_reads++;
	if (s->last_event != 0)
		hist_add(&run->result->gap, now - s->last_event);
	s->last_event = now;
	s->events = s->reply.events;
}

static void
slot_read(struct run *run, struct slot *s)
{
	ssize_t n = recv(s->fd, run->buffer, run->conf->read_bytes, 0);
	bool untouched = s->reply.status == 0 && s->reply.line_len == 0;

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0 && s->reused && untouched) {
		/* The server closed a kept connection just as we used it: not its failure. */
		slot_close(s);
		slot_connect(run, s);
		return;
	}
	if (n < 0) {
		slot_fail_errno(run, s, "read", errno);
		return;
	}
	run->buffer_len = (size_t)n;
	if (n == 0)
		reply_eof(&s->reply);
	else
		reply_feed(&s->reply, run->buffer, (size_t)n);
	slot_count(run, s, now_us());
	if (s->reply.finished || s->reply.fault != NULL)
		slot_judge(run, s);
}

static void
slot_event(struct run *run, struct slot *s, uint32_t events)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (!s->busy) {
		slot_close(s);
		return;
	}
	if (s->connecting) {
		getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len);
		if (error != 0) {
			slot_fail_errno(run, s, "connect", error);
			return;
		}
		s->connecting = false;
	}
	if (events & EPOLLOUT)
		slot_send(run, s, 0);
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		slot_read(run, s);
}

/* Lets in the slots that the ramp allows by now and starts all that are idle. */
static void
start_idle(struct run *run, uint64_t now)
{
	const struct run_conf *conf = run->conf;
	uint64_t ramp_us = conf->ramp_ms * 1000, due = conf->slots;

	if (ramp_us > 0 && now - run->start_us < ramp_us)
		due = 1 + (now - run->start_us) * conf->slots / ramp_us;
	for (; run->introduced < due && run->introduced < conf->slots; run->introduced++)
		run->idle[run->idle_count++] = &run->slots[run->introduced];
	while (run->idle_count > 0 && run->started < conf->requests)
		slot_begin(run, run->idle[--run->idle_count]);
}

/* The second sample: some time after every slot has had a body byte. */
static bool
run_plateau(struct run *run, uint64_t now)
{
	const struct run_conf *conf = run->conf;

	if (run->plateau_taken)
		return true;
	if (run->plateau_us == 0 && run->answered >= conf->slots)
		run->plateau_us = now + conf->plateau_ms * 1000;
	if (run->plateau_us == 0 || now < run->plateau_us)
		return true;
	run->plateau_taken = true;
	run->result->open_at_plateau = run->started - run->ended;
	return watch_sample(&conf->watch, &run->result->plateau);
}

static void
give_up(struct run *run)
{
	for (uint64_t i = 0; i < run->conf->slots; i++) {
		run->buffer_len = 0;
		if (run->slots[i].busy)
			slot_end(run, &run->slots[i], "timeout");
	}
	for (; run->ended < run->conf->requests; run->ended++)
		reasons_add(&run->result->failed, "never started: timeout");
}

static bool
turn_until_over(struct run *run)
{
	const struct run_conf *conf = run->conf;
	struct epoll_event ev[EVENTS_PER_WAIT];

	while (run->ended < conf->requests) {
		uint64_t now = now_us();
		int wait = run->introduced < conf->slots ? 1 : 20;
		int n;

		if (now - run->start_us > conf->timeout_ms * 1000) {
			give_up(run);
			break;
		}
		start_idle(run, now);
		if (!run_plateau(run, now))
			return false;
		if (run->ended >= conf->requests)
			break;
		n = epoll_wait(run->ep, ev, EVENTS_PER_WAIT, wait);
		for (int i = 0; i < n; i++)
			slot_event(run, ev[i].data.ptr, ev[i].events);
	}
	run->result->elapsed_us = now_us() - run->start_us;
	if (conf->watch.count > 0)
		usleep(SETTLE_US);
	return watch_sample(&conf->watch, &run->result->end);
}

bool
run_load(const struct run_conf *conf, struct run_result *result)
{
	struct run run = { .conf = conf, .result = result };
	bool good = false;

	memset(result, 0, sizeof(*result));
	run.slots = xcalloc((size_t)conf->slots, sizeof(*run.slots));
	run.idle = xcalloc((size_t)conf->slots, sizeof(struct slot *));
	run.buffer = xmalloc((size_t)conf->read_bytes);
	run.ep = epoll_create1(EPOLL_CLOEXEC);
	for (uint64_t i = 0; i < conf->slots; i++)
		run.slots[i].fd = -1;
	if (run.ep >= 0 && watch_sample(&conf->watch, &result->before)) {
		run.start_us = now_us();
		good = turn_until_over(&run);
	}
	if (!good)
		fprintf(stderr, "load: a watched process is gone or not ours to read\n");
	for (uint64_t i = 0; i < conf->slots; i++)
		slot_close(&run.slots[i]);
	if (run.ep >= 0)
		close(run.ep);
	free(run.buffer);
	free(run.idle);
	free(run.slots);
	return good;
}
