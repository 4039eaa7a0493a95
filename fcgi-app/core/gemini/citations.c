/* Grounding segments to character offsets. */
#include "config.h"

#include "core/gemini/citations.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"

#define BLOCK        1024                /* bytes of text between two known character counts */
#define QUOTED_MAX   (SSE_EVENT_MAX * 2) /* one part as JSON */
#define SEARCHES_MAX 100                 /* segments that do not stand where they should */

/* Lists that grow over the events of a stream; everything else is replaced by its last value. */
static const char *const lists[] = { "groundingChunks", "groundingSupports" };

void
citations_init(struct citations *c)
{
	*c = (struct citations){ 0 };
	buf_init(&c->text, CITED_TEXT_MAX);
	buf_init(&c->parts, CITED_PARTS_MAX * sizeof(size_t));
}

void
citations_release(struct citations *c)
{
	buf_release(&c->text);
	buf_release(&c->parts);
	json_object_put(c->chunks);
	json_object_put(c->supports);
	json_object_put(c->pages);
	json_object_put(c->rest);
}

static size_t
count_characters(const char *at, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += ((unsigned char)at[i] & 0xC0) != 0x80;
	return count;
}

size_t
citations_characters(const struct citations *c)
{
	return c->characters;
}

void
citations_part(struct citations *c, struct slice text)
{
	size_t start = c->text.len;
	json_object *string;
	struct buf quoted;

	buf_add(&c->parts, &start, sizeof(start));
	if (text.len == 0)
		return;
	buf_init(&quoted, QUOTED_MAX);
	buf_adds(&quoted, "[\"");
	buf_add_slice(&quoted, text);
	buf_adds(&quoted, "\"]");
	string = json_read(buf_slice(&quoted));
	buf_add_slice(&c->text, json_str(json_object_array_get_idx(string, 0)));
	if (c->text.len > start)
		c->characters += count_characters(c->text.data + start, c->text.len - start);
	json_object_put(string);
	buf_release(&quoted);
}

void
citations_note(struct citations *c, const struct gemini_part *part)
{
	struct buf text;

	buf_init(&text, SSE_EVENT_MAX * 2);
	if (gemini_part_speaks(part))
		gemini_part_write(part, &text);
	citations_part(c, buf_slice(&text));
	buf_release(&text);
}

static void
append_all(json_object **list, json_object *more)
{
	if (more == NULL)
		return;
	if (*list == NULL)
		*list = json_object_new_array();
	for (size_t i = 0; i < json_object_array_length(more); i++)
		if (json_object_array_length(*list) < CITATIONS_MAX)
			json_append(*list, json_object_get(json_object_array_get_idx(more, i)));
}

void
citations_read(struct citations *c, json_object *candidate)
{
	json_object *metadata = json_get_object(candidate, "groundingMetadata");
	json_object *pages = json_get_object(candidate, "urlContextMetadata");

	append_all(&c->pages, json_get_array(pages, "urlMetadata"));
	if (metadata == NULL)
		return;
	append_all(&c->chunks, json_get_array(metadata, lists[0]));
	append_all(&c->supports, json_get_array(metadata, lists[1]));
	json_object_object_foreach(metadata, key, value)
	{
		if (strcmp(key, lists[0]) == 0 || strcmp(key, lists[1]) == 0)
			continue;
		if (c->rest == NULL)
			c->rest = json_object_new_object();
		json_put(c->rest, key, json_object_get(value));
	}
}

bool
citations_any(const struct citations *c)
{
	return c->chunks != NULL || c->pages != NULL || c->rest != NULL;
}

json_object *
citations_metadata(const struct citations *c)
{
	json_object *all;

	if (!citations_any(c))
		return NULL;
	all = json_object_new_object();
	if (c->rest != NULL) {
		json_object_object_foreach(c->rest, key, value)
		{
			json_put(all, key, json_object_get(value));
		}
	}
	json_share(all, lists[0], c->chunks);
	json_share(all, lists[1], c->supports);
	json_share(all, "urlMetadata", c->pages);
	return all;
}

/* ---- offsets ---- */

/* Characters up to each block of the text, so that any offset is found in one step. */
struct counts {
	struct slice text;
	size_t *before;
};

static void
counts_init(struct counts *k, struct slice text)
{
	size_t total = 0;

	k->text = text;
	k->before = xcalloc(text.len / BLOCK + 1, sizeof(size_t));
	for (size_t i = 0; i <= text.len / BLOCK; i++) {
		size_t at = i * BLOCK, len = text.len - at < BLOCK ? text.len - at : BLOCK;

		k->before[i] = total;
		total += count_characters(text.ptr + at, len);
	}
}

static size_t
counts_at(const struct counts *k, size_t offset)
{
	size_t block = offset / BLOCK;

	return k->before[block] +
	       count_characters(k->text.ptr + block * BLOCK, offset - block * BLOCK);
}

/* True when the text at the offset is the segment's own. */
static bool
stands_at(struct slice text, size_t at, struct slice segment)
{
	return at <= text.len && segment.len <= text.len - at &&
	       memcmp(text.ptr + at, segment.ptr, segment.len) == 0;
}

/* The bytes of a segment in the whole text; false when they are not there. Offsets count within a
 * Part; over a stream it is not said which events make one Part, so the segment's own words
 * decide. */
static bool
citation_locate(struct citations *c, json_object *segment, size_t *ret_start, size_t *ret_end)
{
	struct slice text = buf_slice(&c->text), words = json_get_str(segment, "text");
	size_t part = (size_t)json_get_int(segment, "partIndex", 0);
	size_t start = (size_t)json_get_int(segment, "startIndex", 0);
	size_t end = (size_t)json_get_int(segment, "endIndex", 0), base = 0;

	if (part < c->parts.len / sizeof(size_t))
		memcpy(&base, c->parts.data + part * sizeof(size_t), sizeof(base));
	if (start > text.len || end > text.len || end < start)
		start = end = 0;
	if (words.len == 0) {
		base = base + end <= text.len ? base : 0;
		*ret_start = base + start;
		*ret_end = base + end;
		return end > start;
	}
	if (stands_at(text, base + start, words)) {
		start += base;
	} else if (!stands_at(text, start, words)) {
		ptrdiff_t found = c->searches++ < SEARCHES_MAX ? slice_find(text, words) : -1;

		if (found < 0)
			return false;
		start = (size_t)found;
	}
	*ret_start = start;
	*ret_end = start + words.len;
	return true;
}

/* The source of a chunk, whatever kind it is. */
static bool
source_of(json_object *chunk, struct citation *ret)
{
	static const struct {
		const char *kind, *url;
	} kinds[] = {
		{ "web", "uri" },
		{ "image", "sourceUri" },
		{ "maps", "uri" },
		{ "retrievedContext", "uri" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		json_object *body = json_get_object(chunk, kinds[i].kind);

		if (body == NULL)
			continue;
		ret->url = json_get_str(body, kinds[i].url);
		ret->title = json_get_str(body, "title");
		if (ret->title.len == 0)
			ret->title = ret->url;
		return ret->url.len > 0;
	}
	return false;
}

struct walk {
	struct citations *c;
	struct counts counts;
	uint8_t *cited; /* per chunk */
	size_t told;
	void (*fn)(void *ctx, const struct citation *citation);
	void *ctx;
};

static void
citation_tell(struct walk *w, const struct citation *citation)
{
	if (w->told++ < CITATIONS_MAX)
		w->fn(w->ctx, citation);
}

static void
tell_support(struct walk *w, json_object *support, size_t chunks)
{
	json_object *indices = json_get_array(support, "groundingChunkIndices");
	struct citation citation = { 0 };
	size_t start, end;

	if (indices == NULL ||
	    !citation_locate(w->c, json_get_object(support, "segment"), &start, &end))
		return;
	citation.start = counts_at(&w->counts, start);
	citation.end = counts_at(&w->counts, end);
	for (size_t i = 0; i < json_object_array_length(indices); i++) {
		size_t index = (size_t)json_int(json_object_array_get_idx(indices, i), -1);

		if (index >= chunks ||
		    !source_of(json_object_array_get_idx(w->c->chunks, index), &citation))
			continue;
		w->cited[index] = 1;
		citation_tell(w, &citation);
	}
}

/* A page that was read, when no chunk names it. */
static bool
page_of(struct citations *c, json_object *page, size_t chunks, struct citation *ret)
{
	struct citation other;

	if (!slice_eq(
		json_get_str(page, "urlRetrievalStatus"), SLICE("URL_RETRIEVAL_STATUS_SUCCESS")))
		return false;
	ret->url = ret->title = json_get_str(page, "retrievedUrl");
	for (size_t i = 0; i < chunks; i++)
		if (source_of(json_object_array_get_idx(c->chunks, i), &other) &&
		    slice_eq(other.url, ret->url))
			return false;
	return ret->url.len > 0;
}

void
citations_each(
    struct citations *c, void (*fn)(void *ctx, const struct citation *citation), void *ctx)
{
	size_t chunks = c->chunks != NULL ? json_object_array_length(c->chunks) : 0;
	size_t supports = c->supports != NULL ? json_object_array_length(c->supports) : 0;
	size_t pages = c->pages != NULL ? json_object_array_length(c->pages) : 0;
	struct walk w = { .c = c, .fn = fn, .ctx = ctx };
	struct citation citation = { 0 };

	counts_init(&w.counts, buf_slice(&c->text));
	w.cited = xcalloc(chunks + 1, 1);
	for (size_t i = 0; i < supports; i++)
		tell_support(&w, json_object_array_get_idx(c->supports, i), chunks);
	citation.start = citation.end = c->characters;
	for (size_t i = 0; i < chunks; i++)
		if (!w.cited[i] && source_of(json_object_array_get_idx(c->chunks, i), &citation))
			citation_tell(&w, &citation);
	for (size_t i = 0; i < pages; i++)
		if (page_of(c, json_object_array_get_idx(c->pages, i), chunks, &citation))
			citation_tell(&w, &citation);
	free(w.counts.before);
	free(w.cited);
}
