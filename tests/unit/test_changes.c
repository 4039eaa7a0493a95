/* changes.c: the header's text, its ceiling, and the strict list. */
#include "config.h"

#include "core/api/changes.h"

#include "tap.h"

static void
test_words(void)
{
	struct changes c;
	struct apierror err;

	changes_init(&c, false);
	is_slice(changes_header(&c), "", "nothing was changed");
	ok(changes_note(&c, CHANGE_DROPPED, "tools[0].function.name", &err) == 0, "a note");
	changes_mention(&c, CHANGE_IGNORED, "user");
	changes_mention(&c, CHANGE_CLAMPED, "/a~1b/0");
	changes_mention(&c, CHANGE_REWRITTEN, "messages[10].content[2]");
	changes_mention(&c, CHANGE_RENAMED, "/x");
	changes_mention(&c, CHANGE_ADDED, "/y");
	changes_mention(&c, CHANGE_INLINED, "/z");
	is_slice(changes_header(&c),
	    "/tools/0/function/name dropped, /user ignored, /a~1b/0 clamped, "
	    "/messages/10/content/2 rewritten, /x renamed, /y added, /z inlined",
	    "fields and pointers");
	is_int(c.count, 7, "they are counted");
	changes_reset(&c);
	is_slice(changes_header(&c), "", "another pass begins");
	is_int(c.count, 0, "with nothing");
	changes_release(&c);
}

/* What a header must not hold. */
static void
test_bytes(void)
{
	struct changes c;

	changes_init(&c, false);
	changes_mention(&c, CHANGE_IGNORED, "/a b,c%\r\n\"\x7f\xC3\xA4");
	is_slice(changes_header(&c), "/a%20b%2Cc%25%0D%0A%22%7F%C3%A4 ignored", "is escaped");
	changes_release(&c);
}

static void
test_ceiling(void)
{
	struct changes c;
	struct slice text;
	char at[40];

	changes_init(&c, false);
	for (int i = 0; i < 500; i++) {
		snprintf(at, sizeof(at), "messages[%d].content", i);
		changes_mention(&c, CHANGE_DROPPED, at);
	}
	text = changes_header(&c);
	is_int(c.count, 500, "all are counted");
	ok(text.len <= CHANGES_MAX + 24, "the text has a ceiling");
	ok(slice_ends(text, SLICE(" more")), "and tells that there are more");
	changes_release(&c);
}

static void
test_strict(void)
{
	struct changes c;
	struct apierror err;

	changes_init(&c, true);
	changes_mention(&c, CHANGE_IGNORED, "user");
	is_slice(changes_header(&c), "/user ignored", "what is harmless passes");
	ok(changes_note(&c, CHANGE_DROPPED, "/tools/0/a~1b/c", &err) == -1, "the rest does not");
	is_str(err.param, "tools[0].a/b.c", "a pointer as a field");
	is_int(err.status, 400, "it is the caller's to change");
	ok(changes_note(&c, CHANGE_CLAMPED, "n", &err) == -1, "a field");
	is_str(err.param, "n", "is named as it is");
	ok(strstr(err.message, "'n' would have to be clamped") != NULL, "in words");
	changes_release(&c);
}

int
main(void)
{
	struct apierror err;

	changes_mention(NULL, CHANGE_ADDED, "a");
	ok(changes_note(NULL, CHANGE_ADDED, "a", &err) == 0, "without a list of changes");
	test_words();
	test_bytes();
	test_ceiling();
	test_strict();
	return tap_done();
}
