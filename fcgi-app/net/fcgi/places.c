/* A list of owners; it is short, and only looked through for bodies that are slow to come. */
#include "config.h"

#include "net/fcgi/places.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/xalloc.h"

struct owner {
	uint64_t id;
	size_t taken;
};

struct places {
	pthread_mutex_t lock;
	size_t share, count, max;
	struct owner owners[]; /* of `max` the first `count` are used */
};

struct places *
places_new(size_t share, size_t owners_max)
{
	struct places *p = xcalloc(1, sizeof(*p) + owners_max * sizeof(p->owners[0]));

	pthread_mutex_init(&p->lock, NULL);
	p->share = share;
	p->max = owners_max;
	return p;
}

void
places_free(struct places *p)
{
	if (p == NULL)
		return;
	pthread_mutex_destroy(&p->lock);
	free(p);
}

static struct owner *
places_find(struct places *p, uint64_t id)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->owners[i].id == id)
			return &p->owners[i];
	return NULL;
}

static bool
places_add(struct places *p, uint64_t id)
{
	struct owner *owner = places_find(p, id);

	if (owner == NULL) {
		if (p->count == p->max)
			return false;
		owner = &p->owners[p->count++];
		*owner = (struct owner){ .id = id };
	}
	if (owner->taken >= p->share)
		return false;
	owner->taken++;
	return true;
}

static void
remove_one(struct places *p, uint64_t id)
{
	struct owner *owner = places_find(p, id);

	if (owner != NULL && --owner->taken == 0)
		*owner = p->owners[--p->count];
}

bool
places_take(struct places *p, const uint64_t *owners, size_t count)
{
	size_t done = 0;

	pthread_mutex_lock(&p->lock);
	while (done < count && places_add(p, owners[done]))
		done++;
	for (size_t i = 0; done < count && i < done; i++)
		remove_one(p, owners[i]);
	pthread_mutex_unlock(&p->lock);
	return done == count;
}

void
places_leave(struct places *p, const uint64_t *owners, size_t count)
{
	pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < count; i++)
		remove_one(p, owners[i]);
	pthread_mutex_unlock(&p->lock);
}
