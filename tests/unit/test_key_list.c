/* key_list.c and entries.c: lists of keys with attributes, in an option and in a file. */
#include "config.h"

#include "core/keys/key_list.h"

#include "base/xalloc.h"
#include "core/keys/entries.h"
#include "tap.h"

#include <string.h>

static struct key_list list;
static struct key_list_error at;

static int
read_both(const char *option, const char *file)
{
	int rc;

	key_list_release(&list);
	rc = key_list_read(&list, slice_str(option), slice_str(file), &at);
	return rc == 0 ? (int)list.count : rc;
}

static void
test_file(void)
{
	is_int(
	    read_both("", "k1\n\n  k2 project=red weight=3\n"
			  "k3\tproxy=socks5h://u:p@127.0.0.1:1080 models=gemini-3-*,gemma-4\r\n"),
	    3, "a file of three keys");
	is_str(list.specs[0].secret, "k1", "a key alone");
	is_int(list.specs[0].weight, 1, "has weight 1");
	is_str(list.specs[0].project, "", "and no project");
	is_str(list.specs[1].project, "red", "a project");
	is_int(list.specs[1].weight, 3, "a weight");
	is_str(list.specs[2].proxy, "socks5h://u:p@127.0.0.1:1080", "a proxy");
	is_str(list.specs[2].models, "gemini-3-*,gemma-4", "models");
	is_int(read_both("", "\"k1\",\n'k2'\nk3,k4 project=red\nk5=\n"), 5,
	    "quotation marks, commas, an equals sign");
	is_str(list.specs[1].secret, "k2", "without the quotation marks");
	is_str(list.specs[2].project, "red", "keys of one line share attributes");
	is_str(list.specs[3].project, "red", "all of them");
	is_str(list.specs[1].project, "", "but not those of other lines");
	is_str(list.specs[4].secret, "k5=", "no attribute");
	is_int(read_both("k0", "\nk1 name=alice\n\nk2,k3 name=bob\n"), 4, "names");
	is_str(list.specs[1].name, "alice", "the operator's name");
	is_int(list.specs[1].line, 2, "and the line of the file");
	is_str(list.specs[3].name, "bob", "keys of one line share a name");
	is_int(list.specs[3].line, 4, "and the line");
	is_int(list.specs[0].line, 0, "a key of the option has no line");
	is_int(list.specs[0].place, 1, "but a place");
}

static void
test_option(void)
{
	is_int(read_both("k1, k2 k3\n\"k4\"\tk5", ""), 5, "commas and white space");
	is_int(read_both("k1 project=red weight=2,k2 k3 models=a|b*,k4", ""), 4, "attributes");
	is_str(list.specs[0].project, "red", "of the key before");
	is_int(list.specs[0].weight, 2, "two of them");
	is_str(list.specs[1].project, "", "of no other");
	is_str(list.specs[2].models, "a|b*", "models");
	is_str(list.specs[3].secret, "k4", "a comma ends them");
	is_int(read_both("[\"k1\", 'k2']", "[\n\"k3\",\n]\n"), 3, "lists in JSON");
	is_str(list.specs[1].secret, "k2", "without brackets");
	is_int(read_both("k projekt=x", ""), -1, "an attribute that does not exist");
	ok(strstr(at.reason, "project=") != NULL, "  told which do");
	is_int(read_both("k,secret=x a==", ""), 3, "what may be keys");
	is_int(read_both("", ""), 0, "nothing");
	is_int(read_both(" , ,\n", "\n , \n"), 0, "nothing but separators");
}

static void
test_repeated(void)
{
	is_int(read_both("k1,k2,k1", "k2 project=red weight=4\nk3\nk1\nk2 project=blue\n"), 3,
	    "each key once");
	is_str(list.specs[0].secret, "k1", "in the order");
	is_str(list.specs[1].secret, "k2", "of their");
	is_str(list.specs[2].secret, "k3", "first places");
	is_str(list.specs[1].project, "red", "what was left open is filled");
	is_int(list.specs[1].weight, 4, "the weight as well");
	is_int(list.specs[0].weight, 1, "or not");
	is_int(list.repeats[0], 2, "listed three times");
	is_int(list.repeats[1], 2, "this one as well");
	is_int(list.repeats[2], 0, "this one once");
	key_list_release(&list);
	is_int(key_list_read_plain(&list, SLICE("k1, \"k2\" k1\nproject=red weight=0"), &at), 0,
	    "a list of a caller");
	is_int(list.count, 4, "holds keys only");
	is_str(list.specs[2].secret, "project=red", "whatever they look like");
	is_str(list.specs[1].project, "", "about which nothing is said");
	is_int(list.repeats[0], 1, "one is listed twice");
}

static void
test_mistakes(void)
{
	static const struct {
		const char *file, *reason;
		unsigned line;
	} rows[] = {
		{ "k1\nk2 k3\n", "nothing else", 2 },
		{ "k1 colour=red\n", "unknown word with =", 1 },
		{ "\n\nproject=red\n", "nothing else", 3 },
		{ "k1\nproject=red k2\n", "nothing else", 2 },
		{ "k1 weight=0\n", "weight=", 1 },
		{ "k1 weight=101\n", "weight=", 1 },
		{ "k1 weight=two\n", "weight=", 1 },
		{ "k1 project=\n", "project=", 1 },
		{ "k1\n\nk2 project=a proxy=ftp://x\n", "proxy=", 3 },
		{ "k1 models=\n", "models=", 1 },
		{ "k1\nk\x01\n", "control", 2 },
	};
	char key[600];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		is_int(read_both("", rows[i].file), -1, rows[i].file);
		is_int(at.line, rows[i].line, "  in that line");
		ok(at.reason != NULL && strstr(at.reason, rows[i].reason) != NULL, "  told why");
	}
	is_int(read_both("k1 weight=0", "k2\n"), -1, "a mistake in the option");
	is_int(at.line, 0, "has no line");
	is_int(read_both("project=red", ""), -1, "an attribute of nothing");
	memset(key, 'k', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	is_int(read_both(key, ""), -1, "a key that is too long");
}

static void
test_values(void)
{
	static const char *const good[] = { "socks5h://127.0.0.1:1080", "http://proxy",
		"HTTPS://user:p%40ss@proxy.example:8443/", "10.0.0.1:3128", "socks5://[::1]:9" };
	static const char *const bad[] = { "", "ftp://x", "http://", "http://:80", "socks5://a b",
		"://x", "http://x/path", "http://user@", "foo:bar", "http://x:0", "http://x:65536",
		"http://[::1", "http://x:" };
	struct key_spec spec = { "k", "", 1, "", "gemini-2.5-*,gemma-3|gemini-3-pro", "", 0, 0 };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		ok(entry_is_proxy(slice_str(good[i])), good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ok(!entry_is_proxy(slice_str(bad[i])), bad[i]);
	ok(key_serves(&spec, SLICE("gemini-2.5-flash")), "by its beginning");
	ok(key_serves(&spec, SLICE("gemma-3")), "as a whole");
	ok(key_serves(&spec, SLICE("gemini-3-pro")), "the last of the list");
	ok(!key_serves(&spec, SLICE("gemini-3-pro-preview")), "not a longer name");
	ok(!key_serves(&spec, SLICE("gemma")), "nor a shorter one");
	ok(key_serves(&spec, SLICE("")), "requests without a model");
	spec.models = "";
	ok(key_serves(&spec, SLICE("gemma")), "any model without a list");
	ok(entry_lists_model("*", SLICE("x")), "an asterisk alone");
	ok(entry_lists_model("a,gemini-*-pro*", SLICE("gemini-3-pro-x")), "asterisks inside");
	ok(!entry_lists_model("a,gemini-*-pro", SLICE("gemini-3-pro-x")), "all of it must fit");
	ok(!entry_lists_model(",", SLICE("x")), "a list of nothing holds nothing");
}

/* Whatever a caller sends is the same list to both readers of lists, and no form is fatal. */
static void
test_random(void)
{
	static const char letters[] = "ab,, \n\t\"'=|*weight=2proxy=";
	uint64_t random = 1;
	size_t wrong = 0;
	char text[60];

	for (int i = 0; i < 20000; i++) {
		struct keypool pool;

		for (size_t k = 0; k < sizeof(text) - 1; k++) {
			random = random * 6364136223846793005ULL + 1442695040888963407ULL;
			text[k] = letters[(random >> 33) % (sizeof(letters) - 1)];
		}
		text[random >> 40 & 31] = '\0';
		text[sizeof(text) - 1] = '\0';
		keypool_init(&pool, BALANCE_LEAST);
		key_list_release(&list);
		wrong += key_list_read_plain(&list, slice_str(text), &at) != 0 ||
		         keypool_add_list(&pool, slice_str(text), 100) != (int)list.count;
		for (size_t k = 0; k < list.count && k < pool.count; k++)
			wrong += strcmp(list.specs[k].secret, pool.keys[k].spec.secret) != 0;
		keypool_release(&pool);
		read_both(text, text);
	}
	is_int(wrong, 0, "lists that are read alike");
}

int
main(void)
{
	test_file();
	test_option();
	test_repeated();
	test_mistakes();
	test_values();
	test_random();
	key_list_release(&list);
	return tap_done();
}
