/* Sound in a chat's answer: message.audio, and delta.audio of streams. */
#ifndef CORE_OPENAI_CHAT_REPLY_AUDIO_H
#define CORE_OPENAI_CHAT_REPLY_AUDIO_H

#include "core/openai/chat/reply_parts.h"
#include "core/gemini/sound.h"

struct chat_audio {
	struct sound sound;
	struct buf bytes; /* what the last part made */
	bool any;
};

void chat_audio_init(struct chat_audio *a, const struct chat_reply_info *info);
void chat_audio_release(struct chat_audio *a);
/* One part of a stream: a member `audio` with its data. */
void chat_audio_delta(struct chat_audio *a, struct jwriter *w, const struct chat_reply_info *info,
    const struct gemini_part *part);
/* The last of a stream's: a member `audio` without data. */
void chat_audio_end(struct jwriter *w, const struct chat_reply_info *info);
/* The sound of all parts of a whole answer as message.audio; nothing when there is none. */
void chat_audio_write(struct jwriter *w, const struct chat_reply_info *info, json_object *parts);

#endif
