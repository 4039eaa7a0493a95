/*
 * A transcript from the parts of an answer. Text may come as `text` or within audioTranscription,
 * and what comes first is what counts: the other would say it all again. Words with times are
 * looked up in the text, so that segments keep its punctuation and its blanks.
 */
#include "config.h"

#include "transcript.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"

#define TRANSCRIPT_MAX (16 * MIB) /* the text of one transcript */

#define GAP_MAX      64      /* bytes of text between a word and the next */
#define SPEAKERS_MAX 702     /* A to ZZ; later ones count as the last */
#define SECONDS_MAX  1000000 /* more than any recording */

void
transcript_init(struct transcript *t)
{
	memset(t, 0, sizeof(*t));
	buf_init(&t->text, TRANSCRIPT_MAX);
	buf_init(&t->apart, TRANSCRIPT_MAX);
}

void
transcript_release(struct transcript *t)
{
	for (size_t i = 0; i < t->speaker_count; i++)
		free(t->speakers[i]);
	free(t->speakers);
	free(t->words);
	buf_release(&t->text);
	buf_release(&t->apart);
	transcript_init(t);
}

/* ---- text ---- */

static bool
transcript_is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* Thai to the end of the kana and ideographs: written without blanks between words. */
static bool
is_dense(struct slice s)
{
	const unsigned char *p = (const unsigned char *)s.ptr;
	unsigned c;

	if (s.len < 3 || p[0] < 0xE0)
		return false;
	if (p[0] >= 0xF0)
		return true;
	c = (p[0] & 15u) << 12 | (p[1] & 63u) << 6 | (p[2] & 63u);
	/* Hangul is written with blanks. */
	return (c >= 0x0E00 && c < 0x1000) || (c >= 0x2E80 && c < 0xA000) ||
	       (c >= 0xF900 && c < 0xFB00) || c >= 0xFF00;
}

/* Appends a piece that stands for itself: a blank comes between it and what is there. */
static void
add_apart(struct buf *out, struct slice piece)
{
	if (out->len > 0 && piece.len > 0 && !transcript_is_blank(out->data[out->len - 1]) &&
	    !transcript_is_blank(piece.ptr[0]) && !is_dense(piece))
		buf_addc(out, ' ');
	buf_add_slice(out, piece);
}

/* ---- words ---- */

/* Google's durations: "1.250s". */
static bool
read_offset(json_object *value, double *ret)
{
	struct slice text = json_str(value);
	char digits[32], *end;
	double seconds;

	if (text.len == 0 || text.len >= sizeof(digits))
		return false;
	memcpy(digits, text.ptr, text.len);
	digits[text.len] = '\0';
	seconds = strtod(digits, &end);
	if (end == digits || strcmp(end, "s") != 0 || !(seconds <= SECONDS_MAX))
		return false; /* NaN is not below anything */
	*ret = seconds < 0 ? 0 : seconds;
	return true;
}

/* Times of a word or a part; what is absent follows from what came before. */
static void
set_times(struct transcript *t, struct transcript_word *word, json_object *object)
{
	word->start = t->count > 0 ? t->words[t->count - 1].end : 0;
	read_offset(json_get(object, "startOffset"), &word->start);
	word->end = word->start;
	read_offset(json_get(object, "endOffset"), &word->end);
	if (word->end < word->start)
		word->end = word->start;
	if (t->last < word->end)
		t->last = word->end;
}

static void
add_word(struct transcript *t, const struct transcript_word *word)
{
	if (t->count == TRANSCRIPT_WORDS) {
		t->failed = true;
		return;
	}
	if (t->count == t->room) {
		t->room = t->room > 0 ? t->room * 2 : 64;
		t->words = xrealloc(t->words, t->room * sizeof(*t->words));
	}
	t->words[t->count++] = *word;
}

static struct slice
word_of(json_object *words, size_t i)
{
	return slice_trim(json_get_str(json_object_array_get_idx(words, i), "word"));
}

/* Sets the ranges of the words from index `first` on. False when one is not where it should be:
 * within a few bytes behind the one before. */
static bool
transcript_align(struct transcript *t, json_object *words, size_t first)
{
	size_t at = t->cursor, n = first;

	if (t->text.len == 0)
		return false;
	for (size_t i = 0; i < json_object_array_length(words); i++) {
		struct slice word = word_of(words, i), left;
		ptrdiff_t found;

		if (word.len == 0)
			continue;
		left = (struct slice){ t->text.data + at, t->text.len - at };
		if (left.len > word.len + GAP_MAX)
			left.len = word.len + GAP_MAX;
		found = slice_find(left, word);
		if (found < 0)
			return false;
		t->words[n].from = at + (size_t)found;
		if (n > 0 && !t->words[n - 1].apart && t->words[n - 1].to > t->words[n].from)
			t->words[n - 1].to = t->words[n].from;
		t->words[n].to = t->text.len;
		at = t->words[n++].from + word.len;
	}
	t->cursor = at;
	return true;
}

static void
set_apart(struct transcript *t, json_object *words, size_t first)
{
	size_t n = first;

	for (size_t i = 0; i < json_object_array_length(words); i++) {
		struct slice word = word_of(words, i);
		struct transcript_word *w = &t->words[n];

		if (word.len == 0)
			continue;
		add_apart(&t->apart, word);
		w->apart = true;
		w->from = t->apart.len - (t->apart.failed ? 0 : word.len);
		w->to = t->apart.len;
		w->len = w->to - w->from;
		n++;
	}
}

static void
add_words(struct transcript *t, json_object *words)
{
	size_t first = t->count, before = t->cursor;

	for (size_t i = 0; i < json_object_array_length(words) && !t->failed; i++) {
		struct transcript_word word = { .speaker = t->speaker };

		word.len = word_of(words, i).len;
		if (word.len == 0)
			continue;
		set_times(t, &word, json_object_array_get_idx(words, i));
		add_word(t, &word);
	}
	if (t->failed || t->count == first || transcript_align(t, words, first))
		return;
	t->cursor = before;
	set_apart(t, words, first);
}

/* ---- parts ---- */

static void
set_speaker(struct transcript *t, struct slice label)
{
	for (size_t i = 0; i < t->speaker_count; i++) {
		if (slice_eq(slice_str(t->speakers[i]), label)) {
			t->speaker = (uint16_t)i;
			return;
		}
	}
	if (t->speaker_count == SPEAKERS_MAX)
		return;
	t->speakers = xrealloc(t->speakers, (t->speaker_count + 1) * sizeof(*t->speakers));
	t->speakers[t->speaker_count] = xstrndup(label.ptr, label.len);
	t->speaker = (uint16_t)t->speaker_count++;
}

static void
join_words(json_object *words, struct buf *out)
{
	for (size_t i = 0; i < json_object_array_length(words); i++)
		add_apart(out, word_of(words, i));
}

/* text: also of the part itself, beside its transcription. */
static void
add_transcription(struct transcript *t, json_object *body, struct slice text)
{
	json_object *words = json_get_array(body, "words");
	struct slice language = json_get_str(body, "languageCode");
	struct slice label = json_get_str(body, "speakerLabel");
	size_t count = words != NULL ? json_object_array_length(words) : 0, before = t->text.len;
	bool timed = count > 0 || json_get(body, "startOffset") != NULL ||
	             json_get(body, "endOffset") != NULL;
	struct transcript_word phrase = { .phrase = true };

	if (json_get_str(body, "text").len > 0)
		text = json_get_str(body, "text");
	if (t->language[0] == '\0' && language.len < sizeof(t->language))
		memcpy(t->language, language.ptr, language.len);
	if (label.len > 0)
		set_speaker(t, label);
	if (t->source == SOURCE_NONE && (text.len > 0 || count > 0))
		t->source = SOURCE_TRANSCRIPTION;
	if (t->source == SOURCE_TRANSCRIPTION) {
		t->cursor = t->text.len;
		if (text.len == 0 && count > 0)
			join_words(words, &t->text);
		else if (timed)
			add_apart(&t->text, text);
		else
			buf_add_slice(&t->text, text);
	}
	if (count > 0) {
		add_words(t, words);
	} else if (timed && t->text.len > before) {
		set_times(t, &phrase, body);
		phrase.from = before;
		phrase.to = t->text.len;
		phrase.len = phrase.to - phrase.from;
		phrase.speaker = t->speaker;
		add_word(t, &phrase);
	}
}

void
transcript_add(struct transcript *t, json_object *part)
{
	json_object *body = json_get_object(part, "audioTranscription");
	struct slice text = json_get_str(part, "text");

	if (json_get_bool(part, "thought", false))
		return;
	if (body != NULL) {
		add_transcription(t, body, text);
	} else if (text.len > 0) {
		if (t->source == SOURCE_NONE)
			t->source = SOURCE_TEXT;
		if (t->source == SOURCE_TEXT)
			buf_add_slice(&t->text, text);
	}
	t->failed = t->failed || t->text.failed || t->apart.failed;
}
