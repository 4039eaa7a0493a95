/* RIFF WAVE, as far as speech needs it: the header read, and written. */
#ifndef CORE_GEMINI_WAV_H
#define CORE_GEMINI_WAV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define WAV_UNKNOWN UINT32_MAX /* the length of data that is still to come */

struct wav {
	uint32_t rate;      /* samples a second */
	uint32_t byte_rate; /* bytes a second; 0 when the header does not say */
	unsigned format;    /* 1: PCM */
	unsigned channels, bits;
	size_t data_at;    /* the samples begin here */
	struct slice data; /* those that are there */
};

/* False when the bytes do not begin with a whole header, up to the data chunk. */
bool wav_read(struct slice bytes, struct wav *ret);
/* True for samples of 16 bits, as OpenAI's pcm has them. */
bool wav_is_pcm16(const struct wav *wav);
/* A header of 44 bytes for PCM. data_len: bytes of samples, or WAV_UNKNOWN. */
void wav_write_head(
    struct buf *out, uint32_t rate, unsigned channels, unsigned bits, uint32_t data_len);
/* Puts the true length into a header that begins at `head` in bytes and whose samples begin at
 * data_at, counted from there; data_len may be WAV_UNKNOWN. */
void wav_set_length(char *head, size_t data_at, uint32_t data_len);

#endif
