/* What the files of the audio endpoints share. */
#ifndef CORE_SPEECH_PRIV_H
#define CORE_SPEECH_PRIV_H

#include "core/speech.h"
#include "gen_reader.h"

/* The media type of a format as it was asked for. */
const char *speech_type_of(enum speech_format format);

/* After the whole answer: -1 with err when the prompt was blocked, or the model did not stop by
 * itself. what: "audio", "transcript"; spoke: there is some. */
int speech_check_end(
    const struct gen_reader *g, bool spoke, const char *what, struct apierror *err);

/* ---- speech_sound.c: the audio parts of one answer, put together ---- */

struct sound {
	enum speech_format format;
	enum { SOUND_NONE, SOUND_WAV, SOUND_PCM, SOUND_OTHER } kind; /* of the output */
	char type[SPEECH_TYPE_MAX];
	struct buf bytes; /* of the part at hand */
	size_t head_len;  /* of a WAV */
	bool failed;      /* a part was no Base64, or too large */
};

void sound_init(struct sound *s, enum speech_format format);
void sound_release(struct sound *s);
/* Appends what an inlineData of that type adds to the output. */
void sound_add(struct sound *s, struct slice mime, struct slice base64, struct buf *out);
/* The output, which begins at `at` in out, is whole: a WAV gets its length. */
void sound_end(struct sound *s, struct buf *out, size_t at);

#endif
