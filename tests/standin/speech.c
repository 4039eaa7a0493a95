/* Pure tones. */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/xalloc.h"
#include "gjson.h"
#include "media.h"

#define RATE         24000
#define HERTZ        440
#define START_MS     50
#define BYTE_MS      10
#define LENGTH_MAX   20000 /* ms */
#define EVENT_MS     250
#define RAW_MAX      (8UL * 1024 * 1024)
#define TOKENS_A_SEC 25

enum container { RAW_L16, WAV, CODED };

/* What responseFormat.audio can ask for. `magic` begins formats whose bytes are not real sound. */
static const struct {
	const char *name;
	const char *mime; /* %u: the rate */
	enum container container;
	const char *magic;
} formats[] = {
	{ "AUDIO_L16", "audio/L16;codec=pcm;rate=%u", RAW_L16, NULL },
	{ "AUDIO_WAV", "audio/wav", WAV, NULL },
	{ "AUDIO_MP3", "audio/mpeg", CODED, "ID3\x04" },
	{ "AUDIO_OGG_OPUS", "audio/ogg;codecs=opus", CODED, "OggS" },
	{ "AUDIO_ALAW", "audio/x-alaw-basic;rate=%u", CODED, "alaw" },
	{ "AUDIO_MULAW", "audio/basic;rate=%u", CODED, "ulaw" },
};

static uint32_t
length_ms(const struct ask *a)
{
	size_t contents = gjson_count(a->body, "contents"), bytes = 0;
	json_object *content = gjson_at(a->body, "contents", contents - 1);

	for (size_t i = 0; i < gjson_count(content, "parts"); i++)
		bytes += gjson_str(gjson_at(content, "parts", i), "text").len;
	bytes = START_MS + bytes * BYTE_MS;
	return bytes < LENGTH_MAX ? (uint32_t)bytes : LENGTH_MAX;
}

static void
add_samples(struct buf *out, uint32_t from, uint32_t to, uint32_t rate)
{
	for (uint32_t i = from; i < to; i++) {
		double wave = sin(2 * 3.14159265358979 * HERTZ * i / rate);
		unsigned value = (unsigned)(int)(wave * 8000);

		buf_addc(out, (char)(unsigned char)value);
		buf_addc(out, (char)(unsigned char)(value >> 8));
	}
}

/* Raw samples, in several parts for a stream; only the first has a header. */
static void
add_parts(
    const struct ask *a, struct gen *g, const char *mime, bool wav, uint32_t rate, uint32_t samples)
{
	uint32_t step = a->stream ? rate / 1000 * EVENT_MS : samples;

	for (uint32_t at = 0; at < samples; at += step) {
		uint32_t end = samples - at > step ? at + step : samples;
		struct buf raw;

		buf_init(&raw, RAW_MAX);
		if (wav && at == 0)
			media_wav_header(&raw, rate, samples * 2);
		add_samples(&raw, at, end, rate);
		gen_add(g, media_blob(mime, buf_slice(&raw)), false);
		buf_release(&raw);
	}
}

void
media_add_speech(const struct ask *a, struct gen *g)
{
	json_object *config = gjson_get(a->body, "generationConfig");
	json_object *format = gjson_get(gjson_get(config, "responseFormat"), "audio");
	uint32_t rate = (uint32_t)gjson_int(format, "sampleRate", RATE), ms = length_ms(a);
	size_t row = a->model->kind == MODEL_TTS_WAV ? 1 : 0;
	char mime[64], text[64];

	if (rate < 8000 || rate > 48000)
		rate = RATE;
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		if (slice_eqi(gjson_str(format, "mimeType"), slice_str(formats[i].name)))
			row = i;
	}
	if (strchr(formats[row].mime, '%') != NULL)
		snprintf(mime, sizeof(mime), "%.*s%u", (int)strcspn(formats[row].mime, "%"),
		    formats[row].mime, rate);
	else
		snprintf(mime, sizeof(mime), "%s", formats[row].mime);
	if (formats[row].container == CODED) {
		snprintf(text, sizeof(text), "%sstand-in %u ms", formats[row].magic, ms);
		gen_add(g, media_blob(mime, slice_str(text)), false);
	} else {
		add_parts(a, g, mime, formats[row].container == WAV, rate,
		    (uint32_t)((uint64_t)rate * ms / 1000));
	}
	g->output_modality = "AUDIO";
}
