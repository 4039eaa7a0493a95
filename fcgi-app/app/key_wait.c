/* The requests of a loop that wait for a key, beside the line that the balancer keeps of all. */
#include "config.h"

#include "request.h"
#include "choose.h"
#include "key_wait.h"

#include <string.h>

#include "base/clock.h"

static void
key_wait_list(struct request *r)
{
	struct loop_local *local = request_local(r);

	r->next_waiting = local->waiting;
	local->waiting = r;
	r->waits_since = clock_mono_ms();
}

void
key_wait_leave(struct request *r)
{
	struct request **at = &request_local(r)->waiting;

	if (r->waits_since == 0)
		return;
	while (*at != r)
		at = &(*at)->next_waiting;
	*at = r->next_waiting;
	r->waited_ms += clock_mono_ms() - r->waits_since;
	r->waits_since = 0;
	balancer_leave(r->gw->balancer, &r->waiter);
}

void
key_wait_poked(struct loop *loop)
{
	struct loop_local *local = loop_local(loop);
	struct request *r;

	/* A request that runs may end, and others with it. */
	do {
		for (r = local->waiting; r != NULL; r = r->next_waiting)
			if (balancer_called(r->gw->balancer, &r->waiter))
				break;
		if (r != NULL)
			request_run(r);
	} while (r != NULL);
}

bool
key_wait_enter(struct request *r, bool *ret_first)
{
	if (r->waits_since == 0) {
		key_wait_list(r);
		/* Not later: who is in the room is looked at from other loops. */
		r->waiter.loop = r->loop;
		r->waiter.ring = r->ring;
		r->waiter.model = r->model_id;
		r->waiter.caller = r->owner;
	}
	/* What was tried before the wait may do after it. */
	if (r->tried != NULL)
		memset(r->tried, 0, keypool_tried_size(keyring_count(r->ring)));
	*ret_first = true;
	if (choose_is_bound(r) || balancer_enter(r->gw->balancer, &r->waiter, ret_first))
		return true;
	key_wait_leave(r);
	return false;
}
