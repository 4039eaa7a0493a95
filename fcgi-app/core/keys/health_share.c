/*
 * What processes tell each other about health. A name is the side's letter and the id in
 * hexadecimal digits; a text is
 *
 *     STRIKES SINCE UNTIL CLASS QUOTA      something failed
 *     0 SINCE                              what began then went well
 *     PROJECT                              of a key: the id of its project
 *
 * with times in milliseconds since 1970 and UNTIL 0 when nothing is barred.
 */
#include "config.h"

#include <stdio.h>

#include "health_priv.h"

#define HEALTH_TOLD_MAX_MS 93600000 /* what another process says is barred */

/* Of names, by side; the host's record belongs to none. */
static const char letters[SIDES] = {
	[HEALTH_POOL] = 'p', [HEALTH_CALLERS] = 'c', [SIDE_MODELS] = 'm'
};
#define LETTER_HOST 'h'
/* Of a key's project, by side. */
static const char project_letters[] = { [HEALTH_POOL] = 'P', [HEALTH_CALLERS] = 'C' };

void
health_set_watch(struct health *h, const struct health_watch *watch)
{
	h->watch = *watch;
}

uint64_t
health_news(const struct health *h, enum health_side side)
{
	return h->news[side];
}

/* ---- time ---- */

static uint64_t
to_wall(uint64_t mono, const struct instant *now)
{
	return mono > now->mono ? now->wall + (mono - now->mono) : now->wall - (now->mono - mono);
}

/* What lies before the clock began is 1: long ago. */
static uint64_t
to_mono(uint64_t wall, const struct instant *now)
{
	if (wall >= now->wall)
		return now->mono + (wall - now->wall);
	return now->wall - wall < now->mono ? now->mono - (now->wall - wall) : 1;
}

/* ---- telling ---- */

static void
share_tell(const struct health *h, char letter, uint64_t id, const char *text, int len)
{
	char name[HEALTH_NAME_MAX];
	int name_len = snprintf(name, sizeof(name), "%c%016llx", letter, (unsigned long long)id);

	if (len > 0 && len < HEALTH_TEXT_MAX)
		h->watch.told(h->watch.ctx, (struct slice){ name, (size_t)name_len },
		    (struct slice){ text, (size_t)len });
}

static char
letter_of(const struct health *h, const struct side *s)
{
	return s != NULL ? letters[s - h->sides] : LETTER_HOST;
}

static uint64_t
name_id(const struct health *h, const struct side *s, uint64_t id)
{
	return s != NULL ? id : h->watch.place;
}

void
health_tell(
    const struct health *h, const struct side *s, const struct record *r, const struct instant *now)
{
	char text[HEALTH_TEXT_MAX];

	if (h->watch.told == NULL)
		return;
	share_tell(h, letter_of(h, s), name_id(h, s, r->id), text,
	    snprintf(text, sizeof(text), "%u %llu %llu %s %s", r->strikes,
		(unsigned long long)to_wall(r->since, now),
		(unsigned long long)(r->until != 0 ? to_wall(r->until, now) : 0), r->verdict.class,
		r->quota));
}

void
health_tell_well(const struct health *h, const struct side *s, uint64_t id, uint64_t started,
    const struct instant *now)
{
	char text[HEALTH_TEXT_MAX];

	if (h->watch.told == NULL)
		return;
	share_tell(h, letter_of(h, s), name_id(h, s, id), text,
	    snprintf(text, sizeof(text), "0 %llu", (unsigned long long)to_wall(started, now)));
}

static void
tell_project(const struct health *h, enum health_side side, const struct record *r)
{
	char text[HEALTH_TEXT_MAX];

	if (h->watch.told == NULL)
		return;
	share_tell(h, project_letters[side], r->id, text,
	    snprintf(text, sizeof(text), "%016llx", (unsigned long long)r->number));
}

void
health_tell_all(const struct health *h, const struct instant *now)
{
	for (size_t i = 0; i < SIDES; i++) {
		const struct side *s = &h->sides[i];

		for (uint32_t at = s->oldest; at != 0; at = s->records[at - 1].newer) {
			const struct record *r = &s->records[at - 1];

			if (r->strikes > 0)
				health_tell(h, s, r, now);
			if (r->number != 0)
				tell_project(h, (enum health_side)i, r);
		}
	}
	if (h->host.strikes > 0)
		health_tell(h, NULL, &h->host, now);
}

/* ---- taking ---- */

static bool
share_read_number(struct slice *text, uint64_t *ret)
{
	struct slice word;

	return slice_split(text, ' ', &word) && slice_u64(word, ret);
}

/* A failure as it was told. */
static bool
read_failure(struct health *h, struct slice text, uint64_t strikes, bool callers,
    const struct instant *now, struct record *ret)
{
	char quota[HEALTH_TEXT_MAX];
	uint64_t since, until;
	struct slice class;

	if (!share_read_number(&text, &since) || !share_read_number(&text, &until) ||
	    strikes > UINT32_MAX)
		return false;
	if (!slice_split(&text, ' ', &class) || !verdict_named(class, callers, &ret->verdict) ||
	    text.len >= sizeof(quota))
		return false;
	snprintf(quota, sizeof(quota), "%.*s", (int)text.len, text.ptr);
	ret->quota = health_quota(h, quota);
	ret->strikes = (unsigned)strikes;
	/* Told in the future: the clock of another machine is fast, or ours was set back since. A
	 * minute's rest lasts a minute from now on. */
	if (since > now->wall) {
		until = until > since ? now->wall + (until - since) : until;
		since = now->wall;
	}
	ret->since = to_mono(since, now);
	ret->until = until != 0 ? to_mono(until, now) : 0;
	if (ret->until > now->mono + HEALTH_TOLD_MAX_MS)
		ret->until = now->mono + HEALTH_TOLD_MAX_MS;
	return true;
}

/* Which of two failures counts: the later one, but the worse one as long as it lasts. */
static bool
share_outdoes(const struct record *told, const struct record *known, uint64_t now)
{
	bool lasts = known->until > now;

	if (known->strikes == 0)
		return true;
	if (lasts && told->verdict.limit < known->verdict.limit)
		return false;
	if (told->until > now && told->verdict.limit > known->verdict.limit)
		return true;
	return told->since > known->since;
}

/* True when it is better than was known. */
static bool
take_failure(struct side *s, struct record *r, uint64_t id, const struct record *told, uint64_t now)
{
	uint64_t before;

	if (r != NULL && !share_outdoes(told, r, now))
		return false;
	if (s != NULL)
		r = record_obtain(s, id);
	before = r->until;
	r->strikes = told->strikes;
	r->since = told->since;
	r->until = told->until;
	r->probe = 0;
	r->verdict = told->verdict;
	r->quota = told->quota;
	return before > r->until;
}

static bool
take_well(struct side *s, struct record *r, uint64_t since)
{
	bool barred = r != NULL && r->until != 0;

	if (r == NULL || r->strikes == 0 || r->since >= since)
		return false;
	record_clear(s, r);
	return barred;
}

/* s: NULL for the host. */
static bool
take_record(
    struct health *h, struct side *s, uint64_t id, struct slice text, const struct instant *now)
{
	struct record *r = s != NULL ? record_find(s, id) : &h->host;
	struct record told = { 0 };
	uint64_t strikes, since;

	if (!share_read_number(&text, &strikes))
		return false;
	if (strikes == 0)
		return share_read_number(&text, &since) && take_well(s, r, to_mono(since, now));
	return read_failure(h, text, strikes, s == &h->sides[HEALTH_CALLERS], now, &told) &&
	       take_failure(s, r, id, &told, now->mono);
}

static bool
take_project(struct health *h, enum health_side side, uint64_t key, struct slice text)
{
	struct record *r;
	uint64_t number;

	if (!slice_hex64(text, &number) || number == 0 || health_project(h, side, key) == number)
		return false;
	r = record_obtain(&h->sides[side], key);
	r->number = number;
	return true;
}

bool
health_take(struct health *h, struct slice name, struct slice text, const struct instant *now)
{
	bool better = false;
	size_t i = 0;
	uint64_t id;

	if (name.len == 0 || !slice_hex64(slice_skip(name, 1), &id))
		return false;
	if (name.ptr[0] == LETTER_HOST)
		return id == h->watch.place && take_record(h, NULL, 0, text, now);
	while (i < SIDES && letters[i] != name.ptr[0])
		i++;
	if (i < SIDES)
		better = take_record(h, &h->sides[i], id, text, now);
	else if (name.ptr[0] == project_letters[HEALTH_POOL])
		better = take_project(h, (enum health_side)(i = HEALTH_POOL), id, text);
	else if (name.ptr[0] == project_letters[HEALTH_CALLERS])
		better = take_project(h, (enum health_side)(i = HEALTH_CALLERS), id, text);
	if (better && i <= HEALTH_CALLERS)
		h->news[i]++;
	return better;
}

/* ---- projects ---- */

void
health_learn(struct health *h, enum health_side side, uint64_t key, uint64_t project)
{
	struct record *r;

	if (health_project(h, side, key) == project)
		return;
	r = record_obtain(&h->sides[side], key);
	r->number = project;
	tell_project(h, side, r);
}

uint64_t
health_project(const struct health *h, enum health_side side, uint64_t key)
{
	const struct record *r = record_find(&h->sides[side], key);

	return r != NULL ? r->number : 0;
}
