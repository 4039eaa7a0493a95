/*
 * Golden files for unit tests: NAME<suffix> goes in, and what comes out must be what stands beside
 * it. UPDATE=1 writes the expectations; read each difference before keeping it.
 */
#ifndef TESTS_GOLDEN_DIR_H
#define TESTS_GOLDEN_DIR_H

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "core/api/apierror.h"
#include "core/json/json.h"
#include "golden_file.h"
#include "tap.h"

typedef void (*golden_fn)(const char *path, struct slice input);

/* path: without a suffix. */
static inline void
golden_path(char *ret, size_t size, const char *path, const char *suffix)
{
	snprintf(ret, size, "%s%s", path, suffix);
}

/* The file must hold exactly this text. */
static inline void
golden_expect(const char *path, const char *suffix, struct slice got)
{
	char name[1024];
	struct buf file;
	FILE *to;

	golden_path(name, sizeof(name), path, suffix);
	buf_init(&file, GOLDEN_MAX);
	if (getenv("UPDATE") != NULL && (to = fopen(name, "wb")) != NULL) {
		fwrite(got.ptr, 1, got.len, to);
		fclose(to);
	}
	if (!golden_read(name, &file))
		printf("# %s: %s\n", name, strerror(errno));
	tap_slice(got, buf_slice(&file), __FILE__, __LINE__, name);
	buf_release(&file);
}

/* As above for JSON, which is kept indented. */
static inline void
golden_expect_json(const char *path, const char *suffix, struct slice got)
{
	json_object *doc = json_read(got);
	struct buf text;

	buf_init(&text, GOLDEN_MAX);
	buf_addf(&text, "%s\n",
	    json_object_to_json_string_ext(doc, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
						    JSON_C_TO_STRING_NOSLASHESCAPE));
	golden_expect(path, suffix, buf_slice(&text));
	json_object_put(doc);
	buf_release(&text);
}

static inline void
golden_expect_error(const char *path, const char *suffix, const struct apierror *err)
{
	struct buf doc;

	buf_init(&doc, GOLDEN_MAX);
	buf_addf(&doc, "{\"status\":%d,", err->status);
	apierror_render(err, DIALECT_OPENAI, &doc);
	/* The document's only member joins ours. */
	memmove(strstr(doc.data, ",{") + 1, strstr(doc.data, ",{") + 2,
	    strlen(strstr(doc.data, ",{")) - 1);
	golden_expect_json(path, suffix, slice_str(doc.data));
	buf_release(&doc);
}

/* All files of that suffix in $srcdir/tests/golden/<dir>, in their order; there must be some.
 * Files that end with `other` are no input. */
static inline void
golden_run(const char *dir, const char *suffix, const char *other, golden_fn fn)
{
	const char *srcdir = getenv("srcdir");
	char root[512], path[1024];
	struct dirent **entries = NULL;
	int count, cases = 0;

	snprintf(root, sizeof(root), "%s/tests/golden/%s", srcdir != NULL ? srcdir : ".", dir);
	count = scandir(root, &entries, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		struct slice name = slice_str(entries[i]->d_name);
		struct buf input;

		buf_init(&input, GOLDEN_MAX);
		if (slice_ends(name, slice_str(suffix)) &&
		    (other == NULL || !slice_ends(name, slice_str(other)))) {
			snprintf(path, sizeof(path), "%s/%s", root, entries[i]->d_name);
			if (ok(golden_read(path, &input), path)) {
				path[strlen(path) - strlen(suffix)] = '\0';
				fn(path, buf_slice(&input));
			}
			cases++;
		}
		buf_release(&input);
		free(entries[i]);
	}
	free(entries);
	ok(cases > 0, root);
}

/* For streams: piece after piece of a pseudo-random length up to max (0: all at once) goes to
 * fn(ctx, piece), until it answers something other than 0, which is the answer. */
static inline int
golden_pieces(
    struct slice input, size_t max, uint32_t seed, int (*fn)(void *ctx, struct slice), void *ctx)
{
	int answer = 0;

	while (answer == 0 && input.len > 0) {
		size_t len = input.len;

		seed = seed * 1664525 + 1013904223;
		if (max > 0 && (seed >> 8) % max + 1 < len)
			len = (seed >> 8) % max + 1;
		answer = fn(ctx, (struct slice){ input.ptr, len });
		input = (struct slice){ input.ptr + len, input.len - len };
	}
	return answer;
}

/* What becomes of a stream that comes in such pieces (see golden_pieces), as text. */
typedef void (*golden_stream_fn)(struct slice input, size_t max, uint32_t seed, struct buf *out);

/* The file must hold what becomes of a stream, and the pieces must not matter. */
static inline void
golden_expect_stream(
    const char *path, const char *suffix, struct slice input, golden_stream_fn stream)
{
	static const size_t pieces[] = { 1, 3, 17, 100 };
	struct buf whole, split;
	bool same = true;

	buf_init(&whole, GOLDEN_MAX);
	buf_init(&split, GOLDEN_MAX);
	stream(input, 0, 1, &whole);
	golden_expect(path, suffix, buf_slice(&whole));
	for (size_t p = 0; p < ARRAY_SIZE(pieces); p++) {
		for (uint32_t seed = 1; seed <= 10; seed++) {
			stream(input, pieces[p], seed, &split);
			same = same && slice_eq(buf_slice(&split), buf_slice(&whole));
		}
	}
	ok(same, "  the same at every split");
	buf_release(&whole);
	buf_release(&split);
}

/* A translation there and back: the document to out, events to events. -1 with err. */
typedef int (*golden_translate_fn)(
    json_object *input, struct buf *out, struct buf *events, struct apierror *err);

/* The document must be in X.out.json or its error in X.err.json, and events in X.out.sse. */
static inline void
golden_expect_translation(const char *path, struct slice input, golden_translate_fn translate)
{
	json_object *doc = json_read(input);
	struct apierror err;
	struct buf out, events;

	buf_init(&out, GOLDEN_MAX);
	buf_init(&events, GOLDEN_MAX);
	if (translate(doc, &out, &events, &err) == 0)
		golden_expect_json(path, ".out.json", buf_slice(&out));
	else
		golden_expect_error(path, ".err.json", &err);
	if (events.len > 0)
		golden_expect(path, ".out.sse", buf_slice(&events));
	json_object_put(doc);
	buf_release(&out);
	buf_release(&events);
}

#endif
