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
refuse(char error[CONF_ERROR_MAX], const char *text)
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
make_ring(struct roster *roster, const struct conf *conf, struct key_list *list,
    char error[CONF_ERROR_MAX])
{
	const char *reason = NULL;

	for (size_t i = 0; i < list->count; i++)
		roster->keys_choose_models |= list->specs[i].models[0] != '\0';
	roster->ring = keyring_new(
	    list->specs, list->count, (enum balance)conf->balance, KEYS_MAX, NULL, &reason);
	if (roster->ring != NULL) {
		roster->key_repeats = TAKE(list->repeats);
		return 0;
	}
	snprintf(error, CONF_ERROR_MAX, "GEMINI_API_KEYS: %s", reason);
	return -1;
}

static int
load_keys(struct roster *roster, const struct conf *conf, char error[CONF_ERROR_MAX])
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
			rc = make_ring(roster, conf, &list, error);
		else if (path[0] != '\0')
			rc = refuse(error, "GEMINI_API_KEYS_FILE: there is no key in the file");
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
load_tokens(struct roster *roster, const struct conf *conf, const struct roster *old,
    char error[CONF_ERROR_MAX])
{
	const char *path = conf->access_tokens_file;
	char *file = read_optional(path, error);

	if (file == NULL)
		return -1;
	roster->tokens = tokens_new(slice_str(conf->access_tokens), slice_str(file), path,
	    old != NULL ? old->tokens : NULL, error);
	secret_free(file);
	if (roster->tokens == NULL)
		return -1;
	roster->admin = xstrdup(conf->admin_token);
	if (tokens_find(roster->tokens, slice_str(roster->admin)) != NULL)
		return refuse(error, "ADMIN_TOKEN is one of the ACCESS_TOKENS: they must differ");
	return 0;
}

static int
load_models(struct roster *roster, const struct conf *conf, char error[CONF_ERROR_MAX])
{
	const char *path = conf->model_families, *reason = NULL;
	const char *spec =
	    conf->model_aliases[0] != '\0' ? conf->model_aliases : models_default_aliases;
	size_t line = 0;
	char *text;

	roster->models = models_new(spec, &reason);
	if (roster->models == NULL) {
		snprintf(error, CONF_ERROR_MAX, "MODEL_ALIASES: %s", reason);
		return -1;
	}
	if (path[0] == '\0')
		return 0;
	text = conf_read_lines(path, error);
	if (text == NULL)
		return -1;
	roster->families = families_new(text, &reason, &line);
	secret_free(text);
	if (roster->families == NULL)
		snprintf(error, CONF_ERROR_MAX, "MODEL_FAMILIES_FILE: %s, line %zu: %s", path, line,
		    reason);
	return roster->families != NULL ? 0 : -1;
}

static int
check_access(struct roster *roster, const struct conf *conf, char error[CONF_ERROR_MAX])
{
	const char *misspelt, *meant;
	size_t at = 0;

	roster->open_access = conf->open_access;
	roster->balance = (enum balance)conf->balance;
	if (roster->ring != NULL && tokens_count(roster->tokens) == 0 && !conf->open_access)
		return refuse(error,
		    "GEMINI_API_KEYS is set, but nobody could tell who may use the keys: set "
		    "ACCESS_TOKENS to tokens for your callers, or OPEN_ACCESS=yes to let everybody "
		    "in");
	roster->own_keys = conf->own_keys == OWN_KEYS_YES ||
	                   (conf->own_keys == OWN_KEYS_AUTO && roster->ring == NULL);
	if (roster->ring == NULL && tokens_count(roster->tokens) > 0)
		return refuse(error,
		    "ACCESS_TOKENS: there are no keys that a token could give access to; set "
		    "GEMINI_API_KEYS (or GEMINI_API_KEYS_FILE), or leave ACCESS_TOKENS out");
	if (roster->ring == NULL && conf->own_keys == OWN_KEYS_AUTO &&
	    (misspelt = conf_misspelt("GEMINI_API_KEYS", &at, &meant)) != NULL) {
		snprintf(error, CONF_ERROR_MAX,
		    "%s is set in the environment, but the option is %s: rename it, or unset it "
		    "(or set OWN_KEYS=yes) when callers bring their own keys",
		    misspelt, meant);
		return -1;
	}
	if (roster->ring == NULL && !roster->own_keys)
		return refuse(
		    error, "OWN_KEYS=no and no GEMINI_API_KEYS: no request could be served");
	return 0;
}

static void
load_scrub(struct roster *roster)
{
	size_t keys = roster_key_count(roster);
	struct slice *secrets = xcalloc(keys, sizeof(*secrets));

	for (size_t i = 0; i < keys; i++)
		secrets[i] = slice_str(keyring_secret(roster->ring, i));
	roster->scrub = scrub_set_new(secrets, keys);
	free(secrets);
}

struct roster *
roster_new(const struct conf *conf, const struct roster *old, char error[CONF_ERROR_MAX])
{
	struct roster *roster = xcalloc(1, sizeof(*roster));

	atomic_init(&roster->refs, 1);
	if (load_models(roster, conf, error) != 0 || load_keys(roster, conf, error) != 0 ||
	    load_tokens(roster, conf, old, error) != 0 || check_access(roster, conf, error) != 0) {
		roster_drop(roster);
		return NULL;
	}
	load_scrub(roster);
	return roster;
}

struct roster *
roster_share(struct roster *roster)
{
	atomic_fetch_add_explicit(&roster->refs, 1, memory_order_relaxed);
	return roster;
}

void
roster_drop(struct roster *roster)
{
	if (roster == NULL || atomic_fetch_sub(&roster->refs, 1) > 1)
		return;
	keyring_free(roster->ring);
	tokens_free(roster->tokens);
	secret_free(roster->admin);
	models_free(roster->models);
	families_free(roster->families);
	scrub_set_free(roster->scrub);
	free(roster->key_repeats);
	free(roster);
}

size_t
roster_key_count(const struct roster *roster)
{
	return roster->ring != NULL ? keyring_count(roster->ring) : 0;
}

void
roster_print_keys(const struct roster *roster, FILE *out)
{
	for (size_t i = 0; i < roster_key_count(roster); i++) {
		const struct key_spec *spec = keyring_spec(roster->ring, i);

		fprintf(out, "key %s", keyring_fingerprint(roster->ring, i));
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
roster_log(const struct roster *roster)
{
	size_t count = 0;
	struct buf names;

	buf_init(&names, KIB);
	for (size_t i = 0; i < roster_key_count(roster); i++)
		if (roster->key_repeats[i] > 0 && count++ < REPEATED_KEYS_MAX)
			buf_addf(&names, "%s%s", names.len > 0 ? " " : "",
			    keyring_fingerprint(roster->ring, i));
	if (count > 0)
		log_event(LOG_WARN, "keys are listed more than once and count once",
		    LOG_N("count", count), LOG_SL("keys", buf_slice(&names)));
	buf_release(&names);
}
