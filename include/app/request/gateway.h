/* What all requests share: immutable after gateway_new, apart from the snapshot, which is replaced.
 */
#ifndef APP_REQUEST_GATEWAY_H
#define APP_REQUEST_GATEWAY_H

#include <pthread.h>

#include "app/conf/conf.h"
#include "app/keys/snapshot.h"
#include "base/siphash.h"
#include "net/fetch/address.h"

struct gateway {
	const struct conf *conf;
	pthread_mutex_t lock;            /* of the pointer */
	struct snapshot *snapshot;       /* of requests that begin now */
	struct balancer *balancer;       /* health of all keys, and who waits for one */
	struct spending *spending;       /* of access tokens */
	struct catalog *catalog;         /* what is known about models */
	struct caller_keys *caller_keys; /* the keys that callers bring */
	struct state *state;
	struct memory *memory;                /* that the bodies of all requests take */
	struct address_list *media_allow;     /* private addresses that media may come from */
	struct address_list *trusted_proxies; /* whose word about the client's address counts */
	uint8_t owner_key[SIPHASH_KEY_BYTES]; /* for the numbers of serve_owners */
	char *base_url;                       /* of the Gemini API, without a slash at the end */
	uint64_t started_ms;                  /* monotonic */
};

/* NULL with one sentence in error when the options contradict each other or a file is not readable.
 * conf must outlive the gateway. */
struct gateway *gateway_new(const struct conf *conf, char error[CONF_ERROR_MAX]);
/* Opens the state store, which starts a thread: once signals are blocked. -1 with one sentence. */
int gateway_open(struct gateway *gw, char error[CONF_ERROR_MAX]);
void gateway_free(struct gateway *gw);

/* Replaces the snapshot by one made from these options, which are not needed afterwards; requests
 * that run keep theirs. -1 with one sentence, and nothing is changed. From one thread. */
int gateway_reload(struct gateway *gw, const struct conf *conf, char error[CONF_ERROR_MAX]);
/* A reference to the snapshot of now. From any thread. */
struct snapshot *gateway_snapshot(struct gateway *gw);

#endif
