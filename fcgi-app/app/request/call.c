/* The running attempt of a request: its key, its call, and what has come of the answer. */
#include "config.h"

#include "app/request/request.h"
#include "app/request/call.h"
#include "app/request/key_wait.h"
#include "app/request/upstream_request.h"

#include <stdlib.h>

#include "base/xalloc.h"

void
attempt_report(struct request *r, bool ok)
{
	if (r->keys.picked >= 0)
		keyring_report(r->keys.ring, (size_t)r->keys.picked, ok);
	r->keys.picked = -1;
}

void
attempt_end(struct request *r)
{
	key_wait_leave(r);
	call_cancel(TAKE(r->attempt.call));
	secret_free(TAKE(r->attempt.credential));
	free(TAKE(r->attempt.lines));
	free(TAKE(r->attempt.type));
	free(TAKE(r->attempt.retry_after));
	buf_release(&r->attempt.head);
	buf_release(&r->attempt.held);
	scrub_stream_release(&r->attempt.scrub);
	scrub_stream_init(&r->attempt.scrub, r->snapshot->scrub);
	body_release(&r->attempt.whole);
	r->attempt.started = r->attempt.ended = r->attempt.framed_error = r->attempt.holding =
	    r->attempt.delivering = false;
	r->attempt.empty_answer = (struct empty_answer){ 0 };
}

bool
attempt_is_json(const struct request *r)
{
	return r->attempt.type != NULL &&
	       slice_startsi(slice_str(r->attempt.type), SLICE("application/json"));
}

struct slice
attempt_kept(struct request *r)
{
	struct slice kept;

	return r->attempt.whole.len > 0 && body_slice(&r->attempt.whole, &kept)
	           ? kept
	           : buf_slice(&r->attempt.held);
}

static bool
attempt_looks_for_content(const struct request *r)
{
	return r->gw->conf->retry_empty && r->op->generates && target_generates(r);
}

bool
attempt_wants_content(struct request *r)
{
	return attempt_looks_for_content(r) && empty_answer_look(&r->attempt.empty_answer,
						   attempt_kept(r), false) == EMPTY_ANSWER_MORE;
}

/* A page from something between here and Google, such as a captive portal or a proxy. */
static bool
attempt_is_page(const struct request *r)
{
	return r->attempt.type != NULL &&
	       slice_startsi(slice_str(r->attempt.type), SLICE("text/html")) &&
	       (r->reply.form != REPLY_BYTES || target_generates(r));
}

enum answer_fault
attempt_fault(struct request *r)
{
	struct slice kept = attempt_kept(r);

	if (attempt_is_page(r) || (r->target.events && gemini_status_sniff(kept) == GSNIFF_OTHER))
		return ANSWER_BAD;
	if (r->attempt.ended && !r->attempt.held.failed && attempt_looks_for_content(r) &&
	    empty_answer_look(&r->attempt.empty_answer, kept, true) == EMPTY_ANSWER_EMPTY)
		return ANSWER_EMPTY;
	return ANSWER_FINE;
}
