/* RFC 8259, 7: \uXXXX for any character, and two-character escapes. */
#include "config.h"

#include "scrub_view.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#define NO_CHARACTER 1

/* The escape at the start of s, which begins with a backslash: its length, or 0 when s ends within
 * it. *ret: the character it stands for. */
static size_t
read_escape(struct slice s, unsigned char *ret)
{
	unsigned value = 0;

	*ret = NO_CHARACTER;
	if (s.len < 2)
		return 0;
	if (s.ptr[1] == '/' || s.ptr[1] == '"' || s.ptr[1] == '\\')
		*ret = (unsigned char)s.ptr[1];
	if (s.ptr[1] != 'u')
		return 2;
	for (size_t i = 2; i < 6; i++) {
		int digit = i < s.len ? ascii_hex(s.ptr[i]) : -1;

		if (i >= s.len)
			return 0;
		if (digit < 0)
			return 2;
		value = value * 16 + (unsigned)digit;
	}
	if (value > NO_CHARACTER && value < 0x80)
		*ret = (unsigned char)value;
	return 6;
}

bool
scrub_view_differs(struct slice data, const bool in[256])
{
	const char *end = data.ptr + data.len, *at = data.ptr;
	unsigned char c;
	size_t len;

	while (at < end && (at = memchr(at, '\\', (size_t)(end - at))) != NULL) {
		len = read_escape((struct slice){ at, (size_t)(end - at) }, &c);
		if (len == 0 || in[c])
			return true;
		at += len;
	}
	return false;
}

size_t
scrub_view_start(struct slice data, size_t at)
{
	const char *slash = data.ptr, *end = data.ptr + data.len;
	unsigned char c;
	size_t len;

	while ((slash = memchr(slash, '\\', (size_t)(data.ptr + at - slash))) != NULL) {
		len = read_escape((struct slice){ slash, (size_t)(end - slash) }, &c);
		if (len == 0 || slash + len > data.ptr + at)
			return (size_t)(slash - data.ptr);
		slash += len;
	}
	return at;
}

void
scrub_view_init(struct scrub_view *v, struct slice data)
{
	size_t at = 0, len;

	*v = (struct scrub_view){ .plain = xmalloc(data.len + 1),
		.from = xmalloc((data.len + 1) * sizeof(*v->from)) };
	for (; at < data.len; at += len) {
		unsigned char c = (unsigned char)data.ptr[at];

		len = 1;
		if (c == '\\')
			len = read_escape(slice_skip(data, at), &c);
		if (len == 0)
			break;
		v->from[v->len] = (uint32_t)at;
		v->plain[v->len++] = (char)c;
	}
	v->from[v->len] = (uint32_t)at;
	v->end = at;
}

void
scrub_view_release(struct scrub_view *v)
{
	explicit_bzero(v->plain, v->len);
	free(v->plain);
	free(v->from);
}
