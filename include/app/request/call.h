/* What may be done with the attempt of a request. */
#ifndef APP_REQUEST_CALL_H
#define APP_REQUEST_CALL_H

#include "app/request/request.h"

void attempt_report(struct request *r, bool ok);
void attempt_end(struct request *r); /* cancels the call and forgets its answer */
/* The upstream says that its answer is JSON. */
bool attempt_is_json(const struct request *r);

/* What came of the answer before its judgement, or all of it while it is held. */
struct slice attempt_kept(struct request *r);
/* A good answer turned out to be none, as r->err tells, while it was being delivered: judged like a
 * failure before it. Moves to another attempt while nothing of it went out, else to step fail. */
enum step_next attempt_judge_late(struct request *r);
/* The same for an error that Google reports in bytes that pass to the client as they are. */
void attempt_note_reported(struct request *r);

/* RETRY_EMPTY: nothing in the answer so far is worth passing on. */
bool attempt_wants_content(struct request *r);
/* Of an answer with status 200 that reports no error and was not cut. */
enum answer_fault attempt_fault(struct request *r);

#endif
