/* fcgi_stdin.c: bodies at every split, in records of every size; how they end. */
#include "config.h"

#include "net/fcgi/fcgi_stdin.h"

#include <stdlib.h>

#include "base/limits.h"
#include "fcgi_record.h"
#include "tap.h"

static const char *const words[] = {
	[FCGI_STDIN_MORE] = "more",
	[FCGI_STDIN_CONTENT] = "content",
	[FCGI_STDIN_END] = "end",
	[FCGI_STDIN_ABORT] = "abort",
	[FCGI_STDIN_BAD] = "bad",
};

/* Feeds bytes that have a place of their own, so that a read behind them is seen. */
static enum fcgi_stdin_result
feed(struct fcgi_stdin *s, struct slice bytes, struct buf *body, size_t *ret_left)
{
	char *copy = malloc(bytes.len > 0 ? bytes.len : 1);
	struct slice data = { copy, bytes.len }, content;
	enum fcgi_stdin_result result;

	if (bytes.len > 0)
		memcpy(copy, bytes.ptr, bytes.len);
	while ((result = fcgi_stdin_next(s, &data, &content)) == FCGI_STDIN_CONTENT)
		buf_add_slice(body, content);
	*ret_left = data.len;
	free(copy);
	return result;
}

/* Of the whole in pieces of that size, as long as more is wanted. */
static enum fcgi_stdin_result
feed_in_pieces(const struct buf *b, size_t piece, struct buf *body)
{
	enum fcgi_stdin_result result = FCGI_STDIN_MORE;
	struct fcgi_stdin s;
	size_t left;

	buf_reset(body);
	fcgi_stdin_init(&s, 0xABCD);
	for (size_t at = 0; at < b->len && result == FCGI_STDIN_MORE; at += piece) {
		size_t len = b->len - at < piece ? b->len - at : piece;

		result = feed(&s, (struct slice){ b->data + at, len }, body, &left);
	}
	return result;
}

static void
test_splits(void)
{
	size_t wrong = 0, left;
	struct buf b, body;

	buf_init(&b, MIB);
	buf_init(&body, MIB);
	record(&b, FCGI_TYPE_STDIN, 0xABCD, SLICE("{\"a\""), 0);
	record(&b, FCGI_TYPE_STDIN, 0xABCD, SLICE(":"), 255);
	record(&b, FCGI_TYPE_STDIN, 0xABCD, SLICE("1}"), 3);
	record(&b, FCGI_TYPE_STDIN, 0xABCD, SLICE(""), 8);
	for (size_t piece = 1; piece <= b.len; piece++)
		wrong += feed_in_pieces(&b, piece, &body) != FCGI_STDIN_END ||
		         !slice_eq(buf_slice(&body), SLICE("{\"a\":1}"));
	is_int(wrong, 0, "the same body in pieces of every size");
	wrong = 0;
	for (size_t at = 0; at < b.len; at++) {
		struct fcgi_stdin s;

		buf_reset(&body);
		fcgi_stdin_init(&s, 0xABCD);
		wrong += feed(&s, (struct slice){ b.data, at }, &body, &left) != FCGI_STDIN_MORE;
		wrong += left != 0;
		wrong += feed(&s, (struct slice){ b.data + at, b.len - at }, &body, &left) !=
		         FCGI_STDIN_END;
		wrong += !slice_eq(buf_slice(&body), SLICE("{\"a\":1}"));
	}
	is_int(wrong, 0, "the same at every split in two");
	buf_release(&b);
	buf_release(&body);
}

static void
test_end(void)
{
	struct fcgi_stdin s;
	struct buf b, body;
	size_t left;

	buf_init(&b, MIB);
	buf_init(&body, MIB);
	record(&b, FCGI_TYPE_STDIN, 7, SLICE(""), 0);
	buf_adds(&b, "behind");
	fcgi_stdin_init(&s, 7);
	is_str(words[feed(&s, buf_slice(&b), &body, &left)], "end", "no body");
	is_int(body.len, 0, "is empty");
	is_int(left, strlen("behind"), "what follows is not taken");
	is_str(words[feed(&s, buf_slice(&b), &body, &left)], "end", "the end stays");
	is_int(left, b.len, "and takes nothing");
	buf_release(&b);
	buf_release(&body);
}

static void
ends_with(unsigned version, unsigned type, unsigned id, const char *want, const char *what)
{
	struct fcgi_stdin s;
	struct buf b, body;
	size_t left;

	buf_init(&b, MIB);
	buf_init(&body, MIB);
	record(&b, FCGI_TYPE_STDIN, 7, SLICE("abc"), 1);
	record(&b, type, id, SLICE("def"), 0);
	b.data[FCGI_HEADER_LEN + 4] = (char)version;
	fcgi_stdin_init(&s, 7);
	is_str(words[feed(&s, buf_slice(&b), &body, &left)], want, what);
	is_slice(buf_slice(&body), "abc", "  what came before is there");
	is_str(words[feed(&s, buf_slice(&b), &body, &left)], want, "  and it stays so");
	buf_release(&b);
	buf_release(&body);
}

static void
test_refusals(void)
{
	ends_with(1, FCGI_TYPE_ABORT, 7, "abort", "given up");
	ends_with(2, FCGI_TYPE_STDIN, 7, "bad", "another version");
	ends_with(1, FCGI_TYPE_STDIN, 8, "bad", "another request");
	ends_with(1, FCGI_TYPE_ABORT, 8, "bad", "another request, given up");
	ends_with(1, FCGI_TYPE_STDIN, 0x0107, "bad", "an id that differs in its first byte");
	ends_with(1, FCGI_TYPE_PARAMS, 7, "bad", "parameters again");
	ends_with(1, FCGI_TYPE_BEGIN, 7, "bad", "begun again");
	ends_with(1, 8, 7, "bad", "data of a filter");
	ends_with(1, 9, 7, "bad", "a management record");
}

int
main(void)
{
	test_splits();
	test_end();
	test_refusals();
	return tap_done();
}
