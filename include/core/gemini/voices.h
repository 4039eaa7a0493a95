/* Names of voices: OpenAI's, and Gemini's own. One table, voices.c. */
#ifndef CORE_GEMINI_VOICES_H
#define CORE_GEMINI_VOICES_H

#include "base/buf.h"

/* Gemini's name (static) for a voice that a caller named, OpenAI's or Gemini's in any case; NULL
 * when it is neither. */
const char *voices_gemini(struct slice name);

/* Appends the known names for an error's text: 'alloy', ..., and 'Sulafat'. About 500 bytes. */
void voices_list(struct buf *out);

#endif
