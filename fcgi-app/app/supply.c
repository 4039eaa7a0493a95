/*
 * What a translation refers to outside of its request: signatures and responses from the state
 * store, media from the network. When all of it is there, the translation runs again.
 */
#include "config.h"

#include "request.h"
#include "steps.h"
#include "supply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/state.h"
#include "base/xalloc.h"
#include "media.h"

struct supply {
	struct request *request; /* NULL: it is gone, only the lookup is still under way */
	struct state *state;
	struct state_query *queries;
	struct buf *keys;  /* of the queries */
	struct ref **refs; /* what they are for */
	size_t count;
	struct media *media; /* NULL: none is fetched */
	bool asking;
};

static void
supply_free(struct supply *s)
{
	for (size_t i = 0; i < s->count; i++) {
		buf_release(&s->keys[i]);
		buf_release(&s->queries[i].value);
	}
	free(s->keys);
	free(s->queries);
	free(s->refs);
	free(s);
}

static void
settle(struct refs *refs, struct ref *ref, enum state_answer answer, struct buf *value)
{
	if (answer == STATE_FOUND) {
		refs_found(refs, ref, value);
		return;
	}
	/* Nobody knows: not the same as knowing that there is none. */
	if (answer == STATE_UNKNOWN)
		apierror_set(&ref->err, APIERROR_STATE_AWAY, ref->at, "%s", "");
	refs_absent(refs, ref);
}

/* What memory knows is settled at once; the rest becomes queries. */
static void
look_up(struct request *r, struct supply *s)
{
	s->keys = xcalloc(r->asked.refs.count, sizeof(*s->keys));
	s->queries = xcalloc(r->asked.refs.count, sizeof(*s->queries));
	s->refs = xcalloc(r->asked.refs.count, sizeof(*s->refs));
	for (size_t i = 0; i < r->asked.refs.count; i++) {
		struct ref *ref = r->asked.refs.list[i];
		struct buf *key = &s->keys[s->count], value;
		enum state_answer answer;

		if (ref->state != REF_WANTED || ref->kind == REF_MEDIA)
			continue;
		supply_key(r, ref_key(ref), key);
		answer = state_get(s->state, supply_space(ref->kind), buf_slice(key), &value);
		if (answer != STATE_UNKNOWN) {
			settle(&r->asked.refs, ref, answer, &value);
			buf_release(key);
			continue;
		}
		s->queries[s->count] =
		    (struct state_query){ .space = supply_space(ref->kind), .key = buf_slice(key) };
		s->refs[s->count++] = ref;
	}
}

static void
ask(void *ctx)
{
	struct supply *s = ctx;

	state_ask(s->state, s->queries, s->count);
}

/* The first that is not there yet, or NULL. */
static const struct ref *
wanted_media(const struct refs *refs)
{
	for (size_t i = 0; i < refs->count; i++)
		if (refs->list[i]->state == REF_WANTED && refs->list[i]->kind == REF_MEDIA)
			return refs->list[i];
	return NULL;
}

/* Back to the translator when nothing is under way any more. */
static void
go_on(struct request *r)
{
	if (r->asked.refs.wanted > 0 || r->step != STEP_SUPPLY)
		return;
	supply_free(TAKE(r->work));
	request_move(r, STEP_PREPARE);
}

static void
asked(void *ctx)
{
	struct supply *s = ctx;
	struct request *r = s->request;

	s->asking = false;
	if (r == NULL) {
		supply_free(s);
		return;
	}
	for (size_t i = 0; i < s->count; i++)
		settle(&r->asked.refs, s->refs[i], s->queries[i].answer, &s->queries[i].value);
	go_on(r);
	if (r->step != STEP_SUPPLY)
		request_run(r);
}

static void
fetched(void *ctx, const struct apierror *err)
{
	struct supply *s = ctx;
	struct request *r = s->request;

	s->media = NULL;
	if (err != NULL) {
		r->err = *err;
		request_move(r, STEP_FAIL);
	} else {
		go_on(r);
	}
	if (r->step != STEP_SUPPLY)
		request_run(r);
}

/* -1 with r->err. */
static int
fetch_media(struct request *r, struct supply *s)
{
	const struct conf *conf = r->gw->conf;
	struct media_limits limits = {
		.each_max = conf->media_max,
		.total_max = conf->max_body,
		.timeout_ms = conf->media_timeout,
		.allow = r->gw->media_allow,
	};
	struct media_order order = { r->loop, &limits, &r->asked.refs, fetched, s };
	const struct ref *first = wanted_media(&r->asked.refs);

	if (first == NULL)
		return 0;
	if (conf->media_urls == MEDIA_URLS_OFF)
		return apierror_set(&r->err, APIERROR_UNSUPPORTED, first->at,
		    "This gateway is set not to fetch URLs: send media as data: URLs.");
	return media_fetch(&order, &s->media, &r->err);
}

static void
supply_cancel(void *work)
{
	struct supply *s = work;

	media_cancel(TAKE(s->media));
	s->request = NULL;
	if (!s->asking)
		supply_free(s);
}

enum step_next
step_supply(struct request *r)
{
	struct supply *s = xcalloc(1, sizeof(*s));

	request_work_set(r, s, supply_cancel);
	s->request = r;
	s->state = r->gw->state;
	look_up(r, s);
	if (fetch_media(r, s) != 0) {
		request_move(r, STEP_FAIL);
		return STEP_GO;
	}
	if (s->count > 0) {
		s->asking = true;
		loop_work(r->loop, ask, asked, s);
	}
	go_on(r);
	return r->step == STEP_PREPARE ? STEP_GO : STEP_PARK;
}
