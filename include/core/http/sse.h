/*
 * Incremental Server-Sent Events (WHATWG HTML, section 9.2). Any split of the input gives the same
 * events. Lines end with LF, CR or CRLF; comments are skipped; a BOM at the start is skipped.
 * Bytes that are no SSE field but begin with `{` or `[` are kept as residue: Google ends a failed
 * stream with a bare JSON error (reference: api errors after HTTP 200).
 */
#ifndef CORE_HTTP_SSE_H
#define CORE_HTTP_SSE_H

#include <stdbool.h>

#include "base/buf.h"

struct sse {
	size_t event_max;
	struct buf line;    /* the line that is still incomplete */
	struct buf data;    /* data of the event that is still open */
	struct buf residue; /* text that is no SSE */
	bool has_data;
	bool skip_lf; /* the last line ended with CR: a LF may follow */
	bool started;
	bool too_large; /* an event passed the ceiling; the stream cannot be trusted any more */
};

/* Called for each event, in order. data is borrowed for the call. Non-zero stops the feed. */
typedef int (*sse_event_fn)(void *ctx, struct slice data);

void sse_init(struct sse *s, size_t event_max);
void sse_release(struct sse *s);
/* 0, or the callback's non-zero answer, or -1 when an event is larger than the ceiling. */
int sse_feed(struct sse *s, struct slice bytes, sse_event_fn fn, void *ctx);
/* At the end of the stream: an event without its blank line is delivered as well. */
int sse_finish(struct sse *s, sse_event_fn fn, void *ctx);
/* What was no SSE, trimmed. */
struct slice sse_residue(const struct sse *s);

#endif
