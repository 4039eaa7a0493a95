/* gateway.c: what the options add up to, and combinations that are refused. */
#include "config.h"

#include "app/request/gateway.h"

#include <stdlib.h>
#include <unistd.h>

#include "tap.h"
#include "temp_file.h"
#include "unset_options.h"
#include "app/keys/keyring.h"
#include "app/keys/tokens.h"
#include "base/buf.h"

static char path[] = "/tmp/test-gateway-XXXXXX";
static char error[CONF_ERROR_MAX];
static struct conf conf;

/* options: `NAME=value` texts, NULL-terminated. */
static struct gateway *
make(const char *const *options)
{
	conf_load(&conf, NULL, error);
	for (; *options != NULL; options++) {
		char name[64];
		size_t len = strcspn(*options, "=");

		snprintf(name, sizeof(name), "%.*s", (int)len, *options);
		if (conf_set(&conf, name, *options + len + 1, error) != 0)
			return NULL;
	}
	error[0] = '\0';
	return gateway_new(&conf, error);
}

#define MAKE(...) make((const char *const[]){ __VA_ARGS__, NULL })

static void
drop(struct gateway *gw)
{
	gateway_free(gw);
	conf_release(&conf);
}

static void
refused(struct gateway *gw, const char *part)
{
	ok(gw == NULL, part);
	ok(strstr(error, part) != NULL, error);
	drop(gw);
}

static void
write_file(const char *text)
{
	FILE *file = fopen(path, "we");

	fputs(text, file);
	fclose(file);
}

static void
test_access(void)
{
	struct gateway *gw = MAKE("GEMINI_API_KEYS=key-1,key-2");

	refused(gw, "ACCESS_TOKENS");
	refused(MAKE("OWN_KEYS=no"), "no request could be served");
	refused(MAKE("ACCESS_TOKENS=one"), "no keys that a token could give access to");
	setenv("GEMINI_API_KEY", "key-1", 1);
	refused(MAKE("LOOPS=1"), "GEMINI_API_KEY is set in the environment, but the option is");
	gw = MAKE("OWN_KEYS=yes");
	ok(gw != NULL, "unless the operator has said that callers bring keys");
	drop(gw);
	gw = MAKE("GEMINI_API_KEYS=key-1", "OPEN_ACCESS=yes");
	ok(gw != NULL, "or there is a pool");
	drop(gw);
	unsetenv("GEMINI_API_KEY");
	gw = MAKE("LOOPS=1");
	ok(gw != NULL && gw->snapshot->ring == NULL && gw->snapshot->own_keys,
	    "no pool: callers bring keys");
	drop(gw);
	gw = MAKE("GEMINI_API_KEYS=key-1 key-2\tkey-3", "OPEN_ACCESS=yes");
	ok(gw != NULL && keyring_count(gw->snapshot->ring) == 3 && !gw->snapshot->own_keys,
	    "an open pool");
	drop(gw);
	gw = MAKE("GEMINI_API_KEYS=key-1", "ACCESS_TOKENS=one, two\tthree,,");
	ok(gw != NULL && tokens_count(gw->snapshot->tokens) == 3, "tokens");
	ok(tokens_find(gw->snapshot->tokens, SLICE("three")) != NULL, "each for itself");
	drop(gw);
	gw = MAKE("GEMINI_API_KEYS=key-1", "ACCESS_TOKENS=one", "OWN_KEYS=yes");
	ok(gw != NULL && gw->snapshot->own_keys, "both");
	drop(gw);
	refused(MAKE("GEMINI_API_KEYS=key-1", "ACCESS_TOKENS= , ,"), "ACCESS_TOKENS");
	refused(MAKE("GEMINI_API_KEYS=key-1", "ACCESS_TOKENS=a,b", "ADMIN_TOKEN=b"), "ADMIN_TOKEN");
}

static void
test_files(void)
{
	char keys[100], tokens[100];
	struct gateway *gw;

	snprintf(keys, sizeof(keys), "GEMINI_API_KEYS_FILE=%s", path);
	snprintf(tokens, sizeof(tokens), "ACCESS_TOKENS_FILE=%s", path);
	write_file("# keys\nkey-1\n  key-2 # second\n");
	gw = MAKE(keys, "GEMINI_API_KEYS=key-0,key-2", "OPEN_ACCESS=yes");
	ok(gw != NULL && keyring_count(gw->snapshot->ring) == 3,
	    "keys of the option and of the file");
	drop(gw);
	gw = MAKE("GEMINI_API_KEYS=key-0", tokens, "ACCESS_TOKENS=one");
	ok(gw != NULL && tokens_count(gw->snapshot->tokens) == 3,
	    "tokens of the option and of the file");
	drop(gw);
	write_file("# nothing\n");
	refused(MAKE(keys, "OPEN_ACCESS=yes"), "no key in the file");
	refused(MAKE("GEMINI_API_KEYS_FILE=/nonexistent/keys"), "/nonexistent/keys");
	refused(
	    MAKE("GEMINI_API_KEYS=key-0", "ACCESS_TOKENS_FILE=/nonexistent/t"), "/nonexistent/t");
}

static void
test_reload(void)
{
	struct gateway *gw = MAKE("GEMINI_API_KEYS=key-1", "ACCESS_TOKENS=one");
	struct snapshot *before = gateway_snapshot(gw), *now;
	struct conf next;

	conf_load(&next, NULL, error);
	is_int(gateway_reload(gw, &next, error), 0, "reloaded");
	now = gateway_snapshot(gw);
	ok(now != before && now->ring == NULL && now->own_keys, "what begins now");
	is_int(keyring_count(before->ring), 1, "what began before");
	snapshot_drop(now);
	conf_set(&next, "MODEL_ALIASES", "nonsense", error);
	is_int(gateway_reload(gw, &next, error), -1, "a mistake");
	now = gateway_snapshot(gw);
	ok(now->own_keys, "changes nothing");
	snapshot_drop(now);
	snapshot_drop(before);
	conf_release(&next);
	drop(gw);
}

static void
test_values(void)
{
	struct gateway *gw = MAKE("GEMINI_BASE_URL=https://example.com/api//");

	is_str(gw->base_url, "https://example.com/api", "the URL without slashes at its end");
	drop(gw);
	refused(MAKE("GEMINI_BASE_URL=example.com"), "GEMINI_BASE_URL");
	refused(MAKE("GEMINI_BASE_URL="), "GEMINI_BASE_URL");
	refused(MAKE("GEMINI_BASE_URL=https://a?b"), "GEMINI_BASE_URL");
	refused(MAKE("GEMINI_BASE_URL=https://user:secret@a"), "GEMINI_BASE_URL");
	refused(MAKE("MODEL_ALIASES=nonsense"), "MODEL_ALIASES");
	refused(MAKE("GEMINI_API_KEYS=key\x01", "OPEN_ACCESS=yes"), "GEMINI_API_KEYS");
	ok(strstr(error, "key\x01") == NULL, "without showing the key");
	gateway_free(NULL);
}

int
main(void)
{
	temp_file(path);
	unset_options();
	test_access();
	test_files();
	test_reload();
	test_values();
	unlink(path);
	return tap_done();
}
