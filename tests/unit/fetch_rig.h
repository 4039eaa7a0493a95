/* One fetcher on a loop of the test's own, and jobs that keep what comes. */
#ifndef TESTS_FETCH_RIG_H
#define TESTS_FETCH_RIG_H

#include <stdbool.h>

#include "net/fetch/fetch_priv.h"

struct job {
	struct fetch *fetch; /* NULL once it is over */
	enum fetch_result result;
	int status;
	unsigned calls;
	char type[64];
	struct buf body; /* the test's */
	void (*then)(struct job *job);
};

extern struct fetcher *fetcher;

/* Starts the server too. 127.0.0.1 is the one address that is allowed. */
bool rig_open(void);
/* Closes the fetcher and the loop; false when something is left in the loop. */
bool rig_close(void);
/* Stops the server. */
void rig_end(void);

/* 4 KiB, five redirects, and no limit on time to speak of. */
struct fetch_limits limits(void);
/* A path of the server, or a URL, in which %p and %q become its ports; to be freed. */
char *full_url(const char *text);
/* job->fetch is NULL with job->result when the URL is refused. */
void start(struct job *job, const char *text);
void start_limited(struct job *job, const struct fetch_limits *limited, const char *text);
/* One turn of the loop, a short one; false when nothing can happen any more. */
bool turn(void);
void finish(struct job *job);
/* Start and finish. */
enum fetch_result get(struct job *job, const char *text);
enum fetch_result get_limited(
    struct job *job, const struct fetch_limits *limited, const char *text);

#endif
