/* Which key an attempt may use. */
#ifndef APP_REQUEST_CHOOSE_H
#define APP_REQUEST_CHOOSE_H

#include "app/request/request.h"

/* A request that needs certain keys: it does not queue with those that take any. */
bool choose_is_bound(const struct request *r);
/* A key for the next attempt, or -1 and why there is none. look: nothing is taken. */
ptrdiff_t choose_pick(struct request *r, bool look, struct keyring_lack *ret);
/* How long the request may still wait for keys, ms. */
uint64_t choose_patience(const struct request *r, uint64_t now);
/* Is it worth waiting for what is missing? *ret_due: how long at most, monotonic ms. */
bool choose_may_wait(const struct request *r, const struct keyring_lack *lack, uint64_t *ret_due);
/* Should another model take over, rather than the request wait for this one? */
bool choose_wants_fallback(struct request *r, const struct keyring_lack *lack);
/* Until then, in whole seconds, at least 1. */
unsigned choose_seconds(uint64_t until);
/* May another attempt be made, at once or after a wait that patience allows? */
bool choose_can(struct request *r);
/* Is it a limit that keeps every key but refused ones from being tried? */
bool choose_is_limited(struct request *r);
/* Sets when to come back in a 429 or 503, as the keys stand. */
void choose_hint(struct request *r);
/* There is, or may be, another model for one that is not to be had: true when the request goes on
 * with that, in step prepare. Branches share the model: all of them begin anew. */
bool choose_fall_back(struct request *r);
/* See keyring_explain. */
void choose_explain(struct request *r, struct buf *out, size_t *ret_keys, size_t *ret_ready);

#endif
