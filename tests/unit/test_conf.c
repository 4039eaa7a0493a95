/* conf.c: defaults, file, environment, every kind of value, the printed tables. */
#include "config.h"

#include "app/conf/conf.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "tap.h"
#include "temp_file.h"
#include "unset_options.h"

static const char *const names[] = {
#define CONF_GROUP(title)
#define CONF_STR(field, name, def, form, sentence)      #name,
#define CONF_SECRET(field, name, def, form, sentence)   #name,
#define CONF_NUM(field, name, def, min, max, sentence)  #name,
#define CONF_SIZE(field, name, def, min, max, sentence) #name,
#define CONF_TIME(field, name, def, min, max, sentence) #name,
#define CONF_BOOL(field, name, def, sentence)           #name,
#define CONF_ENUM(field, name, def, words, sentence)    #name,
#include "app/conf/conf.def"
};

static char path[] = "/tmp/test-conf-XXXXXX";
static char error[CONF_ERROR_MAX];

static void
write_file(const char *text)
{
	FILE *file = fopen(path, "we");

	fputs(text, file);
	fclose(file);
}

/* Loads with a file of that text; false with `error`. */
static bool
load(struct conf *conf, const char *text)
{
	error[0] = '\0';
	if (text != NULL)
		write_file(text);
	return conf_load(conf, text != NULL ? path : NULL, error) == 0;
}

static void
test_defaults(void)
{
	struct conf conf;

	ok(load(&conf, NULL), "the defaults are valid");
	is_str(conf.base_url, "https://generativelanguage.googleapis.com", "text");
	is_str(conf.api_keys, "", "empty text");
	is_int(conf.retry_max, 6, "number");
	is_int(conf.max_body, BODY_MAX, "size");
	is_int(conf.body_memory, BODY_MEMORY, "size");
	is_int(conf.connect_timeout, CONNECT_TIMEOUT_MS, "time in milliseconds");
	is_int(conf.drain_timeout, DRAIN_MS, "time in milliseconds");
	is_int(conf.verify_parallel, VERIFY_PARALLEL, "number");
	is_int(conf.verify_timeout, VERIFY_KEY_MS, "time");
	is_int(conf.open_access, false, "boolean");
	is_int(conf.own_keys, OWN_KEYS_AUTO, "word");
	is_int(conf.upstream_http, UPSTREAM_HTTP_1, "word");
	conf_release(&conf);
}

static void
test_file(void)
{
	struct conf conf;

	ok(load(&conf, "# comment\n\n  RETRY_MAX = 3 \r\nGEMINI_BASE_URL=\"http://x\"\n"
		       "ACCESS_TOKENS='a=b'\nOPEN_ACCESS=Yes\nLOG_LEVEL=DEBUG\nHEARTBEAT=0.5\n"
		       "  # RETRY_MAX=9\nMAX_BODY=2k\nCORS_ORIGINS=\n"),
	    error);
	is_int(conf.retry_max, 3, "blanks around name and value");
	is_str(conf.base_url, "http://x", "quoted");
	is_str(conf.access_tokens, "a=b", "= in a value");
	is_int(conf.open_access, true, "any case");
	is_int(conf.log_level, 3, "a word in any case");
	is_int(conf.heartbeat, 500, "decimals");
	is_int(conf.max_body, 2048, "K");
	is_str(conf.cors_origins, "", "emptied");
	conf_release(&conf);
	setenv("RETRY_MAX", "5", 1);
	ok(load(&conf, "RETRY_MAX=3\n"), error);
	is_int(conf.retry_max, 5, "the environment wins");
	ok(conf_set(&conf, "RETRY_MAX", "1", error) == 0 && conf.retry_max == 1,
	    "the command line more");
	conf_release(&conf);
	unsetenv("RETRY_MAX");
}

static void
file_refused(const char *text, const char *part)
{
	struct conf conf;

	ok(!load(&conf, text), part);
	ok(strstr(error, part) != NULL, error);
	conf_release(&conf);
}

static void
test_file_errors(void)
{
	struct conf conf;

	file_refused("\nRETRY_MAX\n", "line 2: this line is not of the form NAME=value");
	file_refused("RETRY_MAX=1\nRETRIES=1\n", "line 2: RETRIES is not an option; --help");
	file_refused("RETRY_MAX=10\n", "line 1: RETRY_MAX: \"10\" is not a number from 0 to 9");
	file_refused("RETRY_MAX=10\n", path);
	file_refused("=1\n", "line 1");
	ok(conf_load(&conf, "/nonexistent/conf", error) != 0, "no such file");
	ok(strstr(error, "/nonexistent/conf") != NULL && strstr(error, "No such file") != NULL,
	    error);
	conf_release(&conf);
	setenv("HEARTBEAT", "soon", 1);
	ok(!load(&conf, NULL), "a bad value in the environment");
	ok(strstr(error, "HEARTBEAT: \"soon\"") != NULL, error);
	unsetenv("HEARTBEAT");
	conf_release(&conf);
}

static void
test_numbers(void)
{
	static const struct {
		const char *name, *value;
		bool good;
	} rows[] = {
		{ "RETRY_MAX", "0", true },
		{ "RETRY_MAX", "9", true },
		{ "RETRY_MAX", "10", false },
		{ "RETRY_MAX", "-1", false },
		{ "RETRY_MAX", "+1", false },
		{ "RETRY_MAX", " 1", false },
		{ "RETRY_MAX", "1 ", false },
		{ "RETRY_MAX", "", false },
		{ "RETRY_MAX", "1.5", false },
		{ "RETRY_MAX", "1e0", false },
		{ "RETRY_MAX", "0x1", false },
		{ "RETRY_MAX", "nan", false },
		{ "RETRY_MAX", "inf", false },
		{ "RETRY_MAX", "1K", false },
		{ "MAX_BODY", "1024", true },
		{ "MAX_BODY", "1K", true },
		{ "MAX_BODY", "2G", true },
		{ "MAX_BODY", "3G", false },
		{ "MAX_BODY", "1.5m", true },
		{ "MAX_BODY", "1KB", false },
		{ "MAX_BODY", "1T", false },
		{ "MAX_BODY", "K", false },
		{ "MAX_BODY", "0", false },
		{ "CONNECT_TIMEOUT", "0.1", true },
		{ "CONNECT_TIMEOUT", "0", false },
		{ "CONNECT_TIMEOUT", "5s", false },
		{ "CONNECT_TIMEOUT", "1,5", false },
	};
	struct conf conf;

	load(&conf, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char what[64];

		snprintf(what, sizeof(what), "%s=%s", rows[i].name, rows[i].value);
		ok((conf_set(&conf, rows[i].name, rows[i].value, error) == 0) == rows[i].good,
		    what);
	}
	is_int(conf.max_body, 1572864, "a fraction of M");
	is_int(conf.connect_timeout, 100, "a fraction of a second");
	conf_release(&conf);
}

static void
test_words(void)
{
	static const char *const yes[] = { "yes", "YES", "true", "on", "1" };
	static const char *const no[] = { "no", "No", "false", "off", "0", "" };
	struct conf conf;

	load(&conf, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		ok(conf_set(&conf, "OPEN_ACCESS", yes[i], error) == 0 && conf.open_access, yes[i]);
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		ok(conf_set(&conf, "OPEN_ACCESS", no[i], error) == 0 && !conf.open_access,
		    no[i][0] != '\0' ? no[i] : "empty");
	is_int(conf_set(&conf, "OPEN_ACCESS", "maybe", error), -1, "maybe");
	is_str(error, "OPEN_ACCESS: \"maybe\" is neither yes nor no", "and why");
	is_int(conf_set(&conf, "BALANCE", "random", error), 0, "a word of the list");
	is_int(conf.balance, 2, "is its index");
	is_int(conf_set(&conf, "BALANCE", "rand", error), -1, "a part of a word");
	is_str(error, "BALANCE: \"rand\" is none of least|round-robin|random", "and why");
	is_int(conf_set(&conf, "balance", "random", error), -1, "names count by case");
	conf_release(&conf);
}

static void
test_secrets(void)
{
	static char text[2000];
	struct conf conf;

	memset(text, 'S', sizeof(text) - 1);
	memcpy(text, "GEMINI_API_KEYS=", strlen("GEMINI_API_KEYS="));
	ok(load(&conf, text), "a long secret is taken");
	is_int(strlen(conf.api_keys), sizeof(text) - 1 - strlen("GEMINI_API_KEYS="), "whole");
	conf_release(&conf);
	ok(!load(&conf, "some-key-of-somebody\n"), "a file of keys is not a configuration");
	ok(strstr(error, "some-key") == NULL, "the key is not shown");
	conf_release(&conf);
}

/* What --sample-config prints is a file of comments that, taken in, changes nothing. */
static void
test_sample(void)
{
	char *text = NULL, *line, *rest, *help = NULL;
	size_t size = 0, found = 0, helped = 0;
	struct conf conf, plain;
	FILE *out = open_memstream(&text, &size);

	conf_print_sample(out);
	fclose(out);
	load(&plain, NULL);
	ok(load(&conf, text), "the sample is a valid file");
	conf_release(&conf);
	load(&conf, NULL);
	for (rest = text; (line = strsep(&rest, "\n")) != NULL;) {
		char *value = strchr(line, '=');

		ok(line[0] == '\0' || line[0] == '#', "a comment");
		ok(strlen(line) <= 100, "not too long");
		if (line[0] != '#' || line[1] == ' ' || value == NULL)
			continue;
		*value++ = '\0';
		if (found < ARRAY_SIZE(names))
			is_str(line + 1, names[found], "the next option");
		is_int(conf_set(&conf, line + 1, value, error), 0, "with a valid default");
		found++;
	}
	is_int(found, ARRAY_SIZE(names), "each option is there");
#define CONF_GROUP(title)
#define CONF_STR(field, name, def, form, sentence)      is_str(conf.field, plain.field, #name);
#define CONF_SECRET(field, name, def, form, sentence)   is_str(conf.field, plain.field, #name);
#define CONF_NUM(field, name, def, min, max, sentence)  is_int(conf.field, plain.field, #name);
#define CONF_SIZE(field, name, def, min, max, sentence) is_int(conf.field, plain.field, #name);
#define CONF_TIME(field, name, def, min, max, sentence) is_int(conf.field, plain.field, #name);
#define CONF_BOOL(field, name, def, sentence)           is_int(conf.field, plain.field, #name);
#define CONF_ENUM(field, name, def, words, sentence)    is_int(conf.field, plain.field, #name);
#include "app/conf/conf.def"
	conf_release(&conf);
	conf_release(&plain);
	free(text);
	out = open_memstream(&help, &size);
	conf_print_help(out);
	fclose(out);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		helped += strstr(help, names[i]) != NULL;
	is_int(helped, ARRAY_SIZE(names), "each option is in --help");
	free(help);
}

static void
test_lines(void)
{
	char *text;

	write_file("key1\n# comment\n  key2  # the second\r\n\nkey3,key4");
	text = conf_read_lines(path, error);
	is_str(text, "key1\n\nkey2\n\nkey3,key4\n", "comments and blanks are dropped");
	secret_free(text);
	write_file("");
	text = conf_read_lines(path, error);
	is_str(text, "", "an empty file");
	secret_free(text);
	ok(conf_read_lines("/nonexistent/keys", error) == NULL, "no such file");
	ok(strstr(error, "/nonexistent/keys") != NULL, error);
}

/* Sets an option and looks at what it points to. */
static void
checked(const char *name, const char *value, const char *part)
{
	char what[200];
	struct conf conf;
	bool good;

	load(&conf, NULL);
	error[0] = '\0';
	good = conf_set(&conf, name, value, error) == 0 && conf_check(&conf, error) == 0;
	snprintf(what, sizeof(what), "%s=%.60s", name, value);
	ok(good == (part == NULL), what);
	if (part != NULL)
		ok(strstr(error, name) == error && strstr(error, part) != NULL, error);
	conf_release(&conf);
}

static void
test_forms(void)
{
	static const struct {
		const char *name, *value, *part;
	} rows[] = {
		{ "STATE", "mysql://x", "must be memory" },
		{ "STATE", "sqlite:", "needs the path" },
		{ "STATE", "sqlite:/nonexistent/state.db", "/nonexistent" },
		{ "STATE", "redis://h:0", "URL of the Redis server" },
		{ "STATE", "memory", NULL },
		{ "LISTEN", "8080", "neither unix:PATH nor HOST:PORT" },
		{ "LISTEN", "localhost:http", "neither" },
		{ "LISTEN", "localhost:70000", "neither" },
		{ "LISTEN", ":9000", "neither" },
		{ "LISTEN", "unix:", "needs a path" },
		{ "LISTEN", "unix:/nonexistent/s", "needs the directory /nonexistent" },
		{ "LISTEN", "unix:/etc/passwd", "not a socket" },
		{ "LISTEN", "unix:/tmp/s", NULL },
		{ "LISTEN", "127.0.0.1:9000", NULL },
		{ "LISTEN", "[::1]:9000", NULL },
		{ "LISTEN_MODE", "999", "octal" },
		{ "LISTEN_MODE", "0060", "owner" },
		{ "LISTEN_MODE", "rw-rw----", "octal" },
		{ "LISTEN_MODE", "1777", "octal" },
		{ "LISTEN_MODE", "", "empty" },
		{ "LISTEN_MODE", "660", NULL },
		{ "LISTEN_GROUP", "no-such-group-here", "not a group" },
		{ "SPOOL_DIR", "/nonexistent", "No such file" },
		{ "SPOOL_DIR", "/etc/passwd", "not a directory" },
		{ "LOG_FILE", "/tmp", "is a directory" },
		{ "LOG_FILE", "/nonexistent/log", "/nonexistent" },
		{ "LOG_FILE", "/dev/null", NULL },
		{ "UPSTREAM_PROXY", "foo:bar", "URL of a proxy" },
		{ "UPSTREAM_PROXY", "ftp://x", "URL of a proxy" },
		{ "UPSTREAM_PROXY", "socks5h://u:p@127.0.0.1:1080", NULL },
		{ "UPSTREAM_CA", "/nonexistent", "No such file" },
		{ "UPSTREAM_CA", "/etc/passwd", "certificate" },
		{ "PUBLIC_URL", "foo", "not a URL" },
		{ "PUBLIC_URL", "https://user@h/", "not a URL" },
		{ "PUBLIC_URL", "https://h/a?b", "not a URL" },
		{ "PUBLIC_URL", "ftp://h/", "not a URL" },
		{ "PUBLIC_URL", "https://h.example:8443/gemini", NULL },
		{ "GEMINI_BASE_URL", "", "empty" },
		{ "GEMINI_BASE_URL", "http://", "not a URL" },
		{ "MOUNT_PREFIX", "gemini", "not a path" },
		{ "MOUNT_PREFIX", "/a b", "not a path" },
		{ "MOUNT_PREFIX", "/../x", "not a path" },
		{ "MOUNT_PREFIX", "/gemini", NULL },
		{ "CORS_ORIGINS", "chat.example.com", "not an origin" },
		{ "CORS_ORIGINS", "https://a, https://b/path", "https://b/path" },
		{ "CORS_ORIGINS", "https://a.example,chrome-extension://abcdef", NULL },
		{ "CORS_ORIGINS", "", NULL },
		{ "MEDIA_ALLOW", "10.0.0.0/8 home", "'home'" },
		{ "TRUSTED_PROXIES", "10.0.0.300", "10.0.0.300" },
		{ "GEMINI_API_KEYS_FILE", "/nonexistent", "No such file" },
		{ "ACCESS_TOKENS_FILE", "/tmp", "directory" },
		{ "ADMIN_TOKEN", "two words", "one word" },
	};
	char state[100];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		checked(rows[i].name, rows[i].value, rows[i].part);
	write_file("not a database");
	snprintf(state, sizeof(state), "sqlite:%s", path);
	checked("STATE", state, "not an SQLite database");
	write_file("");
	checked("STATE", state, NULL);
}

/* Every option refuses what no option can mean. */
static void
test_control(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		checked(names[i], "\x01", "");
}

static void
test_pasted(void)
{
	struct conf conf;

	ok(load(&conf,
	       "\xEF\xBB\xBFRETRY_MAX=3\r\nACCESS_TOKENS=\xE2\x80\x9Ct\xE2\x80\x8Bok\xE2\x80"
	       "\x9D\r\n"),
	    "a file of Windows and of a web page");
	is_int(conf.retry_max, 3, "the byte order mark is taken off");
	is_str(conf.access_tokens, "tok", "quotation marks and zero-width spaces as well");
	conf_release(&conf);
	setenv("HEARTBEAT", "\"5\"\r", 1);
	ok(load(&conf, NULL), "a variable of a file of Windows");
	is_int(conf.heartbeat, 5000, "is read");
	conf_release(&conf);
	unsetenv("HEARTBEAT");
	file_refused("STATE=\"memory\n", "line 1: STATE: the quotation marks");
	ok(conf_load(&conf, "/tmp", error) != 0 && strstr(error, "directory") != NULL,
	    "a directory as a file");
	conf_release(&conf);
	ok(conf_load(&conf, "/dev/zero", error) != 0 && strstr(error, "File too large") != NULL,
	    "a file without end");
	conf_release(&conf);
}

static void
test_misspelt(void)
{
	const char *option = NULL;
	size_t at = 0;

	file_refused("GEMINI_API_KEY=x\n", "did you mean GEMINI_API_KEYS?");
	file_refused("ACESS_TOKENS=x\n", "did you mean ACCESS_TOKENS?");
	file_refused("heartbeat=1\n", "did you mean HEARTBEAT?");
	file_refused("ALLOWED_TOKENS=x\n", "did you mean ACCESS_TOKENS?");
	file_refused("COLOUR=x\n", "--help lists");
	ok(conf_misspelt(NULL, &at, &option) == NULL, "nothing in the environment looks like one");
	setenv("CORS_ORIGIN", "*", 1);
	setenv("LISTEN_FDS", "1", 1);
	at = 0;
	is_str(conf_misspelt(NULL, &at, &option), "CORS_ORIGIN", "one does");
	is_str(option, "CORS_ORIGINS", "like that");
	ok(conf_misspelt(NULL, &at, &option) == NULL, "no other");
	at = 0;
	ok(conf_misspelt("GEMINI_API_KEYS", &at, &option) == NULL, "it is not like that");
	unsetenv("CORS_ORIGIN");
	unsetenv("LISTEN_FDS");
}

static void
test_difference(void)
{
	static const char *const none[] = { NULL }, *const tokens[] = { "ACCESS_TOKENS", NULL };
	struct conf a, b;

	load(&a, "ACCESS_TOKENS=x\nHEARTBEAT=5\n");
	load(&b, "HEARTBEAT=5.0\nACCESS_TOKENS=x");
	ok(conf_difference(&a, &b, none) == NULL, "no difference");
	conf_set(&b, "ACCESS_TOKENS", "y", error);
	is_str(conf_difference(&a, &b, none), "ACCESS_TOKENS", "a text");
	ok(conf_difference(&a, &b, tokens) == NULL, "one that does not count");
	conf_set(&b, "OPEN_ACCESS", "yes", error);
	is_str(conf_difference(&a, &b, tokens), "OPEN_ACCESS", "a yes");
	conf_set(&b, "OPEN_ACCESS", "no", error);
	conf_set(&b, "BALANCE", "random", error);
	is_str(conf_difference(&a, &b, tokens), "BALANCE", "a word");
	conf_set(&b, "BALANCE", "least", error);
	conf_set(&b, "HEARTBEAT", "6", error);
	is_str(conf_difference(&a, &b, tokens), "HEARTBEAT", "a number");
	conf_release(&a);
	conf_release(&b);
}

int
main(void)
{
	temp_file(path);
	unset_options();
	test_defaults();
	test_file();
	test_file_errors();
	test_numbers();
	test_words();
	test_secrets();
	test_sample();
	test_lines();
	test_forms();
	test_control();
	test_pasted();
	test_misspelt();
	test_difference();
	unlink(path);
	return tap_done();
}
