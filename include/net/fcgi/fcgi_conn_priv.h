/* What the files of a connection share, and what they show to the loop. */
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
#define FCGI_CONN_EPOLL (EPOLLIN | EPOLLRDHUP | EPOLLET)

/* In the order of a request's life; nobody owns it before OPEN. One mover: fcgi_conn_move. Every
 * state but NEW, SPOOLING and OPEN is bounded by `deadline`. */
enum fcgi_conn_state {
	FCGI_CONN_NEW,       /* not looked at yet */
	FCGI_CONN_WAITING,   /* the parameters are not complete; bytes that come wake us */
	FCGI_CONN_ARRIVING,  /* the body is not complete; bytes that come are taken in */
	FCGI_CONN_SPOOLING,  /* the pool writes what has come to the body's file */
	FCGI_CONN_OPEN,      /* the owner has the request */
	FCGI_CONN_ENDING,    /* the owner is done; the queue is not empty */
	FCGI_CONN_LINGERING, /* everything is sent; unread input is drained so that it does not
	                        reset */
	FCGI_CONN_DEAD,      /* buried at the end of the turn */
};

/* Every state but NEW has its connections in one of these. The oldest is the first. */
struct fcgi_conn_list {
	struct fcgi_conn *first, *last;
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

struct fcgi_conn {
	struct fcgi_conn_host *host;
	struct fcgi_conn *prev, *next; /* in the list of its state */
	enum fcgi_conn_state state;
	int fd;
	uint16_t id;
	uint32_t watched; /* epoll events asked for, 0: not in the epoll set */
	bool framed;      /* false: plain CGI on standard output */
	bool unread_input;
	bool gone;
	enum fcgi_conn_fault fault;
	uint64_t moved_ms; /* monotonic, of the last move that had a limit */
	uint64_t deadline; /* the same; 0: none */
	const struct fcgi_conn_events *events;
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
struct fcgi_conn_host {
	struct loop *loop;
	const struct fcgi_conn_options *options;
	struct places *places;     /* shares of bodies that arrive, over all loops */
	atomic_size_t *unread_all; /* over all loops */
	/* There is one request more (1), or one less (-1). */
	void (*counted)(struct loop *loop, int change);
	/* See loop_work. */
	void (*work)(struct loop *loop, void (*run)(void *ctx), void (*done)(void *ctx), void *ctx);
	int epoll_fd; /* every connection, edge-triggered */
	struct fcgi_conn_list open, arriving, dead;
	struct fcgi_conn_list idle; /* WAITING, LINGERING: nothing of theirs is under way */
	size_t idle_max, arriving_max;
	size_t arriving_memory, arriving_memory_max; /* of bodies that are not complete */
	size_t unread, unread_max;                   /* bytes in the connections' `pending` */
	bool stopping;
	uint8_t *peek; /* PEEK_MAX bytes */
};

/* fcgi_state.c */
struct fcgi_conn *fcgi_conn_new(struct fcgi_conn_host *host, int fd);
/* wait_ms: how long the state may last; 0: as long as the owner wants. */
void fcgi_conn_move(struct fcgi_conn *e, enum fcgi_conn_state state, uint64_t wait_ms);
/* To WAITING or LINGERING; makes room when there are too many. */
void fcgi_conn_move_idle(struct fcgi_conn *e, enum fcgi_conn_state state, uint64_t wait_ms);
/* Closes the oldest idle ones while there are too many, but none that is so only for a moment. */
void fcgi_conn_thin_idle(struct fcgi_conn_host *host, uint64_t now);
void fcgi_conn_bury(struct fcgi_conn_host *host);
/* Frees what the connection holds; the struct stays until fcgi_conn_bury, since epoll may still
 * report it. */
void fcgi_conn_close(struct fcgi_conn *e);
/* The web server hung up: tells the owner, or closes when there is none any more. */
void fcgi_conn_lost(struct fcgi_conn *e);
/* Asks epoll for these events. False when the kernel refuses the descriptor. */
bool fcgi_conn_watch(struct fcgi_conn *e, uint32_t events);
/* Has epoll tell again, in another turn, of what is there now. */
void fcgi_conn_wake(struct fcgi_conn *e);
/* Hands the request to its owner, whole or with a fault. */
void fcgi_conn_deliver(struct fcgi_conn *e);
/* The process stops: what does not come in a moment does not count any more. */
void fcgi_conn_stop(struct fcgi_conn *e, uint64_t now);
/* The drain time is over: the owner has a last word. */
void fcgi_conn_cut(struct fcgi_conn *e, uint64_t now);
/* Nothing of the queue will be sent. */
void fcgi_conn_discard(struct fcgi_conn *e);
/* That many bytes more wait for their readers, or less. */
void fcgi_conn_count_unread(struct fcgi_conn_host *host, ptrdiff_t bytes);

/* fcgi_conn.c */
/* A connection of the web server that was accepted. */
void fcgi_conn_adopt(struct fcgi_conn_host *host, int fd);
void fcgi_conn_ready(struct fcgi_conn *e, uint32_t epoll_events);
void fcgi_conn_expire(struct fcgi_conn *e, uint64_t now);

/* fcgi_write.c: the socket takes bytes again. */
void fcgi_conn_output(struct fcgi_conn *e);
/* Cuts off readers of whose answers this loop has too much. */
void fcgi_conn_relieve(struct fcgi_conn_host *host, uint64_t now);

/* fcgi_read.c: the libfcgi part. Reads a request that is there as a whole, which blocks nobody.
 * False when there is no request to serve; e->fd is -1 then if libfcgi has closed it. */
bool fcgi_conn_read(struct fcgi_conn *e, const struct body_limits *limits);
/* The parameters alone, from the bytes up to their end. False when there is no request to serve. */
bool fcgi_conn_read_head(struct fcgi_conn *e, const uint8_t *head, size_t len);
/* False when the body is not as long as was promised. */
bool fcgi_conn_body_is_whole(const struct fcgi_conn *e);
/* Copies `NAME=value` strings into the connection. */
void fcgi_conn_keep_params(struct fcgi_conn *e, char *const *envp);

/* fcgi_arrivals.c: the body comes piece by piece. Takes the head out of the socket, whose first
 * bytes are in host->peek, and what has come of the body. */
void fcgi_conn_begin_arrival(struct fcgi_conn *e, size_t head_len);
/* Bytes have come, or the peer has hung up. */
void fcgi_conn_arrive(struct fcgi_conn *e);
/* It takes too long, or the process stops: the owner tells the caller. */
void fcgi_conn_arrive_late(struct fcgi_conn *e);

/* cgi.c */
/* Delivers the one request of this process. */
void fcgi_conn_serve_cgi(struct fcgi_conn_host *host);
bool cgi_write(struct fcgi_conn *e, struct slice bytes);

#endif
