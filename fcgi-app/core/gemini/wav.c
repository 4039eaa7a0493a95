/* RIFF is little-endian chunks: a name of four bytes, a length of four, the content. */
#include "config.h"

#include "core/gemini/wav.h"

#include <string.h>

#define HEAD_BYTES        44
#define FORMAT_PCM        1
#define FORMAT_EXTENSIBLE 0xFFFE /* of 16 bits there is PCM alone */

static uint32_t
wav_le(const char *at, unsigned bytes)
{
	uint32_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | (unsigned char)at[bytes];
	return value;
}

static void
put_le(char *at, uint32_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++, value >>= 8)
		at[i] = (char)(unsigned char)value;
}

bool
wav_read(struct slice bytes, struct wav *ret)
{
	size_t at = 12;
	bool known = false;

	if (bytes.len < at || memcmp(bytes.ptr, "RIFF", 4) != 0 ||
	    memcmp(bytes.ptr + 8, "WAVE", 4) != 0)
		return false;
	memset(ret, 0, sizeof(*ret));
	while (bytes.len - at >= 8) {
		const char *name = bytes.ptr + at, *body = name + 8;
		size_t left = bytes.len - at - 8, len = wav_le(name + 4, 4);

		if (memcmp(name, "data", 4) == 0) {
			ret->data_at = at + 8;
			ret->data = (struct slice){ body, len < left ? len : left };
			/* Writers to a pipe leave the length open: zero, or all ones. */
			if (len == 0)
				ret->data.len = left;
			return known;
		}
		if (memcmp(name, "fmt ", 4) == 0 && len >= 16 && left >= len) {
			ret->format = wav_le(body, 2);
			ret->channels = wav_le(body + 2, 2);
			ret->rate = wav_le(body + 4, 4);
			ret->byte_rate = wav_le(body + 8, 4);
			ret->bits = wav_le(body + 14, 2);
			known = true;
		}
		len += len & 1;
		if (len > left)
			return false;
		at += 8 + len;
	}
	return false;
}

bool
wav_is_pcm16(const struct wav *wav)
{
	return (wav->format == FORMAT_PCM || wav->format == FORMAT_EXTENSIBLE) && wav->bits == 16;
}

void
wav_set_length(char *head, size_t data_at, uint32_t data_len)
{
	uint32_t rest = (uint32_t)(data_at - 8);
	bool known = data_len < WAV_UNKNOWN - rest;

	put_le(head + 4, known ? rest + data_len : WAV_UNKNOWN, 4);
	put_le(head + data_at - 4, known ? data_len : WAV_UNKNOWN, 4);
}

void
wav_write_head(struct buf *out, uint32_t rate, unsigned channels, unsigned bits, uint32_t data_len)
{
	char head[HEAD_BYTES];
	uint32_t frame = channels * bits / 8;

	memcpy(head, "RIFF....WAVEfmt ", 16);
	put_le(head + 16, 16, 4);
	put_le(head + 20, FORMAT_PCM, 2);
	put_le(head + 22, channels, 2);
	put_le(head + 24, rate, 4);
	put_le(head + 28, rate * frame, 4);
	put_le(head + 32, frame, 2);
	put_le(head + 34, bits, 2);
	memcpy(head + 36, "data", 4);
	wav_set_length(head, HEAD_BYTES, data_len);
	buf_add(out, head, sizeof(head));
}
