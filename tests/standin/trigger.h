/* Words in the last turn's text that ask for answers of a special kind; README.md lists them. */
#ifndef STANDIN_TRIGGER_H
#define STANDIN_TRIGGER_H

#include "gen.h"

/* Fills p (and g) if the text asks for a way to end, a block, an empty answer, or a continuation.
 */
bool trigger_play(const struct ask *a, struct play *p, struct gen *g, struct slice text);
/* Ratings and citations of an answer that is there. */
void trigger_add_extras(struct gen *g, struct slice text);
/* What Google says to a finishReason, or NULL. */
const char *trigger_message(const char *reason);
/* An answer with status 200 and nothing in it: "body", "object", "candidates", "content", "parts".
 */
bool trigger_empty(const struct ask *a, struct play *p, struct slice what);
/* True when the request has no continuationToken, or one that the stand-in gave out. */
bool trigger_token_valid(json_object *body);

#endif
