/* What the files of the edge share, and what they show to the loop. */
#ifndef NET_FCGI_FCGI_CONN_PRIV_H
#define NET_FCGI_FCGI_CONN_PRIV_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "base/limits.h"
#include "net/fcgi/fcgi_conn.h"
#include "net/fcgi/fcgi_scan.h"
#include "net/fcgi/fcgi_stdin.h"
#include "net/fcgi/pace.h"

/* Always asked of epoll. */
#define EDGE_EPOLL (EPOLLIN | EPOLLRDHUP | EPOLLET)

/* In the order of a request's life; nobody owns it before OPEN. One mover: edge_move. Every state
 * but NEW, SPOOLING and OPEN is bounded by `deadline`. */
enum edge_state {
	EDGE_NEW,       /* not looked at yet */
	EDGE_WAITING,   /* the parameters are not complete; bytes that come wake us */
	EDGE_ARRIVING,  /* the body is not complete; bytes that come are taken in */
	EDGE_SPOOLING,  /* the pool writes what has come to the body's file */
	EDGE_OPEN,      /* the owner has the request */
	EDGE_ENDING,    /* the owner is done; the queue is not empty */
	EDGE_LINGERING, /* everything is sent; unread input is drained so that it does not reset */
	EDGE_DEAD,      /* buried at the end of the turn */
};

/* Every state but NEW has its edges in one of these. The oldest is the first. */
struct edge_list {
	struct edge *first, *last;
	size_t count;
};

/* A body that is not there with its head. */
struct arrival {
	struct fcgi_stdin in;
	struct pace pace;
	bool ended;       /* nothing is missing any more */
	bool placed;      /* the place is to be given back */
	size_t counted;   /* in loop->arriving_memory */
	struct buf chunk; /* for the file; the pool's while it writes */
	enum body_result written;
	uint64_t owners[ARRIVAL_OWNERS_MAX];
	size_t owner_count;
};

struct edge {
	struct edge_host *host;
	struct edge *prev, *next; /* in the list of its state */
	enum edge_state state;
	int fd;
	uint16_t id;
	uint32_t watched; /* epoll events asked for, 0: not in the epoll set */
	bool framed;      /* false: plain CGI on standard output */
	bool unread_input;
	bool gone;
	enum edge_fault fault;
	uint64_t moved_ms; /* monotonic, of the last move that had a limit */
	uint64_t deadline; /* the same; 0: none */
	const struct edge_events *events;
	void *ctx;
	char *arena;   /* all parameters, `NAME=value` with NUL, behind the table of pointers */
	char **params; /* NULL-terminated; points into arena */
	struct body body;
	struct buf pending; /* framed bytes that the socket did not take */
	size_t pending_sent;
	uint64_t pending_since;  /* monotonic ms: it was empty before */
	struct arrival *arrival; /* ARRIVING, SPOOLING */
};

/* What the requests of one loop share, and what the loop gives them. */
struct edge_host {
	struct loop *loop;
	const struct edge_options *options;
	struct places *places;     /* shares of bodies that arrive, over all loops */
	atomic_size_t *unread_all; /* over all loops */
	/* There is one request more (1), or one less (-1). */
	void (*counted)(struct loop *loop, int change);
	/* See loop_work. */
	void (*work)(struct loop *loop, void (*run)(void *ctx), void (*done)(void *ctx), void *ctx);
	int epoll_fd; /* every edge, edge-triggered */
	struct edge_list open, arriving, dead;
	struct edge_list idle; /* WAITING, LINGERING: nothing of theirs is under way */
	size_t idle_max, arriving_max;
	size_t arriving_memory, arriving_memory_max; /* of bodies that are not complete */
	size_t unread, unread_max;                   /* bytes in the edges' `pending` */
	bool stopping;
	uint8_t *peek; /* PEEK_MAX bytes */
};

/* fcgi_state.c */
struct edge *edge_new(struct edge_host *host, int fd);
/* wait_ms: how long the state may last; 0: as long as the owner wants. */
void edge_move(struct edge *e, enum edge_state state, uint64_t wait_ms);
/* To WAITING or LINGERING; makes room when there are too many. */
void edge_move_idle(struct edge *e, enum edge_state state, uint64_t wait_ms);
/* Closes the oldest idle ones while there are too many, but none that is so only for a moment. */
void edge_thin_idle(struct edge_host *host, uint64_t now);
void edge_bury(struct edge_host *host);
/* Frees what the edge holds; the struct stays until edge_bury, since epoll may still report it. */
void edge_close(struct edge *e);
/* The web server hung up: tells the owner, or closes when there is none any more. */
void edge_lost(struct edge *e);
/* Asks epoll for these events. False when the kernel refuses the descriptor. */
bool edge_watch(struct edge *e, uint32_t events);
/* Has epoll tell again, in another turn, of what is there now. */
void edge_wake(struct edge *e);
/* Hands the request to its owner, whole or with a fault. */
void edge_deliver(struct edge *e);
/* The process stops: what does not come in a moment does not count any more. */
void edge_stop(struct edge *e, uint64_t now);
/* The drain time is over: the owner has a last word. */
void edge_cut(struct edge *e, uint64_t now);
/* Nothing of the queue will be sent. */
void edge_discard(struct edge *e);
/* That many bytes more wait for their readers, or less. */
void edge_count_unread(struct edge_host *host, ptrdiff_t bytes);

/* fcgi_conn.c */
/* A connection of the web server that was accepted. */
void edge_adopt(struct edge_host *host, int fd);
void edge_ready(struct edge *e, uint32_t epoll_events);
void edge_expire(struct edge *e, uint64_t now);

/* fcgi_write.c: the socket takes bytes again. */
void edge_output(struct edge *e);
/* Cuts off readers of whose answers this loop has too much. */
void edge_relieve(struct edge_host *host, uint64_t now);

/* fcgi_read.c: the libfcgi part. Reads a request that is there as a whole, which blocks nobody.
 * False when there is no request to serve; e->fd is -1 then if libfcgi has closed it. */
bool edge_read(struct edge *e, const struct body_limits *limits);
/* The parameters alone, from the bytes up to their end. False when there is no request to serve. */
bool edge_read_head(struct edge *e, const uint8_t *head, size_t len);
/* False when the body is not as long as was promised. */
bool edge_body_is_whole(const struct edge *e);
/* Copies `NAME=value` strings into the edge. */
void edge_keep_params(struct edge *e, char *const *envp);

/* fcgi_arrivals.c: the body comes piece by piece. Takes the head out of the socket, whose first
 * bytes are in host->peek, and what has come of the body. */
void edge_begin_arrival(struct edge *e, size_t head_len);
/* Bytes have come, or the peer has hung up. */
void edge_arrive(struct edge *e);
/* It takes too long, or the process stops: the owner tells the caller. */
void edge_arrive_late(struct edge *e);

/* cgi.c */
/* Delivers the one request of this process. */
void edge_serve_cgi(struct edge_host *host);
bool cgi_write(struct edge *e, struct slice bytes);

#endif
