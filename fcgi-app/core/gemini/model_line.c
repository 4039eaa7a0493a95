/* Model names taken apart by a table of words, and ranked. */
#include "config.h"

#include "core/gemini/model_line.h"

#include <string.h>

#include "base/edit_distance.h"
#include "base/xalloc.h"

#define NEAR_MAX   3    /* letters by which a misspelt name may differ */
#define NEAR_NAMES 1000 /* names of a list that are looked at for that */

enum tier { TIER_NONE, TIER_PRO, TIER_FLASH, TIER_LITE };

struct name_parts {
	enum model_kind kind;
	enum tier tier;
	unsigned version; /* 3.8 is 3008; 0: none */
	bool evergreen, preview, variant;
	bool dated; /* a revision or a date behind it */
	size_t len;
};

/* clang-format off */
enum word_sort { WORD_NAME, WORD_TIER, WORD_KIND, WORD_EVERGREEN, WORD_PREVIEW, WORD_VARIANT, WORD_SKIP };

static const struct {
	const char *word;
	enum word_sort sort;
	int value; /* enum tier or enum model_kind */
} name_words[] = {
	{ "gemini",       WORD_NAME,      0 },
	{ "pro",          WORD_TIER,      TIER_PRO },
	{ "flash",        WORD_TIER,      TIER_FLASH },
	{ "lite",         WORD_TIER,      TIER_LITE },
	{ "8b",           WORD_TIER,      TIER_LITE },
	{ "image",        WORD_KIND,      MODEL_KIND_IMAGE },
	{ "banana",       WORD_KIND,      MODEL_KIND_IMAGE },
	{ "nano",         WORD_NAME,      0 },
	{ "tts",          WORD_KIND,      MODEL_KIND_SPEECH },
	{ "transcribe",   WORD_KIND,      MODEL_KIND_TRANSCRIPT },
	{ "live",         WORD_KIND,      MODEL_KIND_LIVE },
	{ "audio",        WORD_KIND,      MODEL_KIND_LIVE },
	{ "native",       WORD_SKIP,      0 },
	{ "embedding",    WORD_KIND,      MODEL_KIND_EMBEDDING },
	{ "latest",       WORD_EVERGREEN, 0 },
	{ "preview",      WORD_PREVIEW,   0 },
	{ "exp",          WORD_PREVIEW,   0 },
	{ "experimental", WORD_PREVIEW,   0 },
	{ "generation",   WORD_SKIP,      0 },
	{ "customtools",  WORD_VARIANT,   0 },
	{ "thinking",     WORD_VARIANT,   0 },
};
/* clang-format on */

static bool
line_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* `3`, `3.8`: up to two digits each. A number in front of which there was one, or with a leading
 * zero or more digits, is a revision or a date. */
static bool
line_read_number(struct slice word, struct name_parts *p)
{
	unsigned part[2] = { 0, 0 }, at = 0, digits = 0;

	for (size_t i = 0; i < word.len; i++) {
		if (word.ptr[i] == '.' && at == 0 && digits > 0) {
			at = 1;
			digits = 0;
		} else if (line_is_digit(word.ptr[i]) && digits < 8) {
			part[at] = part[at] * 10 + (unsigned)(word.ptr[i] - '0');
			digits++;
		} else {
			return false;
		}
	}
	if (digits == 0)
		return false;
	if (p->version != 0 || p->preview || word.ptr[0] == '0' || part[0] > 99 || part[1] > 99)
		p->dated = true;
	else
		p->version = part[0] * 1000 + part[1];
	return true;
}

static bool
line_read_word(struct slice word, struct name_parts *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(name_words); i++) {
		if (!slice_eq(word, slice_str(name_words[i].word)))
			continue;
		switch (name_words[i].sort) {
		case WORD_TIER:
			p->tier = (enum tier)name_words[i].value;
			break;
		case WORD_KIND:
			p->kind = (enum model_kind)name_words[i].value;
			break;
		case WORD_EVERGREEN:
			p->evergreen = true;
			break;
		case WORD_PREVIEW:
			p->preview = true;
			break;
		case WORD_VARIANT:
			p->variant = true;
			break;
		case WORD_NAME:
		case WORD_SKIP:
			break;
		}
		return true;
	}
	return line_read_number(word, p);
}

/* kind NONE when a word is not known. */
static struct name_parts
parts_of(struct slice name)
{
	struct name_parts p = { .len = name.len };
	struct slice rest = name, word;

	if (!slice_starts(name, SLICE("gemini-")) && !slice_starts(name, SLICE("nano-banana")))
		return (struct name_parts){ 0 };
	while (slice_split(&rest, '-', &word))
		if (!line_read_word(word, &p))
			return (struct name_parts){ 0 };
	if (p.kind == MODEL_KIND_NONE && p.tier != TIER_NONE)
		p.kind = MODEL_KIND_TEXT;
	return p;
}

enum model_kind
model_line_kind(struct slice name)
{
	return parts_of(name).kind;
}

bool
model_line_moves(struct slice name)
{
	switch (model_line_kind(name)) {
	case MODEL_KIND_TEXT:
	case MODEL_KIND_IMAGE:
	case MODEL_KIND_SPEECH:
	case MODEL_KIND_TRANSCRIPT:
		return true;
	case MODEL_KIND_NONE:
	case MODEL_KIND_LIVE:
	case MODEL_KIND_EMBEDDING:
		break;
	}
	return false;
}

/* Is a the better one to take the place of `asked`? */
static bool
is_better(const struct name_parts *a, const struct name_parts *b, const struct name_parts *asked)
{
	bool near_a = a->tier == asked->tier, near_b = b->tier == asked->tier;

	if (near_a != near_b)
		return near_a;
	if (a->evergreen != b->evergreen)
		return a->evergreen;
	if (a->preview != b->preview)
		return b->preview;
	if (a->version != b->version)
		return a->version > b->version;
	if (a->variant != b->variant)
		return b->variant;
	if (a->dated != b->dated)
		return b->dated;
	return a->len < b->len;
}

bool
model_line_newest(struct slice names, struct slice name,
    bool (*usable)(void *ctx, struct slice name), void *ctx, char ret[MODEL_NAME_MAX])
{
	struct name_parts asked = parts_of(name), best = { 0 };
	struct slice one, found = SLICE("");
	unsigned highest = 0;

	if (asked.kind == MODEL_KIND_NONE)
		return false;
	while (slice_split(&names, '\n', &one)) {
		struct name_parts p = parts_of(one);

		highest = p.version > highest ? p.version : highest;
		if (p.kind != asked.kind || one.len >= MODEL_NAME_MAX ||
		    (p.kind == MODEL_KIND_TEXT && p.tier != asked.tier) ||
		    (found.len > 0 && !is_better(&p, &best, &asked)) || !usable(ctx, one))
			continue;
		best = p;
		found = one;
	}
	if (found.len == 0 || slice_eq(found, name) || asked.version > highest)
		return false;
	memcpy(ret, found.ptr, found.len);
	ret[found.len] = '\0';
	return true;
}

/* ---- misspelt names ---- */

struct slice
model_line_near(struct slice names, struct slice name)
{
	struct slice one, found = SLICE("");
	size_t best = NEAR_MAX + 1;

	for (size_t i = 0; i < NEAR_NAMES && slice_split(&names, '\n', &one); i++) {
		size_t distance = edit_distance(one, name, NEAR_MAX);

		if (one.len < MODEL_NAME_MAX && distance < best && !slice_eq(one, name)) {
			best = distance;
			found = one;
		}
	}
	return found;
}
