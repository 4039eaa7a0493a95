/* Model names and aliases; what a name may look like stands in is_model_name. */
#include "config.h"

#include "core/gemini/models.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* clang-format off */
/* Google's evergreen names, which are served as long as there is a model of that size; behind each
 * the next smaller one, for projects without quota for the first. Images, speech, transcription and
 * embeddings have no such names. The first match wins: what is not a chat model and what is small
 * stands before what is large. `gpt-3.5-turbo` and `gpt-4` are as in the original of this kind of
 * gateway. */
#define PRO   "gemini-pro-latest|gemini-flash-latest,"
#define FLASH "gemini-flash-latest|gemini-flash-lite-latest,"
#define LITE  "gemini-flash-lite-latest,"

const char models_default_aliases[] =
    "gpt-*transcribe*=gemini-3.5-transcribe,"
    "whisper-1=gemini-3.5-transcribe,"
    "whisper-*=gemini-3.5-transcribe,"
    "gpt-*-tts*=gemini-3.8-flash-tts,"
    "tts-1-hd*=gemini-3.8-flash-tts,"
    "tts-1*=gemini-3.8-flash-lite-tts,"
    "gpt-image-*mini*=gemini-3.1-flash-lite-image,"
    "gpt-image-*=gemini-3.1-flash-image,"
    "chatgpt-image-*=gemini-3.1-flash-image,"
    "dall-e-*=gemini-3.1-flash-image,"
    "text-embedding-ada-002=gemini-embedding-001,"
    "text-embedding-*=gemini-embedding-001,"
    "gpt-3.5-turbo*=" FLASH
    "gpt-*-mini*=" LITE
    "gpt-*-nano*=" LITE
    "o*-mini*=" LITE
    "codex-mini*=" LITE
    "claude-*haiku*=" LITE
    "gpt-4*=" PRO
    "claude-*opus*=" PRO
    "gpt-*=" FLASH
    "chatgpt-*=" FLASH
    "codex-*=" FLASH
    "claude-*=" FLASH
    "o1*=" FLASH
    "o2*=" FLASH
    "o3*=" FLASH
    "o4*=" FLASH
    "o5*=" FLASH
    "o6*=" FLASH
    "o7*=" FLASH
    "o8*=" FLASH
    "o9*=" FLASH
    "davinci-*=" FLASH
    "babbage-*=" LITE;
/* clang-format on */

struct alias {
	char *pattern;
	bool wildcard;
	char target[MODEL_NAME_MAX];
	char fallbacks[MODEL_NAME_MAX];
};

struct models {
	struct alias *aliases;
	size_t count;
	bool built_in; /* the table of this program */
};

static bool
strip_prefix(struct slice *s, struct slice prefix)
{
	if (!slice_starts(*s, prefix))
		return false;
	*s = slice_skip(*s, prefix.len);
	return true;
}

/* Model ids consist of letters, digits, `-`, `_` and `.`; nothing that means something in a URL. */
static bool
is_model_name(struct slice name)
{
	strip_prefix(&name, SLICE("tunedModels/"));
	if (name.len == 0 || name.ptr[0] == '.' || slice_find(name, SLICE("..")) >= 0)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			c == '-' || c == '_' || c == '.'))
			return false;
	}
	return true;
}

static void
copy_name(char ret[MODEL_NAME_MAX], struct slice name)
{
	memcpy(ret, name.ptr, name.len);
	ret[name.len] = '\0';
}

static struct slice
without_prefixes(struct slice name)
{
	static const struct slice known[] = { { "models/", 7 }, { "google/", 7 },
		{ "gemini/", 7 } };
	bool stripped;

	do {
		stripped = false;
		for (size_t i = 0; i < ARRAY_SIZE(known); i++)
			stripped |= strip_prefix(&name, known[i]);
	} while (stripped);
	return name;
}

/* Checks every model of `a|b|c` and stores a as the target, b|c as the fallbacks. */
static const char *
alias_set_target(struct alias *alias, struct slice text)
{
	struct slice target;
	struct buf fallbacks;
	const char *error = NULL;
	bool first = true;

	buf_init(&fallbacks, MODEL_NAME_MAX - 1);
	while (error == NULL && slice_split(&text, '|', &target)) {
		target = without_prefixes(slice_trim(target));
		if (!is_model_name(target)) {
			error = "a target is no model name";
		} else if (target.len >= MODEL_NAME_MAX) {
			error = "a model name is too long";
		} else if (first) {
			copy_name(alias->target, target);
			first = false;
		} else {
			if (fallbacks.len > 0)
				buf_addc(&fallbacks, '|');
			buf_add_slice(&fallbacks, target);
		}
	}
	if (error == NULL && first)
		error = "an alias has no target";
	if (error == NULL && fallbacks.failed)
		error = "a list of fallbacks is too long";
	copy_name(alias->fallbacks, buf_slice(&fallbacks));
	buf_release(&fallbacks);
	return error;
}

static const char *
models_add(struct models *m, struct slice pair)
{
	struct alias alias = { 0 };
	struct slice name;
	const char *error;

	if (slice_find(pair, SLICE("=")) < 0)
		return "an alias needs the form name=target";
	slice_split(&pair, '=', &name);
	name = slice_trim(name);
	if (name.len == 0)
		return "an alias has no name";
	if (name.len >= MODEL_NAME_MAX)
		return "a model name is too long";
	error = alias_set_target(&alias, pair);
	if (error != NULL)
		return error;
	alias.wildcard = slice_find(name, SLICE("*")) >= 0;
	alias.pattern = xstrndup(name.ptr, name.len);
	m->aliases = xrealloc(m->aliases, (m->count + 1) * sizeof(*m->aliases));
	m->aliases[m->count++] = alias;
	return NULL;
}

struct models *
models_new(const char *spec, const char **ret_error)
{
	struct models *m = xcalloc(1, sizeof(*m));
	struct slice lines = slice_str(spec), line, pair;
	const char *error = NULL;

	m->built_in = spec == models_default_aliases;
	while (error == NULL && slice_split(&lines, '\n', &line)) {
		while (error == NULL && slice_split(&line, ',', &pair)) {
			pair = slice_trim(pair);
			if (pair.len > 0)
				error = models_add(m, pair);
		}
	}
	if (error != NULL) {
		*ret_error = error;
		models_free(m);
		return NULL;
	}
	return m;
}

void
models_free(struct models *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->count; i++)
		free(m->aliases[i].pattern);
	free(m->aliases);
	free(m);
}

bool
models_next(struct model_choice *choice)
{
	char rest[MODEL_NAME_MAX];
	struct slice fallbacks, first;

	memcpy(rest, choice->fallbacks, sizeof(rest));
	fallbacks = slice_str(rest);
	if (!slice_split(&fallbacks, '|', &first))
		return false;
	copy_name(choice->name, first);
	copy_name(choice->fallbacks, fallbacks);
	return true;
}

static const struct alias *
find_alias(const struct models *m, struct slice name)
{
	for (size_t i = 0; i < m->count; i++) {
		const char *pattern = m->aliases[i].pattern;

		/* Most patterns begin with another letter. */
		if (*pattern != '*' && (name.len == 0 || *pattern != name.ptr[0]))
			continue;
		if (slice_fits(name, slice_str(pattern)))
			return &m->aliases[i];
	}
	return NULL;
}

/* clang-format off */
static const struct suffix {
	struct slice text;
	enum builtin builtin;
} suffixes[] = {
	{ { ":search", 7 }, BUILTIN_SEARCH },
	{ { ":code", 5 },   BUILTIN_CODE },
	{ { ":url", 4 },    BUILTIN_URL },
};
/* clang-format on */

/* The size of a context window, `[1m]`, that Claude Code writes behind a name: every model here has
 * the one that it has. */
static bool
cut_window(struct slice *name)
{
	size_t len = name->len;

	if (len < 4 || name->ptr[len - 1] != ']' || (name->ptr[len - 2] | 0x20) != 'm')
		return false;
	len -= 2;
	while (len > 0 && name->ptr[len - 1] >= '0' && name->ptr[len - 1] <= '9')
		len--;
	if (len == 0 || len == name->len - 2 || name->ptr[len - 1] != '[')
		return false;
	name->len = len - 1;
	return true;
}

static bool
cut_builtin(struct slice *name, unsigned *builtins)
{
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		if (!slice_ends(*name, suffixes[i].text))
			continue;
		name->len -= suffixes[i].text.len;
		*builtins |= suffixes[i].builtin;
		return true;
	}
	return false;
}

/* Open WebUI and Bedrock separate a prefix with a dot, which stands inside names as well. */
static void
cut_dotted_prefix(struct slice *name)
{
	static const struct slice families[] = { { ".gemini-", 8 }, { ".gemma-", 7 },
		{ ".gpt-", 5 }, { ".chatgpt-", 9 }, { ".claude-", 8 } };

	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		ptrdiff_t at = slice_find(*name, families[i]);

		if (at > 0 && is_model_name((struct slice){ name->ptr, (size_t)at }))
			*name = (struct slice){ name->ptr + at + 1, name->len - (size_t)at - 1 };
	}
}

/* The name without what clients put around it; false when a foreign prefix is none. */
static bool
bare_name(struct slice name, struct model_choice *choice, struct slice *ret)
{
	struct slice foreign;
	bool good = true;

	while (cut_window(&name) || cut_builtin(&name, &choice->builtins))
		continue;
	name = without_prefixes(name);
	while (good && !slice_starts(name, SLICE("tunedModels/")) &&
	       slice_find(name, SLICE("/")) >= 0) {
		slice_split(&name, '/', &foreign);
		strip_prefix(&foreign, SLICE("@"));
		good = is_model_name(foreign);
		name = without_prefixes(name);
	}
	cut_dotted_prefix(&name);
	*ret = name;
	return good;
}

int
models_resolve(
    const struct models *m, struct slice name, struct model_choice *ret, struct apierror *err)
{
	struct model_choice choice = { 0 };
	const struct alias *alias = NULL;
	struct slice bare;
	bool good;

	name = slice_trim(name);
	if (name.len == 0)
		return apierror_set(err, APIERROR_MISSING_FIELD, "model",
		    "Name a model, for example gemini-flash-latest.");
	good = bare_name(name, &choice, &bare);
	if (good)
		alias = find_alias(m, bare);
	if (alias != NULL) {
		memcpy(choice.name, alias->target, sizeof(choice.name));
		memcpy(choice.fallbacks, alias->fallbacks, sizeof(choice.fallbacks));
		choice.built_in = m->built_in;
	} else if (bare.len >= MODEL_NAME_MAX) {
		return apierror_set(
		    err, APIERROR_BAD_VALUE, "model", "The model name is too long.");
	} else if (!good || !is_model_name(bare)) {
		return apierror_set(err, APIERROR_BAD_VALUE, "model",
		    "The model name holds characters that no Gemini model has.");
	} else {
		copy_name(choice.name, bare);
	}
	*ret = choice;
	return 0;
}

void
models_each_alias(
    const struct models *m, void (*fn)(void *ctx, const char *name, const char *target), void *ctx)
{
	for (size_t i = 0; i < m->count; i++)
		if (!m->aliases[i].wildcard)
			fn(ctx, m->aliases[i].pattern, m->aliases[i].target);
}
