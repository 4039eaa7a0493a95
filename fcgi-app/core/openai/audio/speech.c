/*
 * OpenAI's speech request to Gemini's: the table below is what is mapped and refused; other keys
 * are noted as ignored.
 */
#include "config.h"

#include "core/openai/audio/speech.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "core/api/fieldmap.h"
#include "core/gemini/voices.h"
#include "core/openai/common/request_text.h"

#define SPEECH_CHARS_MAX 4096 /* OpenAI's limit on input and instructions */

#define GENERATION   "generationConfig/"
#define VOICE_NAME   GENERATION "speechConfig/voiceConfig/prebuiltVoiceConfig/voiceName"
#define VOICE_STORED GENERATION "speechConfig/voiceConfig/voice"
#define VOICE_SHOWN  40 /* bytes of an unknown voice that an error repeats */
#define L16_RATE     24000

/* clang-format off */
/* OpenAI's formats. mime: AudioResponseFormat's; NULL: no model makes it. */
static const struct speech_row {
	const char *word;
	enum sound_format format;
	const char *mime;
	bool plain; /* every model makes it */
} formats[] = {
	{ "mp3",  SOUND_FORMAT_MP3,  "AUDIO_MP3",      false },
	{ "opus", SOUND_FORMAT_OPUS, "AUDIO_OGG_OPUS", false },
	{ "aac",  SOUND_FORMAT_MP3,  NULL,             false },
	{ "flac", SOUND_FORMAT_MP3,  NULL,             false },
	{ "wav",  SOUND_FORMAT_WAV,  "AUDIO_WAV",      true },
	{ "pcm",  SOUND_FORMAT_PCM,  "AUDIO_L16",      true },
};

/* Speeds up to `most` in words; NULL: as usual. */
static const struct {
	double most;
	const char *words;
} speeds[] = {
	{ 0.5,  "Speak very slowly." },
	{ 0.85, "Speak slowly." },
	{ 0.99, "Speak a little slower than usual." },
	{ 1.01, NULL },
	{ 1.25, "Speak a little faster than usual." },
	{ 2,    "Speak fast." },
	{ 4,    "Speak very fast." },
};
/* clang-format on */

/* The ctx of the field table's run. */
struct speech_read {
	struct speech_request *request;
	const struct translate_env *env;
	bool formats; /* set by the row `model`, the first one: FAMILY_AUDIO_FORMATS */
	const struct speech_row *format; /* NULL: not given */
	json_object *input;              /* borrowed */
	struct slice instructions;
	const char *speed; /* in words, or NULL */
};

static int
speech_emit_model(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct speech_read *r = run->ctx;

	struct model_choice *model = &r->request->model;
	struct model_view view;
	unsigned can;

	if (translate_env_model(r->env, json_str(value), model, &view, run->err) != 0)
		return -1;
	can = view.family.can;
	r->formats = (can & FAMILY_AUDIO_FORMATS) != 0;
	if ((can & FAMILY_AUDIO_OUT) != 0)
		return 0;
	return apierror_set(run->err, APIERROR_BAD_VALUE, row->from,
	    "The model '%s' makes no speech. Name one that does, for example %s.", model->name,
	    SPEECH_MODEL);
}

/* Characters, not bytes. */
static size_t
count_chars(struct slice text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
	return count;
}

static int
check_length(struct fieldmap_run *run, const struct fieldmap *row, struct slice text)
{
	size_t count = count_chars(text);

	if (count > SPEECH_CHARS_MAX)
		return apierror_set(run->err, APIERROR_BAD_VALUE, row->from,
		    "Invalid '%s': string too long. Expected a string with maximum length %d, but "
		    "got a string with length %zu instead.",
		    row->from, SPEECH_CHARS_MAX, count);
	return 0;
}

static int
speech_emit_input(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct speech_read *r = run->ctx;

	if (slice_trim(json_str(value)).len == 0)
		return apierror_set(run->err, APIERROR_BAD_VALUE, row->from,
		    "Invalid 'input': empty string. Expected a string with minimum length 1, but "
		    "got an empty string instead.");
	r->input = value;
	return check_length(run, row, json_str(value));
}

static int
emit_instructions(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct speech_read *r = run->ctx;

	r->instructions = slice_trim(json_str(value));
	return check_length(run, row, r->instructions);
}

/* A name, or {"id": a name}. */
static int
emit_voice(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	bool object = json_object_is_type(value, json_type_object);
	json_object *name = object ? json_get(value, "id") : value;
	const char *param = object ? "voice.id" : row->from, *voice;
	struct slice got = json_str(name);
	struct buf known;

	if (name == NULL)
		return fieldmap_missing(run->err, param);
	if (!json_object_is_type(name, json_type_string))
		return fieldmap_bad_type(
		    run->err, param, object ? "a string" : "a string or an object", name);
	if (slice_starts(got, SLICE("voices/"))) {
		fieldmap_put(run->target, VOICE_STORED, json_object_get(name));
		return 0;
	}
	voice = voices_gemini(got);
	if (voice != NULL) {
		fieldmap_put(run->target, VOICE_NAME, json_object_new_string(voice));
		return 0;
	}
	buf_init(&known, APIERROR_MESSAGE_MAX);
	voices_list(&known);
	apierror_set(run->err, APIERROR_BAD_VALUE, param, "Unknown voice '%.*s'. There are: %s.",
	    got.len < VOICE_SHOWN ? (int)got.len : VOICE_SHOWN, got.ptr, known.data);
	buf_release(&known);
	return -1;
}

/* The formats of a model for an error: 'mp3', 'opus', ... */
static const char *
formats_of(bool coded)
{
	return coded ? "'mp3', 'opus', 'wav', and 'pcm'" : "'wav' and 'pcm'";
}

static int
speech_emit_format(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct speech_read *r = run->ctx;
	struct slice got = json_str(value);
	size_t i = 0;

	while (i < ARRAY_SIZE(formats) && !slice_eqi(got, slice_str(formats[i].word)))
		i++;
	if (i == ARRAY_SIZE(formats))
		return fieldmap_bad_word(run->err, row->from, got, formats_of(r->formats));
	if (formats[i].mime == NULL || (!formats[i].plain && !r->formats))
		return apierror_set(run->err, APIERROR_UNSUPPORTED, row->from,
		    "'%s' is not made by the model '%s' and this gateway does not encode audio. "
		    "Supported values are: %s.",
		    formats[i].word, r->request->model.name, formats_of(r->formats));
	r->format = &formats[i];
	return 0;
}

/* Gemini has no such number, but takes directions. */
static int
emit_speed(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct speech_read *r = run->ctx;
	double speed = json_object_get_double(value);
	size_t i = 0;

	while (i + 1 < ARRAY_SIZE(speeds) && speed > speeds[i].most)
		i++;
	r->speed = speeds[i].words;
	if (r->speed == NULL)
		return 0;
	return changes_note(r->env->changes, CHANGE_REWRITTEN, row->from, run->err);
}

static int
speech_emit_stream(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct speech_read *r = run->ctx;
	struct slice word = json_str(value);

	r->request->events = slice_eqi(word, SLICE("sse"));
	r->request->stream = r->request->events || slice_eqi(word, SLICE("audio"));
	return r->request->stream
	           ? 0
	           : fieldmap_drop_word(run, row->from, "", word, "'audio' and 'sse'");
}

/* clang-format off */
static const struct fieldmap speech_fields[] = {
	/* The model comes first: it decides what the others may be. */
	{ .from = "model", .kind = FK_STR, .flags = FF_REQUIRED, .emit = speech_emit_model },
	{ .from = "input", .kind = FK_STR, .flags = FF_REQUIRED, .emit = speech_emit_input },
	{ .from = "voice", .kind = FK_ANY, .flags = FF_REQUIRED, .emit = emit_voice },
	{ .from = "instructions", .kind = FK_STR, .emit = emit_instructions },
	{ .from = "response_format", .kind = FK_STR, .emit = speech_emit_format },
	{ .from = "speed", .kind = FK_NUM, .min = 0.25, .max = 4, .emit = emit_speed },
	{ .from = "stream_format", .kind = FK_STR, .emit = speech_emit_stream },
	{ 0 }
};

const struct field_table speech_tables[] = { { "", speech_fields }, { 0 } };
/* clang-format on */

/* The text, and how it is to be spoken: beside it where the model takes that, else before it. */
static void
put_contents(struct fieldmap_run *run)
{
	struct speech_read *r = run->ctx;
	json_object *part = json_object_new_object(), *parts = json_object_new_array();
	json_object *content = json_object_new_object(), *contents = json_object_new_array();
	struct buf text;

	buf_init(&text, 12 * SPEECH_CHARS_MAX);
	buf_add_slice(&text, r->instructions);
	if (r->speed != NULL)
		buf_addf(&text, "%s%s", text.len > 0 ? "\n" : "", r->speed);
	if (text.len > 0 && r->formats) {
		fieldmap_put(part, "speechMetadata/style", json_new_str(buf_slice(&text)));
		buf_reset(&text);
	} else if (text.len > 0) {
		buf_adds(&text, "\n\nRead the following text aloud in this way:\n");
	}
	buf_add_slice(&text, json_str(r->input));
	json_put_str(part, "text", buf_slice(&text));
	json_append(parts, part);
	json_put_str(content, "role", SLICE("user"));
	json_put(content, "parts", parts);
	json_append(contents, content);
	json_put(run->target, "contents", contents);
	buf_release(&text);
}

/* OpenAI's default is MP3. */
static int
put_format(struct fieldmap_run *run)
{
	struct speech_read *r = run->ctx;
	json_object *modalities = json_object_new_array();

	json_append(modalities, json_object_new_string("AUDIO"));
	fieldmap_put(run->target, GENERATION "responseModalities", modalities);
	if (r->format == NULL && !r->formats) {
		r->request->format = SOUND_FORMAT_WAV;
		return changes_note(r->env->changes, CHANGE_REWRITTEN, "response_format", run->err);
	}
	if (r->format == NULL)
		r->format = formats;
	r->request->format = r->format->format;
	if (!r->formats)
		return 0;
	fieldmap_put(run->target, GENERATION "responseFormat/audio/mimeType",
	    json_object_new_string(r->format->mime));
	if (r->format->format == SOUND_FORMAT_PCM)
		fieldmap_put(run->target, GENERATION "responseFormat/audio/sampleRate",
		    json_object_new_int(L16_RATE));
	return 0;
}

void
speech_request_init(struct speech_request *s)
{
	*s = (struct speech_request){ 0 };
	buf_init(&s->body, TRANSLATED_MAX);
}

void
speech_request_release(struct speech_request *s)
{
	buf_release(&s->body);
}

int
speech_request_read(struct speech_request *s, struct slice text, const struct translate_env *env,
    struct apierror *err)
{
	json_object *source = request_text_read(env->reader, text, err);
	json_object *target = json_object_new_object();
	struct speech_read read = { .request = s, .env = env };
	struct fieldmap_run run = { .source = source,
		.target = target,
		.ctx = &read,
		.changes = env->changes,
		.err = err };
	int rc = -1;

	if (source == NULL)
		goto out;
	if (fieldmap_apply(speech_fields, &run) != 0 || put_format(&run) != 0)
		goto out;
	put_contents(&run);
	json_write(target, &s->body);
	rc = 0;
out:
	json_object_put(target);
	json_object_put(source);
	return rc;
}
