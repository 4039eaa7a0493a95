/* What kind of recording was uploaded. */
#include "config.h"

#include <string.h>

#include "base/xalloc.h"
#include "transcript.h"

/* clang-format off */
/* The first bytes; the endpoint is about sound, so containers count as audio. */
static const struct {
	size_t offset;
	struct slice magic;
	const char *mime;
} magics[] = {
	{ 8, { "WAVE", 4 },             "audio/wav" },
	{ 0, { "ID3", 3 },              "audio/mp3" },
	{ 0, { "\xFF\xFB", 2 },         "audio/mp3" },
	{ 0, { "\xFF\xFA", 2 },         "audio/mp3" },
	{ 0, { "\xFF\xF3", 2 },         "audio/mp3" },
	{ 0, { "\xFF\xF2", 2 },         "audio/mp3" },
	{ 0, { "\xFF\xE3", 2 },         "audio/mp3" },
	{ 0, { "\xFF\xF1", 2 },         "audio/aac" },
	{ 0, { "\xFF\xF9", 2 },         "audio/aac" },
	{ 0, { "fLaC", 4 },             "audio/flac" },
	{ 0, { "OggS", 4 },             "audio/ogg" },
	{ 4, { "ftypM4A", 7 },          "audio/m4a" },
	{ 4, { "ftyp", 4 },             "audio/mp4" },
	{ 0, { "\x1A\x45\xDF\xA3", 4 }, "audio/webm" },
	{ 8, { "AIFF", 4 },             "audio/aiff" },
	{ 8, { "AIFC", 4 },             "audio/aiff" },
};

/* Subtypes of audio/ and video/ that senders write, and the ends of file names. */
static const struct {
	const char *word, *mime;
} words[] = {
	{ "wav",    "audio/wav" },  { "x-wav", "audio/wav" },  { "wave", "audio/wav" },
	{ "vnd.wave", "audio/wav" },
	{ "mp3",    "audio/mp3" },  { "mpeg",  "audio/mp3" },  { "mpga", "audio/mp3" },
	{ "mp4",    "audio/mp4" },  { "m4a",   "audio/m4a" },  { "x-m4a", "audio/m4a" },
	{ "ogg",    "audio/ogg" },  { "oga",   "audio/ogg" },  { "opus", "audio/ogg" },
	{ "flac",   "audio/flac" }, { "x-flac", "audio/flac" },
	{ "webm",   "audio/webm" }, { "aac",   "audio/aac" },
	{ "aiff",   "audio/aiff" }, { "aif",   "audio/aiff" }, { "x-aiff", "audio/aiff" },
};
/* clang-format on */

static const char *
by_word(struct slice word)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (slice_eqi(word, slice_str(words[i].word)))
			return words[i].mime;
	return NULL;
}

static const char *
by_magic(struct slice bytes)
{
	for (size_t i = 0; i < ARRAY_SIZE(magics); i++) {
		size_t offset = magics[i].offset;

		if (bytes.len >= offset && slice_starts(slice_skip(bytes, offset), magics[i].magic))
			return magics[i].mime;
	}
	return NULL;
}

static const char *
by_type(struct slice type)
{
	struct slice media = SLICE(""), top = SLICE("");

	slice_split(&type, ';', &media);
	media = slice_trim(media);
	slice_split(&media, '/', &top);
	if (!slice_eqi(top, SLICE("audio")) && !slice_eqi(top, SLICE("video")))
		return NULL;
	return by_word(media);
}

static const char *
audio_file_by_name(const struct multipart_part *file)
{
	struct buf name;
	const char *dot, *mime;

	buf_init(&name, file->filename.len);
	multipart_filename(file, &name);
	dot = name.len > 0 ? memrchr(name.data, '.', name.len) : NULL;
	mime = dot != NULL ? by_word(slice_str(dot + 1)) : NULL;
	buf_release(&name);
	return mime;
}

int
transcription_file_type(
    const struct multipart_part *file, const char **ret_mime, struct apierror *err)
{
	const char *mime = by_magic(file->body);

	if (file->body.len == 0)
		return apierror_set(
		    err, APIERROR_BAD_VALUE, "file", "Invalid 'file': the file is empty.");
	if (mime == NULL)
		mime = by_type(file->type);
	if (mime == NULL)
		mime = audio_file_by_name(file);
	if (mime == NULL)
		return apierror_set(err, APIERROR_BAD_VALUE, "file",
		    "Invalid file format. Supported formats: 'aac', 'aiff', 'flac', 'm4a', 'mp3', "
		    "'mp4', 'mpeg', 'mpga', 'oga', 'ogg', 'wav', and 'webm'.");
	*ret_mime = mime;
	return 0;
}
