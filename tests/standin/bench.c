/* Benchmark models: precomputed events, no work per event but one send. */
#include "config.h"

#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "gjson.h"

#define NUMBER_DIGITS 8
#define BLOCK         (64UL * 1024)
#define BLOCKS_A_TURN 4 /* what one stream without delay may send before others have their turn */

struct bench_model {
	struct bench_model *next;
	char *name;
	uint32_t events, delay_ms, size;
	struct buf event; /* framed as a chunk; the number's digits are written anew for each */
	struct buf last;  /* the same with finishReason */
	size_t number_at; /* in both; 0: too short for a number */
	struct buf unary;
};

struct bench {
	struct bench_model *models;
	unsigned count;
	char *block; /* scratch for streams without delay */
};

struct bench_stream {
	struct tick tick; /* first, so that a tick is its stream */
	struct standin *si;
	struct conn *conn;
	struct bench_model *model;
	uint64_t due;
	uint32_t sent;  /* whole events */
	size_t partial; /* bytes of the next event that have left already */
};

static void bench_gone(struct conn *c, void *owner);
static void bench_drained(struct conn *c, void *owner);

static const struct conn_ops timed_ops = { .gone = bench_gone };
static const struct conn_ops fast_ops = { .gone = bench_gone, .drained = bench_drained };

struct bench *
bench_new(void)
{
	struct bench *b = xcalloc(1, sizeof(*b));

	b->block = xmalloc(BLOCK);
	return b;
}

void
bench_free(struct bench *b)
{
	for (struct bench_model *m = b->models, *next; m != NULL; m = next) {
		next = m->next;
		buf_release(&m->event);
		buf_release(&m->last);
		buf_release(&m->unary);
		free(m->name);
		free(m);
	}
	free(b->block);
	free(b);
}

static bool
read_number(struct slice *rest, char sep, uint64_t max, uint32_t *ret)
{
	struct slice part;
	uint64_t value;

	if (!slice_split(rest, sep, &part) || !slice_u64(part, &value) || value > max)
		return false;
	*ret = (uint32_t)value;
	return true;
}

static void
add_text(struct buf *out, uint32_t size)
{
	static const char words[] = "the quick brown fox jumps over the lazy dog and ";
	uint32_t n = 0;

	if (size > NUMBER_DIGITS + 1) {
		buf_adds(out, "00000000 ");
		n = NUMBER_DIGITS + 1;
	}
	for (; n < size; n++)
		buf_addc(out, words[n % (sizeof(words) - 1)]);
}

static void
add_answer(struct buf *out, const struct bench_model *m, bool finished, uint64_t tokens)
{
	buf_adds(out, "{\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"");
	add_text(out, m->size);
	buf_addf(out,
	    "\"}],\"role\": \"model\"}%s}],\"usageMetadata\": {\"promptTokenCount\": 8,"
	    "\"candidatesTokenCount\": %llu,\"totalTokenCount\": %llu,\"promptTokensDetails\": "
	    "[{\"modality\": \"TEXT\",\"tokenCount\": 8}]},\"modelVersion\": \"%s\","
	    "\"responseId\": \"bench0000000000000000\"}",
	    finished ? ",\"finishReason\": \"STOP\"" : "", (unsigned long long)tokens,
	    (unsigned long long)tokens + 8, m->name);
}

static void
make_event(struct bench_model *m, struct buf *out, bool finished)
{
	struct buf text;

	buf_init(&text, 2UL * BENCH_SIZE_MAX);
	buf_adds(&text, "data: ");
	add_answer(&text, m, finished, (m->size / 4 + 1) * (uint64_t)m->events);
	buf_adds(&text, "\r\n\r\n");
	buf_init(out, 2UL * BENCH_SIZE_MAX);
	buf_addf(out, "%zx\r\n", text.len);
	buf_add_slice(out, buf_slice(&text));
	buf_adds(out, "\r\n");
	buf_release(&text);
}

static struct bench_model *
bench_model(struct bench *b, struct slice name)
{
	struct slice rest = name, prefix;
	struct bench_model made = { 0 }, *m;
	ptrdiff_t at;

	for (m = b->models; m != NULL; m = m->next) {
		if (slice_eq(slice_str(m->name), name))
			return m;
	}
	if (b->count == BENCH_MODELS_MAX || !slice_split(&rest, '-', &prefix) ||
	    !read_number(&rest, '-', BENCH_EVENTS_MAX, &made.events) ||
	    !read_number(&rest, '-', BENCH_DELAY_MAX, &made.delay_ms) ||
	    !read_number(&rest, '-', BENCH_SIZE_MAX, &made.size) || rest.len > 0 ||
	    made.events == 0)
		return NULL;
	m = xmalloc(sizeof(*m));
	*m = made;
	m->name = xstrndup(name.ptr, name.len);
	make_event(m, &m->event, false);
	make_event(m, &m->last, true);
	/* Both have the same text before the number only if their sizes have as many digits. */
	at = slice_find(buf_slice(&m->event), SLICE("00000000 "));
	if (at > 0 && at == slice_find(buf_slice(&m->last), SLICE("00000000 ")))
		m->number_at = (size_t)at;
	buf_init(&m->unary, 2UL * BENCH_SIZE_MAX);
	add_answer(&m->unary, m, true, m->size / 4 + 1);
	buf_addc(&m->unary, '\n');
	m->next = b->models;
	b->models = m;
	b->count++;
	return m;
}

static struct buf *
event_of(struct bench_model *m, uint32_t index)
{
	struct buf *event = index + 1 == m->events ? &m->last : &m->event;

	if (m->number_at > 0) {
		char *digit = event->data + m->number_at + NUMBER_DIGITS;

		for (int i = 0; i < NUMBER_DIGITS; i++) {
			*--digit = (char)('0' + index % 10);
			index /= 10;
		}
	}
	return event;
}

static void
bench_stream_free(struct bench_stream *s)
{
	wheel_cancel(&s->si->wheel, &s->tick);
	s->si->stats.open_streams--;
	free(s);
}

static void
bench_gone(struct conn *c, void *owner)
{
	(void)c;
	bench_stream_free(owner);
}

static void
bench_finish(struct bench_stream *s)
{
	struct conn *c = s->conn;

	c->ops = NULL;
	bench_stream_free(s);
	conn_end(c);
}

static void
bench_tick(struct tick *tick)
{
	struct bench_stream *s = (struct bench_stream *)(void *)tick;
	struct buf *event = event_of(s->model, s->sent);

	s->sent++;
	if (s->sent == s->model->events) {
		/* The end of the body leaves in the same packet. */
		struct conn *c = s->conn;

		buf_adds(event, "0\r\n\r\n");
		conn_write_raw(c, event->data, event->len);
		event->len -= 5;
		c->chunked = false;
		bench_finish(s);
		return;
	}
	conn_write_raw(s->conn, event->data, event->len);
	/* Counted from the start of the stream: a late turn of the loop delays nothing after it. */
	s->due += s->model->delay_ms;
	wheel_at(&s->si->wheel, &s->tick, s->due);
}

/* Fills the block with whole events and one that may be cut; returns the bytes. */
static size_t
fill_block(struct bench_stream *s)
{
	size_t len = 0, skip = s->partial;

	for (uint32_t i = s->sent; i < s->model->events && len < BLOCK; i++) {
		struct buf *event = event_of(s->model, i);
		size_t n = event->len - skip < BLOCK - len ? event->len - skip : BLOCK - len;

		memcpy(s->si->bench->block + len, event->data + skip, n);
		len += n;
		skip = 0;
	}
	return len;
}

static void
bench_advance(struct bench_stream *s, size_t bytes)
{
	while (bytes > 0) {
		size_t left = event_of(s->model, s->sent)->len - s->partial;

		if (bytes < left) {
			s->partial += bytes;
			return;
		}
		bytes -= left;
		s->partial = 0;
		s->sent++;
	}
}

static void
bench_drained(struct conn *c, void *owner)
{
	struct bench_stream *s = owner;

	for (int i = 0; i < BLOCKS_A_TURN; i++) {
		size_t len = fill_block(s), n;

		if (len == 0) {
			bench_finish(s);
			return;
		}
		n = conn_try_raw(c, s->si->bench->block, len);
		bench_advance(s, n);
		if (n < len)
			break;
	}
	conn_want_write(c);
}

static void
bench_stream(struct standin *si, struct conn *c, struct bench_model *m)
{
	struct bench_stream *s = xcalloc(1, sizeof(*s));

	*s = (struct bench_stream){ .tick.fn = bench_tick, .si = si, .conn = c, .model = m };
	si->stats.streams++;
	si->stats.open_streams++;
	conn_begin(c, 200, "text/event-stream", "Content-Disposition: attachment\r\n");
	conn_forget_request(c);
	if (m->delay_ms == 0) {
		conn_own(c, &fast_ops, s);
		conn_want_write(c);
		return;
	}
	conn_own(c, &timed_ops, s);
	s->due = wheel_now(&si->wheel) + m->delay_ms;
	wheel_at(&si->wheel, &s->tick, s->due);
}

bool
bench_answer(struct standin *si, struct conn *c, struct slice model, bool stream)
{
	struct bench_model *m = bench_model(si->bench, model);

	if (m == NULL)
		return false;
	if (!stream)
		conn_reply(c, 200, GTYPE_JSON, "", buf_slice(&m->unary));
	else if (c->req->minor == 0)
		http_error_page(c, 400, "Benchmark streams need HTTP/1.1.");
	else
		bench_stream(si, c, m);
	return true;
}

void
bench_page(struct conn *c)
{
	char page[1024];

	memset(page, 'x', sizeof(page));
	page[sizeof(page) - 1] = '\n';
	conn_reply(c, 200, "text/plain", "", (struct slice){ page, sizeof(page) });
}
