/* Embeddings from letter triples. */
#include "config.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "behave.h"
#include "gjson.h"

#define DIMENSIONS  3072
#define TRIPLES_MAX 2000 /* of one text that count */

static uint64_t
embed_mix(uint64_t x)
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
				bits = embed_mix(key * 64 + d + 1);
			v[d] += bits & 1 ? 1 : -1;
			bits >>= 1;
		}
	}
}

static void
embed_normalise(double *v, size_t count)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += v[i] * v[i];
	for (size_t i = 0; i < count; i++)
		v[i] /= sum > 0 ? sqrt(sum) : 1;
}

/* Several parts of one content give one vector. */
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
	embed_normalise(v, DIMENSIONS);
	if (wanted > 0 && wanted < DIMENSIONS)
		count = (size_t)wanted;
	/* gemini-embedding-001 leaves shortened vectors as they are. */
	if (model->version == 2)
		embed_normalise(v, count);
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
	buf_adds(&out, batch ? "\n  ]" : "");
	/* gemini-embedding-001 does not report a token count. */
	if (model->version == 2)
		buf_addf(&out,
		    ",\n  \"usageMetadata\": {\n    \"promptTokenCount\": %lld,\n"
		    "    \"promptTokenDetails\": [\n      {\n        \"modality\": \"TEXT\",\n"
		    "        \"tokenCount\": %lld\n      }\n    ]\n  }",
		    (long long)tokens, (long long)tokens);
	buf_adds(&out, "\n}\n");
	conn_reply(c, 200, GTYPE_JSON, "", buf_slice(&out));
	buf_release(&out);
}
