/*
 * The state's SQLite file: two connections, in WAL mode, so that readers and the writer do not wait
 * for each other and a killed process leaves a whole file behind. A file that is no longer sound is
 * put aside and a new one begun, by one of the processes that share it; the others follow.
 */
#include "config.h"

#ifdef HAVE_SQLITE

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "sqlite.h"

#define SCHEMA_VERSION 2          /* to be raised with every new space */
#define APPLICATION_ID 0x67627374 /* "gbst", in the file's header */
#define LOCK_PAUSE_MS  20

/* ---- connections ---- */

void
state_db_close(struct state_db *db)
{
	for (size_t i = 0; i < STATE_SPACES; i++)
		for (size_t j = 0; j < STATEMENTS; j++)
			sqlite3_finalize(db->statements[i][j]);
	sqlite3_close(db->handle);
	*db = (struct state_db){ 0 };
}

static bool
is_corruption(int rc)
{
	return (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB;
}

/* True when the path leads to another file than the one that is open. */
static bool
has_moved(struct state_db *db)
{
	int moved = 0;

	sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
	return moved != 0;
}

/* Unless another process has put the file aside already. Files only move away, so what is still in
 * place was it before, too. */
static void
note_corruption(struct state_sqlite *e, struct state_db *db)
{
	struct stat st;

	if (stat(e->path, &st) == 0 && db->handle != NULL && !has_moved(db))
		atomic_store(&e->corrupt, st.st_ino);
}

int
state_sqlite_failed(
    struct state_sqlite *e, struct state_db *db, int rc, char reason[STATE_REASON_MAX])
{
	snprintf(reason, STATE_REASON_MAX, "%s", sqlite3_errstr(rc));
	if (is_corruption(rc))
		note_corruption(e, db);
	if (db->handle != NULL && !sqlite3_get_autocommit(db->handle))
		sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
	if ((rc & 0xff) != SQLITE_BUSY && (rc & 0xff) != SQLITE_FULL)
		state_db_close(db);
	return -1;
}

int
state_db_exec(struct state_db *db, const char *sql)
{
	return sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
}

/* The number or word that a pragma answers with. */
static int
sqlite_pragma(struct state_db *db, const char *sql, int *ret_number, char *ret_word, size_t size)
{
	sqlite3_stmt *statement = NULL;
	int rc = sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW) {
		*ret_number = sqlite3_column_int(statement, 0);
		if (ret_word != NULL)
			snprintf(
			    ret_word, size, "%s", (const char *)sqlite3_column_text(statement, 0));
		rc = SQLITE_OK;
	}
	sqlite3_finalize(statement);
	return rc;
}

/* What the file says about itself. SQLITE_AUTH, which nothing else here answers, when it is not
 * ours to write to; that is looked at before anything is changed. */
static int
check_owner(struct state_db *db, bool *ret_complete)
{
	int id = 0, version = 0, tables = 0;
	int rc = sqlite_pragma(db, "PRAGMA application_id", &id, NULL, 0);

	if (rc == SQLITE_OK)
		rc = sqlite_pragma(db, "PRAGMA user_version", &version, NULL, 0);
	if (rc == SQLITE_OK)
		rc = sqlite_pragma(db, "SELECT count(*) FROM sqlite_master", &tables, NULL, 0);
	if (rc != SQLITE_OK)
		return rc;
	if (tables > 0 && (id != APPLICATION_ID || version > SCHEMA_VERSION))
		return SQLITE_AUTH;
	*ret_complete = tables > 0 && version == SCHEMA_VERSION;
	return SQLITE_OK;
}

/* ret_complete: the tables are all there. */
static int
db_open(struct state_sqlite *e, struct state_db *db, bool *ret_complete)
{
	char mode[16] = "";
	int keep = 1, number, rc;

	rc = sqlite3_open_v2(
	    e->path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc != SQLITE_OK)
		return rc;
	if (sqlite3_db_readonly(db->handle, "main") == 1)
		return SQLITE_READONLY;
	sqlite3_busy_timeout(db->handle, STATE_ENGINE_MS);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	/* Whoever closes a file that was put aside must not remove the log of the new one. */
	sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
	rc = check_owner(db, ret_complete);
	if (rc == SQLITE_OK)
		rc = sqlite_pragma(db, "PRAGMA journal_mode = WAL", &number, mode, sizeof(mode));
	if (rc == SQLITE_OK)
		rc = state_db_exec(db, strcmp(mode, "wal") == 0 ? "PRAGMA synchronous = NORMAL"
								: "PRAGMA synchronous = FULL");
	if (rc == SQLITE_OK)
		rc = state_db_exec(db,
		    "PRAGMA journal_size_limit = 16777216; PRAGMA temp_store = MEMORY; "
		    "PRAGMA trusted_schema = OFF");
	return rc;
}

/* ---- the file ---- */

/* Taken to open the file, so that of several processes one makes it or puts it aside. Closing the
 * number gives it back. -1 with errno. */
static int
lock_directory(const struct state_sqlite *e)
{
	char *directory = xstrndup(e->path, (size_t)(strrchr(e->path, '/') - e->path) + 1);
	uint64_t end = clock_mono_ms() + STATE_ENGINE_MS;
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	free(directory);
	while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
		int error = errno;

		/* A file system without such locks: chance will have to do. */
		if (error != EWOULDBLOCK && error != EINTR)
			break;
		if (clock_mono_ms() >= end) {
			close(fd);
			errno = EWOULDBLOCK;
			return -1;
		}
		usleep(LOCK_PAUSE_MS * 1000);
	}
	return fd;
}

static void
with_suffix(const struct state_sqlite *e, const char *suffix, struct buf *ret)
{
	buf_init(ret, 8 * KIB);
	buf_adds(ret, e->path);
	buf_adds(ret, suffix);
	buf_addc(ret, '\0');
}

static void
remove_beside(const struct state_sqlite *e, const char *suffix)
{
	struct buf name;

	with_suffix(e, suffix, &name);
	unlink(name.data);
	buf_release(&name);
}

/* Makes the file when there is none. A log that an older one of the same name left would be
 * taken for its own. -1 with errno. */
static int
make_file(const struct state_sqlite *e)
{
	int fd = open(e->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno == EEXIST ? 0 : -1;
	close(fd);
	remove_beside(e, "-wal");
	remove_beside(e, "-shm");
	return 0;
}

static void
rename_aside(const struct state_sqlite *e)
{
	struct buf log_name, log_aside, aside;

	with_suffix(e, "-wal", &log_name);
	with_suffix(e, ".corrupt-wal", &log_aside);
	with_suffix(e, ".corrupt", &aside);
	/* The log first: it must never be found beside a new file. */
	rename(log_name.data, log_aside.data);
	remove_beside(e, "-shm");
	if (rename(e->path, aside.data) == 0)
		log_event(LOG_WARN, "state_corrupt", LOG_S("path", e->path),
		    LOG_S("kept_as", aside.data));
	buf_release(&log_name);
	buf_release(&log_aside);
	buf_release(&aside);
}

/* expires and size stand before the value, so that they are read without it. Numbers of followed
 * spaces are never given twice, also when the rows are gone. */
/* clang-format off */
static const char *const space_sql[2] = { /* [followed] */
	"CREATE TABLE IF NOT EXISTS %1$s (key BLOB PRIMARY KEY NOT NULL, expires INTEGER NOT NULL,"
	" size INTEGER NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS %1$s_age ON %1$s (expires, size)",
	"CREATE TABLE IF NOT EXISTS %1$s (number INTEGER PRIMARY KEY AUTOINCREMENT,"
	" key BLOB UNIQUE NOT NULL, expires INTEGER NOT NULL, size INTEGER NOT NULL,"
	" value BLOB NOT NULL);"
	"CREATE INDEX IF NOT EXISTS %1$s_age ON %1$s (expires, size)",
};
/* clang-format on */

/* An older version's file keeps what it has and gets what it lacks. */
static int
create_tables(struct state_db *db)
{
	char sql[640];
	int rc = state_db_exec(db, "BEGIN IMMEDIATE");

	for (size_t i = 0; i < STATE_SPACES && rc == SQLITE_OK; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(
		    sql, sizeof(sql), space_sql[state_limits[i].followed], state_limits[i].name);
#pragma GCC diagnostic pop
		rc = state_db_exec(db, sql);
	}
	/* By its origin a file is told from another that took its place. */
	if (rc == SQLITE_OK)
		rc =
		    state_db_exec(db, "CREATE TABLE IF NOT EXISTS store (origin INTEGER NOT NULL);"
				      "INSERT INTO store SELECT (random() & 0x7fffffffffffffff) | 1"
				      " WHERE NOT EXISTS (SELECT 1 FROM store)");
	snprintf(sql, sizeof(sql), "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
	    APPLICATION_ID, SCHEMA_VERSION);
	return rc == SQLITE_OK ? state_db_exec(db, sql) : rc;
}

/* Opens the writer's connection; the directory is locked. */
static int
open_writer(struct state_sqlite *e)
{
	char reason[STATE_REASON_MAX];
	struct stat st;
	bool complete = false;
	int rc = SQLITE_OK;

	for (int tries = 0; tries < 2; tries++) {
		unsigned long long corrupt = atomic_exchange(&e->corrupt, 0);

		state_db_close(&e->writer);
		if (corrupt != 0 && stat(e->path, &st) == 0 && st.st_ino == corrupt)
			rename_aside(e);
		if (make_file(e) < 0)
			return errno == ENOSPC ? SQLITE_FULL : SQLITE_CANTOPEN;
		rc = db_open(e, &e->writer, &complete);
		if (rc == SQLITE_OK && !complete)
			rc = create_tables(&e->writer);
		if (!is_corruption(rc))
			break;
		state_sqlite_failed(e, &e->writer, rc, reason);
	}
	return rc;
}

int
state_sqlite_writer(struct state_sqlite *e, char reason[STATE_REASON_MAX])
{
	int lock, rc;

	if (e->writer.handle != NULL && atomic_load(&e->corrupt) == 0 && !has_moved(&e->writer))
		return 0;
	lock = lock_directory(e);
	if (lock < 0)
		return state_sqlite_failed(e, &e->writer, SQLITE_CANTOPEN, reason);
	rc = open_writer(e);
	if (rc != SQLITE_OK) {
		state_sqlite_failed(e, &e->writer, rc, reason);
		state_db_close(&e->writer);
	}
	close(lock);
	return rc == SQLITE_OK ? 0 : -1;
}

int
state_sqlite_reader(struct state_sqlite *e, char reason[STATE_REASON_MAX])
{
	bool complete;
	int lock, rc;

	if (e->reader.handle != NULL && !has_moved(&e->reader))
		return 0;
	state_db_close(&e->reader);
	lock = lock_directory(e);
	if (lock < 0)
		return state_sqlite_failed(e, &e->reader, SQLITE_CANTOPEN, reason);
	rc = db_open(e, &e->reader, &complete);
	if (rc != SQLITE_OK) {
		state_sqlite_failed(e, &e->reader, rc, reason);
		state_db_close(&e->reader);
	}
	close(lock);
	return rc == SQLITE_OK ? 0 : -1;
}

/* What will not pass by itself is the operator's to mend: a sentence. */
int
state_sqlite_start(struct state_sqlite *e, char error[STATE_ERROR_MAX])
{
	int rc = SQLITE_OK, lock = lock_directory(e), cause = errno;

	if (lock < 0 && cause != EWOULDBLOCK) {
		snprintf(error, STATE_ERROR_MAX, "The directory of the state file %s: %s.", e->path,
		    strerror(cause));
		return -1;
	}
	if (lock >= 0)
		rc = open_writer(e);
	cause = errno;
	if (rc == SQLITE_AUTH)
		snprintf(error, STATE_ERROR_MAX,
		    "The state file %s belongs to another program or to a newer version.", e->path);
	else if ((rc & 0xff) == SQLITE_CANTOPEN || (rc & 0xff) == SQLITE_READONLY)
		snprintf(error, STATE_ERROR_MAX, "The state file %s cannot be written: %s.",
		    e->path, e->writer.handle == NULL ? strerror(cause) : sqlite3_errstr(rc));
	else
		rc = SQLITE_OK;
	if (rc != SQLITE_OK || e->writer.handle == NULL ||
	    !sqlite3_get_autocommit(e->writer.handle))
		state_db_close(&e->writer);
	if (lock >= 0)
		close(lock);
	return rc == SQLITE_OK ? 0 : -1;
}

#endif
