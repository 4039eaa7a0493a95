/* The option table's engine: parse, check, print. */
#include "config.h"

#include "app/conf.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/xalloc.h"

enum kind { KIND_STR, KIND_SECRET, KIND_NUM, KIND_SIZE, KIND_TIME, KIND_BOOL, KIND_ENUM };

struct option {
	const char *group; /* a heading, when name is NULL */
	const char *name, *def, *sentence, *words;
	enum kind kind;
	size_t offset;
	double min, max;
};

/* n: the name as a string, made by the outermost macro: some names are macros of base/limits.h. */
#define OPTION(k, field, n, d, s) \
	.name = (n), .kind = (k), .offset = offsetof(struct conf, field), .def = (d), \
	.sentence = (s)

static const struct option options[] = {
#define CONF_GROUP(title)                    { .group = (title) },
#define CONF_STR(field, name, def, sentence) { OPTION(KIND_STR, field, #name, def, sentence) },
#define CONF_SECRET(field, name, def, sentence) \
	{ OPTION(KIND_SECRET, field, #name, def, sentence) },
#define CONF_NUM(field, name, def, lo, hi, sentence) \
	{ OPTION(KIND_NUM, field, #name, def, sentence), .min = (lo), .max = (hi) },
#define CONF_SIZE(field, name, def, lo, hi, sentence) \
	{ OPTION(KIND_SIZE, field, #name, def, sentence), .min = (lo), .max = (hi) },
#define CONF_TIME(field, name, def, lo, hi, sentence) \
	{ OPTION(KIND_TIME, field, #name, def, sentence), .min = (lo), .max = (hi) },
#define CONF_BOOL(field, name, def, sentence) { OPTION(KIND_BOOL, field, #name, def, sentence) },
#define CONF_ENUM(field, name, def, choice, sentence) \
	{ OPTION(KIND_ENUM, field, #name, def, sentence), .words = (choice) },
#include "app/conf.def"
};

static int
refuse(char error[CONF_ERROR_MAX], const struct option *o, const char *value, const char *why)
{
	/* The value is shown except where it may be a secret. */
	if (o->kind == KIND_SECRET)
		snprintf(error, CONF_ERROR_MAX, "%s %s", o->name, why);
	else
		snprintf(error, CONF_ERROR_MAX, "%s: \"%.80s\" %s", o->name, value, why);
	return -1;
}

static const char *
expected(const struct option *o, char text[128])
{
	const char *unit = o->kind == KIND_TIME ? " seconds" : o->kind == KIND_SIZE ? " bytes" : "";

	snprintf(text, 128, "is not a number from %.10g to %.10g%s", o->min, o->max, unit);
	return text;
}

/* Digits with an optional fraction; sizes may end in K, M or G. */
static bool
parse_number(const struct option *o, const char *value, double *ret)
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
apply(struct conf *conf, const struct option *o, const char *value, char error[CONF_ERROR_MAX])
{
	void *field = (char *)conf + o->offset;
	char text[128];
	double number;

	switch (o->kind) {
	case KIND_STR:
	case KIND_SECRET:
		secret_free(*(char **)field);
		*(char **)field = xstrdup(value);
		return 0;
	case KIND_NUM:
	case KIND_SIZE:
	case KIND_TIME:
		if (!parse_number(o, value, &number))
			return refuse(error, o, value, expected(o, text));
		*(uint64_t *)field = (uint64_t)(o->kind == KIND_TIME ? number * 1000 : number);
		return 0;
	case KIND_BOOL:
		return parse_bool(value, field) ? 0
		                                : refuse(error, o, value, "is neither yes nor no");
	case KIND_ENUM:
		if (parse_enum(o->words, value, field))
			return 0;
		snprintf(text, sizeof(text), "is none of %s", o->words);
		return refuse(error, o, value, text);
	}
	return 0;
}

int
conf_set(struct conf *conf, const char *name, const char *value, char error[CONF_ERROR_MAX])
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i].name != NULL && strcmp(options[i].name, name) == 0)
			return apply(conf, &options[i], value, error);
	snprintf(error, CONF_ERROR_MAX, "%.80s is no option; --help lists them", name);
	return -1;
}

/* `NAME=value` or `NAME = "value"`. */
static int
apply_line(struct conf *conf, char *text, char error[CONF_ERROR_MAX])
{
	struct slice rest = slice_trim(slice_str(text)), name, value;
	char *name_text, *value_text;
	int rc;

	if (rest.len == 0 || rest.ptr[0] == '#')
		return 0;
	if (!slice_split(&rest, '=', &name) || rest.ptr == name.ptr + name.len) {
		/* It is not shown: a file of keys may have been meant for another option. */
		snprintf(error, CONF_ERROR_MAX, "this is not of the form NAME=value");
		return -1;
	}
	value = slice_trim(rest);
	if (value.len >= 2 && (value.ptr[0] == '"' || value.ptr[0] == '\'') &&
	    value.ptr[value.len - 1] == value.ptr[0])
		value = (struct slice){ value.ptr + 1, value.len - 2 };
	name = slice_trim(name);
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
	char reason[CONF_ERROR_MAX], *line = NULL;
	FILE *file = fopen(path, "re");
	size_t size = 0;
	int rc = 0;

	if (file == NULL) {
		snprintf(error, CONF_ERROR_MAX, "cannot read %.200s: %s", path, strerror(errno));
		return -1;
	}
	for (unsigned number = 1; rc == 0 && getline(&line, &size, file) >= 0; number++) {
		line[strcspn(line, "\r\n")] = '\0';
		rc = apply_line(conf, line, reason);
		if (rc != 0)
			snprintf(
			    error, CONF_ERROR_MAX, "%.200s line %u: %.250s", path, number, reason);
	}
	if (line != NULL)
		explicit_bzero(line, size);
	free(line);
	fclose(file);
	return rc;
}

int
conf_load(struct conf *conf, const char *file, char error[CONF_ERROR_MAX])
{
	*conf = (struct conf){ 0 };
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i].name != NULL && apply(conf, &options[i], options[i].def, error) != 0)
			return -1;
	if (file != NULL && load_file(conf, file, error) != 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		const char *value = options[i].name != NULL ? getenv(options[i].name) : NULL;

		if (value != NULL && apply(conf, &options[i], value, error) != 0)
			return -1;
	}
	return 0;
}

void
conf_release(struct conf *conf)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i].name != NULL && options[i].kind <= KIND_SECRET)
			secret_free(TAKE(*(char **)(void *)((char *)conf + options[i].offset)));
}

static bool
same_value(const struct option *o, const void *a, const void *b)
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
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		const struct option *o = &options[i];
		const char *const *name = except;

		if (o->name == NULL ||
		    same_value(o, (const char *)a + o->offset, (const char *)b + o->offset))
			continue;
		while (*name != NULL && strcmp(*name, o->name) != 0)
			name++;
		if (*name == NULL)
			return o->name;
	}
	return NULL;
}

/* Words broken at 78 columns behind an indent. */
static void
print_wrapped(FILE *out, const char *indent, const char *text)
{
	size_t column = 0;
	struct slice rest = slice_str(text), word;

	while (slice_split(&rest, ' ', &word)) {
		if (column == 0 || column + 1 + word.len > 78) {
			fprintf(out, "%s%s", column == 0 ? "" : "\n", indent);
			column = strlen(indent);
		} else {
			fputc(' ', out);
			column++;
		}
		fwrite(word.ptr, 1, word.len, out);
		column += word.len;
	}
	fputc('\n', out);
}

void
conf_print_help(FILE *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		const struct option *o = &options[i];

		if (o->name == NULL) {
			fprintf(out, "\n%s\n", o->group);
			continue;
		}
		fprintf(out, "  %s", o->name);
		if (o->words != NULL)
			fprintf(out, " (%s)", o->words);
		if (o->kind == KIND_BOOL)
			fputs(" (yes|no)", out);
		if (o->def[0] != '\0')
			fprintf(out, " [%s]", o->def);
		fputc('\n', out);
		print_wrapped(out, "        ", o->sentence);
	}
}

void
conf_print_sample(FILE *out)
{
	fputs("# gemini-balance: every option with its default. The environment wins over this "
	      "file.\n",
	    out);
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		const struct option *o = &options[i];

		if (o->name == NULL) {
			fprintf(out, "\n# ---- %s ----\n", o->group);
			continue;
		}
		fputc('\n', out);
		print_wrapped(out, "# ", o->sentence);
		if (o->words != NULL)
			fprintf(out, "# One of %s.\n", o->words);
		fprintf(out, "#%s=%s\n", o->name, o->def);
	}
}

char *
conf_read_lines(const char *path, char error[CONF_ERROR_MAX])
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	struct buf text;
	size_t size = 0;

	if (file == NULL) {
		snprintf(error, CONF_ERROR_MAX, "cannot read %.200s: %s", path, strerror(errno));
		return NULL;
	}
	buf_init(&text, (size_t)KEYS_MAX * KEY_BYTES_MAX);
	while (getline(&line, &size, file) >= 0) {
		line[strcspn(line, "#\r\n")] = '\0';
		buf_add_slice(&text, slice_trim(slice_str(line)));
		buf_addc(&text, '\n');
	}
	if (line != NULL)
		explicit_bzero(line, size);
	free(line);
	fclose(file);
	if (text.failed) {
		snprintf(error, CONF_ERROR_MAX, "%.200s is too large", path);
		buf_release(&text);
		return NULL;
	}
	return buf_take(&text);
}
