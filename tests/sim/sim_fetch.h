/*
 * The simulator's net/fetch/fetch.h: fetches are kept in the order of their start, and the test
 * ends them. Stands alone; works without a stand.
 */
#ifndef TESTS_SIM_FETCH_H
#define TESTS_SIM_FETCH_H

#include <stdbool.h>
#include <stddef.h>

#include "net/fetch/fetch.h"

/* How many were started, and how many of them are neither ended nor cancelled. */
size_t sim_fetches(void);
size_t sim_fetches_open(void);
/* The i-th: its URL, its limits, and whether a caller waits for it. */
const char *sim_fetch_url(size_t i);
const struct fetch_limits *sim_fetch_limits(size_t i);
bool sim_fetch_wanted(size_t i);
/* From now on that many are accepted, further ones are refused with BUSY; URLs that are neither
 * http nor https are refused anyway. */
void sim_fetch_room(size_t count);

/* Ends the i-th. False when no caller waits for it. */
bool sim_fetch_end(
    size_t i, enum fetch_result result, int status, const char *type, struct slice bytes);
/* A success. */
bool sim_fetch_give(size_t i, const char *type, struct slice bytes);

/* Forgets all. */
void sim_fetch_release(void);

#endif
