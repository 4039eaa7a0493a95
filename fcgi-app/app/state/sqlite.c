/*
 * The state in a SQLite file that several processes share: one table for each space. Its file is
 * the matter of sqlite_file.c. In a followed space every put makes a new row with a number
 * above all that were ever given; as one transaction writes at a time, that is their order.
 */
#include "config.h"

#include "state_priv.h"

#include <stdio.h>

#define STATE_TIDY_ROWS 256 /* removed in one transaction */

#ifdef HAVE_SQLITE

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "sqlite.h"

/* clang-format off */
static const char *const statement_sql[STATEMENTS] = {
	[GET] = "SELECT value, expires FROM %s WHERE key = ?1 AND expires > ?2",
	[PUT] = "INSERT INTO %s (key, expires, size, value) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (key)"
		" DO UPDATE SET expires = excluded.expires, size = excluded.size, value = excluded.value",
	[PUT_NEWS] = "INSERT OR REPLACE INTO %s (key, expires, size, value) VALUES (?1, ?2, ?3, ?4)",
	[DELETE] = "DELETE FROM %s WHERE key = ?1",
	[NEWEST] = "SELECT origin, (SELECT seq FROM sqlite_sequence WHERE name = '%s') FROM store",
	[NEWS] = "SELECT number, key, value, expires FROM %s WHERE number > ?1 AND expires > ?2"
		" ORDER BY number LIMIT ?3",
	[BYTES] = "SELECT coalesce(sum(size), 0) FROM %s",
	/* Some of the oldest that expire until ?1: ?2 rows, or fewer of more than ?3 bytes. */
	[SHED] = "DELETE FROM %1$s WHERE key IN (SELECT key FROM (SELECT key, sum(size) OVER"
		" (ORDER BY expires, key ROWS UNBOUNDED PRECEDING) - size AS before FROM"
		" (SELECT key, expires, size FROM %1$s WHERE expires <= ?1 ORDER BY expires LIMIT ?2))"
		" WHERE before < ?3)",
};
/* clang-format on */

/* The statement, ready to be bound; NULL with *ret_rc. */
static sqlite3_stmt *
sqlite_prepared(
    struct state_db *db, enum state_space space, enum state_statement which, int *ret_rc)
{
	sqlite3_stmt **statement = &db->statements[space][which];
	char sql[512];

	*ret_rc = SQLITE_OK;
	if (*statement == NULL) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(sql, sizeof(sql), statement_sql[which], state_limits[space].name);
#pragma GCC diagnostic pop
		*ret_rc = sqlite3_prepare_v3(
		    db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
	}
	return *statement;
}

/* ---- rows ---- */

/* The value may be borrowed: the statement forgets it before the call ends. */
static int
bind_blob(sqlite3_stmt *statement, int place, struct slice s)
{
	return sqlite3_bind_blob64(
	    statement, place, s.len > 0 ? s.ptr : "", (sqlite3_uint64)s.len, SQLITE_STATIC);
}

static int
sqlite_finish(sqlite3_stmt *statement)
{
	int rc = sqlite3_reset(statement);

	sqlite3_clear_bindings(statement);
	return rc;
}

static int
write_item(struct state_db *db, const struct state_item *item)
{
	enum state_statement put = state_limits[item->space].followed ? PUT_NEWS : PUT;
	sqlite3_stmt *statement;
	int rc;

	statement = sqlite_prepared(db, item->space, item->deleted ? DELETE : put, &rc);
	if (statement == NULL)
		return rc;
	bind_blob(statement, 1, item->key);
	if (!item->deleted) {
		sqlite3_bind_int64(statement, 2, (sqlite3_int64)item->expires);
		sqlite3_bind_int64(statement, 3, (sqlite3_int64)(item->key.len + item->value.len));
		bind_blob(statement, 4, item->value);
	}
	sqlite3_step(statement);
	return sqlite_finish(statement);
}

static int
sqlite_write(struct state_engine *base, struct state_item *const *list, size_t count, uint64_t now,
    char reason[STATE_REASON_MAX])
{
	struct state_sqlite *e = (struct state_sqlite *)base;
	int rc;

	(void)now;
	if (state_sqlite_writer(e, reason) < 0)
		return -1;
	rc = state_db_exec(&e->writer, "BEGIN IMMEDIATE");
	for (size_t i = 0; i < count && rc == SQLITE_OK; i++)
		rc = write_item(&e->writer, list[i]);
	if (rc == SQLITE_OK)
		rc = state_db_exec(&e->writer, "COMMIT");
	return rc == SQLITE_OK ? 0 : state_sqlite_failed(e, &e->writer, rc, reason);
}

static struct slice
sqlite_column(sqlite3_stmt *statement, int i)
{
	const void *bytes = sqlite3_column_blob(statement, i);

	return (
	    struct slice){ bytes != NULL ? bytes : "", (size_t)sqlite3_column_bytes(statement, i) };
}

static int
read_row(struct state_db *db, struct state_lookup *lookup, uint64_t now)
{
	struct state_query *query = lookup->query;
	sqlite3_stmt *statement;
	int rc;

	statement = sqlite_prepared(db, query->space, GET, &rc);
	if (statement == NULL)
		return rc;
	bind_blob(statement, 1, query->key);
	sqlite3_bind_int64(statement, 2, (sqlite3_int64)now);
	if (sqlite3_step(statement) == SQLITE_ROW) {
		buf_add_slice(&query->value, sqlite_column(statement, 0));
		lookup->expires = (uint64_t)sqlite3_column_int64(statement, 1);
		lookup->found = true;
	}
	return sqlite_finish(statement);
}

static int
sqlite_read(struct state_engine *base, struct state_lookup *list, size_t count, uint64_t now,
    char reason[STATE_REASON_MAX])
{
	struct state_sqlite *e = (struct state_sqlite *)base;
	int rc = SQLITE_OK;

	if (state_sqlite_reader(e, reason) < 0)
		return -1;
	if (count == 0)
		sqlite_prepared(&e->reader, 0, GET, &rc);
	for (size_t i = 0; i < count && rc == SQLITE_OK; i++)
		rc = read_row(&e->reader, &list[i], now);
	return rc == SQLITE_OK ? 0 : state_sqlite_failed(e, &e->reader, rc, reason);
}

/* ---- what is new ---- */

/* Where the numbers stand. */
static int
sqlite_read_newest(struct state_db *db, enum state_space space, struct state_cursor *ret)
{
	int rc;
	sqlite3_stmt *statement = sqlite_prepared(db, space, NEWEST, &rc);

	if (statement == NULL)
		return rc;
	*ret = (struct state_cursor){ 0 };
	if (sqlite3_step(statement) == SQLITE_ROW) {
		ret->origin = (uint64_t)sqlite3_column_int64(statement, 0);
		ret->number = (uint64_t)sqlite3_column_int64(statement, 1);
	}
	return sqlite_finish(statement);
}

static int
read_news(struct state_db *db, enum state_space space, uint64_t now, struct state_cursor *at,
    struct state_page *page)
{
	int rc;
	sqlite3_stmt *statement = sqlite_prepared(db, space, NEWS, &rc);

	if (statement == NULL)
		return rc;
	sqlite3_bind_int64(statement, 1, (sqlite3_int64)at->number);
	sqlite3_bind_int64(statement, 2, (sqlite3_int64)now);
	sqlite3_bind_int64(statement, 3, STATE_PAGE_ITEMS);
	while (page->count < STATE_PAGE_ITEMS && sqlite3_step(statement) == SQLITE_ROW) {
		at->number = (uint64_t)sqlite3_column_int64(statement, 0);
		page->items[page->count++] = state_item_new(space, sqlite_column(statement, 1),
		    sqlite_column(statement, 2), (uint64_t)sqlite3_column_int64(statement, 3));
	}
	return sqlite_finish(statement);
}

static int
sqlite_follow(struct state_engine *base, enum state_space space, struct state_cursor *cursor,
    struct state_page *page, uint64_t now, char reason[STATE_REASON_MAX])
{
	struct state_sqlite *e = (struct state_sqlite *)base;
	struct state_cursor newest, at = *cursor;
	int rc;

	if (state_sqlite_reader(e, reason) < 0)
		return -1;
	rc = sqlite_read_newest(&e->reader, space, &newest);
	if (rc == SQLITE_OK)
		page->anew = state_cursor_meet(&at, newest);
	if (rc == SQLITE_OK && at.number < newest.number)
		rc = read_news(&e->reader, space, now, &at, page);
	if (rc != SQLITE_OK)
		return state_sqlite_failed(e, &e->reader, rc, reason);
	page->more = page->count == STATE_PAGE_ITEMS;
	/* What has expired is not looked at again. */
	if (!page->more && at.number < newest.number)
		at.number = newest.number;
	*cursor = at;
	return 0;
}

/* ---- keeping it small ---- */

static int
count_bytes(struct state_db *db, enum state_space space, uint64_t *ret)
{
	int rc;
	sqlite3_stmt *statement = sqlite_prepared(db, space, BYTES, &rc);

	if (statement == NULL)
		return rc;
	if (sqlite3_step(statement) == SQLITE_ROW)
		*ret = (uint64_t)sqlite3_column_int64(statement, 0);
	return sqlite_finish(statement);
}

/* *ret_more: there was something to remove. */
static int
free_early(struct state_db *db, enum state_space space, sqlite3_int64 until, bool *ret_more)
{
	int rc;
	sqlite3_stmt *statement = sqlite_prepared(db, space, SHED, &rc);

	if (statement == NULL)
		return rc;
	sqlite3_bind_int64(statement, 1, until);
	sqlite3_bind_int64(statement, 2, STATE_TIDY_ROWS);
	sqlite3_bind_int64(statement, 3, STATE_BATCH_BYTES);
	sqlite3_step(statement);
	rc = sqlite_finish(statement);
	if (rc == SQLITE_OK && sqlite3_changes(db->handle) > 0)
		*ret_more = true;
	return rc;
}

static int
sqlite_tidy(struct state_engine *base, uint64_t now, bool *ret_more, char reason[STATE_REASON_MAX])
{
	struct state_sqlite *e = (struct state_sqlite *)base;
	int rc = SQLITE_OK;

	*ret_more = false;
	if (state_sqlite_writer(e, reason) < 0)
		return -1;
	for (enum state_space i = 0; i < STATE_SPACES && rc == SQLITE_OK; i++) {
		uint64_t bytes = 0;

		rc = free_early(&e->writer, i, (sqlite3_int64)now, ret_more);
		if (rc == SQLITE_OK)
			rc = count_bytes(&e->writer, i, &bytes);
		if (rc == SQLITE_OK && bytes > state_limits[i].file_max)
			rc = free_early(&e->writer, i, INT64_MAX, ret_more);
	}
	return rc == SQLITE_OK ? 0 : state_sqlite_failed(e, &e->writer, rc, reason);
}

/* ---- making and ending ---- */

static void
sqlite_free(struct state_engine *base)
{
	struct state_sqlite *e = (struct state_sqlite *)base;

	state_db_close(&e->reader);
	state_db_close(&e->writer);
	free(e->path);
	free(e);
}

/* Without symbolic links, so that a file can be told from another that took its place; the file
 * need not be there. With a slash in it SQLite sees no special names. */
static char *
real_path(const char *path)
{
	char *real = realpath(path, NULL), *ret;
	const char *slash = strrchr(path, '/');
	char *directory = slash != NULL ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup(".");
	size_t size = strlen(path) + PATH_MAX + 2;

	if (real != NULL) {
		free(directory);
		return real;
	}
	real = realpath(directory, NULL);
	ret = xmalloc(size);
	snprintf(
	    ret, size, "%s/%s", real != NULL ? real : directory, slash != NULL ? slash + 1 : path);
	free(real);
	free(directory);
	return ret;
}

struct state_engine *
state_sqlite_new(const char *path, char error[STATE_ERROR_MAX])
{
	struct state_sqlite *e;

	if (sqlite3_threadsafe() == 0) {
		snprintf(error, STATE_ERROR_MAX, "This SQLite was built without threads.");
		return NULL;
	}
	e = xcalloc(1, sizeof(*e));
	e->base = (struct state_engine){ "sqlite", sqlite_write, sqlite_read, sqlite_follow,
		sqlite_tidy, sqlite_free };
	e->path = real_path(path);
	if (state_sqlite_start(e, error) == 0)
		return &e->base;
	sqlite_free(&e->base);
	return NULL;
}

#else

struct state_engine *
state_sqlite_new(const char *path, char error[STATE_ERROR_MAX])
{
	(void)path;
	snprintf(error, STATE_ERROR_MAX,
	    "The state cannot be in a SQLite file: this program was built without SQLite.");
	return NULL;
}

#endif
