/*
 * Looks for `"usageMetadata": {...}` in bytes that pass by. A quote inside a JSON string is
 * escaped, so the key with both its quotes can only be a key or a whole string; a colon must
 * follow.
 */
#include "config.h"

#include "core/gemini/usage.h"

#include <string.h>

#include "base/limits.h"
#include "core/json/json.h"

static const struct slice key = { "\"usageMetadata\"", 15 };

void
usage_scan_init(struct usage_scan *s)
{
	*s = (struct usage_scan){ 0 };
	buf_init(&s->object, USAGE_OBJECT_MAX);
	buf_init(&s->last, USAGE_OBJECT_MAX);
}

void
usage_scan_release(struct usage_scan *s)
{
	buf_release(&s->object);
	buf_release(&s->last);
}

static void
usage_enter(struct usage_scan *s, int state)
{
	s->state = state;
	s->matched = 0;
	s->depth = 0;
	s->in_string = s->escaped = false;
	buf_reset(&s->object);
}

/* How much of the key the bytes end with. */
static size_t
match_at_end(struct slice bytes)
{
	struct slice tail = bytes;
	const char *quote;

	if (tail.len >= key.len)
		tail = slice_skip(tail, tail.len - (key.len - 1));
	/* Only the first byte of an unfinished key is a quote. */
	quote = tail.len > 0 ? memrchr(tail.ptr, '"', tail.len) : NULL;
	if (quote == NULL)
		return 0;
	tail = slice_skip(tail, (size_t)(quote - tail.ptr));
	return slice_starts(key, tail) ? tail.len : 0;
}

/* Returns what follows the key, or nothing when the bytes end before it is whole. */
static struct slice
scan_key(struct usage_scan *s, struct slice bytes)
{
	ptrdiff_t at;

	while (s->matched > 0 && bytes.len > 0) {
		if (bytes.ptr[0] != key.ptr[s->matched]) {
			s->matched = 0;
			break;
		}
		bytes = slice_skip(bytes, 1);
		if (++s->matched == key.len) {
			usage_enter(s, USAGE_SCAN_COLON);
			return bytes;
		}
	}
	if (s->matched > 0 || bytes.len == 0)
		return bytes;
	at = slice_find(bytes, key);
	if (at < 0) {
		s->matched = match_at_end(bytes);
		return slice_skip(bytes, bytes.len);
	}
	usage_enter(s, USAGE_SCAN_COLON);
	return slice_skip(bytes, (size_t)at + key.len);
}

/* Blanks, the colon, blanks, then the object's brace; anything else was no usage. */
static struct slice
scan_colon(struct usage_scan *s, struct slice bytes)
{
	for (; bytes.len > 0; bytes = slice_skip(bytes, 1)) {
		switch (bytes.ptr[0]) {
		case ' ':
		case '\t':
		case '\r':
		case '\n':
		case ':':
			continue;
		case '{':
			usage_enter(s, USAGE_SCAN_OBJECT);
			return bytes;
		default:
			usage_enter(s, USAGE_SCAN_KEY);
			return bytes;
		}
	}
	return bytes;
}

/* True when c closes the object. */
static bool
usage_step(struct usage_scan *s, char c)
{
	if (s->escaped)
		s->escaped = false;
	else if (s->in_string && c == '\\')
		s->escaped = true;
	else if (c == '"')
		s->in_string = !s->in_string;
	else if (!s->in_string && c == '{')
		s->depth++;
	else if (!s->in_string && c == '}')
		return --s->depth == 0;
	return false;
}

static struct slice
scan_object(struct usage_scan *s, struct slice bytes)
{
	static const bool matters[256] = {
		['"'] = true,
		['\\'] = true,
		['{'] = true,
		['}'] = true,
	};
	size_t at = 0, end = bytes.len < USAGE_OBJECT_MAX ? bytes.len : USAGE_OBJECT_MAX + 1;
	bool closed = false;

	while (at < end && !closed) {
		if (matters[(unsigned char)bytes.ptr[at]] || s->escaped)
			closed = usage_step(s, bytes.ptr[at]);
		at++;
	}
	buf_add(&s->object, bytes.ptr, at);
	if (closed && !s->object.failed) {
		struct buf whole = s->object;

		s->object = s->last;
		s->last = whole;
	}
	if (closed || s->object.failed)
		usage_enter(s, USAGE_SCAN_KEY);
	return slice_skip(bytes, at);
}

void
usage_scan_feed(struct usage_scan *s, struct slice bytes)
{
	while (bytes.len > 0) {
		switch (s->state) {
		case USAGE_SCAN_KEY:
			bytes = scan_key(s, bytes);
			break;
		case USAGE_SCAN_COLON:
			bytes = scan_colon(s, bytes);
			break;
		case USAGE_SCAN_OBJECT:
			bytes = scan_object(s, bytes);
			break;
		}
	}
}

void
usage_scan_finish(struct usage_scan *s)
{
	json_object *metadata = s->last.len > 0 ? json_read(buf_slice(&s->last)) : NULL;

	usage_read(&s->usage, metadata);
	json_object_put(metadata);
}
