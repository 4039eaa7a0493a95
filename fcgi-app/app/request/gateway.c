/* From options to what requests need. */
#include "config.h"

#include "app/request/gateway.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/xalloc.h"
#include "app/keys/keyring.h"
#include "core/keys/health.h"
#include "app/keys/balancer.h"
#include "app/keys/spending.h"
#include "app/keys/catalog.h"
#include "app/request/memory.h"
#include "app/keys/caller_keys.h"
#include "app/state/state.h"

/* The options have been checked. */
static void
read_addresses(struct gateway *gw)
{
	struct slice url = slice_str(gw->conf->base_url);

	while (slice_ends(url, SLICE("/")))
		url.len--;
	gw->base_url = xstrndup(url.ptr, url.len);
	gw->media_allow = xcalloc(1, sizeof(*gw->media_allow));
	address_list_read(gw->media_allow, slice_str(gw->conf->media_allow), NULL);
	gw->trusted_proxies = xcalloc(1, sizeof(*gw->trusted_proxies));
	address_list_read(gw->trusted_proxies, slice_str(gw->conf->trusted_proxies), NULL);
}

/* What is known of the keys outlives every snapshot. */
static void
gateway_attach(struct gateway *gw, struct snapshot *snapshot)
{
	if (snapshot->ring != NULL)
		keyring_attach(
		    snapshot->ring, gw->balancer, HEALTH_POOL, (unsigned)gw->conf->key_parallel);
}

struct gateway *
gateway_new(const struct conf *conf, char error[CONF_ERROR_MAX])
{
	struct gateway *gw = xcalloc(1, sizeof(*gw));

	pthread_mutex_init(&gw->lock, NULL);
	gw->conf = conf;
	gw->started_ms = clock_mono_ms();
	random_bytes(gw->owner_key, sizeof(gw->owner_key));
	gw->balancer = balancer_new();
	gw->spending = spending_new();
	gw->catalog = catalog_new();
	gw->memory = memory_new(conf->memory_max);
	gw->caller_keys = caller_keys_new(gw->balancer, (unsigned)conf->key_parallel);
	gw->snapshot = snapshot_new(conf, NULL, error);
	if (gw->snapshot == NULL) {
		gateway_free(gw);
		return NULL;
	}
	gateway_attach(gw, gw->snapshot);
	read_addresses(gw);
	return gw;
}

int
gateway_reload(struct gateway *gw, const struct conf *conf, char error[CONF_ERROR_MAX])
{
	struct snapshot *snapshot = snapshot_new(conf, gw->snapshot, error), *old;

	if (snapshot == NULL)
		return -1;
	old = gw->snapshot;
	gateway_attach(gw, snapshot);
	if (old->ring != NULL && snapshot->ring != NULL)
		keyring_take_over(snapshot->ring, old->ring);
	pthread_mutex_lock(&gw->lock);
	gw->snapshot = snapshot;
	pthread_mutex_unlock(&gw->lock);
	snapshot_drop(old);
	return 0;
}

struct snapshot *
gateway_snapshot(struct gateway *gw)
{
	struct snapshot *snapshot;

	pthread_mutex_lock(&gw->lock);
	snapshot = snapshot_share(gw->snapshot);
	pthread_mutex_unlock(&gw->lock);
	return snapshot;
}

int
gateway_open(struct gateway *gw, char error[CONF_ERROR_MAX])
{
	char reason[CONF_ERROR_MAX];

	gw->state = state_new(gw->conf->state, reason);
	if (gw->state == NULL) {
		snprintf(error, CONF_ERROR_MAX, "STATE: %.500s", reason);
		return -1;
	}
	balancer_share(gw->balancer, gw->state);
	spending_share(gw->spending, gw->state);
	catalog_share(gw->catalog, gw->state);
	return 0;
}

void
gateway_free(struct gateway *gw)
{
	if (gw == NULL)
		return;
	/* Its thread tells the others what other processes have learned. */
	state_free(gw->state);
	snapshot_drop(gw->snapshot);
	caller_keys_free(gw->caller_keys);
	balancer_free(gw->balancer);
	spending_free(gw->spending);
	catalog_free(gw->catalog);
	memory_free(gw->memory);
	free(gw->media_allow);
	free(gw->trusted_proxies);
	free(gw->base_url);
	pthread_mutex_destroy(&gw->lock);
	free(gw);
}
