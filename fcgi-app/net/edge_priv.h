/* What the files of the edge and the loop share. */
#ifndef NET_EDGE_PRIV_H
#define NET_EDGE_PRIV_H

#include <stdint.h>
#include <sys/epoll.h>

#include <uv.h>

#include "net/edge.h"
#include "net/fcgi_scan.h"
#include "net/loop.h"

/* Always asked of epoll. */
#define EDGE_EPOLL (EPOLLIN | EPOLLRDHUP | EPOLLET)

/* One mover: edge_move. Every state but OPEN is bounded by `deadline`. */
enum edge_state {
	EDGE_WAITING,   /* the request is not complete; arrivals wake us */
	EDGE_READING,   /* a reader thread owns the descriptor */
	EDGE_OPEN,      /* the owner has the request */
	EDGE_ENDING,    /* the owner is done; the queue is not empty */
	EDGE_LINGERING, /* everything is sent; unread input is drained so that it does not reset */
	EDGE_DEAD,      /* buried at the end of the turn */
};

struct edge {
	struct loop *loop;
	struct edge *prev, *next; /* in loop->edges, or next only in loop->dead */
	enum edge_state state;
	int fd;
	uint16_t id;
	uint32_t watched; /* epoll events asked for, 0: not in the epoll set */
	bool framed;      /* false: plain CGI on standard output */
	bool unread_input;
	bool params_ready; /* WAITING: only the body is missing */
	bool gone;
	enum edge_fault fault;
	uint64_t deadline; /* monotonic ms; 0: none */
	const struct edge_events *events;
	void *ctx;
	char *arena;   /* all parameters, `NAME=value` with NUL, behind the table of pointers */
	char **params; /* NULL-terminated; points into arena */
	struct body body;
	struct buf pending; /* framed bytes that the socket did not take */
	size_t pending_sent;
	uv_work_t *work;  /* READING only */
	bool read_failed; /* set by the reader thread */
};

struct loop {
	uv_loop_t uv;
	uv_async_t wake, poke;
	void (*on_poke)(struct loop *loop);
	uv_poll_t accept;
	uv_timer_t accept_again;
	uv_poll_t arrivals; /* on epoll_fd */
	uv_timer_t tick;    /* walks the deadlines */
	uv_check_t turn;    /* runs after the events of each turn */
	pthread_t thread;
	struct loops *all;
	int epoll_fd; /* every edge, edge-triggered */
	struct edge *edges, *dead;
	size_t active; /* edges that are not dead */
	bool accepting, stopping;
	uint64_t stop_deadline;
	size_t cut;
	uint8_t *peek; /* PEEK_MAX bytes */
	struct upstream *upstream;
	struct fetcher *fetcher; /* NULL until it is wanted */
	void *local;
	void (*local_free)(void *local);
};

/* edge.c */
struct edge *edge_new(struct loop *loop, int fd);
/* wait_ms: how long the state may last; 0: as long as the owner wants. */
void edge_move(struct edge *e, enum edge_state state, uint64_t wait_ms);
void edge_adopt(struct loop *loop, int fd);
void edge_ready(struct edge *e, uint32_t epoll_events);
void edge_expire(struct edge *e, uint64_t now);
void edge_bury(struct loop *loop);
/* Frees what the edge holds; the struct stays until edge_bury, since epoll may still report it. */
void edge_close(struct edge *e);
/* The web server hung up: tells the owner, or closes when there is none any more. */
void edge_lost(struct edge *e);
/* Asks epoll for these events. False when the kernel refuses the descriptor. */
bool edge_watch(struct edge *e, uint32_t events);
/* The process stops: what has not arrived in a moment does not count any more. */
void edge_stop(struct edge *e);
/* The drain time is over: the owner has a last word. */
void edge_cut(struct edge *e);

/* edge_write.c: the socket takes bytes again. */
void edge_output(struct edge *e);

/* edge_read.c: the libfcgi part. May block when the input is incomplete. False when there is no
 * request to serve; e->fd is -1 then if libfcgi has closed it. */
bool edge_read(struct edge *e, const struct body_limits *limits);
/* Copies `NAME=value` strings into the edge. */
void edge_keep_params(struct edge *e, char *const *envp);

/* cgi.c */
/* Delivers the one request of this process. */
void edge_serve_cgi(struct loop *loop);
bool cgi_write(struct edge *e, struct slice bytes);

/* loop.c */
const struct loops_options *loop_options(const struct loop *loop);
void loop_edge_added(struct loop *loop);
void loop_edge_removed(struct loop *loop);

#endif
