/* What whole replies and streams share: Gemini's parts and finish reasons in OpenAI's form. */
#ifndef CORE_OPENAI_CHAT_REPLY_PARTS_H
#define CORE_OPENAI_CHAT_REPLY_PARTS_H

#include "core/gemini/citations.h"
#include "core/openai/chat/chat.h"
#include "core/gemini/part.h"

/* id, object, created and model, for the start of a document. */
void chat_head_write(struct jwriter *w, const struct chat_reply_info *info, const char *object);
/* service_tier when Google named one that OpenAI has. */
void chat_tier_write(struct jwriter *w, const struct usage *usage);

/* extra_content.google, Google's own place for what OpenAI has no word for; nothing when empty.
 * traces: the elements of a JSON array, server-side tool parts as Google wrote them. */
void chat_extra_write(
    struct jwriter *w, struct slice signature, json_object *grounding, struct slice traces);
/* `annotations` from the citations of the answer's text. */
void chat_annotations_write(struct jwriter *w, struct citations *citations);
/* One element of message.images or delta.images. */
void chat_image_write(struct jwriter *w, json_object *blob);
/* The elements of a list of token logprobs, from logprobsResult. bytes: with those of each token.
 */
void chat_logprob_list(struct jwriter *w, json_object *result, bool bytes);
/* `logprobs` of a choice from logprobsResult (NULL: null). */
void chat_logprobs_write(struct jwriter *w, const char *key, json_object *result);

struct chat_call_place {
	const struct chat_reply_info *info;
	size_t choice;
	size_t index;        /* among the choice's calls */
	struct slice traces; /* of the turn, as for chat_extra_write: kept with the first call */
	bool numbered;       /* streams write the index */
};

/* OpenAI's clients keep ids in columns and headers; longer ones are replaced. */
#define CALL_ID_MAX 40

/* Gemini's own id of a call when it is short and plain, or one that follows from its place, so that
 * the same call always has the same id; text is room for the latter. */
struct slice chat_call_id(
    json_object *call, const struct chat_call_place *place, char text[CALL_ID_MAX + 1]);
/* args as JSON text. */
void chat_call_arguments(json_object *call, struct buf *out);
/* The declared tool that is called, or NULL. */
const struct tool_name *chat_call_tool(
    const struct gemini_part *part, const struct chat_call_place *place);
/* What must come back with a call: its signature and, behind a line end, the traces of its turn as
 * a JSON array. Nothing when there is neither. */
void chat_call_carry(
    const struct gemini_part *part, const struct chat_call_place *place, struct buf *out);
/* Gives that to whoever keeps it (info->keep). */
void chat_call_keep(
    const struct gemini_part *part, const struct chat_call_place *place, struct slice id);

/* One element of tool_calls. */
void chat_call_write(
    struct jwriter *w, const struct gemini_part *part, const struct chat_call_place *place);
/* The same as the older `function_call`, under that key; it has no place for a signature. */
void chat_legacy_call_write(
    struct jwriter *w, const struct gemini_part *part, const struct chat_call_place *place);
/* Of a buffer for the traces of one turn (TRACES_MAX). */
void chat_traces_init(struct buf *traces);
/* Appends a server-side tool part to the elements of a JSON array. Google wants all of a turn or
 * none: beyond the ceiling the list is empty and stays so. */
void chat_trace_add(struct buf *traces, const struct gemini_part *part);

/* What decides a choice's finish_reason. */
struct chat_finish {
	struct slice native; /* finishReason, may be empty */
	bool called;         /* a function call was seen, in any event */
	bool spoke;          /* there was any other output */
	bool legacy;         /* calls were written as function_call */
};

const char *chat_finish_word(const struct chat_finish *finish);

/* The refusal that stands for an answer when the prompt was blocked. */
void chat_refusal_write(struct jwriter *w, const char *key, struct slice block_reason);
#endif
