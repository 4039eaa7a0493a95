/* The table of model families, and an operator's rows in front of it. */
#include "config.h"

#include "core/gemini/family.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"

#define GEMINI_2       (FAMILY_SAMPLING | FAMILY_CANDIDATES | FAMILY_PREFILL)
#define GEMINI_2_IMAGE (FAMILY_SAMPLING | FAMILY_PREFILL | FAMILY_IMAGE_OUT | FAMILY_NO_CALLS)
#define GEMINI_2_AUDIO (FAMILY_SAMPLING | FAMILY_PREFILL | FAMILY_AUDIO_OUT | FAMILY_NO_CALLS)
#define GEMINI_3 \
	(FAMILY_MIX | FAMILY_JSON_TOOLS | FAMILY_CALL_IDS | FAMILY_SIGNATURES | FAMILY_MEDIA | \
	    FAMILY_VALIDATED)
#define GEMINI_3_AUDIO   (GEMINI_3 | FAMILY_AUDIO_OUT | FAMILY_NO_CALLS)
#define GEMINI_3_SOUNDS  (GEMINI_3_AUDIO | FAMILY_AUDIO_FORMATS)
#define GEMINI_3_IMAGE   (GEMINI_3 | FAMILY_IMAGE_OUT | FAMILY_NO_CALLS)
#define GEMINI_3_SIZES   (GEMINI_3_IMAGE | FAMILY_IMAGE_SIZES)
#define GEMINI_3_WIDE    (GEMINI_3_SIZES | FAMILY_IMAGE_WIDE)
#define GEMINI_3_HEARS   (GEMINI_3 | FAMILY_TRANSCRIBE | FAMILY_NO_CALLS)
#define GEMINI_3_PREFILL (GEMINI_3 | FAMILY_PREFILL)

#define NONE                    THINKING_NONE, 0, false, 0, 0
#define BUDGET(off, least, max) THINKING_BUDGET, 0, off, least, max
#define LEVELS(levels)          THINKING_LEVEL, levels, false, 0, 0

#define L_MH   (LEVEL_MINIMAL | LEVEL_HIGH)
#define L_LMH  (LEVEL_LOW | LEVEL_MEDIUM | LEVEL_HIGH)
#define L_MLMH (LEVEL_MINIMAL | L_LMH)
#define L_LMHX (L_LMH | LEVEL_XHIGH)

/* clang-format off */
/* The first prefix that fits wins, so longer ones stand first. */
static const struct family built_in[] = {
	/* Thinking: Google's guide "Gemini thinking". A model turn at the end: refused from
	 * 3.5-flash-lite and 3.6 on. Image, speech and transcription models take no thinkingConfig
	 * unless listed with levels. */
	{ "gemini-1.",                    GEMINI_2 | FAMILY_PENALTIES,       NONE },
	{ "gemini-2.0-flash-preview-image", GEMINI_2_IMAGE,                  NONE },
	{ "gemini-2.0-flash-exp-image",   GEMINI_2_IMAGE,                    NONE },
	{ "gemini-2.0-",                  GEMINI_2 | FAMILY_PENALTIES,       NONE },
	{ "gemini-2.5-flash-image",       GEMINI_2_IMAGE,                    NONE },
	{ "gemini-2.5-flash-preview-tts", GEMINI_2_AUDIO,                    NONE },
	{ "gemini-2.5-pro-preview-tts",   GEMINI_2_AUDIO,                    NONE },
	{ "gemini-2.5-flash-tts",         GEMINI_2_AUDIO,                    NONE },
	{ "gemini-2.5-pro-tts",           GEMINI_2_AUDIO,                    NONE },
	{ "gemini-2.5-flash-lite",        GEMINI_2,                          BUDGET(true, 512, 24576) },
	{ "gemini-2.5-flash",             GEMINI_2,                          BUDGET(true, 1, 24576) },
	{ "gemini-2.5-pro",               GEMINI_2,                          BUDGET(false, 128, 32768) },
	{ "gemini-2.",                    GEMINI_2,                          NONE },
	{ "gemini-3-pro-image",           GEMINI_3_SIZES | FAMILY_PREFILL,   NONE },
	{ "gemini-3-flash",               GEMINI_3_PREFILL,                  LEVELS(L_MLMH) },
	{ "gemini-3-",                    GEMINI_3_PREFILL,                  LEVELS(L_LMH) },
	{ "gemini-3.1-flash-image",       GEMINI_3_WIDE | FAMILY_PREFILL,    LEVELS(L_MH) },
	{ "gemini-3.1-flash-lite-image",  GEMINI_3_IMAGE | FAMILY_PREFILL,   LEVELS(L_MH) },
	{ "gemini-3.1-flash-tts",         GEMINI_3_AUDIO | FAMILY_PREFILL,   NONE },
	{ "gemini-3.1-flash-lite",        GEMINI_3_PREFILL,                  LEVELS(L_MLMH) },
	{ "gemini-3.1-",                  GEMINI_3_PREFILL,                  LEVELS(L_LMH) },
	{ "gemini-3.5-flash-lite",        GEMINI_3,                          LEVELS(L_MLMH) },
	{ "gemini-3.5-flash",             GEMINI_3_PREFILL,                  LEVELS(L_MLMH) },
	{ "gemini-3.5-transcribe",        GEMINI_3_HEARS,                    NONE },
	{ "gemini-3.6-flash",             GEMINI_3,                          LEVELS(L_MLMH) },
	{ "gemini-nano-banana",           GEMINI_3_WIDE,                     NONE },
	{ "nano-banana-pro",              GEMINI_3_SIZES | FAMILY_PREFILL,   NONE },
	{ "nano-banana",                  GEMINI_3_WIDE | FAMILY_PREFILL,    NONE },
	/* Names to come: what every model since 3.6 does, and the newest of each kind. Another model
	 * may stand behind a name that ends in -latest from one day to the next: what all do that
	 * are served now. */
	{ "gemini-*-tts",                 GEMINI_3_SOUNDS,                   NONE },
	{ "gemini-*-transcribe",          GEMINI_3_HEARS,                    NONE },
	{ "gemini-*-image",               GEMINI_3_WIDE,                     NONE },
	{ "gemini-4-hydrogen",            GEMINI_3,                          LEVELS(L_LMHX) },
	{ "gemini-4-neon",                GEMINI_3,                          LEVELS(L_LMHX) },
	{ "gemini-4-",                    GEMINI_3,                          LEVELS(L_LMH) },
	{ "gemini-flash-lite-latest",     GEMINI_3,                          LEVELS(L_MLMH) },
	{ "gemini-flash-latest",          GEMINI_3,                          LEVELS(L_LMH) },
	{ "gemini-pro-latest",            GEMINI_3,                          LEVELS(L_LMH) },
	{ "gemini-",                      GEMINI_3,                          LEVELS(L_LMH) },
	{ "gemma-3",                      FAMILY_SAMPLING | FAMILY_NO_CALLS, NONE },
	{ "gemma-4-",                     FAMILY_SAMPLING,                   LEVELS(L_MH) },
	{ "",                             FAMILY_SAMPLING,                   NONE },
};

struct word {
	const char *text;
	unsigned bit;
};

static const struct word capabilities[] = {
	{ "sampling",   FAMILY_SAMPLING },   { "penalties",  FAMILY_PENALTIES },
	{ "candidates", FAMILY_CANDIDATES }, { "prefill",    FAMILY_PREFILL },
	{ "mix",        FAMILY_MIX },        { "json_tools", FAMILY_JSON_TOOLS },
	{ "call_ids",   FAMILY_CALL_IDS },   { "signatures", FAMILY_SIGNATURES },
	{ "media",      FAMILY_MEDIA },      { "validated",  FAMILY_VALIDATED },
	{ "audio",      FAMILY_AUDIO_OUT },  { "image",      FAMILY_IMAGE_OUT },
	{ "audio_formats", FAMILY_AUDIO_FORMATS }, { "image_sizes", FAMILY_IMAGE_SIZES },
	{ "image_wide", FAMILY_IMAGE_WIDE }, { "transcribe", FAMILY_TRANSCRIBE },
	{ "no_calls",   FAMILY_NO_CALLS },
	{ 0 }
};

static const struct word levels[] = {
	{ "minimal", LEVEL_MINIMAL }, { "low", LEVEL_LOW }, { "medium", LEVEL_MEDIUM },
	{ "high", LEVEL_HIGH },       { "xhigh", LEVEL_XHIGH },
	{ 0 }
};
/* clang-format on */

struct families {
	struct family *rows;
	char **prefixes; /* the owners of rows[].prefix */
	size_t count;
};

static bool
family_fits(const struct family *row, const char *name)
{
	const char *star = row->prefix;
	struct slice rest, piece;
	ptrdiff_t at;

	/* Most rows end at once: every request asks all that stand before its own. */
	for (; *star != '\0' && *star != '*'; star++, name++)
		if (*star != *name)
			return false;
	rest = slice_str(name);
	for (struct slice more = slice_str(star); slice_split(&more, '*', &piece);) {
		at = slice_find(rest, piece);
		if (at < 0)
			return false;
		rest.ptr += (size_t)at + piece.len;
		rest.len -= (size_t)at + piece.len;
	}
	return true;
}

const struct family *
family_of(const char *name)
{
	size_t i = 0;

	while (!family_fits(&built_in[i], name))
		i++;
	return &built_in[i];
}

static const struct family *
own_row(const struct families *f, const char *name)
{
	for (size_t i = 0; f != NULL && i < f->count; i++)
		if (family_fits(&f->rows[i], name))
			return &f->rows[i];
	return NULL;
}

const struct family *
families_of(const struct families *f, const char *name)
{
	const struct family *own = own_row(f, name);

	return own != NULL ? own : family_of(name);
}

bool
families_has(const struct families *f, const char *name)
{
	return own_row(f, name) != NULL;
}

/* ---- an operator's rows ---- */

/* The bit of a word, or 0. */
static unsigned
bit_of(const struct word *words, struct slice text)
{
	for (; words->text != NULL; words++)
		if (slice_eq(slice_str(words->text), text))
			return words->bit;
	return 0;
}

static bool
cut_prefix(struct slice *s, struct slice prefix)
{
	if (!slice_starts(*s, prefix))
		return false;
	*s = slice_skip(*s, prefix.len);
	return true;
}

static const char *
read_levels(struct family *row, struct slice list)
{
	struct slice word;

	row->thinking = THINKING_LEVEL;
	row->levels = 0;
	while (slice_split(&list, ',', &word)) {
		unsigned bit = bit_of(levels, word);

		if (bit == 0)
			return "a level is one of minimal, low, medium, high, xhigh";
		row->levels |= bit;
	}
	return row->levels != 0 ? NULL : "level= needs a level";
}

static const char *
read_budget(struct family *row, struct slice range)
{
	uint64_t least, most;
	struct slice text;

	row->thinking = THINKING_BUDGET;
	row->budget_off = cut_prefix(&range, SLICE("0,"));
	if (!slice_split(&range, '-', &text) || !slice_u64(text, &least) ||
	    !slice_u64(range, &most) || most > INT32_MAX || least > most || most == 0)
		return "budget= needs a range, for example 128-32768";
	if (least == 0) {
		row->budget_off = true;
		least = 1;
	}
	row->budget_min = (int32_t)least;
	row->budget_max = (int32_t)most;
	return NULL;
}

/* base: the row that this one is like, or NULL. */
static const char *
family_read_word(struct family *row, struct slice word, const struct family *base)
{
	bool more = cut_prefix(&word, SLICE("+")), less = cut_prefix(&word, SLICE("-"));
	unsigned bit;

	if ((more || less) && base == NULL)
		return "+ and - need a like=NAME before them";
	if (!more && !less && cut_prefix(&word, SLICE("level=")))
		return read_levels(row, word);
	if (!more && !less && cut_prefix(&word, SLICE("budget=")))
		return read_budget(row, word);
	if (!more && !less && slice_eq(word, SLICE("thinking=none"))) {
		row->thinking = THINKING_NONE;
		return NULL;
	}
	bit = bit_of(capabilities, word);
	if (bit == 0)
		return "an unknown word";
	row->can = less ? row->can & ~bit : row->can | bit;
	return NULL;
}

/* The next word of a line; false at its end. */
static bool
next_word(struct slice *line, struct slice *ret)
{
	size_t len = 0;

	*line = slice_trim(*line);
	while (len < line->len && line->ptr[len] != ' ' && line->ptr[len] != '\t')
		len++;
	*ret = (struct slice){ line->ptr, len };
	*line = slice_skip(*line, len);
	return len > 0;
}

static const char *
read_line(struct families *f, struct slice line)
{
	const struct family *base = NULL;
	struct family row = { 0 };
	struct slice word, prefix;
	const char *error = NULL;
	bool first = true;

	if (!next_word(&line, &prefix))
		return NULL;
	while (error == NULL && next_word(&line, &word)) {
		if (cut_prefix(&word, SLICE("like="))) {
			char *name = xstrndup(word.ptr, word.len);

			base = families_of(f, name);
			row = *base;
			free(name);
			error = first ? NULL : "like= stands first";
		} else {
			error = family_read_word(&row, word, base);
		}
		first = false;
	}
	if (error == NULL && first)
		error = "a row needs a word after its prefix";
	if (error != NULL)
		return error;
	f->rows = xrealloc(f->rows, (f->count + 1) * sizeof(*f->rows));
	f->prefixes = xrealloc(f->prefixes, (f->count + 1) * sizeof(*f->prefixes));
	f->prefixes[f->count] = xstrndup(prefix.ptr, prefix.len);
	row.prefix = f->prefixes[f->count];
	f->rows[f->count++] = row;
	return NULL;
}

struct families *
families_new(const char *text, const char **ret_error, size_t *ret_line)
{
	struct families *f = xcalloc(1, sizeof(*f));
	struct slice lines = slice_str(text), line, part;
	size_t number = 0;

	while (slice_split(&lines, '\n', &line)) {
		const char *error = NULL;

		number++;
		if (slice_split(&line, '#', &part))
			error = read_line(f, part);
		if (error != NULL) {
			*ret_error = error;
			*ret_line = number;
			families_free(f);
			return NULL;
		}
	}
	return f;
}

void
families_free(struct families *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < f->count; i++)
		free(f->prefixes[i]);
	free(f->prefixes);
	free(f->rows);
	free(f);
}
