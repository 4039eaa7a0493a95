/* usage.c and usage_scan.c. */
#include "config.h"

#include "core/gemini/usage.h"

#include "base/limits.h"
#include "core/json/json.h"
#include "tap.h"

static void
read_text(struct usage *u, const char *text)
{
	json_object *doc = json_read(slice_str(text));

	usage_read(u, doc);
	json_object_put(doc);
}

static void
test_read(void)
{
	struct usage u = { 0 };
	struct buf out;
	struct jwriter w;

	read_text(&u, "[]");
	ok(!u.known, "no object, no usage");
	read_text(&u, "{\"promptTokenCount\":10,\"totalTokenCount\":10,"
		      "\"promptTokensDetails\":[{\"modality\":\"TEXT\",\"tokenCount\":7},"
		      "{\"modality\":\"IMAGE\",\"tokenCount\":3}]}");
	read_text(&u, "{\"candidatesTokenCount\":5,\"thoughtsTokenCount\":\"20\","
		      "\"cachedContentTokenCount\":4,\"toolUsePromptTokenCount\":2,"
		      "\"totalTokenCount\":37,\"serviceTier\":\"flex\"}");
	is_int(usage_input(&u), 12, "input: prompt and tool prompt");
	is_int(usage_output(&u), 25, "output: candidates and thoughts");
	is_str(u.service_tier, "flex", "tier");
	buf_init(&out, KIB);
	w = jwriter_on(&out);
	usage_write_openai(&u, &w, NULL);
	is_slice(buf_slice(&out),
	    "{\"prompt_tokens\":12,\"completion_tokens\":25,\"total_tokens\":37,"
	    "\"prompt_tokens_details\":{\"cached_tokens\":4,\"audio_tokens\":0,\"image_tokens\":3,"
	    "\"text_tokens\":7},\"completion_tokens_details\":{\"reasoning_tokens\":20,"
	    "\"audio_tokens\":0}}",
	    "OpenAI's object");
	buf_release(&out);

	u = (struct usage){ 0 };
	read_text(&u, "{\"promptTokenCount\":-5,\"candidatesTokenCount\":9223372036854775807,"
		      "\"thoughtsTokenCount\":9223372036854775807}");
	ok(u.prompt == 0 && u.total > 0 && u.total == usage_output(&u),
	    "absurd counts are bounded");
}

static void
scan(const char *what, const char *text, long long prompt)
{
	size_t len = strlen(text), at;

	for (at = 0; at <= len; at++) {
		struct usage_scan s;

		usage_scan_init(&s);
		usage_scan_feed(&s, (struct slice){ text, at });
		usage_scan_feed(&s, (struct slice){ text + at, len - at });
		usage_scan_finish(&s);
		usage_scan_release(&s);
		if (s.usage.prompt != prompt || s.usage.known != (prompt >= 0 && prompt != 0))
			break;
	}
	if (!ok(at > len, what))
		printf("# split at %zu\n", at);
}

int
main(void)
{
	test_read();
	scan("in a document", "{\"x\":1,\"usageMetadata\": {\"promptTokenCount\": 3}}", 3);
	scan("the last one",
	    "{\"usageMetadata\":{\"promptTokenCount\":3}}\n\n"
	    "data: {\"usageMetadata\":{\"a\":{\"b\":\"}\\\"}\"},\"promptTokenCount\":4}}",
	    4);
	scan("pretty", "\"usageMetadata\"\r\n : {\n \"promptTokenCount\": 5 }", 5);
	scan("cut", "{\"usageMetadata\":{\"promptTokenCount\":6", 0);
	scan("cut after a whole one",
	    "{\"usageMetadata\":{\"promptTokenCount\":6}},{\"usageMetadata\":{", 6);
	scan(
	    "within a string", "{\"t\":\"\\\"usageMetadata\\\":{\\\"promptTokenCount\\\":7}\"}", 0);
	scan("as a value", "{\"t\":\"usageMetadata\",\"u\":{\"promptTokenCount\":7}}", 0);
	scan("near misses", "\"usage\"usageMeta\"\"\"usageMetadata\":{\"promptTokenCount\":8}", 8);
	scan("none", "hello", 0);
	return tap_done();
}
