/*
 * Answers with sound and with transcripts: the first byte chooses the endpoint and the format, the
 * rest is a stream of events. Any split gives the same output, and what is JSON is JSON.
 */
#include "config.h"

#include "base/limits.h"
#include "core/openai/audio/speech.h"
#include "core/openai/audio/transcription.h"
#include "fuzz.h"

static struct answer_scratch scratch;

#define FORMATS_SPEECH     4
#define FORMATS_TRANSCRIPT 6

static void
speak(struct slice input, size_t piece, unsigned choice, struct buf *out)
{
	struct speech_stream *s =
	    speech_stream_new((enum sound_format)(choice % FORMATS_SPEECH), choice & 64, &scratch);
	struct apierror err;
	int answer = 0;

	for (size_t at = 0; at < input.len && answer == 0; at += piece) {
		size_t len = input.len - at < piece ? input.len - at : piece;

		answer = speech_stream_feed(s, (struct slice){ input.ptr + at, len }, out, &err);
	}
	if (answer == 0)
		answer = speech_stream_finish(s, out, &err);
	buf_addf(out, "%d %s", answer, speech_stream_type(s));
	speech_stream_free(s);
}

static void
write_down(struct slice input, size_t piece, unsigned choice, struct buf *out)
{
	struct transcription_how how = { .format = (enum transcription_format)(
					     choice % FORMATS_TRANSCRIPT) };
	struct transcription_stream *s = transcription_stream_new(&how, &scratch);
	struct apierror err;
	int answer = 0;

	for (size_t at = 0; at < input.len && answer == 0; at += piece) {
		size_t len = input.len - at < piece ? input.len - at : piece;

		answer =
		    transcription_stream_feed(s, (struct slice){ input.ptr + at, len }, out, &err);
	}
	if (answer == 0)
		answer = transcription_stream_finish(s, out, &err);
	buf_addf(out, "%d", answer);
	transcription_stream_free(s);
}

/* Now the input as a whole document. */
static void
check_whole(struct slice input, unsigned choice)
{
	struct transcription_how how = { .format = (enum transcription_format)(
					     choice % FORMATS_TRANSCRIPT),
		.segments = true,
		.words = true };
	char type[SOUND_TYPE_MAX];
	struct usage usage = { 0 };
	struct apierror err;
	struct buf out;
	json_object *doc;

	buf_init(&out, 64 * MIB);
	if (speech_reply(input, (enum sound_format)(choice % FORMATS_SPEECH), &scratch, &out, type,
		&usage, &err) == 0)
		FUZZ_CHECK(out.len > 0);
	buf_reset(&out);
	if (transcription_reply(input, &how, &scratch, &out, &usage, &err) == 0 &&
	    slice_eq(slice_str(transcription_type(how.format)), SLICE("application/json"))) {
		doc = json_read(buf_slice(&out));
		FUZZ_CHECK(json_object_is_type(doc, json_type_object));
		json_object_put(doc);
	}
	buf_release(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct slice input = { (const char *)bytes + 1, size - 1 };
	struct buf whole, split;

	if (size < 2)
		return 0;
	buf_init(&whole, 64 * MIB);
	buf_init(&split, 64 * MIB);
	for (size_t piece = 1; piece < 8; piece += 3) {
		buf_reset(&whole);
		buf_reset(&split);
		if (bytes[0] & 128) {
			speak(input, input.len, bytes[0], &whole);
			speak(input, piece, bytes[0], &split);
		} else {
			write_down(input, input.len, bytes[0], &whole);
			write_down(input, piece, bytes[0], &split);
		}
		FUZZ_CHECK(slice_eq(buf_slice(&whole), buf_slice(&split)));
	}
	check_whole(input, bytes[0]);
	buf_release(&whole);
	buf_release(&split);
	return 0;
}
