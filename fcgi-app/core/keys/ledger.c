/* One table holds the counts of all processes and, under process 0, their sums. */
#include "config.h"

#include "core/keys/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#define DAY_MS 86400000ULL
#define SUM    0 /* in place of a process */

struct ledger {
	uint64_t process, day;
	struct ledger_row *rows; /* account 0: a free place */
	size_t max, used, mask;
};

struct ledger *
ledger_new(uint64_t process, size_t max)
{
	struct ledger *l = xcalloc(1, sizeof(*l));
	size_t size = 16;

	while (size < 2 * max)
		size *= 2;
	l->process = process != SUM ? process : 1;
	l->max = max;
	l->mask = size - 1;
	l->rows = xcalloc(size, sizeof(*l->rows));
	return l;
}

void
ledger_free(struct ledger *l)
{
	if (l == NULL)
		return;
	free(l->rows);
	free(l);
}

/* ---- the table ---- */

/* The row, or the free place where it belongs. */
static struct ledger_row *
ledger_place_of(const struct ledger *l, uint64_t account, uint64_t process, uint64_t day)
{
	uint64_t hash = (account ^ process * 3 ^ day * 5) * 0x9e3779b97f4a7c15ULL;
	struct ledger_row *row;

	for (size_t at = hash >> 20;; at++) {
		row = &l->rows[at & l->mask];
		if (row->account == 0 ||
		    (row->account == account && row->process == process && row->day == day))
			return row;
	}
}

/* Made when there is none; NULL when the table is full. */
static struct ledger_row *
ledger_obtain(struct ledger *l, uint64_t account, uint64_t process, uint64_t day)
{
	struct ledger_row *row = ledger_place_of(l, account, process, day);

	if (row->account != 0)
		return row;
	if (l->used >= l->max)
		return NULL;
	l->used++;
	*row = (struct ledger_row){ account, process, day, 0 };
	return row;
}

/* Days that are over are forgotten; another process may have begun the next one already. */
static void
turn_day(struct ledger *l, uint64_t wall)
{
	uint64_t day = wall / DAY_MS;
	struct ledger_row *old = l->rows;

	if (day <= l->day)
		return;
	l->day = day;
	if (l->used == 0)
		return;
	l->rows = xcalloc(l->mask + 1, sizeof(*l->rows));
	l->used = 0;
	for (size_t i = 0; i <= l->mask; i++) {
		if (old[i].account == 0 || old[i].day < day)
			continue;
		*ledger_place_of(l, old[i].account, old[i].process, old[i].day) = old[i];
		l->used++;
	}
	free(old);
}

static uint64_t
ledger_sum(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

/* Both rows, or neither. */
static void
ledger_grow(struct ledger *l, uint64_t account, uint64_t process, uint64_t day, uint64_t count)
{
	struct ledger_row *total = ledger_obtain(l, account, SUM, day);
	struct ledger_row *row = total != NULL ? ledger_obtain(l, account, process, day) : NULL;

	if (row == NULL || count <= row->count)
		return;
	total->count = ledger_sum(total->count, count - row->count);
	row->count = count;
}

/* ---- counts ---- */

void
ledger_spend(
    struct ledger *l, uint64_t account, uint64_t amount, uint64_t wall, struct ledger_row *ret_row)
{
	const struct ledger_row *row;

	turn_day(l, wall);
	row = ledger_place_of(l, account, l->process, l->day);
	*ret_row = (struct ledger_row){ account, l->process, l->day,
		ledger_sum(row->account != 0 ? row->count : 0, amount) };
	ledger_grow(l, account, l->process, l->day, ret_row->count);
}

void
ledger_take(struct ledger *l, const struct ledger_row *row, uint64_t wall)
{
	turn_day(l, wall);
	/* A clock that is years ahead shall not fill the table. */
	if (row->account != 0 && row->process != SUM && row->process != l->process &&
	    row->day >= l->day && row->day <= l->day + 1)
		ledger_grow(l, row->account, row->process, row->day, row->count);
}

uint64_t
ledger_total(struct ledger *l, uint64_t account, uint64_t wall)
{
	const struct ledger_row *row;

	turn_day(l, wall);
	row = ledger_place_of(l, account, SUM, l->day);
	return row->account != 0 ? row->count : 0;
}

uint32_t
ledger_rest(uint64_t wall)
{
	return (uint32_t)((DAY_MS - wall % DAY_MS + 999) / 1000);
}

void
ledger_each(const struct ledger *l, void (*fn)(void *ctx, const struct ledger_row *row), void *ctx)
{
	for (size_t i = 0; i <= l->mask; i++)
		if (l->rows[i].account != 0 && l->rows[i].process == l->process)
			fn(ctx, &l->rows[i]);
}

/* ---- words ---- */

void
ledger_name(const struct ledger_row *row, char ret[LEDGER_NAME_MAX])
{
	snprintf(ret, LEDGER_NAME_MAX, "%016llx:%llu:%016llx", (unsigned long long)row->account,
	    (unsigned long long)row->day, (unsigned long long)row->process);
}

bool
ledger_read(struct slice name, struct slice count, struct ledger_row *ret)
{
	struct slice account, day;

	return slice_split(&name, ':', &account) && slice_split(&name, ':', &day) &&
	       slice_hex64(account, &ret->account) && slice_u64(day, &ret->day) &&
	       slice_hex64(name, &ret->process) && slice_u64(count, &ret->count);
}
