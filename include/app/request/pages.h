/* What the gateway answers by itself. */
#ifndef APP_REQUEST_PAGES_H
#define APP_REQUEST_PAGES_H

#include "app/request/request.h"

/* Pages, health checks and preflight. */
void local_answer(struct request *r);
/* Does the client want to go on with a websocket, which is not spoken here? */
bool local_wants_websocket(const struct request *r);

#endif
