/* Model names: prefixes, aliases, and names that must not reach a URL. */
#include "config.h"

#include "core/models.h"

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
	{ "gemini.gemini-2.5-pro",           "gemini-2.5-pro" },
	{ "my.work.gemma-4-31b-it",          "gemma-4-31b-it" },
	{ "work.models/gemini-2.5-pro",      "gemini-2.5-pro" },
	{ "tunedModels/my-model-1",          "tunedModels/my-model-1" },
	{ "models/tunedModels/my-model-1",   "tunedModels/my-model-1" },
	{ "gemma-4-26b-a4b-it",              "gemma-4-26b-a4b-it" },
	{ "gpt-3.5-turbo",                   "gemini-2.5-flash" },
	{ "gpt-3.5-turbo-16k",               "gemini-2.5-flash" },
	{ "gpt-4",                           "gemini-2.5-pro" },
	{ "gpt-4o-mini",                     "gemini-2.5-pro" },
	{ "openai/gpt-4o",                   "gemini-2.5-pro" },
	{ "gpt-5.1",                         "gemini-2.5-flash" },
	{ "chatgpt-4o-latest",               "gemini-2.5-flash" },
	{ "o1", "gemini-2.5-flash" }, { "o3-mini", "gemini-2.5-flash" },
	{ "o4-mini", "gemini-2.5-flash" }, { "o5", "gemini-2.5-flash" },
	{ "text-embedding-ada-002",          "gemini-embedding-001" },
	{ "text-embedding-3-small",          "gemini-embedding-001" },
	{ "text-embedding-004",              "text-embedding-004" },
	{ "dall-e-2",                        "gemini-3.1-flash-image" },
	{ "dall-e-3",                        "gemini-3.1-flash-image" },
	{ "gpt-image-1",                     "gemini-3.1-flash-image" },
	{ "gpt-image-1.5",                   "gemini-3.1-flash-image" },
	{ "gpt-image-1-mini",                "gemini-3.1-flash-lite-image" },
	{ "chatgpt-image-latest",            "gemini-3.1-flash-image" },
	{ "tts-1",                           "gemini-3.8-flash-lite-tts" },
	{ "tts-1-1106",                      "gemini-3.8-flash-lite-tts" },
	{ "tts-1-hd",                        "gemini-3.8-flash-tts" },
	{ "gpt-4o-mini-tts-2025-12-15",      "gemini-3.8-flash-tts" },
	{ "whisper-1",                       "gemini-3.5-transcribe" },
	{ "gpt-4o-transcribe-diarize",       "gemini-3.5-transcribe" },
	{ "gpt-4o-mini-transcribe",          "gemini-3.5-transcribe" },
	{ "gpt-transcribe",                  "gemini-3.5-transcribe" },
	{ "omni-moderation",                 "omni-moderation" },
};

static const char *const bad[] = {
	"", "   ", "models/", "..", "gemini..pro", ".hidden", "a/b/c", "a?b", "a&b", "a b", "a%2fb",
	"a#b", "a:generateContent", "tunedModels/", "tunedModels/a/b", "../x", "x/../y", "a\nb",
	"gemini-\xC3\xA9", "a\\b", ":search", ".gemini-2.5-pro", "a b.gemini-2.5-pro",
};
/* clang-format on */

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
	is_str(resolve("models/gpt-4:search"), "gemini-2.5-pro", "also in front of an alias");
	is_int(choice.builtins, BUILTIN_SEARCH, "and remembered there");
	is_str(resolve("gemini-3.8-flash:url:search:code"), "gemini-3.8-flash", "several suffixes");
	is_int(choice.builtins, BUILTIN_SEARCH | BUILTIN_CODE | BUILTIN_URL, "all remembered");
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
	models = defaults;
}

int
main(void)
{
	const char *error = NULL;

	models = models_new(models_default_aliases, &error);
	ok(models != NULL, "the built-in table is valid");
	test_names();
	test_search();
	test_own_table();
	is_str(spec_error(""), "none", "an empty table");
	ok(strcmp(spec_error("fast"), "none") != 0, "no equals sign");
	ok(strcmp(spec_error("=gemini-2.5-pro"), "none") != 0, "no name");
	ok(strcmp(spec_error("fast="), "none") != 0, "no target");
	ok(strcmp(spec_error("fast=a||b"), "none") != 0, "an empty fallback");
	ok(strcmp(spec_error("fa*st=a"), "none") != 0, "a star inside");
	ok(strcmp(spec_error("fast=a/b"), "none") != 0, "a target that is no model name");
	ok(strcmp(spec_error("fast=a:search"), "none") != 0, "nor may it search");
	models_free(models);
	models_free(NULL);
	return tap_done();
}
