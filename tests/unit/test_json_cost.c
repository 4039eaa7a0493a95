/* json_cost.c against what malloc says, and the budget of a thread. */
#include "config.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "core/json/json.h"
#include "core/json/json_cost.h"
#include "tap.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MALLOC_TELLS false
#else
#define MALLOC_TELLS true
#endif

static const struct {
	const char *what, *before, *one, *between, *after;
} shapes[] = {
	{ "empty objects", "[", "{}", ",", "]" },
	{ "empty lists", "[", "[]", ",", "]" },
	{ "integers", "[", "1", ",", "]" },
	{ "decimals", "[", "0.25", ",", "]" },
	{ "booleans", "[", "true", ",", "]" },
	{ "nothing", "[", "null", ",", "]" },
	{ "short strings", "[", "\"a\"", ",", "]" },
	{ "longer strings", "[", "\"a sentence with a \\\"word\\\" in quotes\"", ",", "]" },
	{ "small objects", "[", "{\"role\":\"user\",\"content\":\"Hi\"}", ",", "]" },
	{ "schemas", "[",
	    "{\"type\":\"object\",\"properties\":{\"path\":{\"type\":\"string\"}},"
	    "\"required\":[\"path\"]}",
	    ",", "]" },
	{ "lists in lists", "[", "[[1],[2]]", ",", "]" },
};

static void
repeat(size_t shape, size_t count, struct buf *out)
{
	buf_adds(out, shapes[shape].before);
	for (size_t i = 0; i < count; i++) {
		buf_adds(out, shapes[shape].one);
		buf_adds(out, i + 1 < count ? shapes[shape].between : shapes[shape].after);
	}
}

static void
wide_object(size_t count, struct buf *out)
{
	for (size_t i = 0; i < count; i++)
		buf_addf(out, "%c\"member%zu\":%zu", i == 0 ? '{' : ',', i, i);
	buf_addc(out, '}');
}

/* The price covers what is really taken, and is no more than three times that. */
static void
check(struct slice text, const char *what)
{
	size_t cost = json_cost(text, SIZE_MAX), before = mallinfo2().uordblks, real;
	json_object *doc = json_read(text);

	real = mallinfo2().uordblks - before + mallinfo2().hblkhd;
	ok(doc != NULL, what);
	if (MALLOC_TELLS) {
		ok(cost >= real, "  the price covers it");
		ok(cost <= 3 * real, "  and is not silly");
		if (cost < real || cost > 3 * real)
			printf("# price %zu, real %zu\n", cost, real);
	}
	json_object_put(doc);
}

static void
test_prices(void)
{
	struct buf text;

	/* Large blocks would come from mmap, which mallinfo counts apart. */
	mallopt(M_MMAP_THRESHOLD, 1 << 30);
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		buf_init(&text, 64 * MIB);
		repeat(i, 10000, &text);
		check(buf_slice(&text), shapes[i].what);
		buf_release(&text);
	}
	for (size_t count = 1; count < 100000; count *= 7) {
		buf_init(&text, 64 * MIB);
		wide_object(count, &text);
		check(buf_slice(&text), "a wide object");
		buf_release(&text);
	}
}

static void
test_any_text(void)
{
	static const char *const texts[] = { "", "\"", "\"\\", "\"\\\"", "}}}]]", "{[{[", ":,:,",
		"-", "\x01\x02", "[\"a", "nul" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		ok(json_cost(slice_str(texts[i]), SIZE_MAX) < 10000, texts[i]);
	ok(json_cost((struct slice){ "a\0b", 3 }, SIZE_MAX) < 10000, "a NUL");
	ok(json_cost(SLICE("[{},{},{},{}]"), 1000) < 3000, "it stops when the answer is clear");
}

static void
test_limits(void)
{
	struct json_budget budget = { .left = 3000 };
	json_object *doc;
	struct buf text;

	buf_init(&text, 64 * MIB);
	repeat(0, 3 * MIB, &text);
	ok(json_read(buf_slice(&text)) == NULL, "nine megabytes of empty objects");
	buf_reset(&text);
	repeat(0, JSON_UNSCANNED / 3, &text);
	ok(json_cost(buf_slice(&text), SIZE_MAX) <= JSON_MEMORY,
	    "what is not scanned cannot pass the limit");
	buf_release(&text);
	json_budget_use(&budget);
	doc = json_read(SLICE("[{},{}]"));
	ok(doc != NULL && !budget.exceeded && budget.left < 1000, "within the budget");
	json_object_put(doc);
	ok(json_read(SLICE("[{},{}]")) == NULL && budget.exceeded, "once more: beyond it");
	json_budget_use(NULL);
	doc = json_read(SLICE("[{},{}]"));
	ok(doc != NULL, "without a budget");
	json_object_put(doc);
}

int
main(void)
{
	test_prices();
	test_any_text();
	test_limits();
	return tap_done();
}
