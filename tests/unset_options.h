/* Removes the options of the gateway from the environment, so that they cannot change a result. */
#ifndef TESTS_UNSET_OPTIONS_H
#define TESTS_UNSET_OPTIONS_H

#include <stdlib.h>

static inline void
unset_options(void)
{
#define CONF_GROUP(title)
#define CONF_STR(field, name, def, form, sentence)      unsetenv(#name);
#define CONF_SECRET(field, name, def, form, sentence)   unsetenv(#name);
#define CONF_NUM(field, name, def, min, max, sentence)  unsetenv(#name);
#define CONF_SIZE(field, name, def, min, max, sentence) unsetenv(#name);
#define CONF_TIME(field, name, def, min, max, sentence) unsetenv(#name);
#define CONF_BOOL(field, name, def, sentence)           unsetenv(#name);
#define CONF_ENUM(field, name, def, words, sentence)    unsetenv(#name);
#include "app/conf/conf.def"
}

#endif
