/* The first bytes of an answer: content, or one of Google's error objects? */
#include "config.h"

#include "core/gemini/status.h"

#include <string.h>

#include "base/xalloc.h"

#define SNIFF_MAX 4096 /* that much of blanks and comments before the first value is content */

/* SSE fields that may stand in front of the data. */
static const char *const sse_fields[] = { ":", "event:", "id:", "retry:" };

static void
status_scan_skip(struct slice *s, size_t count)
{
	*s = slice_skip(*s, count);
}

static void
status_scan_skip_blanks(struct slice *s)
{
	while (s->len > 0 && strchr(" \t\r\n", s->ptr[0]) != NULL && s->ptr[0] != '\0')
		status_scan_skip(s, 1);
}

/* Is s the start of word, or word the start of s? */
static bool
status_scan_may_become(struct slice s, struct slice word)
{
	return slice_starts(s, word) || slice_starts(word, s);
}

/* Skips what SSE puts in front of a value: `data:` and whole lines of other fields. False when s
 * begins with neither; *ret_more when s ends within one. */
static bool
skip_framing(struct slice *s, bool *ret_more)
{
	static const struct slice data = { "data:", 5 };
	const char *end;

	if (status_scan_may_become(*s, data)) {
		*ret_more = s->len < data.len;
		status_scan_skip(s, *ret_more ? s->len : data.len);
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(sse_fields); i++) {
		if (!status_scan_may_become(*s, slice_str(sse_fields[i])))
			continue;
		end = memchr(s->ptr, '\n', s->len);
		*ret_more = end == NULL;
		status_scan_skip(s, end != NULL ? (size_t)(end + 1 - s->ptr) : s->len);
		return true;
	}
	return false;
}

/* An object whose first key is "error", with blanks between the tokens. framed: it comes after
 * something that only answers have. */
static enum gemini_status_scan
sniff_object(struct slice s, bool framed)
{
	static const char tokens[] = { '{', '"' };

	for (size_t i = 0; i < ARRAY_SIZE(tokens); i++) {
		status_scan_skip_blanks(&s);
		if (s.len == 0)
			return GSNIFF_MORE;
		if (s.ptr[0] != tokens[i])
			return i == 0 && !framed ? GSNIFF_OTHER : GSNIFF_CONTENT;
		status_scan_skip(&s, 1);
	}
	if (slice_starts(s, SLICE("error\"")))
		return GSNIFF_ERROR;
	return status_scan_may_become(s, SLICE("error\"")) ? GSNIFF_MORE : GSNIFF_CONTENT;
}

static enum gemini_status_scan
status_scan_sniff(struct slice s)
{
	static const struct slice bom = { "\xEF\xBB\xBF", 3 };
	bool more = false, framed = false;

	if (s.len > 0 && status_scan_may_become(s, bom)) {
		if (s.len < bom.len)
			return GSNIFF_MORE;
		status_scan_skip(&s, bom.len);
	}
	status_scan_skip_blanks(&s);
	while (s.len > 0 && skip_framing(&s, &more)) {
		framed = true;
		if (more)
			break;
		status_scan_skip_blanks(&s);
	}
	if (s.len == 0)
		return GSNIFF_MORE;
	if (s.ptr[0] == '[') {
		framed = true;
		status_scan_skip(&s, 1);
	}
	return sniff_object(s, framed);
}

enum gemini_status_scan
gemini_status_sniff(struct slice head)
{
	enum gemini_status_scan result = status_scan_sniff(head);

	return result == GSNIFF_MORE && head.len > SNIFF_MAX ? GSNIFF_CONTENT : result;
}
