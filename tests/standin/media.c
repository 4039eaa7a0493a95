/* A picture of one pixel, a twentieth of a second of sound, and embeddings from letter triples. */
#include "config.h"

#include "media.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "behave.h"
#include "gjson.h"

#define PNG \
	"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5" \
	"ErkJggg=="
#define RATE        24000
#define SAMPLES     1200
#define DIMENSIONS  3072
#define TRIPLES_MAX 2000 /* of one text that count */

static void
add_blob(struct gen *g, const char *mime, struct slice data)
{
	json_object *part = json_object_new_object(), *blob = json_object_new_object();

	json_object_object_add(blob, "mimeType", json_object_new_string(mime));
	json_object_object_add(blob, "data", gjson_new(data));
	json_object_object_add(part, "inlineData", blob);
	gen_add(g, part, false);
}

static bool
wants(const struct ask *a, const char *modality)
{
	json_object *config = gjson_get(a->body, "generationConfig");
	size_t count = gjson_count(config, "responseModalities");

	for (size_t i = 0; i < count; i++) {
		const char *word =
		    json_object_get_string(gjson_at(config, "responseModalities", i));

		if (slice_eqi(slice_str(word), slice_str(modality)))
			return true;
	}
	return count == 0;
}

void
media_add_image(const struct ask *a, struct gen *g)
{
	if (wants(a, "TEXT"))
		gen_add_text(g, SLICE("Here is your picture: "), false);
	if (wants(a, "IMAGE"))
		add_blob(g, "image/png", SLICE(PNG));
	g->output_modality = wants(a, "IMAGE") ? "IMAGE" : "TEXT";
}

static void
add_le(struct buf *out, uint32_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		buf_addc(out, (char)(unsigned char)(value >> (8 * i)));
}

static void
add_wav_header(struct buf *out, uint32_t bytes)
{
	buf_adds(out, "RIFF");
	add_le(out, 36 + bytes, 4);
	buf_adds(out, "WAVEfmt ");
	add_le(out, 16, 4);
	add_le(out, 1, 2); /* PCM */
	add_le(out, 1, 2); /* channel */
	add_le(out, RATE, 4);
	add_le(out, RATE * 2, 4); /* bytes a second */
	add_le(out, 2, 2);
	add_le(out, 16, 2);
	buf_adds(out, "data");
	add_le(out, bytes, 4);
}

void
media_add_audio(const struct ask *a, struct gen *g)
{
	struct buf raw, text;

	buf_init(&raw, 64 * 1024);
	buf_init(&text, 128 * 1024);
	if (a->model->kind == MODEL_TTS_WAV)
		add_wav_header(&raw, SAMPLES * 2);
	for (int i = 0; i < SAMPLES; i++) {
		double wave = sin(2 * 3.14159265358979 * 440 * i / RATE);

		add_le(&raw, (uint32_t)(int32_t)(wave * 8000), 2);
	}
	base64_add(&text, raw.data, raw.len);
	add_blob(g,
	    a->model->kind == MODEL_TTS_WAV ? "audio/wav" : "audio/L16;codec=pcm;rate=24000",
	    buf_slice(&text));
	g->output_modality = "AUDIO";
	buf_release(&raw);
	buf_release(&text);
}

static uint64_t
mix(uint64_t x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdULL;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53ULL;
	return x ^ x >> 33;
}

/* Texts that share letter triples are near each other. */
static void
add_text_vector(double *v, struct slice text)
{
	size_t triples = text.len < TRIPLES_MAX ? text.len : TRIPLES_MAX;

	for (size_t i = 0; i < triples; i++) {
		uint64_t key = 0, bits = 0;

		for (size_t k = i; k < i + 3 && k < text.len; k++)
			key = key << 8 | (uint64_t)tolower((unsigned char)text.ptr[k]);
		for (size_t d = 0; d < DIMENSIONS; d++) {
			if (d % 64 == 0)
				bits = mix(key * 64 + d + 1);
			v[d] += bits & 1 ? 1 : -1;
			bits >>= 1;
		}
	}
}

static void
normalise(double *v, size_t count)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += v[i] * v[i];
	for (size_t i = 0; i < count; i++)
		v[i] /= sum > 0 ? sqrt(sum) : 1;
}

static int64_t
add_vector(struct buf *out, const struct model *model, json_object *request)
{
	json_object *content = gjson_get(request, "content");
	json_object *config = gjson_get(request, "embedContentConfig");
	double *v = xcalloc(DIMENSIONS, sizeof(*v));
	int64_t wanted = gjson_int(
	    request, "outputDimensionality", gjson_int(config, "outputDimensionality", DIMENSIONS));
	size_t parts = gjson_count(content, "parts"), count = DIMENSIONS;
	int64_t tokens = 0;

	for (size_t i = 0; i < parts; i++) {
		json_object *part = gjson_at(content, "parts", i);
		struct slice text = gjson_str(part, "text");

		if (text.len == 0)
			text = gjson_str(gjson_get(part, "inlineData"), "data");
		add_text_vector(v, text);
		tokens += tokens_of_text(text);
	}
	normalise(v, DIMENSIONS);
	if (wanted > 0 && wanted < DIMENSIONS)
		count = (size_t)wanted;
	/* gemini-embedding-001 leaves shortened vectors as they are. */
	if (model->version == 2)
		normalise(v, count);
	buf_adds(out, "{\n      \"values\": [");
	for (size_t i = 0; i < count; i++)
		buf_addf(out, "%s%.8g", i > 0 ? "," : "", v[i]);
	buf_adds(out, "]\n    }");
	free(v);
	return tokens;
}

void
behave_embed(struct conn *c, const struct model *model, json_object *body, bool batch)
{
	size_t count = batch ? gjson_count(body, "requests") : 1;
	int64_t tokens = 0;
	struct buf out;

	buf_init(&out, JSON_TEXT_MAX);
	buf_adds(&out, batch ? "{\n  \"embeddings\": [\n    " : "{\n  \"embedding\": ");
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_adds(&out, ",\n    ");
		tokens += add_vector(&out, model, batch ? gjson_at(body, "requests", i) : body);
	}
	buf_addf(&out, "%s,\n  \"usageMetadata\": {\n    \"promptTokenCount\": %lld\n  }\n}\n",
	    batch ? "\n  ]" : "", (long long)tokens);
	conn_reply(c, 200, GTYPE_JSON, "", buf_slice(&out));
	buf_release(&out);
}
