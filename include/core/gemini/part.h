/* One part of a Gemini answer (generateContent's Part), as every endpoint's reply side reads it. */
#ifndef CORE_GEMINI_PART_H
#define CORE_GEMINI_PART_H

#include <stdbool.h>

#include "core/json/json.h"

enum gemini_part_kind {
	PART_NONE, /* nothing to show, its signature neither: drafts of images, nameless calls,
	            * unknown parts */
	PART_TEXT,
	PART_THOUGHT, /* text of a thought summary */
	PART_CODE,    /* executableCode: shown as text */
	PART_OUTPUT,  /* codeExecutionResult: shown as text */
	PART_CALL,
	PART_IMAGE, /* inlineData of that type */
	PART_AUDIO, /* likewise */
	PART_TRACE, /* toolCall, toolResponse: what a tool on Google's side did */
};

/* Borrowed from its JSON. */
struct gemini_part {
	enum gemini_part_kind kind;
	struct slice text;      /* PART_TEXT, PART_THOUGHT; may be empty */
	bool escaped;           /* text is the inside of a JSON string, escapes and all */
	json_object *body;      /* the object of the other kinds */
	json_object *json;      /* the part itself; NULL when the text was read in place */
	struct slice signature; /* thoughtSignature, or empty */
};

struct gemini_part gemini_part_read(json_object *part);
/* True for the kinds that belong to the answer's text, when there is something in them. */
bool gemini_part_speaks(const struct gemini_part *part);
/* The text of such a part, as the inside of a JSON string. */
void gemini_part_write(const struct gemini_part *part, struct buf *out);

/* Candidates that are objects; a reply has one for each answer. */
size_t gen_candidate_count(json_object *reply);
/* promptFeedback.blockReason, or empty. */
struct slice gen_block_reason(json_object *reply);

#endif
