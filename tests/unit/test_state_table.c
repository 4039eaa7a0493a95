/* state_table.c: what is kept, what goes first, and what waits to be written; time is simulated. */
#include "config.h"

#include "app/state/state_priv.h"

#include "tap.h"

#define BIG 1000

static const struct state_limits small[STATE_SPACES] = {
	[STATE_SIGNATURE] = { "signature", 1000, STATE_TRUST_ALWAYS, 64 * KIB, 4, KIB, 0, false },
	[STATE_RESPONSE] = { "response", 1000, 10, 8 * KIB, 1000, 4 * KIB, 0, false },
};
static const uint8_t hash_key[SIPHASH_KEY_BYTES] = "test";
static struct state_table table;

static void
put(enum state_space space, const char *key, struct slice value, uint64_t now)
{
	struct state_item *item = state_item_new(space, slice_str(key), value, now + 1000);

	state_table_put(&table, item, now);
}

static void
put_text(enum state_space space, const char *key, const char *value, uint64_t now)
{
	put(space, key, slice_str(value), now);
}

static void delete (enum state_space space, const char *key, uint64_t now)
{
	state_table_put(&table, state_item_deleted(space, slice_str(key)), now);
}

/* The value, or "-" for absent, "?" for unknown, "?VALUE" for unknown with an old copy. */
static const char *
get(enum state_space space, const char *key, uint64_t now)
{
	static char text[64];
	struct state_item *item;
	enum state_answer answer = state_table_get(&table, space, slice_str(key), now, &item);

	snprintf(text, sizeof(text), "%s%.*s",
	    answer == STATE_ABSENT    ? "-"
	    : answer == STATE_UNKNOWN ? "?"
				      : "",
	    item != NULL ? (int)item->value.len : 0, item != NULL ? item->value.ptr : "");
	state_item_unref(item);
	return text;
}

/* One batch, as a list of KEY=VALUE or KEY- with a blank after each. */
static const char *
batch(size_t max, bool written, uint64_t now)
{
	static char text[512];
	struct state_item *list[16];
	size_t count = state_table_batch(&table, list, max), at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < count; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%.*s%s%.*s ",
		    (int)list[i]->key.len, list[i]->key.ptr, list[i]->deleted ? "-" : "=",
		    list[i]->value.len < 9 ? (int)list[i]->value.len : 0, list[i]->value.ptr);
	state_table_settle(&table, list, count, written, now);
	for (size_t i = 0; i < count; i++)
		state_item_unref(list[i]);
	return text;
}

static void
test_memory(void)
{
	char value[BIG] = { 0 };

	state_table_init(&table, small, false, hash_key);
	is_str(get(STATE_SIGNATURE, "a", 0), "-", "nothing there");
	put_text(STATE_SIGNATURE, "a", "1", 0);
	is_str(get(STATE_SIGNATURE, "a", 0), "1", "what was put");
	is_str(get(STATE_RESPONSE, "a", 0), "-", "not in another space");
	put_text(STATE_SIGNATURE, "a", "2", 5);
	is_str(get(STATE_SIGNATURE, "a", 1004), "2", "put anew, it lives longer");
	is_str(get(STATE_SIGNATURE, "a", 1005), "-", "until its time is over");
	is_int(table.spaces[STATE_SIGNATURE].count, 0, "and then it is gone");
	put_text(STATE_SIGNATURE, "a", "3", 0);
	delete (STATE_SIGNATURE, "a", 0);
	is_str(get(STATE_SIGNATURE, "a", 0), "-", "deleted");
	delete (STATE_SIGNATURE, "b", 0);
	is_int(table.spaces[STATE_SIGNATURE].count, 0, "a deletion leaves nothing");

	for (const char *key = "abcd"; *key != '\0'; key++)
		put_text(STATE_SIGNATURE, (char[]){ *key, '\0' }, "x", 0);
	get(STATE_SIGNATURE, "a", 0);
	put_text(STATE_SIGNATURE, "e", "x", 0);
	is_str(get(STATE_SIGNATURE, "b", 0), "-", "too many: the least recently used goes");
	is_str(get(STATE_SIGNATURE, "a", 0), "x", "not the one that was asked for");
	for (const char *key = "ABCDEFGHIJ"; *key != '\0'; key++)
		put(STATE_RESPONSE, (char[]){ *key, '\0' }, (struct slice){ value, BIG }, 0);
	is_str(get(STATE_RESPONSE, "A", 0), "-", "too many bytes");
	ok(table.spaces[STATE_RESPONSE].bytes <= 8 * KIB, "never above the ceiling");
	ok(table.spaces[STATE_RESPONSE].count >= 5, "nor far below");
	state_table_release(&table);
}

/* Who takes up most of the memory loses his own values, not those of others. */
static void
test_owners(void)
{
	char value[BIG] = { 0 }, key[32];
	size_t left = 0;

	state_table_init(&table, small, false, hash_key);
	put_text(STATE_RESPONSE, "0123456789abcdef:x", "his", 0);
	put_text(STATE_SIGNATURE, "0123456789abcdef:x", "his", 0);
	for (int i = 0; i < 40; i++) {
		snprintf(key, sizeof(key), "fedcba9876543210:%d", i);
		put(STATE_RESPONSE, key, (struct slice){ value, BIG }, 0);
		put(STATE_SIGNATURE, key, (struct slice){ value, 1 }, 0);
	}
	is_str(get(STATE_RESPONSE, "0123456789abcdef:x", 0), "his", "another's bytes");
	is_str(get(STATE_SIGNATURE, "0123456789abcdef:x", 0), "his", "another's entries");
	for (int i = 0; i < 40; i++) {
		snprintf(key, sizeof(key), "fedcba9876543210:%d", i);
		left += get(STATE_RESPONSE, key, 0)[0] != '-';
		ok(left == 0 || get(STATE_RESPONSE, key, 0)[0] != '-', "the oldest went first");
	}
	ok(left >= 5, "as many are left as there is room for");
	ok(table.spaces[STATE_RESPONSE].bytes <= 8 * KIB, "not more");
	is_int(table.spaces[STATE_SIGNATURE].count, 4, "so with entries");
	for (int i = 0; i < 40; i++) {
		snprintf(key, sizeof(key), "fedcba9876543210:%d", i);
		delete (STATE_RESPONSE, key, 0);
	}
	is_int(table.spaces[STATE_RESPONSE].count, 1, "the rest is his");
	state_table_release(&table);
}

static void
test_queue(void)
{
	state_table_init(&table, small, true, hash_key);
	is_str(get(STATE_SIGNATURE, "a", 0), "?", "the engine may know");
	put_text(STATE_SIGNATURE, "a", "1", 0);
	put_text(STATE_RESPONSE, "b", "2", 0);
	put_text(STATE_SIGNATURE, "c", "3", 0);
	put_text(STATE_SIGNATURE, "a", "4", 0);
	ok(state_table_waiting(&table), "they wait");
	is_str(batch(2, true, 0), "a=4 b=2 ", "the oldest first, each with its last value");
	is_str(batch(2, false, 0), "c=3 ", "the rest, which fails");
	put_text(STATE_SIGNATURE, "d", "5", 0);
	is_str(batch(9, false, 0), "c=3 d=5 ", "comes again, before the others");
	is_str(batch(9, true, 0), "c=3 d=5 ", "in the old order");
	ok(!state_table_waiting(&table) && state_table_queued(&table) == 0 &&
		state_table_queued_bytes(&table) == 0,
	    "all written");
	is_str(get(STATE_SIGNATURE, "a", 999), "4", "a value that never changes is trusted");
	is_str(get(STATE_RESPONSE, "b", 9), "2", "another for a while");
	is_str(get(STATE_RESPONSE, "b", 10), "?2", "and then no more");
	delete (STATE_SIGNATURE, "a", 0);
	is_str(get(STATE_SIGNATURE, "a", 0), "-", "deleted here");
	is_str(batch(9, true, 0), "a- ", "and there");
	is_str(get(STATE_SIGNATURE, "a", 0), "?", "from then on the engine must be asked");

	/* More than there is room for, and none of it written. */
	for (const char *key = "abcdefgh"; *key != '\0'; key++)
		put_text(STATE_SIGNATURE, (char[]){ *key, '\0' }, "x", 0);
	is_int(table.spaces[STATE_SIGNATURE].count, 8, "what waits is not thrown away");
	is_str(batch(9, true, 0), "a=x b=x c=x d=x e=x f=x g=x h=x ", "it is written");
	is_int(table.spaces[STATE_SIGNATURE].count, 4, "and then it goes");
	state_table_release(&table);
}

static void
test_flying(void)
{
	struct state_item *list[4];
	size_t count;

	state_table_init(&table, small, true, hash_key);
	put_text(STATE_RESPONSE, "a", "1", 0);
	put_text(STATE_RESPONSE, "b", "1", 0);
	count = state_table_batch(&table, list, 4);
	put_text(STATE_RESPONSE, "a", "2", 0);
	is_str(get(STATE_RESPONSE, "b", 500), "1", "what is being written is trusted");
	state_table_settle(&table, list, count, false, 0);
	for (size_t i = 0; i < count; i++)
		state_item_unref(list[i]);
	is_str(batch(4, true, 0), "b=1 a=2 ", "put again while it was being written");
	state_table_release(&table);
}

static void
test_dropped(void)
{
	char key[16];

	state_table_init(&table, state_limits, true, hash_key);
	delete (STATE_RESPONSE, "first", 0);
	for (int i = 0; i < STATE_QUEUE_ITEMS; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		put_text(STATE_RESPONSE, key, "x", 0);
	}
	is_int(table.dropped, 1, "the queue is full: the oldest write is given up");
	is_int(state_table_queued(&table), STATE_QUEUE_ITEMS, "the others wait");
	is_str(get(STATE_RESPONSE, "first", 0), "?", "of that nothing is known any more");
	put_text(STATE_RESPONSE, "last", "x", 0);
	is_int(table.dropped, 2, "and the next one");
	is_str(get(STATE_RESPONSE, "k0", 0), "x", "which memory still has");
	state_table_release(&table);
}

/* Followed spaces have their own queue, which goes first and has room for more. */
static void
test_news(void)
{
	char key[16];

	state_table_init(&table, state_limits, true, hash_key);
	put_text(STATE_RESPONSE, "a", "1", 0);
	put_text(STATE_HEALTH, "b", "2", 0);
	put_text(STATE_AFFINITY, "c", "3", 0);
	put_text(STATE_USAGE, "d", "4", 0);
	is_str(batch(3, false, 0), "b=2 d=4 a=1 ", "they go first");
	is_str(batch(9, true, 0), "b=2 d=4 a=1 c=3 ", "again after a failure");
	for (int i = 0; i <= STATE_NEWS_ITEMS; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		put_text(STATE_HEALTH, key, "x", 0);
	}
	put_text(STATE_RESPONSE, "a", "2", 0);
	is_int(table.dropped, 1, "one too many");
	is_int(table.spaces[STATE_HEALTH].dropped, 1, "which is noted for its space");
	is_int(table.spaces[STATE_USAGE].dropped + table.spaces[STATE_RESPONSE].dropped, 0,
	    "and for no other");
	is_int(state_table_queued(&table), STATE_NEWS_ITEMS + 1, "the others wait");
	while (*batch(16, true, 0) != '\0')
		;
	ok(table.spaces[STATE_HEALTH].bytes <= HEALTH_MEMORY, "written, they need not stay");
	state_table_release(&table);
}

static void
learn(const char *key, const char *value, struct state_mark mark)
{
	state_table_learn(
	    &table, state_item_new(STATE_RESPONSE, slice_str(key), slice_str(value), 1000), mark);
}

static void
test_learn(void)
{
	struct state_mark mark;

	state_table_init(&table, small, true, hash_key);
	mark = state_table_mark(&table, 0);
	learn("a", "1", mark);
	is_str(get(STATE_RESPONSE, "a", 9), "1", "learnt");
	is_str(get(STATE_RESPONSE, "a", 10), "?1", "trusted from the question on");
	learn("a", "2", state_table_mark(&table, 10));
	is_str(get(STATE_RESPONSE, "a", 10), "2", "learnt anew");
	state_table_forget(&table, STATE_RESPONSE, SLICE("a"), state_table_mark(&table, 20));
	is_str(get(STATE_RESPONSE, "a", 10), "?", "forgotten");

	mark = state_table_mark(&table, 0);
	put_text(STATE_RESPONSE, "b", "new", 0);
	learn("b", "old", mark);
	is_str(get(STATE_RESPONSE, "b", 0), "new", "what waits outranks the engine");
	state_table_forget(&table, STATE_RESPONSE, SLICE("b"), mark);
	is_str(get(STATE_RESPONSE, "b", 0), "new", "also when that has nothing");
	batch(9, true, 0);
	learn("b", "old", mark);
	state_table_forget(&table, STATE_RESPONSE, SLICE("b"), mark);
	is_str(get(STATE_RESPONSE, "b", 0), "new", "written while the engine was being asked");

	mark = state_table_mark(&table, 0);
	delete (STATE_RESPONSE, "b", 0);
	learn("b", "old", mark);
	is_str(get(STATE_RESPONSE, "b", 0), "-", "deleted while the engine was being asked");
	mark = state_table_mark(&table, 0);
	batch(9, true, 0);
	learn("b", "old", mark);
	is_str(get(STATE_RESPONSE, "b", 0), "?", "which just then heard of it");
	state_table_release(&table);
}

int
main(void)
{
	test_memory();
	test_owners();
	test_queue();
	test_flying();
	test_dropped();
	test_news();
	test_learn();
	return tap_done();
}
