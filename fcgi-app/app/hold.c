/* Whole answers before their delivery. */
#include "config.h"

#include "request.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"

bool
hold_add(struct request *r, struct slice bytes)
{
	struct body_limits limits = request_body_limits(r);

	limits.total = COLLECT_MAX;
	switch (body_append(&r->whole, &limits, bytes.ptr, bytes.len)) {
	case BODY_OK:
		return true;
	case BODY_FAILED:
		log_event(LOG_ERROR, "spool_failed", LOG_S("id", r->id), LOG_S("dir", limits.dir),
		    LOG_S("error", strerror(errno)));
		request_fail(r, APIERROR_INTERNAL, NULL,
		    "The gateway could not store the answer of the Gemini API.");
		break;
	case BODY_TOO_LARGE:
		break;
	}
	r->holding = false;
	return false;
}
