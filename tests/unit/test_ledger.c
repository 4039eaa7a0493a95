/* ledger.c: a day in UTC, counted by several processes. */
#include "config.h"

#include "core/keys/ledger.h"

#include <string.h>

#include "base/xalloc.h"
#include "tap.h"

#define DAY 86400000ULL
#define A   11
#define B   12

static void
test_day(void)
{
	struct ledger *l = ledger_new(1, 100);
	uint64_t noon = 20000 * DAY + DAY / 2;
	struct ledger_row row;

	is_int(ledger_total(l, A, noon), 0, "nothing is spent");
	ledger_spend(l, A, 99, noon, &row);
	is_int(ledger_total(l, A, noon), 99, "some");
	is_int(ledger_total(l, B, noon), 0, "by that account alone");
	ledger_spend(l, A, 50, noon + 1, &row);
	is_int(ledger_total(l, A, noon + 1), 149, "the sum");
	is_int(row.count, 149, "which is what others are told");
	is_int(row.day, 20000, "of that day");
	is_int(ledger_rest(noon + 1), 43200, "seconds until midnight, rounded up");
	is_int(ledger_total(l, A, noon - DAY), 149, "a clock that is set back gives nothing anew");
	is_int(ledger_rest(20001 * DAY - 1), 1, "the last millisecond");
	is_int(ledger_total(l, A, 20001 * DAY - 1), 149, "counts");
	is_int(ledger_total(l, A, 20001 * DAY), 0, "the next day");
	ledger_spend(l, A, UINT64_MAX, 20001 * DAY, &row);
	ledger_spend(l, A, UINT64_MAX, 20001 * DAY, &row);
	ok(ledger_total(l, A, 20001 * DAY) == UINT64_MAX, "no overflow");
	ledger_free(l);
}

static void
test_processes(void)
{
	struct ledger *l = ledger_new(1, 100), *m = ledger_new(2, 100);
	uint64_t noon = 20000 * DAY + DAY / 2;
	struct ledger_row mine, first, second;

	ledger_spend(l, A, 10, noon, &mine);
	ledger_spend(m, A, 5, noon, &first);
	ledger_spend(m, A, 7, noon, &second);
	ledger_take(l, &second, noon);
	is_int(ledger_total(l, A, noon), 22, "what two processes counted");
	ledger_take(l, &second, noon);
	ledger_take(l, &first, noon);
	ledger_take(l, &mine, noon);
	is_int(ledger_total(l, A, noon), 22, "told twice, late, or by oneself");
	second.count = 4000000000;
	second.day = 20001;
	ledger_take(l, &second, noon);
	is_int(ledger_total(l, A, noon), 22, "whose clock is ahead speaks of another day");
	is_int(ledger_total(l, A, 20001 * DAY), 4000000000, "which comes");
	second.day = 30000;
	ledger_take(l, &second, 20001 * DAY);
	is_int(ledger_total(l, A, 30000 * DAY), 0, "days that are far away are ignored");
	ledger_free(l);
	ledger_free(m);
}

static size_t told;

static void
count_told(void *ctx, const struct ledger_row *row)
{
	(void)ctx;
	told += row->process == 1 && row->count == 3;
}

static void
test_full(void)
{
	struct ledger *l = ledger_new(1, 8);
	struct ledger_row row;
	uint64_t total = 0;

	for (uint64_t account = 1; account <= 10; account++)
		ledger_spend(l, account, 3, DAY, &row);
	for (uint64_t account = 1; account <= 10; account++)
		total += ledger_total(l, account, DAY);
	is_int(total, 12, "as many as there is room for");
	ledger_each(l, count_told, NULL);
	is_int(told, 4, "are told again");
	ledger_spend(l, 10, 3, 2 * DAY, &row);
	is_int(ledger_total(l, 10, 2 * DAY), 3, "the next day there is room");
	ledger_free(l);
}

static void
test_words(void)
{
	static const char *const bad[] = { "", ":", "::", "000000000000000b:1", "b:1:c",
		"000000000000000b:x:000000000000000c", "000000000000000b:1:000000000000000c:" };
	struct ledger_row row = { A, 0xfedcba9876543210, 20000, 5 }, read;
	char name[LEDGER_NAME_MAX];

	ledger_name(&row, name);
	is_str(name, "000000000000000b:20000:fedcba9876543210", "a name");
	ok(ledger_read(slice_str(name), SLICE("5"), &read), "is read");
	ok(read.account == row.account && read.process == row.process && read.day == row.day &&
		read.count == row.count,
	    "as it was");
	ok(!ledger_read(slice_str(name), SLICE("-5"), &read), "a count that is none");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ok(!ledger_read(slice_str(bad[i]), SLICE("5"), &read), bad[i]);
}

int
main(void)
{
	test_day();
	test_processes();
	test_full();
	test_words();
	return tap_done();
}
