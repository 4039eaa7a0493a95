/*
 * Where an answer comes from: Gemini's grounding metadata and URL context as citations with
 * character offsets into the answer's text (OpenAI counts code points, Google bytes of a Part).
 */
#ifndef CORE_GEMINI_CITATIONS_H
#define CORE_GEMINI_CITATIONS_H

#include <stdbool.h>

#include "base/limits.h"
#include "core/json/json.h"
#include "core/gemini/part.h"

#define CITED_TEXT_MAX  (4 * MIB) /* text of a grounded answer, kept for offsets */
#define CITED_PARTS_MAX 4096      /* its parts */
#define CITATIONS_MAX   2000      /* citations of one answer */

struct citations {
	struct buf text;       /* the answer so far, decoded; at most CITED_TEXT_MAX */
	size_t characters;     /* in it */
	struct buf parts;      /* size_t each: where a Part begins in it */
	json_object *chunks;   /* groundingChunks of all events, or NULL */
	json_object *supports; /* groundingSupports likewise */
	json_object *pages;    /* urlContextMetadata.urlMetadata likewise */
	json_object *rest;     /* the other members: queries, the search entry point; or NULL */
	unsigned searches;     /* for segments that do not stand where they should */
};

void citations_init(struct citations *c);
void citations_release(struct citations *c);
/* A part of the candidate, in order: `text` is what the client gets of it, as the inside of a JSON
 * string; empty for parts that it does not get as text. Beyond the ceilings nothing more is taken:
 * sources are still told, segments of the text that was not taken are not. */
void citations_part(struct citations *c, struct slice text);
/* The same from the part itself. */
void citations_note(struct citations *c, const struct gemini_part *part);
/* Metadata of a candidate's object. Chunks of later events continue the numbering of earlier ones.
 */
void citations_read(struct citations *c, json_object *candidate);

struct citation {
	struct slice url, title;
	size_t start, end; /* characters */
};

/* Calls fn for each pair of a supported segment and its source, then for each source that supports
 * no segment that was found (start and end at the end of the text). At most CITATIONS_MAX. */
void citations_each(
    struct citations *c, void (*fn)(void *ctx, const struct citation *citation), void *ctx);
/* Characters of text so far; no work. */
size_t citations_characters(const struct citations *c);
bool citations_any(const struct citations *c);
/* All metadata as Google names them, a new object; NULL when there are none. Google's terms ask to
 * show searchEntryPoint. */
json_object *citations_metadata(const struct citations *c);

#endif
