/* The URL of a Redis server. Nothing of it is ever shown: it may hold a password. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "state_priv.h"

#define PORT_DEFAULT 6379
#define DB_MAX       65535

/* Percent-decoded, as a string of its own; NULL when it is not valid or holds a NUL. */
static char *
url_decoded(struct slice text)
{
	char *ret = xcalloc(text.len + 1, 1);
	bool good = memchr(text.ptr, '\0', text.len) == NULL;

	for (size_t i = 0, len = 0; i < text.len && good; i++, len++) {
		int high, low;

		ret[len] = text.ptr[i];
		if (text.ptr[i] != '%')
			continue;
		high = i + 2 < text.len ? ascii_hex(text.ptr[i + 1]) : -1;
		low = high >= 0 ? ascii_hex(text.ptr[i + 2]) : -1;
		good = low >= 0 && high + low > 0;
		ret[len] = (char)(high * 16 + low);
		i += 2;
	}
	if (good)
		return ret;
	explicit_bzero(ret, text.len);
	free(ret);
	return NULL;
}

/* The part before the last '@' of the authority; *s becomes what follows. */
static bool
url_parse_user(struct slice *s, size_t authority, struct state_url *ret)
{
	struct slice user, all;
	const char *at = memrchr(s->ptr, '@', authority);
	const char *colon;

	if (at == NULL)
		return true;
	all = (struct slice){ s->ptr, (size_t)(at - s->ptr) };
	*s = (struct slice){ at + 1, s->len - all.len - 1 };
	colon = memchr(all.ptr, ':', all.len);
	if (colon == NULL)
		return false;
	user = (struct slice){ all.ptr, (size_t)(colon - all.ptr) };
	all = (struct slice){ colon + 1, all.len - user.len - 1 };
	ret->user = user.len > 0 ? url_decoded(user) : NULL;
	ret->password = url_decoded(all);
	return ret->password != NULL && (user.len == 0 || ret->user != NULL);
}

static bool
url_parse_db(struct slice text, struct state_url *ret)
{
	uint64_t number = 0;

	if (text.len > 0 && (!slice_u64(text, &number) || number > DB_MAX))
		return false;
	ret->db = (uint32_t)number;
	return true;
}

/* HOST, HOST:PORT or [ADDRESS]:PORT */
static bool
url_parse_host(struct slice s, struct state_url *ret)
{
	struct slice port = SLICE("");
	const char *end;
	uint64_t number = PORT_DEFAULT;

	if (s.len > 0 && s.ptr[0] == '[') {
		end = memchr(s.ptr, ']', s.len);
		if (end == NULL)
			return false;
		port = (struct slice){ end + 1, (size_t)(s.ptr + s.len - end - 1) };
		s = (struct slice){ s.ptr + 1, (size_t)(end - s.ptr - 1) };
	} else {
		end = memchr(s.ptr, ':', s.len);
		if (end != NULL)
			port = (struct slice){ end, (size_t)(s.ptr + s.len - end) };
		s.len -= port.len;
	}
	if (port.len > 0 && (port.ptr[0] != ':' || !slice_u64(slice_skip(port, 1), &number)))
		return false;
	if (s.len == 0 || number == 0 || number > UINT16_MAX)
		return false;
	ret->port = (uint16_t)number;
	ret->host = url_decoded(s);
	return ret->host != NULL;
}

/* [USER]:PASSWORD@HOST:PORT/DB */
static bool
url_parse_tcp(struct slice s, struct state_url *ret)
{
	const char *slash;
	struct slice host;

	/* A password may hold slashes only as %2F. */
	slash = memchr(s.ptr, '/', s.len);
	if (!url_parse_user(&s, slash != NULL ? (size_t)(slash - s.ptr) : s.len, ret))
		return false;
	host = (struct slice){ s.ptr, slash != NULL ? (size_t)(slash - s.ptr) : s.len };
	if (slash != NULL && !url_parse_db((struct slice){ slash + 1, s.len - host.len - 1 }, ret))
		return false;
	return url_parse_host(host, ret);
}

/* [USER]:PASSWORD@/PATH?db=DB */
static bool
url_parse_unix(struct slice s, struct state_url *ret)
{
	const char *slash = memchr(s.ptr, '/', s.len), *mark;
	struct slice path;

	if (slash == NULL || !url_parse_user(&s, (size_t)(slash - s.ptr), ret) || s.ptr != slash)
		return false;
	mark = memchr(s.ptr, '?', s.len);
	path = (struct slice){ s.ptr, mark != NULL ? (size_t)(mark - s.ptr) : s.len };
	if (mark != NULL) {
		struct slice query = { mark, s.len - path.len };

		if (!slice_starts(query, SLICE("?db=")) || !url_parse_db(slice_skip(query, 4), ret))
			return false;
	}
	ret->path = url_decoded(path);
	return ret->path != NULL;
}

int
state_url_parse(struct slice spec, struct state_url *ret, char error[STATE_ERROR_MAX])
{
	struct slice tcp = SLICE("redis://"), local = SLICE("redis+unix://");
	bool good = false;

	*ret = (struct state_url){ 0 };
	if (slice_starts(spec, tcp))
		good = url_parse_tcp(slice_skip(spec, tcp.len), ret);
	else if (slice_starts(spec, local))
		good = url_parse_unix(slice_skip(spec, local.len), ret);
	if (good)
		return 0;
	state_url_release(ret);
	snprintf(error, STATE_ERROR_MAX,
	    "The URL of the Redis server must be redis://USER:PASSWORD@HOST:PORT/DB or "
	    "redis+unix://USER:PASSWORD@/PATH?db=DB; all but HOST or PATH may be left out, and "
	    "special characters must be percent-encoded.");
	return -1;
}

void
state_url_release(struct state_url *url)
{
	free(url->host);
	free(url->path);
	secret_free(url->user);
	secret_free(url->password);
	*url = (struct state_url){ 0 };
}
