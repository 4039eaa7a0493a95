/* tool_names.c: one name, one name upstream, and back. */
#include "config.h"

#include "core/tool_names.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "core/json.h"
#include "tap.h"

static const char *
add(struct tool_names *t, const char *name)
{
	return tool_names_add(t, slice_str(name), TOOL_FUNCTION)->upstream;
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

/* Somebody has a function with the name that another one's would become. */
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
	is_int(tool_names_add(t, SLICE("c"), TOOL_CUSTOM)->kind, TOOL_CUSTOM, "the kind is kept");
	is_int(tool_names_add(t, SLICE("c"), TOOL_FUNCTION)->kind, TOOL_CUSTOM, "the first one");
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

int
main(void)
{
	test_names();
	test_collision();
	test_lookup();
	test_many();
	return tap_done();
}
