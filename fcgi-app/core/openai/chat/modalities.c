/* What the answer is made of: how many choices, and text, images or sound. */
#include "config.h"

#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "core/openai/chat/chat_read.h"
#include "core/gemini/voices.h"

int
chat_count_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct chat_read *c = run->ctx;
	int64_t count = json_int(value, 1);

	(void)row;
	if (count > 1 && count <= CANDIDATES_MAX && (c->family->can & FAMILY_CANDIDATES) != 0)
		fieldmap_put(
		    run->target, "generationConfig/candidateCount", json_object_new_int64(count));
	else
		c->request->fan = (unsigned)count;
	return 0;
}

int
chat_modalities_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct chat_read *c = run->ctx;
	const struct {
		const char *word;
		bool *wanted;
		unsigned need;
	} words[] = {
		{ "text", &c->text_wanted, 0 },
		{ "audio", &c->audio_wanted, FAMILY_AUDIO_OUT },
		{ "image", &c->image_wanted, FAMILY_IMAGE_OUT },
	};
	char name[APIERROR_PARAM_MAX], at[APIERROR_PARAM_MAX];
	const char *lacking = NULL;

	fieldmap_param(run, row, name);
	for (size_t i = 0; i < json_object_array_length(value); i++) {
		json_object *word = json_object_array_get_idx(value, i);
		size_t w = 0;

		if (word == NULL)
			continue;
		field_name(at, "%s[%zu]", name, i);
		if (!json_object_is_type(word, json_type_string))
			return fieldmap_bad_type(run->err, at, "a string", word);
		while (
		    w < ARRAY_SIZE(words) && !slice_eqi(json_str(word), slice_str(words[w].word)))
			w++;
		if (w == ARRAY_SIZE(words)) {
			if (fieldmap_drop_word(
				run, at, "", json_str(word), "'text', 'audio', and 'image'") != 0)
				return -1;
			continue;
		}
		c->modalities_said = true;
		if ((c->family->can & words[w].need) == words[w].need) {
			*words[w].wanted = true;
			continue;
		}
		lacking = words[w].word;
		if (changes_note(run->changes, CHANGE_DROPPED, at, run->err) != 0)
			return -1;
	}
	if (lacking == NULL || c->text_wanted || c->audio_wanted || c->image_wanted)
		return 0;
	return apierror_set(run->err, APIERROR_UNSUPPORTED, name,
	    "Invalid value for '%s': the model '%s' does not answer with %s.", name,
	    c->request->model.name, lacking);
}

int
chat_audio_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct chat_read *c = run->ctx;

	(void)row;
	c->audio = value;
	return 0;
}

/* voice: a name or {"id"}. */
static int
read_voice(struct fieldmap_run *run, json_object *audio)
{
	json_object *voice = json_get(audio, "voice");
	const char *name;

	if (json_object_is_type(voice, json_type_object))
		voice = json_get(voice, "id");
	if (voice == NULL)
		return 0;
	if (!json_object_is_type(voice, json_type_string))
		return fieldmap_bad_type(run->err, "audio.voice", "a string or an object", voice);
	if (slice_starts(json_str(voice), SLICE("voices/"))) {
		fieldmap_put(run->target, "generationConfig/speechConfig/voiceConfig/voice",
		    json_object_get(voice));
		return 0;
	}
	name = voices_gemini(json_str(voice));
	if (name != NULL) {
		fieldmap_put(run->target,
		    "generationConfig/speechConfig/voiceConfig/prebuiltVoiceConfig/voiceName",
		    json_object_new_string(name));
		return 0;
	}
	return fieldmap_bad_word(run->err, "audio.voice", json_str(voice),
	    "OpenAI's voices, such as 'alloy', and Gemini's, such as 'Kore'");
}

/* Google's models make PCM and WAV. */
static int
modality_read_audio(struct fieldmap_run *run, json_object *audio)
{
	static const char *const formats[] = { "wav", "pcm16" };
	struct chat_read *c = run->ctx;
	struct slice format = json_get_str(audio, "format");

	if (json_get(audio, "format") == NULL)
		format = SLICE("wav");
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		if (slice_eqi(format, slice_str(formats[i]))) {
			strcpy(c->request->audio_format, formats[i]);
			return read_voice(run, audio);
		}
	}
	return fieldmap_bad_word(run->err, "audio.format", format, "'wav' and 'pcm16'");
}

static void
put_modalities(struct fieldmap_run *run, const char *first, const char *second)
{
	json_object *list = json_object_new_array();

	json_append(list, json_object_new_string(first));
	if (second != NULL)
		json_append(list, json_object_new_string(second));
	fieldmap_put(run->target, "generationConfig/responseModalities", list);
}

/* The calls of a fan share one body: with a seed all choices would be the same. */
static int
drop_seed(struct fieldmap_run *run)
{
	const struct chat_read *c = run->ctx;
	json_object *config = json_get_object(run->target, "generationConfig");

	if (c->request->fan < 2 || json_get(config, "seed") == NULL)
		return 0;
	json_object_object_del(config, "seed");
	return changes_note(run->changes, CHANGE_DROPPED, "seed", run->err);
}

int
chat_output_finish(struct fieldmap_run *run)
{
	struct chat_read *c = run->ctx;

	if (drop_seed(run) != 0)
		return -1;
	if ((c->family->can & FAMILY_AUDIO_OUT) != 0) {
		put_modalities(run, "AUDIO", NULL);
		if (c->text_wanted)
			changes_mention(run->changes, CHANGE_DROPPED, "modalities");
		else if (!c->modalities_said)
			changes_mention(run->changes, CHANGE_ADDED, "modalities");
		return modality_read_audio(run, c->audio);
	}
	if (c->audio != NULL)
		changes_mention(run->changes, CHANGE_IGNORED, "audio");
	if ((c->family->can & FAMILY_IMAGE_OUT) != 0) {
		if (!c->modalities_said || (c->image_wanted && c->text_wanted))
			put_modalities(run, "TEXT", "IMAGE");
		else
			put_modalities(run, c->image_wanted ? "IMAGE" : "TEXT", NULL);
	}
	return 0;
}
