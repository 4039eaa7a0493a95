/* What is wrong with a value: its form, what it points to, and names that were meant differently.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/state/state.h"
#include "base/edit_distance.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "conf_priv.h"
#include "core/keys/entries.h"
#include "net/fetch/address.h"
#include "net/http/url.h"

#define UNIX_PREFIX   "unix:"
#define SQLITE_PREFIX "sqlite:"

extern char **environ;

/* ---- forms: what can be told from the text alone ---- */

static const char *
conf_check_url(const char *value, char text[CONF_WHY_MAX])
{
	(void)text;
	return url_is_place(value) ? NULL
	                           : "is not a URL such as https://example.com/gemini, without "
	                             "user, query and fragment";
}

static const char *
conf_check_proxy(const char *value, char text[CONF_WHY_MAX])
{
	(void)text;
	return entry_is_proxy(slice_str(value)) ? NULL
	                                        : "is not the URL of a proxy, such as "
	                                          "socks5h://127.0.0.1:1080";
}

static const char *
conf_check_prefix(const char *value, char text[CONF_WHY_MAX])
{
	(void)text;
	return value[0] == '/' && strpbrk(value, " \t?#\"'<>\\") == NULL &&
	               strstr(value, "//") == NULL && strstr(value, "/..") == NULL
	           ? NULL
	           : "is not a path such as /gemini";
}

static const char *
conf_check_origins(const char *value, char text[CONF_WHY_MAX])
{
	struct slice rest = slice_str(value), word;
	const char *fault = NULL;

	if (strcmp(value, "*") == 0)
		return NULL;
	while (fault == NULL && slice_split(&rest, ',', &word)) {
		char *origin;

		word = slice_trim(word);
		origin = xstrndup(word.ptr, word.len);
		if (!url_is_origin(origin)) {
			snprintf(text, CONF_WHY_MAX,
			    "has '%.60s', which is not an origin such as https://chat.example.com "
			    "(* alone stands for all)",
			    origin);
			fault = text;
		}
		free(origin);
	}
	return fault;
}

static const char *
conf_check_addresses(const char *value, char text[CONF_WHY_MAX])
{
	struct address_list list;
	struct slice bad;

	if (address_list_read(&list, slice_str(value), &bad))
		return NULL;
	if (list.count == ADDRESS_LIST_MAX)
		snprintf(text, CONF_WHY_MAX, "has more than %d addresses", ADDRESS_LIST_MAX);
	else
		snprintf(text, CONF_WHY_MAX,
		    "has '%.*s', which is not an address or prefix such as 10.0.0.0/8",
		    bad.len < 60 ? (int)bad.len : 60, bad.ptr);
	return text;
}

static const char *
conf_check_state(const char *value, char text[CONF_WHY_MAX])
{
	char error[CONF_ERROR_MAX];

	if (state_check(value, error) == 0)
		return NULL;
	snprintf(text, CONF_WHY_MAX, "%.250s", error);
	return text;
}

static const char *
conf_check_listen(const char *value, char text[CONF_WHY_MAX])
{
	const char *path = value + sizeof(UNIX_PREFIX) - 1;

	if (strncmp(value, UNIX_PREFIX, sizeof(UNIX_PREFIX) - 1) != 0)
		return url_is_host_port(value) ? NULL : "is neither unix:PATH nor HOST:PORT";
	if (path[0] != '\0' && strlen(path) < sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return NULL;
	snprintf(text, CONF_WHY_MAX, "needs a path of at most %zu bytes behind unix:",
	    sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1);
	return text;
}

static const char *
conf_check_mode(const char *value, char text[CONF_WHY_MAX])
{
	char *end;
	unsigned long mode = strtoul(value, &end, 8);

	(void)text;
	if (value[0] < '0' || value[0] > '7' || *end != '\0' || mode > 0777)
		return "is not a mode in octal, such as 0660";
	return (mode & 0600) == 0600 ? NULL : "leaves the owner without access; 0660 is usual";
}

static const char *
conf_check_token(const char *value, char text[CONF_WHY_MAX])
{
	(void)text;
	return strpbrk(value, " \t\n,") == NULL && strlen(value) <= KEY_BYTES_MAX
	           ? NULL
	           : "must be one word of at most 512 bytes";
}

/* ---- access: what the system has to say ---- */

/* Directory of a path; the caller frees it. */
static char *
conf_check_parent(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return xstrdup(".");
	return slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

static const char *
conf_check_directory(const char *path, char text[CONF_WHY_MAX])
{
	struct stat st;

	if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
		return "is not a directory";
	if (access(path, W_OK | X_OK) == 0)
		return NULL;
	snprintf(text, CONF_WHY_MAX, "cannot be written to: %s", strerror(errno));
	return text;
}

/* A file that need not exist yet. */
static const char *
conf_check_output(const char *path, char text[CONF_WHY_MAX])
{
	char *parent, why[CONF_WHY_MAX];
	const char *fault;
	struct stat st;

	if (stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return "is a directory";
		if (access(path, W_OK) == 0)
			return NULL;
		snprintf(text, CONF_WHY_MAX, "cannot be written: %s", strerror(errno));
		return text;
	}
	parent = conf_check_parent(path);
	fault = conf_check_directory(parent, why);
	if (fault != NULL) {
		snprintf(
		    text, CONF_WHY_MAX, "cannot be made: directory %.80s %.120s", parent, fault);
		fault = text;
	}
	free(parent);
	return fault;
}

/* Keys in a file of another option or a directory are found when it is read; here it is opened. */
static const char *
conf_check_input(const char *path, char text[CONF_WHY_MAX])
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return "is a directory, not a file";
	if (access(path, R_OK) == 0)
		return NULL;
	snprintf(text, CONF_WHY_MAX, "cannot be read: %s", strerror(errno));
	return text;
}

static const char *
conf_check_ca(const char *path, char text[CONF_WHY_MAX])
{
	const char *fault = conf_check_input(path, text);
	char error[CONF_ERROR_MAX], *content;
	bool good;

	if (fault != NULL)
		return fault;
	content = conf_read_text(path, error);
	good = content != NULL && strstr(content, "-----BEGIN ") != NULL &&
	       strstr(content, "CERTIFICATE-----") != NULL;
	free(content);
	return good ? NULL : "has no certificate in PEM form (-----BEGIN CERTIFICATE-----)";
}

static const char *
conf_check_group(const char *name, char text[CONF_WHY_MAX])
{
	const struct group *entry = getgrnam(name);

	(void)text;
	return entry != NULL ? NULL
	                     : "is not a group of this system; for Debian's web servers it is "
	                       "www-data (caddy for Caddy)";
}

/* A socket that is made here is given to the group: root or a member may do that. */
static const char *
conf_check_gift(const struct conf *conf)
{
	const struct group *entry = getgrnam(conf->listen_group);
	gid_t own[NGROUPS_MAX];
	int count = getgroups(NGROUPS_MAX, own);

	if (strncmp(conf->listen, UNIX_PREFIX, sizeof(UNIX_PREFIX) - 1) != 0 || entry == NULL ||
	    geteuid() == 0 || getegid() == entry->gr_gid)
		return NULL;
	for (int i = 0; i < count; i++)
		if (own[i] == entry->gr_gid)
			return NULL;
	return "is a group that this user is not a member of, so the socket cannot be given to it";
}

static const char *
conf_check_socket(const char *value, char text[CONF_WHY_MAX])
{
	const char *path = value + sizeof(UNIX_PREFIX) - 1, *fault;
	char *parent, why[CONF_WHY_MAX];
	struct stat st;

	if (strncmp(value, UNIX_PREFIX, sizeof(UNIX_PREFIX) - 1) != 0)
		return NULL;
	if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return "names something that is there already and is not a socket";
	parent = conf_check_parent(path);
	fault = conf_check_directory(parent, why);
	if (fault != NULL) {
		snprintf(
		    text, CONF_WHY_MAX, "needs the directory %.80s, which %.120s", parent, fault);
		fault = text;
	}
	free(parent);
	return fault;
}

/* A file that is not empty begins with this (SQLite's file format, section 1.3). */
static bool
conf_check_is_database(const char *path)
{
	static const char magic[16] = "SQLite format 3";
	char head[sizeof(magic)];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd >= 0 ? read(fd, head, sizeof(head)) : 0;

	if (fd >= 0)
		close(fd);
	return got <= 0 || (got == sizeof(head) && memcmp(head, magic, sizeof(head)) == 0);
}

static const char *
conf_check_store(const char *value, char text[CONF_WHY_MAX])
{
	const char *path = value + sizeof(SQLITE_PREFIX) - 1, *fault;

	if (strncmp(value, SQLITE_PREFIX, sizeof(SQLITE_PREFIX) - 1) != 0)
		return NULL;
	fault = conf_check_output(path, text);
	if (fault == NULL && !conf_check_is_database(path))
		fault = "names a file that is not an SQLite database";
	return fault;
}

/* ---- the table ---- */

typedef const char *(*conf_check_fn)(const char *value, char text[CONF_WHY_MAX]);

/* clang-format off */
static const struct conf_form_row {
	const char *words;     /* for --help */
	conf_check_fn form;    /* NULL: any text */
	conf_check_fn access;  /* NULL: nothing to look at */
	bool lines;            /* may have several */
} forms[] = {
	[CONF_FORM_LIST]      = { "list",           NULL,                 NULL, true },
	[CONF_FORM_TOKEN]     = { "one word",       conf_check_token,     NULL, false },
	[CONF_FORM_URL]       = { "URL",            conf_check_url,       NULL, false },
	[CONF_FORM_PROXY]     = { "URL",            conf_check_proxy,     NULL, false },
	[CONF_FORM_PREFIX]    = { "path of a URL",  conf_check_prefix,    NULL, false },
	[CONF_FORM_ORIGINS]   = { "list, or *",     conf_check_origins,   NULL, true },
	[CONF_FORM_ADDRESSES] = { "list",           conf_check_addresses, NULL, true },
	[CONF_FORM_STATE]     = { "memory, sqlite:PATH or redis://HOST",
	                                            conf_check_state,     conf_check_store, false },
	[CONF_FORM_LISTEN]    = { "unix:PATH or HOST:PORT",
	                                            conf_check_listen,    conf_check_socket, false },
	[CONF_FORM_MODE]      = { "octal",          conf_check_mode,      NULL, false },
	[CONF_FORM_GROUP]     = { "group",          NULL,                 conf_check_group, false },
	[CONF_FORM_INPUT]     = { "file",           NULL,                 conf_check_input, false },
	[CONF_FORM_CA]        = { "file",           NULL,                 conf_check_ca, false },
	[CONF_FORM_OUTPUT]    = { "file",           NULL,                 conf_check_output, false },
	[CONF_FORM_DIRECTORY] = { "directory",      NULL,                 conf_check_directory, false },
};
/* clang-format on */

const char *
conf_form_words(enum conf_form form)
{
	return forms[form].words;
}

const char *
conf_form_fault(enum conf_form form, const char *value, char text[CONF_WHY_MAX])
{
	for (const char *p = value; *p != '\0'; p++)
		if (((unsigned char)*p < ' ' || *p == 0x7f) &&
		    !(forms[form].lines && (*p == '\n' || *p == '\t')))
			return "must not contain control characters";
	if (value[0] == '\0' || forms[form].form == NULL)
		return NULL;
	return forms[form].form(value, text);
}

int
conf_check(const struct conf *conf, char error[CONF_ERROR_MAX])
{
	EACH_OPTION(o)
	{
		char text[CONF_WHY_MAX];
		const char *value, *fault;

		if (o->kind > KIND_SECRET || forms[o->form].access == NULL)
			continue;
		value = *(char *const *)(const void *)((const char *)conf + o->offset);
		fault = value[0] != '\0' ? forms[o->form].access(value, text) : NULL;
		if (fault == NULL && o->form == CONF_FORM_GROUP)
			fault = conf_check_gift(conf);
		if (fault != NULL)
			return conf_refuse(error, o, value, fault);
	}
	return 0;
}

/* ---- names ---- */

/* clang-format off */
/* What other gateways call the same thing. */
static const struct {
	const char *name, *option;
} synonyms[] = {
	{ "API_KEYS",        "GEMINI_API_KEYS" },
	{ "GOOGLE_API_KEY",  "GEMINI_API_KEYS" },
	{ "GOOGLE_API_KEYS", "GEMINI_API_KEYS" },
	{ "ALLOWED_TOKENS",  "ACCESS_TOKENS" },
	{ "AUTH_TOKEN",      "ADMIN_TOKEN" },
	{ "BASE_URL",        "GEMINI_BASE_URL" },
	{ "PROXIES",         "UPSTREAM_PROXY" },
	{ "PORT",            "LISTEN" },
};
/* clang-format on */

#define NAME_LEN_MAX   40
#define NAME_EDITS_MAX 2

/* A third of a name may differ, two letters at most. */
static bool
conf_name_is_near(const char *name, const char *option, size_t *ret_distance)
{
	*ret_distance = edit_distance(slice_str(name), slice_str(option), NAME_EDITS_MAX);
	return *ret_distance <= NAME_EDITS_MAX && *ret_distance * 3 <= strlen(option);
}

const struct conf_option *
conf_closest(const char *name)
{
	const struct conf_option *closest = NULL;
	size_t least = SIZE_MAX, distance;

	for (size_t i = 0; i < ARRAY_SIZE(synonyms); i++)
		if (strcasecmp(synonyms[i].name, name) == 0)
			name = synonyms[i].option;
	EACH_OPTION(o)
	if (conf_name_is_near(name, o->name, &distance) && distance < least) {
		least = distance;
		closest = o;
	}
	return closest;
}

/* Names that belong to others, however close they are: systemd's protocol. */
static bool
conf_name_is_foreign(const char *name)
{
	static const char *const names[] = { "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

const char *
conf_misspelt(const char *option, size_t *at, const char **ret_option)
{
	static char name[NAME_LEN_MAX];
	const struct conf_option *near;

	for (; environ[*at] != NULL; (*at)++) {
		size_t len = strcspn(environ[*at], "=");
		size_t distance;

		if (len >= sizeof(name))
			continue;
		memcpy(name, environ[*at], len);
		name[len] = '\0';
		near = conf_closest(name);
		/* Common words of other programs are not taken for synonyms here. */
		if (near == NULL || !conf_name_is_near(name, near->name, &distance) ||
		    distance == 0 || conf_name_is_foreign(name) ||
		    (option != NULL && strcmp(near->name, option) != 0))
			continue;
		(*at)++;
		*ret_option = near->name;
		return name;
	}
	return NULL;
}
