/* Model names: prefixes, aliases, and names that must not reach a URL. */
#include "config.h"

#include "core/gemini/models.h"

#include "base/xalloc.h"
#include "tap.h"

static struct models *models;
static struct model_choice choice;
static struct apierror err;

static const char *
resolve(const char *name)
{
	return models_resolve(models, slice_str(name), &choice, &err) == 0 ? choice.name : NULL;
}

static const char *
spec_error(const char *spec)
{
	const char *error = "none";
	struct models *m = models_new(spec, &error);

	models_free(m);
	return error;
}

/* clang-format off */
static const struct { const char *name, *upstream; } good[] = {
	{ "gemini-2.5-pro",                  "gemini-2.5-pro" },
	{ "  gemini-2.5-pro ",               "gemini-2.5-pro" },
	{ "models/gemini-2.5-pro",           "gemini-2.5-pro" },
	{ "google/gemini-2.5-pro",           "gemini-2.5-pro" },
	{ "gemini/gemini-2.5-pro",           "gemini-2.5-pro" },
	{ "google/models/gemini-2.5-pro",    "gemini-2.5-pro" },
	{ "openrouter/gemini-2.5-pro",       "gemini-2.5-pro" },
	{ "openrouter/google/gemini-2.5-pro", "gemini-2.5-pro" },
	{ "a/b/c/gemini-2.5-pro",            "gemini-2.5-pro" },
	{ "@cf/google/gemma-4-31b-it",       "gemma-4-31b-it" },
	{ "publishers/google/models/gemini-2.5-pro", "gemini-2.5-pro" },
	{ "openrouter/tunedModels/my-model-1", "tunedModels/my-model-1" },
	{ "gemini-2.5-pro[1m]",              "gemini-2.5-pro" },
	{ "gemini-2.5-pro[200M]",            "gemini-2.5-pro" },
	{ "google/gemini-2.5-pro[1m]",       "gemini-2.5-pro" },
	{ "gemini.gemini-2.5-pro",           "gemini-2.5-pro" },
	{ "my.work.gemma-4-31b-it",          "gemma-4-31b-it" },
	{ "work.models/gemini-2.5-pro",      "gemini-2.5-pro" },
	{ "tunedModels/my-model-1",          "tunedModels/my-model-1" },
	{ "models/tunedModels/my-model-1",   "tunedModels/my-model-1" },
	{ "gemma-4-26b-a4b-it",              "gemma-4-26b-a4b-it" },
	{ "text-embedding-ada-002",          "gemini-embedding-001" },
	{ "text-embedding-3-small",          "gemini-embedding-001" },
	{ "text-embedding-3-large",          "gemini-embedding-001" },
	{ "dall-e-2",                        "gemini-3.1-flash-image" },
	{ "dall-e-3",                        "gemini-3.1-flash-image" },
	{ "gpt-image-1",                     "gemini-3.1-flash-image" },
	{ "gpt-image-2.5-flare-2026-09-08",  "gemini-3.1-flash-image" },
	{ "gpt-image-1-mini",                "gemini-3.1-flash-lite-image" },
	{ "chatgpt-image-latest",            "gemini-3.1-flash-image" },
	{ "tts-1",                           "gemini-3.8-flash-lite-tts" },
	{ "tts-1-1106",                      "gemini-3.8-flash-lite-tts" },
	{ "tts-1-hd",                        "gemini-3.8-flash-tts" },
	{ "gpt-4o-mini-tts-2025-12-15",      "gemini-3.8-flash-tts" },
	{ "whisper-1",                       "gemini-3.5-transcribe" },
	{ "whisper-large-v3",                "gemini-3.5-transcribe" },
	{ "gpt-4o-transcribe-diarize",       "gemini-3.5-transcribe" },
	{ "gpt-4o-mini-transcribe",          "gemini-3.5-transcribe" },
	{ "gpt-transcribe",                  "gemini-3.5-transcribe" },
	{ "gpt-live-transcribe",             "gemini-3.5-transcribe" },
	{ "omni-moderation",                 "omni-moderation" },
};

static const char *const bad[] = {
	"", "   ", "models/", "..", "gemini..pro", ".hidden", "a//b", "/b", "@/b", "a[1m", "a[m]", "a1m]", "[1m]", "a[1k]", "a?b", "a&b", "a b", "a%2fb",
	"a#b", "a:generateContent", "tunedModels/", "tunedModels/a/b", "../x", "x/../y", "a\nb",
	"gemini-\xC3\xA9", "a\\b", ":search", ".gemini-2.5-pro", "a b.gemini-2.5-pro",
};

/* What the default aliases make of OpenAI's and Anthropic's chat models; the names are those of
 * their client libraries and documents, whatever stands in front or behind. */
#define PRO   "gemini-pro-latest", "gemini-flash-latest"
#define FLASH "gemini-flash-latest", "gemini-flash-lite-latest"
#define LITE  "gemini-flash-lite-latest", ""

static const struct { const char *upstream, *fallbacks, *names; } lines[] = {
	{ PRO,
	    "gpt-4 gpt-4-0613 gpt-4-32k gpt-4-turbo-2024-04-09 gpt-4-vision-preview gpt-4.1 "
	    "gpt-4.1-2025-04-14 gpt-4.5-preview gpt-4o gpt-4o-2024-11-20 gpt-4o-search-preview "
	    "gpt-4o-audio-preview openai/gpt-4o models/gpt-4o claude-3-opus-20240229 "
	    "claude-3-opus-latest claude-opus-4-1 claude-opus-4-1-20250805 claude-opus-4-5[1m] "
	    "anthropic/claude-opus-4.5 openrouter/anthropic/claude-opus-4 "
	    "us.anthropic.claude-opus-4-1-20250805-v1:0 claude-opus-4-1@20250805" },
	{ LITE,
	    "gpt-4o-mini gpt-4o-mini-2024-07-18 gpt-4o-mini-search-preview gpt-4.1-mini gpt-4.1-nano "
	    "gpt-4.1-nano-2025-04-14 gpt-5-mini gpt-5-nano-2025-08-07 gpt-5.4-mini-2026-03-17 "
	    "gpt-5-codex-mini gpt-5.1-codex-mini codex-mini-latest gpt-audio-mini o1-mini "
	    "o1-mini-2024-09-12 o3-mini o4-mini o4-mini-deep-research azure/gpt-4o-mini "
	    "openai.gpt-5-nano claude-3-haiku-20240307 claude-3-5-haiku-latest claude-haiku-4-5 "
	    "claude-haiku-4-5-20251001 anthropic/claude-haiku-4.5[1m] babbage-002" },
	{ FLASH,
	    "gpt-3.5-turbo gpt-3.5-turbo-16k gpt-3.5-turbo-instruct gpt-5 gpt-5-2025-08-07 gpt-5.1 "
	    "gpt-5-chat-latest gpt-5-codex gpt-5.1-codex-max gpt-5-pro gpt-5.6-sol gpt-6-astra "
	    "gpt-6.2-sol gpt-audio-1.5 gpt-oss-120b gpt-realtime chatgpt-4o-latest codex-latest o1 "
	    "o1-preview o1-pro o3 o3-2025-04-16 o3-deep-research o5 o9 openrouter/openai/gpt-5.1 "
	    "claude-2.1 claude-instant-1.2 claude-3-5-sonnet-20241022 claude-3-7-sonnet-latest "
	    "claude-sonnet-4-20250514 claude-sonnet-4-5[1m] anthropic/claude-sonnet-4.5 "
	    "anthropic.claude-sonnet-4-20250514-v1:0 davinci-002" },
};
/* clang-format on */

static void
test_lines(void)
{
	char what[96];

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct slice names = slice_str(lines[i].names), name;

		while (slice_split(&names, ' ', &name)) {
			snprintf(what, sizeof(what), "%.*s", (int)name.len, name.ptr);
			is_str(resolve(what), lines[i].upstream, what);
			is_str(choice.fallbacks, lines[i].fallbacks, "... and what comes after it");
			is_int(choice.builtins, 0, "... and no tool");
		}
	}
}

/* Google's own names are never taken for another's, nor those of others. */
static void
test_not_theirs(void)
{
	static const char *const own[] = { "gemini-pro-latest", "gemini-flash-latest",
		"gemini-flash-lite-latest", "gemini-nano-banana-2.1", "nano-banana-pro-preview",
		"gemini-4-argon", "gemini-4-neon-preview-11-2026", "gemini-omni-1.1-flash",
		"gemini-3.8-flash-tts", "gemini-3.5-transcribe", "gemini-3.1-flash-image",
		"gemini-embedding-2", "gemma-4-31b-it", "tunedModels/my-gpt-4o-mini", "lyria-3.5",
		"phi-4-mini", "omni-moderation-latest" };

	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		is_str(resolve(own[i]), own[i], own[i]);
}

static void
test_names(void)
{
	char name[MODEL_NAME_MAX + 8], what[40];

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		is_str(resolve(good[i].name), good[i].upstream, good[i].name);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(what, sizeof(what), "bad name %zu is refused", i);
		ok(resolve(bad[i]) == NULL, what);
		is_int(err.status, 400, "... with 400");
		is_str(err.param, "model", "... at the model");
	}
	memset(name, 'a', sizeof(name));
	name[MODEL_NAME_MAX - 1] = '\0';
	is_str(resolve(name), name, "a name of the greatest length");
	name[MODEL_NAME_MAX - 1] = 'a';
	name[MODEL_NAME_MAX] = '\0';
	ok(resolve(name) == NULL, "one byte more");
	ok(models_resolve(models, (struct slice){ "a\0b", 3 }, &choice, &err) == -1,
	    "a NUL inside");
}

static void
test_search(void)
{
	is_str(resolve("gemini-2.5-flash:search"), "gemini-2.5-flash", ":search goes off the name");
	is_int(choice.builtins, BUILTIN_SEARCH, "and is remembered");
	is_str(resolve("models/gpt-4:search"), "gemini-pro-latest", "also in front of an alias");
	is_int(choice.builtins, BUILTIN_SEARCH, "and remembered there");
	is_str(resolve("gemini-3.8-flash:url:search:code"), "gemini-3.8-flash", "several suffixes");
	is_int(choice.builtins, BUILTIN_SEARCH | BUILTIN_CODE | BUILTIN_URL, "all remembered");
	is_str(resolve("claude-haiku-4-5[1m]:search"), "gemini-flash-lite-latest", "[1m] in front");
	is_int(choice.builtins, BUILTIN_SEARCH, "remembered as well");
	is_str(resolve("claude-haiku-4-5:search[1m]:url"), "gemini-flash-lite-latest", "inside");
	is_int(choice.builtins, BUILTIN_SEARCH | BUILTIN_URL, "both remembered");
	ok(resolve("gemini-3.8-flash:other:search") == NULL, "an unknown suffix is refused");
	resolve("gemini-2.5-flash");
	is_int(choice.builtins, 0, "a name without it does not search");
}

static void
count_alias(void *ctx, const char *name, const char *target)
{
	buf_addf(ctx, "%s>%s;", name, target);
}

static void
test_own_table(void)
{
	struct models *defaults = models;
	const char *error = NULL;
	struct buf seen;

	models = models_new("fast = gemini-2.5-flash | models/gemini-flash-latest|gemma-4-31b-it,\n"
			    "\r\n , cheap-*=gemini-2.5-flash-lite, fast=other,*=gemini-2.5-pro\n",
	    &error);
	ok(models != NULL, "a table with blanks, line ends and empty pairs");
	is_str(resolve("fast"), "gemini-2.5-flash", "its first match wins");
	is_str(choice.fallbacks, "gemini-flash-latest|gemma-4-31b-it", "with its fallbacks");
	is_str(resolve("cheap-and-cheerful"), "gemini-2.5-flash-lite", "a wildcard");
	is_str(choice.fallbacks, "", "without fallbacks");
	is_str(resolve("ft:gpt-4:acme"), "gemini-2.5-pro", "a bare star takes every name");
	buf_init(&seen, 4096);
	models_each_alias(models, count_alias, &seen);
	is_str(seen.data, "fast>gemini-2.5-flash;fast>other;", "aliases without a wildcard");
	buf_release(&seen);
	models_free(models);
	models = models_new("*-small*=a,my-*-v*-x=b,*=c", &error);
	is_str(resolve("team/any-small-7"), "a", "a star at both ends");
	is_str(resolve("my-own-v2-x"), "b", "two inside");
	is_str(resolve("my-own-v2-y"), "c", "all of it must fit");
	buf_init(&seen, 4096);
	models_each_alias(models, count_alias, &seen);
	is_int(seen.len, 0, "none of them is a name to list");
	buf_release(&seen);
	models_free(models);
	models = defaults;
}

int
main(void)
{
	const char *error = NULL;

	models = models_new(models_default_aliases, &error);
	ok(models != NULL, "the built-in table is valid");
	test_names();
	test_lines();
	test_not_theirs();
	test_search();
	test_own_table();
	is_str(spec_error(""), "none", "an empty table");
	ok(strcmp(spec_error("fast"), "none") != 0, "no equals sign");
	ok(strcmp(spec_error("=gemini-2.5-pro"), "none") != 0, "no name");
	ok(strcmp(spec_error("fast="), "none") != 0, "no target");
	ok(strcmp(spec_error("fast=a||b"), "none") != 0, "an empty fallback");
	is_str(spec_error("fa*s*t=a"), "none", "stars inside");
	ok(strcmp(spec_error("fast=a/b"), "none") != 0, "a target that is no model name");
	ok(strcmp(spec_error("fast=a:search"), "none") != 0, "nor may it search");
	models_free(models);
	models_free(NULL);
	return tap_done();
}
