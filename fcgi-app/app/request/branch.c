/*
 * Several upstream calls for one answer. Each call is a request of its own, a branch, which goes
 * through the same steps as any other from the choice of a key on; the root has the client and
 * waits in the step `fan`.
 */
#include "config.h"

#include "app/request/request.h"
#include "app/request/access.h"
#include "app/request/call.h"
#include "app/request/branch.h"

#include <string.h>

#include "base/xalloc.h"

struct request *
branch_new(struct request *root, size_t lane)
{
	struct request *b = xcalloc(1, sizeof(*b));

	b->gw = root->gw;
	b->snapshot = root->snapshot;
	b->loop = root->loop;
	b->steps = root->steps;
	b->root = root;
	b->fan.index = lane;
	b->op = root->op;
	b->op_state = root->op_state;
	b->client.dialect = root->client.dialect;
	b->reply.form = root->reply.form;
	memcpy(b->id, root->id, sizeof(b->id));
	b->started_ms = root->started_ms;
	b->client.owner = root->client.owner;
	b->asked.model_id = root->asked.model_id;
	memcpy(b->asked.model, root->asked.model, sizeof(b->asked.model));
	b->keys.ring = root->keys.ring;
	b->keys.caller_ring = root->keys.caller_ring;
	b->keys.pinned = root->keys.pinned;
	b->keys.home = root->keys.home;
	b->keys.home_object = root->keys.home_object;
	b->target = root->target;
	request_init(b);
	buf_add_slice(&b->target.url, buf_slice(&root->target.url));
	buf_add_slice(&b->target.lines, buf_slice(&root->target.lines));
	if (b->op->branch != NULL)
		b->op->branch(b);
	request_move(b, STEP_PICK);
	return b;
}

/* Adds what the access line of the root says about this branch. */
static void
branch_note(struct request *root, const struct request *b)
{
	access_merge(root, b);
	memcpy(root->keys.name, b->keys.name, sizeof(root->keys.name));
	root->keys.spec = b->keys.spec;
	root->attempt.status = b->attempt.status;
	root->attempt.result = b->attempt.result;
	if (root->keys.waited_ms < b->keys.waited_ms)
		root->keys.waited_ms = b->keys.waited_ms;
}

void
branch_finish(struct request *b)
{
	struct request *root = b->root;

	root->fan.list[b->fan.index] = NULL;
	root->fan.live--;
	branch_note(root, b);
	if (b->fan.failed && !root->fan.failed &&
	    (root->op->tolerate == NULL || !root->op->tolerate(root, b->fan.index, &b->err))) {
		root->fan.failed = true;
		root->err = b->err;
	}
	request_release(b);
	/* step_fan looks at the branches itself while it starts them. */
	if (!root->fan.starting)
		request_run(root);
}

void
branches_cancel(struct request *root)
{
	for (size_t i = 0; root->fan.list != NULL && i < root->fan.started; i++) {
		struct request *b = root->fan.list[i];

		if (b == NULL)
			continue;
		attempt_report(b, true);
		attempt_end(b);
		branch_note(root, b);
		request_release(b);
		root->fan.list[i] = NULL;
	}
	root->fan.live = 0;
}

void
branches_pause(struct request *root)
{
	if (root->attempt.call != NULL)
		call_pause(root->attempt.call);
	for (size_t i = 0; root->fan.list != NULL && i < root->fan.started; i++)
		if (root->fan.list[i] != NULL && root->fan.list[i]->attempt.call != NULL)
			call_pause(root->fan.list[i]->attempt.call);
}

static void
branch_resume(struct request *r, uint64_t now)
{
	/* The upstream was silent because it was paused. */
	r->attempt.last_byte_ms = now;
	if (r->attempt.call != NULL)
		call_resume(r->attempt.call);
}

void
branches_resume(struct request *root, uint64_t now)
{
	if (root->fan.list == NULL) {
		branch_resume(root, now);
		return;
	}
	/* Resuming may deliver what a branch held back, and end the branch. */
	root->fan.starting = true;
	for (size_t i = 0; i < root->fan.started; i++)
		if (root->fan.list[i] != NULL)
			branch_resume(root->fan.list[i], now);
	root->fan.starting = false;
	request_run(root);
}
