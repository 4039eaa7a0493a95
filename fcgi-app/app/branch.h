/* Calls that are made at once for one answer, each a request of its own. */
#ifndef APP_BRANCH_H
#define APP_BRANCH_H

#include "request.h"

/* One of the calls of a root, in step pick. */
struct request *branch_new(struct request *root, size_t lane);
/* A branch has ended; frees it. */
void branch_finish(struct request *branch);
/* Ends all branches at once. */
void branches_cancel(struct request *root);
/* Holds back, or lets go, whatever upstream calls write to this client. */
void branches_pause(struct request *root);
void branches_resume(struct request *root, uint64_t now);

#endif
