/* A transcript in each of OpenAI's formats. */
#include "config.h"

#include <math.h>
#include <stdio.h>

#include "transcript.h"

#define TOKENS_A_SECOND 32 /* of audio, Google's guide on audio understanding */
#define ARROW           "\xE2\x86\x92"

static double
to_ms(double seconds)
{
	return round(seconds * 1000);
}

static void
transcript_write_time(struct jwriter *w, const char *key, double seconds)
{
	jw_double(w, key, to_ms(seconds) / 1000);
}

static double
transcript_duration(
    const struct transcript *t, const struct transcription_how *how, const struct usage *usage)
{
	if (how->seconds > 0)
		return how->seconds;
	return t->last > 0 ? t->last : (double)usage->prompt_audio / TOKENS_A_SECOND;
}

void
transcript_write_usage(struct jwriter *w, const struct usage *usage)
{
	int64_t input = usage_input(usage), audio = usage->prompt_audio;

	if (!usage->known)
		return;
	jw_object(w, "usage");
	jw_str(w, "type", "tokens");
	jw_int(w, "input_tokens", input);
	jw_object(w, "input_token_details");
	jw_int(w, "text_tokens", input > audio ? input - audio : 0);
	jw_int(w, "audio_tokens", audio);
	jw_object_end(w);
	jw_int(w, "output_tokens", usage_output(usage));
	jw_int(w, "total_tokens", usage->total);
	jw_object_end(w);
}

/* ---- json, verbose_json, diarized_json ---- */

static void
write_json(const struct transcript *t, const struct transcription_how *how,
    const struct usage *usage, struct buf *out)
{
	struct jwriter w = jwriter_on(out);

	jw_object(&w, NULL);
	jw_slice(&w, "text", slice_trim(buf_slice(&t->text)));
	if (how->task == TASK_TRANSCRIBE)
		transcript_write_usage(&w, usage);
	jw_object_end(&w);
}

/* What Gemini does not tell of a segment has the value that stands for nothing unusual. */
static void
write_segments(const struct transcript *t, const struct transcription_how *how, struct jwriter *w)
{
	struct transcript_segment segment;
	size_t at = 0, id = 0;

	jw_array(w, "segments");
	while (transcript_next(t, &at, &segment)) {
		jw_object(w, NULL);
		jw_int(w, "id", (int64_t)id++);
		jw_int(w, "seek", 0);
		transcript_write_time(w, "start", segment.start);
		transcript_write_time(w, "end", segment.end);
		jw_slice(w, "text", segment.text);
		jw_array(w, "tokens");
		jw_array_end(w);
		jw_double(w, "temperature", how->temperature);
		jw_double(w, "avg_logprob", 0);
		jw_double(w, "compression_ratio", 1);
		jw_double(w, "no_speech_prob", 0);
		jw_object_end(w);
	}
	jw_array_end(w);
}

static void
transcript_write_words(const struct transcript *t, struct jwriter *w)
{
	jw_array(w, "words");
	for (size_t i = 0; i < t->count; i++) {
		if (t->words[i].phrase)
			continue;
		jw_object(w, NULL);
		jw_slice(w, "word", transcript_word_text(t, &t->words[i]));
		transcript_write_time(w, "start", t->words[i].start);
		transcript_write_time(w, "end", t->words[i].end);
		jw_object_end(w);
	}
	jw_array_end(w);
}

/* The language in English; a code without a name stands for itself. */
static void
write_language(const struct transcript *t, const struct transcription_how *how, struct jwriter *w)
{
	const char *code = t->language[0] != '\0' ? t->language : how->language;
	const char *name = transcription_language(slice_str(code));

	if (how->task == TASK_TRANSLATE)
		name = "english";
	else if (name == NULL)
		name = code[0] != '\0' ? code : "unknown";
	jw_str(w, "language", name);
}

static void
write_verbose(const struct transcript *t, const struct transcription_how *how,
    const struct usage *usage, struct buf *out)
{
	struct jwriter w = jwriter_on(out);
	double duration = transcript_duration(t, how, usage);
	bool timed = t->count > 0 || t->text.len == 0;

	jw_object(&w, NULL);
	jw_str(&w, "task", how->task == TASK_TRANSLATE ? "translate" : "transcribe");
	write_language(t, how, &w);
	transcript_write_time(&w, "duration", duration);
	jw_slice(&w, "text", slice_trim(buf_slice(&t->text)));
	if (how->words && timed)
		transcript_write_words(t, &w);
	if (how->segments && timed)
		write_segments(t, how, &w);
	if (how->task == TASK_TRANSCRIBE) {
		jw_object(&w, "usage");
		jw_str(&w, "type", "duration");
		jw_double(&w, "seconds", ceil(duration));
		jw_object_end(&w);
	}
	jw_object_end(&w);
}

void
transcript_write_diarized(struct jwriter *w, const struct transcript_segment *segment, size_t index)
{
	char id[32], speaker[TRANSCRIPT_SPEAKER_MAX];

	snprintf(id, sizeof(id), "seg_%zu", index);
	transcript_speaker(segment->speaker, speaker);
	jw_object(w, NULL);
	jw_str(w, "type", "transcript.text.segment");
	jw_str(w, "id", id);
	transcript_write_time(w, "start", segment->start);
	transcript_write_time(w, "end", segment->end);
	jw_slice(w, "text", segment->text);
	jw_str(w, "speaker", speaker);
	jw_object_end(w);
}

static void
write_diarized(const struct transcript *t, const struct transcription_how *how,
    const struct usage *usage, struct buf *out)
{
	struct jwriter w = jwriter_on(out);
	struct transcript_segment segment;
	size_t at = 0, index = 0;

	jw_object(&w, NULL);
	jw_str(&w, "task", "transcribe");
	transcript_write_time(&w, "duration", transcript_duration(t, how, usage));
	jw_slice(&w, "text", slice_trim(buf_slice(&t->text)));
	jw_array(&w, "segments");
	while (transcript_next(t, &at, &segment))
		transcript_write_diarized(&w, &segment, index++);
	jw_array_end(&w);
	transcript_write_usage(&w, usage);
	jw_object_end(&w);
}

/* ---- text, srt, vtt ---- */

static void
transcript_write_text(const struct transcript *t, const struct transcription_how *how,
    const struct usage *usage, struct buf *out)
{
	(void)how, (void)usage;
	buf_add_slice(out, slice_trim(buf_slice(&t->text)));
	buf_addc(out, '\n');
}

static void
write_timecode(struct buf *out, double seconds, char point)
{
	uint64_t ms = (uint64_t)to_ms(seconds);

	buf_addf(out, "%02u:%02u:%02u%c%03u", (unsigned)(ms / 3600000), (unsigned)(ms / 60000 % 60),
	    (unsigned)(ms / 1000 % 60), point, (unsigned)(ms % 1000));
}

/* One line, for a blank one would end the cue, and without the arrow that makes a line of
 * times. */
static void
write_cue_text(struct buf *out, struct slice text, bool vtt)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c == '\n' || c == '\r')
			buf_addc(out, ' ');
		else if (c == '-' && slice_starts(slice_skip(text, i), SLICE("-->"))) {
			buf_adds(out, ARROW);
			i += 2;
		} else if (vtt && (c == '&' || c == '<' || c == '>'))
			buf_adds(out, c == '&' ? "&amp;" : c == '<' ? "&lt;" : "&gt;");
		else
			buf_addc(out, c);
	}
}

static void
write_cues(const struct transcript *t, bool vtt, struct buf *out)
{
	struct transcript_segment segment;
	size_t at = 0, number = 0;

	if (vtt)
		buf_adds(out, "WEBVTT\n\n");
	while (transcript_next(t, &at, &segment)) {
		if (!vtt)
			buf_addf(out, "%zu\n", ++number);
		write_timecode(out, segment.start, vtt ? '.' : ',');
		buf_adds(out, " --> ");
		write_timecode(out, segment.end, vtt ? '.' : ',');
		buf_addc(out, '\n');
		write_cue_text(out, segment.text, vtt);
		buf_adds(out, "\n\n");
	}
}

static void
write_srt(const struct transcript *t, const struct transcription_how *how,
    const struct usage *usage, struct buf *out)
{
	(void)how, (void)usage;
	write_cues(t, false, out);
}

static void
write_vtt(const struct transcript *t, const struct transcription_how *how,
    const struct usage *usage, struct buf *out)
{
	(void)how, (void)usage;
	write_cues(t, true, out);
}

/* ---- all of them ---- */

static const struct {
	void (*write)(const struct transcript *t, const struct transcription_how *how,
	    const struct usage *usage, struct buf *out);
	const char *type;
	bool times; /* lives on them */
} formats[] = {
	[TRANSCRIPT_JSON] = { write_json, "application/json", false },
	[TRANSCRIPT_TEXT] = { transcript_write_text, "text/plain; charset=utf-8", false },
	[TRANSCRIPT_SRT] = { write_srt, "text/plain; charset=utf-8", true },
	[TRANSCRIPT_VERBOSE] = { write_verbose, "application/json", false },
	[TRANSCRIPT_VTT] = { write_vtt, "text/vtt; charset=utf-8", true },
	[TRANSCRIPT_DIARIZED] = { write_diarized, "application/json", true },
};

const char *
transcription_type(enum transcription_format format)
{
	return formats[format].type;
}

int
transcript_write(const struct transcript *t, const struct transcription_how *how,
    const struct usage *usage, struct buf *out, struct apierror *err)
{
	bool spoke = slice_trim(buf_slice(&t->text)).len > 0;

	if (formats[how->format].times && spoke && t->count == 0)
		return apierror_set(err, APIERROR_UPSTREAM, NULL,
		    "The model gave a transcript without times, and this response_format needs "
		    "them.");
	formats[how->format].write(t, how, usage, out);
	if (out->failed)
		return apierror_set(err, APIERROR_UPSTREAM, NULL, "The transcript is too large.");
	return 0;
}
