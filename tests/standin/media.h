/* Answers that are no text: pictures, speech, transcripts. */
#ifndef STANDIN_MEDIA_H
#define STANDIN_MEDIA_H

#include "gen.h"

/* Parts of an image model's answer. prompt: the text of the last turn. */
void media_add_images(const struct ask *a, struct gen *g, struct slice prompt);
/* A tone of 50 ms and 10 ms for each byte of the text; in streams in several parts. */
void media_add_speech(const struct ask *a, struct gen *g);
/* Parts of a transcription model's answer. */
void media_add_transcript(const struct ask *a, struct gen *g);
/* The words that are heard in the last turn's audio, for other models; false without audio. */
bool media_write_transcript(const struct ask *a, struct buf *out);

/* A part {"inlineData"}. */
json_object *media_blob(const char *mime, struct slice data);
/* A small file, appended: png jpeg gif webp pdf wav mp3 mp4 txt html svg; nothing for other names.
 */
void media_sample(struct buf *out, const char *name);
/* A grey picture in PNG. */
void media_png(struct buf *out, uint32_t width, uint32_t height, unsigned char shade);
/* 44 bytes before `bytes` of 16-bit mono samples. */
void media_wav_header(struct buf *out, uint32_t rate, uint32_t bytes);

#endif
