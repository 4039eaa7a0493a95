/*
 * Parts of audio to one piece of sound. The first part decides what the output is; of several WAV
 * files one header remains. Google's L16 is little-endian, whatever RFC 2586 says, and so is what
 * OpenAI calls pcm.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "core/gemini/sound.h"
#include "core/gemini/wav.h"

#define RATE_USUAL 24000 /* OpenAI's pcm, and Google's when it names none */

/* clang-format off */
/* Google's types, and the one that clients know. */
static const struct {
	const char *mime, *type;
} types[] = {
	{ "audio/mp3",  "audio/mpeg" },
	{ "audio/mpeg", "audio/mpeg" },
	{ "audio/ogg",  "audio/ogg" },
	{ "audio/opus", "audio/ogg" },
	{ "audio/aac",  "audio/aac" },
	{ "audio/flac", "audio/flac" },
};
/* clang-format on */

static const char *const raw_types[] = { "audio/l16", "audio/pcm", "audio/x-pcm", "audio/raw",
	"audio/wav", "audio/x-wav" };

/* The media type of a format as it was asked for. */
static const char *
sound_type_of(enum sound_format format)
{
	static const char *const asked[] = {
		[SOUND_FORMAT_MP3] = "audio/mpeg",
		[SOUND_FORMAT_OPUS] = "audio/ogg",
		[SOUND_FORMAT_WAV] = "audio/wav",
		[SOUND_FORMAT_PCM] = "audio/pcm",
	};

	return asked[format];
}

void
sound_init(struct sound *s, enum sound_format format)
{
	memset(s, 0, sizeof(*s));
	s->format = format;
	buf_init(&s->bytes, SSE_EVENT_MAX > COLLECT_MAX ? SSE_EVENT_MAX : COLLECT_MAX);
	strcpy(s->type, sound_type_of(format));
}

void
sound_release(struct sound *s)
{
	buf_release(&s->bytes);
}

static bool
sound_decode(struct sound *s, struct slice base64)
{
	size_t size = base64.len / 4 * 3 + 3, len;
	char *room;

	buf_reset(&s->bytes);
	room = buf_room(&s->bytes, size);
	if (room == NULL)
		return false;
	len = base64_peek(base64, (unsigned char *)room, size);
	s->bytes.len = len;
	return len + 3 > base64.len / 4 * 3; /* nothing but padding was left over */
}

/* A number among the parameters of a media type, or fallback. */
static uint32_t
sound_param(struct slice mime, struct slice name, uint32_t fallback)
{
	struct slice part, key;
	uint64_t value;

	while (slice_split(&mime, ';', &part)) {
		part = slice_trim(part);
		if (slice_split(&part, '=', &key) && slice_eqi(key, name) &&
		    slice_u64(slice_trim(part), &value) && value > 0 && value < 1000000)
			return (uint32_t)value;
	}
	return fallback;
}

static struct slice
without_params(struct slice mime)
{
	struct slice type = SLICE("");

	slice_split(&mime, ';', &type);
	return slice_trim(type);
}

static bool
is_raw(struct slice mime)
{
	for (size_t i = 0; i < ARRAY_SIZE(raw_types); i++)
		if (slice_eqi(without_params(mime), slice_str(raw_types[i])))
			return true;
	return false;
}

/* PCM is what the client asked for: says so, and what OpenAI's is not. */
static void
set_pcm_type(struct sound *s, uint32_t rate, unsigned channels)
{
	int len = snprintf(s->type, sizeof(s->type), "audio/pcm");

	if (rate != RATE_USUAL)
		len += snprintf(s->type + len, sizeof(s->type) - (size_t)len, ";rate=%u", rate);
	if (channels != 1)
		snprintf(s->type + len, sizeof(s->type) - (size_t)len, ";channels=%u", channels);
}

/* The first part. wav: its header, or NULL for samples without one. */
static void
sound_begin(struct sound *s, struct slice mime, const struct wav *wav, struct buf *out)
{
	uint32_t rate = wav != NULL ? wav->rate : sound_param(mime, SLICE("rate"), RATE_USUAL);
	unsigned channels = wav != NULL ? wav->channels : sound_param(mime, SLICE("channels"), 1);

	if (wav == NULL && !is_raw(mime)) {
		s->kind = SOUND_OTHER;
		for (size_t i = 0; i < ARRAY_SIZE(types); i++)
			if (slice_eqi(without_params(mime), slice_str(types[i].mime)))
				strcpy(s->type, types[i].type);
		return;
	}
	/* What is no PCM of 16 bits stays what it is. */
	if (s->format == SOUND_FORMAT_PCM && (wav == NULL || wav_is_pcm16(wav))) {
		s->kind = SOUND_PCM;
		set_pcm_type(s, rate, channels);
		return;
	}
	s->kind = SOUND_WAV;
	strcpy(s->type, sound_type_of(SOUND_FORMAT_WAV));
	if (wav != NULL) {
		s->head_len = wav->data_at;
		wav_set_length(s->bytes.data, wav->data_at, WAV_UNKNOWN);
		buf_add(out, s->bytes.data, wav->data_at);
	} else {
		size_t before = out->len;

		wav_write_head(out, rate, channels, 16, WAV_UNKNOWN);
		s->head_len = out->len - before;
	}
}

void
sound_add(struct sound *s, struct slice mime, struct slice base64, struct buf *out)
{
	struct slice bytes;
	struct wav wav;
	bool headed;

	if (!sound_decode(s, base64)) {
		s->failed = true;
		return;
	}
	bytes = buf_slice(&s->bytes);
	if (bytes.len == 0)
		return;
	headed = s->kind != SOUND_OTHER && wav_read(bytes, &wav);
	if (s->kind == SOUND_NONE)
		sound_begin(s, mime, headed ? &wav : NULL, out);
	buf_add_slice(out, headed ? wav.data : bytes);
	s->failed = s->failed || out->failed;
}

void
sound_end(struct sound *s, struct buf *out, size_t at)
{
	size_t len = out->len - at - s->head_len;

	if (s->kind == SOUND_WAV && !out->failed)
		wav_set_length(
		    out->data + at, s->head_len, len < WAV_UNKNOWN ? (uint32_t)len : WAV_UNKNOWN);
}
