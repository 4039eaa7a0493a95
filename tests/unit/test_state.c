/* state.c and state_url.c: the store without an engine, words of the configuration, threads. */
#include "config.h"

#include "app/state/state_priv.h"

#include <pthread.h>

#include "base/xalloc.h"
#include "state_help.h"

#define THREADS 4
#define ROUNDS  2000

static const char *
get(struct state *s, const char *key)
{
	static char value[64];
	struct buf found;

	switch (state_get(s, STATE_RESPONSE, slice_str(key), &found)) {
	case STATE_FOUND:
		snprintf(value, sizeof(value), "%.*s", (int)found.len, found.data);
		buf_release(&found);
		return value;
	case STATE_ABSENT:
		return "-";
	case STATE_UNKNOWN:
		break;
	}
	return "?";
}

static void
test_memory(void)
{
	struct state *s = state_new("", error);
	char *big = xcalloc(1, SIGNATURE_MAX + 1), key[STATE_KEY_MAX + 1] = { 0 };
	struct state_query queries[3] = { { .space = STATE_RESPONSE, .key = SLICE("b") },
		{ .space = STATE_RESPONSE, .key = SLICE("") },
		{ .space = STATE_RESPONSE, .key = SLICE("a") } };
	struct buf found;

	is_str(state_engine_name(s), "memory", "no engine");
	is_str(get(s, "a"), "-", "nothing there");
	ok(put(s, "a", "1"), "put");
	is_str(get(s, "a"), "1", "found");
	state_ask(s, queries, 3);
	ok(queries[0].answer == STATE_ABSENT && queries[1].answer == STATE_ABSENT,
	    "asked for what is not there");
	ok(queries[2].answer == STATE_FOUND, "and for what is");
	is_slice(buf_slice(&queries[2].value), "1", "its value");
	for (size_t i = 0; i < 3; i++)
		buf_release(&queries[i].value);
	state_delete(s, STATE_RESPONSE, SLICE("a"));
	is_str(get(s, "a"), "-", "deleted");
	ok(put(s, "empty", ""), "an empty value");
	is_str(get(s, "empty"), "", "is a value");

	ok(!state_put(s, STATE_SIGNATURE, SLICE("k"), (struct slice){ big, SIGNATURE_MAX + 1 }),
	    "a value too large");
	ok(state_put(s, STATE_SIGNATURE, SLICE("k"), (struct slice){ big, SIGNATURE_MAX }),
	    "the largest value");
	ok(state_get(s, STATE_SIGNATURE, SLICE("k"), &found) == STATE_FOUND &&
		found.len == SIGNATURE_MAX,
	    "comes back");
	buf_release(&found);
	ok(!state_put(s, STATE_SIGNATURE, (struct slice){ key, sizeof(key) }, SLICE("x")),
	    "a key too long");
	ok(!state_put(s, STATE_SIGNATURE, SLICE(""), SLICE("x")), "no key");
	ok(state_put(s, STATE_SIGNATURE, (struct slice){ key, sizeof(key) - 1 }, SLICE("x")),
	    "a key of any bytes");
	ok(state_get(s, STATE_SIGNATURE, (struct slice){ key, sizeof(key) }, &found) ==
		STATE_ABSENT,
	    "a key too long is not there");
	free(big);
	state_free(s);
	state_free(NULL);
	s = state_new("memory", error);
	is_str(state_engine_name(s), "memory", "said in words");
	state_free(s);
}

static void
test_refused(void)
{
	static const char *const specs[] = { "disk", "sqlite", "sqlite:", "sqlite:/nowhere/x/y",
		"sqlite:/proc/version", "redis:", "redis://", "redis://secret@host",
		"redis://u:secret@", "redis://u:secret@host:0", "redis://u:secret@host:65536",
		"redis://u:secret@host:6379/x", "redis://u:secret@host/65536",
		"redis://u:secret%2@host", "redis://u:secret%zz@host", "redis://u:secret%00@host",
		"redis://[::1", "redis://[::1]6379", "redis+unix://", "redis+unix://host/path",
		"redis+unix:///path?x=1", "rediss://u:secret@host" };

	for (size_t i = 0; i < ARRAY_SIZE(specs); i++) {
		struct state *s;

		error[0] = '\0';
		s = state_new(specs[i], error);
		ok(s == NULL && error[0] != '\0' && error[strlen(error) - 1] == '.' &&
			strstr(error, "secret") == NULL,
		    specs[i]);
		state_free(s);
	}
}

/* All parts of a URL in one line. */
static const char *
url(const char *spec)
{
	struct state_url u;
	static char parts[256];

	if (state_url_parse(slice_str(spec), &u, error) < 0)
		return "refused";
	snprintf(parts, sizeof(parts), "%s %u %s %s %s %u", u.host != NULL ? u.host : "-", u.port,
	    u.path != NULL ? u.path : "-", u.user != NULL ? u.user : "-",
	    u.password != NULL ? u.password : "-", u.db);
	state_url_release(&u);
	return parts;
}

static void
test_url(void)
{
	is_str(url("redis://host"), "host 6379 - - - 0", "a host");
	is_str(url("redis://host/"), "host 6379 - - - 0", "with a slash");
	is_str(url("redis://10.0.0.1:7000/3"), "10.0.0.1 7000 - - - 3", "a port and a database");
	is_str(url("redis://[::1]:7000/3"), "::1 7000 - - - 3", "IPv6");
	is_str(url("redis://[::1]"), "::1 6379 - - - 0", "without a port");
	is_str(url("redis://:pw@host"), "host 6379 - - pw 0", "a password");
	is_str(url("redis://me:p%40%2f:w@host/1"), "host 6379 - me p@/:w 1", "a user too");
	is_str(url("redis://me:p@w@host"), "host 6379 - me p@w 0", "an at sign left as it is");
	is_str(url("redis+unix:///run/r.sock"), "- 0 /run/r.sock - - 0", "a socket");
	is_str(url("redis+unix://me:pw@/run/a%20b?db=2"), "- 0 /run/a b me pw 2", "with all");
	is_str(url("redis+unix:///run/a@b"), "- 0 /run/a@b - - 0", "an at sign in the path");
}

static void *
hammer(void *ctx)
{
	struct state *s = ctx;
	char key[16];
	bool good;

	for (int i = 0; i < ROUNDS; i++) {
		struct buf found;

		snprintf(key, sizeof(key), "k%d", i % 7);
		if (i % 5 == 0)
			state_delete(s, STATE_RESPONSE, slice_str(key));
		else
			put(s, key, key);
		if (state_get(s, STATE_RESPONSE, slice_str(key), &found) == STATE_FOUND) {
			if (!slice_eq(buf_slice(&found), slice_str(key)))
				return s;
			buf_release(&found);
		}
		if (ask(s, key, key, &good) == 'F' && !good)
			return s;
	}
	return NULL;
}

/* Several threads at one store: every value that is found is whole. */
static void
test_threads(const char *spec, const char *what)
{
	struct state *s = state_new(spec, error);
	pthread_t threads[THREADS];
	bool good = true;

	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, hammer, s);
	for (int i = 0; i < THREADS; i++) {
		void *bad;

		pthread_join(threads[i], &bad);
		good = good && bad == NULL;
	}
	ok(good, what);
	state_free(s);
}

int
main(void)
{
	begin();
	test_memory();
	test_refused();
	test_url();
	test_threads("memory", "threads at the memory");
#ifdef HAVE_SQLITE
	test_threads(text("sqlite:%s/threads", place), "threads at a file");
#endif
	return end();
}
