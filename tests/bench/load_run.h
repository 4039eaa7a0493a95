/* Drives the requests over one epoll loop and measures them. */
#ifndef BENCH_LOAD_RUN_H
#define BENCH_LOAD_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "load_request.h"
#include "load_stats.h"
#include "load_watch.h"

#define EXAMPLE_BYTES 240
#define EXPECT_ANY    UINT64_MAX

struct run_conf {
	struct target target;
	struct slice wire;      /* the bytes of one request */
	bool keep;              /* HTTP: use a connection again when the answer allows it */
	uint64_t slots;         /* requests in flight at most */
	uint64_t requests;      /* in all */
	uint64_t ramp_ms;       /* the slots open evenly over this time; 0: at once */
	uint64_t plateau_ms;    /* from the last slot's first byte to the second sample */
	uint64_t timeout_ms;    /* of the whole run */
	uint64_t expect_events; /* in each answer, or EXPECT_ANY */
	uint64_t expect_bytes;  /* of body in each answer, or EXPECT_ANY */
	uint64_t read_bytes;    /* taken by one read, at most */
	bool expect_done;       /* each answer ends with [DONE] */
	struct watch watch;
};

struct run_result {
	uint64_t completed;
	uint64_t events;
	uint64_t event_reads; /* reads that brought at least one event: less means coalesced */
	uint64_t bytes;       /* of bodies */
	uint64_t elapsed_us;
	uint64_t open_at_plateau;
	struct reasons failed;
	char example[EXAMPLE_BYTES];        /* what was last read on the first bad answer */
	struct hist first;                  /* start of the request to the first byte of its body */
	struct hist gap;                    /* between reads that brought events */
	struct hist total;                  /* start of the request to its end */
	struct sample before, plateau, end; /* zero without watched processes */
};

/* False, with a line on stderr, when the run could not be made at all. */
bool run_load(const struct run_conf *conf, struct run_result *result);

#endif
