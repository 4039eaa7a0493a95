/* The option table's engine: parse, check, print. */
#include "config.h"

#include "app/conf/conf.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "conf_priv.h"
#include "core/http/plain_text.h"

static const char *
conf_expected(const struct conf_option *o, char text[128])
{
	const char *unit = o->kind == KIND_TIME ? " seconds" : o->kind == KIND_SIZE ? " bytes" : "";

	snprintf(text, 128, "is not a number from %.10g to %.10g%s", o->min, o->max, unit);
	return text;
}

/* Digits with an optional fraction; sizes may end in K, M or G. */
static bool
parse_number(const struct conf_option *o, const char *value, double *ret)
{
	char *end;

	if (!isdigit((unsigned char)value[0]) || strpbrk(value, "xXpPeEnN") != NULL)
		return false;
	*ret = strtod(value, &end);
	if (o->kind == KIND_SIZE && *end != '\0') {
		static const char suffixes[] = "KMG";
		const char *suffix = strchr(suffixes, toupper((unsigned char)*end));

		if (suffix == NULL)
			return false;
		*ret *= pow(1024, (double)(suffix - suffixes + 1));
		end++;
	}
	if (*end != '\0' || (o->kind == KIND_NUM && *ret != floor(*ret)))
		return false;
	return *ret >= o->min && *ret <= o->max;
}

static bool
parse_bool(const char *value, bool *ret)
{
	static const char *const yes[] = { "yes", "true", "on", "1" }, *const no[] = { "no",
		"false", "off", "0", "" };

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		if (strcasecmp(value, yes[i]) == 0)
			return *ret = true;
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		if (strcasecmp(value, no[i]) == 0) {
			*ret = false;
			return true;
		}
	return false;
}

static bool
parse_enum(const char *words, const char *value, unsigned *ret)
{
	struct slice rest = slice_str(words), word;

	for (unsigned i = 0; slice_split(&rest, '|', &word); i++)
		if (slice_eqi(word, slice_str(value))) {
			*ret = i;
			return true;
		}
	return false;
}

static int
apply_text(const struct conf_option *o, char **field, const char *value, char error[CONF_ERROR_MAX])
{
	char text[CONF_WHY_MAX];
	const char *fault = conf_form_fault(o->form, value, text);

	/* Origins that nobody may call from are a choice. */
	if (value[0] == '\0' && o->def[0] != '\0' && o->form != CONF_FORM_ORIGINS)
		fault = "must not be empty";
	if (fault != NULL)
		return conf_refuse(error, o, value, fault);
	secret_free(*field);
	*field = xstrdup(value);
	return 0;
}

static int
conf_apply(
    struct conf *conf, const struct conf_option *o, const char *value, char error[CONF_ERROR_MAX])
{
	void *field = (char *)conf + o->offset;
	char text[128];
	double number;

	switch (o->kind) {
	case KIND_STR:
	case KIND_SECRET:
		return apply_text(o, field, value, error);
	case KIND_NUM:
	case KIND_SIZE:
	case KIND_TIME:
		if (!parse_number(o, value, &number))
			return conf_refuse(error, o, value, conf_expected(o, text));
		*(uint64_t *)field = (uint64_t)(o->kind == KIND_TIME ? number * 1000 : number);
		return 0;
	case KIND_BOOL:
		return parse_bool(value, field)
		           ? 0
		           : conf_refuse(error, o, value, "is neither yes nor no");
	case KIND_ENUM:
		if (parse_enum(o->words, value, field))
			return 0;
		snprintf(text, sizeof(text), "is none of %s", o->words);
		return conf_refuse(error, o, value, text);
	}
	return 0;
}

static const struct conf_option *
find_option(const char *name)
{
	EACH_OPTION(o)
	if (strcmp(o->name, name) == 0)
		return o;
	return NULL;
}

int
conf_set(struct conf *conf, const char *name, const char *value, char error[CONF_ERROR_MAX])
{
	const struct conf_option *o = find_option(name), *near;

	if (o != NULL)
		return conf_apply(conf, o, value, error);
	near = conf_closest(name);
	if (near != NULL)
		snprintf(error, CONF_ERROR_MAX, "%.80s is not an option; did you mean %s?", name,
		    near->name);
	else
		snprintf(error, CONF_ERROR_MAX, "%.80s is not an option; --help lists the options",
		    name);
	return -1;
}

/* ---- the file ---- */

/* Takes a pair of quotation marks off; false when only one of the two is there. */
static bool
conf_unquote(struct slice *value)
{
	char first, last;

	if (value->len == 0)
		return true;
	first = value->ptr[0];
	last = value->ptr[value->len - 1];
	if (first != '"' && first != '\'' && last != '"' && last != '\'')
		return true;
	if (value->len < 2 || first != last)
		return false;
	*value = (struct slice){ value->ptr + 1, value->len - 2 };
	return true;
}

/* `NAME=value` or `NAME = "value"`. */
static int
apply_line(struct conf *conf, struct slice line, char error[CONF_ERROR_MAX])
{
	struct slice rest = slice_trim(line), name, value;
	char *name_text, *value_text;
	int rc;

	if (rest.len == 0 || rest.ptr[0] == '#')
		return 0;
	if (!slice_split(&rest, '=', &name) || rest.ptr == name.ptr + name.len) {
		/* It is not shown: a file of keys may have been meant for another option. */
		snprintf(error, CONF_ERROR_MAX, "this line is not of the form NAME=value");
		return -1;
	}
	name = slice_trim(name);
	value = slice_trim(rest);
	if (!conf_unquote(&value)) {
		snprintf(error, CONF_ERROR_MAX,
		    "%.*s: the quotation marks around the value do not match",
		    name.len < 80 ? (int)name.len : 80, name.ptr);
		return -1;
	}
	name_text = xstrndup(name.ptr, name.len);
	value_text = xstrndup(value.ptr, value.len);
	rc = conf_set(conf, name_text, value_text, error);
	free(name_text);
	secret_free(value_text);
	return rc;
}

static int
load_file(struct conf *conf, const char *path, char error[CONF_ERROR_MAX])
{
	char reason[CONF_ERROR_MAX], *text = conf_read_text(path, error);
	struct slice rest = slice_str(text), line;
	int rc = text != NULL ? 0 : -1;

	for (unsigned number = 1; rc == 0 && slice_split(&rest, '\n', &line); number++) {
		rc = apply_line(conf, line, reason);
		if (rc != 0)
			snprintf(
			    error, CONF_ERROR_MAX, "%.200s line %u: %.250s", path, number, reason);
	}
	secret_free(text);
	return rc;
}

/* ---- the environment ---- */

/* What a container's or a service's file of variables brings along comes off here too. */
static int
apply_variable(
    struct conf *conf, const struct conf_option *o, const char *value, char error[CONF_ERROR_MAX])
{
	struct slice clean;
	struct buf text;
	unsigned line;
	char *copy;
	int rc = 0;

	buf_init(&text, CONF_FILE_MAX);
	/* An environment holds neither NUL nor UTF-16. */
	plain_text_read(slice_str(value), &text, &line);
	clean = slice_trim(buf_slice(&text));
	if (!conf_unquote(&clean))
		rc = conf_refuse(error, o, value, "has quotation marks that do not match");
	copy = xstrndup(clean.ptr, clean.len);
	if (rc == 0)
		rc = conf_apply(conf, o, copy, error);
	secret_free(copy);
	if (text.data != NULL)
		explicit_bzero(text.data, text.cap);
	buf_release(&text);
	return rc;
}

int
conf_load(struct conf *conf, const char *file, char error[CONF_ERROR_MAX])
{
	*conf = (struct conf){ 0 };
	EACH_OPTION(o)
	if (conf_apply(conf, o, o->def, error) != 0)
		return -1;
	if (file != NULL && load_file(conf, file, error) != 0)
		return -1;
	EACH_OPTION(o)
	{
		const char *value = getenv(o->name);

		if (value != NULL && apply_variable(conf, o, value, error) != 0)
			return -1;
	}
	return 0;
}

void
conf_release(struct conf *conf)
{
	EACH_OPTION(o)
	if (o->kind <= KIND_SECRET)
		secret_free(TAKE(*(char **)(void *)((char *)conf + o->offset)));
}

static bool
same_value(const struct conf_option *o, const void *a, const void *b)
{
	switch (o->kind) {
	case KIND_STR:
	case KIND_SECRET:
		return strcmp(*(char *const *)a, *(char *const *)b) == 0;
	case KIND_NUM:
	case KIND_SIZE:
	case KIND_TIME:
		return *(const uint64_t *)a == *(const uint64_t *)b;
	case KIND_BOOL:
		return *(const bool *)a == *(const bool *)b;
	case KIND_ENUM:
		return *(const unsigned *)a == *(const unsigned *)b;
	}
	return true;
}

const char *
conf_difference(const struct conf *a, const struct conf *b, const char *const *except)
{
	EACH_OPTION(o)
	{
		const char *const *name = except;

		if (same_value(o, (const char *)a + o->offset, (const char *)b + o->offset))
			continue;
		while (*name != NULL && strcmp(*name, o->name) != 0)
			name++;
		if (*name == NULL)
			return o->name;
	}
	return NULL;
}
