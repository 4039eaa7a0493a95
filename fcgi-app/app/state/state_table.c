/*
 * The table in memory: a bounded least-recently-used cache for each space, and the queue of what is
 * not written yet. No lock, no clock, no I/O.
 */
#include "config.h"

#include "state_priv.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "base/limits.h"

#define STATE_QUEUE_BYTES (32 * MIB) /* writes that wait for the engine */
#define STATE_NEWS_BYTES  (16 * MIB) /* the same for followed spaces, which have their own queue */

enum place { CLEAN, DIRTY, FLYING };

struct state_entry {
	struct state_list link; /* first: a link is its entry */
	struct state_entry *chain;
	struct state_item *item;
	uint64_t hash;
	uint64_t checked; /* when the engine last had this, wall clock */
	uint64_t settled; /* the table's counter at that moment */
	enum place place;
	size_t share; /* of its owner */
};

const struct state_limits state_limits[STATE_SPACES] = {
#define STATE_SPACE_ROW(symbol, name, keep, trust, memory, entries, value, file, followed) \
	[STATE_##symbol] = { name, keep, trust, memory, entries, value, file, followed },
	STATE_SPACE_ROWS(STATE_SPACE_ROW)
#undef STATE_SPACE_ROW
};

/* [followed] */
static const struct {
	size_t items, bytes;
} queue_max[2] = {
	{ STATE_QUEUE_ITEMS, STATE_QUEUE_BYTES },
	{ STATE_NEWS_ITEMS, STATE_NEWS_BYTES },
};

static size_t
item_cost(const struct state_item *item)
{
	return sizeof(struct state_entry) + sizeof(*item) + item->key.len + item->value.len;
}

/* ---- lists ---- */

static void
list_init(struct state_list *list)
{
	list->prev = list->next = list;
}

static bool
list_empty(const struct state_list *list)
{
	return list->next == list;
}

static void
table_list_remove(struct state_list *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
}

static void
list_insert_after(struct state_list *where, struct state_list *link)
{
	link->prev = where;
	link->next = where->next;
	where->next->prev = link;
	where->next = link;
}

static struct state_entry *
entry_of(struct state_list *link)
{
	return (struct state_entry *)link;
}

/* ---- entries ---- */

static uint64_t
hash_of(const struct state_table *t, struct slice key)
{
	return siphash(t->hash_key, key);
}

static struct state_entry *
table_find(const struct state_table *t, enum state_space space, struct slice key, uint64_t hash)
{
	struct state_entry *entry = t->spaces[space].buckets[hash & t->spaces[space].mask];

	while (entry != NULL && (entry->hash != hash || !slice_eq(entry->item->key, key)))
		entry = entry->chain;
	return entry;
}

/* Keys that belong to somebody begin with a hash of the credential and a colon. */
static size_t
share_of(const struct state_table *t, struct slice key)
{
	struct slice owner = { key.ptr, STATE_OWNER_LEN };

	if (key.len <= owner.len || key.ptr[owner.len] != ':')
		return 0;
	return siphash(t->hash_key, owner) % STATE_SHARES;
}

static struct state_queue *
queue_of(struct state_table *t, const struct state_entry *entry)
{
	return &t->queues[t->limits[entry->item->space].followed];
}

static void
count_queued(struct state_table *t, const struct state_entry *entry, bool add)
{
	struct state_queue *queue = queue_of(t, entry);

	if (entry->place == CLEAN)
		return;
	queue->items += add ? 1 : (size_t)-1;
	queue->bytes += add ? item_cost(entry->item) : -item_cost(entry->item);
}

/* The one mover between lists. first: at the list's head. */
static void
table_move(struct state_table *t, struct state_entry *entry, enum place place, bool first)
{
	struct state_list *list = place == DIRTY ? &queue_of(t, entry)->dirty
	                          : place == FLYING
	                              ? &t->flying
	                              : &t->spaces[entry->item->space].shares[entry->share].clean;

	count_queued(t, entry, false);
	table_list_remove(&entry->link);
	entry->place = place;
	list_insert_after(first ? list : list->prev, &entry->link);
	count_queued(t, entry, true);
}

/* sign: 1 or -1. */
static void
count_held(struct state_table *t, const struct state_entry *entry, int sign)
{
	struct state_share *share = &t->spaces[entry->item->space].shares[entry->share];
	size_t cost = item_cost(entry->item);

	t->spaces[entry->item->space].count += (size_t)sign;
	t->spaces[entry->item->space].bytes += sign > 0 ? cost : -cost;
	share->count += (size_t)sign;
	share->bytes += sign > 0 ? cost : -cost;
}

/* Takes the item. The new entry is in the list of clean ones. */
static struct state_entry *
table_add(struct state_table *t, struct state_item *item, uint64_t hash)
{
	struct state_entry *entry = xcalloc(1, sizeof(*entry));
	struct state_entry **bucket =
	    &t->spaces[item->space].buckets[hash & t->spaces[item->space].mask];

	entry->item = item;
	entry->hash = hash;
	entry->chain = *bucket;
	entry->share = share_of(t, item->key);
	*bucket = entry;
	list_insert_after(&t->spaces[item->space].shares[entry->share].clean, &entry->link);
	count_held(t, entry, 1);
	return entry;
}

static void
table_drop(struct state_table *t, struct state_entry *entry)
{
	enum state_space space = entry->item->space;
	struct state_entry **at = &t->spaces[space].buckets[entry->hash & t->spaces[space].mask];

	while (*at != entry)
		at = &(*at)->chain;
	*at = entry->chain;
	count_queued(t, entry, false);
	table_list_remove(&entry->link);
	count_held(t, entry, -1);
	state_item_unref(entry->item);
	free(entry);
}

/* Takes the item, which has the same space and key. */
static void
table_replace(struct state_table *t, struct state_entry *entry, struct state_item *item)
{
	count_queued(t, entry, false);
	count_held(t, entry, -1);
	state_item_unref(entry->item);
	entry->item = item;
	count_held(t, entry, 1);
	count_queued(t, entry, true);
}

/* The owner who takes up most of the room, of those of whom something can go; or NULL. */
static struct state_share *
largest_share(struct state_table *t, enum state_space space)
{
	const struct state_limits *limits = &t->limits[space];
	struct state_share *largest = NULL;
	double most = 0;

	for (size_t i = 0; i < STATE_SHARES; i++) {
		struct state_share *share = &t->spaces[space].shares[i];
		double part = (double)share->bytes / (double)limits->memory_max +
		              (double)share->count / (double)limits->entries_max;

		if (part > most && !list_empty(&share->clean)) {
			largest = share;
			most = part;
		}
	}
	return largest;
}

/* What waits to be written stays, even if it alone is more than a small space has room for. */
static void
table_evict(struct state_table *t, enum state_space space)
{
	const struct state_limits *limits = &t->limits[space];
	struct state_share *share;

	while ((t->spaces[space].bytes > limits->memory_max ||
		   t->spaces[space].count > limits->entries_max) &&
	       (share = largest_share(t, space)) != NULL)
		table_drop(t, entry_of(share->clean.prev));
}

/* The entry is as the engine has it, or the engine will never hear of it. */
static void
make_clean(struct state_table *t, struct state_entry *entry, uint64_t now)
{
	enum state_space space = entry->item->space;

	if (entry->item->deleted) {
		table_drop(t, entry);
		return;
	}
	entry->checked = now;
	entry->settled = ++t->settled;
	table_move(t, entry, CLEAN, true);
	table_evict(t, space);
}

static void
bound_queue(struct state_table *t, uint64_t now)
{
	for (size_t i = 0; i < ARRAY_SIZE(t->queues); i++) {
		struct state_queue *queue = &t->queues[i];

		while ((queue->items > queue_max[i].items || queue->bytes > queue_max[i].bytes) &&
		       !list_empty(&queue->dirty)) {
			struct state_entry *entry = entry_of(queue->dirty.next);

			t->spaces[entry->item->space].dropped++;
			t->dropped++;
			make_clean(t, entry, now);
		}
	}
}

/* ---- the table ---- */

void
state_table_init(struct state_table *t, const struct state_limits *limits, bool engine,
    const uint8_t hash_key[SIPHASH_KEY_BYTES])
{
	*t = (struct state_table){ .limits = limits, .engine = engine };
	memcpy(t->hash_key, hash_key, SIPHASH_KEY_BYTES);
	for (size_t i = 0; i < ARRAY_SIZE(t->queues); i++)
		list_init(&t->queues[i].dirty);
	list_init(&t->flying);
	for (size_t i = 0; i < STATE_SPACES; i++) {
		size_t size = 1;

		while (size < limits[i].entries_max)
			size *= 2;
		t->spaces[i].buckets = xcalloc(size, sizeof(struct state_entry *));
		t->spaces[i].mask = size - 1;
		for (size_t k = 0; k < STATE_SHARES; k++)
			list_init(&t->spaces[i].shares[k].clean);
	}
}

static void
table_drop_all(struct state_table *t, struct state_list *list)
{
	while (!list_empty(list))
		table_drop(t, entry_of(list->next));
}

void
state_table_release(struct state_table *t)
{
	struct state_list *queues[] = { &t->queues[0].dirty, &t->queues[1].dirty, &t->flying };

	for (size_t i = 0; i < ARRAY_SIZE(queues); i++)
		table_drop_all(t, queues[i]);
	for (size_t i = 0; i < STATE_SPACES; i++) {
		for (size_t k = 0; k < STATE_SHARES; k++)
			table_drop_all(t, &t->spaces[i].shares[k].clean);
		free(t->spaces[i].buckets);
	}
}

void
state_table_put(struct state_table *t, struct state_item *item, uint64_t now)
{
	enum state_space space = item->space;
	uint64_t hash = hash_of(t, item->key);
	struct state_entry *entry = table_find(t, space, item->key, hash);

	t->deletions += item->deleted;
	if (entry != NULL)
		table_replace(t, entry, item);
	else
		entry = table_add(t, item, hash);
	if (!t->engine) {
		make_clean(t, entry, now);
		return;
	}
	/* What is put again and again keeps its turn. */
	if (entry->place != DIRTY)
		table_move(t, entry, DIRTY, false);
	bound_queue(t, now);
	table_evict(t, space);
}

enum state_answer
state_table_get(struct state_table *t, enum state_space space, struct slice key, uint64_t now,
    struct state_item **ret_item)
{
	enum state_answer nothing = t->engine ? STATE_UNKNOWN : STATE_ABSENT;
	struct state_entry *entry = table_find(t, space, key, hash_of(t, key));
	uint64_t trust = t->limits[space].trust_ms;

	*ret_item = NULL;
	if (entry == NULL)
		return nothing;
	if (entry->item->deleted)
		return STATE_ABSENT;
	if (entry->item->expires <= now) {
		if (entry->place == CLEAN)
			table_drop(t, entry);
		return nothing;
	}
	*ret_item = state_item_ref(entry->item);
	if (entry->place != CLEAN)
		return STATE_FOUND;
	table_move(t, entry, CLEAN, true);
	/* A clock that was put back makes the copy old. */
	if (t->engine && trust != STATE_TRUST_ALWAYS && now - entry->checked >= trust)
		return STATE_UNKNOWN;
	return STATE_FOUND;
}

/* ---- the queue ---- */

bool
state_table_waiting(const struct state_table *t)
{
	return !list_empty(&t->queues[true].dirty) || !list_empty(&t->queues[false].dirty);
}

size_t
state_table_queued(const struct state_table *t)
{
	return t->queues[true].items + t->queues[false].items;
}

size_t
state_table_queued_bytes(const struct state_table *t)
{
	return t->queues[true].bytes + t->queues[false].bytes;
}

/* The next to be written, or NULL. */
static struct state_entry *
first_waiting(struct state_table *t)
{
	struct state_list *news = &t->queues[true].dirty, *others = &t->queues[false].dirty;

	if (!list_empty(news))
		return entry_of(news->next);
	return !list_empty(others) ? entry_of(others->next) : NULL;
}

size_t
state_table_batch(struct state_table *t, struct state_item **list, size_t max)
{
	struct state_entry *entry;
	size_t count = 0, bytes = 0;

	while (count < max && (entry = first_waiting(t)) != NULL) {
		bytes += item_cost(entry->item);
		if (count > 0 && bytes > STATE_BATCH_BYTES)
			break;
		table_move(t, entry, FLYING, false);
		list[count++] = state_item_ref(entry->item);
	}
	return count;
}

void
state_table_settle(
    struct state_table *t, struct state_item *const *list, size_t count, bool written, uint64_t now)
{
	/* From the last to the first, so that those that come back stand in their old order. */
	for (size_t i = count; i-- > 0;) {
		struct state_item *item = list[i];
		struct state_entry *entry =
		    table_find(t, item->space, item->key, hash_of(t, item->key));

		t->deletions += item->deleted;
		/* Put anew in the meantime: it waits for its own turn. */
		if (entry == NULL || entry->item != item)
			continue;
		assert(entry->place == FLYING);
		if (written)
			make_clean(t, entry, now);
		else
			table_move(t, entry, DIRTY, true);
	}
	bound_queue(t, now);
}

/* ---- what the engine says ---- */

struct state_mark
state_table_mark(const struct state_table *t, uint64_t now)
{
	return (struct state_mark){ t->settled, t->deletions, now };
}

static bool
is_outdated(const struct state_entry *entry, struct state_mark mark)
{
	return entry->place != CLEAN || entry->settled > mark.settled;
}

void
state_table_learn(struct state_table *t, struct state_item *item, struct state_mark mark)
{
	enum state_space space = item->space;
	uint64_t hash = hash_of(t, item->key);
	struct state_entry *entry = table_find(t, space, item->key, hash);

	/* It may be what was deleted since. */
	if (t->deletions != mark.deletions || (entry != NULL && is_outdated(entry, mark))) {
		state_item_unref(item);
		return;
	}
	if (entry != NULL)
		table_replace(t, entry, item);
	else
		entry = table_add(t, item, hash);
	entry->checked = mark.now;
	table_evict(t, space);
}

void
state_table_forget(
    struct state_table *t, enum state_space space, struct slice key, struct state_mark mark)
{
	struct state_entry *entry = table_find(t, space, key, hash_of(t, key));

	if (entry != NULL && !is_outdated(entry, mark))
		table_drop(t, entry);
}
