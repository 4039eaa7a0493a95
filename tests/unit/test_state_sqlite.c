/* The store with a SQLite file: shared, kept, put aside, full, of another program. */
#include "config.h"

#ifdef HAVE_SQLITE

#include "app/state/state_priv.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/xalloc.h"
#include "state_help.h"

#define ROWS 400
#define FULL (600 * KIB) /* what files may hold on the full disk */

static char *file, *spec;

static void
use_file(const char *name)
{
	free(file);
	free(spec);
	file = xstrdup(text("%s/%s", place, name));
	spec = xstrdup(text("sqlite:%s", file));
}

static struct state *
open_store(void)
{
	struct state *s = state_new(spec, error);

	if (s == NULL) {
		printf("Bail out! %s\n", error);
		exit(1);
	}
	return s;
}

/* The number that a statement answers with, or -1. */
static int
number(const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *statement = NULL;
	int ret = -1;

	if (sqlite3_open_v2(file, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
	    sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		ret = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return ret;
}

static void
test_shared(void)
{
	struct state *a, *b;
	struct stat st;
	struct buf found;
	bool good;

	use_file("shared");
	a = open_store();
	b = open_store();
	is_str(state_engine_name(a), "sqlite", "the engine's name");
	ok(stat(file, &st) == 0 && (st.st_mode & 0777) == 0600, "the file is the owner's alone");
	ok(state_get(a, STATE_RESPONSE, SLICE("k"), &found) == STATE_UNKNOWN, "not known yet");
	is_int(ask(a, "k", NULL, &good), 'A', "nor by the file");
	put(a, "k", "one");
	ok(state_get(a, STATE_RESPONSE, SLICE("k"), &found) == STATE_FOUND, "seen at once");
	buf_release(&found);
	ok(comes(b, "k", "one"), "and by the other");
	put(b, "k", "two");
	ok(comes(a, "k", "two"), "changed by the other");
	state_delete(a, STATE_RESPONSE, SLICE("k"));
	ok(state_get(a, STATE_RESPONSE, SLICE("k"), &found) == STATE_ABSENT, "deleted at once");
	ok(goes(b, "k"), "and for the other");
	put(a, "kept", "");
	put(a, "x\x01\xff", "any bytes");
	state_free(a);
	state_free(b);
	a = open_store();
	is_int(ask(a, "kept", "", &good), 'F', "there after a restart");
	ok(good, "an empty value");
	ask(a, "x\x01\xff", "any bytes", &good);
	ok(good, "a key of any bytes");
	state_free(a);
}

static void
test_large(void)
{
	size_t size = RESPONSE_MAX;
	char *value = xmalloc(size);
	struct state *s, *other;
	struct state_query queries[3];
	char keys[3][8];

	for (size_t i = 0; i < size; i++)
		value[i] = (char)(i * 31 >> 3);
	use_file("large");
	s = open_store();
	for (size_t i = 0; i < 3; i++) {
		snprintf(keys[i], sizeof(keys[i]), "k%zu", i);
		queries[i] =
		    (struct state_query){ .space = STATE_RESPONSE, .key = slice_str(keys[i]) };
		state_put(s, STATE_RESPONSE, queries[i].key, (struct slice){ value, size });
	}
	state_free(s);
	other = open_store();
	state_ask(other, queries, 3);
	for (size_t i = 0; i < 3; i++) {
		ok(queries[i].answer == STATE_FOUND &&
			slice_eq(buf_slice(&queries[i].value), (struct slice){ value, size }),
		    "a value of the largest size");
		buf_release(&queries[i].value);
	}
	state_free(other);
	free(value);
}

/* Expiry, by the engine alone: its time is an argument. */
static void
test_expiry(void)
{
	struct state_engine *e;
	struct state_item *items[3];
	char reason[STATE_REASON_MAX];
	struct state_query query = { .space = STATE_RESPONSE, .key = SLICE("b") };
	struct state_lookup lookup = { .query = &query };
	bool more;

	use_file("expiry");
	e = state_sqlite_new(file, error);
	for (unsigned i = 0; i < 3; i++)
		items[i] = state_item_new(
		    STATE_RESPONSE, slice_str(text("%c", 'a' + i)), SLICE("x"), 100 * (i + 1));
	is_int(e->write(e, items, 3, 0, reason), 0, "written");
	is_int(e->read(e, &lookup, 1, 199, reason), 0, "read");
	ok(lookup.found && lookup.expires == 200, "not yet expired");
	lookup.found = false;
	e->read(e, &lookup, 1, 200, reason);
	ok(!lookup.found, "expired");
	buf_release(&query.value);
	ok(e->tidy(e, 200, &more, reason) == 0 && more, "removed");
	is_int(number("SELECT count(*) FROM response"), 1, "what is left");
	ok(e->tidy(e, 200, &more, reason) == 0 && !more, "nothing more to remove");
	e->free(e);
	for (unsigned i = 0; i < 3; i++)
		state_item_unref(items[i]);
}

static void
fill(struct state *s)
{
	char value[4000];

	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	for (int i = 0; i < ROWS; i++)
		put(s, text("k%d", i), value);
}

static void
shell(const char *command)
{
	if (system(command) != 0)
		printf("# failed: %s\n", command);
}

static void
test_corrupt(void)
{
	struct state *a, *b;
	struct stat st;
	bool good;

	use_file("garbage");
	shell(text("yes garbage 2>/dev/null | head -c 100000 >%s", file));
	a = open_store();
	ok(stat(text("%s.corrupt", file), &st) == 0 && st.st_size == 100000,
	    "no database: put aside as it was");
	is_int(logged("state_corrupt"), 1, "which the log tells");
	put(a, "k", "v");
	state_free(a);
	a = open_store();
	ask(a, "k", "v", &good);
	ok(good, "and a new one begun");
	state_free(a);

	use_file("damaged");
	a = open_store();
	fill(a);
	state_free(a);
	a = open_store();
	b = open_store();
	ask(a, "other", "v", &good);
	ask(b, "other", "v", &good);
	/* All but the first page, under both of them. */
	shell(text("yes garbage 2>/dev/null | dd of=%s bs=4096 seek=1 count=400 conv=notrunc "
		   "iflag=fullblock"
		   " 2>/dev/null",
	    file));
	put(a, "new", "v");
	ask(a, "k77", NULL, &good);
	put(b, "newer", "v");
	ask(b, "k78", NULL, &good);
	ok(comes_to_log("state_corrupt", 2), "damage is noticed by use, and one puts it aside");
	put(a, "later", "v");
	ok(comes(b, "later", "v"), "both go on with the new file");
	put(b, "latest", "v");
	ok(comes(a, "latest", "v"), "both ways");
	state_free(a);
	state_free(b);
	is_int(number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"),
	    1, "which is sound");
	is_int(logged("state_corrupt"), 2, "put aside once");
	is_int(logged("state_away"), logged("state_back"), "no store is away in the end");
}

static void
test_removed(void)
{
	struct state *s;

	use_file("removed");
	s = open_store();
	fill(s);
	ok(comes(s, "k1", NULL), "a file");
	unlink(file);
	put(s, "k", "v");
	state_free(s);
	ok(number("SELECT count(*) FROM response") >= 1, "made anew when it was taken away");
	is_int(number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"),
	    1, "and sound");
}

static void
test_foreign(void)
{
	static const char *const sql[] = { "CREATE TABLE letters (a)",
		"PRAGMA application_id = 1734505332; PRAGMA user_version = 99;"
		"CREATE TABLE response (a)" };
	struct state *s;

	for (size_t i = 0; i < ARRAY_SIZE(sql); i++) {
		sqlite3 *db = NULL;

		use_file(text("foreign%zu", i));
		sqlite3_open(file, &db);
		sqlite3_exec(db, sql[i], NULL, NULL, NULL);
		sqlite3_close(db);
		s = state_new(spec, error);
		ok(s == NULL && strstr(error, "belongs to another program") != NULL,
		    i == 0 ? "another program's database" : "a newer version's database");
		state_free(s);
		is_int(number("SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = "
			      "'delete'"),
		    1, "is left alone");
	}
	shell(text("mkdir %s/directory", place));
	use_file("directory");
	s = state_new(spec, error);
	ok(s == NULL && strstr(error, "cannot be written") != NULL, "a directory");
	state_free(s);
}

/* A file that must not grow is what a full disk looks like. */
static void
test_full(void)
{
	struct rlimit limit, old;
	unsigned before = logged("state_away"), after = logged("state_back");
	struct state *s, *other;
	struct buf found;
	bool good;

	use_file("full");
	s = open_store();
	put(s, "early", "v");
	other = open_store();
	ok(comes(other, "early", "v"), "before");
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	limit = (struct rlimit){ FULL, old.rlim_max };
	setrlimit(RLIMIT_FSIZE, &limit);
	fill(s);
	ok(comes_to_log("state_away", before + 1), "a full disk is told");
	put(s, "late", "v");
	ok(state_get(s, STATE_RESPONSE, SLICE("late"), &found) == STATE_FOUND, "memory goes on");
	buf_release(&found);
	is_int(ask(s, "early", "v", &good), 'F', "what was written can be read");
	setrlimit(RLIMIT_FSIZE, &old);
	ok(comes_to_log("state_back", after + 1), "so is the end of it");
	ok(comes(other, "late", "v"), "nothing was lost");
	ok(comes(other, text("k%d", ROWS - 1), NULL), "of all that");
	is_int(logged("state_away"), before + 1, "told once");
	state_free(other);
	state_free(s);
	is_int(number("SELECT count(*) FROM response"), ROWS + 2, "every row");
}

int
main(void)
{
	begin();
	test_shared();
	test_large();
	test_expiry();
	test_corrupt();
	test_removed();
	test_foreign();
	test_full();
	free(file);
	free(spec);
	return end();
}

#else

#include "tap.h"

TAP_SKIP_MAIN("built without SQLite")

#endif
