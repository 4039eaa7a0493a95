/*
 * Wu and Manber's search for many words at once (1994). A window as long as the shortest secret
 * slides over the data; the hash of its last three bytes tells how far it may jump, and at a jump
 * of 0 which secrets to compare. Only the first `window` bytes of a secret take part in the tables.
 */
#include "config.h"

#include "core/keys/scrub.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "scrub_view.h"

#define SECRET_MIN 8
#define BLOCK      3
#define JUMP_MAX   255
#define TABLE_MIN  (1U << 8)
#define TABLE_MAX  (1U << 17)
#define NO_SECRET  UINT32_MAX
#define LEAD       4
#define ESCAPE_MAX 6          /* bytes of an escaped character */
#define PIECE_MAX  (64 * KIB) /* of a stream, looked at in one go */
#define KEPT_MAX   KIB        /* memory that a stream keeps between two feeds */

struct secret {
	struct slice text;
	uint32_t next; /* another one whose window ends with the same hash, or NO_SECRET */
};

struct scrub_set {
	char *bytes; /* all texts */
	size_t bytes_len;
	struct secret *secrets; /* sorted, each once */
	size_t count;
	size_t window; /* length of the shortest */
	size_t longest;
	uint32_t mask;
	uint8_t *jumps;       /* by hash of a block */
	uint32_t *firsts;     /* by hash of a window's last block: index of a secret */
	bool lead[LEAD][256]; /* at that place some secret has that byte */
	bool in[256];         /* some secret has that byte */
};

static const struct scrub_set no_secrets;

static uint32_t
block_hash(const struct scrub_set *set, const char *p)
{
	uint32_t block = (uint32_t)(unsigned char)p[0] | (uint32_t)(unsigned char)p[1] << 8 |
	                 (uint32_t)(unsigned char)p[2] << 16;

	return (block * 0x9E3779B1U >> 12) & set->mask;
}

static int
compare_texts(struct slice a, struct slice b)
{
	int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);

	if (order != 0)
		return order;
	return a.len < b.len ? -1 : a.len > b.len;
}

static int
compare_secrets(const void *a, const void *b)
{
	return compare_texts(((const struct secret *)a)->text, ((const struct secret *)b)->text);
}

/* Copies what is long enough, sorts it and drops repetitions. */
static void
take_secrets(struct scrub_set *set, const struct slice *secrets, size_t count)
{
	size_t kept = 0;
	char *to;

	for (size_t i = 0; i < count; i++)
		set->bytes_len += secrets[i].len;
	set->bytes = to = xmalloc(set->bytes_len);
	set->secrets = xcalloc(count, sizeof(*set->secrets));
	for (size_t i = 0; i < count; i++) {
		if (secrets[i].len < SECRET_MIN)
			continue;
		memcpy(to, secrets[i].ptr, secrets[i].len);
		set->secrets[set->count++].text = (struct slice){ to, secrets[i].len };
		to += secrets[i].len;
	}
	qsort(set->secrets, set->count, sizeof(*set->secrets), compare_secrets);
	for (size_t i = 0; i < set->count; i++)
		if (i == 0 || !slice_eq(set->secrets[i].text, set->secrets[kept - 1].text))
			set->secrets[kept++] = set->secrets[i];
	set->count = kept;
}

static void
measure_secrets(struct scrub_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		struct slice text = set->secrets[i].text;

		if (i == 0 || text.len < set->window)
			set->window = text.len;
		if (text.len > set->longest)
			set->longest = text.len;
		for (size_t at = 0; at < LEAD; at++)
			set->lead[at][(unsigned char)text.ptr[at]] = true;
		for (size_t at = 0; at < text.len; at++)
			set->in[(unsigned char)text.ptr[at]] = true;
	}
}

static void
fill_tables(struct scrub_set *set)
{
	size_t blocks = set->count * set->window, last = set->window - BLOCK;
	uint32_t size = TABLE_MIN, hash;

	while (size < TABLE_MAX && size < 2 * blocks)
		size *= 2;
	set->mask = size - 1;
	set->jumps = xmalloc(size);
	set->firsts = xmalloc(size * sizeof(*set->firsts));
	memset(set->jumps, last + 1 < JUMP_MAX ? (int)last + 1 : JUMP_MAX, size);
	memset(set->firsts, 0xff, size * sizeof(*set->firsts));
	for (size_t i = 0; i < set->count; i++) {
		struct secret *secret = &set->secrets[i];

		for (size_t at = 0; at <= last; at++) {
			hash = block_hash(set, secret->text.ptr + at);
			if (last - at < set->jumps[hash])
				set->jumps[hash] = (uint8_t)(last - at);
		}
		hash = block_hash(set, secret->text.ptr + last);
		secret->next = set->firsts[hash];
		set->firsts[hash] = (uint32_t)i;
	}
}

struct scrub_set *
scrub_set_new(const struct slice *secrets, size_t count)
{
	struct scrub_set *set = xcalloc(1, sizeof(*set));

	take_secrets(set, secrets, count);
	measure_secrets(set);
	if (set->count > 0)
		fill_tables(set);
	return set;
}

void
scrub_set_free(struct scrub_set *set)
{
	if (set == NULL)
		return;
	explicit_bzero(set->bytes, set->bytes_len);
	free(set->bytes);
	free(set->secrets);
	free(set->jumps);
	free(set->firsts);
	free(set);
}

/* Length of the longest secret at the start of data, 0 when none is there. hash: of the window's
 * last block. */
static size_t
longest_at(const struct scrub_set *set, struct slice data, uint32_t hash)
{
	size_t longest = 0;

	for (uint32_t i = set->firsts[hash]; i != NO_SECRET; i = set->secrets[i].next) {
		struct slice text = set->secrets[i].text;

		if (text.len > longest && slice_starts(data, text))
			longest = text.len;
	}
	return longest;
}

/* Offset of the first secret at or behind from, and its length; data.len when there is none. */
static size_t
find_secret(const struct scrub_set *set, struct slice data, size_t from, size_t *ret_len)
{
	size_t last = set->window - BLOCK, at = from;

	if (set->count == 0 || data.len < set->window)
		return data.len;
	while (at <= data.len - set->window) {
		uint32_t hash = block_hash(set, data.ptr + at + last);
		size_t jump = set->jumps[hash], len;

		if (jump == 0) {
			len = longest_at(set, slice_skip(data, at), hash);
			if (len > 0) {
				*ret_len = len;
				return at;
			}
			jump = 1;
		}
		at += jump;
	}
	return data.len;
}

/* Hides data[0 .. hidden) and every secret that begins in data[0 .. keep); bytes from keep on stay
 * as they are. *ret_hidden: where the last of these secrets ends. Overlapping secrets are one run,
 * which is overwritten only when the search has left it. */
static size_t
scrub_hide(const struct scrub_set *set, struct slice data, size_t hidden, size_t keep, char *bytes,
    size_t *ret_hidden)
{
	size_t start = 0, end = hidden, found = 0, at, secret_len = 0;

	for (at = find_secret(set, data, 0, &secret_len); at < keep;
	     at = find_secret(set, data, at + 1, &secret_len)) {
		if (at > end) {
			memset(bytes + start, '*', end - start);
			start = at;
		}
		if (at + secret_len > end)
			end = at + secret_len;
		found++;
	}
	*ret_hidden = end;
	if (end > keep)
		end = keep;
	if (start < end)
		memset(bytes + start, '*', end - start);
	return found;
}

/* The same for secrets of which some characters are escaped. */
static size_t
hide_escaped(const struct scrub_set *set, const struct scrub_view *view, size_t keep, char *bytes,
    size_t *ret_hidden)
{
	struct slice plain = { view->plain, view->len };
	size_t found = 0, at, len = 0;

	for (at = find_secret(set, plain, 0, &len); at < plain.len && view->from[at] < keep;
	     at = find_secret(set, plain, at + 1, &len)) {
		size_t start = view->from[at], end = view->from[at + len];

		if (end - start == len)
			continue;
		*ret_hidden = end > *ret_hidden ? end : *ret_hidden;
		memset(bytes + start, '*', (end < keep ? end : keep) - start);
		found++;
	}
	return found;
}

/* Both, in all of data; its first `hidden` bytes belong to a secret already. */
static size_t
hide_all(const struct scrub_set *set, char *data, size_t len, size_t hidden)
{
	struct slice all = { data, len };
	struct scrub_view view;
	size_t end, found;

	if (!scrub_view_differs(all, set->in))
		return scrub_hide(set, all, hidden, len, data, &end);
	scrub_view_init(&view, all);
	found = scrub_hide(set, all, hidden, len, data, &end);
	found += hide_escaped(set, &view, len, data, &end);
	scrub_view_release(&view);
	return found;
}

size_t
scrub_bytes(const struct scrub_set *set, char *data, size_t len)
{
	return set != NULL && set->count > 0 ? hide_all(set, data, len, 0) : 0;
}

/* ---- streams ---- */

/* Is tail the start of a longer secret? */
static bool
begins_secret(const struct scrub_set *set, struct slice tail)
{
	size_t low = 0, high = set->count;

	for (size_t i = 0; i < LEAD && i < tail.len; i++)
		if (!set->lead[i][(unsigned char)tail.ptr[i]])
			return false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_texts(set->secrets[middle].text, tail) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	/* What begins with the tail and is longer sorts right behind it. */
	return low < set->count && slice_starts(set->secrets[low].text, tail);
}

/* Where the longest tail of data begins that is the start of a longer secret, or data.len. */
static size_t
find_tail(const struct scrub_set *set, struct slice data)
{
	size_t at = data.len >= set->longest ? data.len - set->longest + 1 : 0;

	for (; at < data.len; at++)
		if (begins_secret(set, slice_skip(data, at)))
			return at;
	return data.len;
}

/* The same, but never in the middle of an escape. */
static size_t
find_raw_tail(const struct scrub_set *set, struct slice data)
{
	size_t tail = find_tail(set, data);

	return tail < data.len ? scrub_view_start(data, tail) : tail;
}

void
scrub_stream_init(struct scrub_stream *s, const struct scrub_set *set)
{
	*s = (struct scrub_stream){ .set = set != NULL ? set : &no_secrets };
	buf_init(&s->held, PIECE_MAX + ESCAPE_MAX * (s->set->longest + 1));
}

void
scrub_stream_release(struct scrub_stream *s)
{
	if (s->held.data != NULL)
		explicit_bzero(s->held.data, s->held.cap);
	buf_release(&s->held);
}

/* Drops what was passed on, and the memory that a large piece needed. */
static void
drop_held(struct scrub_stream *s, size_t count)
{
	struct buf rest;

	buf_consume(&s->held, count);
	if (s->held.cap <= KEPT_MAX)
		return;
	buf_init(&rest, s->held.max);
	if (s->held.len > 0)
		buf_add(&rest, s->held.data, s->held.len);
	scrub_stream_release(s);
	s->held = rest;
}

/* Passes on what comes before the tail, with its secrets hidden. */
static void
pass_held(struct scrub_stream *s, size_t tail, size_t hidden,
    void (*fn)(void *ctx, struct slice clean), void *ctx)
{
	s->hidden = hidden > tail ? hidden - tail : 0;
	if (tail > 0)
		fn(ctx, (struct slice){ s->held.data, tail });
	drop_held(s, tail);
}

/* Where something may be escaped. An escape that is cut off is held back, and so is what before it
 * begins a secret. */
static void
feed_escaped(struct scrub_stream *s, void (*fn)(void *ctx, struct slice clean), void *ctx)
{
	struct slice held = buf_slice(&s->held);
	struct scrub_view view;
	size_t tail, raw, end;

	scrub_view_init(&view, held);
	tail = view.from[find_tail(s->set, (struct slice){ view.plain, view.len })];
	raw = find_raw_tail(s->set, held);
	tail = raw < tail ? raw : tail;
	scrub_hide(s->set, held, s->hidden, tail, s->held.data, &end);
	hide_escaped(s->set, &view, tail, s->held.data, &end);
	scrub_view_release(&view);
	pass_held(s, tail, end, fn, ctx);
}

static void
feed_piece(struct scrub_stream *s, struct slice bytes, void (*fn)(void *ctx, struct slice clean),
    void *ctx)
{
	size_t tail, end, len;

	if (s->set->count > 0 && (s->escaped || scrub_view_differs(bytes, s->set->in))) {
		buf_add_slice(&s->held, bytes);
		feed_escaped(s, fn, ctx);
		s->escaped = s->held.len > 0;
		return;
	}
	if (s->held.len == 0) {
		tail = find_raw_tail(s->set, bytes);
		if (find_secret(s->set, bytes, 0, &len) >= tail) {
			if (tail > 0)
				fn(ctx, (struct slice){ bytes.ptr, tail });
			buf_add(&s->held, bytes.ptr + tail, bytes.len - tail);
			return;
		}
	}
	buf_add_slice(&s->held, bytes);
	tail = find_raw_tail(s->set, buf_slice(&s->held));
	scrub_hide(s->set, buf_slice(&s->held), s->hidden, tail, s->held.data, &end);
	pass_held(s, tail, end, fn, ctx);
}

void
scrub_stream_feed(struct scrub_stream *s, struct slice bytes,
    void (*fn)(void *ctx, struct slice clean), void *ctx)
{
	while (bytes.len > 0) {
		struct slice piece = { bytes.ptr, bytes.len < PIECE_MAX ? bytes.len : PIECE_MAX };

		feed_piece(s, piece, fn, ctx);
		bytes = slice_skip(bytes, piece.len);
	}
}

void
scrub_stream_finish(struct scrub_stream *s, void (*fn)(void *ctx, struct slice clean), void *ctx)
{
	if (s->held.len == 0)
		return;
	hide_all(s->set, s->held.data, s->held.len, s->hidden);
	fn(ctx, buf_slice(&s->held));
	s->hidden = 0;
	drop_held(s, s->held.len);
}
