/* tool_names.c: one name, one name upstream, and back. */
#include "config.h"

#include "core/gemini/tool_names.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "tap.h"

static const char *
add(struct tool_names *t, const char *name)
{
	return tool_names_add(t, SLICE(""), slice_str(name), TOOL_FUNCTION)->upstream;
}

static bool
is_googles(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= TOOL_NAME_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789_.:-") == len &&
	       strchr("0123456789.:-", name[0]) == NULL;
}

/* clang-format off */
static const char *const clean[] = {
	"a", "_", "get_weather", "a.b:c-d", "Z9", "_9",
	"a234567890123456789012345678901234567890123456789012345678901234",
};

static const char *const dirty[] = {
	"9", "-a", ".a", ":a", " ", "a b", "a  b", "a/b", "a_b/", "\xE6\x9F\xA5\xE8\xAF\xA2", "\xFF",
	"a2345678901234567890123456789012345678901234567890123456789012345",
	"a23456789012345678901234567890123456789012345678901234567890123456",
	"mcp__github.com/upstash/context7-mcp__resolve-library-id__with_a_very_long_tail_1",
	"mcp__github.com/upstash/context7-mcp__resolve-library-id__with_a_very_long_tail_2",
};
/* clang-format on */

static void
test_names(void)
{
	struct tool_names *t = tool_names_new(), *backwards = tool_names_new();
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(clean); i++)
		is_str(add(t, clean[i]), clean[i], "a clean name stays");
	for (size_t i = 0; i < ARRAY_SIZE(dirty); i++)
		ok(is_googles(add(t, dirty[i])) && strcmp(add(t, dirty[i]), dirty[i]) != 0,
		    add(t, dirty[i]));
	count = tool_names_count(t);
	is_int(count, ARRAY_SIZE(clean) + ARRAY_SIZE(dirty), "no two are one");
	for (size_t i = ARRAY_SIZE(dirty); i-- > 0;)
		is_str(add(backwards, dirty[i]), add(t, dirty[i]), "the order does not matter");
	for (size_t i = 0; i < ARRAY_SIZE(dirty); i++)
		is_str(tool_names_upstream(t, slice_str(add(t, dirty[i])))->name, dirty[i],
		    "and back");
	is_int(tool_names_count(t), count, "asking again adds nothing");
	tool_names_free(t);
	tool_names_free(backwards);
}

/* A function already has the name that another one's would become. */
static void
test_collision(void)
{
	struct tool_names *t = tool_names_new(), *late = tool_names_new();
	char *taken = xstrdup(add(t, "a b"));
	const char *other;

	is_str(add(late, taken), taken, "first come");
	other = add(late, "a b");
	ok(strcmp(other, taken) != 0 && is_googles(other), "the renamed one gives way");
	is_str(tool_names_upstream(late, slice_str(other))->name, "a b", "and is found");
	other = add(t, taken);
	ok(strcmp(other, taken) != 0 && is_googles(other), "or the clean one, when it comes later");
	is_str(tool_names_upstream(t, slice_str(other))->name, taken, "and is found");
	is_str(tool_names_upstream(t, slice_str(taken))->name, "a b", "beside the first");
	tool_names_free(t);
	tool_names_free(late);
	free(taken);
}

static void
test_lookup(void)
{
	struct tool_names *t = tool_names_new();
	char large[1000];

	memset(large, 'x', sizeof(large));
	ok(tool_names_upstream(NULL, SLICE("a")) == NULL, "no names at all");
	ok(tool_names_upstream(t, SLICE("a")) == NULL, "an unknown name");
	ok(tool_names_upstream(t, (struct slice){ large, sizeof(large) }) == NULL, "a long one");
	is_int(tool_names_add(t, SLICE(""), SLICE("c"), TOOL_CUSTOM)->kind, TOOL_CUSTOM,
	    "the kind is kept");
	is_int(tool_names_add(t, SLICE(""), SLICE("c"), TOOL_FUNCTION)->kind, TOOL_CUSTOM,
	    "the first one");
	ok(tool_names_upstream(t, SLICE("")) == NULL, "an empty name");
	tool_names_free(t);
	tool_names_free(NULL);
}

/* Minutes, if adding were quadratic. */
static void
test_many(void)
{
	struct tool_names *t = tool_names_new();
	char name[40];
	bool good = true;

	for (int i = 0; i < 50000; i++) {
		snprintf(name, sizeof(name), "tool %d", i);
		good = good && is_googles(add(t, name));
	}
	ok(good, "50,000 names");
	tool_names_free(t);
}

static const struct tool_name *
add_to(struct tool_names *t, const char *space, const char *name)
{
	return tool_names_add(t, slice_str(space), slice_str(name), TOOL_FUNCTION);
}

static void
test_spaces(void)
{
	/* clang-format off */
	static const char *const pairs[][2] = {
		{ "a", "b__c" }, { "a__b", "c" }, { "a_", "_b__c" }, { "", "a__b__c" }, { "", "c" },
		{ "1", ".c" }, { "", "\0011.1.ac" },
		{ "mcp__a_very_long_name_of_a_server_that_somebody_has_made_up__", "with_a_long_tool" },
		{ "mcp__a_very_long_name_of_a_server_that_somebody_has_made_up__", "with_a_long_tool2" },
	};
	/* clang-format on */
	struct tool_names *t = tool_names_new();

	is_str(add_to(t, "mcp__wx", "get")->upstream, "mcp__wx__get", "SPACE__NAME");
	is_str(add_to(t, "mcp__wx__", "set")->upstream, "mcp__wx__set", "one separator is enough");
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		const struct tool_name *entry = add_to(t, pairs[i][0], pairs[i][1]);

		is_int(tool_names_count(t), i + 3, "one more");
		ok(is_googles(entry->upstream), entry->upstream);
		ok(tool_names_upstream(t, slice_str(entry->upstream)) == entry, "and back");
		ok(add_to(t, pairs[i][0], pairs[i][1]) == entry, "and the same again");
		is_str(entry->name, pairs[i][1], "its name");
		is_str(entry->space != NULL ? entry->space : "", pairs[i][0], "its namespace");
	}
	ok(tool_names_find(t, SLICE("a"), SLICE("c"), TOOL_FUNCTION) == NULL, "none of that pair");
	ok(tool_names_find(NULL, SLICE("a"), SLICE("c"), TOOL_FUNCTION) == NULL, "none of no list");
	tool_names_free(t);
}

static void
test_kinds(void)
{
	struct tool_names *t = tool_names_new();
	const struct tool_name *function = add_to(t, "", "shell");
	const struct tool_name *shell = tool_names_add(t, SLICE(""), SLICE("shell"), TOOL_SHELL);

	is_str(function->upstream, "shell", "a function of that name");
	ok(shell != function && strcmp(shell->upstream, "shell") != 0, "the tool is another one");
	ok(shell->renamed && !function->renamed, "who was renamed");
	ok(tool_names_find(t, SLICE(""), SLICE("shell"), TOOL_SHELL) == shell, "found by its kind");
	ok(tool_names_find(t, SLICE(""), SLICE("shell"), TOOL_CUSTOM) == function,
	    "functions and custom tools share their names");
	tool_names_free(t);
}

static void
test_meant(void)
{
	static const char *const set[] = { "set", "wx.set", "wx__set_", "wx:set", "wx/set",
		"wxset" };
	struct tool_names *t = tool_names_new();
	const struct tool_name *entry;

	add_to(t, "wx", "get");
	add_to(t, "b", "get");
	add_to(t, "", "plain");
	entry = add_to(t, "wx", "set");
	for (size_t i = 0; i < ARRAY_SIZE(set); i++)
		ok((tool_names_meant(t, slice_str(set[i])) == entry) == (i != 2), set[i]);
	ok(tool_names_meant(t, SLICE("get")) == NULL, "two can be meant");
	ok(tool_names_meant(t, SLICE("b.get")) != NULL, "one of them");
	ok(tool_names_meant(t, SLICE("plain")) == NULL, "in no namespace");
	ok(tool_names_meant(t, SLICE("")) == NULL && tool_names_meant(NULL, SLICE("set")) == NULL,
	    "nothing");
	tool_names_free(t);
}

int
main(void)
{
	test_names();
	test_spaces();
	test_kinds();
	test_meant();
	test_collision();
	test_lookup();
	test_many();
	return tap_done();
}
