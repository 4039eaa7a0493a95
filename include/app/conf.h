/* Options: read once, immutable afterwards. The table is conf.def. */
#ifndef APP_CONF_H
#define APP_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum conf_own_keys { OWN_KEYS_AUTO, OWN_KEYS_YES, OWN_KEYS_NO };
enum conf_alias_fallback { ALIAS_FALLBACK_MISSING, ALIAS_FALLBACK_BUSY };
enum conf_http { UPSTREAM_HTTP_1, UPSTREAM_HTTP_2 };
enum conf_media_urls { MEDIA_URLS_FETCH, MEDIA_URLS_PASS, MEDIA_URLS_OFF };
enum conf_ip { UPSTREAM_IP_ANY, UPSTREAM_IP_4, UPSTREAM_IP_6 };

struct conf {
#define CONF_GROUP(title)
#define CONF_STR(field, name, def, sentence)            char *field;
#define CONF_SECRET(field, name, def, sentence)         char *field;
#define CONF_NUM(field, name, def, min, max, sentence)  uint64_t field;
#define CONF_SIZE(field, name, def, min, max, sentence) uint64_t field;
#define CONF_TIME(field, name, def, min, max, sentence) uint64_t field;
#define CONF_BOOL(field, name, def, sentence)           bool field;
#define CONF_ENUM(field, name, def, words, sentence)    unsigned field;
#include "app/conf.def"
};

#define CONF_ERROR_MAX 512

/* Defaults, then the file (NULL: none), then the environment. -1 with one sentence that names the
 * option, and the line of the file. */
int conf_load(struct conf *conf, const char *file, char error[CONF_ERROR_MAX]);
/* Overrides one option, for the command line. */
int conf_set(struct conf *conf, const char *name, const char *value, char error[CONF_ERROR_MAX]);
void conf_release(struct conf *conf);

/* The name of the first option that differs and is not in `except` (NULL-terminated), or NULL. */
const char *conf_difference(const struct conf *a, const struct conf *b, const char *const *except);

/* The whole table for people. */
void conf_print_help(FILE *out);
/* The same as a file with every option commented out. */
void conf_print_sample(FILE *out);

/* Reads a file of lines (keys, tokens) into text that keypool_add_list understands: comments and
 * empty lines dropped. NULL with a sentence in error. The caller frees with secret_free. */
char *conf_read_lines(const char *path, char error[CONF_ERROR_MAX]);

#endif
