/* RETRY_EMPTY: an answer that is entirely empty counts as a fault of the server. */
#include "config.h"

#include "request.h"

static bool
applies(const struct request *r)
{
	return r->gw->conf->retry_empty && r->op->speaks && target_generates(r);
}

bool
attempt_wants_content(struct request *r)
{
	return applies(r) && blank_look(&r->blank, buf_slice(&r->held), false) == BLANK_MORE;
}

bool
attempt_is_empty(struct request *r, const struct outcome *o)
{
	return o->net == NET_OK && o->http_status == 200 && o->status == NULL && r->up_ended &&
	       !r->held.failed && applies(r) &&
	       blank_look(&r->blank, buf_slice(&r->held), true) == BLANK_EMPTY;
}
