/*
 * Is an answer of generateContent or streamGenerateContent entirely empty: no text, thought, call
 * or data in any part, and no reason given for it? Google sends such answers with status 200 and
 * finishReason STOP or MALFORMED_*, or without any candidate.
 */
#ifndef CORE_GEMINI_EMPTY_ANSWER_H
#define CORE_GEMINI_EMPTY_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum blank_answer {
	BLANK_MORE,    /* nothing yet */
	BLANK_CONTENT, /* there is content, or a reason for its absence, or it is not understood */
	BLANK_EMPTY,   /* that was all */
};

enum blank_place {
	BLANK_TOP,
	BLANK_LIST, /* of replies */
	BLANK_REPLY,
	BLANK_FEEDBACK,
	BLANK_CANDIDATES,
	BLANK_CANDIDATE,
	BLANK_TURN, /* a candidate's `content` */
	BLANK_PARTS,
	BLANK_PART,
};

/* How far the bytes were looked at, and where in the answer that is. Zeroed at first. */
struct blank {
	size_t seen;
	bool content;
	enum blank_place place;
	size_t depth; /* of what is nested there and does not matter */
	enum { BLANK_PLAIN, BLANK_STRING, BLANK_FIELD, BLANK_LINE } state;
	bool list;         /* the replies stand in an array */
	bool value;        /* behind the colon of a member */
	bool escaped;      /* the next byte of the string */
	unsigned char key; /* of that member, as empty_answer.c knows it */
	char word[32];     /* the string or field under way; longer ones are cut */
	size_t len;
};

/* all: a whole document, an array of them, or an event stream, as far as it has come; each call
 * looks at what was added. ended: nothing more comes. What is not built like an answer counts as
 * content. */
enum blank_answer blank_look(struct blank *b, struct slice all, bool ended);

#endif
