/*
 * Who asks is likely to have made its things in one project: each object is asked for there first.
 * Then the first that is not found goes through all projects, and where it is found the others are
 * asked for next.
 */
#include "config.h"

#include "search.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/xalloc.h"

/* One call. */
struct probe {
	struct search *search;
	struct probe *next;
	size_t item, project;
	size_t key;
	struct call *call;
	struct buf url, body;
	char *lines[2]; /* the credential */
	int status;
	uint64_t started_ms;
};

/* How far it is with one object. */
struct item {
	uint8_t *asked; /* a bitmap of projects */
	size_t cursor;  /* no project before it is left to be asked */
	size_t live;    /* calls */
	bool walks;     /* through all projects */
	bool missed;    /* some project could not answer */
};

struct search {
	struct search_order order;
	uint64_t *projects;
	size_t count;
	ptrdiff_t likely; /* index of a project, or -1 */
	struct item *items;
	size_t first; /* no item before it is open */
	struct probe *probes;
	size_t running, calls;
	struct timer *timer;
};

static void
probe_end(struct probe *p, bool ok)
{
	struct search *s = p->search;
	struct probe **at = &s->probes;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	s->running--;
	s->items[p->item].live--;
	call_cancel(p->call);
	keyring_report(s->order.request->keys.ring, p->key, ok);
	secret_free(p->lines[0]);
	buf_release(&p->url);
	buf_release(&p->body);
	free(p);
}

void
search_cancel(struct search *s)
{
	if (s == NULL)
		return;
	while (s->probes != NULL)
		probe_end(s->probes, true);
	timer_free(s->timer);
	for (size_t i = 0; i < s->order.count; i++)
		free(s->items[i].asked);
	free(s->items);
	free(s->projects);
	free(s);
}

/* ---- whom to ask next ---- */

static bool
is_asked(const struct item *item, size_t project)
{
	return (item->asked[project / 8] >> (project % 8) & 1) != 0;
}

static void
set_asked(struct item *item, size_t project, bool asked)
{
	uint8_t bit = (uint8_t)(1U << (project % 8));

	item->asked[project / 8] = asked ? (uint8_t)(item->asked[project / 8] | bit)
	                                 : (uint8_t)(item->asked[project / 8] & ~bit);
	if (!asked && item->cursor > project)
		item->cursor = project;
}

static bool
is_open(const struct search *s, size_t i)
{
	const struct item *item = &s->items[i];

	return s->order.list[i].key < 0 && (item->live > 0 || item->cursor < s->count);
}

static void
skip_asked(const struct search *s, struct item *item)
{
	while (item->cursor < s->count && is_asked(item, item->cursor))
		item->cursor++;
}

/* False when nobody is to be asked before an answer comes. */
static bool
next_pair(struct search *s, size_t *ret_item, size_t *ret_project)
{
	for (size_t i = s->first; i < s->order.count; i++) {
		struct item *item = &s->items[i];

		skip_asked(s, item);
		if (!is_open(s, i)) {
			s->first += i == s->first;
			continue;
		}
		*ret_item = i;
		if (s->likely >= 0 && !is_asked(item, (size_t)s->likely)) {
			*ret_project = (size_t)s->likely;
			return true;
		}
		item->walks |= i == s->first && item->live == 0;
		if (item->walks && item->cursor < s->count) {
			*ret_project = item->cursor;
			return true;
		}
	}
	return false;
}

/* ---- calls ---- */

static void search_fill(struct search *s);

static void
search_end(struct search *s)
{
	void (*done)(void *ctx) = s->order.done;
	void *ctx = s->order.ctx;

	for (size_t i = 0; i < s->order.count; i++) {
		struct sought *sought = &s->order.list[i];

		sought->nobody =
		    sought->key < 0 && !s->items[i].missed && s->items[i].cursor == s->count;
	}
	search_cancel(s);
	done(ctx);
}

static void
go_on(struct search *s)
{
	search_fill(s);
	if (s->running == 0)
		search_end(s);
}

/* It is theirs: nobody else is to be asked for it. */
static void
found(struct search *s, size_t item, size_t project, size_t key)
{
	struct probe *next;

	s->order.list[item].key = (ptrdiff_t)key;
	s->likely = (ptrdiff_t)project;
	for (struct probe *p = s->probes; p != NULL; p = next) {
		next = p->next;
		if (p->item == item)
			probe_end(p, true);
	}
}

/* Has Google said that there is no such object for this key? */
static bool
is_denial(const struct verdict *v)
{
	return v->key != VERDICT_KEY_DEAD && v->action == VERDICT_PASS &&
	       (v->error == APIERROR_FORBIDDEN || v->error == APIERROR_NOT_FOUND ||
		   v->error == APIERROR_MODEL_NOT_FOUND || v->error == APIERROR_BAD_REQUEST);
}

/* What an answer means, for the balancer and for the object. */
static void
answered(struct probe *p, enum netresult net)
{
	struct search *s = p->search;
	struct request *r = s->order.request;
	struct item *item = &s->items[p->item];
	size_t index = p->item, project = p->project, key = p->key;
	struct gstatus status = { 0 };
	struct outcome o = {
		.net = net,
		.http_status = p->status,
		.key_is_callers = r->keys.own_ring != NULL,
	};
	struct verdict v;
	struct keyring_outcome outcome = {
		.started = p->started_ms,
		.verdict = &v,
		.chance = request_random(r),
	};

	outcome_read(&o, buf_slice(&p->body), &status);
	outcome.status = o.status;
	outcome.hint_ms = status.retry_ms;
	v = verdict_of(&o);
	keyring_judge(r->keys.ring, p->key, &outcome);
	if (v.key == VERDICT_KEY_DEAD)
		set_asked(item, p->project, false);
	else if (v.error != APIERROR_NONE && !is_denial(&v))
		item->missed = true;
	probe_end(p, v.error == APIERROR_NONE || is_denial(&v));
	if (v.error == APIERROR_NONE)
		found(s, index, project, key);
	go_on(s);
}

/* The status is all that matters of an object. */
static void
probe_head(void *ctx, int status, const struct header_lines *lines)
{
	struct probe *p = ctx;

	(void)lines;
	p->status = status;
	if (status < 300)
		answered(p, NET_OK);
}

static void
probe_data(void *ctx, struct slice bytes)
{
	struct probe *p = ctx;

	buf_add_slice(&p->body, bytes);
}

static void
probe_over(void *ctx, enum netresult result)
{
	struct probe *p = ctx;

	p->call = NULL;
	answered(p, result);
}

static const struct call_events probe_events = { probe_head, probe_data, probe_over };

static void
probe_start(struct search *s, size_t item, size_t project, size_t key)
{
	struct request *r = s->order.request;
	const struct key_spec *spec = keyring_spec(r->keys.ring, key);
	struct probe *p = xcalloc(1, sizeof(*p));
	struct call_request call = {
		.method = "GET",
		.headers = p->lines,
		.body_fd = -1,
		.proxy = spec->proxy[0] != '\0' ? spec->proxy : NULL,
	};
	struct buf line;

	*p = (struct probe){ .search = s,
		.next = s->probes,
		.item = item,
		.project = project,
		.key = key,
		.started_ms = clock_mono_ms() };
	s->probes = p;
	s->running++;
	s->calls++;
	s->items[item].live++;
	buf_init(&p->body, ERROR_BODY_MAX);
	buf_init(&p->url, URL_MAX);
	buf_addf(&p->url, "%s/v1beta/%s", r->gw->base_url, s->order.list[item].name);
	buf_init(&line, KEY_BYTES_MAX + 32);
	buf_addf(&line, "x-goog-api-key: %s", spec->secret);
	p->lines[0] = buf_take(&line);
	call.url = p->url.data;
	access_count_call(r);
	p->call = call_start(loop_upstream(r->loop), &call, &probe_events, p);
}

static void
search_fill(struct search *s)
{
	struct request *r = s->order.request;
	size_t item, project;

	while (s->running < LOCATE_PARALLEL && s->calls < LOCATE_CALLS_MAX &&
	       next_pair(s, &item, &project)) {
		struct keyring_ask ask = {
			.only = -1,
			.home = s->projects[project],
			.chance = request_random(r),
		};
		struct keyring_lack lack;
		ptrdiff_t key = keyring_pick(r->keys.ring, &ask, &lack);

		set_asked(&s->items[item], project, true);
		if (key >= 0) {
			probe_start(s, item, project, (size_t)key);
			continue;
		}
		/* What belongs to keys that are refused nobody can use. */
		if (lack.why != KEY_LACK_BARRED || lack.bar.scope != HEALTH_KEY)
			s->items[item].missed = true;
	}
}

static void
late(void *ctx)
{
	struct search *s = ctx;

	for (size_t i = 0; i < s->order.count; i++)
		s->items[i].missed = true;
	search_end(s);
}

struct search *
search_start(const struct search_order *order)
{
	struct search *s = xcalloc(1, sizeof(*s));
	bool cut;

	s->order = *order;
	s->projects = keyring_projects(order->request->keys.ring, &s->count);
	s->likely = -1;
	for (size_t i = 0; i < s->count && s->likely < 0; i++)
		if (s->projects[i] == order->likely)
			s->likely = (ptrdiff_t)(i < LOCATE_PROJECTS_MAX ? i : 0);
	if (s->likely >= 0)
		s->projects[s->likely] = order->likely;
	cut = s->count > LOCATE_PROJECTS_MAX;
	if (cut)
		s->count = LOCATE_PROJECTS_MAX;
	s->items = xcalloc(order->count, sizeof(*s->items));
	for (size_t i = 0; i < order->count; i++) {
		s->items[i].asked = xcalloc(1, s->count / 8 + 1);
		s->items[i].missed = cut;
	}
	search_fill(s);
	if (s->running == 0) {
		search_cancel(s);
		return NULL;
	}
	s->timer = timer_new(order->request->loop, late, s);
	timer_start(s->timer, LOCATE_MS);
	return s;
}
