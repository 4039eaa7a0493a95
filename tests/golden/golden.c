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
 *                            that, one with urls_ leaves https media to Google, one with unsigned_
 *                            is what follows a refusal of signatures, one with families_ adds
 *                            the rows of X.families.txt.
 *   chat_reply/X.in.json     Gemini's answer, a list of them when there is a fan; X.out.json: the
 *                            chat.completion
 *   chat_stream/X.sse        Gemini's stream; X.lane1.sse and so on: the others of a fan, whose
 *                            events come in turns; X.out.sse: the client's stream, an error as its
 *                            last event. Each stream is fed whole, byte by byte, at random splits,
 *                            and with other line ends: the output is always the same.
 *   embed/X.in.json          {"request", "answers"}; X.out.json: {"bodies", "reply"}
 *   schema/X.in.json         a JSON Schema; X.out.json: Google's, X.changes.txt as above
 *
 * Of both chat replies X.info.json tells what is known of the request, {"include_usage",
 * "legacy_functions", "one_call", "grounded", "audio_format", "fan", "tools": [{"name", "kind"}]},
 * and X.kept.json what must be kept for clients that lose it, [{"id", "value"}].
 *
 * X.err.json instead of X.out.json holds {"status", "error"}.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "core/openai/embeddings/embeddings.h"
#include "core/schema/schema.h"
#include "golden.h"
#include "judge.h"
#include "tap.h"

static struct answer_scratch scratch;

struct models *golden_models;
bool golden_update;

bool
golden_ok(bool good, const char *what)
{
	return ok(good, what);
}

/* ---- files ---- */

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

json_object *
golden_json(const char *dir, const char *name, const char *suffix)
{
	char *path = golden_path(dir, name, suffix);
	struct buf text;
	json_object *doc = NULL;

	buf_init(&text, GOLDEN_MAX);
	if (golden_read(path, &text)) {
		doc = json_read(buf_slice(&text));
		ok(doc != NULL, path);
	}
	buf_release(&text);
	free(path);
	return doc;
}

void
golden_expect_none(const char *dir, const char *name, const char *suffix)
{
	char *path = golden_path(dir, name, suffix);

	if (golden_update)
		unlink(path);
	if (access(path, F_OK) == 0)
		ok(false, path);
	free(path);
}

void
golden_expect(const char *dir, const char *name, const char *suffix, struct slice got, bool json)
{
	char *path = golden_path(dir, name, suffix);
	struct buf file, want;
	json_object *doc;

	buf_init(&file, GOLDEN_MAX);
	buf_init(&want, GOLDEN_MAX);
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

	buf_init(&out, GOLDEN_MAX);
	buf_init(&doc, GOLDEN_MAX);
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
	embed_reply_init(&reply, &scratch);
	buf_init(&text, GOLDEN_MAX);
	json_write(json_get(input, "request"), &text);
	if (embed_request_read(&request, buf_slice(&text),
		&(struct translate_env){ .models = golden_models }, err) != 0)
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

	buf_init(&out, GOLDEN_MAX);
	if (json_get_array(doc, "answers") == NULL)
		ok(false, name);
	else if (embed(doc, &out, &err) != 0)
		golden_expect_error(dir, name, judged(&scratch, &err));
	else
		golden_expect(dir, name, ".out.json", buf_slice(&out), true);
	buf_release(&out);
	json_object_put(doc);
}

static void
run_schema(const char *dir, const char *name, struct slice input)
{
	json_object *schema = json_read(input), *clean = NULL;
	struct changes changes;
	struct apierror err;
	struct buf out;

	buf_init(&out, GOLDEN_MAX);
	changes_init(&changes, false);
	if (schema_clean(schema, "/s", &changes, &clean, &err) != 0) {
		golden_expect_error(dir, name, &err);
	} else {
		json_write(clean, &out);
		golden_expect(dir, name, ".out.json", buf_slice(&out), true);
		golden_expect_changes(dir, name, &changes);
	}
	json_object_put(schema);
	json_object_put(clean);
	changes_release(&changes);
	buf_release(&out);
}

/* ---- all of them ---- */

static const struct kind {
	const char *dir, *suffix, *other; /* other: files with that suffix are not input */
	void (*run)(const char *dir, const char *name, struct slice input);
} kinds[] = {
	{ "chat_request", ".in.json", ".out.json", golden_request },
	{ "chat_reply", ".in.json", ".out.json", golden_reply },
	{ "chat_stream", ".sse", ".out.sse", golden_stream },
	{ "embed", ".in.json", ".out.json", run_embed },
	{ "schema", ".in.json", ".out.json", run_schema },
};

/* Lanes are read with the file that is named after the case. */
static bool
is_input(const struct kind *kind, struct slice name)
{
	return slice_ends(name, slice_str(kind->suffix)) &&
	       !slice_ends(name, slice_str(kind->other)) && slice_find(name, SLICE(".lane")) < 0;
}

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

		buf_init(&input, GOLDEN_MAX);
		if (is_input(kind, name)) {
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
