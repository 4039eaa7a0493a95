/* Lines of models, by names that Google has had and may have. */
#include "config.h"

#include "core/gemini/model_line.h"

#include "tap.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const char list[] =
    "gemini-2.5-flash\ngemini-2.5-pro\ngemini-2.5-flash-lite\ngemini-3-flash-preview\n"
    "gemini-3.1-pro-preview\ngemini-3.1-pro-preview-customtools\ngemini-3.1-flash-lite\n"
    "gemini-3.8-flash\ngemini-3.8-flash-001\ngemini-4-argon\ngemini-flash-latest\n"
    "gemini-flash-lite-latest\ngemini-3-pro-image\ngemini-3.1-flash-image\n"
    "gemini-3.1-flash-lite-image\ngemini-nano-banana-2.1\ngemini-2.5-flash-preview-tts\n"
    "gemini-3.8-flash-tts\ngemini-3.8-flash-lite-tts\ngemini-3.5-transcribe\n"
    "gemini-embedding-001\ngemini-3.8-flash-live\ngemma-4-31b-it\n";

static bool
any(void *ctx, struct slice name)
{
	const char *not = ctx;

	return not == NULL || !slice_eq(name, slice_str(not ));
}

static const char *
newest(const char *name, const char * not )
{
	static char ret[MODEL_NAME_MAX];

	return model_line_newest(SLICE(list), slice_str(name), any, (void *)(uintptr_t) not, ret)
	           ? ret
	           : "";
}

static void
test_moves(void)
{
	static const struct {
		const char *name;
		bool moves;
	} rows[] = {
		{ "gemini-2.5-flash", true },
		{ "gemini-3-pro-preview", true },
		{ "gemini-2.5-flash-preview-09-2025", true },
		{ "gemini-2.0-flash-001", true },
		{ "gemini-1.5-flash-8b", true },
		{ "gemini-pro-latest", true },
		{ "gemini-pro", true },
		{ "gemini-2.0-flash-exp", true },
		{ "gemini-2.0-flash-preview-image-generation", true },
		{ "gemini-2.5-pro-preview-tts", true },
		{ "gemini-3.5-transcribe", true },
		{ "nano-banana-pro-preview", true },
		{ "gemini-flsh", false },
		{ "gemini-2.5-flash-x", false },
		{ "gemini-4-argon", false },
		{ "gemini", false },
		{ "gemini-3", false },
		{ "gemma-3-27b-it", false },
		{ "my-flash", false },
		{ "tunedModels/gemini-2.5-flash", false },
		{ "gemini-embedding-001", false },
		{ "gemini-3.8-flash-live", false },
		{ "", false },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		is_int(model_line_moves(slice_str(rows[i].name)), rows[i].moves, rows[i].name);
}

static void
test_newest(void)
{
	static const struct {
		const char *name, *not, *newest;
	} rows[] = {
		{ "gemini-2.0-flash", NULL, "gemini-flash-latest" },
		{ "gemini-flash-latest", "gemini-flash-latest", "gemini-3.8-flash" },
		{ "gemini-1.5-pro", NULL, "gemini-2.5-pro" },
		{ "gemini-2.5-pro", "gemini-2.5-pro", "gemini-3.1-pro-preview" },
		{ "gemini-2.0-flash-lite-001", NULL, "gemini-flash-lite-latest" },
		{ "gemini-1.5-flash-8b", NULL, "gemini-flash-lite-latest" },
		{ "gemini-2.5-flash-image", NULL, "gemini-3.1-flash-image" },
		{ "gemini-3-pro-image-preview", NULL, "gemini-3-pro-image" },
		{ "gemini-3-pro-image", "gemini-3-pro-image", "gemini-3.1-flash-image" },
		{ "gemini-2.5-pro-preview-tts", NULL, "gemini-3.8-flash-tts" },
		{ "gemini-3.1-flash-tts-preview", NULL, "gemini-3.8-flash-tts" },
		{ "gemini-3-flash-lite-tts", NULL, "gemini-3.8-flash-lite-tts" },
		{ "gemini-3-transcribe", NULL, "gemini-3.5-transcribe" },
		{ "gemini-3.5-transcribe", NULL, "" },
		{ "gemini-9-flash", NULL, "" },
		{ "gemini-flsh", NULL, "" },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		is_str(newest(rows[i].name, rows[i].not ), rows[i].newest, rows[i].name);
}

static void
test_near(void)
{
	is_slice(model_line_near(SLICE(list), SLICE("gemini-3.8-flsh")), "gemini-3.8-flash",
	    "a letter is missing");
	is_slice(model_line_near(SLICE(list), SLICE("gemini3.8-flash")), "gemini-3.8-flash",
	    "a dash is missing");
	is_slice(model_line_near(SLICE(list), SLICE("gpt-4")), "", "nothing like it");
	is_slice(model_line_near(SLICE(""), SLICE("gemini")), "", "no list");
}

int
main(void)
{
	test_moves();
	test_newest();
	test_near();
	return tap_done();
}
