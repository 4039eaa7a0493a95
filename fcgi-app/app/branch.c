/*
 * Several upstream calls for one answer. Each call is a request of its own, a branch, which goes
 * through the same steps as any other from the choice of a key on; the root has the client and
 * waits in the step `fan`.
 */
#include "config.h"

#include "request.h"
#include "attempt.h"
#include "branch.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"

struct request *
branch_new(struct request *root, size_t lane)
{
	struct request *b = xcalloc(1, sizeof(*b));

	b->gw = root->gw;
	b->roster = root->roster;
	b->loop = root->loop;
	b->steps = root->steps;
	b->root = root;
	b->lane = lane;
	b->op = root->op;
	b->op_state = root->op_state;
	b->dialect = root->dialect;
	b->form = root->form;
	memcpy(b->id, root->id, sizeof(b->id));
	b->started_ms = root->started_ms;
	b->owner = root->owner;
	b->model_id = root->model_id;
	memcpy(b->model, root->model, sizeof(b->model));
	b->ring = root->ring;
	b->own_ring = root->own_ring;
	b->key = -1;
	b->pinned = root->pinned;
	b->home_key = root->home_key;
	b->home_object = root->home_object;
	b->target = root->target;
	buf_init(&b->target.url, URL_MAX);
	buf_init(&b->target.lines, HEADERS_BYTES_MAX);
	buf_add_slice(&b->target.url, buf_slice(&root->target.url));
	buf_add_slice(&b->target.lines, buf_slice(&root->target.lines));
	buf_init(&b->up_head, HEADERS_BYTES_MAX);
	buf_init(&b->held, ERROR_BODY_MAX);
	body_init(&b->whole);
	scrub_stream_init(&b->scrub, b->roster->scrub);
	if (b->op->branch != NULL)
		b->op->branch(b);
	request_move(b, STEP_PICK);
	return b;
}

/* What the access line of the root tells of its branches: sums, and the last of each word. */
static void
note(struct request *root, const struct request *b)
{
	root->calls += b->calls;
	memcpy(root->key_name, b->key_name, sizeof(root->key_name));
	root->key_spec = b->key_spec;
	root->up_status = b->up_status;
	root->up_result = b->up_result;
	root->class = b->class;
	root->waited_ms = root->waited_ms > b->waited_ms ? root->waited_ms : b->waited_ms;
	memcpy(root->quota, b->quota, sizeof(root->quota));
	if (b->trail[0] != '\0')
		memcpy(root->trail, b->trail, sizeof(root->trail));
}

void
branch_finish(struct request *b)
{
	struct request *root = b->root;

	root->branches[b->lane] = NULL;
	root->branches_live--;
	note(root, b);
	if (b->branch_failed && !root->branch_failed &&
	    (root->op->tolerate == NULL || !root->op->tolerate(root, b->lane, &b->err))) {
		root->branch_failed = true;
		root->err = b->err;
	}
	request_release(b);
	/* While branches are being started the root looks by itself. */
	if (!root->spreading)
		request_run(root);
}

void
branches_cancel(struct request *root)
{
	for (size_t i = 0; root->branches != NULL && i < root->branches_started; i++) {
		struct request *b = root->branches[i];

		if (b == NULL)
			continue;
		attempt_report(b, true);
		attempt_end(b);
		note(root, b);
		request_release(b);
		root->branches[i] = NULL;
	}
	root->branches_live = 0;
}

void
branches_pause(struct request *root)
{
	if (root->call != NULL)
		call_pause(root->call);
	for (size_t i = 0; root->branches != NULL && i < root->branches_started; i++)
		if (root->branches[i] != NULL && root->branches[i]->call != NULL)
			call_pause(root->branches[i]->call);
}

static void
resume(struct request *r, uint64_t now)
{
	/* The upstream was silent because it was paused. */
	r->last_up_ms = now;
	if (r->call != NULL)
		call_resume(r->call);
}

void
branches_resume(struct request *root, uint64_t now)
{
	if (root->branches == NULL) {
		resume(root, now);
		return;
	}
	/* What a branch held back is delivered in here and may end it. */
	root->spreading = true;
	for (size_t i = 0; i < root->branches_started; i++)
		if (root->branches[i] != NULL)
			resume(root->branches[i], now);
	root->spreading = false;
	request_run(root);
}
