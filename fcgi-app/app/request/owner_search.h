/*
 * Asks Google which project owns stored objects: GET of each object with a key of one project after
 * another, several calls at a time, until one has it. The balancer learns from the answers, as
 * after any call.
 */
#ifndef APP_REQUEST_OWNER_SEARCH_H
#define APP_REQUEST_OWNER_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/request/request.h"

#define OWNER_MS 10000 /* all of them; what is not known then stays unknown */

struct search;

struct sought {
	const char *name;
	ptrdiff_t key; /* of the owner's project, or -1 */
	bool nobody;   /* all projects have said that it is not theirs */
};

struct search_order {
	struct request *request; /* whose ring, and whose calls they are */
	struct sought *list;     /* key: -1 for those to be found; set while it runs */
	size_t count;
	uint64_t likely; /* the project to be asked first; 0: any */
	/* Called once, within OWNER_MS; the search is freed already. */
	void (*done)(void *ctx);
	void *ctx;
};

/* Everything in the order must live until done or search_cancel. NULL when there was nothing to do,
 * or nothing that could be done: then done is not called. */
struct search *search_start(const struct search_order *order);
/* NULL is accepted. */
void search_cancel(struct search *s);

#endif
