/* What Google's own tools leave in an answer: sources, retrieved pages, programs and their output.
 */
#ifndef STANDIN_GROUND_H
#define STANDIN_GROUND_H

#include "gen.h"

/* The parts before the text: traces of server-side tools, programs. True when the call or text
 * after them must be signed as following a trace. */
bool ground_add_traces(const struct ask *a, struct gen *g, struct slice prompt);
/* After the text: a second part of text with the sources for both, urlContextMetadata. */
void ground_add_sources(const struct ask *a, struct gen *g, struct slice prompt);
/* groundingMetadata on the last two events, each with new chunks only. */
void ground_spread(json_object *events, json_object *grounding);

#endif
