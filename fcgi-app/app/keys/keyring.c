/* The balancer's lock around core/keypool and core/health. */
#include "config.h"

#include "app/keys/keyring.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "balancer_priv.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "core/keys/keypool.h"
#include "base/buf.h"

struct keyring {
	struct balancer *balancer;
	/* Secrets and fingerprints never change, so they are read without the lock. */
	struct keypool pool;
	atomic_uint refs;
	struct keyring *heir; /* that took over, a reference; NULL: none */
	struct legacy {
		ptrdiff_t index; /* of the same key on the heir, or -1 */
		unsigned owed;   /* picks that the heir counts and that are not reported yet */
	} * legacy;              /* for each key, when there is an heir */
};

static struct keyring *
ring_new(enum balance balance)
{
	struct keyring *ring = xcalloc(1, sizeof(*ring));

	atomic_init(&ring->refs, 1);
	keypool_init(&ring->pool, balance);
	return ring;
}

static struct keyring *
keyring_checked(struct keyring *ring, int added, const char **ret_error)
{
	if (added >= 0)
		return ring;
	*ret_error = "the list of keys is not valid: too many keys, a key that is too long, a "
		     "weight out of range, or control characters";
	keyring_free(ring);
	return NULL;
}

struct keyring *
keyring_new(const struct key_spec *specs, size_t count, enum balance balance, size_t max,
    size_t *ret_repeated, const char **ret_error)
{
	struct keyring *ring = ring_new(balance);

	return keyring_checked(
	    ring, keypool_add(&ring->pool, specs, count, max, ret_repeated), ret_error);
}

struct keyring *
keyring_of_list(struct slice list, enum balance balance, size_t max, const char **ret_error)
{
	struct keyring *ring = ring_new(balance);

	return keyring_checked(ring, keypool_add_list(&ring->pool, list, max), ret_error);
}

void
keyring_free(struct keyring *ring)
{
	/* The rings that took over in turn, each of which may have been kept by the one before. */
	while (ring != NULL && atomic_fetch_sub(&ring->refs, 1) == 1) {
		struct keyring *heir = ring->heir;

		assert(keyring_in_flight(ring) == 0);
		keypool_release(&ring->pool);
		free(ring->legacy);
		free(ring);
		ring = heir;
	}
}

size_t
keyring_count(const struct keyring *ring)
{
	return ring->pool.count;
}

static void
keyring_lock(struct keyring *ring)
{
	pthread_mutex_lock(&ring->balancer->lock);
}

static void
keyring_unlock(struct keyring *ring)
{
	pthread_mutex_unlock(&ring->balancer->lock);
}

void
keyring_attach(struct keyring *ring, struct balancer *b, enum health_side side, unsigned cap)
{
	ring->balancer = b;
	keyring_lock(ring);
	keypool_attach(&ring->pool, b->health, side, cap);
	keyring_unlock(ring);
}

/* ---- projects ---- */

uint64_t
keyring_project(struct keyring *ring, size_t index)
{
	uint64_t project;

	keyring_lock(ring);
	project = ring->pool.keys[index].project;
	keyring_unlock(ring);
	return project;
}

bool
keyring_has_projects(struct keyring *ring)
{
	bool several = false;

	keyring_lock(ring);
	for (size_t i = 1; i < ring->pool.count && !several; i++)
		several = ring->pool.keys[i].project != ring->pool.keys[0].project;
	keyring_unlock(ring);
	return several;
}

static int
compare_ids(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

uint64_t *
keyring_projects(struct keyring *ring, size_t *ret_count)
{
	size_t count = ring->pool.count, kept = 0;
	uint64_t *list = xcalloc(count + 1, sizeof(*list));

	keyring_lock(ring);
	for (size_t i = 0; i < count; i++)
		list[i] = ring->pool.keys[i].project;
	keyring_unlock(ring);
	qsort(list, count, sizeof(*list), compare_ids);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || list[i] != list[kept - 1])
			list[kept++] = list[i];
	*ret_count = kept;
	return list;
}

/* ---- the change to another ring ---- */

struct place {
	const char *secret;
	size_t index;
};

static int
compare_places(const void *a, const void *b)
{
	return strcmp(((const struct place *)a)->secret, ((const struct place *)b)->secret);
}

static struct place *
sorted_places(const struct keyring *ring)
{
	struct place *list = xcalloc(ring->pool.count, sizeof(*list));

	for (size_t i = 0; i < ring->pool.count; i++)
		list[i] = (struct place){ keyring_secret(ring, i), i };
	qsort(list, ring->pool.count, sizeof(*list), compare_places);
	return list;
}

void
keyring_take_over(struct keyring *ring, struct keyring *old)
{
	struct place *from = sorted_places(old), *to = sorted_places(ring);
	struct legacy *legacy = xcalloc(old->pool.count, sizeof(*legacy));
	size_t i = 0, k = 0;

	for (size_t at = 0; at < old->pool.count; at++)
		legacy[at].index = -1;
	keyring_lock(old);
	while (i < old->pool.count && k < ring->pool.count) {
		int order = compare_places(&from[i], &to[k]);

		if (order == 0) {
			keypool_take_over(&ring->pool, to[k].index, &old->pool, from[i].index);
			legacy[from[i].index] = (struct legacy){ (ptrdiff_t)to[k].index,
				old->pool.keys[from[i].index].in_flight };
		}
		i += order <= 0;
		k += order >= 0;
	}
	atomic_fetch_add(&ring->refs, 1);
	old->legacy = legacy;
	old->heir = ring;
	keyring_unlock(old);
	/* Nobody else knows the new ring yet. */
	keypool_regroup(&ring->pool);
	free(from);
	free(to);
}

/* The ring that took over from this one and has the same key, or NULL; *index becomes its place
 * there. With the lock held. */
static struct keyring *
heir_of(const struct keyring *ring, size_t *index)
{
	ptrdiff_t place = ring->heir != NULL ? ring->legacy[*index].index : -1;

	if (place < 0)
		return NULL;
	*index = (size_t)place;
	return ring->heir;
}

/* ---- choice ---- */

static struct key_ask
pool_ask(const struct keyring_ask *ask)
{
	return (struct key_ask){
		.model = ask->model,
		.name = ask->name,
		.tried = ask->tried,
		.only = ask->only,
		.look = ask->look,
		.home = ask->home,
		.seed = ask->seed,
		.prefix = ask->prefix,
		.chance = ask->chance,
		.now = clock_mono_ms(),
	};
}

ptrdiff_t
keyring_pick(struct keyring *ring, const struct keyring_ask *ask, struct keyring_lack *ret)
{
	struct balancer *b = ring->balancer;
	struct key_ask inner = pool_ask(ask);
	ptrdiff_t index;

	keyring_lock(ring);
	ret->queue =
	    ask->only < 0 && ask->home == 0 && room_is_ahead(b, ring, ask->model, ask->waiter);
	inner.look |= ret->queue;
	index = keypool_pick(&ring->pool, &inner, &ret->why, &ret->bar);
	if (ret->queue && index >= 0) {
		ret->why = KEY_LACK_BUSY;
		index = -1;
	}
	if (index >= 0 && !ask->look)
		room_serve(b, ask->waiter);
	keyring_unlock(ring);
	return index;
}

void
keyring_report(struct keyring *ring, size_t index, bool ok)
{
	struct balancer *b = ring->balancer;

	pthread_mutex_lock(&b->lock);
	while (ring != NULL) {
		struct legacy *legacy = ring->legacy != NULL ? &ring->legacy[index] : NULL;

		keypool_report(&ring->pool, index, ok);
		if (ring->pool.cap > 0)
			room_call_ring(b, ring);
		if (legacy == NULL || legacy->owed == 0)
			break;
		legacy->owed--;
		ring = heir_of(ring, &index);
	}
	pthread_mutex_unlock(&b->lock);
}

/* What was learned of a key that was used on this ring is of use on those that took over. */
static void
keyring_learn(struct keyring *ring, size_t index, struct slice project, uint64_t wake)
{
	for (; ring != NULL; ring = heir_of(ring, &index)) {
		keypool_learn(&ring->pool, index, project);
		if (wake > 0)
			keypool_wake(&ring->pool, index, wake);
	}
}

/* For the operator, once. */
static void
log_dead(const struct keyring *ring, size_t index, const struct verdict *v)
{
	const struct key *key = &ring->pool.keys[index];

	log_event(LOG_WARN, "a key of the pool is refused", LOG_S("key", key->fingerprint),
	    LOG_S("key_name", key->spec.name[0] != '\0' ? key->spec.name : NULL),
	    LOG_N("key_line", key->spec.line), LOG_S("class", v->class),
	    LOG_S("advice", v->advice));
}

static void
log_host(const struct verdict *v)
{
	log_event(LOG_WARN, "Google does not serve this server as it is", LOG_S("class", v->class),
	    LOG_S("advice", v->advice));
}

void
keyring_judge(struct keyring *ring, size_t index, const struct keyring_outcome *outcome)
{
	struct balancer *b = ring->balancer;
	const struct verdict *v = outcome->verdict;
	struct health_event event = {
		.model = outcome->model,
		.quota_model = outcome->quota_model,
		.source = outcome->source,
		.started = outcome->started,
		.verdict = v,
		.quota = outcome->status != NULL ? outcome->status->quota_id : NULL,
		.hint_ms = outcome->hint_ms,
		.chance = outcome->chance,
		.now = { clock_mono_ms(), clock_wall_ms() },
	};
	struct health_bar bar;
	bool was_alive, had_region;

	keyring_lock(ring);
	if (outcome->status != NULL)
		keyring_learn(ring, index, slice_str(outcome->status->project), 0);
	event.who = keypool_subject(&ring->pool, index);
	was_alive = health_ready(b->health, &event.who, event.model, event.now.mono, &bar);
	had_region = health_region(b->health);
	if (health_end(b->health, &event)) {
		keyring_learn(ring, index, SLICE(""), event.now.mono);
		room_call_all(b, ring->pool.side == HEALTH_POOL ? 0 : outcome->model);
	}
	keyring_unlock(ring);
	if (v->key == VERDICT_KEY_DEAD && was_alive && ring->pool.side == HEALTH_POOL)
		log_dead(ring, index, v);
	if (v->host == VERDICT_HOST_THROTTLED || (v->host == VERDICT_HOST_REGION && !had_region))
		log_host(v);
}

static void
add_note(struct buf *out, const char *who, const struct health_bar *bar)
{
	uint64_t wait = bar->until - clock_mono_ms();
	time_t until = (time_t)((clock_wall_ms() + wait + 999) / 1000);
	char text[24];
	struct tm tm;

	gmtime_r(&until, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	buf_addf(out, "%s%s=%s@%s", out->len > 0 ? " " : "", who, bar->verdict.class, text);
}

void
keyring_explain(struct keyring *ring, const struct keyring_ask *ask, struct buf *out,
    size_t *ret_keys, size_t *ret_ready)
{
	struct key_ask inner = pool_ask(ask);
	struct key_notes notes;
	struct health_bar bar;
	bool open;

	keyring_lock(ring);
	open = health_open(ring->balancer->health, inner.model, inner.now, &bar);
	keypool_explain(&ring->pool, &inner, &notes);
	keyring_unlock(ring);
	if (!open)
		add_note(out, bar.scope == HEALTH_HOST ? "host" : "model", &bar);
	for (size_t i = 0; i < notes.count; i++)
		add_note(
		    out, ring->pool.keys[notes.first[i].index].fingerprint, &notes.first[i].bar);
	*ret_keys = notes.keys;
	*ret_ready = notes.ready;
}

size_t
keyring_in_flight(struct keyring *ring)
{
	size_t count = 0;

	if (ring->balancer == NULL)
		return 0;
	keyring_lock(ring);
	for (size_t i = 0; i < ring->pool.count; i++)
		count += ring->pool.keys[i].in_flight;
	keyring_unlock(ring);
	return count;
}

ptrdiff_t
keyring_find(const struct keyring *ring, struct slice fingerprint)
{
	for (size_t i = 0; i < ring->pool.count; i++)
		if (slice_eq(slice_str(ring->pool.keys[i].fingerprint), fingerprint))
			return (ptrdiff_t)i;
	return -1;
}

const char *
keyring_secret(const struct keyring *ring, size_t index)
{
	return ring->pool.keys[index].spec.secret;
}

const struct key_spec *
keyring_spec(const struct keyring *ring, size_t index)
{
	return &ring->pool.keys[index].spec;
}

const char *
keyring_fingerprint(const struct keyring *ring, size_t index)
{
	return ring->pool.keys[index].fingerprint;
}
