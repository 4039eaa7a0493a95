/* The table of models of which something was learnt: when it is full, the one that changed longest
 * ago makes room. */
#include "config.h"

#include "learned_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

struct entry **
entry_place(const struct learned *l, struct slice name)
{
	struct learned *table = (struct learned *)(uintptr_t)l;
	struct entry **at = &table->buckets[siphash(l->key, name) % LEARNED_BUCKETS];

	while (*at != NULL && !slice_eq(slice_str((*at)->name), name))
		at = &(*at)->next;
	return at;
}

static uint64_t
entry_later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t
entry_changed(const struct entry *e)
{
	uint64_t last = entry_later(e->served_at, e->gone_at);

	for (size_t i = 0; i < REFUSALS; i++)
		last = entry_later(last, e->refused_at[i]);
	return last;
}

/* Makes room for one more. */
static void
entry_evict(struct learned *l)
{
	struct entry **oldest = NULL, *gone;
	uint64_t oldest_at = UINT64_MAX;

	for (size_t i = 0; i < LEARNED_BUCKETS; i++)
		for (struct entry **at = &l->buckets[i]; *at != NULL; at = &(*at)->next)
			if (entry_changed(*at) < oldest_at) {
				oldest_at = entry_changed(*at);
				oldest = at;
			}
	if (oldest == NULL)
		return;
	gone = *oldest;
	*oldest = gone->next;
	free(gone);
	l->count--;
}

struct entry *
entry_obtain(struct learned *l, struct slice name)
{
	struct entry *e = *entry_place(l, name);

	if (e != NULL)
		return e;
	if (l->count >= l->max)
		entry_evict(l);
	e = xcalloc(1, sizeof(*e));
	memcpy(e->name, name.ptr, name.len);
	e->next = l->buckets[siphash(l->key, name) % LEARNED_BUCKETS];
	l->buckets[siphash(l->key, name) % LEARNED_BUCKETS] = e;
	l->count++;
	return e;
}
