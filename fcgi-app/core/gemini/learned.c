/* The table of lessons, and what they make of a family's row. */
#include "config.h"

#include "learned_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

struct learned *
learned_new(const uint8_t key[SIPHASH_KEY_BYTES], size_t max)
{
	struct learned *l = xcalloc(1, sizeof(*l));

	memcpy(l->key, key, SIPHASH_KEY_BYTES);
	l->max = max;
	return l;
}

void
learned_free(struct learned *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < LEARNED_BUCKETS; i++)
		while (l->buckets[i] != NULL) {
			struct entry *e = l->buckets[i];

			l->buckets[i] = e->next;
			free(e);
		}
	free(l);
}

void
learned_set_watch(struct learned *l, const struct learned_watch *watch)
{
	l->watch = *watch;
}

static bool
is_name(struct slice name)
{
	return name.len > 0 && name.len < MODEL_NAME_MAX;
}

/* ---- learning ---- */

void
learned_served(struct learned *l, struct slice name, struct slice by, uint64_t since, uint64_t now)
{
	struct entry *e;

	if (!is_name(name) || !is_name(by))
		return;
	e = entry_obtain(l, name);
	if (!slice_eq(slice_str(e->served_by), by))
		for (size_t i = 0; i < REFUSALS; i++)
			if (e->refused_at[i] < since)
				e->refused_at[i] = 0;
	memset(e->served_by, 0, sizeof(e->served_by));
	memcpy(e->served_by, by.ptr, by.len);
	e->served_at = now;
	entry_tell(l, e);
}

void
learned_refused(struct learned *l, struct slice name, const struct refusals *refused, uint64_t now)
{
	unsigned kinds = refused->kinds & ~(unsigned)REFUSED_ONCE;
	struct entry *e;

	if (!is_name(name) || kinds == 0)
		return;
	e = entry_obtain(l, name);
	for (size_t i = 0; i < REFUSALS; i++)
		if ((kinds & 1U << i) != 0)
			e->refused_at[i] = now;
	if ((kinds & REFUSED_BUDGET_RANGE) != 0) {
		e->budget_min = refused->budget_min;
		e->budget_max = refused->budget_max;
	}
	entry_tell(l, e);
}

void
learned_gone(struct learned *l, struct slice name, uint64_t now)
{
	struct entry *e;

	if (!is_name(name))
		return;
	e = entry_obtain(l, name);
	e->gone_at = now;
	entry_tell(l, e);
}

/* ---- what is known ---- */

static bool
is_fresh(uint64_t at, uint64_t now, uint64_t keep)
{
	return at != 0 && at + keep > now;
}

void
learned_get(const struct learned *l, struct slice name, uint64_t now, struct lesson *ret)
{
	const struct entry *e = *entry_place(l, name);

	memset(ret, 0, sizeof(*ret));
	if (e == NULL)
		return;
	if (is_fresh(e->served_at, now, LEARNED_KEEP_MS)) {
		memcpy(ret->served_by, e->served_by, sizeof(ret->served_by));
		ret->aging = !is_fresh(e->served_at, now, LEARNED_KEEP_MS / 2);
	}
	for (size_t i = 0; i < REFUSALS; i++)
		if (is_fresh(e->refused_at[i], now, LEARNED_KEEP_MS))
			ret->refused.kinds |= 1U << i;
	ret->refused.budget_min = e->budget_min;
	ret->refused.budget_max = e->budget_max;
	ret->gone = is_fresh(e->gone_at, now, LEARNED_KEEP_MS);
}

/* ---- families ---- */

/* What one refusal takes from a family, and what it adds. */
static const struct {
	unsigned kind, less, more; /* enum refusal, enum family_can */
} corrections[] = {
	{ REFUSED_UNSIGNED, 0, FAMILY_SIGNATURES },
	{ REFUSED_SAMPLING, FAMILY_SAMPLING, 0 },
	{ REFUSED_SAMPLE, FAMILY_SAMPLING, 0 },
	{ REFUSED_PENALTIES, FAMILY_PENALTIES, 0 },
	{ REFUSED_CANDIDATES, FAMILY_CANDIDATES, 0 },
	{ REFUSED_PREFILL, FAMILY_PREFILL, 0 },
	{ REFUSED_JSON_TOOLS, FAMILY_JSON_TOOLS, 0 },
	{ REFUSED_JSON, FAMILY_JSON_TOOLS, 0 },
	{ REFUSED_MIX, FAMILY_MIX, 0 },
	{ REFUSED_VALIDATED, FAMILY_VALIDATED, 0 },
	{ REFUSED_MEDIA, FAMILY_MEDIA, 0 },
	{ REFUSED_CALL_IDS, FAMILY_CALL_IDS, 0 },
	{ REFUSED_CALLS, 0, FAMILY_NO_CALLS },
	{ REFUSED_AUDIO_FORMATS, FAMILY_AUDIO_FORMATS, 0 },
	{ REFUSED_IMAGE_WIDE, FAMILY_IMAGE_WIDE, 0 },
	{ REFUSED_IMAGE_SIZES, FAMILY_IMAGE_SIZES | FAMILY_IMAGE_WIDE, 0 },
	{ REFUSED_TRANSCRIPTION, FAMILY_TRANSCRIBE, 0 },
};

/* Within what all models that think by budget take. */
static const struct family any_budget = {
	.thinking = THINKING_BUDGET, .budget_min = 1024, .budget_max = 24576
};

static void
correct_budget(struct family *f, const struct refusals *refused)
{
	if ((refused->kinds & REFUSED_BUDGET_OFF) != 0)
		f->budget_off = false;
	if ((refused->kinds & REFUSED_BUDGET_RANGE) != 0 && refused->budget_max > 0) {
		f->budget_min = refused->budget_min;
		f->budget_max = refused->budget_max;
	}
}

/* The knob that is refused gives way to the other one, both to none. */
static void
correct_thinking(struct family *f, const struct refusals *refused)
{
	unsigned kinds = refused->kinds;

	f->levels &= ~(kinds & REFUSED_ANY_LEVEL);
	if (f->thinking == THINKING_LEVEL && ((kinds & REFUSED_LEVELS) != 0 || f->levels == 0)) {
		f->thinking = any_budget.thinking;
		f->budget_off = any_budget.budget_off;
		f->budget_min = any_budget.budget_min;
		f->budget_max = any_budget.budget_max;
	} else if (f->thinking == THINKING_BUDGET && (kinds & REFUSED_BUDGETS) != 0) {
		f->thinking = THINKING_LEVEL;
		f->levels = (LEVEL_LOW | LEVEL_MEDIUM | LEVEL_HIGH) & ~(kinds & REFUSED_ANY_LEVEL);
	}
	if (f->thinking == THINKING_BUDGET)
		correct_budget(f, refused);
	if ((kinds & REFUSED_THINKING) != 0 ||
	    (f->thinking == THINKING_BUDGET && (kinds & REFUSED_BUDGETS) != 0) ||
	    (f->thinking == THINKING_LEVEL && ((kinds & REFUSED_LEVELS) != 0 || f->levels == 0)))
		f->thinking = THINKING_NONE;
}

static const struct family *
row_of(const struct families *families, const char *name, const struct lesson *lesson)
{
	bool other = lesson->served_by[0] != '\0' && !families_has(families, name);

	return families_of(families, other ? lesson->served_by : name);
}

struct family
learned_family(const struct families *families, const char *name, const struct lesson *lesson)
{
	struct family f = *row_of(families, name, lesson);

	for (size_t i = 0; i < ARRAY_SIZE(corrections); i++)
		if ((lesson->refused.kinds & corrections[i].kind) != 0)
			f.can = (f.can & ~corrections[i].less) | corrections[i].more;
	if (f.thinking != THINKING_NONE)
		correct_thinking(&f, &lesson->refused);
	return f;
}

enum learned_news
learned_is_news(const struct families *families, const char *name, const struct lesson *lesson,
    const char *version)
{
	static const unsigned made = FAMILY_AUDIO_OUT | FAMILY_IMAGE_OUT | FAMILY_TRANSCRIBE;
	bool known = lesson->served_by[0] != '\0' && !lesson->aging;
	const struct family *told, *own;

	if (strcmp(version, lesson->served_by) == 0)
		return lesson->aging ? LEARNED_SAME : LEARNED_NOTHING;
	if (lesson->served_by[0] == '\0' && strcmp(version, name) == 0)
		return LEARNED_NOTHING;
	told = families_of(families, version);
	/* A name that fits no row tells nothing. */
	if (told->prefix[0] == '\0')
		return LEARNED_NOTHING;
	/* Two versions of one family may take turns. */
	if (told == row_of(families, name, lesson))
		return known ? LEARNED_NOTHING : LEARNED_SAME;
	/* What a model makes is in its name, even if its answer names the one it was made from. */
	own = families_of(families, name);
	return own->prefix[0] == '\0' || ((own->can ^ told->can) & made) == 0 ? LEARNED_OTHER
	                                                                      : LEARNED_NOTHING;
}

/* ---- modelVersion ---- */

static struct slice
learned_skip_blanks(struct slice s)
{
	size_t n = 0;

	while (n < s.len && strchr(" \t\r\n", s.ptr[n]) != NULL && s.ptr[n] != '\0')
		n++;
	return slice_skip(s, n);
}

/* Is what follows the end of the outermost object? An object inside is followed by more. The events
 * of an array begin their lines with the comma, those of a list inside one do not. */
static bool
is_outermost(struct slice rest)
{
	bool string = false, line;
	int depth = 0;

	for (; rest.len > 0 && depth >= 0; rest = slice_skip(rest, 1)) {
		char c = rest.ptr[0];

		if (c == '\\' && string && rest.len > 1)
			rest = slice_skip(rest, 1);
		else if (c == '"')
			string = !string;
		else if (!string && (c == '{' || c == '['))
			depth++;
		else if (!string && (c == '}' || c == ']'))
			depth--;
	}
	if (depth >= 0)
		return false;
	line = slice_starts(rest, SLICE("\n")) || slice_starts(rest, SLICE("\r\n"));
	rest = learned_skip_blanks(rest);
	if (slice_starts(rest, SLICE("]")))
		return learned_skip_blanks(slice_skip(rest, 1)).len == 0;
	if (slice_starts(rest, SLICE(",")))
		return line && slice_starts(learned_skip_blanks(slice_skip(rest, 1)), SLICE("{"));
	return rest.len == 0 || slice_starts(rest, SLICE("data:"));
}

/* The string behind a colon, and what follows it. */
static bool
read_value(struct slice s, struct slice *ret_value, struct slice *ret_rest)
{
	const char *end;

	s = learned_skip_blanks(s);
	if (!slice_starts(s, SLICE(":")))
		return false;
	s = learned_skip_blanks(slice_skip(s, 1));
	if (!slice_starts(s, SLICE("\"")))
		return false;
	s = slice_skip(s, 1);
	end = memchr(s.ptr, '"', s.len);
	if (end == NULL)
		return false;
	*ret_value = (struct slice){ s.ptr, (size_t)(end - s.ptr) };
	*ret_rest = slice_skip(s, ret_value->len + 1);
	return true;
}

bool
learned_version(struct slice bytes, struct slice *ret)
{
	static const struct slice key = { "\"modelVersion\"", 14 }, prefix = { "models/", 7 };
	struct slice value, rest;
	ptrdiff_t at;

	while ((at = slice_find(bytes, key)) >= 0) {
		bytes = slice_skip(bytes, (size_t)at + key.len);
		if (!read_value(bytes, &value, &rest) || !is_outermost(rest))
			continue;
		if (slice_starts(value, prefix))
			value = slice_skip(value, prefix.len);
		*ret = value;
		return is_name(value) && memchr(value.ptr, '\\', value.len) == NULL;
	}
	return false;
}
