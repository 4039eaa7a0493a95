/* family.c: the prefixes that are easy to get into the wrong order. */
#include "config.h"

#include "core/gemini/family.h"

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
	{ "gemini-4-carbon-preview-11-2026", false, false, THINKING_LEVEL, 14 },
	{ "gemini-4-hydrogen", false, false, THINKING_LEVEL, 30 },
	{ "gemini-4-hydrogen-001", false, false, THINKING_LEVEL, 30 },
	{ "gemini-4-neon", false, false, THINKING_LEVEL, 30 },
	{ "gemini-4-neon-preview-11-2026", false, false, THINKING_LEVEL, 30 },
	{ "gemini-4-neon-image", false, false, THINKING_NONE, 0 },
	{ "gemini-4-neon-tts-preview", false, false, THINKING_NONE, 0 },
	{ "gemini-4-xenon", false, false, THINKING_LEVEL, 14 },
	{ "gemini-omni-1.2-flash", false, false, THINKING_LEVEL, 14 },
	{ "gemini-9-anything", false, false, THINKING_LEVEL, 14 },
	{ "gemini-pro-latest", false, false, THINKING_LEVEL, 14 },
	{ "gemini-flash-latest", false, false, THINKING_LEVEL, 14 },
	{ "gemini-flash-lite-latest", false, false, THINKING_LEVEL, 15 },
	{ "gemma-4-31b-it", true, false, THINKING_LEVEL, 9 },
	{ "gemma-3-27b-it", true, false, THINKING_NONE, 0 },
	{ "something-else", true, false, THINKING_NONE, 0 },
	{ "", true, false, THINKING_NONE, 0 },
};

/* clang-format off */
static const char rows[] =
    "# an operator's own\n"
    "\n"
    "gemini-3.8-flash  like=gemini-3.8-flash -mix +sampling level=low,high # and why\n"
    "  mine-\tsampling penalties budget=0,512-1000\r\n"
    "mine2  like=mine-1 +audio thinking=none\n"
    "pro- budget=0-10\n"
    "fixed- image budget=5-10\n"
    "a*b*c level=medium,xhigh";

static const struct { const char *text; size_t line; } bad[] = {
	{ "x", 1 }, { "\nx sampling\nx colour", 3 }, { "x +mix", 1 }, { "x -mix", 1 },
	{ "x sampling like=y", 1 }, { "x level=", 1 }, { "x level=huge", 1 }, { "x budget=5", 1 },
	{ "x budget=9-5", 1 }, { "x budget=0-0", 1 }, { "x budget=a-b", 1 },
	{ "x budget=1-99999999999", 1 }, { "x thinking=some", 1 }, { "x like=y +level=low", 1 },
};
/* clang-format on */

static void
test_own_rows(void)
{
	const char *error = NULL;
	size_t line = 0;
	struct families *own = families_new(rows, &error, &line);
	const struct family *f;

	ok(own != NULL, "rows, comments, blanks");
	f = families_of(own, "gemini-3.8-flash-001");
	is_int(f->can,
	    (family_of("gemini-3.8-flash")->can & ~(unsigned)FAMILY_MIX) | FAMILY_SAMPLING,
	    "like another, more and less");
	is_int(f->levels, LEVEL_LOW | LEVEL_HIGH, "with levels of its own");
	f = families_of(own, "mine-7");
	is_int(f->can, FAMILY_SAMPLING | FAMILY_PENALTIES, "from nothing");
	ok(f->thinking == THINKING_BUDGET && f->budget_off && f->budget_min == 512 &&
		f->budget_max == 1000,
	    "a budget with a gap");
	f = families_of(own, "pro-1");
	ok(f->budget_off && f->budget_min == 1 && f->budget_max == 10, "a budget from 0 on");
	f = families_of(own, "fixed-1");
	ok(!f->budget_off && f->budget_min == 5 && f->can == FAMILY_IMAGE_OUT, "no turning off");
	f = families_of(own, "a-b-and-c-2");
	is_int(f->levels, LEVEL_MEDIUM | LEVEL_XHIGH, "several asterisks, the highest level");
	ok(families_of(own, "a-c-b") == family_of("a-c-b"), "in this order");
	ok(families_of(own, "gemini-3.6-flash") == family_of("gemini-3.6-flash"),
	    "the others stay");
	ok(families_of(NULL, "x") == family_of("x"), "no rows at all");
	families_free(own);
	families_free(NULL);
}

int
main(void)
{
	test_own_rows();
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const char *error = NULL;
		size_t line = 0;

		ok(families_new(bad[i].text, &error, &line) == NULL && error != NULL &&
			line == bad[i].line,
		    bad[i].text);
	}
	for (size_t i = 0; i < ARRAY_SIZE(models); i++) {
		const struct family *f = family_of(models[i].name);

		ok(((f->can & FAMILY_SAMPLING) != 0) == models[i].sampling &&
			((f->can & FAMILY_PREFILL) != 0) == models[i].prefill &&
			f->thinking == models[i].thinking && f->levels == models[i].levels,
		    models[i].name);
	}
	return tap_done();
}
