/* Which tables make up an endpoint, and what their rows come to. */
#include "config.h"

#include "core/fields.h"

#include "chat_priv.h"

/* clang-format off */
const struct fields_list fields_lists[] = {
	{ "/chat/completions",     { chat_tables } },
	{ "chat: thinking",        { chat_thinking_tables } },
	{ "chat: Google",          { chat_google_tables } },
	{ "chat: tools",           { chat_tool_tables, chat_builtin_tables } },
	{ "chat: video_url",       { chat_video_tables } },
	{ "/responses",            { responses_tables } },
	{ "/completions",          { completions_tables } },
	{ "/embeddings",           { embed_tables } },
	{ "/images",               { images_tables } },
	{ "/audio/speech",         { speech_tables } },
	{ "/audio/transcriptions", { transcription_tables } },
	{ "/audio/translations",   { translation_tables } },
	{ 0 }
};
/* clang-format on */

enum field_fate
fields_fate(const struct fieldmap *row)
{
	if ((row->flags & (FF_REJECT | FF_REFUSES)) != 0 || row->emit == chat_refuse_emit)
		return FATE_REFUSED;
	if ((row->flags & (FF_IGNORE | FF_UNUSED)) != 0)
		return FATE_IGNORED;
	if ((row->flags & FF_REQUIRED) != 0)
		return FATE_REQUIRED;
	return row->need != 0 || (row->flags & FF_SOMETIMES) != 0 ? FATE_SOMETIMES : FATE_MAPPED;
}
