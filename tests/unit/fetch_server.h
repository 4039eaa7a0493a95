/*
 * A web server that misbehaves on demand, and names that resolve as the test likes: it stands in
 * for getaddrinfo, so it must be linked into the program itself. Listens at two ports on every IPv4
 * address of the machine.
 */
#ifndef TESTS_FETCH_SERVER_H
#define TESTS_FETCH_SERVER_H

#include <stdbool.h>

bool server_start(void);
/* Waits until all connections are over. */
void server_stop(void);

/* Port 0 and port 1. */
unsigned server_port(unsigned i);
/* Connections so far; those to 127.0.0.2; the most at /later at the same time. */
unsigned server_connections(void);
unsigned server_inner(void);
unsigned server_peak(void);

/*
 * good.test is 127.0.0.1, inner.test 127.0.0.2, both.test first 127.0.0.2 and then 127.0.0.1.
 * rebind.test is 127.0.0.1 when it is looked up for the first time, later 127.0.0.2.
 * slow.test and names below it are 127.0.0.1 too, but are not resolved while the gate is shut.
 * All other names do not exist.
 */
void names_gate(bool open);
/* Threads that wait at the gate. */
unsigned names_waiting(void);
/* Waits until the gate has let all of them through. */
void names_settle(void);

#endif
