/* Whole answers before their delivery. */
#include "config.h"

#include "request.h"

bool
hold_add(struct request *r, struct slice bytes)
{
	struct body_limits limits = request_body_limits(r);

	limits.total = COLLECT_MAX;
	switch (body_append(&r->whole, &limits, bytes.ptr, bytes.len)) {
	case BODY_OK:
		return true;
	case BODY_FAILED:
		request_fail(r, APIERROR_INTERNAL, NULL,
		    "The gateway could not store the answer of the Gemini API.");
		break;
	case BODY_TOO_LARGE:
		break;
	}
	r->holding = false;
	return false;
}
