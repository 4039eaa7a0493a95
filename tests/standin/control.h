/* /_control/: what was received, what is scripted, what is open. Only with --control. */
#ifndef STANDIN_CONTROL_H
#define STANDIN_CONTROL_H

#include "standin.h"

struct records *records_new(void);
void records_free(struct records *r);
/* Notes a complete request; its outcome stays "open" until records_finish. */
void records_add(struct records *r, struct request *req, const char *key);
void records_finish(struct records *r, struct request *req, bool gone);

/* tail: the path after /_control/. */
void control_answer(struct standin *si, struct conn *c, struct slice tail);

#endif
