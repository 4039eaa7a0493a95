/*
 * Event loops: K threads, each with its own libuv loop, its own upstream engine and its own
 * requests, which never move. All of them take connections from the same listening socket.
 */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/fcgi/fcgi_conn.h"

struct fetcher;
struct loop;
struct loops;
struct upstream;
struct upstream_options;

struct loops_options {
	int listen_fd;  /* non-blocking and listening; -1: none (plain CGI); stays the caller's */
	unsigned count; /* threads */
	size_t requests_max; /* live requests per loop; further ones wait in the socket's backlog */
	const struct upstream_options *upstream;
	struct fcgi_conn_options conns;
};

/* NULL with errno when threads or loops cannot be made. The options must outlive the loops. */
struct loops *loops_start(const struct loops_options *options);
/* Takes no more connections; the loops end when their requests have, or after drain_ms. */
void loops_stop(struct loops *loops, uint64_t drain_ms);
/* Waits for the end of all loops and frees them. Returns how many requests were cut off. */
size_t loops_join(struct loops *loops);
/* Live requests over all loops; any thread. */
size_t loops_active(const struct loops *loops);
/* The same, for who knows one loop only. */
size_t loop_all_active(const struct loop *loop);

struct upstream *loop_upstream(struct loop *loop);
/* For URLs of callers; made on first use. */
struct fetcher *loop_fetcher(struct loop *loop);
/* A slot for the owner of the requests, such as scratch memory shared by all requests of a loop;
 * freed with free_fn when the loop ends. */
void *loop_local(struct loop *loop);
void loop_set_local(struct loop *loop, void *local, void (*free_fn)(void *local));

/* Runs work on a thread of the pool, then done on the loop's own thread. The loop does not end
 * before. */
void loop_work(struct loop *loop, void (*work)(void *ctx), void (*done)(void *ctx), void *ctx);

/* From any thread: what loop_on_poke was given runs soon on the loop's own thread, once for any
 * number of pokes. Somebody on the loop must keep it alive until then. */
void loop_poke(struct loop *loop);
void loop_on_poke(struct loop *loop, void (*fn)(struct loop *loop));

/* ---- one-shot timers, used on the loop's own thread ---- */

struct timer;
typedef void (*timer_fn)(void *ctx);
struct timer *timer_new(struct loop *loop, timer_fn fn, void *ctx);
/* Starts or restarts; fires once. */
void timer_start(struct timer *timer, uint64_t ms);
/* Never fires afterwards; NULL is accepted. */
void timer_free(struct timer *timer);

#endif
