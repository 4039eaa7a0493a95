/* POST /responses/compact and /responses/input_tokens. */
#include "config.h"

#include "core/openai/responses/responses.h"

#include "base/limits.h"
#include "core/json/json.h"
#include "tap.h"

static struct answer_scratch scratch;

static struct models *models;

static const char text_answer[] =
    "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Rain.\"}]},"
    "\"finishReason\":\"STOP\",\"index\":0}]}";

static bool
read_as(enum responses_use use, const char *body, struct responses_request *q)
{
	struct translate_env env = { .models = models };
	struct apierror err;

	responses_request_init(q);
	q->use = use;
	if (responses_request_read(q, slice_str(body), &env, &err) == 0)
		return ok(true, "the request");
	printf("# %s: %s\n", err.param, err.message);
	return ok(false, "the request");
}

static bool
sent(const struct responses_request *q, const char *part)
{
	bool found = slice_find(buf_slice(&q->chat.body), slice_str(part)) >= 0;

	if (!found)
		printf("# %s\n", q->chat.body.data);
	return found;
}

/* What is kept of it can be sent on as it is. */
static void
test_compact(void)
{
	struct responses_info info = {
		.chat = { .id = "cccc", .created = 1700000000, .model = "m", .scratch = &scratch },
		.compact = true,
		.compaction = true,
	};
	struct responses_request q, next;
	struct responses_stream *stream;
	struct buf kept, body, reply;
	struct apierror err;

	buf_init(&kept, 1 * MIB);
	buf_init(&body, 1 * MIB);
	buf_init(&reply, 1 * MIB);
	read_as(RESPONSES_COMPACT,
	    "{\"model\":\"gemini-3.8-flash\",\"stream\":true,\"input\":["
	    "{\"role\":\"developer\",\"content\":\"Rules.\"},"
	    "{\"role\":\"user\",\"content\":\"Weather?\"},"
	    "{\"role\":\"assistant\",\"content\":\"Rain.\"},"
	    "{\"type\":\"message\",\"id\":\"mine\",\"role\":\"user\",\"content\":["
	    "{\"type\":\"input_text\",\"text\":\"Thanks.\"}]}]}",
	    &q);
	ok(!q.chat.stream, "is no stream");
	ok(sent(&q, "Write a summary of this conversation"), "asks for a summary");
	responses_compact_keep(&q, "cccc", &kept);
	info.kept = buf_slice(&kept);
	stream = responses_stream_new(&info);
	ok(responses_stream_document(stream, slice_str(text_answer), &reply, &err) == 0,
	    "the answer");
	is_slice(buf_slice(&reply),
	    "{\"id\":\"resp_cccc\",\"object\":\"response.compaction\",\"created_at\":1700000000,"
	    "\"output\":[{\"id\":\"msg_cccc_in1\",\"type\":\"message\",\"status\":\"completed\","
	    "\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"Weather?\"}]},"
	    "{\"id\":\"mine\",\"type\":\"message\",\"status\":\"completed\",\"role\":\"user\","
	    "\"content\":[{\"type\":\"input_text\",\"text\":\"Thanks.\"}]},"
	    "{\"id\":\"cmp_cccc_0\",\"type\":\"compaction\",\"encrypted_content\":"
	    "\"gemini-balance.summary.1.IlJhaW4uIg==\"}],"
	    "\"usage\":{\"input_tokens\":0,\"input_tokens_details\":{\"cached_tokens\":0,\"cache_"
	    "write_tokens\":0},"
	    "\"output_tokens\":0,\"output_tokens_details\":{\"reasoning_tokens\":0},"
	    "\"total_tokens\":0}}",
	    "OpenAI's object");
	buf_addf(&body,
	    "{\"model\":\"gemini-3.8-flash\",\"input\":[%s,"
	    "{\"type\":\"compaction\",\"encrypted_content\":"
	    "\"gemini-balance.summary.1.IlJhaW4uIg==\"},{\"role\":\"user\",\"content\":\"And?\"}]}",
	    kept.data);
	read_as(RESPONSES_CREATE, body.data, &next);
	ok(sent(&next, "{\"text\":\"Weather?\"}"), "the user's words are there");
	ok(sent(&next, "was said:\\n\\nRain.\"}"), "and the summary");
	responses_stream_free(stream);
	responses_request_release(&next);
	responses_request_release(&q);
	buf_release(&reply);
	buf_release(&kept);
	buf_release(&body);
}

/* The latest messages up to the ceiling. */
static void
test_kept(void)
{
	struct responses_request q;
	struct buf body, kept;
	json_object *list;

	buf_init(&body, 1 * MIB);
	buf_init(&kept, 1 * MIB);
	buf_adds(&body, "{\"model\":\"gemini-3.8-flash\",\"input\":[");
	for (size_t i = 0; i < 100; i++) {
		buf_adds(&body, "{\"role\":\"user\",\"content\":\"");
		for (size_t k = 0; k < KIB; k++)
			buf_addc(&body, 'a');
		buf_addf(&body, "%zu\"},", i);
	}
	buf_adds(&body, "{\"role\":\"assistant\",\"content\":\"b\"}]}");
	read_as(RESPONSES_CREATE, body.data, &q);
	buf_addc(&kept, '[');
	responses_compact_keep(&q, "dddd", &kept);
	buf_addc(&kept, ']');
	list = json_read(buf_slice(&kept));
	ok(json_object_array_length(list) > 50 && json_object_array_length(list) < 64,
	    "as many as fit");
	ok(slice_find(buf_slice(&kept), SLICE("a99\"")) >= 0, "the latest of them");
	json_object_put(list);
	responses_request_release(&q);
	buf_release(&body);
	buf_release(&kept);
}

/* An item that is two messages does not shift what the summary tells. */
static void
test_summarised(void)
{
	struct responses_request q;
	struct buf kept;

	buf_init(&kept, 1 * MIB);
	read_as(RESPONSES_CREATE,
	    "{\"model\":\"gemini-3.8-flash\",\"input\":["
	    "{\"type\":\"mcp_call\",\"id\":\"a\",\"server_label\":\"s\",\"name\":\"f\","
	    "\"arguments\":\"{}\",\"output\":\"1\"},"
	    "{\"role\":\"assistant\",\"content\":\"Rain.\"},"
	    "{\"role\":\"developer\",\"content\":\"Rules.\"},"
	    "{\"role\":\"user\",\"content\":\"Before.\"},"
	    "{\"type\":\"compaction\",\"encrypted_content\":"
	    "\"gemini-balance.summary.1.IlJhaW4uIg==\"},"
	    "{\"role\":\"user\",\"content\":\"After.\"}]}",
	    &q);
	ok(sent(&q, "\"Rules.\""), "instructions stay");
	ok(!sent(&q, "Before."), "what the summary tells does not");
	responses_compact_keep(&q, "eeee", &kept);
	ok(slice_find(buf_slice(&kept), SLICE("After.")) >= 0, "what came after it is kept");
	ok(slice_find(buf_slice(&kept), SLICE("Before.")) < 0, "and nothing else");
	responses_request_release(&q);
	buf_release(&kept);
}

static void
test_count(void)
{
	struct responses_request q;
	struct apierror err;
	struct buf out;

	buf_init(&out, 1 * MIB);
	read_as(RESPONSES_COUNT, "{\"input\":\"x\",\"stream\":true,\"instructions\":\"y\"}", &q);
	ok(!q.chat.stream, "a count is no stream");
	responses_count_write(&q, &out);
	is_slice(buf_slice(&out),
	    "{\"generateContentRequest\":{\"model\":\"models/gemini-flash-latest\","
	    "\"systemInstruction\":{\"parts\":[{\"text\":\"y\"}]},"
	    "\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"x\"}]}]}}",
	    "is what a create would send");
	responses_request_release(&q);
	buf_reset(&out);
	ok(responses_count_reply(SLICE("{\"totalTokens\":31}"), &scratch, &out, &err) == 0,
	    "the answer");
	is_slice(buf_slice(&out), "{\"object\":\"response.input_tokens\",\"input_tokens\":31}",
	    "as OpenAI has it");
	buf_reset(&out);
	ok(responses_count_reply(SLICE("{}"), &scratch, &out, &err) == 0, "nothing to count");
	is_slice(buf_slice(&out), "{\"object\":\"response.input_tokens\",\"input_tokens\":0}",
	    "is zero");
	ok(responses_count_reply(SLICE("[]"), &scratch, &out, &err) != 0, "no answer");
	is_int(err.status, 502, "is the upstream's fault");
	buf_release(&out);
}

int
main(void)
{
	const char *error;

	models = models_new("", &error);
	test_compact();
	test_kept();
	test_summarised();
	test_count();
	models_free(models);
	return tap_done();
}
