/* family.c: the prefixes that are easy to get into the wrong order. */
#include "config.h"

#include "core/family.h"

#include "base/xalloc.h"
#include "tap.h"

static const struct {
	const char *name;
	bool sampling, prefill;
	enum family_thinking thinking;
	unsigned levels;
} models[] = {
	{ "gemini-2.0-flash", true, true, THINKING_NONE, 0 },
	{ "gemini-2.5-flash", true, true, THINKING_BUDGET, 0 },
	{ "gemini-2.5-flash-lite", true, true, THINKING_BUDGET, 0 },
	{ "gemini-2.5-flash-image", true, true, THINKING_NONE, 0 },
	{ "gemini-2.5-pro", true, true, THINKING_BUDGET, 0 },
	{ "gemini-3-flash-preview", false, true, THINKING_LEVEL, 15 },
	{ "gemini-3-pro-image", false, true, THINKING_NONE, 0 },
	{ "gemini-3.1-pro-preview", false, true, THINKING_LEVEL, 14 },
	{ "gemini-3.1-flash-lite", false, true, THINKING_LEVEL, 15 },
	{ "gemini-3.1-flash-image", false, true, THINKING_LEVEL, 9 },
	{ "gemini-3.1-flash-lite-image", false, true, THINKING_LEVEL, 9 },
	{ "gemini-3.5-flash", false, true, THINKING_LEVEL, 15 },
	{ "gemini-3.5-flash-lite", false, false, THINKING_LEVEL, 15 },
	{ "gemini-3.6-flash", false, false, THINKING_LEVEL, 15 },
	{ "gemini-3.7-flash", false, false, THINKING_LEVEL, 14 },
	{ "gemini-3.8-flash", false, false, THINKING_LEVEL, 14 },
	{ "gemini-3.8-flash-tts", false, false, THINKING_NONE, 0 },
	{ "gemini-4-argon", false, false, THINKING_LEVEL, 14 },
	{ "gemini-pro-latest", false, true, THINKING_LEVEL, 14 },
	{ "gemini-flash-latest", false, false, THINKING_LEVEL, 14 },
	{ "gemma-4-31b-it", true, false, THINKING_LEVEL, 9 },
	{ "gemma-3-27b-it", true, false, THINKING_NONE, 0 },
	{ "something-else", true, false, THINKING_NONE, 0 },
	{ "", true, false, THINKING_NONE, 0 },
};

int
main(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(models); i++) {
		const struct family *f = family_of(models[i].name);

		ok(((f->can & FAMILY_SAMPLING) != 0) == models[i].sampling &&
			((f->can & FAMILY_PREFILL) != 0) == models[i].prefill &&
			f->thinking == models[i].thinking && f->levels == models[i].levels,
		    models[i].name);
	}
	return tap_done();
}
