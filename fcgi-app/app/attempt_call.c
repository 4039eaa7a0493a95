/* The running attempt of a request: its key, its call, and what has come of the answer. */
#include "config.h"

#include "request.h"
#include "attempt.h"
#include "key_wait.h"
#include "target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"

void
attempt_report(struct request *r, bool ok)
{
	if (r->key >= 0)
		keyring_report(r->ring, (size_t)r->key, ok);
	r->key = -1;
}

void
attempt_end(struct request *r)
{
	key_wait_leave(r);
	call_cancel(TAKE(r->call));
	secret_free(TAKE(r->credential_line));
	free(TAKE(r->line_table));
	free(TAKE(r->up_type));
	free(TAKE(r->up_retry_after));
	buf_release(&r->up_head);
	buf_release(&r->held);
	scrub_stream_release(&r->scrub);
	scrub_stream_init(&r->scrub, r->roster->scrub);
	body_release(&r->whole);
	r->up_started = r->up_ended = r->framed_error = r->holding = r->delivering = false;
	r->blank = (struct blank){ 0 };
}

void
attempt_note_failed(struct request *r, const char *class)
{
	size_t len = strlen(r->trail);

	if (len + FINGERPRINT_LEN + strlen(class) + 3 < sizeof(r->trail))
		snprintf(r->trail + len, sizeof(r->trail) - len, "%s%s=%s", len > 0 ? " " : "",
		    r->key_name, class);
}

bool
attempt_is_json(const struct request *r)
{
	return r->up_type != NULL &&
	       slice_startsi(slice_str(r->up_type), SLICE("application/json"));
}

struct slice
attempt_kept(struct request *r)
{
	struct slice kept;

	return r->whole.len > 0 && body_slice(&r->whole, &kept) ? kept : buf_slice(&r->held);
}

static bool
looks_for_content(const struct request *r)
{
	return r->gw->conf->retry_empty && r->op->speaks && target_generates(r);
}

bool
attempt_wants_content(struct request *r)
{
	return looks_for_content(r) && blank_look(&r->blank, attempt_kept(r), false) == BLANK_MORE;
}

/* A page from something between here and Google, such as a captive portal or a proxy. */
static bool
is_page(const struct request *r)
{
	return r->up_type != NULL && slice_startsi(slice_str(r->up_type), SLICE("text/html")) &&
	       (r->form != REPLY_BYTES || target_generates(r));
}

enum answer_fault
attempt_fault(struct request *r)
{
	struct slice kept = attempt_kept(r);

	if (is_page(r) || (r->target.events && gstatus_sniff(kept) == GSNIFF_OTHER))
		return ANSWER_BAD;
	if (r->up_ended && !r->held.failed && looks_for_content(r) &&
	    blank_look(&r->blank, kept, true) == BLANK_EMPTY)
		return ANSWER_EMPTY;
	return ANSWER_FINE;
}
