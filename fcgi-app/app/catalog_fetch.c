/*
 * The step that gets Google's list of models, because a model is gone that the list may have a
 * successor of: with any key that is ready, by one request of all. Others wait for it.
 */
#include "config.h"

#include "request.h"
#include "access.h"
#include "lessons.h"
#include "steps.h"
#include "timer.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "core/model_list.h"
#include "core/query.h"

#define FETCH_TRIES 3 /* keys */

struct catalog_fetch {
	struct request *request;
	struct call *call;
	ptrdiff_t key; /* of the call */
	uint64_t started_ms;
	int status;
	unsigned pages, tries;
	struct buf url, body, names, next_page;
	char *lines[2]; /* the credential */
};

static void
fetch_end_call(struct catalog_fetch *f, bool ok)
{
	call_cancel(TAKE(f->call));
	if (f->key >= 0)
		keyring_report(f->request->keys.ring, (size_t)f->key, ok);
	f->key = -1;
	secret_free(TAKE(f->lines[0]));
}

static void
fetch_free(struct catalog_fetch *f, bool good)
{
	fetch_end_call(f, true);
	catalog_fetched(f->request->gw->catalog, good);
	buf_release(&f->url);
	buf_release(&f->body);
	buf_release(&f->names);
	buf_release(&f->next_page);
	free(f);
}

static void
fetch_cancel(void *work)
{
	fetch_free(work, false);
}

/* ---- one call ---- */

static void fetch_ended(struct catalog_fetch *f, enum netresult net);

static void
fetch_head(void *ctx, int status, const struct header_lines *lines)
{
	struct catalog_fetch *f = ctx;

	(void)lines;
	f->status = status;
}

static void
fetch_data(void *ctx, struct slice bytes)
{
	struct catalog_fetch *f = ctx;

	buf_add_slice(&f->body, bytes);
}

static void
fetch_over(void *ctx, enum netresult result)
{
	struct catalog_fetch *f = ctx;

	f->call = NULL;
	fetch_ended(f, result);
}

static const struct call_events fetch_events = { fetch_head, fetch_data, fetch_over };

/* False when there is no key for it. */
static bool
fetch_call(struct catalog_fetch *f)
{
	struct request *r = f->request;
	struct keyring_ask ask = { .only = -1, .chance = request_random(r) };
	struct keyring_lack lack;
	struct call_request call = { .method = "GET", .headers = f->lines, .body_fd = -1 };
	const struct key_spec *spec;
	struct buf line;

	f->key = f->tries++ < FETCH_TRIES ? keyring_pick(r->keys.ring, &ask, &lack) : -1;
	if (f->key < 0)
		return false;
	spec = keyring_spec(r->keys.ring, (size_t)f->key);
	buf_reset(&f->body);
	buf_reset(&f->url);
	buf_addf(&f->url, "%s/v1beta/models?pageSize=1000", r->gw->base_url);
	if (f->next_page.len > 0) {
		buf_adds(&f->url, "&pageToken=");
		percent_encode(buf_slice(&f->next_page), &f->url);
	}
	buf_init(&line, KEY_BYTES_MAX + 32);
	buf_addf(&line, "x-goog-api-key: %s", spec->secret);
	f->lines[0] = buf_take(&line);
	f->status = 0;
	f->started_ms = clock_mono_ms();
	call.url = f->url.data;
	call.proxy = spec->proxy[0] != '\0' ? spec->proxy : NULL;
	access_count_call(r);
	f->call = call_start(loop_upstream(r->loop), &call, &fetch_events, f);
	return true;
}

/* What the call has shown of its key. True when it went well. */
static bool
fetch_judge(struct catalog_fetch *f, enum netresult net)
{
	struct request *r = f->request;
	struct gstatus status = { 0 };
	struct outcome o = {
		.net = net, .http_status = f->status, .key_is_callers = r->keys.own_ring != NULL
	};
	struct verdict v;
	struct keyring_outcome outcome = {
		.started = f->started_ms, .verdict = &v, .chance = request_random(r)
	};

	outcome_read(&o, buf_slice(&f->body), &status);
	outcome.status = o.status;
	outcome.hint_ms = status.retry_ms;
	v = verdict_of(&o);
	keyring_judge(r->keys.ring, (size_t)f->key, &outcome);
	return v.error == APIERROR_NONE;
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
	fetch_free(f, good);
	request_run(r);
}

static void
fetch_ended(struct catalog_fetch *f, enum netresult net)
{
	bool good = fetch_judge(f, net), more;

	fetch_end_call(f, good);
	if (good && model_names_add(&f->names, buf_slice(&f->body), &f->next_page) != 0) {
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
	f->key = -1;
	buf_init(&f->url, URL_MAX);
	buf_init(&f->body, MODEL_LIST_MAX);
	buf_init(&f->names, CATALOG_NAMES_MAX);
	buf_init(&f->next_page, URL_MAX / 4);
	request_work_set(r, f, fetch_cancel);
	if (fetch_call(f))
		return true;
	request_work_cancel(r);
	return false;
}

/* ---- the step ---- */

/* With another model if there is one; else the model is asked for again only when nobody has said
 * yet why it cannot be had. */
static enum step_next
go_on(struct request *r)
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

/* Entered when the list is wanted, and again when it is there or time passes. */
enum step_next
step_catalog(struct request *r)
{
	uint64_t now = clock_mono_ms();

	r->learnt.wants_list = false;
	if (r->learnt.catalog_due_ms == 0)
		r->learnt.catalog_due_ms = now + CATALOG_WAIT_MS;
	if (now >= r->learnt.catalog_due_ms || r->learnt.list_failed)
		return go_on(r);
	if (r->work != NULL) {
		request_timer_wait(r, r->learnt.catalog_due_ms);
		return STEP_PARK;
	}
	switch (catalog_turn(r->gw->catalog)) {
	case CATALOG_KNOWN:
	case CATALOG_AWAY:
		return go_on(r);
	case CATALOG_YOURS:
		if (!fetch_start(r))
			return go_on(r);
		request_timer_wait(r, r->learnt.catalog_due_ms);
		return STEP_PARK;
	case CATALOG_OTHERS:
		request_timer_wait(r, now + CATALOG_POLL_MS);
		return STEP_PARK;
	}
	return STEP_PARK;
}
