/* Lists of keys, and their names; the choice among them is made in key_choice.c. */
#include "config.h"

#include "key_order.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/siphash.h"
#include "base/xalloc.h"

/* Names and tables need no secret key: what is hashed is secret itself or thrown away at once. */
static const uint8_t hash_key[SIPHASH_KEY_BYTES] = "gemini-balance";

void
keypool_init(struct keypool *p, enum balance balance)
{
	*p = (struct keypool){ .balance = balance };
}

static void
drop_keys(struct keypool *p, size_t from)
{
	while (p->count > from) {
		struct key_spec *spec = &p->keys[--p->count].spec;

		secret_free((char *)(uintptr_t)spec->secret);
		free((char *)(uintptr_t)spec->project);
		secret_free((char *)(uintptr_t)spec->proxy);
		free((char *)(uintptr_t)spec->models);
		free((char *)(uintptr_t)spec->name);
	}
}

void
keypool_release(struct keypool *p)
{
	drop_keys(p, 0);
	free(p->keys);
	key_order_release(p);
	prefix_map_free(p->prefixes);
	keypool_init(p, p->balance);
}

/* ---- lists of keys ---- */

/* The secrets already in the pool, by hash; slots hold index + 1. */
struct seen {
	uint32_t *slots;
	size_t mask;
};

static struct seen
seen_new(size_t keys)
{
	size_t size = 16;

	while (size < 2 * keys)
		size *= 2;
	return (struct seen){ xcalloc(size, sizeof(uint32_t)), size - 1 };
}

/* False when the secret was there already; else it is entered as keys[index]. */
static bool
seen_add(struct seen *seen, const struct keypool *p, struct slice secret, size_t index)
{
	size_t at = siphash(hash_key, secret) & seen->mask;

	for (; seen->slots[at] != 0; at = (at + 1) & seen->mask)
		if (slice_eq(slice_str(p->keys[seen->slots[at] - 1].spec.secret), secret))
			return false;
	seen->slots[at] = (uint32_t)index + 1;
	return true;
}

static bool
is_separator(char c)
{
	return c == ',' || c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool
is_quote(char c)
{
	return c == '"' || c == '\'' || c == '`';
}

/* The next item of a list without the quotation marks around it; false at the end. */
static bool
next_item(struct slice *list, struct slice *ret)
{
	struct slice item;

	while (list->len > 0 && is_separator(list->ptr[0]))
		*list = slice_skip(*list, 1);
	if (list->len == 0)
		return false;
	item = (struct slice){ list->ptr, 0 };
	while (item.len < list->len && !is_separator(list->ptr[item.len]))
		item.len++;
	*list = slice_skip(*list, item.len);
	while (item.len > 0 && is_quote(item.ptr[0]))
		item = slice_skip(item, 1);
	while (item.len > 0 && is_quote(item.ptr[item.len - 1]))
		item.len--;
	*ret = item;
	return true;
}

static bool
is_key_text(struct slice item)
{
	if (item.len > KEY_BYTES_MAX)
		return false;
	for (size_t i = 0; i < item.len; i++)
		if ((unsigned char)item.ptr[i] < ' ' || item.ptr[i] == 0x7f)
			return false;
	return true;
}

static const char *
copy_of(const char *text)
{
	return xstrndup(text, strlen(text));
}

static void
pool_add_key(struct keypool *p, struct slice secret, const struct key_spec *spec)
{
	struct key *key = &p->keys[p->count++];

	/* The order of the list is the order of first use. */
	*key = (struct key){ .last_used = ++p->tick };
	key->spec = (struct key_spec){
		.secret = xstrndup(secret.ptr, secret.len),
		.project = copy_of(spec->project),
		.weight = spec->weight,
		.proxy = copy_of(spec->proxy),
		.models = copy_of(spec->models),
		.name = copy_of(spec->name),
		.line = spec->line,
		.place = spec->place,
	};
	key_fingerprint(secret, key->fingerprint);
}

/* A list under way into a pool. */
struct adding {
	struct keypool *pool;
	struct seen seen;
	size_t before, max, repeated;
};

/* items: as many may come. */
static struct adding
adding_begin(struct keypool *p, size_t items, size_t max)
{
	struct adding a = { .pool = p, .before = p->count, .max = max };

	/* More items than that are repetitions or too many. */
	if (items > max)
		items = max;
	p->keys = xrealloc(p->keys, (p->count + items) * sizeof(*p->keys));
	a.seen = seen_new(p->count + items);
	for (size_t i = 0; i < p->count; i++)
		seen_add(&a.seen, p, slice_str(p->keys[i].spec.secret), i);
	return a;
}

/* False when the list is not valid. */
static bool
adding_key(struct adding *a, struct slice secret, const struct key_spec *spec)
{
	struct keypool *p = a->pool;

	if (!is_key_text(secret) || spec->weight < 1 || spec->weight > KEY_WEIGHT_MAX)
		return false;
	if (secret.len == 0)
		return true;
	if (!seen_add(&a->seen, p, secret, p->count)) {
		a->repeated++;
		return true;
	}
	if (p->count >= a->max)
		return false;
	pool_add_key(p, secret, spec);
	return true;
}

static int
adding_end(struct adding *a, bool good)
{
	struct keypool *p = a->pool;

	free(a->seen.slots);
	if (!good) {
		drop_keys(p, a->before);
		return -1;
	}
	return (int)(p->count - a->before);
}

int
keypool_add_list(struct keypool *p, struct slice list, size_t max)
{
	static const struct key_spec plain = {
		.secret = "", .project = "", .weight = 1, .proxy = "", .models = "", .name = ""
	};
	struct slice rest = list, item;
	struct adding a;
	size_t items = 0;
	bool good = true;

	while (next_item(&rest, &item))
		items++;
	a = adding_begin(p, items, max);
	while (good && next_item(&list, &item))
		good = adding_key(&a, item, &plain);
	return adding_end(&a, good);
}

int
keypool_add(
    struct keypool *p, const struct key_spec *specs, size_t count, size_t max, size_t *ret_repeated)
{
	struct adding a = adding_begin(p, count, max);
	bool good = true;

	for (size_t i = 0; good && i < count; i++)
		good = adding_key(&a, slice_str(specs[i].secret), &specs[i]);
	if (ret_repeated != NULL)
		*ret_repeated = a.repeated;
	return adding_end(&a, good);
}

void
keypool_take_over(struct keypool *p, size_t index, const struct keypool *old, size_t old_index)
{
	struct key *key = &p->keys[index];
	const struct key *from = &old->keys[old_index];

	key->in_flight = from->in_flight;
	key->picks = from->picks;
	key->failures = from->failures;
	key->number = from->number;
	/* Behind the keys that are new, which were never used. */
	key->turn = from->turn;
	key->last_used = p->count + from->last_used;
	if (p->tick < p->count + old->tick)
		p->tick = p->count + old->tick;
	if (p->clock < old->clock)
		p->clock = old->clock;
}

/* ---- projects ---- */

/* The operator's name for a project goes before Google's number, for all its keys. */
static void
pool_regroup(struct keypool *p, uint64_t id)
{
	uint64_t project = id;

	for (size_t i = 0; i < p->count; i++)
		if (p->keys[i].number == id && p->keys[i].spec.project[0] != '\0')
			project = p->keys[i].project;
	for (size_t i = 0; i < p->count; i++)
		if (p->keys[i].number == id && p->keys[i].spec.project[0] == '\0')
			p->keys[i].project = project;
}

void
keypool_learn(struct keypool *p, size_t index, struct slice number)
{
	struct key *key = &p->keys[index];
	uint64_t id = number.len > 0 ? health_id(number) : 0;

	if (id == 0 || key->number == id)
		return;
	key->number = id;
	health_learn(p->health, p->side, key->id, id);
	pool_regroup(p, id);
}

void
keypool_regroup(struct keypool *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->keys[i].number != 0 && p->keys[i].project == p->keys[i].id)
			pool_regroup(p, p->keys[i].number);
}

/* ---- bitmaps ---- */

size_t
keypool_tried_size(size_t count)
{
	return (count + 7) / 8;
}

void
keypool_tried_add(uint8_t *tried, size_t index)
{
	tried[index / 8] |= (uint8_t)(1U << (index % 8));
}

/* ---- names ---- */

void
key_fingerprint(struct slice secret, char ret[FINGERPRINT_LEN + 1])
{
	static const char hex[] = "0123456789abcdef";
	uint64_t hash = siphash(hash_key, secret);

	for (size_t i = 0; i < FINGERPRINT_LEN; i++)
		ret[i] = hex[hash >> (60 - 4 * i) & 15];
	ret[FINGERPRINT_LEN] = '\0';
}

void
key_mask(struct slice secret, struct buf *out)
{
	size_t shown = secret.len / 5 < 7 ? secret.len / 5 : 7;

	buf_add(out, secret.ptr, shown);
	buf_adds(out, "......");
	buf_add(out, secret.ptr + secret.len - shown, shown);
}
