/* Requests that wait for a key. */
#ifndef APP_REQUEST_KEY_WAIT_H
#define APP_REQUEST_KEY_WAIT_H

#include "app/request/request.h"

/* Puts the request among those that wait for a key. False when too many do. *ret_first: see
 * balancer_enter. */
bool key_wait_enter(struct request *r, bool *ret_first);
/* The wait for a key is over, if there is one. */
void key_wait_leave(struct request *r);
/* See loop_on_poke. */
void key_wait_poked(struct loop *loop);

#endif
