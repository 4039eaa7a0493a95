#include "config.h"

#include "state_lookup.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "net/loop.h"

struct state_lookup {
	struct state_lookup_order order;
	struct state_query *queries;
	struct buf *keys; /* of the queries */
	void **items;     /* likewise */
	size_t count;
	bool asking;    /* a thread has it */
	bool cancelled; /* meanwhile */
};

struct state_lookup *
state_lookup_new(const struct state_lookup_order *order)
{
	struct state_lookup *l = xcalloc(1, sizeof(*l));

	l->order = *order;
	l->queries = xcalloc(order->max, sizeof(*l->queries));
	l->keys = xcalloc(order->max, sizeof(*l->keys));
	l->items = xcalloc(order->max, sizeof(*l->items));
	return l;
}

static void
lookup_free(struct state_lookup *l)
{
	for (size_t i = 0; i < l->count; i++) {
		buf_release(&l->keys[i]);
		buf_release(&l->queries[i].value);
	}
	free(l->keys);
	free(l->queries);
	free(l->items);
	free(l);
}

void
state_lookup_add(struct state_lookup *l, enum state_space space, struct buf *key, void *item)
{
	const struct state_lookup_order *o = &l->order;
	struct buf value = { 0 };
	enum state_answer answer = state_get(o->state, space, buf_slice(key), &value);

	if (answer != STATE_UNKNOWN) {
		o->answer(o->ctx, item, answer, &value);
		buf_release(&value);
		buf_release(key);
		return;
	}
	l->keys[l->count] = *key;
	*key = (struct buf){ 0 };
	l->queries[l->count] =
	    (struct state_query){ .space = space, .key = buf_slice(&l->keys[l->count]) };
	l->items[l->count++] = item;
}

static void
lookup_ask(void *ctx)
{
	struct state_lookup *l = ctx;

	state_ask(l->order.state, l->queries, l->count);
}

static void
lookup_asked(void *ctx)
{
	struct state_lookup *l = ctx;
	struct state_lookup_order o = l->order;
	bool cancelled = l->cancelled;

	for (size_t i = 0; i < l->count && !cancelled; i++)
		o.answer(o.ctx, l->items[i], l->queries[i].answer, &l->queries[i].value);
	lookup_free(l);
	if (!cancelled)
		o.done(o.ctx);
}

bool
state_lookup_start(struct state_lookup *l)
{
	if (l->count == 0) {
		lookup_free(l);
		return false;
	}
	l->asking = true;
	loop_work(l->order.loop, lookup_ask, lookup_asked, l);
	return true;
}

void
state_lookup_cancel(struct state_lookup *l)
{
	if (l == NULL)
		return;
	l->cancelled = true;
	if (!l->asking)
		lookup_free(l);
}
