/* The top of the lifecycle: requests come in here. */
#ifndef APP_SERVE_H
#define APP_SERVE_H

#include <stddef.h>
#include <stdint.h>

struct edge;
struct loop;

/* struct edge_options.owners: the client's network, and the credential that it sent. ctx is the
 * gateway. */
size_t serve_owners(void *ctx, const struct edge *edge, uint64_t *ret);
/* struct edge_options.request: ctx is the gateway. */
void serve_request(void *ctx, struct loop *loop, struct edge *edge);

#endif
