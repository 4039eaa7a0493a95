/* A recursive descent through the plain event; any surprise ends it. */
#include "config.h"

#include "core/gemini/event.h"

#include <string.h>

#include "base/limits.h"

#define DEPTH_MAX 8 /* of values that are skipped */

struct scan {
	const char *at, *end;
};

static char
event_peek(struct scan *s)
{
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\t'))
		s->at++;
	return s->at < s->end ? *s->at : '\0';
}

static bool
event_take(struct scan *s, char c)
{
	if (event_peek(s) != c)
		return false;
	s->at++;
	return true;
}

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* The escape behind a backslash; surrogates are left to json-c. */
static bool
event_take_escape(struct scan *s)
{
	if (s->at >= s->end || strchr("\"\\/bfnrtu", *s->at) == NULL || *s->at == '\0')
		return false;
	if (*s->at++ != 'u')
		return true;
	if (s->end - s->at < 4 || ((s->at[0] | 32) == 'd' && s->at[1] >= '8'))
		return false;
	for (int i = 0; i < 4; i++)
		if (!is_hex(*s->at++))
			return false;
	return true;
}

/* The inside of a string, escapes untouched. */
static bool
event_take_string(struct scan *s, struct slice *ret)
{
	const char *start;

	if (!event_take(s, '"'))
		return false;
	for (start = s->at; s->at < s->end; s->at++) {
		unsigned char c;

		s->at += slice_plain((struct slice){ s->at, (size_t)(s->end - s->at) });
		if (s->at == s->end)
			return false;
		c = (unsigned char)*s->at;
		if (c == '"') {
			*ret = (struct slice){ start, (size_t)(s->at - start) };
			s->at++;
			return true;
		}
		if (c < 0x20)
			return false;
		if (c != '\\')
			continue;
		s->at++;
		if (!event_take_escape(s))
			return false;
		s->at--;
	}
	return false;
}

/* A word without escapes. */
static bool
take_word(struct scan *s, struct slice *ret)
{
	return event_take_string(s, ret) && memchr(ret->ptr, '\\', ret->len) == NULL;
}

/* Digits without a leading zero; nine at most, so that the value fits. */
static bool
event_take_number(struct scan *s, unsigned *ret)
{
	const char *start;

	event_peek(s);
	*ret = 0;
	for (start = s->at; s->at < s->end && *s->at >= '0' && *s->at <= '9'; s->at++)
		if (s->at - start < 9)
			*ret = *ret * 10 + (unsigned)(*s->at - '0');
	return s->at > start && s->at - start <= 9 && (*start != '0' || s->at - start == 1);
}

static bool
take_literal(struct scan *s, struct slice word)
{
	event_peek(s);
	if ((size_t)(s->end - s->at) < word.len || memcmp(s->at, word.ptr, word.len) != 0)
		return false;
	s->at += word.len;
	return true;
}

/* The next key of an object whose brace was taken. False at its end and on errors; take(s, '}'),
 * which must follow, tells them apart. first: true at the start. */
static bool
next_key(struct scan *s, bool *first, struct slice *ret)
{
	if (event_peek(s) == '}' || (!*first && !event_take(s, ',')))
		return false;
	*first = false;
	if (!take_word(s, ret) || !event_take(s, ':')) {
		s->at = s->end;
		return false;
	}
	return true;
}

static bool skip_value(struct scan *s, unsigned depth);

static bool
event_skip_scalar(struct scan *s)
{
	struct slice string;
	unsigned number;

	switch (event_peek(s)) {
	case '"':
		return event_take_string(s, &string);
	case 't':
		return take_literal(s, SLICE("true"));
	case 'f':
		return take_literal(s, SLICE("false"));
	case 'n':
		return take_literal(s, SLICE("null"));
	default:
		return event_take_number(s, &number);
	}
}

static bool
skip_object(struct scan *s, unsigned depth)
{
	struct slice key;
	bool first = true;

	if (!event_take(s, '{'))
		return false;
	while (next_key(s, &first, &key))
		if (!skip_value(s, depth))
			return false;
	return event_take(s, '}');
}

static bool
skip_array(struct scan *s, unsigned depth)
{
	if (!event_take(s, '['))
		return false;
	if (event_take(s, ']'))
		return true;
	do {
		if (!skip_value(s, depth))
			return false;
	} while (event_take(s, ','));
	return event_take(s, ']');
}

static bool
skip_value(struct scan *s, unsigned depth)
{
	char c = event_peek(s);

	if (depth == 0)
		return false;
	if (c == '{')
		return skip_object(s, depth - 1);
	return c == '[' ? skip_array(s, depth - 1) : event_skip_scalar(s);
}

/* ---- the shape ---- */

static bool
is_key(struct slice key, const char *name)
{
	return slice_eq(key, slice_str(name));
}

static bool
event_read_part(struct scan *s, struct gemini_event *event)
{
	struct gemini_part part = { .kind = PART_TEXT, .signature = SLICE(""), .escaped = true };
	struct slice key;
	bool first = true;

	if (event->has_part || !event_take(s, '{'))
		return false;
	while (next_key(s, &first, &key)) {
		if (is_key(key, "text") && part.text.ptr == NULL) {
			if (!event_take_string(s, &part.text))
				return false;
		} else if (is_key(key, "thought") && part.kind == PART_TEXT) {
			if (!take_literal(s, SLICE("true")))
				return false;
			part.kind = PART_THOUGHT;
		} else {
			return false;
		}
	}
	event->has_part = true;
	event->part = part;
	return part.text.ptr != NULL && event_take(s, '}');
}

static bool
event_read_content(struct scan *s, struct gemini_event *event)
{
	struct slice key;
	bool first = true;

	if (event->has_part || !event_take(s, '{'))
		return false;
	while (next_key(s, &first, &key)) {
		if (is_key(key, "parts")) {
			if (!event_take(s, '[') || !event_read_part(s, event) ||
			    !event_take(s, ']'))
				return false;
		} else if (!event_skip_scalar(s)) {
			return false;
		}
	}
	return event_take(s, '}');
}

static bool
read_candidate(struct scan *s, struct gemini_event *event)
{
	bool first = true, indexed = false, content = false;
	struct slice key;
	unsigned index;

	if (!event_take(s, '{'))
		return false;
	while (next_key(s, &first, &key)) {
		if (is_key(key, "content") && !content) {
			content = true;
			if (!event_read_content(s, event))
				return false;
		} else if (is_key(key, "finishReason") && event->finish.len == 0) {
			if (!take_word(s, &event->finish))
				return false;
		} else if (is_key(key, "index") && !indexed) {
			indexed = true;
			if (!event_take_number(s, &index))
				return false;
			event->index = index;
		} else if (is_key(key, "safetyRatings")) {
			if (!skip_value(s, DEPTH_MAX))
				return false;
		} else if (is_key(key, "content") || is_key(key, "finishReason") ||
			   is_key(key, "index") || !event_skip_scalar(s)) {
			return false;
		}
	}
	return event_take(s, '}');
}

static bool
read_usage(struct scan *s, struct gemini_event *event)
{
	const char *start;

	event_peek(s);
	start = s->at;
	if (event->usage.len > 0 || !skip_object(s, DEPTH_MAX))
		return false;
	event->usage = (struct slice){ start, (size_t)(s->at - start) };
	return event->usage.len <= USAGE_OBJECT_MAX;
}

static bool
event_read_event(struct scan *s, struct gemini_event *event)
{
	bool first = true, candidates = false;
	struct slice key;

	if (!event_take(s, '{'))
		return false;
	while (next_key(s, &first, &key)) {
		if (is_key(key, "candidates") && !candidates) {
			candidates = true;
			if (!event_take(s, '[') || !read_candidate(s, event) || !event_take(s, ']'))
				return false;
		} else if (is_key(key, "usageMetadata")) {
			if (!read_usage(s, event))
				return false;
		} else if (is_key(key, "candidates") || is_key(key, "promptFeedback") ||
			   is_key(key, "error") || !event_skip_scalar(s)) {
			return false;
		}
	}
	return event_take(s, '}') && event_peek(s) == '\0' && s->at == s->end;
}

bool
gemini_event_read(struct slice data, struct gemini_event *ret)
{
	struct gemini_event event = { .finish = SLICE(""), .usage = SLICE("") };
	struct scan s = { data.ptr, data.ptr + data.len };

	if (!event_read_event(&s, &event))
		return false;
	*ret = event;
	return true;
}

static bool
event_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool
gemini_event_same_shape(struct slice a, struct slice b)
{
	const char *p = a.ptr, *q = b.ptr, *p_end = p + a.len, *q_end = q + b.len;

	for (;;) {
		while (p < p_end && event_is_digit(*p))
			p++;
		while (q < q_end && event_is_digit(*q))
			q++;
		if (p == p_end || q == q_end)
			return p == p_end && q == q_end;
		if (*p++ != *q++)
			return false;
	}
}
