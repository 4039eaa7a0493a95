/* The table of lessons: what they make of families, when they end, and how processes share them. */
#include "config.h"

#include "core/gemini/learned.h"

#include <string.h>

#include "tap.h"

#define NOW 1796000000000ULL

static const uint8_t key[SIPHASH_KEY_BYTES] = "key";
static struct learned *peers[2];

static struct lesson
lesson_of(struct learned *l, const char *name, uint64_t now)
{
	struct lesson lesson;

	learned_get(l, slice_str(name), now, &lesson);
	return lesson;
}

static void
on_told(void *ctx, struct slice name, struct slice text)
{
	learned_take(ctx, name, text, NOW);
}

static void
refuse(struct learned *l, const char *name, unsigned kinds, uint64_t now)
{
	learned_refused(l, slice_str(name),
	    &(struct refusals){ .kinds = kinds, .budget_min = 512, .budget_max = 1000 }, now);
}

static void
test_table(void)
{
	struct learned *l = learned_new(key, 2);

	is_int(lesson_of(l, "a", NOW).refused.kinds, 0, "nothing at first");
	refuse(l, "a", REFUSED_PREFILL | REFUSED_SIGNATURE, NOW);
	is_int(lesson_of(l, "a", NOW).refused.kinds, REFUSED_PREFILL,
	    "what is not the model's is not kept");
	is_int(lesson_of(l, "a", NOW + LEARNED_KEEP_MS).refused.kinds, 0, "it ends");
	learned_gone(l, SLICE("b"), NOW + 1);
	ok(lesson_of(l, "b", NOW + 2).gone, "gone");
	ok(!lesson_of(l, "b", NOW + 1 + LEARNED_KEEP_MS).gone, "to be asked for again");
	refuse(l, "c", REFUSED_SEED, NOW + 2);
	is_int(lesson_of(l, "a", NOW).refused.kinds, 0, "the oldest makes room");
	ok(lesson_of(l, "b", NOW + 2).gone, "not the others");
	learned_free(l);
}

static void
test_served(void)
{
	struct learned *l = learned_new(key, 10);
	struct lesson lesson;
	struct family f;

	refuse(l, "gemini-2.5-pro", REFUSED_JSON_TOOLS, NOW);
	learned_served(l, SLICE("gemini-2.5-pro"), SLICE("gemini-3.8-flash"), NOW + 10, NOW + 20);
	lesson = lesson_of(l, "gemini-2.5-pro", NOW + 30);
	is_str(lesson.served_by, "gemini-3.8-flash", "served by another");
	is_int(lesson.refused.kinds, 0, "what the one before refused is forgotten");
	f = learned_family(NULL, "gemini-2.5-pro", &lesson);
	is_int(f.thinking, THINKING_LEVEL, "it is treated as that");
	ok((f.can & FAMILY_SIGNATURES) != 0, "in all");
	ok(!lesson.aging, "fresh");
	ok(lesson_of(l, "gemini-2.5-pro", NOW + LEARNED_KEEP_MS * 3 / 4).aging, "worth a look");
	is_int(learned_is_news(NULL, "gemini-2.5-pro", &lesson, "gemini-3.8-flash"),
	    LEARNED_NOTHING, "no news");
	is_int(learned_is_news(NULL, "gemini-2.5-pro", &lesson, "gemini-3.8-flash-002"),
	    LEARNED_NOTHING, "nor a revision");
	is_int(learned_is_news(NULL, "gemini-2.5-pro", &lesson, "gemini-2.5-pro"), LEARNED_OTHER,
	    "back to its own");
	is_int(learned_is_news(NULL, "gemini-2.5-pro", &lesson, "what-is-this"), LEARNED_NOTHING,
	    "says nothing");
	memset(&lesson, 0, sizeof(lesson));
	is_int(learned_is_news(NULL, "gemini-2.5-pro", &lesson, "gemini-2.5-pro-001"), LEARNED_SAME,
	    "the same");
	is_int(learned_is_news(NULL, "gemini-2.5-pro", &lesson, "gemini-2.5-pro"), LEARNED_NOTHING,
	    "its name");
	is_int(learned_is_news(NULL, "gemini-3.8-flash-tts", &lesson, "gemini-3.8-flash"),
	    LEARNED_NOTHING, "what makes speech goes on with it");
	is_int(learned_is_news(NULL, "my-voice", &lesson, "gemini-3.8-flash-tts"), LEARNED_OTHER,
	    "what an unknown name makes");
	is_int(learned_is_news(NULL, "my-model", &lesson, "gemini-3.8-flash"), LEARNED_OTHER,
	    "of an unknown name");
	learned_free(l);
}

static struct family
corrected(const char *name, unsigned kinds)
{
	struct lesson lesson = { .refused = {
				     .kinds = kinds, .budget_min = 512, .budget_max = 900 } };

	return learned_family(NULL, name, &lesson);
}

static void
test_families(void)
{
	static const char flash[] = "gemini-3.8-flash", old[] = "gemini-2.5-pro";

	is_int(
	    corrected(flash, REFUSED_LEVEL_LOW).levels, LEVEL_MEDIUM | LEVEL_HIGH, "a level less");
	is_int(corrected(flash, REFUSED_LEVELS).thinking, THINKING_BUDGET, "levels: by budget");
	is_int(
	    corrected(flash, REFUSED_LEVELS | REFUSED_BUDGETS).thinking, THINKING_NONE, "neither");
	is_int(corrected(flash, REFUSED_THINKING).thinking, THINKING_NONE, "not at all");
	is_int(corrected(old, REFUSED_BUDGETS).thinking, THINKING_LEVEL, "budgets: by level");
	is_int(corrected(old, REFUSED_BUDGETS | REFUSED_LEVELS).thinking, THINKING_NONE, "neither");
	is_int(corrected(old, REFUSED_BUDGET_RANGE).budget_max, 900, "the range that was named");
	ok(!corrected("gemini-2.5-flash", REFUSED_BUDGET_OFF).budget_off, "not to be turned off");
	ok((corrected(old, REFUSED_UNSIGNED).can & FAMILY_SIGNATURES) != 0, "signatures");
	ok((corrected(old, REFUSED_PREFILL).can & FAMILY_PREFILL) == 0, "no prefill");
	ok((corrected(flash, REFUSED_MIX).can & FAMILY_MIX) == 0, "no mix");
	is_int(corrected("my-model", REFUSED_LEVELS).thinking, THINKING_NONE, "what has no knob");
}

/* An operator's row says what the name is, refusals what it is not. */
static void
test_own_row(void)
{
	const char *error;
	size_t line;
	struct families *own = families_new("mine like=gemini-2.5-pro", &error, &line);
	struct lesson lesson = { .served_by = "gemini-3.8-flash" };

	is_int(
	    learned_family(own, "mine", &lesson).thinking, THINKING_BUDGET, "the operator's row");
	lesson.refused.kinds = REFUSED_BUDGETS;
	is_int(learned_family(own, "mine", &lesson).thinking, THINKING_LEVEL, "corrected");
	families_free(own);
}

static void
test_share(void)
{
	for (size_t i = 0; i < 2; i++)
		peers[i] = learned_new(key, 10);
	learned_set_watch(peers[0], &(struct learned_watch){ on_told, peers[1] });
	refuse(peers[0], "a", REFUSED_BUDGET_RANGE | REFUSED_SEED, NOW - 5);
	learned_served(peers[0], SLICE("a"), SLICE("gemini-3.8-flash"), 0, NOW - 4);
	learned_gone(peers[0], SLICE("b"), NOW - 3);
	is_int(lesson_of(peers[1], "a", NOW).refused.kinds, REFUSED_BUDGET_RANGE | REFUSED_SEED,
	    "told");
	is_int(lesson_of(peers[1], "a", NOW).refused.budget_max, 1000, "with its numbers");
	is_str(lesson_of(peers[1], "a", NOW).served_by, "gemini-3.8-flash", "and who serves");
	ok(lesson_of(peers[1], "b", NOW).gone, "and what is gone");
	learned_take(peers[1], SLICE("b"), SLICE("gone@1"), NOW);
	ok(lesson_of(peers[1], "b", NOW - 4 + LEARNED_KEEP_MS).gone,
	    "what is older does not count");
	learned_take(peers[1], SLICE("d"), SLICE("gone@99999999999999"), NOW);
	ok(lesson_of(peers[1], "d", NOW).gone &&
		!lesson_of(peers[1], "d", NOW + LEARNED_KEEP_MS).gone,
	    "a clock may be wrong");
	learned_take(
	    peers[1], SLICE("c"), SLICE("gone served@=x @1 nothing@5 signature@7 =@"), NOW);
	is_int(lesson_of(peers[1], "c", NOW).refused.kinds, 0, "nonsense is ignored");
	learned_free(peers[1]);
	peers[1] = learned_new(key, 10);
	learned_set_watch(peers[0], &(struct learned_watch){ on_told, peers[1] });
	learned_tell_all(peers[0]);
	ok(lesson_of(peers[1], "b", NOW).gone, "all once more");
	for (size_t i = 0; i < 2; i++)
		learned_free(peers[i]);
}

static const char *
version_in(const char *text)
{
	static char ret[64];
	struct slice found = SLICE("");

	if (!learned_version(slice_str(text), &found))
		return "";
	snprintf(ret, sizeof(ret), "%.*s", (int)found.len, found.ptr);
	return ret;
}

static void
test_version(void)
{
	is_str(version_in("{\"candidates\":[],\"modelVersion\":\"gemini-3.8-flash\"}"),
	    "gemini-3.8-flash", "a document");
	is_str(
	    version_in("...\n  \"modelVersion\" : \"models/x\",\n  \"responseId\": \"a}b\"\n}\n"),
	    "x", "the end of one");
	is_str(version_in("data: {\"a\":{},\"modelVersion\":\"x\",\"b\":[{}]}\r\n\r\ndata: {"), "x",
	    "an event");
	is_str(version_in("[{\"modelVersion\":\"x\"}\n,\r\n{"), "x", "an array");
	is_str(version_in("[{\"modelVersion\":\"x\"}]\n"), "x", "its end");
	is_str(version_in("{\"args\":{\"modelVersion\":\"evil\"},\"modelVersion\":\"x\"}"), "x",
	    "not the one in what the model says");
	is_str(version_in("{\"args\":{\"modelVersion\":\"evil\"},\"b\":1}"), "", "not that at all");
	is_str(version_in("{\"list\":[{\"modelVersion\":\"evil\"}]}"), "", "nor in a list");
	is_str(version_in("{\"list\":[{\"modelVersion\":\"evil\"},{\"a\":1}]}"), "",
	    "nor in a longer one");
	is_str(version_in("{\"modelVersion\":\"x\",\"a\":{"), "", "not yet whole");
	is_str(version_in("{\"modelVersion\":7}"), "", "no text");
	is_str(version_in(""), "", "nothing");
}

int
main(void)
{
	test_table();
	test_served();
	test_families();
	test_own_row();
	test_share();
	test_version();
	return tap_done();
}
