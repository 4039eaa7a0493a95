/* The waiting requests of each loop. The balancer has the queue of all loops. */
#include "config.h"

#include "app/request/request.h"
#include "choose.h"
#include "app/request/key_wait.h"

#include <string.h>

#include "base/clock.h"
#include "net/loop.h"

static void
key_wait_list(struct request *r)
{
	struct loop_local *local = request_local(r);

	r->keys.next = local->waiting;
	local->waiting = r;
	r->keys.waits_since = clock_mono_ms();
}

void
key_wait_leave(struct request *r)
{
	struct request **at = &request_local(r)->waiting;

	if (r->keys.waits_since == 0)
		return;
	while (*at != r)
		at = &(*at)->keys.next;
	*at = r->keys.next;
	r->keys.waited_ms += clock_mono_ms() - r->keys.waits_since;
	r->keys.waits_since = 0;
	balancer_leave(r->gw->balancer, &r->keys.waiter);
}

void
key_wait_poked(struct loop *loop)
{
	struct loop_local *local = loop_local(loop);
	struct request *r;

	/* Running one request may end it and others, so the list is searched from its start. */
	do {
		for (r = local->waiting; r != NULL; r = r->keys.next)
			if (balancer_called(r->gw->balancer, &r->keys.waiter))
				break;
		if (r != NULL)
			request_run(r);
	} while (r != NULL);
}

bool
key_wait_enter(struct request *r, bool *ret_first)
{
	if (r->keys.waits_since == 0) {
		key_wait_list(r);
		/* Set before it queues: other loops read the fields of queued requests. */
		r->keys.waiter.loop = r->loop;
		r->keys.waiter.ring = r->keys.ring;
		r->keys.waiter.model = r->asked.model_id;
		r->keys.waiter.caller = r->client.owner;
	}
	/* Keys that were tried before the wait may be used after it. */
	if (r->keys.tried != NULL)
		memset(r->keys.tried, 0, keypool_tried_size(keyring_count(r->keys.ring)));
	*ret_first = true;
	if (choose_is_bound(r) || balancer_enter(r->gw->balancer, &r->keys.waiter, ret_first))
		return true;
	key_wait_leave(r);
	return false;
}
