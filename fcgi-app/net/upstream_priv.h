/* What the engine shows to the loop. */
#ifndef NET_UPSTREAM_PRIV_H
#define NET_UPSTREAM_PRIV_H

#include <uv.h>

#include "net/upstream.h"

struct upstream *upstream_new(uv_loop_t *uv, const struct upstream_options *options);
/* Ends all connections and closes the engine's handles; no call may be left and no callback of
 * libcurl be under way. The loop must turn once more before upstream_free. */
void upstream_close(struct upstream *u);
void upstream_free(struct upstream *u);

#endif
