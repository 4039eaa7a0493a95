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

static int
spec_refuse(char error[STATE_ERROR_MAX], const char *text)
{
	snprintf(error, STATE_ERROR_MAX, "%s", text);
	return -1;
}

static int
check_sqlite(struct slice spec, char error[STATE_ERROR_MAX])
{
#ifndef HAVE_SQLITE
	(void)spec;
	return spec_refuse(error, "This program was built without SQLite.");
#endif
	return spec.len > 0 ? 0 : spec_refuse(error, "sqlite: needs the path of a file.");
}

static int
check_redis(struct slice spec, char error[STATE_ERROR_MAX])
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
check_rediss(struct slice spec, char error[STATE_ERROR_MAX])
{
	(void)spec;
	return spec_refuse(error,
	    "Redis over TLS (rediss://) is not supported: use redis:// to a local TLS tunnel.");
}

static struct state_engine *
open_sqlite(struct slice spec, char error[STATE_ERROR_MAX])
{
	return state_sqlite_new(spec.ptr, error);
}

static struct state_engine *
open_redis(struct slice spec, char error[STATE_ERROR_MAX])
{
	struct state_url url;

	return state_url_parse(spec, &url, error) == 0 ? state_redis_new(&url, error) : NULL;
}

static const struct spec_kind {
	const char *prefix;
	bool cut; /* the functions get what follows the prefix */
	int (*check)(struct slice spec, char error[STATE_ERROR_MAX]);
	struct state_engine *(*open)(struct slice spec, char error[STATE_ERROR_MAX]);
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
    char error[STATE_ERROR_MAX])
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
state_check(const char *spec, char error[STATE_ERROR_MAX])
{
	const struct spec_kind *kind;
	struct slice rest;

	return spec_read(spec, &kind, &rest, error);
}

int
state_engine_open(const char *spec, struct state_engine **ret, char error[STATE_ERROR_MAX])
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
