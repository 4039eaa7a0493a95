/*
 * A short cut for the event that nearly every token comes in: one candidate, one part of text, flat
 * counters. It is read in place, without a tree; every other event goes through json-c. What is
 * read here is valid JSON and means the same there (tests compare the two).
 */
#ifndef CORE_GEMINI_EVENT_H
#define CORE_GEMINI_EVENT_H

#include "core/gemini/part.h"

/* Borrowed from the event's text. */
struct gemini_event {
	bool has_part;
	struct gemini_part part; /* PART_TEXT or PART_THOUGHT, text still escaped */
	size_t index;
	struct slice finish; /* finishReason, or empty */
	struct slice usage;  /* the text of usageMetadata's object, or empty */
};

/* False when the event is not of that plain shape, valid or not. */
bool gemini_event_read(struct slice data, struct gemini_event *ret);

/* True when two texts of usageMetadata differ in digits at most: then the later one says all that
 * the earlier one said. */
bool gemini_event_same_shape(struct slice a, struct slice b);

#endif
