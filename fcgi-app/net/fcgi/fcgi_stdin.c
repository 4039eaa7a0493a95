/* Records of a body, fed in pieces; no I/O. */
#include "config.h"

#include "net/fcgi/fcgi_stdin.h"

#include <string.h>

void
fcgi_stdin_init(struct fcgi_stdin *s, uint16_t id)
{
	*s = (struct fcgi_stdin){ .id = id, .over = FCGI_STDIN_MORE };
}

/* At most max bytes from the front. */
static struct slice
stdin_take(struct slice *data, size_t max)
{
	struct slice taken = { data->ptr, data->len < max ? data->len : max };

	data->ptr += taken.len;
	data->len -= taken.len;
	return taken;
}

/* False when the header is not complete yet. */
static bool
take_header(struct fcgi_stdin *s, struct slice *data)
{
	struct slice part = stdin_take(data, FCGI_HEADER_LEN - s->header_len);

	if (part.len > 0)
		memcpy(s->header + s->header_len, part.ptr, part.len);
	s->header_len += part.len;
	return s->header_len == FCGI_HEADER_LEN;
}

/* MORE, or how the header ends the body. */
static enum fcgi_stdin_result
open_record(struct fcgi_stdin *s)
{
	const uint8_t *h = s->header;

	if (h[0] != FCGI_VERSION || (h[2] << 8 | h[3]) != s->id)
		return FCGI_STDIN_BAD;
	if (h[1] == FCGI_TYPE_ABORT)
		return FCGI_STDIN_ABORT;
	if (h[1] != FCGI_TYPE_STDIN)
		return FCGI_STDIN_BAD;
	s->content = (size_t)h[4] << 8 | h[5];
	s->padding = h[6];
	s->last = s->content == 0;
	return FCGI_STDIN_MORE;
}

enum fcgi_stdin_result
fcgi_stdin_next(struct fcgi_stdin *s, struct slice *data, struct slice *ret)
{
	while (s->over == FCGI_STDIN_MORE) {
		if (s->header_len < FCGI_HEADER_LEN) {
			if (!take_header(s, data))
				return FCGI_STDIN_MORE;
			s->over = open_record(s);
			continue;
		}
		if (s->content > 0) {
			*ret = stdin_take(data, s->content);
			s->content -= ret->len;
			return ret->len > 0 ? FCGI_STDIN_CONTENT : FCGI_STDIN_MORE;
		}
		s->padding -= stdin_take(data, s->padding).len;
		if (s->padding > 0)
			return FCGI_STDIN_MORE;
		if (s->last)
			s->over = FCGI_STDIN_END;
		s->header_len = 0;
	}
	return s->over;
}
