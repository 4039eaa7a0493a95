/* The step that makes several upstream calls at once, and puts their answers together. */
#include "config.h"

#include "request.h"
#include "branch.h"
#include "reply.h"
#include "steps.h"
#include "timer.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/xalloc.h"

static enum step_next
end_of_fan(struct request *r)
{
	struct buf *out = &request_local(r)->out;

	buf_reset(out);
	if (r->op->gather(r, out, &r->err) != 0) {
		request_move(r, STEP_FAIL);
		return STEP_GO;
	}
	if (out->failed)
		return request_fail(r, APIERROR_UPSTREAM, NULL, "%s", "");
	if (r->form == REPLY_SSE)
		edge_end(TAKE(r->edge), buf_slice(out));
	else
		reply_whole(r, 200, r->reply_type, SLICE(""), buf_slice(out));
	request_move(r, STEP_FINISH);
	return STEP_GO;
}

/* Entered at the start and after the end of each branch. */
enum step_next
step_fan(struct request *r)
{
	if (r->branches == NULL)
		r->branches = xcalloc(r->fan, sizeof(*r->branches));
	r->spreading = true;
	while (!r->branch_failed && !r->remake && !r->gone && r->branches_live < FAN_PARALLEL &&
	       r->branches_started < r->fan) {
		size_t lane = r->branches_started++;

		r->branches_live++;
		r->branches[lane] = branch_new(r, lane);
		request_run(r->branches[lane]);
	}
	r->spreading = false;
	if (r->remake) {
		branches_cancel(r);
		free(TAKE(r->branches));
		r->branches_started = 0;
		r->remake = r->branch_failed = false;
		request_move(r, r->wants_list ? STEP_CATALOG : STEP_PREPARE);
		return STEP_GO;
	}
	if (r->gone || r->branch_failed) {
		request_move(r, r->gone ? STEP_ABORT : STEP_FAIL);
		return STEP_GO;
	}
	if (r->branches_live > 0) {
		request_timer_beat(r);
		return STEP_PARK;
	}
	return end_of_fan(r);
}
