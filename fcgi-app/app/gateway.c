/* From options to what requests need. */
#include "config.h"

#include "app/gateway.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/xalloc.h"

static int
refuse(char error[CONF_ERROR_MAX], const char *text)
{
	snprintf(error, CONF_ERROR_MAX, "%s", text);
	return -1;
}

/* The option's text and the file's lines as one list. */
static char *
joined(const char *text, const char *file, char error[CONF_ERROR_MAX])
{
	struct buf all;
	char *lines = NULL;

	if (file[0] != '\0' && (lines = conf_read_lines(file, error)) == NULL)
		return NULL;
	buf_init(&all, SIZE_MAX / 4);
	buf_adds(&all, text);
	buf_addc(&all, '\n');
	buf_adds(&all, lines != NULL ? lines : "");
	secret_free(lines);
	return buf_take(&all);
}

static int
load_keys(struct gateway *gw, char error[CONF_ERROR_MAX])
{
	const struct conf *conf = gw->conf;
	char *list = joined(conf->api_keys, conf->api_keys_file, error);
	const char *reason = NULL;

	if (list == NULL)
		return -1;
	gw->ring = keyring_of_list(slice_str(list), (enum balance)conf->balance, KEYS_MAX, &reason);
	secret_free(list);
	if (gw->ring == NULL) {
		snprintf(error, CONF_ERROR_MAX, "GEMINI_API_KEYS: %s", reason);
		return -1;
	}
	if (keyring_count(gw->ring) == 0) {
		keyring_free(TAKE(gw->ring));
		if (conf->api_keys_file[0] != '\0')
			return refuse(error, "GEMINI_API_KEYS_FILE: there is no key in the file");
	}
	return 0;
}

static int
load_tokens(struct gateway *gw, char error[CONF_ERROR_MAX])
{
	char *text = joined(gw->conf->access_tokens, gw->conf->access_tokens_file, error);
	struct slice rest = slice_str(text), word;

	if (text == NULL)
		return -1;
	for (char *at = text; *at != '\0'; at++)
		if (*at == '\n' || *at == ' ' || *at == '\t')
			*at = ',';
	while (slice_split(&rest, ',', &word)) {
		if (word.len == 0)
			continue;
		gw->access.list =
		    xrealloc(gw->access.list, (gw->access.count + 1) * sizeof(char *));
		gw->access.list[gw->access.count++] = xstrndup(word.ptr, word.len);
	}
	secret_free(text);
	return 0;
}

static void
load_scrub(struct gateway *gw)
{
	size_t keys = gw->ring != NULL ? keyring_count(gw->ring) : 0;
	struct slice *secrets = xcalloc(keys, sizeof(*secrets));

	for (size_t i = 0; i < keys; i++)
		secrets[i] = slice_str(keyring_secret(gw->ring, i));
	gw->scrub = scrub_set_new(secrets, keys);
	free(secrets);
}

static int
check_base_url(struct gateway *gw, char error[CONF_ERROR_MAX])
{
	struct slice url = slice_trim(slice_str(gw->conf->base_url));

	while (url.len > 0 && url.ptr[url.len - 1] == '/')
		url.len--;
	if (!slice_startsi(url, SLICE("https://")) && !slice_startsi(url, SLICE("http://")))
		return refuse(error, "GEMINI_BASE_URL: must begin with https:// (or http://)");
	if (memchr(url.ptr, '?', url.len) != NULL || memchr(url.ptr, '@', url.len) != NULL)
		return refuse(error, "GEMINI_BASE_URL: must hold neither a query nor a credential");
	gw->base_url = xstrndup(url.ptr, url.len);
	return 0;
}

static int
load_families(struct gateway *gw, char error[CONF_ERROR_MAX])
{
	const char *path = gw->conf->model_families, *reason = NULL;
	size_t line = 0;
	char *text;

	if (path[0] == '\0')
		return 0;
	text = conf_read_lines(path, error);
	if (text == NULL)
		return -1;
	gw->families = families_new(text, &reason, &line);
	secret_free(text);
	if (gw->families == NULL)
		snprintf(error, CONF_ERROR_MAX, "MODEL_FAMILIES_FILE: %s, line %zu: %s", path, line,
		    reason);
	return gw->families != NULL ? 0 : -1;
}

static int
load_media_allow(struct gateway *gw, char error[CONF_ERROR_MAX])
{
	struct slice bad;

	gw->media_allow = xcalloc(1, sizeof(*gw->media_allow));
	if (address_list_read(gw->media_allow, slice_str(gw->conf->media_allow), &bad))
		return 0;
	snprintf(error, CONF_ERROR_MAX, "MEDIA_ALLOW: '%.*s' is no address and no prefix",
	    (int)bad.len, bad.ptr);
	return -1;
}

static int
check_access(struct gateway *gw, char error[CONF_ERROR_MAX])
{
	if (gw->ring != NULL && gw->access.count == 0 && !gw->conf->open_access)
		return refuse(error,
		    "GEMINI_API_KEYS is set, but nobody could tell who may use the keys: set "
		    "ACCESS_TOKENS to tokens for your callers, or OPEN_ACCESS=yes to let everybody "
		    "in");
	gw->own_keys = gw->conf->own_keys == OWN_KEYS_YES ||
	               (gw->conf->own_keys == OWN_KEYS_AUTO && gw->ring == NULL);
	if (gw->ring == NULL && !gw->own_keys)
		return refuse(
		    error, "OWN_KEYS=no and no GEMINI_API_KEYS: no request could be served");
	return 0;
}

struct gateway *
gateway_new(const struct conf *conf, char error[CONF_ERROR_MAX])
{
	struct gateway *gw = xcalloc(1, sizeof(*gw));
	const char *spec =
	    conf->model_aliases[0] != '\0' ? conf->model_aliases : models_default_aliases;
	const char *reason = NULL;

	gw->conf = conf;
	gw->started_ms = clock_mono_ms();
	gw->models = models_new(spec, &reason);
	if (gw->models == NULL) {
		snprintf(error, CONF_ERROR_MAX, "MODEL_ALIASES: %s", reason);
		goto fail;
	}
	if (check_base_url(gw, error) != 0 || load_keys(gw, error) != 0 ||
	    load_tokens(gw, error) != 0 || check_access(gw, error) != 0 ||
	    load_families(gw, error) != 0 || load_media_allow(gw, error) != 0)
		goto fail;
	load_scrub(gw);
	return gw;
fail:
	gateway_free(gw);
	return NULL;
}

int
gateway_open(struct gateway *gw, char error[CONF_ERROR_MAX])
{
	gw->state = state_new(gw->conf->state, error);
	return gw->state != NULL ? 0 : -1;
}

void
gateway_free(struct gateway *gw)
{
	if (gw == NULL)
		return;
	keyring_free(gw->ring);
	for (size_t i = 0; i < gw->access.count; i++)
		secret_free(gw->access.list[i]);
	free(gw->access.list);
	scrub_set_free(gw->scrub);
	models_free(gw->models);
	families_free(gw->families);
	if (gw->state != NULL)
		state_free(gw->state);
	free(gw->media_allow);
	free(gw->base_url);
	free(gw);
}
