/* Pictures, speech and transcription: which model takes which settings. */
#include "config.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/xalloc.h"
#include "checks.h"
#include "gjson.h"

#define FIELD "* GenerateContentRequest.generation_config."

static const char *const ratios_old[] = { "1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16",
	"16:9", "21:9" };
static const char *const ratios_extreme[] = { "1:4", "4:1", "1:8", "8:1" };
static const char *const sizes[] = { "1K", "2K", "4K" };

static const char *const voices[] = { "Zephyr", "Puck", "Charon", "Kore", "Fenrir", "Leda", "Orus",
	"Aoede", "Callirrhoe", "Autonoe", "Enceladus", "Iapetus", "Umbriel", "Algieba", "Despina",
	"Erinome", "Algenib", "Rasalgethi", "Laomedeia", "Achernar", "Alnilam", "Schedar", "Gacrux",
	"Pulcherrima", "Achird", "Zubenelgenubi", "Vindemiatrix", "Sadachbia", "Sadaltager",
	"Sulafat" };

static json_object *
config_of(const struct subject *s)
{
	return gjson_get(s->body, "generationConfig");
}

static bool
is_listed(struct slice word, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (slice_eq(word, slice_str(list[i])))
			return true;
	}
	return false;
}

static bool
is_speech(const struct subject *s)
{
	return s->model->kind == MODEL_TTS || s->model->kind == MODEL_TTS_WAV;
}

static bool
modality_allowed(const struct subject *s, const char *modality)
{
	if (strcasecmp(modality, "AUDIO") == 0)
		return is_speech(s);
	if (strcasecmp(modality, "IMAGE") == 0)
		return s->model->kind == MODEL_IMAGE;
	return strcasecmp(modality, "TEXT") == 0 && !is_speech(s);
}

/* Without a list a picture model makes pictures, a speech model fails. */
static bool
check_modalities(const struct subject *s, struct refusal *r)
{
	json_object *config = config_of(s);
	size_t count = gjson_count(config, "responseModalities");
	const char *bad = count == 0 && is_speech(s) ? "TEXT" : NULL;
	bool image = count == 0;

	for (size_t i = 0; i < count && bad == NULL; i++) {
		const char *word =
		    json_object_get_string(gjson_at(config, "responseModalities", i));

		image = image || strcasecmp(word, "IMAGE") == 0;
		if (!modality_allowed(s, word))
			bad = word;
	}
	if (bad == NULL && s->model->kind == MODEL_IMAGE && !image)
		bad = "TEXT";
	if (bad == NULL)
		return true;
	return refuse(r, 400,
	    "The requested combination of response modalities (%s) is not supported by the model. "
	    "models/%.*s accepts the following combination of response modalities:\n* %s\n",
	    bad, (int)s->name.len, s->name.ptr,
	    is_speech(s)                    ? "AUDIO"
	    : s->model->kind == MODEL_IMAGE ? "IMAGE\n* TEXT, IMAGE"
					    : "TEXT");
}

static bool
check_image(const struct subject *s, struct refusal *r)
{
	json_object *image = gjson_get(config_of(s), "imageConfig");
	struct slice ratio = gjson_str(image, "aspectRatio"), size = gjson_str(image, "imageSize");
	bool newer = s->model->version >= 31;

	if (image == NULL)
		return true;
	if (s->model->kind != MODEL_IMAGE)
		return refuse(r, 400, "Image config is not supported for this model.");
	if (ratio.len > 0 && !is_listed(ratio, ratios_old, ARRAY_SIZE(ratios_old)) &&
	    !(newer && is_listed(ratio, ratios_extreme, ARRAY_SIZE(ratios_extreme))))
		return refuse(r, 400,
		    FIELD "image_config.aspect_ratio: aspect ratio %.*s is not supported by this "
			  "model\n",
		    (int)ratio.len, ratio.ptr);
	if (size.len == 0)
		return true;
	if (s->model->version < 30)
		return refuse(
		    r, 400, FIELD "image_config.image_size: not supported by this model\n");
	if (!is_listed(size, sizes, ARRAY_SIZE(sizes)) && !(newer && slice_eq(size, SLICE("512"))))
		return refuse(r, 400,
		    FIELD "image_config.image_size: must be one of %s1K, 2K, 4K\n",
		    newer ? "512, " : "");
	return true;
}

/* Where the voice's name is: in prebuiltVoiceConfig, or in the newer voice. */
static bool
check_voice(json_object *voice, struct refusal *r)
{
	struct slice name = gjson_str(gjson_get(voice, "prebuiltVoiceConfig"), "voiceName");

	if (gjson_get(voice, "replicatedVoiceConfig") != NULL)
		return true;
	if (name.len == 0)
		name = gjson_str(voice, "voice");
	for (size_t i = 0; i < ARRAY_SIZE(voices); i++) {
		if (slice_eqi(name, slice_str(voices[i])))
			return true;
	}
	return refuse(r, 400,
	    "Voice name %.*s is not supported. Allowed voice names are: Zephyr, "
	    "Puck, Charon, Kore, ...",
	    (int)name.len, name.ptr);
}

static bool
check_speakers(json_object *speakers, struct refusal *r)
{
	size_t count = gjson_count(speakers, "speakerVoiceConfigs");

	if (count != 2)
		return refuse(r, 400,
		    FIELD "speech_config.multi_speaker_voice_config."
			  "speaker_voice_configs: exactly 2 speakers are needed\n");
	for (size_t i = 0; i < count; i++) {
		json_object *speaker = gjson_at(speakers, "speakerVoiceConfigs", i);

		if (gjson_str(speaker, "speaker").len == 0)
			return refuse(r, 400,
			    FIELD "speech_config.multi_speaker_voice_config."
				  "speaker_voice_configs[%zu].speaker: required\n",
			    i);
		if (!check_voice(gjson_get(speaker, "voiceConfig"), r))
			return false;
	}
	return true;
}

static bool
check_speech(const struct subject *s, struct refusal *r)
{
	json_object *speech = gjson_get(config_of(s), "speechConfig");
	json_object *format = gjson_get(gjson_get(config_of(s), "responseFormat"), "audio");
	json_object *voice = gjson_get(speech, "voiceConfig");
	json_object *speakers = gjson_get(speech, "multiSpeakerVoiceConfig");

	if (format != NULL && s->model->kind != MODEL_TTS_WAV)
		return refuse(r, 400, "Audio response format is not supported for this model.");
	if (slice_eqi(gjson_str(format, "delivery"), SLICE("URI")))
		return refuse(r, 400, FIELD "response_format.audio.delivery: only INLINE\n");
	if (!is_speech(s)) {
		if (speech != NULL)
			return refuse(r, 400, "Speech config is not supported for this model.");
		return true;
	}
	if (speech == NULL || (voice == NULL && speakers == NULL))
		return refuse(r, 400,
		    FIELD "speech_config: speech config with a voice is required "
			  "for audio output\n");
	if (voice != NULL && speakers != NULL)
		return refuse(r, 400,
		    FIELD "speech_config: only one of voice_config and "
			  "multi_speaker_voice_config can be set\n");
	if (gjson_get(s->body, "systemInstruction") != NULL)
		return refuse(r, 400, "Developer instruction is not enabled for models/%.*s",
		    (int)s->name.len, s->name.ptr);
	return voice != NULL ? check_voice(voice, r) : check_speakers(speakers, r);
}

/* "de", "pt-BR", "zh-Hans-CN" */
static bool
is_language(struct slice tag)
{
	struct slice part;
	bool first = true;

	while (slice_split(&tag, '-', &part)) {
		if (part.len > 8 || part.len < 2 || (first && part.len > 3))
			return false;
		for (size_t i = 0; i < part.len; i++) {
			if (!isalnum((unsigned char)part.ptr[i]) ||
			    (first && !isalpha((unsigned char)part.ptr[i])))
				return false;
		}
		first = false;
	}
	return !first;
}

static bool
has_audio(const struct subject *s)
{
	for (size_t i = 0; i < gjson_count(s->body, "contents"); i++) {
		json_object *content = gjson_at(s->body, "contents", i);

		for (size_t k = 0; k < gjson_count(content, "parts"); k++) {
			json_object *part = gjson_at(content, "parts", k);
			json_object *media = gjson_get(part, "inlineData");

			if (media == NULL)
				media = gjson_get(part, "fileData");
			if (slice_startsi(gjson_str(media, "mimeType"), SLICE("audio/")) ||
			    slice_startsi(gjson_str(media, "mimeType"), SLICE("video/")))
				return true;
		}
	}
	return false;
}

static bool
check_transcription(const struct subject *s, struct refusal *r)
{
	json_object *config = gjson_get(config_of(s), "audioTranscriptionConfig");

	if (s->model->kind != MODEL_TRANSCRIBE) {
		if (config != NULL)
			return refuse(
			    r, 400, "Audio transcription config is not supported for this model.");
		return true;
	}
	if (!has_audio(s))
		return refuse(r, 400, "Audio input is required for models/%.*s", (int)s->name.len,
		    s->name.ptr);
	if (gjson_count(s->body, "tools") > 0)
		return refuse(r, 400, "Tool use is not supported for this model.");
	for (size_t i = 0; i < gjson_count(config, "languageCodes"); i++) {
		struct slice tag =
		    slice_str(json_object_get_string(gjson_at(config, "languageCodes", i)));

		if (!is_language(tag))
			return refuse(r, 400,
			    FIELD
			    "audio_transcription_config.language_codes[%zu]: %.*s is no BCP-47 "
			    "code\n",
			    i, (int)tag.len, tag.ptr);
	}
	return true;
}

static bool
check_one_answer(const struct subject *s, struct refusal *r)
{
	json_object *config = config_of(s);

	if (s->model->kind == MODEL_TEXT)
		return true;
	if (gjson_int(config, "candidateCount", 1) > 1)
		return refuse(r, 400, "Multiple candidates is not enabled for this model");
	if (gjson_bool(config, "responseLogprobs"))
		return refuse(r, 400, "Logprobs is not enabled for models/%.*s", (int)s->name.len,
		    s->name.ptr);
	return true;
}

bool
checks_media(const struct subject *s, struct refusal *r)
{
	/* The special models of the tests take anything. */
	if (s->model->special != SPECIAL_NONE)
		return true;
	return check_modalities(s, r) && check_image(s, r) && check_speech(s, r) &&
	       check_transcription(s, r) && check_one_answer(s, r);
}
