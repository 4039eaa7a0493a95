/*
 * From the words of the configuration to an engine. Nothing of a Redis URL is ever shown: it may
 * hold a password.
 */
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
decoded(struct slice text)
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
parse_user(struct slice *s, size_t authority, struct state_url *ret)
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
	ret->user = user.len > 0 ? decoded(user) : NULL;
	ret->password = decoded(all);
	return ret->password != NULL && (user.len == 0 || ret->user != NULL);
}

static bool
parse_db(struct slice text, struct state_url *ret)
{
	uint64_t number = 0;

	if (text.len > 0 && (!slice_u64(text, &number) || number > DB_MAX))
		return false;
	ret->db = (uint32_t)number;
	return true;
}

/* HOST, HOST:PORT or [ADDRESS]:PORT */
static bool
parse_host(struct slice s, struct state_url *ret)
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
	if (port.len > 0 && (port.ptr[0] != ':' ||
				!slice_u64((struct slice){ port.ptr + 1, port.len - 1 }, &number)))
		return false;
	if (s.len == 0 || number == 0 || number > UINT16_MAX)
		return false;
	ret->port = (uint16_t)number;
	ret->host = decoded(s);
	return ret->host != NULL;
}

/* [USER]:PASSWORD@HOST:PORT/DB */
static bool
parse_tcp(struct slice s, struct state_url *ret)
{
	const char *slash;
	struct slice host;

	/* A password may hold slashes only as %2F. */
	slash = memchr(s.ptr, '/', s.len);
	if (!parse_user(&s, slash != NULL ? (size_t)(slash - s.ptr) : s.len, ret))
		return false;
	host = (struct slice){ s.ptr, slash != NULL ? (size_t)(slash - s.ptr) : s.len };
	if (slash != NULL && !parse_db((struct slice){ slash + 1, s.len - host.len - 1 }, ret))
		return false;
	return parse_host(host, ret);
}

/* [USER]:PASSWORD@/PATH?db=DB */
static bool
parse_unix(struct slice s, struct state_url *ret)
{
	const char *slash = memchr(s.ptr, '/', s.len), *mark;
	struct slice path;

	if (slash == NULL || !parse_user(&s, (size_t)(slash - s.ptr), ret) || s.ptr != slash)
		return false;
	mark = memchr(s.ptr, '?', s.len);
	path = (struct slice){ s.ptr, mark != NULL ? (size_t)(mark - s.ptr) : s.len };
	if (mark != NULL) {
		struct slice query = { mark, s.len - path.len };

		if (!slice_starts(query, SLICE("?db=")) ||
		    !parse_db((struct slice){ query.ptr + 4, query.len - 4 }, ret))
			return false;
	}
	ret->path = decoded(path);
	return ret->path != NULL;
}

int
state_url_parse(struct slice spec, struct state_url *ret, char error[CONF_ERROR_MAX])
{
	struct slice tcp = SLICE("redis://"), local = SLICE("redis+unix://");
	bool good = false;

	*ret = (struct state_url){ 0 };
	if (slice_starts(spec, tcp))
		good = parse_tcp((struct slice){ spec.ptr + tcp.len, spec.len - tcp.len }, ret);
	else if (slice_starts(spec, local))
		good =
		    parse_unix((struct slice){ spec.ptr + local.len, spec.len - local.len }, ret);
	if (good)
		return 0;
	state_url_release(ret);
	snprintf(error, CONF_ERROR_MAX,
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

/* ---- engines ---- */

static int
spec_refuse(char error[CONF_ERROR_MAX], const char *text)
{
	snprintf(error, CONF_ERROR_MAX, "%s", text);
	return -1;
}

static int
check_sqlite(struct slice spec, char error[CONF_ERROR_MAX])
{
#ifndef HAVE_SQLITE
	(void)spec;
	return spec_refuse(error, "This program was built without SQLite.");
#endif
	return spec.len > 0 ? 0 : spec_refuse(error, "sqlite: needs the path of a file.");
}

static int
check_redis(struct slice spec, char error[CONF_ERROR_MAX])
{
	struct state_url url;

#ifndef HAVE_HIREDIS
	return spec_refuse(error, "This program was built without hiredis.");
#endif
	if (state_url_parse(spec, &url, error) != 0)
		return -1;
	state_url_release(&url);
	return 0;
}

static int
check_rediss(struct slice spec, char error[CONF_ERROR_MAX])
{
	(void)spec;
	return spec_refuse(error,
	    "Redis over TLS (rediss://) is not supported: use redis:// to a local TLS tunnel.");
}

static struct state_engine *
open_sqlite(struct slice spec, char error[CONF_ERROR_MAX])
{
	return state_sqlite_new(spec.ptr, error);
}

static struct state_engine *
open_redis(struct slice spec, char error[CONF_ERROR_MAX])
{
	struct state_url url;

	return state_url_parse(spec, &url, error) == 0 ? state_redis_new(&url, error) : NULL;
}

static const struct spec_kind {
	const char *prefix;
	bool cut; /* the functions get what follows the prefix */
	int (*check)(struct slice spec, char error[CONF_ERROR_MAX]);
	struct state_engine *(*open)(struct slice spec, char error[CONF_ERROR_MAX]);
} kinds[] = {
	{ "sqlite:", true, check_sqlite, open_sqlite },
	{ "redis://", false, check_redis, open_redis },
	{ "redis+unix://", false, check_redis, open_redis },
	{ "rediss://", false, check_rediss, NULL },
};

/* -1 with a sentence; *ret_kind NULL: memory. *ret_spec: for the kind's functions, NUL-terminated
 * as spec is. */
static int
spec_read(const char *spec, const struct spec_kind **ret_kind, struct slice *ret_spec,
    char error[CONF_ERROR_MAX])
{
	*ret_kind = NULL;
	if (spec[0] == '\0' || strcmp(spec, "memory") == 0)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strncmp(spec, kinds[i].prefix, strlen(kinds[i].prefix)) == 0) {
			*ret_kind = &kinds[i];
			*ret_spec = slice_str(spec + (kinds[i].cut ? strlen(kinds[i].prefix) : 0));
			return kinds[i].check(*ret_spec, error);
		}
	return spec_refuse(
	    error, "The state must be memory, sqlite:PATH, redis://HOST or redis+unix:///PATH.");
}

int
state_check(const char *spec, char error[CONF_ERROR_MAX])
{
	const struct spec_kind *kind;
	struct slice rest;

	return spec_read(spec, &kind, &rest, error);
}

int
state_engine_open(const char *spec, struct state_engine **ret, char error[CONF_ERROR_MAX])
{
	const struct spec_kind *kind;
	struct slice rest;

	*ret = NULL;
	if (spec_read(spec, &kind, &rest, error) != 0)
		return -1;
	if (kind != NULL)
		*ret = kind->open(rest, error);
	return kind == NULL || *ret != NULL ? 0 : -1;
}
