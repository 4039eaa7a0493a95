/*
 * What processes tell each other about models: the name, and a text of words with the time of each,
 *
 *     served@TIME=MODEL gone@TIME KIND@TIME budget_range@TIME=MIN-MAX
 *
 * with times in milliseconds since 1970 and KIND a word of refusal_word.
 */
#include "config.h"

#include <string.h>

#include "learned_priv.h"

void
entry_tell(const struct learned *l, const struct entry *e)
{
	struct buf text;

	if (l->watch.told == NULL)
		return;
	buf_init(&text, LEARNED_TEXT_MAX);
	if (e->served_at != 0)
		buf_addf(&text, "served@%llu=%s ", (unsigned long long)e->served_at, e->served_by);
	if (e->gone_at != 0)
		buf_addf(&text, "gone@%llu ", (unsigned long long)e->gone_at);
	for (size_t i = 0; i < REFUSALS; i++) {
		if (e->refused_at[i] == 0)
			continue;
		buf_addf(
		    &text, "%s@%llu", refusal_word(1U << i), (unsigned long long)e->refused_at[i]);
		if (1U << i == REFUSED_BUDGET_RANGE)
			buf_addf(&text, "=%d-%d", (int)e->budget_min, (int)e->budget_max);
		buf_addc(&text, ' ');
	}
	if (text.len > 0 && !text.failed)
		l->watch.told(l->watch.ctx, slice_str(e->name), buf_slice(&text));
	buf_release(&text);
}

void
learned_tell_all(const struct learned *l)
{
	for (size_t i = 0; i < LEARNED_BUCKETS; i++)
		for (const struct entry *e = l->buckets[i]; e != NULL; e = e->next)
			entry_tell(l, e);
}

/* One word of a text. */
struct fact {
	struct slice word, value;
	uint64_t at;
};

static bool
fact_read(struct slice text, uint64_t now, struct fact *ret)
{
	struct slice time;

	if (!slice_split(&text, '@', &ret->word) || !slice_split(&text, '=', &time) ||
	    !slice_u64(time, &ret->at) || ret->at == 0)
		return false;
	ret->value = text;
	/* The clock of another machine may be wrong. */
	if (ret->at > now)
		ret->at = now;
	return true;
}

static void
take_served(struct entry *e, const struct fact *fact)
{
	if (fact->at <= e->served_at || fact->value.len == 0 || fact->value.len >= MODEL_NAME_MAX)
		return;
	memset(e->served_by, 0, sizeof(e->served_by));
	memcpy(e->served_by, fact->value.ptr, fact->value.len);
	e->served_at = fact->at;
}

static void
take_range(struct entry *e, struct slice value)
{
	struct slice low;
	uint64_t least, most;

	if (!slice_split(&value, '-', &low) || !slice_u64(low, &least) ||
	    !slice_u64(value, &most) || least == 0 || least > most || most > INT32_MAX)
		return;
	e->budget_min = (int32_t)least;
	e->budget_max = (int32_t)most;
}

static void
take_refusal(struct entry *e, const struct fact *fact)
{
	unsigned kind = refusal_named(fact->word) & ~(unsigned)REFUSED_ONCE;

	for (size_t i = 0; i < REFUSALS; i++) {
		if (kind != 1U << i || fact->at <= e->refused_at[i])
			continue;
		if (kind == REFUSED_BUDGET_RANGE)
			take_range(e, fact->value);
		e->refused_at[i] = fact->at;
	}
}

void
learned_take(struct learned *l, struct slice name, struct slice text, uint64_t now)
{
	struct slice word;
	struct entry *e;
	struct fact fact;

	if (name.len == 0 || name.len >= MODEL_NAME_MAX)
		return;
	e = entry_obtain(l, name);
	while (slice_split(&text, ' ', &word)) {
		if (!fact_read(word, now, &fact))
			continue;
		if (slice_eq(fact.word, SLICE("served"))) {
			take_served(e, &fact);
		} else if (slice_eq(fact.word, SLICE("gone"))) {
			if (fact.at > e->gone_at)
				e->gone_at = fact.at;
		} else {
			take_refusal(e, &fact);
		}
	}
}
