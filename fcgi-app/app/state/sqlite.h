/* The SQLite engine's two halves: its file with two connections to it, and the rows in it. */
#ifndef APP_STATE_SQLITE_H
#define APP_STATE_SQLITE_H

#include <sqlite3.h>

#include "state_priv.h"

enum state_statement { GET, PUT, PUT_NEWS, DELETE, NEWEST, NEWS, BYTES, SHED, STATEMENTS };

/* A connection, opened when it is needed. Its statements are made when they are needed. */
struct state_db {
	sqlite3 *handle;
	sqlite3_stmt *statements[STATE_SPACES][STATEMENTS];
};

struct state_sqlite {
	struct state_engine base;
	char *path; /* with a slash in it */
	struct state_db writer, reader;
	atomic_ullong corrupt; /* inode of the file to be put aside, or 0; either may find out */
};

void state_db_close(struct state_db *db);
/* One or more statements without values. A code of SQLite's. */
int state_db_exec(struct state_db *db, const char *sql);

/* Opens the writer's connection and makes the file when there is none. -1 with a sentence when that
 * fails by what will not pass by itself. */
int state_sqlite_start(struct state_sqlite *e, char error[STATE_ERROR_MAX]);
/* See to it that the connection leads to a sound file, the one that has the path now; only the
 * writer makes one. -1 with a reason. */
int state_sqlite_writer(struct state_sqlite *e, char reason[STATE_REASON_MAX]);
int state_sqlite_reader(struct state_sqlite *e, char reason[STATE_REASON_MAX]);
/* Every failure ends here: -1. Takes a transaction back. A lock or a full disk passes; after
 * anything else the connection is made anew. */
int state_sqlite_failed(
    struct state_sqlite *e, struct state_db *db, int rc, char reason[STATE_REASON_MAX]);

#endif
