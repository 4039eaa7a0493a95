/* Small files of each kind, and what image models answer. */
#include "config.h"

#include "media.h"

#include <stdio.h>
#include <string.h>

#include "base/xalloc.h"
#include "behave.h"
#include "gjson.h"
#include "sign.h"

#define SAMPLE_RATE 24000
#define IMAGES_MAX  10
#define PNG_MAX     (4UL * 1024 * 1024)

static const struct {
	const char *name;
	const char *base64; /* or NULL */
	const char *text;
} samples[] = {
	{ "jpeg",
	    "/9j/2wBDAAMCAgICAgMCAgIDAwMDBAYEBAQEBAgGBgUGCQgKCgkICQkKDA8MCgsOCwkJDRENDg8QEBEQCgw"
	    "SExIQEw8QEBD/yQALCAABAAEBAREA/8wABgAQEAX/2gAIAQEAAD8A0s8g/9k=",
	    NULL },
	{ "gif", "R0lGODdhAQABAIAAAAAAAP///ywAAAAAAQABAAACAkQBADs=", NULL },
	{ "webp", "UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==", NULL },
	{ "mp3", "SUQzBAAAAAAAAP/7kGQAAAAAAAAAAAAAAAAAAAAA", NULL },
	{ "mp4", "AAAAGGZ0eXBpc29tAAAAAGlzb21tcDQyAAAACGZyZWU=", NULL },
	{ "txt", NULL, "A text, na\xC3\xAFve and short.\n" },
	{ "html", NULL, "<!DOCTYPE html>\n<title>A page</title>\n<p>No picture.\n" },
	{ "svg", NULL,
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1\" height=\"1\"></svg>\n" },
	{ "pdf", NULL,
	    "%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids"
	    "[3 0 R]/Count 1>>\nendobj\n3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>\n"
	    "endobj\ntrailer\n<</Root 1 0 R>>\n%%EOF\n" },
};

static const struct {
	const char *size;
	uint32_t scale;
} scales[] = { { "512", 1 }, { "1K", 2 }, { "2K", 4 }, { "4K", 8 } };

static void
add_le(struct buf *out, uint32_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		buf_addc(out, (char)(unsigned char)(value >> (8 * i)));
}

static void
add_be(struct buf *out, uint32_t value, unsigned bytes)
{
	for (unsigned i = bytes; i-- > 0;)
		buf_addc(out, (char)(unsigned char)(value >> (8 * i)));
}

void
media_wav_header(struct buf *out, uint32_t rate, uint32_t bytes)
{
	buf_adds(out, "RIFF");
	add_le(out, 36 + bytes, 4);
	buf_adds(out, "WAVEfmt ");
	add_le(out, 16, 4);
	add_le(out, 1, 2); /* PCM */
	add_le(out, 1, 2); /* channel */
	add_le(out, rate, 4);
	add_le(out, rate * 2, 4); /* bytes a second */
	add_le(out, 2, 2);
	add_le(out, 16, 2);
	buf_adds(out, "data");
	add_le(out, bytes, 4);
}

/* A chunk of a PNG: length, type, data, CRC-32 of both. */
static void
add_chunk(struct buf *out, const char *type, struct slice data)
{
	size_t start = out->len + 4;
	uint32_t crc = 0xFFFFFFFF;

	add_be(out, (uint32_t)data.len, 4);
	buf_adds(out, type);
	buf_add_slice(out, data);
	for (size_t i = start; i < out->len; i++) {
		crc ^= (unsigned char)out->data[i];
		for (int k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320 : 0);
	}
	add_be(out, ~crc, 4);
}

/* zlib's frame around one stored block, or several. */
static void
add_stored(struct buf *out, struct slice data)
{
	uint32_t a = 1, b = 0;

	buf_add(out, "\x78\x01", 2);
	for (size_t at = 0; at < data.len; at += 65535) {
		size_t n = data.len - at < 65535 ? data.len - at : 65535;

		buf_addc(out, at + n == data.len);
		add_le(out, (uint32_t)n, 2);
		add_le(out, ~(uint32_t)n, 2);
		buf_add(out, data.ptr + at, n);
	}
	for (size_t i = 0; i < data.len; i++) {
		a = (a + (unsigned char)data.ptr[i]) % 65521;
		b = (b + a) % 65521;
	}
	add_be(out, b << 16 | a, 4);
}

void
media_png(struct buf *out, uint32_t width, uint32_t height, unsigned char shade)
{
	struct buf rows, part;

	buf_init(&rows, PNG_MAX);
	buf_init(&part, PNG_MAX);
	buf_add(out, "\x89PNG\r\n\x1a\n", 8);
	add_be(&part, width, 4);
	add_be(&part, height, 4);
	buf_add(&part, "\x08\0\0\0\0", 5); /* 8 bits of grey */
	add_chunk(out, "IHDR", buf_slice(&part));
	for (uint32_t y = 0; y < height; y++) {
		buf_addc(&rows, 0); /* no filter */
		for (uint32_t x = 0; x < width; x++)
			buf_addc(&rows, (char)shade);
	}
	buf_reset(&part);
	add_stored(&part, buf_slice(&rows));
	add_chunk(out, "IDAT", buf_slice(&part));
	add_chunk(out, "IEND", SLICE(""));
	buf_release(&rows);
	buf_release(&part);
}

void
media_sample(struct buf *out, const char *name)
{
	if (strcmp(name, "png") == 0)
		media_png(out, 2, 2, 128);
	if (strcmp(name, "wav") == 0) {
		media_wav_header(out, SAMPLE_RATE, 480);
		for (int i = 0; i < 240; i++)
			add_le(out, (uint32_t)(i % 48 * 100), 2);
	}
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		if (strcmp(name, samples[i].name) != 0)
			continue;
		if (samples[i].base64 != NULL)
			gbase64_decode(out, slice_str(samples[i].base64));
		else
			buf_adds(out, samples[i].text);
	}
}

json_object *
media_blob(const char *mime, struct slice data)
{
	json_object *part = json_object_new_object(), *blob = json_object_new_object();
	struct buf text;

	buf_init(&text, JSON_TEXT_MAX);
	buf_adds(&text, "");
	gbase64_add(&text, data.ptr, data.len);
	json_object_object_add(blob, "mimeType", json_object_new_string(mime));
	json_object_object_add(blob, "data", gjson_new(buf_slice(&text)));
	json_object_object_add(part, "inlineData", blob);
	buf_release(&text);
	return part;
}

static bool
wants_text(const struct ask *a)
{
	json_object *config = gjson_get(a->body, "generationConfig");
	size_t count = gjson_count(config, "responseModalities");

	for (size_t i = 0; i < count; i++) {
		const char *word =
		    json_object_get_string(gjson_at(config, "responseModalities", i));

		if (slice_eqi(slice_str(word), SLICE("TEXT")))
			return true;
	}
	return count == 0;
}

static unsigned
input_images(const struct ask *a)
{
	size_t count = gjson_count(a->body, "contents");
	json_object *content = gjson_at(a->body, "contents", count > 0 ? count - 1 : 0);
	unsigned images = 0;

	for (size_t i = 0; i < gjson_count(content, "parts"); i++) {
		json_object *part = gjson_at(content, "parts", i);
		json_object *media = gjson_get(part, "inlineData");

		if (media == NULL)
			media = gjson_get(part, "fileData");
		images += slice_startsi(gjson_str(media, "mimeType"), SLICE("image/"));
	}
	return images;
}

/* The picture has the proportions that were asked for, some pixels wide. */
static json_object *
make_image(const struct ask *a, unsigned char shade)
{
	json_object *config = gjson_get(a->body, "generationConfig");
	json_object *image = gjson_get(config, "imageConfig"), *part;
	json_object *format = gjson_get(gjson_get(config, "responseFormat"), "image");
	struct slice ratio = gjson_str(image, "aspectRatio"), width, size;
	bool jpeg = slice_eqi(gjson_str(format, "mimeType"), SLICE("IMAGE_JPEG"));
	uint64_t w = 1, h = 1;
	uint32_t scale = 2;
	struct buf raw;

	size = gjson_str(image, "imageSize");
	for (size_t i = 0; i < ARRAY_SIZE(scales); i++) {
		if (slice_eq(size, slice_str(scales[i].size)))
			scale = scales[i].scale;
	}
	if (slice_split(&ratio, ':', &width)) {
		slice_u64(width, &w);
		slice_u64(ratio, &h);
	}
	buf_init(&raw, PNG_MAX);
	if (jpeg)
		media_sample(&raw, "jpeg");
	else
		media_png(&raw, (uint32_t)w * scale, (uint32_t)h * scale, shade);
	part = media_blob(jpeg ? "image/jpeg" : "image/png", buf_slice(&raw));
	buf_release(&raw);
	return part;
}

void
media_add_images(const struct ask *a, struct gen *g, struct slice prompt)
{
	unsigned given = input_images(a);
	uint64_t count = behave_number(prompt, "images:", 1);
	struct buf text;

	buf_init(&text, 1024);
	if (g->thought_tokens > 0)
		gen_add(g, make_image(a, 1), true);
	if (wants_text(a)) {
		buf_adds(&text, "Here is your picture");
		if (given > 0)
			buf_addf(&text, ", made from %u image%s", given, given > 1 ? "s" : "");
		buf_adds(&text, ": ");
		gen_add_text(g, buf_slice(&text), false);
	}
	for (uint64_t i = 0; i < count && i < IMAGES_MAX; i++) {
		json_object *part = make_image(a, (unsigned char)(100 + i));

		if (model_is_3(a->model))
			sign_part(part, false, 0);
		gen_add(g, part, false);
	}
	g->output_modality = "IMAGE";
	buf_release(&text);
}
