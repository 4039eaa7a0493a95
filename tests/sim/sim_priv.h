/* What the files of the simulator share. */
#ifndef TESTS_SIM_PRIV_H
#define TESTS_SIM_PRIV_H

#include <json-c/json.h>

#include "app/request/gateway.h"
#include "net/http/upstream.h"
#include "sim.h"
#include "net/loop.h"

struct fcgi_conn {
	struct sim_client *client;
	char *arena; /* the parameters, back to back */
	char *params[40];
	struct body body;
	const struct fcgi_conn_events *events;
	void *ctx;
	bool gone; /* the app knows it */
};

struct sim_client {
	struct sim_client *next;
	struct fcgi_conn conn;
	struct sim_ask ask; /* params and body are not kept */
	enum sim_state state;
	bool hidden, stalled;
	struct buf out;     /* what the client has */
	struct buf pending; /* what it has not taken */
	size_t place;       /* among the requests that are over */
};

struct piece {
	struct piece *next;
	char *data;
	size_t len;
};

struct sim_call {
	struct sim_call *next;
	struct call_request request; /* the app's pointers */
	const struct call_events *events;
	void *ctx;
	struct call *handle; /* NULL once the app may not use it any more */
	char *method, *url;
	struct buf lines; /* a copy, each ended by CR LF */
	struct buf body;  /* a copy */
	char *key, *proxy;
	bool headed, over, cancelled, paused, busy;
	bool body_held, body_sent;
	struct piece *queue; /* while paused */
	bool end_due;
	enum netresult result;
};

struct timer {
	struct timer *next;
	timer_fn fn;
	void *ctx;
	uint64_t due, order;
	bool armed, freed;
};

struct sim {
	struct conf conf;
	struct gateway *gw;
	uint64_t now, order;
	void *local;
	void (*local_free)(void *local);
	void (*on_poke)(struct loop *loop);
	bool poked;
	struct sim_client *clients, **clients_end;
	struct sim_call *calls, **calls_end;
	struct timer *timers;
	size_t over;           /* requests */
	struct buf secrets;    /* those of the server and of the callers, each ended by NUL */
	size_t server_secrets; /* as much of it is the server's */
	struct buf log;
	char log_path[64];
	struct buf broken; /* the first broken rule */
};

extern struct sim *sim;

/* The first one is kept for sim_close. */
void sim_break(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Delivers what waits for calls that are not paused. */
void sim_settle(void);
void sim_conn_init(struct sim_client *c, const struct sim_ask *ask);
void sim_conn_release(struct sim_client *c);
void sim_calls_release(void);
void sim_timers_release(void);
/* What the client has of the head, with the blank line; empty while it is not complete. */
struct slice sim_head_of(const struct sim_client *c);
/* Reads the log file into sim->log. */
void sim_read_log(void);
/* The access line of the n-th request that was over, or NULL; a new reference. */
json_object *sim_access_line(size_t n);

#endif
