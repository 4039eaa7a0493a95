/* Request targets to segments, and the refusal of what tries to climb. */
#include "config.h"

#include <string.h>

#include "base/xalloc.h"
#include "core/http/query.h"
#include "route_priv.h"

/* The path and what follows it, of `http://host/path`. */
static struct slice
without_authority(struct slice uri)
{
	static const struct slice schemes[] = { { "http://", 7 }, { "https://", 8 } };

	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
		size_t at = schemes[i].len;

		if (!slice_startsi(uri, schemes[i]))
			continue;
		while (at < uri.len && strchr("/?#", uri.ptr[at]) == NULL)
			at++;
		return slice_skip(uri, at);
	}
	return uri;
}

/* Cuts s at the first byte sep and yields what follows it. */
static struct slice
cut_at(struct slice *s, char sep)
{
	struct slice whole = *s;
	const char *at = whole.len > 0 ? memchr(whole.ptr, sep, whole.len) : NULL;

	if (at == NULL)
		return (struct slice){ whole.ptr + whole.len, 0 };
	s->len = (size_t)(at - whole.ptr);
	return (struct slice){ at + 1, whole.len - s->len - 1 };
}

static bool
has_controls(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] <= ' ' || s.ptr[i] == 0x7f)
			return true;
	return false;
}

/* Counts the bytes of one decoded segment as far as a dot segment can be told. */
struct dots {
	size_t dots, others;
};

static bool
is_dot_segment(const struct dots *d)
{
	return d->others == 0 && (d->dots == 1 || d->dots == 2);
}

static const char *
path_fault(struct slice path)
{
	struct dots dots = { 0 };
	size_t at = 0;

	while (at < path.len) {
		int byte = (unsigned char)path.ptr[at];

		if (byte == '%') {
			byte = percent_byte(slice_skip(path, at));
			if (byte < 0)
				return "The path holds a broken percent escape.";
			at += 2;
		}
		at++;
		if (byte < ' ' || byte == 0x7f || byte == '\\')
			return "The path holds control characters or backslashes.";
		if (byte == '/') {
			if (is_dot_segment(&dots))
				break;
			dots = (struct dots){ 0 };
		} else if (byte == '.') {
			dots.dots++;
		} else {
			dots.others++;
		}
	}
	return is_dot_segment(&dots) ? "The path holds dot segments." : NULL;
}

int
route_path_read(struct slice uri, struct route_path *ret, struct apierror *err)
{
	struct slice rest = without_authority(uri), segment;
	const char *fault;

	cut_at(&rest, '#');
	ret->query = cut_at(&rest, '?');
	ret->path = rest;
	ret->count = 0;
	ret->mount = 0;
	if (has_controls(ret->path) || has_controls(ret->query))
		return apierror_set(
		    err, APIERROR_BAD_REQUEST, NULL, "The URL holds blanks or control characters.");
	if (rest.len > 0 && rest.ptr[0] != '/')
		return apierror_set(
		    err, APIERROR_BAD_REQUEST, NULL, "The path does not begin with a slash.");
	fault = path_fault(rest);
	if (fault != NULL)
		return apierror_set(err, APIERROR_BAD_REQUEST, NULL, "%s", fault);
	while (slice_split(&rest, '/', &segment)) {
		if (segment.len == 0)
			continue;
		if (ret->count == ROUTE_SEGMENTS_MAX)
			return apierror_set(
			    err, APIERROR_BAD_REQUEST, NULL, "The path has too many segments.");
		ret->segs[ret->count++] = segment;
	}
	return 0;
}

struct slice
route_path_before(const struct route_path *p, size_t at)
{
	struct slice before = p->path;

	if (at < p->count)
		before.len = (size_t)(p->segs[at].ptr - p->path.ptr);
	while (before.len > 0 && before.ptr[before.len - 1] == '/')
		before.len--;
	return before;
}

bool
route_path_is(const struct route_path *p, size_t at, const char *word)
{
	return at < p->count && slice_eq(p->segs[at], slice_str(word));
}
