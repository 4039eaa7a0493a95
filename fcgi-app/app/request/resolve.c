/*
 * The step that gets what a translation refers to outside of its request: signatures and responses
 * from the state store, media from the network. Then the translation runs again.
 */
#include "config.h"

#include "app/request/request.h"
#include "app/request/steps.h"
#include "app/request/resolve.h"

#include <stdlib.h>

#include "app/state/state.h"
#include "base/xalloc.h"
#include "media.h"
#include "state_lookup.h"

struct supply {
	struct request *request;
	struct state_lookup *lookup; /* under way, or NULL */
	struct media *media;         /* likewise */
};

/* The first file that is still to be fetched, or NULL. */
static const struct ref *
resolve_wanted_media(const struct ext_refs *refs)
{
	for (size_t i = 0; i < refs->count; i++)
		if (refs->list[i]->state == REF_WANTED && refs->list[i]->kind == REF_MEDIA)
			return refs->list[i];
	return NULL;
}

/* Moves back to prepare when everything has arrived. */
static void
resolve_go_on(struct request *r)
{
	if (r->asked.refs.wanted > 0 || r->step != STEP_RESOLVE)
		return;
	free(TAKE(r->work));
	request_move(r, STEP_PREPARE);
}

static void
resolve_answer(void *ctx, void *item, enum state_answer answer, struct buf *value)
{
	struct supply *s = ctx;
	struct ext_refs *refs = &s->request->asked.refs;
	struct ref *ref = item;

	if (answer == STATE_FOUND) {
		ext_refs_found(refs, ref, value);
		return;
	}
	/* Not the same as knowing that there is none. */
	if (answer == STATE_UNKNOWN)
		apierror_set(&ref->err, APIERROR_STATE_AWAY, ref->at, "%s", "");
	ext_refs_absent(refs, ref);
}

static void
resolve_looked_up(void *ctx)
{
	struct supply *s = ctx;
	struct request *r = s->request;

	s->lookup = NULL;
	resolve_go_on(r);
	if (r->step != STEP_RESOLVE)
		request_run(r);
}

static void
resolve_look_up(struct request *r)
{
	struct supply *s = r->work;
	struct ext_refs *refs = &r->asked.refs;
	struct state_lookup_order order = {
		.state = r->gw->state,
		.loop = r->loop,
		.max = refs->count,
		.answer = resolve_answer,
		.done = resolve_looked_up,
		.ctx = s,
	};
	struct state_lookup *lookup = state_lookup_new(&order);
	struct buf key;

	for (size_t i = 0; i < refs->count; i++) {
		struct ref *ref = refs->list[i];

		if (ref->state != REF_WANTED || ref->kind == REF_MEDIA)
			continue;
		resolve_key(r, ref_key(ref), &key);
		state_lookup_add(lookup, resolve_space(ref->kind), &key, ref);
	}
	if (state_lookup_start(lookup))
		s->lookup = lookup;
}

static void
resolve_fetched(void *ctx, const struct apierror *err)
{
	struct supply *s = ctx;
	struct request *r = s->request;

	s->media = NULL;
	if (err != NULL) {
		r->err = *err;
		request_move(r, STEP_FAIL);
	} else {
		resolve_go_on(r);
	}
	if (r->step != STEP_RESOLVE)
		request_run(r);
}

/* -1 with r->err. */
static int
resolve_fetch_media(struct request *r, struct supply *s)
{
	const struct conf *conf = r->gw->conf;
	struct media_limits limits = {
		.each_max = conf->media_max,
		.total_max = conf->max_body,
		.timeout_ms = conf->media_timeout,
		.allow = r->gw->media_allow,
	};
	struct media_order order = { r->loop, &limits, &r->asked.refs, resolve_fetched, s };
	const struct ref *first = resolve_wanted_media(&r->asked.refs);

	if (first == NULL)
		return 0;
	if (conf->media_urls == MEDIA_URLS_OFF)
		return apierror_set(&r->err, APIERROR_UNSUPPORTED, first->at,
		    "This gateway is configured not to fetch URLs; send media as data: URLs.");
	return media_fetch(&order, &s->media, &r->err);
}

static void
resolve_cancel(void *work)
{
	struct supply *s = work;

	media_cancel(TAKE(s->media));
	state_lookup_cancel(s->lookup);
	free(s);
}

enum step_next
step_resolve(struct request *r)
{
	struct supply *s = xcalloc(1, sizeof(*s));

	request_work_set(r, s, resolve_cancel);
	s->request = r;
	resolve_look_up(r);
	if (resolve_fetch_media(r, s) != 0) {
		request_move(r, STEP_FAIL);
		return STEP_GO;
	}
	resolve_go_on(r);
	return r->step == STEP_PREPARE ? STEP_GO : STEP_PARK;
}
