/* The one timer of a request: waits, silence of the upstream, signs of life to the client. */
#ifndef APP_REQUEST_TIMER_H
#define APP_REQUEST_TIMER_H

#include "app/request/request.h"

/* A call runs: silence of the upstream ends it, silence of ours is broken by heartbeats. */
void request_timer_watch(struct request *r);
/* Starts the timer of a request that waits without a call of its own. */
void request_timer_beat(struct request *r);
/* Parks the request until then; heartbeats go on. */
void request_timer_wait(struct request *r, uint64_t due);

#endif
