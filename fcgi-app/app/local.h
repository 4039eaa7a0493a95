/* What the gateway answers by itself. */
#ifndef APP_LOCAL_H
#define APP_LOCAL_H

#include "request.h"

/* Pages, health checks and preflight. */
void local_answer(struct request *r);
/* Does the client want to go on with a websocket, which is not spoken here? */
bool local_wants_websocket(const struct request *r);

#endif
