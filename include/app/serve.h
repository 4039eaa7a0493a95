/* The top of the lifecycle: requests come in here. */
#ifndef APP_SERVE_H
#define APP_SERVE_H

#include <stddef.h>
#include <stdint.h>

struct fcgi_conn;
struct loop;

/* struct fcgi_conn_options.owners: the client's network, and the credential that it sent. ctx is
 * the gateway. */
size_t serve_owners(void *ctx, const struct fcgi_conn *conn, uint64_t *ret);
/* struct fcgi_conn_options.request: ctx is the gateway. */
void serve_request(void *ctx, struct loop *loop, struct fcgi_conn *conn);

#endif
