/* The step that makes several upstream calls at once, and puts their answers together. */
#include "config.h"

#include "app/request/request.h"
#include "app/request/branch.h"
#include "app/request/reply.h"
#include "app/request/steps.h"
#include "timer.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/xalloc.h"

static enum step_next
fan_end(struct request *r)
{
	struct buf *out = &request_local(r)->out;

	buf_reset(out);
	if (r->op->gather(r, out, &r->err) != 0) {
		request_move(r, STEP_FAIL);
		return STEP_GO;
	}
	if (out->failed)
		return request_fail(r, APIERROR_UPSTREAM, NULL, "%s", "");
	if (r->reply.form == REPLY_SSE)
		fcgi_conn_end(TAKE(r->client.conn), buf_slice(out));
	else
		reply_whole(r, 200, r->reply.type, SLICE(""), buf_slice(out));
	request_move(r, STEP_FINISH);
	return STEP_GO;
}

/* Entered at the start and after the end of each branch. */
enum step_next
step_fan(struct request *r)
{
	if (r->fan.list == NULL)
		r->fan.list = xcalloc(r->fan.count, sizeof(*r->fan.list));
	r->fan.starting = true;
	while (!r->fan.failed && !r->fan.restart && !r->client.gone && r->fan.live < FAN_PARALLEL &&
	       r->fan.started < r->fan.count) {
		size_t lane = r->fan.started++;

		r->fan.live++;
		r->fan.list[lane] = branch_new(r, lane);
		request_run(r->fan.list[lane]);
	}
	r->fan.starting = false;
	if (r->fan.restart) {
		branches_cancel(r);
		free(TAKE(r->fan.list));
		r->fan.started = 0;
		r->fan.restart = r->fan.failed = false;
		request_move(r, r->learnt.wants_list ? STEP_CATALOG : STEP_PREPARE);
		return STEP_GO;
	}
	if (r->client.gone || r->fan.failed) {
		request_move(r, r->client.gone ? STEP_ABORT : STEP_FAIL);
		return STEP_GO;
	}
	if (r->fan.live > 0) {
		request_timer_beat(r);
		return STEP_PARK;
	}
	return fan_end(r);
}
