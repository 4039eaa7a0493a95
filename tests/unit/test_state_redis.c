/* The store with a Redis server of its own: shared, away, back, refusing. */
#include "config.h"

#ifdef HAVE_HIREDIS

#include "app/state/state_priv.h"

#include "base/xalloc.h"
#include "state_help.h"

static char *spec;

static void
test_shared(void)
{
	struct state *a = state_new(spec, error), *b = state_new(spec, error);
	char big[20000], ttl_key[] = "gb:response:k";
	struct buf found;
	bool good;

	is_str(state_engine_name(a), "redis", "the engine's name");
	ok(state_get(a, STATE_RESPONSE, SLICE("k"), &found) == STATE_UNKNOWN, "not known yet");
	is_int(ask(a, "k", NULL, &good), 'A', "nor by the server");
	put(a, "k", "one");
	ok(comes(b, "k", "one"), "seen by the other");
	ok(command("PTTL %s", ttl_key) > (long long)RESPONSE_KEEP_MS - 60000,
	    "under its name, and it expires");
	put(b, "k", "two");
	ok(comes(a, "k", "two"), "changed by the other");
	state_delete(a, STATE_RESPONSE, SLICE("k"));
	ok(goes(b, "k"), "deleted");
	is_int(command("EXISTS %s", ttl_key), 0, "there too");
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	for (int i = 0; i < 300; i++)
		put(a, text("k%d", i), big);
	put(a, "x\x01\xff", "");
	state_free(a);
	is_int(command("DBSIZE", NULL), 301, "all written before the end");
	ask(b, "x\x01\xff", "", &good);
	ok(good, "a key of any bytes and an empty value");
	ok(comes(b, "k299", big), "the last of many");
	state_free(b);
}

static void
test_many_at_once(void)
{
	struct state *s = state_new(spec, error);
	struct state_query queries[300];
	char keys[300][8];
	unsigned found = 0;

	for (size_t i = 0; i < 300; i++) {
		snprintf(keys[i], sizeof(keys[i]), "k%zu", 2 * i);
		queries[i] =
		    (struct state_query){ .space = STATE_RESPONSE, .key = slice_str(keys[i]) };
	}
	state_ask(s, queries, 300);
	for (size_t i = 0; i < 300; i++) {
		found += queries[i].answer == STATE_FOUND && queries[i].value.len == 19999;
		buf_release(&queries[i].value);
	}
	is_int(found, 150, "many questions at once");
	is_int(queries[150].answer, STATE_ABSENT, "each with its own answer");
	state_free(s);
}

static void
test_away(void)
{
	struct state *s = state_new(spec, error), *other;
	unsigned away = logged("state_away"), back = logged("state_back");
	struct buf found;
	bool good;

	put(s, "before", "v");
	ok(comes(s, "before", "v"), "there");
	server_stop();
	put(s, "during", "v");
	ok(comes_to_log("state_away", away + 1), "the log tells that it is away");
	ok(state_get(s, STATE_RESPONSE, SLICE("during"), &found) == STATE_FOUND, "memory goes on");
	buf_release(&found);
	is_int(ask(s, "nothing", NULL, &good), 'U', "a key that is not kept is unknown");
	usleep((STATE_TRUST_MS + 50) * 1000);
	is_int(ask(s, "before", "v", &good), 'F', "an old copy must do");
	server_start();
	ok(server_ready(), "started anew, empty");
	ok(comes_to_log("state_back", back + 1), "the log tells that it is back");
	other = state_new(spec, error);
	ok(comes(other, "during", "v"), "what waited is written");
	is_int(ask(s, "nothing", NULL, &good), 'A', "questions are answered again");
	is_int(logged("state_away"), away + 1, "told once");
	state_free(other);

	/* Connections are neither taken nor refused. */
	kill(server, SIGSTOP);
	put(s, "stopped", "v");
	ok(comes_to_log("state_away", away + 2), "a server that says nothing");
	is_int(ask(s, "nothing2", NULL, &good), 'U', "no caller waits for it");
	kill(server, SIGCONT);
	ok(comes_to_log("state_back", back + 2), "until it speaks again");
	/* An idle connection that the server closed is no reason to complain. */
	freeReplyObject(({
		redisContext *c = client("3");
		redisReply *reply = redisCommand(c, "CLIENT KILL TYPE normal SKIPME yes");

		redisFree(c);
		reply;
	}));
	ok(put(s, "idle", "v") && goes(s, "nothing3"), "connections closed by the server");
	state_free(s);
	is_int(command("EXISTS %s", "gb:response:idle"), 1, "are made anew");
	is_int(logged("state_away"), away + 2, "without a word");
}

static void
test_refused(void)
{
	unsigned away = logged("state_away");
	struct state *s = state_new(text("redis+unix://:wrongsecret@%s/redis.sock", place), error);
	bool good;

	ok(s != NULL, "a wrong password is no fault of the configuration's form");
	ok(comes_to_log("state_away", away + 1), "but told");
	ok(logged("refused: WRONGPASS") > 0, "with the server's word for it");
	is_int(logged("wrongsecret") + logged("geheim"), 0, "and no secret");
	put(s, "k", "v");
	is_int(ask(s, "k", "v", &good), 'F', "memory goes on");
	state_free(s);
	is_int(logged("state_lost"), 1, "what could not be written is told");
	s = state_new("redis://127.0.0.1:1", error);
	ok(s != NULL && comes_to_log("state_away", away + 2), "no server at that port");
	state_free(s);
}

int
main(void)
{
	begin();
	server_start();
	if (!server_ready()) {
		printf("1..0 # SKIP there is no redis-server\n");
		return system(text("rm -rf %s", place));
	}
	spec = xstrdup(text("redis+unix://:geheim@%s/redis.sock?db=3", place));
	test_shared();
	test_many_at_once();
	test_away();
	test_refused();
	free(spec);
	server_stop();
	return end();
}

#else

#include "tap.h"

TAP_SKIP_MAIN("built without hiredis")

#endif
