/* What the files of the audio endpoints share. */
#ifndef CORE_OPENAI_AUDIO_SPEECH_PRIV_H
#define CORE_OPENAI_AUDIO_SPEECH_PRIV_H

#include "core/gemini/reader.h"

/* After the whole answer: -1 with err when the prompt was blocked, or the model did not stop by
 * itself. what: "audio", "transcript"; spoke: there is some. */
int speech_check_end(
    const struct gemini_reader *g, bool spoke, const char *what, struct apierror *err);

#endif
