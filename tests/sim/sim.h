/*
 * A simulator for the life of requests: net/ in memory, on a clock that only sim_pass moves. A test
 * plays the clients and the Gemini API; the gateway in between is the real one. One stand at a
 * time, from sim_open to sim_close. Pointers and slices live until sim_close.
 *
 * Checked without being asked: nothing is written after the end; every call is ended or cancelled;
 * every request has one access line, which fits what the client saw; every picked key is reported;
 * exactly one credential goes upstream; no secret of the server reaches a client or the log; what
 * an upstream call points to lives as long as the call needs it.
 */
#ifndef TESTS_SIM_H
#define TESTS_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/netresult.h"
#include "net/fcgi/fcgi_conn.h"

/* ---- the stand ---- */

/* options: `NAME=value` texts, NULL-terminated; false with a TAP diagnosis when refused. */
bool sim_open(const char *const *options);
#define SIM_OPEN(...) sim_open((const char *const[]){ __VA_ARGS__, NULL })
/* As after SIGHUP. Answers why it was refused, or "". */
const char *sim_reload(const char *const *options);
#define SIM_RELOAD(...) sim_reload((const char *const[]){ __VA_ARGS__, NULL })
/* Ends the stand. Answers what rule was broken first, or "". */
const char *sim_close(void);
/* As a check of the test. */
#define SIM_CLOSE() is_str(sim_close(), "", "the rules were kept")

/* Lets that time pass; timers fire in order. */
void sim_pass(uint64_t ms);

/* ---- clients ---- */

struct sim_ask {
	const char *method, *uri; /* NULL: POST /v1/chat/completions */
	const char *params[16];   /* further FastCGI parameters, `NAME=value` */
	struct slice body;
	bool spooled; /* the body lies in a file */
	enum fcgi_conn_fault fault;
};

struct sim_client;

/* A request arrives. */
struct sim_client *sim_ask(const struct sim_ask *ask);
#define SIM_ASK(...) sim_ask(&(struct sim_ask){ __VA_ARGS__ })

/* What the client has received. */
int sim_status(const struct sim_client *c);                            /* 0: no head yet */
struct slice sim_header(const struct sim_client *c, const char *name); /* ptr NULL: there is none */
struct slice sim_body(const struct sim_client *c);
/* A text in the body: there at all, how often. */
bool sim_has(const struct sim_client *c, const char *text);
size_t sim_count(const struct sim_client *c, const char *text);
/* The parameters and the body were given back: a long stream does not need them. */
bool sim_forgotten(const struct sim_client *c);
enum sim_state { SIM_OPEN_YET, SIM_ENDED, SIM_DROPPED };
enum sim_state sim_state(const struct sim_client *c);
/* A field of the access line; "" and -1 when it is absent. */
const char *sim_log(const struct sim_client *c, const char *field);
int64_t sim_log_int(const struct sim_client *c, const char *field);

/* The client hangs up, which is noticed at once, or by the next write. */
void sim_vanish(struct sim_client *c);
void sim_hide(struct sim_client *c);
/* The client hangs up while a thread works on its request, which is dropped when the thread is
 * done. */
void sim_vanish_early(struct sim_client *c);
/* The process stops: the request has a last word. */
void sim_cut(struct sim_client *c);
/* From now on nothing is taken; then what waits is, all at once. */
void sim_stall(struct sim_client *c);
void sim_drain(struct sim_client *c);

/* ---- upstream calls, in the order of their start ---- */

struct sim_call;

size_t sim_calls(void);
/* The i-th, or NULL with a broken rule. */
struct sim_call *sim_call(size_t i);
struct sim_call *sim_last_call(void);

const char *sim_method(const struct sim_call *k);
const char *sim_url(const struct sim_call *k);
struct slice sim_line(const struct sim_call *k, const char *name); /* ptr NULL: there is none */
const char *sim_key(const struct sim_call *k);                     /* x-goog-api-key */
const char *sim_proxy(const struct sim_call *k);                   /* "": the one of all calls */
struct slice sim_sent(const struct sim_call *k);                   /* the request body */
bool sim_wanted(const struct sim_call *k);                         /* neither ended nor cancelled */
bool sim_may_answer(const struct sim_call *k);                     /* and no end waits in it */
bool sim_cancelled(const struct sim_call *k);
bool sim_paused(const struct sim_call *k);

/* The body is not wholly sent yet, until sim_take_body. */
void sim_hold_body(struct sim_call *k);
void sim_take_body(struct sim_call *k);

/* The answer, piece by piece. lines: `Name: value` lines, each ended by CR LF. Data for a paused
 * call waits for its resumption, and the end behind it. */
void sim_head(struct sim_call *k, int status, const char *lines);
void sim_data(struct sim_call *k, const char *text);
void sim_bytes(struct sim_call *k, struct slice bytes);
/* In pieces of that size, as long as the call is wanted. */
void sim_pieces(struct sim_call *k, struct slice bytes, size_t size);
void sim_end(struct sim_call *k, enum netresult result);

/* ---- whole answers ---- */

#define SIM_JSON "Content-Type: application/json; charset=UTF-8\r\n"
#define SIM_SSE  "Content-Type: text/event-stream\r\n"

/* Head, data, regular end. */
void sim_answer(struct sim_call *k, int status, const char *lines, const char *body);

#endif
