/* The table of model families. The first prefix that fits wins, so longer ones stand first. */
#include "config.h"

#include "core/family.h"

#include <string.h>

#define GEMINI_2 (FAMILY_SAMPLING | FAMILY_CANDIDATES | FAMILY_PREFILL)
#define GEMINI_3 \
	(FAMILY_MIX | FAMILY_JSON_TOOLS | FAMILY_CALL_IDS | FAMILY_SIGNATURES | FAMILY_MEDIA | \
	    FAMILY_VALIDATED)
#define GEMINI_3_PREFILL (GEMINI_3 | FAMILY_PREFILL)

#define L_MH  (LEVEL_MINIMAL | LEVEL_HIGH)
#define L_LMH (LEVEL_LOW | LEVEL_MEDIUM | LEVEL_HIGH)
#define L_ALL (LEVEL_MINIMAL | L_LMH)

/* clang-format off */
static const struct family families[] = {
	/* Thinking: Google's guide "Gemini thinking". A model turn at the end: refused from
	 * 3.5-flash-lite and 3.6 on. Image, speech and transcription models take no thinkingConfig
	 * unless listed with levels. */
	{ "gemini-1.",                   GEMINI_2 | FAMILY_PENALTIES, THINKING_NONE, 0, 0, 0 },
	{ "gemini-2.0-",                 GEMINI_2 | FAMILY_PENALTIES, THINKING_NONE, 0, 0, 0 },
	{ "gemini-2.5-flash-image",      GEMINI_2,         THINKING_NONE,   0,     0,   0 },
	{ "gemini-2.5-flash-preview-tts", GEMINI_2,        THINKING_NONE,   0,     0,   0 },
	{ "gemini-2.5-pro-preview-tts",  GEMINI_2,         THINKING_NONE,   0,     0,   0 },
	{ "gemini-2.5-flash-tts",        GEMINI_2,         THINKING_NONE,   0,     0,   0 },
	{ "gemini-2.5-pro-tts",          GEMINI_2,         THINKING_NONE,   0,     0,   0 },
	{ "gemini-2.5-flash-lite",       GEMINI_2,         THINKING_BUDGET, 0,     0,   24576 },
	{ "gemini-2.5-flash",            GEMINI_2,         THINKING_BUDGET, 0,     0,   24576 },
	{ "gemini-2.5-pro",              GEMINI_2,         THINKING_BUDGET, 0,     128, 32768 },
	{ "gemini-2.",                   GEMINI_2,         THINKING_NONE,   0,     0,   0 },
	{ "gemini-3-pro-image",          GEMINI_3_PREFILL, THINKING_NONE,   0,     0,   0 },
	{ "gemini-3-flash",              GEMINI_3_PREFILL, THINKING_LEVEL,  L_ALL, 0,   0 },
	{ "gemini-3-",                   GEMINI_3_PREFILL, THINKING_LEVEL,  L_LMH, 0,   0 },
	{ "gemini-3.1-flash-image",      GEMINI_3_PREFILL, THINKING_LEVEL,  L_MH,  0,   0 },
	{ "gemini-3.1-flash-lite-image", GEMINI_3_PREFILL, THINKING_LEVEL,  L_MH,  0,   0 },
	{ "gemini-3.1-flash-tts",        GEMINI_3_PREFILL, THINKING_NONE,   0,     0,   0 },
	{ "gemini-3.1-flash-lite",       GEMINI_3_PREFILL, THINKING_LEVEL,  L_ALL, 0,   0 },
	{ "gemini-3.1-",                 GEMINI_3_PREFILL, THINKING_LEVEL,  L_LMH, 0,   0 },
	{ "gemini-3.5-flash-lite",       GEMINI_3,         THINKING_LEVEL,  L_ALL, 0,   0 },
	{ "gemini-3.5-flash",            GEMINI_3_PREFILL, THINKING_LEVEL,  L_ALL, 0,   0 },
	{ "gemini-3.5-transcribe",       GEMINI_3,         THINKING_NONE,   0,     0,   0 },
	{ "gemini-3.6-flash",            GEMINI_3,         THINKING_LEVEL,  L_ALL, 0,   0 },
	{ "gemini-3.8-flash-tts",        GEMINI_3,         THINKING_NONE,   0,     0,   0 },
	{ "gemini-3.8-flash-lite-tts",   GEMINI_3,         THINKING_NONE,   0,     0,   0 },
	{ "gemini-pro-latest",           GEMINI_3_PREFILL, THINKING_LEVEL,  L_LMH, 0,   0 },
	{ "gemini-nano-banana",          GEMINI_3,         THINKING_NONE,   0,     0,   0 },
	{ "nano-banana",                 GEMINI_3_PREFILL, THINKING_NONE,   0,     0,   0 },
	/* Names to come: what every model since 3.6 does. */
	{ "gemini-",                     GEMINI_3,         THINKING_LEVEL,  L_LMH, 0,   0 },
	{ "gemma-4-",                    FAMILY_SAMPLING,  THINKING_LEVEL,  L_MH,  0,   0 },
	{ "",                            FAMILY_SAMPLING,  THINKING_NONE,   0,     0,   0 },
};
/* clang-format on */

const struct family *
family_of(const char *name)
{
	size_t i = 0;

	while (strncmp(name, families[i].prefix, strlen(families[i].prefix)) != 0)
		i++;
	return &families[i];
}
