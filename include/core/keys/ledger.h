/*
 * What accounts have spent today (a day of UTC), as several processes count it: each has a count of
 * its own, which only grows, and their sum is what an account has spent. So a count may be told
 * twice, late or in any order. Pure: time is an argument (wall clock, milliseconds); the caller
 * serialises calls.
 */
#ifndef CORE_KEYS_LEDGER_H
#define CORE_KEYS_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct ledger;

/* A count as processes tell it. */
struct ledger_row {
	uint64_t account, process, day; /* days since 1970 */
	uint64_t count;
};

/* process: the id of this one, which no other has had. max: rows; further ones do not count. */
struct ledger *ledger_new(uint64_t process, size_t max);
void ledger_free(struct ledger *l);

/* Adds to what this process has counted. *ret_row is what the others are to be told. */
void ledger_spend(
    struct ledger *l, uint64_t account, uint64_t amount, uint64_t wall, struct ledger_row *ret_row);
/* What a process has told. */
void ledger_take(struct ledger *l, const struct ledger_row *row, uint64_t wall);
/* Of today. A clock that is set back does not give the day anew. */
uint64_t ledger_total(struct ledger *l, uint64_t account, uint64_t wall);
/* Seconds until the next day. */
uint32_t ledger_rest(uint64_t wall);
/* Calls fn for each count of this process, for those who have to be told again. */
void ledger_each(
    const struct ledger *l, void (*fn)(void *ctx, const struct ledger_row *row), void *ctx);

/* A row in words: `ACCOUNT:DAY:PROCESS`, and the count. */
#define LEDGER_NAME_MAX 56
void ledger_name(const struct ledger_row *row, char ret[LEDGER_NAME_MAX]);
/* False when they are none. */
bool ledger_read(struct slice name, struct slice count, struct ledger_row *ret);

#endif
