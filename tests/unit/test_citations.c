/* citations.c: offsets over blocks, and what happens at the ceilings. */
#include "config.h"

#include "core/gemini/citations.h"

#include <stdlib.h>

#include "base/limits.h"
#include "tap.h"

struct seen {
	size_t count, start, end; /* of the last one */
	char url[64];
};

static void
see(void *ctx, const struct citation *citation)
{
	struct seen *seen = ctx;

	seen->count++;
	seen->start = citation->start;
	seen->end = citation->end;
	snprintf(seen->url, sizeof(seen->url), "%.*s", (int)citation->url.len, citation->url.ptr);
}

static struct seen
all(struct citations *c)
{
	struct seen seen = { 0 };

	citations_each(c, see, &seen);
	return seen;
}

static void
read_text(struct citations *c, const char *candidate)
{
	json_object *doc = json_read(slice_str(candidate));

	ok(doc != NULL, "metadata");
	citations_read(c, doc);
	json_object_put(doc);
}

/* One chunk, and a support of it. segment: the inside of the object. */
static struct seen
cite(struct citations *c, const char *segment)
{
	struct buf text;
	struct seen seen;

	buf_init(&text, 8 * MIB);
	buf_addf(&text,
	    "{\"groundingMetadata\":{\"groundingChunks\":[{\"web\":{\"uri\":\"u\"}}],"
	    "\"groundingSupports\":[{\"segment\":{%s},\"groundingChunkIndices\":[0]}]}}",
	    segment);
	read_text(c, text.data);
	buf_release(&text);
	seen = all(c);
	return seen;
}

/* Offsets are right wherever they fall: the counts are kept by blocks. */
static void
test_offsets(void)
{
	/* Characters of 1 to 4 bytes, in turns. */
	static const char unit[] = "a\xC3\xA9\xE6\x9D\xB1\xF0\x9F\x8F\x94";
	struct citations c;
	bool good = true;

	for (size_t i = 0; i < 995; i += 37) {
		char segment[128];
		struct seen seen;

		citations_init(&c);
		for (size_t j = 0; j < 1000; j++)
			citations_part(&c, SLICE(unit));
		snprintf(segment, sizeof(segment), "\"startIndex\":%zu,\"endIndex\":%zu",
		    i * (sizeof(unit) - 1) + 3, (i + 5) * (sizeof(unit) - 1));
		seen = cite(&c, segment);
		good =
		    good && seen.count == 1 && seen.start == i * 4 + 2 && seen.end == (i + 5) * 4;
		good = good && citations_characters(&c) == 4000;
		citations_release(&c);
	}
	ok(good, "byte offsets become characters");
}

static void
test_escapes(void)
{
	struct citations c;
	struct seen seen;

	citations_init(&c);
	citations_part(&c, SLICE("\\u00e9\\n\\\"%s\\\" \\ud83c\\udfd4 x"));
	is_int(citations_characters(&c), 10, "escapes are characters");
	seen = cite(&c, "\"startIndex\":3,\"endIndex\":7,\"text\":\"\\\"%s\\\"\"");
	ok(seen.count == 1 && seen.start == 2 && seen.end == 6, "and count so in offsets");
	citations_release(&c);
}

/* Offsets of a Part, over the events of a stream that cut it elsewhere. */
static void
test_parts(void)
{
	struct citations c;
	struct seen seen;

	citations_init(&c);
	citations_part(&c, SLICE(""));
	citations_part(&c, SLICE("one "));
	citations_part(&c, SLICE("two one"));
	seen = cite(&c, "\"partIndex\":2,\"startIndex\":4,\"endIndex\":7,\"text\":\"one\"");
	ok(seen.start == 8 && seen.end == 11, "a place in its own part");
	citations_release(&c);

	citations_init(&c);
	citations_part(&c, SLICE("on"));
	citations_part(&c, SLICE("e two"));
	seen = cite(&c, "\"startIndex\":4,\"endIndex\":7,\"text\":\"two\"");
	ok(seen.start == 4 && seen.end == 7, "a place in a part of several events");
	citations_release(&c);

	citations_init(&c);
	citations_part(&c, SLICE("one two"));
	seen = cite(&c, "\"partIndex\":7,\"startIndex\":99,\"endIndex\":102,\"text\":\"two\"");
	ok(seen.start == 4 && seen.end == 7, "words that stand elsewhere are found");
	citations_release(&c);
}

/* More text than is kept: sources are told, segments of the rest are not. */
static void
test_text_ceiling(void)
{
	struct buf piece;
	struct citations c;
	struct seen seen;
	size_t before;

	buf_init(&piece, MIB);
	for (size_t i = 0; i < MIB / 16; i++)
		buf_adds(&piece, "fifteen or more ");
	citations_init(&c);
	for (size_t i = 0; i < CITED_TEXT_MAX / MIB - 1; i++)
		citations_part(&c, buf_slice(&piece));
	before = citations_characters(&c);
	citations_part(&c, buf_slice(&piece));
	citations_part(&c, buf_slice(&piece));
	citations_part(&c, SLICE("the end"));
	ok(citations_characters(&c) >= before && c.text.len <= CITED_TEXT_MAX, "text has an end");
	seen = cite(&c, "\"partIndex\":5,\"startIndex\":0,\"endIndex\":7,\"text\":\"the end\"");
	is_int(seen.count, 1, "a source is told");
	ok(seen.start == seen.end && seen.end == citations_characters(&c),
	    "at the end of the text");
	citations_release(&c);
	buf_release(&piece);
}

/* A first part that is larger than all that is kept. */
static void
test_large_part(void)
{
	struct citations c;
	struct buf piece;

	buf_init(&piece, CITED_TEXT_MAX + KIB);
	memset(buf_room(&piece, CITED_TEXT_MAX + 1), 'x', CITED_TEXT_MAX + 1);
	piece.len = CITED_TEXT_MAX + 1;
	citations_init(&c);
	citations_part(&c, buf_slice(&piece));
	is_int(citations_characters(&c), 0, "a part beyond the ceiling is not taken");
	is_int(cite(&c, "\"endIndex\":3").count, 1, "its source is");
	citations_release(&c);
	buf_release(&piece);
}

static void
test_list_ceilings(void)
{
	struct buf text;
	struct citations c;

	buf_init(&text, 8 * MIB);
	citations_init(&c);
	for (size_t i = 0; i < CITED_PARTS_MAX + 10; i++)
		citations_part(&c, SLICE("x"));
	is_int(citations_characters(&c), CITED_PARTS_MAX + 10, "many parts");
	buf_adds(&text, "{\"groundingMetadata\":{\"groundingChunks\":[{\"web\":{\"uri\":\"u0\"}}");
	for (size_t i = 1; i < CITATIONS_MAX + 10; i++)
		buf_addf(&text, ",{\"web\":{\"uri\":\"u%zu\"}}", i);
	buf_adds(&text, "],\"groundingSupports\":[{\"segment\":{\"endIndex\":3},"
			"\"groundingChunkIndices\":[0");
	for (size_t i = 0; i < CITATIONS_MAX + 10; i++)
		buf_addf(&text, ",%zu", i);
	buf_adds(&text, "]}]}}");
	read_text(&c, text.data);
	is_int(all(&c).count, CITATIONS_MAX, "citations have an end");
	citations_release(&c);
	buf_release(&text);
}

/* Many segments that stand nowhere: only so many are looked for. */
static void
test_searches(void)
{
	struct citations c;
	struct buf text;

	buf_init(&text, 8 * MIB);
	citations_init(&c);
	citations_part(&c, SLICE("some words"));
	buf_adds(&text, "{\"groundingMetadata\":{\"groundingChunks\":[{\"web\":{\"uri\":\"u\"}}],"
			"\"groundingSupports\":[");
	for (int i = 0; i < 1500; i++)
		buf_addf(&text,
		    "%s{\"segment\":{\"startIndex\":1,\"endIndex\":5,\"text\":\"other\"},"
		    "\"groundingChunkIndices\":[0]}",
		    i > 0 ? "," : "");
	buf_adds(&text, ",{\"segment\":{\"startIndex\":5,\"endIndex\":10,\"text\":\"words\"},"
			"\"groundingChunkIndices\":[0]}]}}");
	read_text(&c, text.data);
	is_int(all(&c).count, 1, "what stands in its place needs no search");
	is_int(c.searches, 1500, "the others were counted");
	citations_release(&c);
	buf_release(&text);
}

static void
test_metadata(void)
{
	struct citations c;
	json_object *metadata;
	struct buf out;

	buf_init(&out, MIB);
	citations_init(&c);
	ok(!citations_any(&c) && citations_metadata(&c) == NULL, "nothing at first");
	read_text(&c, "{\"groundingMetadata\":{}}");
	read_text(&c, "{\"groundingMetadata\":7,\"urlContextMetadata\":[]}");
	ok(!citations_any(&c) && citations_metadata(&c) == NULL, "nor by empty metadata");
	read_text(&c, "{\"groundingMetadata\":{\"webSearchQueries\":[\"a\"],\"groundingChunks\":"
		      "[{\"web\":{\"uri\":\"u\"}}]}}");
	read_text(&c, "{\"groundingMetadata\":{\"webSearchQueries\":[\"b\"],\"groundingChunks\":"
		      "[{\"web\":{\"uri\":\"v\"}}]}}");
	metadata = citations_metadata(&c);
	json_write(metadata, &out);
	is_slice(buf_slice(&out),
	    "{\"webSearchQueries\":[\"b\"],\"groundingChunks\":[{\"web\":{\"uri\":\"u\"}},"
	    "{\"web\":{\"uri\":\"v\"}}]}",
	    "lists grow, the rest is replaced");
	is_int(all(&c).count, 2, "two sources");
	is_str(all(&c).url, "v", "in order");
	json_object_put(metadata);
	citations_release(&c);
	buf_release(&out);
}

int
main(void)
{
	test_offsets();
	test_escapes();
	test_parts();
	test_text_ceiling();
	test_large_part();
	test_list_ceilings();
	test_searches();
	test_metadata();
	return tap_done();
}
