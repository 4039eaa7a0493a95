/* What all requests share: immutable after gateway_new, apart from the keyring's own lock. */
#ifndef APP_GATEWAY_H
#define APP_GATEWAY_H

#include "app/conf.h"
#include "app/keyring.h"
#include "app/state.h"
#include "core/family.h"
#include "core/models.h"
#include "core/scrub.h"
#include "net/address.h"
#include "net/edge.h"
#include "net/loop.h"

struct tokens {
	char **list;
	size_t count;
};

struct gateway {
	const struct conf *conf;
	struct keyring *ring; /* the pool; NULL when there is none */
	struct models *models;
	struct families *families; /* the operator's rows about models; NULL: none */
	struct state *state;
	struct address_list *media_allow; /* private addresses that media may come from */
	struct scrub_set *scrub;          /* the pool's keys */
	struct tokens access;
	bool own_keys;       /* callers may bring keys */
	char *base_url;      /* of the Gemini API, without a slash at the end */
	uint64_t started_ms; /* monotonic */
};

/* NULL with one sentence in error when the options contradict each other or a file is not readable.
 * conf must outlive the gateway. */
struct gateway *gateway_new(const struct conf *conf, char error[CONF_ERROR_MAX]);
/* Opens the state store, which starts a thread: once signals are blocked. -1 with one sentence. */
int gateway_open(struct gateway *gw, char error[CONF_ERROR_MAX]);
void gateway_free(struct gateway *gw);

/* struct loops_options.request: ctx is the gateway. */
void gateway_request(void *ctx, struct loop *loop, struct edge *edge);

#endif
