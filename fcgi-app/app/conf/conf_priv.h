/* The table of options, for the files that read, check and print it. */
#ifndef APP_CONF_CONF_PRIV_H
#define APP_CONF_CONF_PRIV_H

#include "app/conf/conf.h"
#include "base/buf.h"

enum conf_kind { KIND_STR, KIND_SECRET, KIND_NUM, KIND_SIZE, KIND_TIME, KIND_BOOL, KIND_ENUM };

struct conf_option {
	const char *group; /* a heading, when name is NULL */
	const char *name, *def, *sentence, *words;
	enum conf_kind kind;
	enum conf_form form; /* of KIND_STR and KIND_SECRET */
	size_t offset;       /* of the field in struct conf */
	double min, max;
};

/* conf_options.c; ended by a row without group and name. */
extern const struct conf_option conf_options[];

/* Over all options, without the headings. */
#define EACH_OPTION(o) \
	for (const struct conf_option *o = conf_options; o->name != NULL || o->group != NULL; o++) \
		if (o->name != NULL)

/* -1 with "NAME: "VALUE" WHY" in error; the value of a secret is not shown. */
int conf_refuse(
    char error[CONF_ERROR_MAX], const struct conf_option *o, const char *value, const char *why);

/* conf_check.c */
#define CONF_WHY_MAX 320
/* What a text must be, in a few words. */
const char *conf_form_words(enum conf_form form);
/* NULL, or why the value does not have the form: written to text, or static. "" always has. */
const char *conf_form_fault(enum conf_form form, const char *value, char text[CONF_WHY_MAX]);
/* The option whose name is closest to a name that is none, or NULL when none is close. */
const struct conf_option *conf_closest(const char *name);

/* conf_file.c */
/* The whole text of a file, cleaned (core/http/plain_text.h), to be freed with secret_free; NULL
 * with a sentence in error that names the path. */
char *conf_read_text(const char *path, char error[CONF_ERROR_MAX]);

#endif
