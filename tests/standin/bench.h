/*
 * Models for benchmarks: `bench-E-D-S` streams E events of S bytes of text, one each D milliseconds
 * (0: as fast as the socket takes them); without streaming it answers S bytes at once. Everything
 * is written down once per model; bodies are neither kept nor checked.
 */
#ifndef STANDIN_BENCH_H
#define STANDIN_BENCH_H

#include "standin.h"

#define BENCH_MODELS_MAX 256
#define BENCH_EVENTS_MAX 100000000
#define BENCH_DELAY_MAX  3600000
#define BENCH_SIZE_MAX   (16 * 1024 * 1024)

struct bench *bench_new(void);
void bench_free(struct bench *b);
/* Answers the request for that model; false when the name is no benchmark model's. */
bool bench_answer(struct standin *si, struct conn *c, struct slice model, bool stream);
/* GET /bench: a page of 1,024 bytes. */
void bench_page(struct conn *c);

#endif
