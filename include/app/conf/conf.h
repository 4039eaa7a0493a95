/* Options: read once, immutable afterwards. The table is conf.def. */
#ifndef APP_CONF_CONF_H
#define APP_CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum conf_own_keys { OWN_KEYS_AUTO, OWN_KEYS_YES, OWN_KEYS_NO };
enum conf_alias_fallback { ALIAS_FALLBACK_MISSING, ALIAS_FALLBACK_BUSY };
enum conf_http { UPSTREAM_HTTP_1, UPSTREAM_HTTP_2 };
enum conf_media_urls { MEDIA_URLS_FETCH, MEDIA_URLS_PASS, MEDIA_URLS_OFF };
enum conf_ip { UPSTREAM_IP_ANY, UPSTREAM_IP_4, UPSTREAM_IP_6 };

/* What the text of an option must be; conf_check.c says it in words and checks it. */
enum conf_form {
	CONF_FORM_LIST,
	CONF_FORM_TOKEN,
	CONF_FORM_URL,
	CONF_FORM_PROXY,
	CONF_FORM_PREFIX,
	CONF_FORM_ORIGINS,
	CONF_FORM_ADDRESSES,
	CONF_FORM_STATE,
	CONF_FORM_LISTEN,
	CONF_FORM_MODE,
	CONF_FORM_GROUP,
	CONF_FORM_INPUT,
	CONF_FORM_CA,
	CONF_FORM_OUTPUT,
	CONF_FORM_DIRECTORY,
};

struct conf {
#define CONF_GROUP(title)
#define CONF_STR(field, name, def, form, sentence)      char *field;
#define CONF_SECRET(field, name, def, form, sentence)   char *field;
#define CONF_NUM(field, name, def, min, max, sentence)  uint64_t field;
#define CONF_SIZE(field, name, def, min, max, sentence) uint64_t field;
#define CONF_TIME(field, name, def, min, max, sentence) uint64_t field;
#define CONF_BOOL(field, name, def, sentence)           bool field;
#define CONF_ENUM(field, name, def, words, sentence)    unsigned field;
#include "app/conf/conf.def"
};

#define CONF_ERROR_MAX 512

/* Defaults, then the file (NULL: none), then the environment; the form of each value is checked. -1
 * with one sentence that names the option, and the line of the file. */
int conf_load(struct conf *conf, const char *file, char error[CONF_ERROR_MAX]);
/* Overrides one option, for the command line. */
int conf_set(struct conf *conf, const char *name, const char *value, char error[CONF_ERROR_MAX]);
void conf_release(struct conf *conf);

/* Looks at what the options point to: files, directories, groups. Nothing is created or changed.
 * -1 with one sentence that names the option. */
int conf_check(const struct conf *conf, char error[CONF_ERROR_MAX]);
/* A name in the environment that is not an option but looks like `option` misspelt (NULL: like any
 * of them), or NULL. *at: where to go on looking, 0 at first. *ret_option: the option meant. The
 * name is valid until the next call. */
const char *conf_misspelt(const char *option, size_t *at, const char **ret_option);

/* The name of the first option that differs and is not in `except` (NULL-terminated), or NULL. */
const char *conf_difference(const struct conf *a, const struct conf *b, const char *const *except);

/* The whole table for people. */
void conf_print_help(FILE *out);
/* The same as a file with every option commented out. */
void conf_print_sample(FILE *out);

/* Reads a file of lines (keys, tokens, families): comments dropped, line numbers kept, what text
 * from Windows and web pages brings along taken off (core/http/plain_text.h). NULL with a sentence
 * in error. The caller frees with secret_free. */
char *conf_read_lines(const char *path, char error[CONF_ERROR_MAX]);

#endif
