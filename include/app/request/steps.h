/* The steps of a request, for the table in serve.c, which has the first ones itself. Each of them
 * sets the next step. */
#ifndef APP_REQUEST_STEPS_H
#define APP_REQUEST_STEPS_H

#include "app/request/request.h"

enum step_next step_decode(struct request *r);
enum step_next step_prepare(struct request *r);
enum step_next step_resolve(struct request *r);
enum step_next step_owner(struct request *r);
enum step_next step_catalog(struct request *r);
enum step_next step_fan(struct request *r);
enum step_next step_pick(struct request *r);
enum step_next step_call(struct request *r);
enum step_next step_await(struct request *r);
enum step_next step_judge(struct request *r);
enum step_next step_wait(struct request *r);
enum step_next step_stream(struct request *r);
enum step_next step_collect(struct request *r);
enum step_next step_fail(struct request *r);
enum step_next step_abort(struct request *r);
enum step_next step_finish(struct request *r);
/* Upstream bytes while the answer goes out. */
void step_stream_data(struct request *r, struct slice bytes);

#endif
