/*
 * The step that finds the Google project of the stored objects that a request names: only keys of
 * that project can use them. The state store remembers the key that created an object; for others
 * Google is asked. New objects of a caller go to one project where possible, so that a request may
 * name several of them.
 */
#include "config.h"

#include "app/request/request.h"
#include "app/request/access.h"
#include "app/request/owner.h"
#include "app/request/steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/state/state.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "core/gemini/stored_objects.h"
#include "net/http/coding.h"
#include "owner_search.h"
#include "state_lookup.h"
#include "net/loop.h"

#define NOBODY "-" /* begins the value of an object that nobody has; the time follows */

struct locate {
	struct request *request; /* NULL: it is gone, only the lookup is under way */
	struct object_path path;
	struct stored_objects objects;
	struct stored_objects_scan scan;
	int body;               /* a copy of the spool file's descriptor, or -1 */
	struct codings codings; /* of a native body, which goes on as it came */
	struct body copy;       /* of that body, to be decoded */
	struct body_limits limits;
	struct sought *owners;       /* of each */
	struct state_lookup *lookup; /* under way, or NULL */
	struct search *search;
	struct sought *unknown; /* what is searched for */
	size_t *unknown_of;
	size_t unknown_count;
	bool working; /* a thread of the pool has it */
};

static void
owner_free(struct locate *l)
{
	free(l->owners);
	free(l->unknown);
	free(l->unknown_of);
	stored_objects_release(&l->objects);
	body_release(&l->copy);
	if (l->body >= 0)
		close(l->body);
	free(l);
}

static void
owner_cancel(void *work)
{
	struct locate *l = work;

	search_cancel(TAKE(l->search));
	state_lookup_cancel(TAKE(l->lookup));
	l->request = NULL;
	if (!l->working)
		owner_free(l);
}

/* ---- the decision ---- */

static void
owner_go_on(struct request *r)
{
	request_move(r, r->fan.count > 1 ? STEP_FAN : STEP_PICK);
}

static void
owner_fail_apart(struct request *r, const char *one, const char *other)
{
	apierror_set(&r->err, APIERROR_BAD_VALUE, NULL,
	    "'%s' and '%s' belong to different Google projects, and no single key can use both. "
	    "Create them again through this gateway, one after the other: it keeps the objects of "
	    "a "
	    "caller in one project where possible.",
	    one, other);
	access_set_class(r, "apart");
	request_move(r, STEP_FAIL);
}

static void
owner_decide(struct request *r)
{
	struct locate *l = r->work;
	const struct sought *home = NULL, *other = NULL;
	uint64_t project = 0;

	for (size_t i = 0; i < l->objects.count && other == NULL; i++) {
		const struct sought *owner = &l->owners[i];

		if (owner->key < 0)
			continue;
		if (home == NULL) {
			home = owner;
			project = keyring_project(r->keys.ring, (size_t)owner->key);
		} else if (keyring_project(r->keys.ring, (size_t)owner->key) != project) {
			other = owner;
		}
	}
	owner_go_on(r);
	if (other != NULL) {
		owner_fail_apart(r, home->name, other->name);
	} else if (home != NULL) {
		r->keys.home = home->key;
		r->keys.home_object = xstrdup(home->name);
		access_set_home(r, l->unknown_count > 0 ? "asked" : "state");
	} else {
		access_set_home(r, "none");
	}
	owner_free(TAKE(r->work));
}

/* ---- asking Google ---- */

static void
owner_learn(struct request *r)
{
	struct locate *l = r->work;
	char text[32];

	snprintf(text, sizeof(text), NOBODY "%llu", (unsigned long long)clock_wall_ms());
	for (size_t i = 0; i < l->unknown_count; i++) {
		struct sought *sought = &l->unknown[i];

		l->owners[l->unknown_of[i]] = *sought;
		if (sought->key >= 0)
			owner_remember(r, sought->name,
			    keyring_fingerprint(r->keys.ring, (size_t)sought->key));
		else if (sought->nobody)
			owner_remember(r, sought->name, text);
	}
}

static void
owner_searched(void *ctx)
{
	struct locate *l = ctx;
	struct request *r = l->request;

	l->search = NULL;
	owner_learn(r);
	owner_decide(r);
	request_run(r);
}

/* The project of what is known, else the one where this caller's things should be. */
static uint64_t
owner_likely_project(struct request *r, const struct locate *l)
{
	struct keyring_ask ask = { .only = -1, .look = true, .seed = r->client.owner };
	struct keyring_lack lack;
	ptrdiff_t key = -1;

	for (size_t i = 0; i < l->objects.count && key < 0; i++)
		key = l->owners[i].key;
	if (key < 0)
		key = keyring_pick(r->keys.ring, &ask, &lack);
	return key >= 0 ? keyring_project(r->keys.ring, (size_t)key) : 0;
}

static enum step_next
owner_find_unknown(struct request *r)
{
	struct locate *l = r->work;
	struct search_order order = { .request = r, .done = owner_searched, .ctx = l };

	l->unknown = xcalloc(l->objects.count, sizeof(*l->unknown));
	l->unknown_of = xcalloc(l->objects.count, sizeof(*l->unknown_of));
	for (size_t i = 0; i < l->objects.count; i++)
		if (l->owners[i].key < 0 && !l->owners[i].nobody) {
			l->unknown_of[l->unknown_count] = i;
			l->unknown[l->unknown_count++] = l->owners[i];
		}
	order.list = l->unknown;
	order.count = l->unknown_count;
	if (l->unknown_count > 0) {
		order.likely = owner_likely_project(r, l);
		l->search = search_start(&order);
	}
	if (l->search != NULL)
		return STEP_PARK;
	owner_decide(r);
	return STEP_GO;
}

/* ---- the store ---- */

/* A key that is no longer configured tells nothing. */
static void
owner_answer(void *ctx, void *item, enum state_answer answer, struct buf *value)
{
	struct locate *l = ctx;
	struct sought *owner = item;
	struct slice text = answer == STATE_FOUND ? buf_slice(value) : SLICE("");
	uint64_t since, now = clock_wall_ms();

	if (slice_starts(text, SLICE(NOBODY)))
		owner->nobody = slice_u64(slice_skip(text, 1), &since) && now >= since &&
		                now - since < OWNER_ABSENT_MS;
	else if (text.len > 0)
		owner->key = keyring_find(l->request->keys.ring, text);
}

static void
owner_looked_up(void *ctx)
{
	struct locate *l = ctx;
	struct request *r = l->request;

	l->lookup = NULL;
	if (owner_find_unknown(r) == STEP_GO)
		request_run(r);
}

/* False when the store has to ask its engine. */
static bool
owner_look_up(struct request *r)
{
	struct locate *l = r->work;
	struct state_lookup_order order = {
		.state = r->gw->state,
		.loop = r->loop,
		.max = l->objects.count,
		.answer = owner_answer,
		.done = owner_looked_up,
		.ctx = l,
	};
	struct state_lookup *lookup = state_lookup_new(&order);
	struct buf key;

	l->owners = xcalloc(l->objects.count, sizeof(*l->owners));
	for (size_t i = 0; i < l->objects.count; i++) {
		l->owners[i] = (struct sought){ .name = l->objects.names[i], .key = -1 };
		owner_key(r, l->objects.names[i], &key);
		state_lookup_add(lookup, STATE_AFFINITY, &key, &l->owners[i]);
	}
	if (!state_lookup_start(lookup))
		return true;
	l->lookup = lookup;
	return false;
}

/* All names are found. */
static enum step_next
owner_find_owners(struct request *r)
{
	struct locate *l = r->work;

	stored_objects_settle(&l->objects);
	access_set_objects(r, l->objects.count);
	if (l->objects.count == 0) {
		/* Requests of conversations that Google stores are balanced like any other. */
		if (l->path.use == OBJECT_USE_MANY && !l->path.alone) {
			r->keys.seed = r->client.owner;
			access_set_home(r, "caller");
		}
		owner_free(TAKE(r->work));
		owner_go_on(r);
		return STEP_GO;
	}
	return owner_look_up(r) ? owner_find_unknown(r) : STEP_PARK;
}

/* ---- the names ---- */

static void
owner_read_body(void *ctx)
{
	struct locate *l = ctx;
	char *piece = xmalloc(OWNER_PIECE);
	off_t at = 0;
	ssize_t got;

	while ((got = pread(l->body, piece, OWNER_PIECE, at)) > 0) {
		stored_objects_scan_feed(&l->scan, (struct slice){ piece, (size_t)got });
		at += got;
	}
	free(piece);
}

/* Google will say what is wrong with a body that cannot be decoded. */
static void
owner_decode_body(void *ctx)
{
	struct locate *l = ctx;
	struct slice text;

	if (body_decode(&l->copy, &l->codings, &l->limits) == CODING_OK &&
	    body_slice(&l->copy, &text))
		stored_objects_scan_feed(&l->scan, text);
}

static void
owner_body_read(void *ctx)
{
	struct locate *l = ctx;
	struct request *r = l->request;

	l->working = false;
	if (r == NULL)
		owner_free(l);
	else if (owner_find_owners(r) == STEP_GO)
		request_run(r);
}

/* The body, or a second descriptor of its file, goes to a thread: it outlives the request. */
static enum step_next
owner_scan_decoded(struct request *r)
{
	struct locate *l = r->work;

	l->limits = request_body_limits(r);
	if (r->target.body_fd < 0) {
		buf_add_slice(&l->copy.mem, r->target.body);
	} else {
		l->copy.fd = dup(r->target.body_fd);
		if (l->copy.fd < 0)
			return request_fail(r, APIERROR_INTERNAL, NULL, "%s", "");
	}
	l->copy.len = r->target.body_len;
	l->working = true;
	loop_work(r->loop, owner_decode_body, owner_body_read, l);
	return STEP_PARK;
}

static void
owner_read_codings(const struct request *r, struct locate *l)
{
	const char *header = fcgi_conn_param(r->client.conn, "HTTP_CONTENT_ENCODING");

	if (header == NULL || !codings_read(slice_str(header), &l->codings))
		l->codings.count = 0;
}

/* A native body may name objects unless it is the bytes of a file. */
static bool
owner_has_names(const struct request *r, const struct object_path *path)
{
	return r->target.body_len > 0 && !path->upload;
}

/* ---- the step ---- */

static bool
owner_may_name(const struct request *r)
{
	if (r->op->native)
		return true;
	if (!r->op->has_stored_objects)
		return false;
	/* Of a large body it is known already. */
	return request_is_large(r) ? r->asked.may_name : stored_objects_maybe(r->target.body);
}

static bool
owner_is_needed(const struct request *r)
{
	return !r->keys.located && r->keys.pinned < 0 && keyring_count(r->keys.ring) > 1 &&
	       keyring_has_projects(r->keys.ring) && owner_may_name(r);
}

enum step_next
step_owner(struct request *r)
{
	struct locate *l;

	if (!owner_is_needed(r)) {
		owner_go_on(r);
		return STEP_GO;
	}
	r->keys.located = true;
	l = xcalloc(1, sizeof(*l));
	request_work_set(r, l, owner_cancel);
	l->request = r;
	l->body = -1;
	body_init(&l->copy);
	if (r->op->native)
		owner_read_codings(r, l);
	if (r->op->native)
		l->path = stored_objects_of_path(slice_str(r->asked.route->path), &l->objects);
	stored_objects_scan_init(&l->scan, &l->objects, l->path.body, slice_str(r->gw->base_url));
	if (!owner_has_names(r, &l->path))
		return owner_find_owners(r);
	if (l->codings.count > 0)
		return owner_scan_decoded(r);
	if (r->target.body_fd < 0) {
		stored_objects_scan_feed(&l->scan, r->target.body);
		return owner_find_owners(r);
	}
	/* It outlives the request. */
	l->body = dup(r->target.body_fd);
	if (l->body < 0)
		return request_fail(r, APIERROR_INTERNAL, NULL, "%s", "");
	if (r->target.body_len <= OWNER_PIECE) {
		owner_read_body(l);
		return owner_find_owners(r);
	}
	l->working = true;
	loop_work(r->loop, owner_read_body, owner_body_read, l);
	return STEP_PARK;
}
