/* The table of options, which app/conf.def fills. */
#include "config.h"

#include <stdio.h>

#include "conf_priv.h"

/* n: the name as a string, made by the outermost macro: some names are macros of base/limits.h. */
#define OPTION(k, field, n, d, s) \
	.name = (n), .kind = (k), .offset = offsetof(struct conf, field), .def = (d), \
	.sentence = (s)

const struct conf_option conf_options[] = {
#define CONF_GROUP(title) { .group = (title) },
#define CONF_STR(field, name, def, f, sentence) \
	{ OPTION(KIND_STR, field, #name, def, sentence), .form = CONF_FORM_##f },
#define CONF_SECRET(field, name, def, f, sentence) \
	{ OPTION(KIND_SECRET, field, #name, def, sentence), .form = CONF_FORM_##f },
#define CONF_NUM(field, name, def, lo, hi, sentence) \
	{ OPTION(KIND_NUM, field, #name, def, sentence), .min = (lo), .max = (hi) },
#define CONF_SIZE(field, name, def, lo, hi, sentence) \
	{ OPTION(KIND_SIZE, field, #name, def, sentence), .min = (lo), .max = (hi) },
#define CONF_TIME(field, name, def, lo, hi, sentence) \
	{ OPTION(KIND_TIME, field, #name, def, sentence), .min = (lo), .max = (hi) },
#define CONF_BOOL(field, name, def, sentence) { OPTION(KIND_BOOL, field, #name, def, sentence) },
#define CONF_ENUM(field, name, def, choice, sentence) \
	{ OPTION(KIND_ENUM, field, #name, def, sentence), .words = (choice) },
#include "app/conf/conf.def"
	{ 0 },
};

int
conf_refuse(
    char error[CONF_ERROR_MAX], const struct conf_option *o, const char *value, const char *why)
{
	if (o->kind == KIND_SECRET)
		snprintf(error, CONF_ERROR_MAX, "%s: %s", o->name, why);
	else
		snprintf(error, CONF_ERROR_MAX, "%s: \"%.80s\" %s", o->name, value, why);
	return -1;
}
