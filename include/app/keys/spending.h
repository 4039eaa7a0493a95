/*
 * What access tokens have spent today, over all processes that share a state store and over
 * restarts. From any thread.
 */
#ifndef APP_KEYS_SPENDING_H
#define APP_KEYS_SPENDING_H

#include <stdbool.h>
#include <stdint.h>

struct spending;
struct state;

struct spending *spending_new(void);
/* The store it shares is freed already. NULL is accepted. */
void spending_free(struct spending *s);
/* Before any loop runs; the store is to be freed first, after all loops. */
void spending_share(struct spending *s, struct state *state);

/* account: a hash of the token, the same in every process; not 0. tell: the other processes want to
 * know of it, and of all that this one has counted for the account. */
void spending_add(struct spending *s, uint64_t account, uint64_t amount, bool tell);
uint64_t spending_today(struct spending *s, uint64_t account);

#endif
