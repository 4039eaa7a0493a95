/* Gemini's sound as OpenAI's `audio`. */
#include "config.h"

#include "reply_audio.h"

#include <string.h>

#include "base/base64.h"
#include "base/limits.h"

void
chat_audio_init(struct chat_audio *a, const struct chat_reply_info *info)
{
	bool pcm = info->audio_format != NULL && strcmp(info->audio_format, "pcm16") == 0;

	sound_init(&a->sound, pcm ? SOUND_FORMAT_PCM : SOUND_FORMAT_WAV);
	buf_init(&a->bytes, COLLECT_MAX);
	a->any = false;
}

void
chat_audio_release(struct chat_audio *a)
{
	sound_release(&a->sound);
	buf_release(&a->bytes);
}

static void
audio_write_data(struct jwriter *w, const struct buf *bytes)
{
	jw_str_open(w, "data");
	base64_add(w->out, bytes->data, bytes->len);
	jw_str_close(w);
}

static void
write_id(struct jwriter *w, const struct chat_reply_info *info)
{
	jw_str_open(w, "id");
	buf_adds(w->out, "audio_");
	buf_add_json(w->out, slice_str(info->id));
	jw_str_close(w);
}

/* Nothing is kept here, so the id cannot be referred to later. */
static void
write_end(struct jwriter *w, const struct chat_reply_info *info)
{
	jw_int(w, "expires_at", info->created);
	jw_str(w, "transcript", "");
}

void
chat_audio_delta(struct chat_audio *a, struct jwriter *w, const struct chat_reply_info *info,
    const struct gemini_part *part)
{
	buf_reset(&a->bytes);
	sound_add(&a->sound, json_get_str(part->body, "mimeType"), json_get_str(part->body, "data"),
	    &a->bytes);
	jw_object(w, "audio");
	if (!a->any)
		write_id(w, info);
	audio_write_data(w, &a->bytes);
	jw_object_end(w);
	a->any = true;
}

void
chat_audio_end(struct jwriter *w, const struct chat_reply_info *info)
{
	jw_object(w, "audio");
	write_end(w, info);
	jw_object_end(w);
}

void
chat_audio_write(struct jwriter *w, const struct chat_reply_info *info, json_object *parts)
{
	struct chat_audio a;

	chat_audio_init(&a, info);
	for (size_t i = 0; parts != NULL && i < json_object_array_length(parts); i++) {
		struct gemini_part part = gemini_part_read(json_object_array_get_idx(parts, i));

		if (part.kind != PART_AUDIO)
			continue;
		sound_add(&a.sound, json_get_str(part.body, "mimeType"),
		    json_get_str(part.body, "data"), &a.bytes);
	}
	if (a.bytes.len > 0) {
		sound_end(&a.sound, &a.bytes, 0);
		jw_object(w, "audio");
		write_id(w, info);
		audio_write_data(w, &a.bytes);
		write_end(w, info);
		jw_object_end(w);
	}
	chat_audio_release(&a);
}
