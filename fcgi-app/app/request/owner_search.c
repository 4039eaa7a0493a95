/*
 * A caller is likely to have created its objects in one project, so each object is asked for there
 * first. The first object that is not found then goes through all projects, and the project where
 * it is found is asked for the others next.
 */
#include "config.h"

#include "owner_search.h"
#include "app/request/key_call.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "net/loop.h"

#define OWNER_PROJECTS_MAX 1024 /* projects that are asked for the objects of one request */
#define OWNER_CALLS_MAX    2048 /* calls of one request for that */
#define OWNER_PARALLEL     8    /* of them at once */

/* One call. */
struct probe {
	struct search *search;
	struct probe *next;
	size_t item, project, key;
	struct key_call *call;
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
	key_call_free(p->call, ok);
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

/* ---- the next call ---- */

static bool
search_is_asked(const struct item *item, size_t project)
{
	return (item->asked[project / 8] >> (project % 8) & 1) != 0;
}

static void
search_set_asked(struct item *item, size_t project, bool asked)
{
	uint8_t bit = (uint8_t)(1U << (project % 8));

	item->asked[project / 8] = asked ? (uint8_t)(item->asked[project / 8] | bit)
	                                 : (uint8_t)(item->asked[project / 8] & ~bit);
	if (!asked && item->cursor > project)
		item->cursor = project;
}

static bool
search_is_open(const struct search *s, size_t i)
{
	const struct item *item = &s->items[i];

	return s->order.list[i].key < 0 && (item->live > 0 || item->cursor < s->count);
}

static void
search_skip_asked(const struct search *s, struct item *item)
{
	while (item->cursor < s->count && search_is_asked(item, item->cursor))
		item->cursor++;
}

/* False when nobody is to be asked before an answer comes. */
static bool
search_next_pair(struct search *s, size_t *ret_item, size_t *ret_project)
{
	for (size_t i = s->first; i < s->order.count; i++) {
		struct item *item = &s->items[i];

		search_skip_asked(s, item);
		if (!search_is_open(s, i)) {
			s->first += i == s->first;
			continue;
		}
		*ret_item = i;
		if (s->likely >= 0 && !search_is_asked(item, (size_t)s->likely)) {
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
search_go_on(struct search *s)
{
	search_fill(s);
	if (s->running == 0)
		search_end(s);
}

/* The project owns the object: the other calls for it end. */
static void
search_found(struct search *s, size_t item, size_t project, size_t key)
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
search_is_denial(const struct verdict *v)
{
	return v->key != VERDICT_KEY_DEAD && v->action == VERDICT_PASS &&
	       (v->error == APIERROR_FORBIDDEN || v->error == APIERROR_NOT_FOUND ||
		   v->error == APIERROR_MODEL_NOT_FOUND || v->error == APIERROR_BAD_REQUEST);
}

/* For the balancer and for the object. The status is all that matters of an object. */
static void
probe_done(void *ctx, const struct key_result *result)
{
	struct probe *p = ctx;
	struct search *s = p->search;
	struct item *item = &s->items[p->item];
	const struct verdict v = result->verdict;
	size_t index = p->item, project = p->project, key = p->key;

	key_call_teach(s->order.request, key, result, &v);
	if (v.key == VERDICT_KEY_DEAD)
		search_set_asked(item, project, false);
	else if (v.error != APIERROR_NONE && !search_is_denial(&v))
		item->missed = true;
	probe_end(p, v.error == APIERROR_NONE || search_is_denial(&v));
	if (v.error == APIERROR_NONE)
		search_found(s, index, project, key);
	search_go_on(s);
}

static void
probe_start(struct search *s, size_t item, size_t project, size_t key)
{
	struct request *r = s->order.request;
	struct probe *p = xcalloc(1, sizeof(*p));
	struct key_call_order order = {
		.request = r,
		.key = key,
		.picked = true,
		.is_callers = r->keys.caller_ring != NULL,
		.call = { .method = "GET", .body_fd = -1 },
		.body_max = ERROR_BODY_MAX,
		.head_is_enough = true,
		.done = probe_done,
		.ctx = p,
	};
	struct buf url;

	*p = (struct probe){ s, s->probes, item, project, key, NULL };
	s->probes = p;
	s->running++;
	s->calls++;
	s->items[item].live++;
	buf_init(&url, URL_MAX);
	buf_addf(&url, "%s/v1beta/%s", r->gw->base_url, s->order.list[item].name);
	order.call.url = url.data;
	p->call = key_call_start(&order);
	buf_release(&url);
}

static void
search_fill(struct search *s)
{
	struct request *r = s->order.request;
	size_t item, project;

	while (s->running < OWNER_PARALLEL && s->calls < OWNER_CALLS_MAX &&
	       search_next_pair(s, &item, &project)) {
		struct keyring_ask ask = {
			.only = -1,
			.home = s->projects[project],
			.chance = request_random(r),
		};
		struct keyring_lack lack;
		ptrdiff_t key = keyring_pick(r->keys.ring, &ask, &lack);

		search_set_asked(&s->items[item], project, true);
		if (key >= 0) {
			probe_start(s, item, project, (size_t)key);
			continue;
		}
		/* Nobody can use the objects of a project whose keys are all refused. */
		if (lack.why != KEY_LACK_BARRED || lack.bar.scope != HEALTH_KEY)
			s->items[item].missed = true;
	}
}

static void
search_late(void *ctx)
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
			s->likely = (ptrdiff_t)(i < OWNER_PROJECTS_MAX ? i : 0);
	if (s->likely >= 0)
		s->projects[s->likely] = order->likely;
	cut = s->count > OWNER_PROJECTS_MAX;
	if (cut)
		s->count = OWNER_PROJECTS_MAX;
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
	s->timer = timer_new(order->request->loop, search_late, s);
	timer_start(s->timer, OWNER_MS);
	return s;
}
