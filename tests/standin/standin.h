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
	/* Thought signatures in requests that passed all checks; for Gemini 3 only. */
	uint64_t signed_calls;   /* function calls with the signature that belongs to them */
	uint64_t bypassed_calls; /* with the documented value for calls of other origin */
	uint64_t signed_tools, bypassed_tools;  /* toolCall and toolResponse parts */
	uint64_t signed_texts, misplaced_texts; /* misplaced: the signature of something else */
	uint64_t signed_images, bypassed_images;
	uint64_t refused_signatures; /* requests refused for a missing or wrong one */
};

struct standin {
	uv_loop_t loop;
	struct wheel wheel;
	struct server server;
	struct stats stats;
	bool control;          /* --control */
	bool loose_schemas;    /* --loose-schemas: unknown keywords pass */
	const char *keys;      /* --keys, comma separated, or NULL: any key will do */
	uint32_t think_ms;     /* --think */
	struct schema *schema; /* NULL: bodies are not checked */
	struct bench *bench;
	struct rules *rules;
	struct records *records;
	struct files *files;
	struct caches *caches;
	struct batches *batches;
	struct play *gated; /* streams that wait for POST /_control/next */
};

#endif
