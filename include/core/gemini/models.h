/*
 * Model names: prefixes, suffixes and aliases. What a family can do is data here, not tests on
 * names elsewhere.
 */
#ifndef CORE_GEMINI_MODELS_H
#define CORE_GEMINI_MODELS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/limits.h"
#include "core/api/apierror.h"

/* The built-in aliases, in the syntax of the option MODEL_ALIASES. */
extern const char models_default_aliases[];

/* Google's own tools that a caller may ask for. */
enum builtin {
	BUILTIN_SEARCH = 1 << 0,
	BUILTIN_CODE = 1 << 1,
	BUILTIN_URL = 1 << 2,
	BUILTIN_MAPS = 1 << 3,
	BUILTIN_FILES = 1 << 4,
};

struct models; /* an alias table; immutable after models_new */

/* spec: `name=target` pairs separated by commas or line ends; each `*` in a name stands for any
 * text, also for none; a target may list fallbacks with `|`. The first match wins. NULL and
 * *ret_error (static) when the text is not of that form. */
struct models *models_new(const char *spec, const char **ret_error);
void models_free(struct models *m);

struct model_choice {
	char name[MODEL_NAME_MAX];      /* upstream name without `models/` */
	char fallbacks[MODEL_NAME_MAX]; /* `|`-separated, may be empty */
	unsigned builtins;              /* enum builtin; by suffixes of the caller's name */
	bool built_in;                  /* by an alias that this program brought */
};

/* The first fallback becomes the model; false when there is none. */
bool models_next(struct model_choice *choice);

/* The upstream model for the name a client sent: strips `models/`, `google/` and whatever other
 * `prefix/` stands in front, a `prefix.` of a Gemini, Gemma, GPT or Claude name, and the suffixes
 * `:search`, `:code`, `:url` and `[1m]`, any of them in any order, then applies the aliases.
 * `tunedModels/x` is kept.
 * -1 with err (param "model") for an empty, too long or malformed name: one that could not stand
 * in the path of a Gemini URL as it is. */
int models_resolve(
    const struct models *m, struct slice name, struct model_choice *ret, struct apierror *err);

/* Calls fn for each alias without wildcard, for the model list; target without its fallbacks. */
void models_each_alias(
    const struct models *m, void (*fn)(void *ctx, const char *name, const char *target), void *ctx);

#endif
