/* Parameters are separated by `&` alone; what cannot be decoded is left for Google to refuse. */
#include "config.h"

#include "core/http/query.h"

#include <string.h>

int
percent_byte(struct slice s)
{
	int high, low;

	if (s.len < 3 || s.ptr[0] != '%')
		return -1;
	high = ascii_hex(s.ptr[1]);
	low = ascii_hex(s.ptr[2]);
	return high >= 0 && low >= 0 ? high * 16 + low : -1;
}

/* Does raw, decoded, spell name? */
static bool
name_is(struct slice raw, const char *name)
{
	while (raw.len > 0 && *name != '\0') {
		int value = percent_byte(raw);
		size_t width = value >= 0 ? 3 : 1;

		if ((value >= 0 ? (char)value : raw.ptr[0]) != *name)
			return false;
		raw = slice_skip(raw, width);
		name++;
	}
	return raw.len == 0 && *name == '\0';
}

bool
query_get(struct slice query, const char *name, struct slice *ret_raw)
{
	struct slice param, part;

	while (slice_split(&query, '&', &param)) {
		if (slice_split(&param, '=', &part) && name_is(part, name)) {
			*ret_raw = param;
			return true;
		}
	}
	return false;
}

bool
percent_decode(struct slice raw, bool form, struct buf *out)
{
	size_t at = 0;

	while (at < raw.len) {
		char c = raw.ptr[at];
		int value;

		if (c == '%') {
			value = percent_byte(slice_skip(raw, at));
			if (value < 0)
				return false;
			c = (char)value;
			at += 2;
		} else if (c == '+' && form) {
			c = ' ';
		}
		if (c == '\0')
			return false;
		buf_addc(out, c);
		at++;
	}
	return true;
}

static bool
is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

void
percent_encode(struct slice raw, struct buf *out)
{
	for (size_t i = 0; i < raw.len; i++) {
		if (is_unreserved(raw.ptr[i]))
			buf_addc(out, raw.ptr[i]);
		else
			buf_addf(out, "%%%02X", (unsigned)(unsigned char)raw.ptr[i]);
	}
}

static bool
query_is_named(struct slice param, const char *const *names)
{
	struct slice name = SLICE("");

	slice_split(&param, '=', &name);
	for (; *names != NULL; names++)
		if (name_is(name, *names))
			return true;
	return false;
}

void
query_without(struct slice query, const char *const *names, struct buf *out)
{
	struct slice param;
	bool first = true, last = false;

	while (!last) {
		const char *end = query.len > 0 ? memchr(query.ptr, '&', query.len) : NULL;

		last = end == NULL;
		param = (struct slice){ query.ptr, last ? query.len : (size_t)(end - query.ptr) };
		if (!last)
			query = (struct slice){ end + 1, query.len - param.len - 1 };
		if (query_is_named(param, names))
			continue;
		if (!first)
			buf_addc(out, '&');
		buf_add_slice(out, param);
		first = false;
	}
}
