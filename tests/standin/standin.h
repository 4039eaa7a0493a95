/* The whole stand-in: one of each module, and what the command line said. */
#ifndef STANDIN_STANDIN_H
#define STANDIN_STANDIN_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "server.h"
#include "wheel.h"

struct stats {
	uint64_t requests;
	uint64_t streams;      /* streams begun */
	uint64_t open_streams; /* begun and not ended */
	uint64_t cancelled;    /* requests whose client left before the end of the answer */
};

struct standin {
	uv_loop_t loop;
	struct wheel wheel;
	struct server server;
	struct stats stats;
	bool control;          /* --control */
	const char *keys;      /* --keys, comma separated, or NULL: any key will do */
	uint32_t think_ms;     /* --think */
	struct schema *schema; /* NULL: bodies are not checked */
	struct bench *bench;
	struct rules *rules;
	struct records *records;
	struct files *files;
	struct play *gated; /* streams that wait for POST /_control/next */
};

#endif
