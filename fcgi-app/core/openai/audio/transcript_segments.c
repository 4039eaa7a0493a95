/* Words to segments that can be read as subtitles. */
#include "config.h"

#include "transcript.h"

#include <string.h>

#include "base/xalloc.h"

#define PAUSE_S      0.8 /* a silence that ends a segment */
#define SENTENCE_S   1.5 /* a sentence ends a segment that is at least as long: not after "Mr." */
#define SEGMENT_S    7   /* the longest */
#define SEGMENT_TEXT 84  /* bytes: two lines of a subtitle */

static const char *
base_of(const struct transcript *t, const struct transcript_word *word)
{
	return word->apart ? t->apart.data : t->text.data;
}

struct slice
transcript_word_text(const struct transcript *t, const struct transcript_word *word)
{
	return (struct slice){ base_of(t, word) + word->from, word->len };
}

static bool
ends_sentence(struct slice text)
{
	static const struct slice marks[] = { { ".", 1 }, { "!", 1 }, { "?", 1 },
		{ "\xE3\x80\x82", 3 }, { "\xEF\xBC\x81", 3 }, { "\xEF\xBC\x9F", 3 },
		{ "\xE2\x80\xA6", 3 }, { "\xE0\xA5\xA4", 3 } };
	static const struct slice closers[] = { { "\"", 1 }, { "'", 1 }, { ")", 1 },
		{ "\xE2\x80\x9D", 3 }, { "\xE2\x80\x99", 3 }, { "\xC2\xBB", 2 },
		{ "\xE3\x80\x8D", 3 } };

	text = slice_trim(text);
	for (size_t i = 0; i < ARRAY_SIZE(closers); i++)
		if (slice_ends(text, closers[i]))
			text.len -= closers[i].len;
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		if (slice_ends(text, marks[i]))
			return true;
	return false;
}

/* Does `next` begin a segment, when the one at hand goes from `first` to `last`? */
static bool
segments_breaks(const struct transcript *t, const struct transcript_word *first,
    const struct transcript_word *last, const struct transcript_word *next)
{
	struct slice text = { base_of(t, last) + last->from, last->to - last->from };
	size_t bytes = next->from + next->len - first->from;

	if (last->phrase || next->phrase || last->speaker != next->speaker ||
	    last->apart != next->apart || next->from < last->to)
		return true;
	if (next->start - last->end >= PAUSE_S)
		return true;
	if (last->end - first->start >= SENTENCE_S && ends_sentence(text))
		return true;
	return next->end - first->start > SEGMENT_S || bytes > SEGMENT_TEXT;
}

bool
transcript_next(const struct transcript *t, size_t *at, struct transcript_segment *ret)
{
	const struct transcript_word *first, *last;

	if (*at >= t->count)
		return false;
	first = last = &t->words[(*at)++];
	*ret = (struct transcript_segment){
		.start = first->start, .end = first->end, .speaker = first->speaker
	};
	while (*at < t->count && !segments_breaks(t, first, last, &t->words[*at])) {
		last = &t->words[(*at)++];
		ret->end = last->end > ret->end ? last->end : ret->end;
	}
	ret->text =
	    slice_trim((struct slice){ base_of(t, first) + first->from, last->to - first->from });
	return true;
}

void
transcript_speaker(unsigned speaker, char ret[TRANSCRIPT_SPEAKER_MAX])
{
	char *at = ret;

	if (speaker >= 26)
		*at++ = (char)('A' + (speaker / 26 - 1) % 26);
	*at++ = (char)('A' + speaker % 26);
	*at = '\0';
}
