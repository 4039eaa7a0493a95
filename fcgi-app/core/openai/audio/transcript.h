/* What the files of transcription share: a transcript while it is read, and its pieces. */
#ifndef CORE_OPENAI_AUDIO_TRANSCRIPT_H
#define CORE_OPENAI_AUDIO_TRANSCRIPT_H

#include <stdint.h>

#include "core/openai/audio/transcription.h"
#include "core/gemini/reader.h"

#define TRANSCRIPT_WORDS 200000 /* words with times in one transcript */

/* ---- transcription_file.c ---- */

/* The media type of an upload by its first bytes, else what the sender says, else its name. -1 with
 * err (param "file"). */
int transcription_file_type(
    const struct multipart_part *file, const char **ret_mime, struct apierror *err);

/* ---- transcription_language.c ---- */

/* OpenAI names languages in English ("german"). code: BCP 47; ret: NULL for an unknown one. */
const char *transcription_language(struct slice code);

/* ---- transcript.c ---- */

/* A word, or a phrase that has times as a whole. Its text is a range of one of two buffers. */
struct transcript_word {
	size_t from, to;   /* with what follows up to the next word: blanks, punctuation */
	size_t len;        /* of the bare word, from `from` on */
	double start, end; /* seconds */
	uint16_t speaker;
	bool phrase;
	bool apart; /* the ranges are of `apart`: the word was not found in the text */
};

struct transcript {
	struct buf text;  /* what the client gets as `text` */
	struct buf apart; /* words that do not occur in the text as they are */
	struct transcript_word *words;
	size_t count, room;
	size_t cursor;   /* the text is searched for words from here on */
	char **speakers; /* Gemini's labels in their order */
	size_t speaker_count;
	uint16_t speaker; /* of the part at hand */
	enum { SOURCE_NONE, SOURCE_TEXT, SOURCE_TRANSCRIPTION } source;
	char language[16]; /* of the first part that names one, or "" */
	double last;       /* the largest time so far */
	bool failed;       /* a ceiling was passed */
};

void transcript_init(struct transcript *t);
void transcript_release(struct transcript *t);
/* Adds one part of a Gemini answer; new text is at the end of t->text. */
void transcript_add(struct transcript *t, json_object *part);

/* ---- transcript_segments.c ---- */

struct transcript_segment {
	struct slice text; /* trimmed */
	double start, end;
	unsigned speaker;
};

/* The segment that begins with word *at, which becomes the next one's; false at the end. Segments
 * end with a speaker, at a pause, with a sentence, or when they would be too long to read. */
bool transcript_next(const struct transcript *t, size_t *at, struct transcript_segment *ret);
/* The bare word. */
struct slice transcript_word_text(const struct transcript *t, const struct transcript_word *word);
/* A, B, ..., Z, AA, ...: as OpenAI names them. */
#define TRANSCRIPT_SPEAKER_MAX 4
void transcript_speaker(unsigned speaker, char ret[TRANSCRIPT_SPEAKER_MAX]);

/* ---- transcription_write.c ---- */

/* The reply in its format. -1 with err for a format without the times it needs. */
int transcript_write(const struct transcript *t, const struct transcription_how *how,
    const struct usage *usage, struct buf *out, struct apierror *err);
/* A segment of diarized_json; the event of a stream is the same object. */
void transcript_write_diarized(
    struct jwriter *w, const struct transcript_segment *segment, size_t index);
/* Usage in tokens under `usage`. */
void transcript_write_usage(struct jwriter *w, const struct usage *usage);

#endif
