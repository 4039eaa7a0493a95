/*
 * Server-Sent Events from bytes at any split. The usual case, a `data:` line and its blank
 * line within one feed, is delivered as a slice of the input; everything else goes through `line`
 * and `data`. The work is linear in the input, whatever the split and the line ends.
 */
#include "config.h"

#include "core/http/sse.h"

#include <string.h>

#include "base/limits.h"

/* What may stand in front of the data in its line: BOM, `data:`, blank. */
#define LEAD_MAX 9

/* Buffers above this size are given back after the event that needed them. */
#define KEEP_MAX (64 * KIB)

/* One feed: what is left, and where the next LF and CR stand (end when there is none), so that no
 * byte is searched twice for the same thing. */
struct cursor {
	const char *at, *end;
	const char *lf, *cr;
};

void
sse_init(struct sse *s, size_t event_max)
{
	*s = (struct sse){ .event_max = event_max };
	buf_init(&s->line, event_max + LEAD_MAX);
	buf_init(&s->data, event_max + LEAD_MAX); /* the two change places */
	buf_init(&s->residue, event_max < ERROR_BODY_MAX ? event_max : ERROR_BODY_MAX);
}

void
sse_release(struct sse *s)
{
	buf_release(&s->line);
	buf_release(&s->data);
	buf_release(&s->residue);
}

static void
sse_empty(struct buf *b)
{
	if (b->cap > KEEP_MAX)
		buf_release(b);
	buf_reset(b);
}

static const char *
sse_find(const char *from, const char *end, char c)
{
	const char *at = from < end ? memchr(from, c, (size_t)(end - from)) : NULL;

	return at != NULL ? at : end;
}

/* The next whole line, without its end; false when only a part of one is left. */
static bool
next_line(struct sse *s, struct cursor *c, struct slice *ret)
{
	const char *stop;

	if (s->skip_lf && c->at < c->end) {
		c->at += *c->at == '\n';
		s->skip_lf = false;
	}
	if (c->lf < c->at)
		c->lf = sse_find(c->at, c->end, '\n');
	if (c->cr < c->at)
		c->cr = sse_find(c->at, c->end, '\r');
	stop = c->lf < c->cr ? c->lf : c->cr;
	if (stop >= c->end)
		return false;
	*ret = (struct slice){ c->at, (size_t)(stop - c->at) };
	s->skip_lf = *stop == '\r';
	c->at = stop + 1;
	return true;
}

/* The value of a line's field when it is `name`; a blank after the colon is not part of it.
 */
static bool
sse_field(struct slice line, struct slice name, struct slice *ret_value)
{
	if (!slice_starts(line, name))
		return false;
	line = slice_skip(line, name.len);
	if (line.len == 0) {
		*ret_value = line;
		return true;
	}
	if (line.ptr[0] != ':')
		return false;
	line = slice_skip(line, 1);
	if (line.len > 0 && line.ptr[0] == ' ')
		line = slice_skip(line, 1);
	*ret_value = line;
	return true;
}

static void
take_residue(struct sse *s, struct slice line)
{
	struct slice text = slice_trim(line);

	if (s->residue.len == 0 && (text.len == 0 || (text.ptr[0] != '{' && text.ptr[0] != '[')))
		return;
	buf_add_slice(&s->residue, line);
	buf_addc(&s->residue, '\n');
}

/* A line that is not a blank line. When it is the buffered one, `line` may become `data`
 * uncopied. */
static void
take_line(struct sse *s, struct slice line)
{
	struct slice value;

	if (!sse_field(line, SLICE("data"), &value)) {
		if (line.len > 0 && line.ptr[0] != ':')
			take_residue(s, line);
		return;
	}
	if (s->has_data)
		buf_addc(&s->data, '\n');
	if (s->data.len == 0 && s->line.len > 0 && line.ptr == s->line.data) {
		struct buf swapped = s->data;
		size_t lead = (size_t)(value.ptr - line.ptr);

		s->data = s->line;
		s->line = swapped;
		buf_reset(&s->line);
		buf_consume(&s->data, lead);
	} else {
		buf_add_slice(&s->data, value);
	}
	s->has_data = true;
	if (s->data.failed || s->data.len > s->event_max)
		s->too_large = true;
}

static int
sse_dispatch(struct sse *s, sse_event_fn fn, void *ctx)
{
	int rc = 0;

	if (s->has_data && !s->too_large)
		rc = fn(ctx, buf_slice(&s->data));
	s->has_data = false;
	sse_empty(&s->data);
	return rc;
}

/* True when the cursor stands at a blank line, which is then skipped. */
static bool
skip_blank_line(struct sse *s, struct cursor *c)
{
	const char *at = c->at;

	if (s->skip_lf && at < c->end && *at == '\n')
		at++;
	if (at >= c->end || (*at != '\n' && *at != '\r'))
		return false;
	s->skip_lf = *at == '\r';
	c->at = at + 1;
	return true;
}

/* One whole line out of the input: delivered at once when it is an event by itself. */
static int
whole_line(struct sse *s, struct cursor *c, struct slice line, sse_event_fn fn, void *ctx)
{
	struct slice value;

	if (line.len == 0)
		return sse_dispatch(s, fn, ctx);
	if (s->has_data || !sse_field(line, SLICE("data"), &value) || !skip_blank_line(s, c)) {
		take_line(s, line);
		return 0;
	}
	if (value.len <= s->event_max)
		return fn(ctx, value);
	s->too_large = true;
	return 0;
}

int
sse_feed(struct sse *s, struct slice bytes, sse_event_fn fn, void *ctx)
{
	static const struct slice bom = { "\xEF\xBB\xBF", 3 };
	struct cursor c = { bytes.ptr, bytes.ptr + bytes.len, NULL, NULL };
	struct slice line;
	int rc = 0;

	if (bytes.len == 0)
		return s->too_large ? -1 : 0;
	c.lf = sse_find(c.at, c.end, '\n');
	c.cr = sse_find(c.at, c.end, '\r');
	while (rc == 0 && !s->too_large && next_line(s, &c, &line)) {
		bool buffered = s->line.len > 0;

		if (line.len > s->line.max - s->line.len) {
			s->too_large = true;
			break;
		}
		if (buffered) {
			buf_add_slice(&s->line, line);
			line = buf_slice(&s->line);
		}
		if (!s->started && slice_starts(line, bom))
			line = slice_skip(line, bom.len);
		s->started = true;
		if (!buffered)
			rc = whole_line(s, &c, line, fn, ctx);
		else if (line.len > 0)
			take_line(s, line);
		if (buffered)
			sse_empty(&s->line);
	}
	if (rc == 0 && !s->too_large && c.at < c.end) {
		buf_add(&s->line, c.at, (size_t)(c.end - c.at));
		s->too_large = s->line.failed;
	}
	return s->too_large ? -1 : rc;
}

int
sse_finish(struct sse *s, sse_event_fn fn, void *ctx)
{
	int rc;

	if (s->too_large)
		return -1;
	if (s->line.len > 0)
		take_line(s, buf_slice(&s->line));
	sse_empty(&s->line);
	rc = sse_dispatch(s, fn, ctx);
	return s->too_large ? -1 : rc;
}

struct slice
sse_residue(const struct sse *s)
{
	return s->residue.failed ? SLICE("") : slice_trim(buf_slice(&s->residue));
}
