/* Function calls in answers. */
#ifndef STANDIN_CALLS_H
#define STANDIN_CALLS_H

#include "gen.h"

/* "call:NAME" in the prompt asks for a call of a declared function; mode ANY forces one. */
bool calls_wanted(const struct ask *a, struct slice prompt);
/* after_traces: the first call's signature says that traces of server-side tools come before it. */
void calls_add(const struct ask *a, struct gen *g, struct slice prompt, bool after_traces);
/* A scripted call's name with `*` in it becomes the first declared name that it matches. */
void calls_resolve(const struct ask *a, json_object *part);

#endif
