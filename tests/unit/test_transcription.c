/*
 * transcription.c and its parts. Golden files in tests/golden/transcription:
 *   X.form.json   {"task", "fields": [[name, value], ["file", value, filename, type]]}, "RIFF" as
 *                 the value of a file stands for a WAV of two seconds;  X.form.out.json or
 *                 X.form.err.json: what is made of it
 *   X.reply.json  {"how", "answer"};  X.reply.out.txt or X.reply.err.json: what the client gets
 *   X.sse         a stream from Gemini, after a line `: FORMAT`;  X.out.sse: the client's
 */
#include "config.h"

#include "core/openai/audio/transcription.h"

#include "base/xalloc.h"
#include "golden_dir.h"
#include "judge.h"
#include "core/openai/audio/transcript.h"

static struct answer_scratch scratch;

#define WAV_SECONDS 2
#define WAV_RATE    8 /* a small file */

static const char aliases[] = "whisper-1=gemini-3.5-transcribe,"
			      "gpt-4o-transcribe*=gemini-3.5-transcribe";

static const char *const format_words[] = { "json", "text", "srt", "verbose_json", "vtt",
	"diarized_json" };

static struct models *models;

static enum transcription_format
format_of(struct slice word)
{
	for (size_t i = 0; i < ARRAY_SIZE(format_words); i++)
		if (slice_eq(word, slice_str(format_words[i])))
			return (enum transcription_format)i;
	return TRANSCRIPT_JSON;
}

/* ---- forms ---- */

static void
add_file(struct buf *out, struct slice value)
{
	static const struct slice head = SLICE("RIFF\x34\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0"
					       "\x08\0\0\0\x10\0\0\0\2\0\x10\0data\x20\0\0\0");

	if (!slice_eq(value, SLICE("RIFF"))) {
		buf_add_slice(out, value);
		return;
	}
	buf_add_slice(out, head);
	for (int i = 0; i < WAV_SECONDS * WAV_RATE * 2; i++)
		buf_addc(out, 0);
}

static void
add_part(struct buf *out, json_object *field)
{
	json_object *filename = json_object_array_get_idx(field, 2);
	json_object *type = json_object_array_get_idx(field, 3);

	buf_adds(out, "--XX\r\nContent-Disposition: form-data; name=\"");
	buf_add_slice(out, json_str(json_object_array_get_idx(field, 0)));
	buf_adds(out, "\"");
	if (filename != NULL)
		buf_addf(out, "; filename=\"%s\"", json_object_get_string(filename));
	if (type != NULL)
		buf_addf(out, "\r\nContent-Type: %s", json_object_get_string(type));
	buf_adds(out, "\r\n\r\n");
	add_file(out, json_str(json_object_array_get_idx(field, 1)));
	buf_adds(out, "\r\n");
}

static void
write_how(struct jwriter *w, const struct transcription_how *how)
{
	jw_object(w, "how");
	jw_str(w, "format", format_words[how->format]);
	jw_bool(w, "segments", how->segments);
	jw_bool(w, "words", how->words);
	jw_str(w, "language", how->language);
	jw_double(w, "seconds", how->seconds);
	jw_double(w, "temperature", how->temperature);
	jw_object_end(w);
}

static void
run_form(const char *path, struct slice input)
{
	json_object *doc = json_read(input), *fields = json_get_array(doc, "fields");
	bool translate = slice_eq(json_get_str(doc, "task"), SLICE("translate"));
	struct transcription_request request;
	struct multipart form;
	struct changes changes;
	struct apierror err;
	struct buf body, out;
	struct jwriter w = jwriter_on(&out);

	buf_init(&body, GOLDEN_MAX);
	buf_init(&out, GOLDEN_MAX);
	for (size_t i = 0; i < json_object_array_length(fields); i++)
		add_part(&body, json_object_array_get_idx(fields, i));
	buf_adds(&body, "--XX--\r\n");
	multipart_init(&form);
	changes_init(&changes, json_get_bool(doc, "strict", false));
	transcription_request_init(&request);
	if (multipart_read(
		&form, SLICE("multipart/form-data; boundary=XX"), buf_slice(&body), &err) != 0 ||
	    transcription_request_read(&request, translate ? TASK_TRANSLATE : TASK_TRANSCRIBE,
		&form, &(struct translate_env){ .models = models, .changes = &changes },
		&err) != 0) {
		golden_expect_error(path, ".form.err.json", &err);
	} else {
		jw_object(&w, NULL);
		jw_str(&w, "model", request.model.name);
		if (request.stream)
			jw_bool(&w, "stream", true);
		write_how(&w, &request.how);
		if (changes.count > 0)
			jw_slice(&w, "changes", changes_header(&changes));
		jw_raw(&w, "body", buf_slice(&request.body));
		jw_object_end(&w);
		golden_expect_json(path, ".form.out.json", buf_slice(&out));
	}
	transcription_request_release(&request);
	changes_release(&changes);
	multipart_release(&form);
	buf_release(&body);
	buf_release(&out);
	json_object_put(doc);
}

/* ---- replies ---- */

static struct transcription_how
read_how(json_object *how)
{
	struct slice language = json_get_str(how, "language");
	struct transcription_how ret = { .format = format_of(json_get_str(how, "format")) };

	if (slice_eq(json_get_str(how, "task"), SLICE("translate")))
		ret.task = TASK_TRANSLATE;
	ret.segments = json_get_bool(how, "segments", false);
	ret.words = json_get_bool(how, "words", false);
	ret.seconds = (double)json_get_int(how, "seconds", 0);
	if (language.len < sizeof(ret.language))
		memcpy(ret.language, language.ptr, language.len);
	return ret;
}

static void
run_reply(const char *path, struct slice input)
{
	json_object *doc = json_read(input);
	struct transcription_how how = read_how(json_get(doc, "how"));
	struct usage usage = { 0 };
	struct apierror err;
	struct buf answer, out;

	buf_init(&answer, GOLDEN_MAX);
	buf_init(&out, GOLDEN_MAX);
	json_write(json_get(doc, "answer"), &answer);
	if (transcription_reply(buf_slice(&answer), &how, &scratch, &out, &usage, &err) != 0)
		golden_expect_error(path, ".reply.err.json", judged(&scratch, &err));
	else if (slice_starts(slice_str(transcription_type(how.format)), SLICE("text/")))
		golden_expect(path, ".reply.out.txt", buf_slice(&out));
	else
		golden_expect_json(path, ".reply.out.json", buf_slice(&out));
	buf_release(&answer);
	buf_release(&out);
	json_object_put(doc);
}

/* ---- streams ---- */

struct feed {
	struct transcription_stream *stream;
	struct buf *out;
	struct apierror err;
};

static int
feed(void *ctx, struct slice piece)
{
	struct feed *f = ctx;

	return transcription_stream_feed(f->stream, piece, f->out, &f->err);
}

static void
stream(struct slice input, size_t max, uint32_t seed, struct buf *out)
{
	struct transcription_how how = { 0 };
	struct slice options;
	struct feed f = { .out = out };
	int answer;

	slice_split(&input, '\n', &options);
	how.format = format_of((struct slice){ options.ptr + 2, options.len - 2 });
	f.stream = transcription_stream_new(&how, &scratch);
	buf_reset(out);
	answer = golden_pieces(input, max, seed, feed, &f);
	if (answer == 0)
		answer = transcription_stream_finish(f.stream, out, &f.err);
	if (answer != 0)
		apierror_render_event(judged(&scratch, &f.err), DIALECT_OPENAI, out);
	transcription_stream_free(f.stream);
}

static void
run_stream(const char *path, struct slice input)
{
	golden_expect_stream(path, ".out.sse", input, stream);
}

/* ---- what files cannot show ---- */

static int
read_size(size_t size, struct transcription_request *request, struct apierror *err)
{
	struct multipart_part parts[] = { { .name = SLICE("model"), .body = SLICE("whisper-1") },
		{ .name = SLICE("file"), .file = true } };
	struct multipart form = { parts, ARRAY_SIZE(parts) };
	char *bytes = xcalloc(1, size);
	int answer;

	memcpy(bytes, "OggS", 4);
	parts[1].body = (struct slice){ bytes, size };
	answer = transcription_request_read(request, TASK_TRANSCRIBE, &form,
	    &(struct translate_env){ .models = models, .changes = NULL }, err);
	free(bytes);
	return answer;
}

static void
test_large(void)
{
	struct transcription_request request;
	struct apierror err;

	transcription_request_init(&request);
	is_int(read_size(BODY_MAX - 4 * KIB, &request, &err), 0, "a recording of nearly 100 MB");
	ok(request.body.len > BODY_MAX / 3 * 4 - 8 * KIB, "is in the body");
	transcription_request_release(&request);
	transcription_request_init(&request);
	ok(read_size(BODY_MAX + 4 * KIB, &request, &err) == -1, "a larger one");
	is_int(err.status, 413, "is refused");
	transcription_request_release(&request);
}

/* Words that stand nowhere in the text: minutes, if each were searched in all of it. */
static void
test_linear(void)
{
	struct transcription_how how = { .format = TRANSCRIPT_SRT };
	struct usage usage = { 0 };
	struct apierror err;
	struct buf answer, out;

	buf_init(&answer, 32 * MIB);
	buf_init(&out, 32 * MIB);
	buf_adds(&answer, "{\"candidates\":[{\"finishReason\":\"STOP\",\"content\":{\"parts\":["
			  "{\"audioTranscription\":{\"text\":\"");
	for (int i = 0; i < 1000000; i++)
		buf_adds(&answer, "a ");
	buf_adds(&answer, "\",\"words\":[{\"word\":\"a\"}");
	for (int i = 0; i < 100000; i++)
		buf_adds(&answer, ",{\"word\":\"b\"}");
	buf_adds(&answer, "]}}]}}]}");
	is_int(transcription_reply(buf_slice(&answer), &how, &scratch, &out, &usage, &err), 0,
	    "a text and words that have nothing in common");
	ok(out.len > 200000, "the words make the subtitles");
	buf_reset(&answer);
	buf_adds(&answer, "{\"candidates\":[{\"finishReason\":\"STOP\",\"content\":{\"parts\":["
			  "{\"audioTranscription\":{\"words\":[{\"word\":\"a\"}");
	for (size_t i = 0; i < TRANSCRIPT_WORDS; i++)
		buf_adds(&answer, ",{\"word\":\"b\"}");
	buf_adds(&answer, "]}}]}}]}");
	ok(transcription_reply(buf_slice(&answer), &how, &scratch, &out, &usage, &err) == -1,
	    "too many words");
	is_int(err.status, 502, "are refused");
	buf_release(&answer);
	buf_release(&out);
}

int
main(void)
{
	const char *error;

	models = models_new(aliases, &error);
	golden_run("transcription", ".form.json", NULL, run_form);
	golden_run("transcription", ".reply.json", NULL, run_reply);
	golden_run("transcription", ".sse", ".out.sse", run_stream);
	test_large();
	test_linear();
	models_free(models);
	return tap_done();
}
