/* Calls that are made at once for one answer, each a request of its own. */
#ifndef APP_REQUEST_BRANCH_H
#define APP_REQUEST_BRANCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct request;

struct fan {
	size_t count;          /* of a root: calls to make; 0 or 1: it makes the one itself */
	struct request **list; /* running branches by index, or NULL */
	size_t started, live;
	bool starting; /* branches are being started: their ends are looked at afterwards */
	bool failed;   /* one has */
	bool restart;  /* they have learnt something: all begin anew */
	size_t index;  /* of a branch */
};

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
