/*
 * Followed spaces: stores that share an engine hear of each other's puts, of all of them and in the
 * end of the newest; also when the engine was away, or has lost what it was told.
 */
#include "config.h"

#include "app/state/state_priv.h"

#include "state_help.h"

#if defined(HAVE_SQLITE) || defined(HAVE_HIREDIS)

#define MANY (STATE_PAGE_ITEMS * 8 + 7)

static void
test_shared(const char *spec)
{
	struct listener *a = listener_new(spec, STATE_HEALTH, NULL),
			*b = listener_new(spec, STATE_HEALTH, NULL), *c, *other;
	struct state_query query = { .space = STATE_HEALTH, .key = SLICE("k") };

	ok(state_is_shared(a->store), "there is an engine");
	say(a, "k", "one");
	ok(hears(b, "k", "one"), "heard by the other");
	ok(hears(a, "k", "one"), "and by itself");
	say(b, "k", "two");
	ok(hears(a, "k", "two"), "the other way");
	say(a, "empty", "x");
	ok(hears(b, "empty", "x"), "a value");
	say(a, "empty", "");
	ok(hears(b, "empty", ""), "an empty one");
	for (int i = 0; i <= 500; i++) {
		say(a, "often", text("%d", i));
		usleep(i % 50 == 0 ? 30000 : 0);
	}
	ok(hears(b, "often", "500"), "the newest comes last");
	say(a, "ping", "me");
	ok(hears(a, "pong", "me"), "a follower may put what it likes");
	is_int(losses(a) + losses(b), 0, "nothing is lost");

	c = listener_new(spec, STATE_HEALTH, NULL);
	ok(strcmp(heard(c, "often"), "500") == 0 && strcmp(heard(c, "k"), "two") == 0,
	    "what is there is told at once");
	say(c, "k", "three");
	ok(hears(a, "k", "three") && hears(b, "k", "three"), "all hear");
	other = listener_new(spec, STATE_USAGE, NULL);
	is_int(times_told(other), 0, "another space is another matter");
	say(other, "k", "7");
	ok(hears(other, "k", "7"), "which can be followed");
	is_str(heard(a, "k"), "three", "by itself");
	state_ask(other->store, &query, 1);
	ok(query.answer == STATE_FOUND && slice_eq(buf_slice(&query.value), SLICE("three")),
	    "what was put can be asked for");
	buf_release(&query.value);
	listener_free(a);
	listener_free(b);
	listener_free(c);
	listener_free(other);
}

static void
test_many(const char *spec)
{
	struct listener *a = listener_new(spec, STATE_HEALTH, NULL),
			*b = listener_new(spec, STATE_HEALTH, NULL);
	unsigned missing = 0;

	for (int i = 0; i < MANY; i++)
		say(a, text("m%d", i), text("%d", i));
	ok(hears(b, text("m%d", MANY - 1), text("%d", MANY - 1)), "the last of many");
	for (int i = 0; i < MANY; i++)
		missing += strcmp(heard(b, text("m%d", i)), text("%d", i)) != 0;
	is_int(missing, 0, "and all the others");
	listener_free(b);
	b = listener_new(spec, STATE_HEALTH, NULL);
	for (int i = 0; i < MANY; i++)
		missing += strcmp(heard(b, text("m%d", i)), text("%d", i)) != 0;
	is_int(missing, 0, "all of them at once by a new one");
	listener_free(a);
	listener_free(b);
}

/* ---- an engine alone: its time is an argument ---- */

static void
write_key(struct state_engine *e, const char *key, uint64_t expires, uint64_t now)
{
	char reason[STATE_REASON_MAX] = "";
	struct state_item *item =
	    state_item_new(STATE_HEALTH, slice_str(key), slice_str(key), expires);

	if (e->write(e, &item, 1, now, reason) < 0)
		printf("# %s\n", reason);
	state_item_unref(item);
}

/* What a cursor hears, each with a blank after it; "!" first when all began anew. */
static const char *
follow(struct state_engine *e, struct state_cursor *cursor, uint64_t now)
{
	static char words[256];
	char reason[STATE_REASON_MAX] = "";
	struct state_page page = { .count = 0 };
	size_t at = 0;

	if (e->follow(e, STATE_HEALTH, cursor, &page, now, reason) < 0)
		printf("# %s\n", reason);
	at += (size_t)snprintf(words, sizeof(words), "%s", page.anew ? "!" : "");
	for (size_t i = 0; i < page.count; i++) {
		at += (size_t)snprintf(words + at, sizeof(words) - at, "%.*s ",
		    (int)page.items[i]->key.len, page.items[i]->key.ptr);
		state_item_unref(page.items[i]);
	}
	return words;
}

static void
tidy(struct state_engine *e, uint64_t now)
{
	char reason[STATE_REASON_MAX] = "";
	bool more = true;

	while (more && e->tidy(e, now, &more, reason) == 0)
		;
	ok(!more, "tidied");
}

static void
test_cursor(struct state_engine *e)
{
	struct state_cursor old = { 0 }, new = { 0 };
	uint64_t now = clock_wall_ms(), soon = now + 50;

	is_str(follow(e, &old, now), "", "nothing there");
	write_key(e, "a", soon, now);
	write_key(e, "b", soon + 60000, now);
	write_key(e, "c", soon, now);
	is_str(follow(e, &old, now), "a b c ", "in their order");
	is_str(follow(e, &old, now), "", "once");
	write_key(e, "a", soon, now);
	is_str(follow(e, &old, now), "a ", "put again");
	write_key(e, "d", soon, now);
	while (clock_wall_ms() < soon + 20)
		usleep(10000);
	is_str(follow(e, &new, soon), "b ", "what has expired is not told");
	write_key(e, "e", soon + 60000, now);
	tidy(e, soon);
	is_str(follow(e, &old, soon), "e ", "nothing is missed because of a tidy");
	is_str(follow(e, &new, soon), "e ", "by either follower");
	new = (struct state_cursor){ 0 };
	is_str(follow(e, &new, soon), "b e ", "what is left");
	write_key(e, "e", now, now);
	tidy(e, soon);
	write_key(e, "f", soon + 60000, now);
	is_str(
	    follow(e, &old, soon), "f ", "numbers are not given again when the last one is gone");
	old.origin++;
	is_str(follow(e, &old, soon), "!b f ", "another origin");
	old.number += 10;
	is_str(follow(e, &old, soon), "!b f ", "a number that was not given yet");
	is_str(follow(e, &old, soon), "", "told once");
	e->free(e);
}

#endif

/* ---- SQLite ---- */

#ifdef HAVE_SQLITE

#include <sqlite3.h>

static int
execute(const char *file, const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *statement = NULL;
	int ret = -1;

	sqlite3_open_v2(file, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
	sqlite3_busy_timeout(db, PATIENCE_MS);
	while (sql[0] != '\0' && sqlite3_prepare_v2(db, sql, -1, &statement, &sql) == SQLITE_OK) {
		if (sqlite3_step(statement) == SQLITE_ROW)
			ret = sqlite3_column_int(statement, 0);
		sqlite3_finalize(statement);
	}
	sqlite3_close(db);
	return ret;
}

/* Both put again what they know, and a third hears it. */
static void
check_again(const char *spec, struct listener *a, struct listener *b, const char *what)
{
	struct listener *c;

	ok(hears_of_loss(a, 1) && hears_of_loss(b, 1), what);
	say(a, "after", "x");
	ok(hears(a, "after", "x") && hears(b, "after", "x"), "they go on");
	c = listener_new(spec, STATE_HEALTH, NULL);
	ok(hears(c, "a", "1") && hears(c, "b", "2") && hears(c, "after", "x"),
	    "what was put again is heard by a third");
	is_str(heard(c, "gone"), "", "nothing else is");
	is_int(losses(a) + losses(b) + losses(c), 2, "told once");
	listener_free(c);
	listener_free(a);
	listener_free(b);
}

static void
test_files(void)
{
	char *file = xstrdup(text("%s/lost", place)), *spec = xstrdup(text("sqlite:%s", file));
	struct listener *a = listener_new(spec, STATE_HEALTH, "a=1"),
			*b = listener_new(spec, STATE_HEALTH, "b=2");

	say(a, "gone", "x");
	ok(hears(b, "gone", "x"), "a file");
	unlink(file);
	check_again(spec, a, b, "a file that was taken away");

	a = listener_new(spec, STATE_HEALTH, "a=1");
	b = listener_new(spec, STATE_HEALTH, "b=2");
	say(a, "gone", "x");
	ok(hears(b, "gone", "x"), "a new file");
	if (system(text("yes garbage 2>/dev/null | dd of=%s bs=4096 seek=1 count=400 "
			"conv=notrunc iflag=fullblock 2>/dev/null; yes garbage 2>/dev/null | "
			"dd of=%s-wal bs=32 seek=1 count=4000 conv=notrunc iflag=fullblock "
			"2>/dev/null",
		file, file)) != 0)
		printf("# not damaged\n");
	say(a, "gone", "y");
	check_again(spec, a, b, "a file that was damaged");
	is_int(execute(file, "SELECT count(*) FROM pragma_integrity_check"
			     " WHERE integrity_check = 'ok'"),
	    1, "the new one is sound");
	free(spec);
	free(file);
}

/* A file of version 1 keeps what it has and gets what it lacks. */
static void
test_older(void)
{
	char *file = xstrdup(text("%s/older", place)), *spec = xstrdup(text("sqlite:%s", file));
	struct listener *a, *b;

	execute(file,
	    "PRAGMA application_id = 1734505332; PRAGMA user_version = 1;"
	    "CREATE TABLE response (key BLOB PRIMARY KEY NOT NULL, expires INTEGER NOT NULL,"
	    " size INTEGER NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;"
	    "INSERT INTO response VALUES (x'6b', 9000000000000, 2, x'76')");
	a = listener_new(spec, STATE_HEALTH, NULL);
	b = listener_new(spec, STATE_HEALTH, NULL);
	ok(comes(a->store, "k", "v"), "what an older version has put is there");
	say(a, "k", "1");
	ok(hears(b, "k", "1"), "and the new is heard");
	listener_free(a);
	listener_free(b);
	is_int(execute(file, "PRAGMA user_version"), 2, "the file is of this version");
	free(spec);
	free(file);
}

static void
test_sqlite(void)
{
	char *spec = xstrdup(text("sqlite:%s/state", place));

	test_shared(spec);
	test_many(spec);
	free(spec);
	test_cursor(state_sqlite_new(text("%s/cursor", place), error));
	test_files();
	test_older();
}

#endif

/* ---- Redis ---- */

#ifdef HAVE_HIREDIS

static void
restart(void)
{
	server_stop();
	server_start();
	ok(server_ready(), "started anew");
}

static void
test_away(const char *spec)
{
	struct listener *a = listener_new(spec, STATE_HEALTH, "a=1"),
			*b = listener_new(spec, STATE_HEALTH, "b=2"), *c;
	unsigned away = logged("state_away"), back = logged("state_back");

	say(a, "before", "x");
	ok(hears(b, "before", "x"), "heard");
	kill(server, SIGSTOP);
	say(a, "during", "x");
	ok(comes_to_log("state_away", away + 2), "away");
	c = listener_new(spec, STATE_HEALTH, NULL);
	is_int(times_told(c), 0, "who comes now hears nothing yet");
	kill(server, SIGCONT);
	ok(comes_to_log("state_back", back + 3), "back");
	ok(hears(b, "during", "x"), "what waited is heard");
	ok(hears(c, "before", "x") && hears(c, "during", "x"), "also by who came too early");
	is_int(losses(a) + losses(b) + losses(c), 0, "nothing is lost");
	listener_free(c);

	restart();
	ok(hears_of_loss(a, 1) && hears_of_loss(b, 1), "an empty server");
	ok(hears(b, "a", "1") && hears(a, "b", "2"), "each puts what it knows");
	command("FLUSHALL", NULL);
	/* More than there was: the numbers alone would not tell. */
	for (int i = 0; i < 20; i++)
		say(a, text("f%d", i), "x");
	ok(hears_of_loss(a, 2) && hears_of_loss(b, 2), "emptied");
	c = listener_new(spec, STATE_HEALTH, NULL);
	ok(hears(c, "a", "1") && hears(c, "b", "2") && hears(c, "f19", "x"), "put again");
	listener_free(c);
	listener_free(a);
	listener_free(b);
}

/* A server that comes back with what it had some time ago. */
static void
test_older_copy(const char *spec)
{
	struct listener *a = listener_new(spec, STATE_HEALTH, "late=1"),
			*b = listener_new(spec, STATE_HEALTH, NULL), *c;

	say(b, "early", "1");
	ok(hears(a, "early", "1"), "put early");
	command("SAVE", NULL);
	say(a, "late", "1");
	ok(hears(b, "late", "1"), "put later");
	server_stop();
	for (int i = 0; i < 20; i++)
		say(b, text("l%d", i), "x");
	server_start();
	ok(server_ready(), "back with the older copy");
	ok(hears_of_loss(a, 1) && hears_of_loss(b, 1), "known for one");
	c = listener_new(spec, STATE_HEALTH, NULL);
	ok(hears(c, "late", "1") && hears(c, "l19", "x") && hears(c, "early", "1"),
	    "all is there again");
	listener_free(a);
	listener_free(b);
	listener_free(c);
	command("FLUSHALL", NULL);
}

/* A server that answers, but not this. */
static void
test_refused(const char *spec)
{
	unsigned away = logged("state_away"), back = logged("state_back");
	struct listener *l;

	command("SET %s x", "gb:health");
	l = listener_new(spec, STATE_HEALTH, NULL);
	ok(comes_to_log("state_away", away + 1), "refused");
	usleep(5 * STATE_RETRY_MIN_MS * 1000);
	is_int(logged("state_back"), back, "which is not away and back by turns");
	command("DEL %s", "gb:health");
	ok(comes_to_log("state_back", back + 1), "allowed");
	say(l, "k", "v");
	ok(hears(l, "k", "v"), "from then on all is heard");
	is_int(logged("state_away"), away + 1, "told once");
	listener_free(l);
}

/* More than can wait for a server that is away. */
static void
test_given_up(const char *spec)
{
	struct listener *a = listener_new(spec, STATE_USAGE, "first=1"),
			*b = listener_new(spec, STATE_USAGE, NULL);

	kill(server, SIGSTOP);
	say(a, "first", "1");
	for (int i = 0; i <= STATE_NEWS_ITEMS; i++)
		say(a, text("u%d", i), NOISE);
	kill(server, SIGCONT);
	ok(hears_of_loss(a, 1), "writes that were given up are told");
	ok(hears(b, "first", "1"), "and put again");
	is_int(losses(b), 0, "whose were written hears nothing of it");
	listener_free(a);
	listener_free(b);
	ok(command("ZCARD %s", "gb:usage") >= STATE_NEWS_ITEMS, "nearly all were written");
	command("FLUSHALL", NULL);
}

static void
test_redis(void)
{
	char *spec = xstrdup(text("redis+unix://:geheim@%s/redis.sock?db=3", place));
	struct state_url url;

	test_shared(spec);
	test_many(spec);
	command("FLUSHALL", NULL);
	if (state_url_parse(slice_str(spec), &url, error) == 0)
		test_cursor(state_redis_new(&url, error));
	is_int(command("ZCARD %s", "gb:health"), 4, "two keys, the last number and the origin");
	command("FLUSHALL", NULL);
	test_away(spec);
	test_older_copy(spec);
	test_refused(spec);
	test_given_up(spec);
	free(spec);
}

#endif

static void
test_alone(void)
{
	struct listener *l = listener_new("memory", STATE_HEALTH, NULL);

	ok(!state_is_shared(l->store), "memory is not shared");
	say(l, "k", "v");
	listener_free(l);
}

int
main(void)
{
	begin();
	test_alone();
#ifdef HAVE_SQLITE
	test_sqlite();
#endif
#ifdef HAVE_HIREDIS
	server_start();
	if (server_ready()) {
		test_redis();
		server_stop();
	} else {
		printf("# there is no redis-server\n");
	}
#endif
	return end();
}
