/* Words from the size of the sound: one for each 8,000 bytes, on top of five. */
#include "config.h"

#include <stdio.h>

#include "base/xalloc.h"
#include "gjson.h"
#include "media.h"

#define WORDS_FEW       5
#define BYTES_A_WORD    8000
#define WORDS_MAX       500
#define WORD_MS         400
#define WORDS_A_SPEAKER 3
#define WORDS_AN_EVENT  5
#define FILE_BYTES      64000 /* for what is only named */

static const char *const vocabulary[] = { "the", "quick", "brown", "fox", "jumps", "over", "a",
	"lazy", "dog", "na\xC3\xAFve", "caf\xC3\xA9", "today" };

struct transcript {
	json_object *config;
	size_t count; /* words */
	size_t bytes; /* of the sound */
};

/* The i-th word; the caller's own words come first. */
static const char *
word_at(const struct transcript *t, size_t i)
{
	size_t own = gjson_count(t->config, "customVocabulary");

	if (i < own)
		return json_object_get_string(gjson_at(t->config, "customVocabulary", i));
	return vocabulary[(t->bytes + i) % ARRAY_SIZE(vocabulary)];
}

/* False without audio or video in the last turn. */
static bool
transcribe_hear(const struct ask *a, struct transcript *ret)
{
	size_t contents = gjson_count(a->body, "contents");
	json_object *content = gjson_at(a->body, "contents", contents > 0 ? contents - 1 : 0);
	bool found = false;

	*ret = (struct transcript){ 0 };
	ret->config = gjson_get(gjson_get(a->body, "generationConfig"), "audioTranscriptionConfig");
	for (size_t i = 0; i < gjson_count(content, "parts"); i++) {
		json_object *part = gjson_at(content, "parts", i);
		json_object *inl = gjson_get(part, "inlineData");
		struct slice mime =
		    gjson_str(inl != NULL ? inl : gjson_get(part, "fileData"), "mimeType");

		if (!slice_startsi(mime, SLICE("audio/")) && !slice_startsi(mime, SLICE("video/")))
			continue;
		found = true;
		ret->bytes += inl != NULL ? gjson_str(inl, "data").len / 4 * 3 : FILE_BYTES;
	}
	ret->count = WORDS_FEW + ret->bytes / BYTES_A_WORD;
	if (ret->count > WORDS_MAX)
		ret->count = WORDS_MAX;
	return found;
}

bool
media_write_transcript(const struct ask *a, struct buf *out)
{
	struct transcript t;

	if (!transcribe_hear(a, &t))
		return false;
	for (size_t i = 0; i < t.count; i++)
		buf_addf(out, "%s%s", i > 0 ? " " : "", word_at(&t, i));
	return true;
}

/* "1.200s" */
static void
add_offset(json_object *obj, const char *name, size_t word)
{
	char text[32];

	snprintf(text, sizeof(text), "%zu.%03us", word * WORD_MS / 1000,
	    (unsigned)(word * WORD_MS % 1000));
	json_object_object_add(obj, name, json_object_new_string(text));
}

static json_object *
word_document(const struct transcript *t, size_t i)
{
	json_object *obj = json_object_new_object();

	json_object_object_add(obj, "word", json_object_new_string(word_at(t, i)));
	if (i > 0)
		add_offset(obj, "startOffset", i);
	add_offset(obj, "endOffset", i + 1);
	return obj;
}

/* Words from `from` up to `to`. */
static void
add_piece(const struct transcript *t, struct gen *g, size_t from, size_t to)
{
	json_object *part = json_object_new_object(), *piece = json_object_new_object();
	json_object *words = json_object_new_array();
	const char *language = json_object_get_string(gjson_at(t->config, "languageCodes", 0));
	struct buf text;

	buf_init(&text, JSON_TEXT_MAX);
	for (size_t i = from; i < to; i++) {
		/* Pieces are put together as they are. */
		buf_addf(&text, "%s%s", i > 0 ? " " : "", word_at(t, i));
		json_object_array_add(words, word_document(t, i));
	}
	json_object_object_add(piece, "text", gjson_new(buf_slice(&text)));
	json_object_object_add(
	    piece, "languageCode", json_object_new_string(language != NULL ? language : "en-US"));
	if (gjson_bool(t->config, "diarization"))
		json_object_object_add(piece, "speakerLabel",
		    json_object_new_string(
			from / WORDS_A_SPEAKER % 2 == 0 ? "speaker_1" : "speaker_2"));
	if (gjson_bool(t->config, "wordTimestamp"))
		json_object_object_add(piece, "words", words);
	else
		json_object_put(words);
	if (from > 0)
		add_offset(piece, "startOffset", from);
	add_offset(piece, "endOffset", to);
	if (to == t->count)
		json_object_object_add(piece, "finished", json_object_new_boolean(true));
	json_object_object_add(part, "audioTranscription", piece);
	gen_add(g, part, false);
	buf_release(&text);
}

void
media_add_transcript(const struct ask *a, struct gen *g)
{
	struct transcript t;
	size_t step;

	transcribe_hear(a, &t);
	step = gjson_bool(t.config, "diarization") ? WORDS_A_SPEAKER
	       : a->stream                         ? WORDS_AN_EVENT
	                                           : t.count;
	for (size_t at = 0; at < t.count; at += step)
		add_piece(&t, g, at, at + step < t.count ? at + step : t.count);
}
