/*
 * Media in a chat request: data: URLs, bare Base64, links, and what is found behind them. The first
 * byte tells which field holds them; then a line with a URL, then the bytes that a fetch brings.
 * Whatever is accepted goes to Google in canonical Base64 with a clean type, only web links are
 * fetched, and a second pass wants nothing more.
 */
#include "config.h"

#include <string.h>

#include "base/base64.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "core/openai/chat/chat.h"
#include "core/http/mime.h"
#include "fuzz.h"

static const char *const fields[][2] = {
	{ "{\"type\":\"image_url\",\"image_url\":{\"url\":", "}}" },
	{ "{\"type\":\"input_audio\",\"input_audio\":{\"format\":\"wav\",\"data\":", "}}" },
	{ "{\"type\":\"file\",\"file\":{\"filename\":\"a.pdf\",\"file_data\":", "}}" },
	{ "{\"type\":\"file\",\"file\":{\"file_id\":", "}}" },
};

static void
write_request(unsigned choice, struct slice url, struct buf *out)
{
	buf_adds(out, "{\"model\":\"gemini-flash-latest\",\"messages\":[{\"role\":\"user\","
		      "\"content\":[");
	buf_adds(out, fields[choice][0]);
	buf_addc(out, '"');
	buf_add_json(out, url);
	buf_addc(out, '"');
	buf_adds(out, fields[choice][1]);
	buf_adds(out, "]}]}");
}

static void
check_blob(json_object *blob)
{
	struct slice type = json_get_str(blob, "mimeType");
	char clean[MIME_MAX];

	if (blob == NULL)
		return;
	FUZZ_CHECK(base64_is_canonical(json_get_str(blob, "data")));
	FUZZ_CHECK(mime_clean(type, clean) && slice_eq(type, slice_str(clean)));
}

static void
check_body(struct slice body)
{
	json_object *doc = json_read(body);
	json_object *contents = json_get_array(doc, "contents");
	json_object *parts = json_get_array(json_object_array_get_idx(contents, 0), "parts");

	FUZZ_CHECK(parts != NULL && json_object_array_length(parts) > 0);
	for (size_t i = 0; i < json_object_array_length(parts); i++)
		check_blob(json_get(json_object_array_get_idx(parts, i), "inlineData"));
	json_object_put(doc);
}

static void
find_all(struct ext_refs *refs, struct slice bytes)
{
	for (size_t i = 0; i < refs->count; i++) {
		struct slice key = ref_key(refs->list[i]);
		struct buf value;

		FUZZ_CHECK(refs->list[i]->kind == REF_MEDIA && key.len <= URL_MAX);
		FUZZ_CHECK(
		    slice_startsi(key, SLICE("http:")) || slice_startsi(key, SLICE("https:")));
		buf_init(&value, bytes.len);
		buf_add_slice(&value, bytes);
		ext_refs_found(refs, refs->list[i], &value);
	}
}

static void
translate(const struct models *models, struct slice text, bool media_urls, struct slice fetched)
{
	struct chat_request request;
	struct changes changes;
	struct ext_refs refs;
	struct apierror err;
	struct translate_env env = {
		.models = models, .refs = &refs, .changes = &changes, .media_urls = media_urls
	};
	int rc;

	ext_refs_init(&refs);
	changes_init(&changes, false);
	chat_request_init(&request);
	rc = chat_request_read(&request, text, &env, &err);
	if (rc == 0 && refs.wanted > 0) {
		find_all(&refs, fetched);
		changes_reset(&changes);
		chat_request_release(&request);
		rc = chat_request_read(&request, text, &env, &err);
		FUZZ_CHECK(refs.wanted == 0);
	}
	if (rc == 0)
		check_body(buf_slice(&request.body));
	else
		FUZZ_CHECK(err.status >= 400 && err.status < 500 && err.message[0] != '\0');
	chat_request_release(&request);
	changes_release(&changes);
	ext_refs_release(&refs);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct models *models;
	struct slice rest = { (const char *)bytes + 1, size - 1 }, url = SLICE("");
	const char *error;
	struct buf text;

	if (size == 0)
		return 0;
	if (models == NULL)
		models = models_new(models_default_aliases, &error);
	slice_split(&rest, '\n', &url);
	buf_init(&text, 64 * MIB);
	write_request(bytes[0] % ARRAY_SIZE(fields), url, &text);
	translate(models, buf_slice(&text), (bytes[0] & 64) != 0, rest);
	buf_release(&text);
	return 0;
}
