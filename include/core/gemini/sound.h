/* The audio parts of one answer, put together. */
#ifndef CORE_GEMINI_SOUND_H
#define CORE_GEMINI_SOUND_H

#include <stdbool.h>

#include "base/buf.h"

/* What a client gets. */
enum sound_format { SOUND_FORMAT_MP3, SOUND_FORMAT_OPUS, SOUND_FORMAT_WAV, SOUND_FORMAT_PCM };

#define SOUND_TYPE_MAX 64

struct sound {
	enum sound_format format;
	enum { SOUND_NONE, SOUND_WAV, SOUND_PCM, SOUND_OTHER } kind; /* of the output */
	char type[SOUND_TYPE_MAX];
	struct buf bytes; /* of the part at hand */
	size_t head_len;  /* of a WAV */
	bool failed;      /* a part was no Base64, or too large */
};

void sound_init(struct sound *s, enum sound_format format);
void sound_release(struct sound *s);
/* Appends what an inlineData of that type adds to the output. */
void sound_add(struct sound *s, struct slice mime, struct slice base64, struct buf *out);
/* The output, which begins at `at` in out, is whole: a WAV gets its length. */
void sound_end(struct sound *s, struct buf *out, size_t at);

#endif
