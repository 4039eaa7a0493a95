/* Good statuses that hide a fault: no answer of the API's at all, and, with RETRY_EMPTY, an answer
 * that is entirely empty. */
#include "config.h"

#include "request.h"

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
