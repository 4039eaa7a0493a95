/* One write to the store: made once, then shared by reference. */
#include "config.h"

#include "state_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

struct state_item *
state_item_new(enum state_space space, struct slice key, struct slice value, uint64_t expires)
{
	struct state_item *item = xmalloc(sizeof(*item) + key.len + value.len);

	atomic_init(&item->refs, 1);
	item->space = space;
	item->deleted = false;
	item->expires = expires;
	item->key = (struct slice){ item->bytes, key.len };
	item->value = (struct slice){ item->bytes + key.len, value.len };
	if (key.len > 0)
		memcpy(item->bytes, key.ptr, key.len);
	if (value.len > 0)
		memcpy(item->bytes + key.len, value.ptr, value.len);
	return item;
}

struct state_item *
state_item_deleted(enum state_space space, struct slice key)
{
	struct state_item *item = state_item_new(space, key, SLICE(""), UINT64_MAX);

	item->deleted = true;
	return item;
}

struct state_item *
state_item_ref(struct state_item *item)
{
	atomic_fetch_add(&item->refs, 1);
	return item;
}

void
state_item_unref(struct state_item *item)
{
	if (item != NULL && atomic_fetch_sub(&item->refs, 1) == 1)
		free(item);
}
