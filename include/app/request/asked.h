/* What a request asks for. Set by serve.c and by the operation's prepare. */
#ifndef APP_REQUEST_ASKED_H
#define APP_REQUEST_ASKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "core/api/changes.h"
#include "core/openai/common/ext_refs.h"
#include "core/route/route.h"

struct asked {
	struct route *route; /* until the upstream answer begins */
	const char *route_name;
	char model[MODEL_NAME_MAX]; /* upstream's name; may be cut */
	uint64_t model_id;          /* for the balancer; 0: none */
	bool has_fallback;          /* of an alias, for the model in use */
	struct ext_refs refs;       /* what the translation needs from outside of the request */
	struct changes changes;
	unsigned passes; /* of prepare */
	bool working;    /* a thread of the pool has the request: only gone and stopping change */
	int work_rc;
	bool may_name; /* of a large body: something in it looks like the name of a stored object */
	size_t charged; /* bytes, to the process's account */
};

#endif
