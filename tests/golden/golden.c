/*
 * Golden tests of the translators: an input file and what must come out, side by side.
 *
 *   golden [DIRECTORY]      default: $srcdir/tests/golden
 *   UPDATE=1 golden ...     writes the expectations; read each difference before keeping it
 *
 *   chat_request/X.in.json   an OpenAI request; X.out.json: {"model", flags that are set, "body"};
 *                            X.changes.txt: what was changed, when something was; X.refs.json:
 *                            what the world outside holds, {"media": {URL: {"mime", "data"}},
 *                            "signature": {call id: text}}. A name that begins with strict_ sets
 *                            that, one with urls_ leaves https media to Google, one with families_
 *                            adds the rows of X.families.txt.
 *   chat_reply/X.in.json     Gemini's answer;   X.out.json: the chat.completion
 *   chat_stream/X.sse        Gemini's stream;   X.out.sse:  the client's stream, an error as its
 *                            last event. A first line `: include_usage legacy_functions` sets
 *                            options. Each stream is fed whole, byte by byte, at random splits,
 *                            and with other line ends: the output is always the same.
 *   embed/X.in.json          {"request", "answers"}; X.out.json: {"bodies", "reply"}
 *
 * X.err.json instead of X.out.json holds {"status", "error"}.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "core/chat.h"
#include "core/embed.h"
#include "golden.h"
#include "tap.h"

static const struct chat_reply_info reply_info = {
	.id = "0123456789abcdefghij", .created = 1700000000, .model = "gemini-golden"
};

struct models *golden_models;
bool golden_update;

bool
golden_ok(bool good, const char *what)
{
	return ok(good, what);
}

/* ---- files ---- */

bool
golden_read(const char *path, struct buf *out)
{
	FILE *file = fopen(path, "rb");
	char *room;

	if (file == NULL)
		return false;
	while ((room = buf_room(out, 4096)) != NULL) {
		size_t got = fread(room, 1, 4096, file);

		out->len += got;
		if (got == 0)
			break;
	}
	fclose(file);
	return room != NULL;
}

static void
write_file(const char *path, struct slice text)
{
	FILE *file = fopen(path, "wb");

	if (file == NULL || fwrite(text.ptr, 1, text.len, file) != text.len || fclose(file) != 0) {
		perror(path);
		exit(1);
	}
}

char *
golden_path(const char *dir, const char *name, const char *suffix)
{
	struct buf path;

	buf_init(&path, 4096);
	buf_addf(&path, "%s/%s%s", dir, name, suffix);
	return buf_take(&path);
}

void
golden_expect(const char *dir, const char *name, const char *suffix, struct slice got, bool json)
{
	char *path = golden_path(dir, name, suffix);
	struct buf file, want;
	json_object *doc;

	buf_init(&file, GOLDEN_FILE_MAX);
	buf_init(&want, GOLDEN_FILE_MAX);
	if (golden_update) {
		doc = json ? json_read(got) : NULL;
		if (json)
			buf_addf(&want, "%s\n",
			    json_object_to_json_string_ext(
				doc, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
					 JSON_C_TO_STRING_NOSLASHESCAPE));
		else
			buf_add_slice(&want, got);
		json_object_put(doc);
		write_file(path, buf_slice(&want));
		buf_reset(&want);
	}
	if (!golden_read(path, &file)) {
		ok(false, path);
		printf("# %s\n#      got: %.*s\n", strerror(errno), (int)got.len, got.ptr);
		goto out;
	}
	if (json) {
		doc = json_read(buf_slice(&file));
		json_write(doc, &want);
		json_object_put(doc);
	} else {
		buf_add_slice(&want, buf_slice(&file));
	}
	tap_slice(got, buf_slice(&want), __FILE__, __LINE__, path);
out:
	buf_release(&file);
	buf_release(&want);
	free(path);
}

void
golden_expect_error(const char *dir, const char *name, const struct apierror *err)
{
	struct buf out, doc;
	struct jwriter w = jwriter_on(&out);

	buf_init(&out, GOLDEN_FILE_MAX);
	buf_init(&doc, GOLDEN_FILE_MAX);
	apierror_render(err, DIALECT_OPENAI, &doc);
	jw_object(&w, NULL);
	jw_int(&w, "status", err->status);
	/* The document's only member joins ours. */
	buf_addc(&out, ',');
	buf_add(&out, doc.data + 1, doc.len - 1);
	golden_expect(dir, name, ".err.json", buf_slice(&out), true);
	buf_release(&out);
	buf_release(&doc);
}

/* ---- one kind each ---- */

/* A shared parser opens the short cut for plain answers; the outcome must be the same. */
static void
run_reply(const char *dir, const char *name, struct slice input)
{
	struct chat_reply_info info = reply_info;

	for (int shared = 0; shared <= 1; shared++) {
		struct apierror err;
		struct usage usage = { 0 };
		struct buf out;

		info.reader = shared ? json_reader_new() : NULL;
		buf_init(&out, GOLDEN_FILE_MAX);
		if (chat_reply_translate(&input, &info, &out, &usage, &err) != 0)
			golden_expect_error(dir, name, &err);
		else
			golden_expect(dir, name, ".out.json", buf_slice(&out), true);
		buf_release(&out);
		json_reader_free(info.reader);
	}
}

static uint32_t
chance(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* max: the largest piece; 0 feeds all at once. */
static void
stream(struct slice input, size_t max, uint32_t seed, struct buf *out)
{
	struct chat_reply_info info = reply_info;
	struct slice first = input;
	struct chat_stream *s;
	struct apierror err;
	int answer = 0;

	if (slice_starts(input, SLICE(": ")) && slice_split(&input, '\n', &first)) {
		info.include_usage = slice_find(first, SLICE("include_usage")) >= 0;
		info.legacy_functions = slice_find(first, SLICE("legacy_functions")) >= 0;
	}
	s = chat_stream_new(&info);
	buf_reset(out);
	while (answer == 0 && input.len > 0) {
		size_t len = max > 0 ? chance(&seed) % max + 1 : input.len;

		len = len < input.len ? len : input.len;
		answer = chat_stream_feed(s, 0, (struct slice){ input.ptr, len }, out, &err);
		input = (struct slice){ input.ptr + len, input.len - len };
	}
	if (answer == 0)
		answer = chat_stream_finish(s, 0, out, &err);
	if (answer != 0)
		apierror_render_event(&err, DIALECT_OPENAI, out);
	chat_stream_free(s);
}

/* The input with every line end replaced. */
static void
with_ends(struct slice input, const char *end, struct buf *out)
{
	buf_reset(out);
	for (size_t i = 0; i < input.len; i++) {
		if (input.ptr[i] == '\n')
			buf_adds(out, end);
		else
			buf_addc(out, input.ptr[i]);
	}
}

/* The input with a member in each event that gen_event.c leaves to json-c. */
static void
the_long_way(struct slice input, struct buf *out)
{
	static const struct slice start = { "data: {\"", 8 };
	ptrdiff_t at;

	buf_reset(out);
	while ((at = slice_find(input, start)) >= 0) {
		buf_add(out, input.ptr, (size_t)at);
		buf_adds(out, "data: {\"zz\":{},\"");
		input.ptr += (size_t)at + start.len;
		input.len -= (size_t)at + start.len;
	}
	buf_add_slice(out, input);
}

static void
run_stream(const char *dir, const char *name, struct slice input)
{
	static const size_t pieces[] = { 1, 3, 17, 100, 1000 };
	static const char *const ends[] = { "\n", "\r\n", "\r" };
	struct buf whole, split, text;
	bool same = true;

	buf_init(&whole, GOLDEN_FILE_MAX);
	buf_init(&split, GOLDEN_FILE_MAX);
	buf_init(&text, GOLDEN_FILE_MAX);
	stream(input, 0, 1, &whole);
	golden_expect(dir, name, ".out.sse", buf_slice(&whole), false);
	for (size_t p = 0; p < ARRAY_SIZE(pieces); p++) {
		for (uint32_t seed = 1; seed <= 20; seed++) {
			stream(input, pieces[p], seed, &split);
			same = same && slice_eq(buf_slice(&split), buf_slice(&whole));
		}
	}
	ok(same, "  the same at every split");
	the_long_way(input, &text);
	stream(buf_slice(&text), 0, 1, &split);
	ok(slice_eq(buf_slice(&split), buf_slice(&whole)), "  the same by way of json-c");
	same = true;
	/* The options line is the runner's and keeps its end. */
	for (size_t e = 0; e < ARRAY_SIZE(ends) && !slice_starts(input, SLICE(": ")); e++) {
		with_ends(input, ends[e], &text);
		for (size_t max = 0; max <= 2; max++) {
			stream(buf_slice(&text), max, 1, &split);
			same = same && slice_eq(buf_slice(&split), buf_slice(&whole));
		}
	}
	ok(same, "  the same with every line end");
	buf_release(&whole);
	buf_release(&split);
	buf_release(&text);
}

static int
embed(json_object *input, struct buf *out, struct apierror *err)
{
	struct embed_request request;
	struct embed_reply reply;
	struct buf text;
	struct jwriter w = jwriter_on(out);
	json_object *answers = json_get_array(input, "answers");
	int answer = -1;

	embed_request_init(&request);
	embed_reply_init(&reply);
	buf_init(&text, GOLDEN_FILE_MAX);
	json_write(json_get(input, "request"), &text);
	if (embed_request_read(&request, buf_slice(&text), golden_models, NULL, err) != 0)
		goto out;
	jw_object(&w, NULL);
	jw_array(&w, "bodies");
	for (size_t first = 0; first < request.count; first += EMBED_BATCH_MAX) {
		buf_reset(&text);
		embed_request_write(&request, first, &text);
		jw_raw(&w, NULL, buf_slice(&text));
	}
	jw_array_end(&w);
	for (size_t i = 0; i < json_object_array_length(answers); i++) {
		buf_reset(&text);
		json_write(json_object_array_get_idx(answers, i), &text);
		if (embed_reply_add(&reply, &request, buf_slice(&text), err) != 0)
			goto out;
	}
	buf_reset(&text);
	if (embed_reply_write(&reply, &request, "gemini-golden", &text, err) != 0)
		goto out;
	jw_raw(&w, "reply", buf_slice(&text));
	jw_object_end(&w);
	answer = 0;
out:
	buf_release(&text);
	embed_reply_release(&reply);
	embed_request_release(&request);
	return answer;
}

static void
run_embed(const char *dir, const char *name, struct slice input)
{
	json_object *doc = json_read(input);
	struct apierror err;
	struct buf out;

	buf_init(&out, GOLDEN_FILE_MAX);
	if (json_get_array(doc, "answers") == NULL)
		ok(false, name);
	else if (embed(doc, &out, &err) != 0)
		golden_expect_error(dir, name, &err);
	else
		golden_expect(dir, name, ".out.json", buf_slice(&out), true);
	buf_release(&out);
	json_object_put(doc);
}

/* ---- all of them ---- */

static const struct kind {
	const char *dir, *suffix, *other; /* other: files of that end are no input */
	void (*run)(const char *dir, const char *name, struct slice input);
} kinds[] = {
	{ "chat_request", ".in.json", ".out.json", golden_request },
	{ "chat_reply", ".in.json", ".out.json", run_reply },
	{ "chat_stream", ".sse", ".out.sse", run_stream },
	{ "embed", ".in.json", ".out.json", run_embed },
};

static void
run_kind(const struct kind *kind, const char *root)
{
	char *dir = golden_path(root, kind->dir, "");
	struct dirent **entries = NULL;
	int count = scandir(dir, &entries, NULL, alphasort), cases = 0;

	for (int i = 0; i < count; i++) {
		struct slice name = slice_str(entries[i]->d_name);
		char *path = golden_path(dir, entries[i]->d_name, "");
		struct buf input;

		buf_init(&input, GOLDEN_FILE_MAX);
		if (slice_ends(name, slice_str(kind->suffix)) &&
		    !slice_ends(name, slice_str(kind->other))) {
			entries[i]->d_name[name.len - strlen(kind->suffix)] = '\0';
			if (ok(golden_read(path, &input), path))
				kind->run(dir, entries[i]->d_name, buf_slice(&input));
			cases++;
		}
		buf_release(&input);
		free(path);
		free(entries[i]);
	}
	free(entries);
	ok(cases > 0, dir);
	free(dir);
}

int
main(int argc, char **argv)
{
	const char *srcdir = getenv("srcdir"), *error;
	char *root = argc > 1 ? xstrdup(argv[1])
	                      : golden_path(srcdir != NULL ? srcdir : ".", "tests/golden", "");

	golden_update = getenv("UPDATE") != NULL;
	golden_models = models_new(models_default_aliases, &error);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		run_kind(&kinds[i], root);
	models_free(golden_models);
	free(root);
	return tap_done();
}
