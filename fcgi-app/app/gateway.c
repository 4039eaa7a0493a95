/* From options to what requests need. */
#include "config.h"

#include "app/gateway.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/xalloc.h"

static int
refuse(char error[CONF_ERROR_MAX], const char *text)
{
	snprintf(error, CONF_ERROR_MAX, "%s", text);
	return -1;
}

static int
check_base_url(struct gateway *gw, char error[CONF_ERROR_MAX])
{
	struct slice url = slice_trim(slice_str(gw->conf->base_url));

	while (url.len > 0 && url.ptr[url.len - 1] == '/')
		url.len--;
	if (!slice_startsi(url, SLICE("https://")) && !slice_startsi(url, SLICE("http://")))
		return refuse(error, "GEMINI_BASE_URL: must begin with https:// (or http://)");
	if (memchr(url.ptr, '?', url.len) != NULL || memchr(url.ptr, '@', url.len) != NULL)
		return refuse(error, "GEMINI_BASE_URL: must hold neither a query nor a credential");
	gw->base_url = xstrndup(url.ptr, url.len);
	return 0;
}

static int
load_media_allow(struct gateway *gw, char error[CONF_ERROR_MAX])
{
	struct slice bad;

	gw->media_allow = xcalloc(1, sizeof(*gw->media_allow));
	if (address_list_read(gw->media_allow, slice_str(gw->conf->media_allow), &bad))
		return 0;
	snprintf(error, CONF_ERROR_MAX, "MEDIA_ALLOW: '%.*s' is no address and no prefix",
	    (int)bad.len, bad.ptr);
	return -1;
}

/* What is known of the keys outlives every roster. */
static void
attach(struct gateway *gw, struct roster *roster)
{
	if (roster->ring != NULL)
		keyring_attach(
		    roster->ring, gw->balancer, HEALTH_POOL, (unsigned)gw->conf->key_parallel);
}

struct gateway *
gateway_new(const struct conf *conf, char error[CONF_ERROR_MAX])
{
	struct gateway *gw = xcalloc(1, sizeof(*gw));

	pthread_mutex_init(&gw->lock, NULL);
	gw->conf = conf;
	gw->started_ms = clock_mono_ms();
	gw->balancer = balancer_new();
	gw->spending = spending_new();
	gw->own_rings = own_rings_new(gw->balancer, (unsigned)conf->key_parallel);
	gw->roster = roster_new(conf, NULL, error);
	if (gw->roster != NULL)
		attach(gw, gw->roster);
	if (gw->roster != NULL && check_base_url(gw, error) == 0 &&
	    load_media_allow(gw, error) == 0)
		return gw;
	gateway_free(gw);
	return NULL;
}

int
gateway_reload(struct gateway *gw, const struct conf *conf, char error[CONF_ERROR_MAX])
{
	struct roster *roster = roster_new(conf, gw->roster, error), *old;

	if (roster == NULL)
		return -1;
	old = gw->roster;
	attach(gw, roster);
	if (old->ring != NULL && roster->ring != NULL)
		keyring_take_over(roster->ring, old->ring);
	pthread_mutex_lock(&gw->lock);
	gw->roster = roster;
	pthread_mutex_unlock(&gw->lock);
	roster_drop(old);
	return 0;
}

struct roster *
gateway_roster(struct gateway *gw)
{
	struct roster *roster;

	pthread_mutex_lock(&gw->lock);
	roster = roster_share(gw->roster);
	pthread_mutex_unlock(&gw->lock);
	return roster;
}

int
gateway_open(struct gateway *gw, char error[CONF_ERROR_MAX])
{
	gw->state = state_new(gw->conf->state, error);
	if (gw->state == NULL)
		return -1;
	balancer_share(gw->balancer, gw->state);
	spending_share(gw->spending, gw->state);
	return 0;
}

void
gateway_free(struct gateway *gw)
{
	if (gw == NULL)
		return;
	/* Its thread tells the others what other processes have learned. */
	state_free(gw->state);
	roster_drop(gw->roster);
	own_rings_free(gw->own_rings);
	balancer_free(gw->balancer);
	spending_free(gw->spending);
	free(gw->media_allow);
	free(gw->base_url);
	pthread_mutex_destroy(&gw->lock);
	free(gw);
}
