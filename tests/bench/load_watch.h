/* CPU time and memory of the processes under test, read from outside. */
#ifndef BENCH_LOAD_WATCH_H
#define BENCH_LOAD_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define WATCH_MAX 64

struct watch {
	size_t count;
	pid_t pid[WATCH_MAX];
};

struct sample {
	uint64_t cpu_us; /* user + system, all threads, those that have ended too */
	uint64_t pss_kb;
};

/* "PID[,PID...]"; false when it is no such list. */
bool watch_parse(struct watch *w, const char *list);
/* The sum over all watched. False when one of them is gone. */
bool watch_sample(const struct watch *w, struct sample *ret);

#endif
