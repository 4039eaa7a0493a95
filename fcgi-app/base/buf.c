/* Capped byte buffers; see the header for what an overflow does. */
#include "config.h"

#include "base/buf.h"

#include <endian.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "base/xalloc.h"

struct slice
slice_str(const char *s)
{
	return (struct slice){ s != NULL ? s : "", s != NULL ? strlen(s) : 0 };
}

bool
slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool
slice_eqi(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || strncasecmp(a.ptr, b.ptr, a.len) == 0);
}

bool
slice_starts(struct slice s, struct slice prefix)
{
	return s.len >= prefix.len && slice_eq((struct slice){ s.ptr, prefix.len }, prefix);
}

bool
slice_startsi(struct slice s, struct slice prefix)
{
	return s.len >= prefix.len && slice_eqi((struct slice){ s.ptr, prefix.len }, prefix);
}

bool
slice_ends(struct slice s, struct slice suffix)
{
	return s.len >= suffix.len &&
	       slice_eq((struct slice){ s.ptr + (s.len - suffix.len), suffix.len }, suffix);
}

static bool
buf_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice
slice_trim(struct slice s)
{
	while (s.len > 0 && buf_is_blank(s.ptr[0])) {
		s.ptr++;
		s.len--;
	}
	while (s.len > 0 && buf_is_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

bool
slice_split(struct slice *s, char sep, struct slice *ret_part)
{
	const char *end;

	if (s->len == 0)
		return false;
	end = memchr(s->ptr, sep, s->len);
	if (end == NULL) {
		*ret_part = *s;
		*s = (struct slice){ s->ptr + s->len, 0 };
		return true;
	}
	*ret_part = (struct slice){ s->ptr, (size_t)(end - s->ptr) };
	*s = (struct slice){ end + 1, s->len - ret_part->len - 1 };
	return true;
}

ptrdiff_t
slice_find(struct slice s, struct slice needle)
{
	const char *at;

	if (needle.len == 0)
		return 0;
	if (s.len < needle.len)
		return -1;
	at = memmem(s.ptr, s.len, needle.ptr, needle.len);
	return at != NULL ? at - s.ptr : -1;
}

/* When the text behind a `*` does not fit, the last `*` takes one byte more. */
bool
slice_fits(struct slice s, struct slice pattern)
{
	size_t at = 0, i = 0, behind_star = 0, resume = 0;
	bool star = false;

	while (i < s.len) {
		if (at < pattern.len && pattern.ptr[at] == '*') {
			star = true;
			behind_star = ++at;
			resume = i;
		} else if (at < pattern.len && pattern.ptr[at] == s.ptr[i]) {
			at++;
			i++;
		} else if (star) {
			at = behind_star;
			i = ++resume;
		} else {
			return false;
		}
	}
	while (at < pattern.len && pattern.ptr[at] == '*')
		at++;
	return at == pattern.len;
}

bool
slice_u64(struct slice s, uint64_t *ret)
{
	uint64_t value = 0;

	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned)(unsigned char)s.ptr[i] - '0';

		if (digit > 9 || value > (UINT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*ret = value;
	return true;
}

/* Bytes below n (at most 0x80): their highest bit, and maybe those of bytes above the first. */
#define EACH(byte)     (0x0101010101010101ULL * (byte))
#define BELOW(word, n) (((word)-EACH(n)) & ~(word)&EACH(0x80))

static bool
is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* Eight bytes at a time: most of what is read and written here is text. */
size_t
slice_plain(struct slice s)
{
	size_t i = 0;

	for (; s.len - i >= 8; i += 8) {
		uint64_t word, special;

		memcpy(&word, s.ptr + i, sizeof(word));
		word = le64toh(word);
		special = BELOW(word, 0x20) | BELOW(word ^ EACH('"'), 1) |
		          BELOW(word ^ EACH('\\'), 1) | (word & EACH(0x80));
		if (special != 0)
			return i + (size_t)__builtin_ctzll(special) / 8;
	}
	while (i < s.len && is_plain((unsigned char)s.ptr[i]))
		i++;
	return i;
}

bool
slice_hex64(struct slice s, uint64_t *ret)
{
	uint64_t value = 0;

	if (s.len != 16)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		int digit = ascii_hex(s.ptr[i]);

		if (digit < 0)
			return false;
		value = value << 4 | (uint64_t)digit;
	}
	*ret = value;
	return true;
}

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void
buf_release(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ .max = b->max };
}

void
buf_reset(struct buf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->data != NULL)
		b->data[0] = '\0';
}

char *
buf_room(struct buf *b, size_t len)
{
	size_t need;

	if (b->failed || len > b->max - b->len) {
		b->failed = true;
		return NULL;
	}
	need = b->len + len + 1;
	if (need > b->cap) {
		size_t cap = b->cap < 128 ? 128 : b->cap;

		while (cap < need)
			cap += cap / 2;
		if (cap > b->max + 1)
			cap = b->max + 1;
		b->data = xrealloc(b->data, cap);
		b->cap = cap;
	}
	return b->data + b->len;
}

void
buf_add(struct buf *b, const void *data, size_t len)
{
	char *room = buf_room(b, len);

	if (room == NULL)
		return;
	if (len > 0)
		memcpy(room, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void
buf_addc(struct buf *b, char c)
{
	/* Room for it and the NUL is there but for one time in many. */
	if (b->failed || b->len + 1 >= b->cap || b->len == b->max) {
		buf_add(b, &c, 1);
		return;
	}
	b->data[b->len++] = c;
	b->data[b->len] = '\0';
}

void
buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_add_slice(struct buf *b, struct slice s)
{
	buf_add(b, s.ptr, s.len);
}

void
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list args, again;
	char *room;
	int len;

	va_start(args, fmt);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (len >= 0 && (room = buf_room(b, (size_t)len)) != NULL) {
		vsnprintf(room, (size_t)len + 1, fmt, again);
		b->len += (size_t)len;
	}
	va_end(again);
}

void
buf_add_u64(struct buf *b, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	buf_add(b, digits + at, sizeof(digits) - at);
}

void
buf_add_i64(struct buf *b, int64_t value)
{
	if (value < 0)
		buf_addc(b, '-');
	buf_add_u64(b, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

static void
add_json_escape(struct buf *b, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	const char unicode[] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };

	switch (c) {
	case '"':
		buf_add(b, "\\\"", 2);
		break;
	case '\\':
		buf_add(b, "\\\\", 2);
		break;
	case '\n':
		buf_add(b, "\\n", 2);
		break;
	case '\r':
		buf_add(b, "\\r", 2);
		break;
	case '\t':
		buf_add(b, "\\t", 2);
		break;
	default:
		buf_add(b, unicode, sizeof(unicode));
	}
}

void
buf_add_json(struct buf *b, struct slice s)
{
	size_t start = 0, i = 0;

	if (s.len == 0)
		return;
	for (;;) {
		unsigned char c;
		size_t width;

		i += slice_plain(slice_skip(s, i));
		if (i == s.len)
			break;
		c = (unsigned char)s.ptr[i];
		if (c >= 0x80) {
			width = utf8_width((const unsigned char *)s.ptr + i, s.len - i);
			if (width > 0) {
				i += width;
				continue;
			}
		}
		buf_add(b, s.ptr + start, i - start);
		if (c >= 0x80)
			buf_adds(b, UTF8_REPLACEMENT);
		else
			add_json_escape(b, c);
		start = ++i;
	}
	buf_add(b, s.ptr + start, i - start);
}

void
buf_add_html(struct buf *b, struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		switch (s.ptr[i]) {
		case '&':
			buf_adds(b, "&amp;");
			break;
		case '<':
			buf_adds(b, "&lt;");
			break;
		case '>':
			buf_adds(b, "&gt;");
			break;
		case '"':
			buf_adds(b, "&quot;");
			break;
		case '\'':
			buf_adds(b, "&#39;");
			break;
		default:
			buf_addc(b, s.ptr[i]);
		}
	}
}

void
buf_consume(struct buf *b, size_t n)
{
	if (n >= b->len) {
		b->len = 0;
	} else if (n > 0) {
		memmove(b->data, b->data + n, b->len - n);
		b->len -= n;
	}
	if (b->data != NULL)
		b->data[b->len] = '\0';
}

char *
buf_take(struct buf *b)
{
	char *data = b->data != NULL ? b->data : xstrdup("");

	*b = (struct buf){ .max = b->max };
	return data;
}

struct slice
buf_slice(const struct buf *b)
{
	return (struct slice){ b->data != NULL ? b->data : "", b->len };
}
