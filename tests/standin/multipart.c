/* Two parts between boundaries. */
#include "config.h"

#include "multipart.h"

#include <string.h>

#define BOUNDARY_MAX 200

static struct slice
multipart_tail(struct slice s, size_t from)
{
	return (struct slice){ s.ptr + from, s.len - from };
}

/* "boundary" of the Content-Type, quoted or not. */
static struct slice
boundary_of(const struct request *req)
{
	struct slice type = request_header(req, "content-type"), value;
	ptrdiff_t at = slice_find(type, SLICE("boundary="));

	if (!slice_startsi(type, SLICE("multipart/related")) || at < 0)
		return SLICE("");
	value = multipart_tail(type, (size_t)at + 9);
	if (slice_starts(value, SLICE("\""))) {
		value = multipart_tail(value, 1);
		slice_split(&value, '"', &type);
		return type;
	}
	slice_split(&value, ';', &type);
	return slice_trim(type);
}

/* What stands behind a header's name in the lines, up to the end of its line. */
static struct slice
header_of(struct slice lines, const char *name)
{
	struct slice line, key;

	while (slice_split(&lines, '\n', &line)) {
		line = slice_trim(line);
		if (slice_split(&line, ':', &key) && slice_eqi(slice_trim(key), slice_str(name)))
			return slice_trim(line);
	}
	return SLICE("");
}

/* One part behind a boundary; *rest becomes what follows it, the next boundary included. */
static bool
next_part(struct slice *rest, struct slice boundary, struct slice *ret_head, struct slice *ret_body)
{
	ptrdiff_t end;

	if (!slice_starts(*rest, boundary))
		return false;
	*rest = multipart_tail(*rest, boundary.len);
	end = slice_find(*rest, SLICE("\r\n\r\n"));
	if (end < 0)
		return false;
	*ret_head = (struct slice){ rest->ptr, (size_t)end };
	*rest = multipart_tail(*rest, (size_t)end + 4);
	end = slice_find(*rest, boundary);
	if (end < 2)
		return false;
	*ret_body = (struct slice){ rest->ptr, (size_t)end - 2 }; /* without the CRLF */
	*rest = multipart_tail(*rest, (size_t)end);
	return true;
}

bool
multipart_read(const struct request *req, struct multipart *ret)
{
	struct slice rest = buf_slice(&req->body), name = boundary_of(req), head;
	char boundary[BOUNDARY_MAX + 3] = "--";

	if (name.len == 0 || name.len > BOUNDARY_MAX || req->body_bytes != req->body.len)
		return false;
	memcpy(boundary + 2, name.ptr, name.len);
	if (!next_part(&rest, slice_str(boundary), &head, &ret->json) ||
	    !next_part(&rest, slice_str(boundary), &head, &ret->data))
		return false;
	ret->mime = header_of(head, "content-type");
	return true;
}
