/*
 * speech.c and its parts. Golden files in tests/golden/speech:
 *   X.in.json     a request;  X.out.json or X.err.json: what is made of it
 *   X.reply.json  {"format", "answer"};  X.reply.out.json: {"type", "audio", "usage"}
 *   X.sse         a stream from Gemini, after a line `: FORMAT [events]`;  X.out.txt: the media
 *                 type and what the client gets, bytes of audio in hexadecimal
 */
#include "config.h"

#include "core/openai/audio/speech.h"

#include "base/xalloc.h"
#include "golden_dir.h"
#include "judge.h"

static struct answer_scratch scratch;

static const char aliases[] = "tts-1=gemini-3.8-flash-lite-tts,tts-1-hd=gemini-3.8-flash-tts,"
			      "gpt-4o-mini-tts*=gemini-3.8-flash-tts";

static const char *const format_words[] = { "mp3", "opus", "wav", "pcm" };

static struct models *models;

static enum sound_format
format_of(struct slice word)
{
	for (size_t i = 0; i < ARRAY_SIZE(format_words); i++)
		if (slice_eq(word, slice_str(format_words[i])))
			return (enum sound_format)i;
	return SOUND_FORMAT_MP3;
}

/* ---- golden files ---- */

static void
run_request(const char *path, struct slice input)
{
	struct speech_request request;
	struct changes changes;
	struct apierror err;
	struct buf out;
	struct jwriter w = jwriter_on(&out);

	buf_init(&out, GOLDEN_MAX);
	changes_init(&changes, false);
	speech_request_init(&request);
	if (speech_request_read(&request, input,
		&(struct translate_env){ .models = models, .changes = &changes }, &err) != 0) {
		golden_expect_error(path, ".err.json", &err);
	} else {
		jw_object(&w, NULL);
		jw_str(&w, "model", request.model.name);
		jw_str(&w, "format", format_words[request.format]);
		if (request.stream)
			jw_str(&w, "stream", request.events ? "events" : "audio");
		if (changes.count > 0)
			jw_slice(&w, "changes", changes_header(&changes));
		jw_raw(&w, "body", buf_slice(&request.body));
		jw_object_end(&w);
		golden_expect_json(path, ".out.json", buf_slice(&out));
	}
	speech_request_release(&request);
	changes_release(&changes);
	buf_release(&out);
}

static void
add_hex(struct buf *out, struct slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		buf_addf(out, "%s%02x",
		    i % 16 == 0 && i > 0 ? "\n"
		    : i > 0              ? " "
					 : "",
		    (unsigned)(unsigned char)bytes.ptr[i]);
	buf_addc(out, '\n');
}

static void
run_reply(const char *path, struct slice input)
{
	json_object *doc = json_read(input);
	struct buf answer, audio, out, hex;
	struct jwriter w = jwriter_on(&out);
	struct usage usage = { 0 };
	struct apierror err;
	char type[SOUND_TYPE_MAX];

	buf_init(&answer, GOLDEN_MAX);
	buf_init(&audio, GOLDEN_MAX);
	buf_init(&out, GOLDEN_MAX);
	buf_init(&hex, GOLDEN_MAX);
	json_write(json_get(doc, "answer"), &answer);
	if (speech_reply(buf_slice(&answer), format_of(json_get_str(doc, "format")), &scratch,
		&audio, type, &usage, &err) != 0) {
		golden_expect_error(path, ".reply.err.json", judged(&scratch, &err));
	} else {
		add_hex(&hex, buf_slice(&audio));
		jw_object(&w, NULL);
		jw_str(&w, "type", type);
		jw_slice(&w, "audio", slice_trim(buf_slice(&hex)));
		jw_int(&w, "input", usage_input(&usage));
		jw_int(&w, "output", usage_output(&usage));
		jw_object_end(&w);
		golden_expect_json(path, ".reply.out.json", buf_slice(&out));
	}
	buf_release(&answer);
	buf_release(&audio);
	buf_release(&out);
	buf_release(&hex);
	json_object_put(doc);
}

struct feed {
	struct speech_stream *stream;
	struct buf out;
	struct apierror err;
};

static int
feed(void *ctx, struct slice piece)
{
	struct feed *f = ctx;

	return speech_stream_feed(f->stream, piece, &f->out, &f->err);
}

static void
stream(struct slice input, size_t max, uint32_t seed, struct buf *out)
{
	struct slice options, format;
	struct feed f;
	bool events;
	int answer;

	slice_split(&input, '\n', &options);
	events = slice_find(options, SLICE("events")) >= 0;
	options = (struct slice){ options.ptr + 2, options.len - 2 };
	slice_split(&options, ' ', &format);
	f.stream = speech_stream_new(format_of(format), events, &scratch);
	buf_init(&f.out, GOLDEN_MAX);
	answer = golden_pieces(input, max, seed, feed, &f);
	if (answer == 0)
		answer = speech_stream_finish(f.stream, &f.out, &f.err);
	buf_reset(out);
	buf_addf(out, "%s\n", speech_stream_type(f.stream));
	if (events)
		buf_add_slice(out, buf_slice(&f.out));
	else
		add_hex(out, buf_slice(&f.out));
	if (answer != 0)
		apierror_render_event(judged(&scratch, &f.err), DIALECT_OPENAI, out);
	speech_stream_free(f.stream);
	buf_release(&f.out);
}

static void
run_stream(const char *path, struct slice input)
{
	golden_expect_stream(path, ".out.txt", input, stream);
}

/* ---- what files cannot show ---- */

static int
read_input(size_t chars, const char *more, bool strict, struct apierror *err)
{
	struct speech_request request;
	struct changes changes;
	struct buf text;
	int answer;

	buf_init(&text, MIB);
	buf_adds(&text, "{\"model\":\"tts-1\",\"voice\":\"alloy\",\"input\":\"");
	for (size_t i = 0; i < chars; i++)
		buf_adds(&text, "\xC3\xA4");
	buf_addf(&text, "\"%s}", more);
	changes_init(&changes, strict);
	speech_request_init(&request);
	answer = speech_request_read(&request, buf_slice(&text),
	    &(struct translate_env){ .models = models, .changes = &changes }, err);
	speech_request_release(&request);
	changes_release(&changes);
	buf_release(&text);
	return answer;
}

static void
test_limits(void)
{
	struct apierror err;

	is_int(read_input(4096, "", false, &err), 0, "4096 characters, not bytes");
	ok(read_input(4097, "", false, &err) == -1, "one more");
	is_str(err.param, "input", "names the input");
	ok(read_input(1, ",\"speed\":2", true, &err) == -1, "a strict gateway and a speed");
	is_str(err.param, "speed", "names the speed");
	is_int(read_input(1, ",\"speed\":1", true, &err), 0, "the usual speed changes nothing");
}

static void
test_default_strict(void)
{
	static const struct slice text = SLICE("{\"model\":\"gemini-2.5-flash-preview-tts\","
					       "\"voice\":\"Kore\",\"input\":\"x\"}");
	struct speech_request request;
	struct changes changes;
	struct apierror err;

	changes_init(&changes, true);
	speech_request_init(&request);
	ok(speech_request_read(&request, text,
	       &(struct translate_env){ .models = models, .changes = &changes }, &err) == -1,
	    "a strict gateway and a default that the model cannot make");
	is_str(err.param, "response_format", "names the format");
	is_int(speech_request_read(&request, text,
		   &(struct translate_env){ .models = models, .changes = NULL }, &err),
	    0, "nobody wants to know");
	speech_request_release(&request);
	changes_release(&changes);
}

int
main(void)
{
	const char *error;

	models = models_new(aliases, &error);
	golden_run("speech", ".in.json", NULL, run_request);
	golden_run("speech", ".reply.json", NULL, run_reply);
	golden_run("speech", ".sse", NULL, run_stream);
	test_limits();
	test_default_strict();
	models_free(models);
	return tap_done();
}
