/*
 * The step that gets Google's list of models when a model is gone and the list may name its
 * successor. One request fetches it with any key that is ready; the others wait for it.
 */
#include "config.h"

#include "app/request/request.h"
#include "app/request/key_call.h"
#include "app/request/lessons.h"
#include "app/request/steps.h"
#include "timer.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "core/openai/models/model_list.h"
#include "core/http/query.h"
#include "app/keys/catalog.h"

#define FETCH_TRIES 3 /* keys */

struct catalog_fetch {
	struct request *request;
	struct key_call *call; /* NULL: none runs */
	size_t key;            /* of the call */
	unsigned pages, tries;
	struct buf names, next_page;
};

static void
catalog_fetch_free(struct catalog_fetch *f, bool good)
{
	key_call_free(f->call, true);
	catalog_fetched(f->request->gw->catalog, good);
	buf_release(&f->names);
	buf_release(&f->next_page);
	free(f);
}

static void
fetch_cancel(void *work)
{
	catalog_fetch_free(work, false);
}

/* ---- one call ---- */

static void fetch_called(void *ctx, const struct key_result *result);

/* False when there is no key for it. */
static bool
fetch_call(struct catalog_fetch *f)
{
	struct request *r = f->request;
	struct keyring_ask ask = { .only = -1, .chance = request_random(r) };
	struct keyring_lack lack;
	struct key_call_order order = {
		.request = r,
		.picked = true,
		.is_callers = r->keys.caller_ring != NULL,
		.call = { .method = "GET", .body_fd = -1 },
		.body_max = MODEL_LIST_MAX,
		.done = fetch_called,
		.ctx = f,
	};
	ptrdiff_t key = f->tries++ < FETCH_TRIES ? keyring_pick(r->keys.ring, &ask, &lack) : -1;
	struct buf url;

	if (key < 0)
		return false;
	order.key = f->key = (size_t)key;
	buf_init(&url, URL_MAX);
	buf_addf(&url, "%s/v1beta/models?pageSize=1000", r->gw->base_url);
	if (f->next_page.len > 0) {
		buf_adds(&url, "&pageToken=");
		percent_encode(buf_slice(&f->next_page), &url);
	}
	order.call.url = url.data;
	f->call = key_call_start(&order);
	buf_release(&url);
	return true;
}

/* ---- the list ---- */

/* The request goes on with what is known now. */
static void
fetch_done(struct catalog_fetch *f, bool good)
{
	struct request *r = f->request;

	if (good)
		catalog_list(r->gw->catalog, buf_slice(&f->names));
	r->learnt.list_failed = !good;
	r->work = NULL;
	catalog_fetch_free(f, good);
	request_run(r);
}

static void
fetch_called(void *ctx, const struct key_result *result)
{
	struct catalog_fetch *f = ctx;
	bool good = result->verdict.error == APIERROR_NONE, more;
	int rc = 0;

	key_call_teach(f->request, f->key, result, &result->verdict);
	if (good)
		rc = model_names_add(&f->names, result->body, &f->next_page);
	key_call_free(TAKE(f->call), good);
	if (rc != 0) {
		fetch_done(f, false);
		return;
	}
	more = f->next_page.len > 0 && f->pages < PAGES_MAX;
	if (good && !more) {
		fetch_done(f, true);
		return;
	}
	if (good) {
		f->pages++;
		f->tries = 0;
	}
	if (!fetch_call(f))
		fetch_done(f, false);
}

static bool
fetch_start(struct request *r)
{
	struct catalog_fetch *f = xcalloc(1, sizeof(*f));

	f->request = r;
	buf_init(&f->names, CATALOG_NAMES_MAX);
	buf_init(&f->next_page, URL_MAX / 4);
	request_work_set(r, f, fetch_cancel);
	if (fetch_call(f))
		return true;
	request_work_cancel(r);
	return false;
}

/* ---- the step ---- */

/* Goes on with another model if there is one. Else the request fails with the error that it has;
 * without one it is sent for the same model again. */
static enum step_next
catalog_go_on(struct request *r)
{
	request_work_cancel(r);
	r->learnt.catalog_due_ms = 0;
	if (lessons_successor(r)) {
		r->err = (struct apierror){ 0 };
		request_move(r, STEP_PREPARE);
		return STEP_GO;
	}
	r->learnt.list_failed = true;
	lessons_hint(r);
	request_move(r, r->err.kind != APIERROR_NONE ? STEP_FAIL : STEP_PREPARE);
	return STEP_GO;
}

/* Runs when the list is wanted, and again when it has arrived or the timer fires. */
enum step_next
step_catalog(struct request *r)
{
	uint64_t now = clock_mono_ms();

	r->learnt.wants_list = false;
	if (r->learnt.catalog_due_ms == 0)
		r->learnt.catalog_due_ms = now + CATALOG_WAIT_MS;
	if (now >= r->learnt.catalog_due_ms || r->learnt.list_failed)
		return catalog_go_on(r);
	if (r->work != NULL) {
		request_timer_wait(r, r->learnt.catalog_due_ms);
		return STEP_PARK;
	}
	switch (catalog_turn(r->gw->catalog)) {
	case CATALOG_KNOWN:
	case CATALOG_AWAY:
		return catalog_go_on(r);
	case CATALOG_YOURS:
		if (!fetch_start(r))
			return catalog_go_on(r);
		request_timer_wait(r, r->learnt.catalog_due_ms);
		return STEP_PARK;
	case CATALOG_OTHERS:
		request_timer_wait(r, now + CATALOG_POLL_MS);
		return STEP_PARK;
	}
	return STEP_PARK;
}
