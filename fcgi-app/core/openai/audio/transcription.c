/*
 * OpenAI's forms for transcription and translation to Gemini's request: the tables below are what
 * is mapped, ignored and refused. The recording is written into the body once, as Base64.
 */
#include "config.h"

#include "core/openai/audio/transcription.h"

#include <string.h>

#include "base/base64.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "core/api/fieldmap.h"
#include "transcript.h"
#include "core/gemini/wav.h"

#define CONFIG   "generationConfig/audioTranscriptionConfig/"
#define REST_MAX (8 * MIB) /* the body without the recording */
#define CODE_MAX 15        /* bytes of a language code */

/* The ctx of the field table's run. */
struct transcription_read {
	struct transcription_request *request;
	const struct translate_env *env;
	struct model_view view;
	bool transcriber;       /* a transcription model: config, times and speakers */
	bool granular;          /* timestamp_granularities was given */
	json_object *languages; /* array, owned */
	json_object *keywords;  /* borrowed, or NULL */
	struct slice prompt;
};

/* ---- rows ---- */

static bool
family_can(const struct transcription_read *r, unsigned bit)
{
	return (r->view.family.can & bit) != 0;
}

static int
transcription_emit_model(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct transcription_read *r = run->ctx;
	struct model_choice *model = &r->request->model;

	if (translate_env_model(r->env, json_str(value), model, &r->view, run->err) != 0)
		return -1;
	r->transcriber = family_can(r, FAMILY_TRANSCRIBE);
	if (!r->transcriber || r->request->how.task != TASK_TRANSLATE)
		return 0;
	r->transcriber = false;
	strcpy(model->name, TRANSCRIPTION_TRANSLATOR);
	model->fallbacks[0] = '\0';
	translate_env_view(r->env, model->name, &r->view);
	return changes_note(r->env->changes, CHANGE_REWRITTEN, row->from, run->err);
}

static int
add_language(struct fieldmap_run *run, const char *param, json_object *value)
{
	struct transcription_read *r = run->ctx;
	struct slice code = slice_trim(json_str(value));
	bool good = code.len > 0 && code.len <= CODE_MAX;

	for (size_t i = 0; good && i < code.len; i++) {
		char c = code.ptr[i];

		good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		       c == '-';
	}
	if (!good)
		return apierror_set(run->err, APIERROR_BAD_VALUE, param,
		    "Invalid '%s': expected a language code such as 'en'.", param);
	json_append(r->languages, json_new_str(code));
	if (json_object_array_length(r->languages) == 1)
		memcpy(r->request->how.language, code.ptr, code.len);
	return 0;
}

static int
emit_language(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	return add_language(run, row->from, value);
}

static int
emit_languages(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	char param[APIERROR_PARAM_MAX];

	for (size_t i = 0; i < json_object_array_length(value); i++) {
		field_name(param, "%s[%zu]", row->from, i);
		if (add_language(run, param, json_object_array_get_idx(value, i)) != 0)
			return -1;
	}
	return 0;
}

static int
emit_keywords(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct transcription_read *r = run->ctx;

	(void)row;
	r->keywords = value;
	return 0;
}

static int
transcription_emit_prompt(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct transcription_read *r = run->ctx;

	(void)row;
	r->prompt = slice_trim(json_str(value));
	return 0;
}

/* clang-format off */
static const struct {
	const char *word;
	enum transcription_format format;
	bool times;   /* lives on them */
	bool streams;
} formats[] = {
	{ "json",          TRANSCRIPT_JSON,     false, true },
	{ "text",          TRANSCRIPT_TEXT,     false, true },
	{ "srt",           TRANSCRIPT_SRT,      true,  false },
	{ "verbose_json",  TRANSCRIPT_VERBOSE,  false, false },
	{ "vtt",           TRANSCRIPT_VTT,      true,  false },
	{ "diarized_json", TRANSCRIPT_DIARIZED, true,  true },
};
/* clang-format on */

static int
transcription_emit_format(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct transcription_read *r = run->ctx;
	bool translate = r->request->how.task == TASK_TRANSLATE;

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		if (!slice_eqi(json_str(value), slice_str(formats[i].word)) ||
		    (translate && formats[i].format == TRANSCRIPT_DIARIZED))
			continue;
		r->request->how.format = formats[i].format;
		return 0;
	}
	return fieldmap_bad_word(run->err, row->from, json_str(value),
	    translate ? "'json', 'text', 'srt', 'verbose_json', and 'vtt'"
		      : "'json', 'text', 'srt', 'verbose_json', 'vtt', and 'diarized_json'");
}

static int
emit_granularities(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct transcription_read *r = run->ctx;
	struct transcription_how *how = &r->request->how;
	char param[APIERROR_PARAM_MAX];

	how->segments = false;
	for (size_t i = 0; i < json_object_array_length(value); i++) {
		struct slice word = json_str(json_object_array_get_idx(value, i));

		field_name(param, "%s[%zu]", row->from, i);
		if (slice_eqi(word, SLICE("word")))
			how->words = true;
		else if (slice_eqi(word, SLICE("segment")))
			how->segments = true;
		else if (fieldmap_drop_word(run, param, "", word, "'word' and 'segment'") != 0)
			return -1;
	}
	if (how->format != TRANSCRIPT_VERBOSE)
		return changes_note(r->env->changes, CHANGE_IGNORED, row->from, run->err);
	r->granular = true;
	return 0;
}

/* Zero is the default of both. */
static int
emit_temperature(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct transcription_read *r = run->ctx;
	double temperature = json_object_get_double(value);

	if (temperature == 0)
		return 0;
	if (!family_can(r, FAMILY_SAMPLING))
		return changes_note(r->env->changes, CHANGE_IGNORED, row->from, run->err);
	r->request->how.temperature = temperature;
	fieldmap_put(run->target, "generationConfig/temperature", json_object_get(value));
	return 0;
}

static int
transcription_emit_stream(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct transcription_read *r = run->ctx;
	size_t i = 0;

	if (!json_object_get_boolean(value))
		return 0;
	while (formats[i].format != r->request->how.format)
		i++;
	r->request->stream = formats[i].streams;
	if (formats[i].streams)
		return 0;
	return changes_note(r->env->changes, CHANGE_IGNORED, row->from, run->err);
}

static int
transcription_emit_include(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct transcription_read *r = run->ctx;
	char param[APIERROR_PARAM_MAX];

	for (size_t i = 0; i < json_object_array_length(value); i++) {
		struct slice word = json_str(json_object_array_get_idx(value, i));

		field_name(param, "%s[%zu]", row->from, i);
		if (!slice_eqi(word, SLICE("logprobs")) &&
		    fieldmap_drop_word(run, param, "", word, "'logprobs'") != 0)
			return -1;
	}
	return changes_note(r->env->changes, CHANGE_IGNORED, row->from, run->err);
}

/* What Gemini cannot be told. */
static int
emit_ignored(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct transcription_read *r = run->ctx;

	(void)value;
	return changes_note(r->env->changes, CHANGE_IGNORED, row->from, run->err);
}

/* clang-format off */
static const struct multipart_field form_fields[] = {
	{ "model", FORM_STR },
	{ "language", FORM_STR },
	{ "languages", FORM_LIST },
	{ "keywords", FORM_LIST },
	{ "prompt", FORM_STR },
	{ "response_format", FORM_STR },
	{ "timestamp_granularities", FORM_LIST },
	{ "temperature", FORM_NUM },
	{ "stream", FORM_BOOL },
	{ "include", FORM_LIST },
	{ "chunking_strategy", FORM_SEEN },
	{ "known_speaker_names", FORM_SEEN },
	{ "known_speaker_references", FORM_SEEN },
	{ 0 }
};

/* The model and the format come first: they decide what the others may be. */
static const struct fieldmap transcribe_fields[] = {
	{ .from = "model", .kind = FK_STR, .flags = FF_REQUIRED, .emit = transcription_emit_model },
	{ .from = "response_format", .kind = FK_STR, .emit = transcription_emit_format },
	{ .from = "language", .kind = FK_STR, .emit = emit_language },
	{ .from = "languages", .kind = FK_ARRAY, .emit = emit_languages },
	{ .from = "keywords", .kind = FK_ARRAY, .emit = emit_keywords },
	{ .from = "prompt", .kind = FK_STR, .emit = transcription_emit_prompt },
	{ .from = "timestamp_granularities", .kind = FK_ARRAY, .emit = emit_granularities },
	{ .from = "temperature", .kind = FK_NUM, .flags = FF_SOMETIMES, .max = 1,
	  .emit = emit_temperature },
	{ .from = "stream", .kind = FK_BOOL, .emit = transcription_emit_stream },
	{ .from = "include", .kind = FK_ARRAY, .flags = FF_UNUSED, .emit = transcription_emit_include },
	/* Gemini cuts a recording as it likes. */
	{ .from = "chunking_strategy", .flags = FF_IGNORE },
	{ .from = "known_speaker_names", .kind = FK_ANY, .flags = FF_UNUSED,
	  .emit = emit_ignored },
	{ .from = "known_speaker_references", .kind = FK_ANY, .flags = FF_UNUSED,
	  .emit = emit_ignored },
	{ 0 }
};

static const struct fieldmap translate_fields[] = {
	{ .from = "model", .kind = FK_STR, .flags = FF_REQUIRED, .emit = transcription_emit_model },
	{ .from = "response_format", .kind = FK_STR, .emit = transcription_emit_format },
	{ .from = "prompt", .kind = FK_STR, .emit = transcription_emit_prompt },
	{ .from = "temperature", .kind = FK_NUM, .flags = FF_SOMETIMES, .max = 1,
	  .emit = emit_temperature },
	{ 0 }
};

const struct field_table transcription_tables[] = { { "", transcribe_fields }, { 0 } };
const struct field_table translation_tables[] = { { "", translate_fields }, { 0 } };
/* clang-format on */

/* ---- after the table ---- */

static int
check_times(const struct transcription_read *r, struct apierror *err)
{
	size_t i = 0;

	while (formats[i].format != r->request->how.format)
		i++;
	if (r->transcriber || (!formats[i].times && !r->granular))
		return 0;
	return apierror_set(err, APIERROR_UNSUPPORTED,
	    r->granular ? "timestamp_granularities" : "response_format",
	    "'%s' needs times, which the model '%s' does not give%s",
	    r->granular ? "timestamp_granularities" : formats[i].word, r->request->model.name,
	    r->request->how.task == TASK_TRANSLATE
		? " in a translation. Use the response_format 'json', 'text' or 'verbose_json'."
		: ". Use the model '" TRANSCRIPTION_MODEL "', or another response_format.");
}

static void
put_config(struct transcription_read *r, json_object *target)
{
	enum transcription_format format = r->request->how.format;
	bool diarized = format == TRANSCRIPT_DIARIZED;

	if (json_object_array_length(r->languages) > 0)
		fieldmap_put(target, CONFIG "languageCodes", json_object_get(r->languages));
	if (r->keywords != NULL)
		fieldmap_put(target, CONFIG "customVocabulary", json_object_get(r->keywords));
	if (format != TRANSCRIPT_JSON && format != TRANSCRIPT_TEXT)
		fieldmap_put(target, CONFIG "wordTimestamp", json_object_new_boolean(1));
	if (diarized)
		fieldmap_put(target, CONFIG "diarization", json_object_new_boolean(1));
}

static void
transcription_add_list(struct buf *out, const char *lead, json_object *list)
{
	size_t count = list != NULL ? json_object_array_length(list) : 0;

	for (size_t i = 0; i < count; i++) {
		buf_adds(out, i == 0 ? lead : ", ");
		buf_add_slice(out, json_str(json_object_array_get_idx(list, i)));
	}
	if (count > 0)
		buf_adds(out, ".");
}

/* What a model that was not made for this must be told. */
static void
add_instruction(const struct transcription_read *r, struct buf *out)
{
	if (r->request->how.task == TASK_TRANSLATE)
		buf_adds(out, "Translate what is said in this recording into English. Answer with "
			      "the translation alone");
	else
		buf_adds(out, "Write down what is said in this recording, word for word and in the "
			      "language that is spoken. Answer with the transcript alone");
	buf_adds(out, ": no comments, no times, no names of speakers. Answer with nothing if "
		      "nothing is said.");
	transcription_add_list(out, "\nLanguages that may occur: ", r->languages);
	transcription_add_list(out, "\nWords that may occur: ", r->keywords);
	if (r->prompt.len > 0)
		buf_adds(out, "\nStyle and context, not to be repeated: ");
}

static int
transcription_write_body(const struct transcription_read *r, const struct multipart_part *file,
    const char *mime, json_object *target, struct apierror *err)
{
	struct buf *out = &r->request->body, text;
	struct jwriter w = jwriter_on(out);
	json_object *config = json_get_object(target, "generationConfig");

	/* All at once: growing a body of this size would copy it. A recording too large fails here.
	 */
	buf_room(out, file->body.len / 3 * 4);
	buf_init(&text, REST_MAX);
	if (!r->transcriber)
		add_instruction(r, &text);
	buf_add_slice(&text, r->prompt);
	jw_object(&w, NULL);
	jw_array(&w, "contents");
	jw_object(&w, NULL);
	jw_str(&w, "role", "user");
	jw_array(&w, "parts");
	if (text.len > 0) {
		jw_object(&w, NULL);
		jw_slice(&w, "text", buf_slice(&text));
		jw_object_end(&w);
	}
	jw_object(&w, NULL);
	jw_object(&w, "inlineData");
	jw_str(&w, "mimeType", mime);
	jw_str_open(&w, "data");
	base64_add(out, file->body.ptr, file->body.len);
	jw_str_close(&w);
	jw_object_end(&w);
	jw_object_end(&w);
	jw_array_end(&w);
	jw_object_end(&w);
	jw_array_end(&w);
	if (config != NULL)
		json_write_to(&w, "generationConfig", config);
	jw_object_end(&w);
	buf_release(&text);
	return out->failed ? apierror_set(err, APIERROR_TOO_LARGE, "file", NULL) : 0;
}

void
transcription_request_init(struct transcription_request *t)
{
	*t = (struct transcription_request){ .how = { .segments = true } };
	buf_init(&t->body, TRANSLATED_MAX);
}

void
transcription_request_release(struct transcription_request *t)
{
	buf_release(&t->body);
}

int
transcription_request_read(struct transcription_request *t, enum transcription_task task,
    const struct multipart *form, const struct translate_env *env, struct apierror *err)
{
	const struct multipart_part *file = multipart_find(form, "file", NULL);
	json_object *source = NULL, *target = json_object_new_object();
	struct transcription_read read = {
		.request = t, .env = env, .languages = json_object_new_array()
	};
	struct fieldmap_run run = {
		.target = target, .ctx = &read, .changes = env->changes, .err = err
	};
	struct wav wav;
	const char *mime;
	int rc = -1;

	t->how.task = task;
	if (multipart_json(form, form_fields, &source, err) != 0 ||
	    multipart_note_rest(form, form_fields, "file", env->changes, err) != 0)
		goto out;
	run.source = source;
	if (fieldmap_apply(task == TASK_TRANSLATE ? translate_fields : transcribe_fields, &run) !=
		0 ||
	    check_times(&read, err) != 0)
		goto out;
	if (file == NULL) {
		fieldmap_missing(err, "file");
		goto out;
	}
	if (transcription_file_type(file, &mime, err) != 0)
		goto out;
	if (wav_read(file->body, &wav) && wav.byte_rate > 0)
		t->how.seconds = (double)wav.data.len / wav.byte_rate;
	if (read.transcriber)
		put_config(&read, target);
	rc = transcription_write_body(&read, file, mime, target, err);
out:
	json_object_put(read.languages);
	json_object_put(target);
	json_object_put(source);
	return rc;
}
