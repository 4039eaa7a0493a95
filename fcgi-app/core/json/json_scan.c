/*
 * A string that a colon follows is a key. What stands between strings decides what the next one is;
 * within a string only its end matters, and its first bytes.
 */
#include "config.h"

#include "core/json/json_scan.h"

#include <string.h>

void
json_scan_init(struct json_scan *m, const struct member_reader *reader)
{
	*m = (struct json_scan){ .reader = reader };
}

/* ---- strings ---- */

/* In place: what escapes stand for; those beyond ASCII stay as they are. Returns the length. */
static size_t
scan_decode(char *text, size_t len)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	size_t out = 0;

	for (size_t i = 0; i < len; i++) {
		const char *known;

		if (text[i] != '\\' || i + 1 == len) {
			text[out++] = text[i];
			continue;
		}
		i++;
		known = memchr(from, text[i], sizeof(from) - 1);
		if (known != NULL) {
			text[out++] = to[known - from];
		} else if (text[i] == 'u' && i + 4 < len && text[i + 1] == '0' &&
			   text[i + 2] == '0' && ascii_hex(text[i + 3]) >= 0 &&
			   ascii_hex(text[i + 3]) < 8 && ascii_hex(text[i + 4]) >= 0) {
			text[out++] = (char)(ascii_hex(text[i + 3]) << 4 | ascii_hex(text[i + 4]));
			i += 4;
		} else {
			text[out++] = text[i];
		}
	}
	return out;
}

/* Is the string that begins or goes on the value of a key, or in its list? */
static bool
is_value(const struct json_scan *m)
{
	return m->key_depth > 0 && m->depth == m->key_depth + m->in_list;
}

static void
scan_keep(struct json_scan *m, const char *text, size_t len)
{
	size_t room = is_value(m) && m->interest == MEMBER_TELL ? MEMBER_VALUE_MAX : MEMBER_KEY_MAX;

	if (len > room - m->text_len) {
		m->too_long = true;
		return;
	}
	memcpy(m->text + m->text_len, text, len);
	m->text_len += len;
}

/* How many backslashes the bytes end with. */
static size_t
scan_backslashes(const char *from, const char *end)
{
	const char *at = end;

	while (at > from && at[-1] == '\\')
		at--;
	return (size_t)(end - at);
}

/* The bytes up to the end of the string, or all. Returns how many they are. */
static size_t
scan_string(struct json_scan *m, struct slice bytes)
{
	const char *at = bytes.ptr, *end = bytes.ptr + bytes.len, *quote;

	while (at < end) {
		const char *from = at + m->escaped;

		quote = from < end ? memchr(from, '"', (size_t)(end - from)) : NULL;
		if (quote == NULL) {
			m->escaped = from <= end && scan_backslashes(from, end) % 2 > 0;
			scan_keep(m, at, (size_t)(end - at));
			return bytes.len;
		}
		m->escaped = scan_backslashes(from, quote) % 2 > 0;
		scan_keep(m, at, (size_t)(quote - at));
		at = quote;
		if (!m->escaped) {
			m->in_string = false;
			m->ended = true;
			return (size_t)(quote + 1 - bytes.ptr);
		}
	}
	return bytes.len;
}

/* ---- between strings ---- */

static void
scan_tell(struct json_scan *m)
{
	struct member member = {
		.key = { m->key, m->key_len },
		.top = { m->top, m->top_len },
		.depth = m->key_depth,
	};

	if (m->closed > 0 || m->too_long || !is_value(m) || m->interest != MEMBER_TELL)
		return;
	member.value = (struct slice){ m->text, scan_decode(m->text, m->text_len) };
	m->reader->found(m, &member);
}

static void
begin_value(struct json_scan *m)
{
	m->key_depth = 0;
	m->in_list = false;
	if (!m->ended || m->closed > 0)
		return;
	/* Nobody knows a longer key. Text may be longer: where a value was expected. */
	m->key_len = 0;
	if (!m->too_long && m->text_len <= MEMBER_KEY_MAX)
		m->key_len = scan_decode(m->text, m->text_len);
	memcpy(m->key, m->text, m->key_len);
	if (m->depth == 1) {
		memcpy(m->top, m->key, m->key_len);
		m->top_len = m->key_len;
	}
	m->key_depth = m->depth;
	m->interest = m->reader->interest(m, (struct slice){ m->key, m->key_len });
}

static void
open_nest(struct json_scan *m, bool list)
{
	bool value = is_value(m) && m->closed == 0;

	m->depth++;
	if (!value)
		return;
	if (m->interest == MEMBER_CLOSED)
		m->closed = m->depth;
	m->in_list = list && !m->in_list;
	if (!m->in_list)
		m->key_depth = 0;
}

static void
close_nest(struct json_scan *m)
{
	if (m->closed == m->depth)
		m->closed = 0;
	if (m->depth > 0)
		m->depth--;
	/* The member is over: its list is, or what it stands in. */
	if (m->depth <= m->key_depth)
		m->key_depth = 0;
}

static void
scan_mark(struct json_scan *m, char c)
{
	switch (c) {
	case ' ':
	case '\t':
	case '\r':
	case '\n':
		return;
	case '"':
		m->in_string = true;
		m->escaped = m->too_long = false;
		m->text_len = 0;
		break;
	case ':':
		begin_value(m);
		break;
	case ',':
		if (m->key_depth > 0 && m->depth <= m->key_depth)
			m->key_depth = 0;
		break;
	case '{':
	case '[':
		open_nest(m, c == '[');
		break;
	case '}':
	case ']':
		close_nest(m);
		break;
	default:
		break;
	}
	m->ended = false;
}

void
json_scan_feed(struct json_scan *m, struct slice bytes)
{
	size_t at = 0;

	while (at < bytes.len) {
		if (!m->in_string) {
			scan_mark(m, bytes.ptr[at++]);
			continue;
		}
		at += scan_string(m, slice_skip(bytes, at));
		if (!m->in_string)
			scan_tell(m);
	}
}
