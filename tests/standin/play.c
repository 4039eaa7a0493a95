/* Plays answers on the timer wheel. */
#include "config.h"

#include "play.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#define PIECES_BYTES_MAX (512UL * 1024 * 1024)

struct piece {
	size_t end; /* in `bytes` */
	uint32_t delay_ms;
};

struct play {
	struct tick tick; /* first, so that a tick is its play */
	struct standin *si;
	struct conn *conn;
	struct play *next_gated, **gate_link;
	struct buf bytes;
	struct piece *pieces;
	size_t count, room;
	size_t at; /* the next piece */
	char *headers;
	char *type;
	int status;
	enum { HEAD_NONE, HEAD_STREAM, HEAD_WHOLE } head;
	uint32_t wait_ms;
	bool begun;
	bool gated;
	bool streaming; /* counted as open */
	size_t split;
	struct buf raw; /* what split writes have still to send */
	enum play_end end;
};

static void play_step(struct tick *tick);
static void play_gone(struct conn *c, void *owner);

static const struct conn_ops play_ops = { .gone = play_gone };

struct play *
play_new(struct standin *si, struct conn *c)
{
	struct play *p = xcalloc(1, sizeof(*p));

	p->tick.fn = play_step;
	p->si = si;
	p->conn = c;
	buf_init(&p->bytes, PIECES_BYTES_MAX);
	buf_init(&p->raw, PIECES_BYTES_MAX);
	return p;
}

static void
play_free(struct play *p)
{
	wheel_cancel(&p->si->wheel, &p->tick);
	if (p->gate_link != NULL) {
		*p->gate_link = p->next_gated;
		if (p->next_gated != NULL)
			p->next_gated->gate_link = p->gate_link;
	}
	if (p->streaming)
		p->si->stats.open_streams--;
	buf_release(&p->bytes);
	buf_release(&p->raw);
	free(p->pieces);
	free(p->headers);
	free(p->type);
	free(p);
}

static void
play_gone(struct conn *c, void *owner)
{
	(void)c;
	play_free(owner);
}

static void
play_set_head(struct play *p, int status, const char *type, const char *headers)
{
	p->status = status;
	free(p->type);
	p->type = type != NULL ? xstrdup(type) : NULL;
	free(p->headers);
	p->headers = xstrdup(headers);
}

void
play_head(struct play *p, int status, const char *type, const char *headers)
{
	play_set_head(p, status, type, headers);
	p->head = HEAD_STREAM;
}

void
play_reply(struct play *p, int status, const char *type, const char *headers, struct slice body)
{
	play_set_head(p, status, type, headers);
	p->head = HEAD_WHOLE;
	buf_add_slice(&p->bytes, body);
}

void
play_add(struct play *p, uint32_t delay_ms, struct slice data)
{
	if (p->count == p->room) {
		p->room = p->room == 0 ? 8 : p->room * 2;
		p->pieces = xrealloc(p->pieces, p->room * sizeof(*p->pieces));
	}
	buf_add_slice(&p->bytes, data);
	p->pieces[p->count++] = (struct piece){ p->bytes.len, delay_ms };
}

void
play_wait(struct play *p, uint32_t delay_ms)
{
	p->wait_ms += delay_ms;
}

void
play_gate(struct play *p)
{
	p->gated = true;
}

void
play_split(struct play *p, size_t n)
{
	p->split = n;
}

static void
play_finish(struct play *p)
{
	struct conn *c = p->conn;
	enum play_end end = p->end;

	if (end == PLAY_STALL)
		return; /* until the client leaves */
	c->ops = NULL;
	play_free(p);
	if (end == PLAY_END)
		conn_end(c);
	else if (end == PLAY_CUT)
		conn_cut(c);
	else
		conn_reset(c);
}

static void
play_later(struct play *p, uint32_t ms)
{
	wheel_at(&p->si->wheel, &p->tick, wheel_now(&p->si->wheel) + ms);
}

/* One write of a split play. */
static void
play_split_step(struct play *p)
{
	size_t n = p->raw.len < p->split ? p->raw.len : p->split;

	conn_write_raw(p->conn, p->raw.data, n);
	buf_consume(&p->raw, n);
	if (p->raw.len > 0) {
		play_later(p, 1);
		return;
	}
	/* The last chunk was among the bytes. */
	p->conn->chunked = false;
	play_finish(p);
}

static void
play_split_begin(struct play *p)
{
	size_t start = 0;

	for (size_t i = 0; i < p->count; i++) {
		size_t len = p->pieces[i].end - start;

		if (p->conn->chunked)
			buf_addf(&p->raw, "%zx\r\n", len);
		buf_add(&p->raw, p->bytes.data + start, len);
		if (p->conn->chunked)
			buf_adds(&p->raw, "\r\n");
		start = p->pieces[i].end;
	}
	if (p->conn->chunked)
		buf_adds(&p->raw, "0\r\n\r\n");
	p->at = p->count;
	play_split_step(p);
}

static void
play_piece(struct play *p)
{
	size_t start = p->at > 0 ? p->pieces[p->at - 1].end : 0;
	struct slice data = { p->bytes.data + start, p->pieces[p->at].end - start };

	p->at++;
	if (p->head == HEAD_NONE)
		conn_write_raw(p->conn, data.ptr, data.len);
	else
		conn_write(p->conn, data);
}

/* Sends what is due. */
static void
play_run(struct play *p)
{
	while (p->at < p->count) {
		play_piece(p);
		if (p->at < p->count && p->gated)
			return;
		if (p->at < p->count && p->pieces[p->at].delay_ms > 0) {
			play_later(p, p->pieces[p->at].delay_ms);
			return;
		}
	}
	play_finish(p);
}

static void
play_whole(struct play *p)
{
	struct conn *c = p->conn;

	c->ops = NULL;
	conn_reply(c, p->status, p->type, p->headers, buf_slice(&p->bytes));
	play_free(p);
}

static void
play_begin(struct play *p)
{
	p->begun = true;
	if (p->head == HEAD_WHOLE) {
		play_whole(p);
		return;
	}
	if (p->head == HEAD_STREAM)
		conn_begin(p->conn, p->status, p->type, p->headers);
	if (p->split > 0)
		play_split_begin(p);
	else if (p->count > 0 && p->pieces[0].delay_ms > 0)
		play_later(p, p->pieces[0].delay_ms);
	else
		play_run(p);
}

static void
play_step(struct tick *tick)
{
	struct play *p = (struct play *)(void *)tick;

	if (!p->begun)
		play_begin(p);
	else if (p->split > 0)
		play_split_step(p);
	else
		play_run(p);
}

void
play_start(struct play *p, enum play_end end)
{
	p->end = end;
	conn_own(p->conn, &play_ops, p);
	if (p->head == HEAD_STREAM) {
		p->streaming = true;
		p->si->stats.streams++;
		p->si->stats.open_streams++;
	}
	if (p->gated) {
		p->gate_link = &p->si->gated;
		p->next_gated = p->si->gated;
		if (p->next_gated != NULL)
			p->next_gated->gate_link = &p->next_gated;
		p->si->gated = p;
	}
	if (p->wait_ms > 0)
		play_later(p, p->wait_ms);
	else
		play_begin(p);
}

unsigned
play_release_all(struct standin *si)
{
	unsigned released = 0;

	for (struct play *p = si->gated, *next; p != NULL; p = next) {
		next = p->next_gated;
		play_run(p);
		released++;
	}
	return released;
}
