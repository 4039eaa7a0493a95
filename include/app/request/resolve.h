/* What the gateway keeps for callers with the same credential. */
#ifndef APP_REQUEST_RESOLVE_H
#define APP_REQUEST_RESOLVE_H

#include "app/request/request.h"
#include "app/state/state.h"
#include "core/openai/common/ext_refs.h"

/* The key in the store: nobody reads the values of another credential. */
void resolve_key(const struct request *r, struct slice key, struct buf *ret);
enum state_space resolve_space(enum ref_kind kind);
/* Keeps a value in the state store for whoever has the same credential, or drops it. False when it
 * is too large. */
bool resolve_keep(struct request *r, enum ref_kind kind, struct slice key, struct slice value);
void resolve_drop(struct request *r, enum ref_kind kind, struct slice key);

#endif
