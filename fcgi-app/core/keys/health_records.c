/*
 * The records of health: a table of fixed size for each side; the one that failed longest ago makes
 * room.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "health_priv.h"

/* The same in every process, so that they can tell each other. What is hashed is secret itself or
 * no secret at all; the places in the tables, which callers could try to make collide, depend on a
 * secret of the process. */
static const uint8_t id_key[SIPHASH_KEY_BYTES] = "health/1";

static void
side_init(struct side *s, size_t max, uint64_t salt)
{
	size_t size = 16;

	while (size < max)
		size *= 2;
	*s = (struct side){ .max = max, .mask = size - 1, .salt = salt };
	s->records = xcalloc(max, sizeof(*s->records));
	s->slots = xcalloc(size, sizeof(*s->slots));
}

struct health *
health_new(const uint8_t key[SIPHASH_KEY_BYTES], size_t max)
{
	struct health *h = xcalloc(1, sizeof(*h));
	uint64_t salt;

	memcpy(&salt, key, sizeof(salt));
	for (size_t i = 0; i < SIDES; i++)
		side_init(&h->sides[i], max, salt);
	return h;
}

void
health_free(struct health *h)
{
	if (h == NULL)
		return;
	for (size_t i = 0; i < SIDES; i++) {
		free(h->sides[i].records);
		free(h->sides[i].slots);
	}
	for (size_t i = 0; i < HEALTH_QUOTAS_MAX; i++)
		free(h->quotas[i]);
	free(h);
}

uint64_t
health_id(struct slice text)
{
	uint64_t id = siphash(id_key, text);

	return id != 0 ? id : 1;
}

uint64_t
health_pair(uint64_t a, uint64_t b)
{
	unsigned char both[16];

	for (size_t i = 0; i < 8; i++) {
		both[i] = (unsigned char)(a >> 8 * i);
		both[8 + i] = (unsigned char)(b >> 8 * i);
	}
	return health_id((struct slice){ (const char *)both, sizeof(both) });
}

/* Ids are spread already, but known to who chooses them. */
static uint32_t *
slot_of(const struct side *s, uint64_t id)
{
	uint64_t x = (id ^ s->salt) * 0x9e3779b97f4a7c15ULL;

	return &s->slots[(x ^ x >> 32) & s->mask];
}

struct record *
record_find(const struct side *s, uint64_t id)
{
	/* Most of the time all are well. */
	if (s->newest == 0)
		return NULL;
	for (uint32_t at = *slot_of(s, id); at != 0; at = s->records[at - 1].chain)
		if (s->records[at - 1].id == id)
			return &s->records[at - 1];
	return NULL;
}

static void
list_remove(struct side *s, struct record *r)
{
	if (r->newer != 0)
		s->records[r->newer - 1].older = r->older;
	else
		s->newest = r->older;
	if (r->older != 0)
		s->records[r->older - 1].newer = r->newer;
	else
		s->oldest = r->newer;
}

static void
list_add(struct side *s, struct record *r)
{
	uint32_t place = (uint32_t)(r - s->records) + 1;

	r->newer = 0;
	r->older = s->newest;
	if (s->newest != 0)
		s->records[s->newest - 1].newer = place;
	else
		s->oldest = place;
	s->newest = place;
}

static void
records_drop(struct side *s, struct record *r)
{
	uint32_t place = (uint32_t)(r - s->records) + 1, *at = slot_of(s, r->id);

	while (*at != place)
		at = &s->records[*at - 1].chain;
	*at = r->chain;
	list_remove(s, r);
	*r = (struct record){ .chain = s->spare };
	s->spare = place;
}

void
record_clear(struct side *s, struct record *r)
{
	/* What was heard of a key's project stays true. */
	if (s != NULL && r->number == 0) {
		records_drop(s, r);
		return;
	}
	r->strikes = 0;
	r->since = r->until = r->probe = 0;
	r->quota = "";
}

struct record *
record_obtain(struct side *s, uint64_t id)
{
	struct record *r = record_find(s, id);
	uint32_t *slot = slot_of(s, id);

	if (r != NULL) {
		list_remove(s, r);
		list_add(s, r);
		return r;
	}
	if (s->spare == 0 && s->used == s->max)
		records_drop(s, &s->records[s->oldest - 1]);
	if (s->spare != 0) {
		r = &s->records[s->spare - 1];
		s->spare = r->chain;
	} else {
		r = &s->records[s->used++];
	}
	*r = (struct record){ .id = id, .chain = *slot, .quota = "" };
	*slot = (uint32_t)(r - s->records) + 1;
	list_add(s, r);
	return r;
}

const char *
health_quota(struct health *h, const char *id)
{
	if (id == NULL || id[0] == '\0')
		return "";
	for (size_t i = 0; i < HEALTH_QUOTAS_MAX; i++) {
		if (h->quotas[i] == NULL)
			h->quotas[i] = xstrndup(id, strlen(id));
		if (strcmp(h->quotas[i], id) == 0)
			return h->quotas[i];
	}
	return "";
}
