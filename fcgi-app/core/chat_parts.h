/* What whole replies and streams share: Gemini's parts, finish reasons and errors, in OpenAI's
 * form. */
#ifndef CORE_CHAT_PARTS_H
#define CORE_CHAT_PARTS_H

#include "core/chat.h"

enum chat_part_kind {
	PART_NONE, /* nothing to show, its signature neither: server-side tool traces, drafts of
	            * images, unknown parts */
	PART_TEXT,
	PART_THOUGHT, /* text of a thought summary */
	PART_CODE,    /* executableCode: shown as text */
	PART_OUTPUT,  /* codeExecutionResult: shown as text */
	PART_CALL,
	PART_IMAGE,
};

/* One part, borrowed from its JSON. */
struct chat_part {
	enum chat_part_kind kind;
	struct slice text;      /* PART_TEXT, PART_THOUGHT; may be empty */
	bool escaped;           /* text is the inside of a JSON string, escapes and all */
	json_object *body;      /* the object of the other kinds */
	struct slice signature; /* thoughtSignature, or empty */
};

struct chat_part chat_part_read(json_object *part);
/* True for the kinds that belong to `content`, when there is something in them. */
bool chat_part_speaks(const struct chat_part *part);
/* The text of such a part, as the inside of a JSON string. */
void chat_part_write(const struct chat_part *part, struct buf *out);

/* id, object, created and model, for the start of a document. */
void chat_head_write(struct jwriter *w, const struct chat_reply_info *info, const char *object);
/* service_tier when Google named one. */
void chat_tier_write(struct jwriter *w, const struct usage *usage);

/* {"google": {"thought_signature": ...}} under extra_content, Google's own convention. */
void chat_signature_write(struct jwriter *w, struct slice signature);
/* One element of message.images or delta.images. */
void chat_image_write(struct jwriter *w, json_object *blob);
/* `logprobs` of a choice from logprobsResult (NULL: null). */
void chat_logprobs_write(struct jwriter *w, const char *key, json_object *result);

struct chat_call_place {
	struct slice reply_id; /* for calls that Gemini gave no id */
	size_t candidate;
	size_t index;  /* among the candidate's calls */
	bool numbered; /* streams write the index */
};

/* One element of tool_calls. */
void chat_call_write(
    struct jwriter *w, const struct chat_part *part, const struct chat_call_place *place);
/* The same as the older `function_call`, under that key. */
void chat_legacy_call_write(struct jwriter *w, const struct chat_part *part);

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
/* promptFeedback.blockReason, or empty. */
struct slice chat_block_reason(json_object *reply);

/* Google's error object in {"error":...} or [{"error":...}], borrowed, or NULL. */
json_object *chat_error_in(json_object *doc);

#endif
