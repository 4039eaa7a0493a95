/* From options to keys, tokens, aliases and families. */
#include "config.h"

#include "app/keys/snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "core/keys/key_list.h"
#include "app/keys/keyring.h"
#include "app/keys/tokens.h"
#include "core/gemini/models.h"
#include "core/gemini/family.h"
#include "base/buf.h"
#include "core/keys/scrub.h"
#include "core/keys/keypool.h"

#define REPEATED_KEYS_MAX 32 /* named in the log when the pool lists keys again */

static int
snapshot_refuse(char error[CONF_ERROR_MAX], const char *text)
{
	snprintf(error, CONF_ERROR_MAX, "%s", text);
	return -1;
}

/* The lines of a file, or "" when path is empty. */
static char *
read_optional(const char *path, char error[CONF_ERROR_MAX])
{
	return path[0] != '\0' ? conf_read_lines(path, error) : xstrdup("");
}

static int
make_ring(struct snapshot *snapshot, const struct conf *conf, struct key_list *list,
    char error[CONF_ERROR_MAX])
{
	const char *reason = NULL;

	for (size_t i = 0; i < list->count; i++)
		snapshot->keys_choose_models |= list->specs[i].models[0] != '\0';
	snapshot->ring = keyring_new(
	    list->specs, list->count, (enum balance)conf->balance, KEYS_MAX, NULL, &reason);
	if (snapshot->ring != NULL) {
		snapshot->key_repeats = TAKE(list->repeats);
		return 0;
	}
	snprintf(error, CONF_ERROR_MAX, "GEMINI_API_KEYS: %s", reason);
	return -1;
}

static int
load_keys(struct snapshot *snapshot, const struct conf *conf, char error[CONF_ERROR_MAX])
{
	const char *path = conf->api_keys_file;
	char *file = read_optional(path, error);
	struct key_list_error at;
	struct key_list list;
	int rc = -1;

	if (file == NULL)
		return -1;
	if (key_list_read(&list, slice_str(conf->api_keys), slice_str(file), &at) == 0) {
		rc = 0;
		if (list.count > 0)
			rc = make_ring(snapshot, conf, &list, error);
		else if (path[0] != '\0')
			rc = snapshot_refuse(
			    error, "GEMINI_API_KEYS_FILE: there is no key in the file");
	} else if (at.line > 0) {
		snprintf(error, CONF_ERROR_MAX, "GEMINI_API_KEYS_FILE: %.200s line %u: %s", path,
		    at.line, at.reason);
	} else {
		snprintf(error, CONF_ERROR_MAX, "GEMINI_API_KEYS: %s", at.reason);
	}
	key_list_release(&list);
	secret_free(file);
	return rc;
}

static int
load_tokens(struct snapshot *snapshot, const struct conf *conf, const struct snapshot *old,
    char error[CONF_ERROR_MAX])
{
	const char *path = conf->access_tokens_file;
	char *file = read_optional(path, error);

	if (file == NULL)
		return -1;
	snapshot->tokens = tokens_new(slice_str(conf->access_tokens), slice_str(file), path,
	    old != NULL ? old->tokens : NULL, error);
	secret_free(file);
	if (snapshot->tokens == NULL)
		return -1;
	snapshot->admin = xstrdup(conf->admin_token);
	if (tokens_find(snapshot->tokens, slice_str(snapshot->admin)) != NULL)
		return snapshot_refuse(
		    error, "ADMIN_TOKEN is one of the ACCESS_TOKENS: they must differ");
	return 0;
}

static int
load_models(struct snapshot *snapshot, const struct conf *conf, char error[CONF_ERROR_MAX])
{
	const char *path = conf->model_families, *reason = NULL;
	const char *spec =
	    conf->model_aliases[0] != '\0' ? conf->model_aliases : models_default_aliases;
	size_t line = 0;
	char *text;

	snapshot->models = models_new(spec, &reason);
	if (snapshot->models == NULL) {
		snprintf(error, CONF_ERROR_MAX, "MODEL_ALIASES: %s", reason);
		return -1;
	}
	if (path[0] == '\0')
		return 0;
	text = conf_read_lines(path, error);
	if (text == NULL)
		return -1;
	snapshot->families = families_new(text, &reason, &line);
	secret_free(text);
	if (snapshot->families == NULL)
		snprintf(error, CONF_ERROR_MAX, "MODEL_FAMILIES_FILE: %s, line %zu: %s", path, line,
		    reason);
	return snapshot->families != NULL ? 0 : -1;
}

static int
check_access(struct snapshot *snapshot, const struct conf *conf, char error[CONF_ERROR_MAX])
{
	const char *misspelt, *meant;
	size_t at = 0;

	snapshot->open_access = conf->open_access;
	snapshot->balance = (enum balance)conf->balance;
	if (snapshot->ring != NULL && tokens_count(snapshot->tokens) == 0 && !conf->open_access)
		return snapshot_refuse(error,
		    "GEMINI_API_KEYS is set, but nobody could tell who may use the keys: set "
		    "ACCESS_TOKENS to tokens for your callers, or OPEN_ACCESS=yes to let everybody "
		    "in");
	snapshot->own_keys = conf->own_keys == OWN_KEYS_YES ||
	                     (conf->own_keys == OWN_KEYS_AUTO && snapshot->ring == NULL);
	if (snapshot->ring == NULL && tokens_count(snapshot->tokens) > 0)
		return snapshot_refuse(error,
		    "ACCESS_TOKENS: there are no keys that a token could give access to; set "
		    "GEMINI_API_KEYS (or GEMINI_API_KEYS_FILE), or leave ACCESS_TOKENS out");
	if (snapshot->ring == NULL && conf->own_keys == OWN_KEYS_AUTO &&
	    (misspelt = conf_misspelt("GEMINI_API_KEYS", &at, &meant)) != NULL) {
		snprintf(error, CONF_ERROR_MAX,
		    "%s is set in the environment, but the option is %s: rename it, or unset it "
		    "(or set OWN_KEYS=yes) when callers bring their own keys",
		    misspelt, meant);
		return -1;
	}
	if (snapshot->ring == NULL && !snapshot->own_keys)
		return snapshot_refuse(
		    error, "OWN_KEYS=no and no GEMINI_API_KEYS: no request could be served");
	return 0;
}

static void
load_scrub(struct snapshot *snapshot)
{
	size_t keys = snapshot_key_count(snapshot);
	struct slice *secrets = xcalloc(keys, sizeof(*secrets));

	for (size_t i = 0; i < keys; i++)
		secrets[i] = slice_str(keyring_secret(snapshot->ring, i));
	snapshot->scrub = scrub_set_new(secrets, keys);
	free(secrets);
}

struct snapshot *
snapshot_new(const struct conf *conf, const struct snapshot *old, char error[CONF_ERROR_MAX])
{
	struct snapshot *snapshot = xcalloc(1, sizeof(*snapshot));

	atomic_init(&snapshot->refs, 1);
	if (load_models(snapshot, conf, error) != 0 || load_keys(snapshot, conf, error) != 0 ||
	    load_tokens(snapshot, conf, old, error) != 0 ||
	    check_access(snapshot, conf, error) != 0) {
		snapshot_drop(snapshot);
		return NULL;
	}
	load_scrub(snapshot);
	return snapshot;
}

struct snapshot *
snapshot_share(struct snapshot *snapshot)
{
	atomic_fetch_add_explicit(&snapshot->refs, 1, memory_order_relaxed);
	return snapshot;
}

void
snapshot_drop(struct snapshot *snapshot)
{
	if (snapshot == NULL || atomic_fetch_sub(&snapshot->refs, 1) > 1)
		return;
	keyring_free(snapshot->ring);
	tokens_free(snapshot->tokens);
	secret_free(snapshot->admin);
	models_free(snapshot->models);
	families_free(snapshot->families);
	scrub_set_free(snapshot->scrub);
	free(snapshot->key_repeats);
	free(snapshot);
}

size_t
snapshot_key_count(const struct snapshot *snapshot)
{
	return snapshot->ring != NULL ? keyring_count(snapshot->ring) : 0;
}

void
snapshot_print_keys(const struct snapshot *snapshot, FILE *out)
{
	for (size_t i = 0; i < snapshot_key_count(snapshot); i++) {
		const struct key_spec *spec = keyring_spec(snapshot->ring, i);

		fprintf(out, "key %s", keyring_fingerprint(snapshot->ring, i));
		if (spec->line > 0)
			fprintf(out, "  line %u of GEMINI_API_KEYS_FILE", spec->line);
		else
			fprintf(out, "  number %u of GEMINI_API_KEYS", spec->place);
		if (spec->name[0] != '\0')
			fprintf(out, "  name=%s", spec->name);
		if (spec->project[0] != '\0')
			fprintf(out, "  project=%s", spec->project);
		fputc('\n', out);
	}
}

void
snapshot_log(const struct snapshot *snapshot)
{
	size_t count = 0;
	struct buf names;

	buf_init(&names, KIB);
	for (size_t i = 0; i < snapshot_key_count(snapshot); i++)
		if (snapshot->key_repeats[i] > 0 && count++ < REPEATED_KEYS_MAX)
			buf_addf(&names, "%s%s", names.len > 0 ? " " : "",
			    keyring_fingerprint(snapshot->ring, i));
	if (count > 0)
		log_event(LOG_WARN, "keys are listed more than once and count once",
		    LOG_N("count", count), LOG_SL("keys", buf_slice(&names)));
	buf_release(&names);
}
