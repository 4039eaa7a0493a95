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

enum empty_answer_answer {
	EMPTY_ANSWER_MORE,    /* nothing yet */
	EMPTY_ANSWER_CONTENT, /* there is content, or a reason for its absence, or it is not
	                         understood */
	EMPTY_ANSWER_EMPTY,   /* that was all */
};

enum empty_answer_place {
	EMPTY_ANSWER_TOP,
	EMPTY_ANSWER_LIST, /* of replies */
	EMPTY_ANSWER_REPLY,
	EMPTY_ANSWER_FEEDBACK,
	EMPTY_ANSWER_CANDIDATES,
	EMPTY_ANSWER_CANDIDATE,
	EMPTY_ANSWER_TURN, /* a candidate's `content` */
	EMPTY_ANSWER_PARTS,
	EMPTY_ANSWER_PART,
};

/* How far the bytes were looked at, and where in the answer that is. Zeroed at first. */
struct empty_answer {
	size_t seen;
	bool content;
	enum empty_answer_place place;
	size_t depth; /* of what is nested there and does not matter */
	enum {
		EMPTY_ANSWER_PLAIN,
		EMPTY_ANSWER_STRING,
		EMPTY_ANSWER_FIELD,
		EMPTY_ANSWER_LINE
	} state;
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
enum empty_answer_answer empty_answer_look(struct empty_answer *b, struct slice all, bool ended);

#endif
