/* chat/stream.c: what golden files cannot show. */
#include "config.h"

#include "core/openai/chat/chat.h"

#include "base/limits.h"
#include "tap.h"

static struct answer_scratch scratch;

static const struct chat_reply_info plain_info = {
	.id = "id", .created = 1, .model = "m", .scratch = &scratch
};

static int
feed(struct chat_stream *s, const char *text, struct buf *out, struct apierror *err)
{
	return chat_stream_feed(s, 0, slice_str(text), out, err);
}

/* Nothing counts as started that a retry could not take back. */
static void
test_started(void)
{
	struct chat_stream *s = chat_stream_new(&plain_info);
	struct apierror err;
	struct buf out;

	buf_init(&out, MIB);
	feed(s, ": comment\n\n", &out, &err);
	feed(s, "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\"}]}}],", &out, &err);
	feed(s, "\"usageMetadata\":{\"promptTokenCount\":3}}\n\n", &out, &err);
	ok(out.len == 0, "an empty text starts nothing");
	is_int(chat_stream_usage(s).prompt, 3, "but its usage counts");
	feed(s, "data: {\"error\":{\"code\":503}}\n\n", &out, &err);
	ok(out.len == 0, "nor does an error");
	chat_stream_free(s);

	s = chat_stream_new(&plain_info);
	feed(s, "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"x\"}]}}]}\n\n", &out,
	    &err);
	ok(out.len > 0, "a word does");
	chat_stream_free(s);
	chat_stream_free(NULL);
	buf_release(&out);
}

/* One event, read in place and by way of json-c: the same answer and the same usage. */
static void
both_ways(const char *members)
{
	struct buf event, fast, slow;
	struct usage usage[2];
	struct apierror err;

	buf_init(&event, MIB);
	buf_init(&fast, MIB);
	buf_init(&slow, MIB);
	for (int way = 0; way < 2; way++) {
		struct chat_stream *s = chat_stream_new(&plain_info);
		struct buf *out = way == 0 ? &fast : &slow;

		buf_reset(&event);
		buf_addf(&event, "data: {%s%s}\n\n", way == 0 ? "" : "\"zz\":{},", members);
		if (chat_stream_feed(s, 0, buf_slice(&event), out, &err) != 0 ||
		    chat_stream_finish(s, 0, out, &err) != 0)
			apierror_render(&err, DIALECT_OPENAI, out);
		usage[way] = chat_stream_usage(s);
		chat_stream_free(s);
	}
	ok(slice_eq(buf_slice(&fast), buf_slice(&slow)) && fast.len > 0 &&
		memcmp(&usage[0], &usage[1], sizeof(usage[0])) == 0,
	    members);
	buf_release(&event);
	buf_release(&fast);
	buf_release(&slow);
}

#define TEXT(inside) "\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"" inside "\"}]}}]"

static void
test_both_ways(void)
{
	both_ways(TEXT("plain \xE4\xB8\x96"));
	both_ways(
	    TEXT("\\u003cb\\u003e \\\" \\\\ \\/ \\b\\f\\n\\r\\t \\u00e9 \\u4e16 \\u0000 \\u0080"));
	both_ways(TEXT("\\ud83d\\ude00 \\ud83d \\ude00"));
	both_ways(TEXT("\xFF\xC3\\n\xA9 \xE4\xB8\\u0041"));
	both_ways(TEXT("\\x"));
	both_ways(TEXT("\\u12"));
	both_ways(TEXT("\x01"));
	both_ways(TEXT("a\"},{\"text\":\"b"));
	both_ways(TEXT("a\",\"text\":\"b"));
	both_ways(TEXT("a\",\"thought\":true,\"x\":\""));
	both_ways(TEXT("") ",\"usageMetadata\":{\"promptTokenCount\":12,\"b\":[1,{\"c\":null}]}");
	both_ways(TEXT("x") ",\"usageMetadata\":{\"promptTokenCount\":1234567890123}");
	both_ways(TEXT("x") ",\"usageMetadata\":{\"promptTokenCount\":01}");
	both_ways(TEXT("x") ",\"usageMetadata\":{\"promptTokenCount\":1,}");
	both_ways(TEXT("x") ",\"usageMetadata\":{\"promptTokenCount\" 1}");
	both_ways(TEXT("x") ",\"usageMetadata\":[1");
	both_ways(TEXT("x") "," TEXT("y"));
	both_ways(TEXT("x") ",\"usageMetadata\":{},\"usageMetadata\":{\"promptTokenCount\":3}");
	both_ways(
	    "\"candidates\":[{\"content\":{\"parts\":[{\"thought\":true,\"text\":\"t\"}],"
	    "\"role\":\"model\"},\"finishReason\":\"MAX_TOKENS\",\"index\":1,\"safetyRatings\":"
	    "[{\"category\":\"X\",\"blocked\":true}]}],\"modelVersion\":\"m\"");
	both_ways("\"candidates\":[{\"index\":99,\"finishReason\":\"STOP\"}]");
	both_ways("\"candidates\":[{\"index\":0,\"index\":1,\"finishReason\":\"STOP\"}]");
	both_ways("\"candidates\":[{\"content\":{},\"finishReason\":\"ST\\u004fP\"}]");
	both_ways("\"candidates\":[{\"finishReason\":\"STOP\"}] , \"error\":{\"code\":503}");
	both_ways("\"candidates\":[{\"finishReason\":\"STOP\"}]}{");
}

/* Counters that a later event does not name keep their value. */
static void
test_usage_merge(void)
{
	struct chat_stream *s = chat_stream_new(&plain_info);
	struct usage usage;
	struct apierror err;
	struct buf out;

	buf_init(&out, MIB);
	feed(s, "data: {\"usageMetadata\":{\"promptTokenCount\":1,\"thoughtsTokenCount\":7}}\n\n",
	    &out, &err);
	feed(s, "data: {\"usageMetadata\":{\"promptTokenCount\":22,\"thoughtsTokenCount\":8}}\n\n",
	    &out, &err);
	feed(s, "data: {\"usageMetadata\":{\"promptTokenCount\":23}}\n\n", &out, &err);
	feed(s, "data: {\"usageMetadata\":{\"candidatesTokenCount\":5}}\n\n", &out, &err);
	usage = chat_stream_usage(s);
	ok(usage.prompt == 23 && usage.thoughts == 8 && usage.candidates == 5, "usage is merged");
	chat_stream_free(s);
	buf_release(&out);
}

/* Streams of one loop share a parser, events of different streams come in turns. */
static void
test_shared_reader(void)
{
	struct json_reader *reader = json_reader_new();
	struct chat_reply_info info = plain_info;
	struct chat_stream *a, *b;
	struct buf out_a, out_b;
	struct apierror err;
	static const char event[] =
	    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"x\"}]},"
	    "\"finishReason\":\"STOP\"}]}\n\n";

	scratch.json = reader;
	a = chat_stream_new(&info);
	b = chat_stream_new(&info);
	buf_init(&out_a, MIB);
	buf_init(&out_b, MIB);
	for (size_t i = 0; event[i] != '\0'; i++) {
		chat_stream_feed(a, 0, (struct slice){ event + i, 1 }, &out_a, &err);
		chat_stream_feed(b, 0, (struct slice){ event + i, 1 }, &out_b, &err);
	}
	ok(chat_stream_finish(a, 0, &out_a, &err) == 0 &&
		chat_stream_finish(b, 0, &out_b, &err) == 0,
	    "both end");
	ok(slice_eq(buf_slice(&out_a), buf_slice(&out_b)), "with the same text");
	chat_stream_free(a);
	chat_stream_free(b);
	json_reader_free(reader);
	scratch.json = NULL;
	buf_release(&out_a);
	buf_release(&out_b);
}

static void
test_too_large(void)
{
	struct chat_stream *s = chat_stream_new(&plain_info);
	struct apierror err;
	struct buf out;
	static char piece[MIB];
	int answer;

	buf_init(&out, MIB);
	memset(piece, 'x', sizeof(piece));
	answer = feed(s, "data: ", &out, &err);
	for (unsigned i = 0; i <= SSE_EVENT_MAX / MIB && answer == 0; i++)
		answer = chat_stream_feed(s, 0, (struct slice){ piece, sizeof(piece) }, &out, &err);
	ok(answer == -1 && err.kind == APIERROR_UPSTREAM, "an endless event is an error");
	chat_stream_free(s);
	buf_release(&out);
}

/* As many candidates as a request may have, all at once. */
static void
test_many_lanes(void)
{
	struct chat_reply_info info = plain_info;
	struct chat_stream *s;
	struct apierror err;
	struct buf event, out;
	bool good = true;

	info.fan = FAN_MAX;
	s = chat_stream_new(&info);
	buf_init(&event, MIB);
	buf_init(&out, MIB);
	for (size_t i = 0; i < FAN_MAX; i++) {
		buf_reset(&event);
		buf_addf(&event,
		    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"%zu\"}]},"
		    "\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":1}}\n\n",
		    i);
		good = good && chat_stream_feed(s, i, buf_slice(&event), &out, &err) == 0;
	}
	for (size_t i = FAN_MAX; i-- > 0;) {
		bool done = slice_find(buf_slice(&out), SLICE("[DONE]")) >= 0;

		good = good && !done && chat_stream_finish(s, i, &out, &err) == 0;
	}
	ok(good && slice_ends(buf_slice(&out), SLICE("data: [DONE]\n\n")),
	    "the last of many lanes ends the stream");
	ok(slice_find(buf_slice(&out), SLICE("{\"index\":127,\"delta\":{\"content\":\"127\"}")) > 0,
	    "each is a choice");
	is_int(chat_stream_usage(s).prompt, FAN_MAX, "and is counted");
	chat_stream_free(s);
	buf_release(&event);
	buf_release(&out);
}

/* Arguments of megabytes: a string within a string, cut by many feeds. */
static void
test_large_call(void)
{
	struct chat_stream *s = chat_stream_new(&plain_info);
	struct apierror err;
	struct buf event, out;
	json_object *chunk, *call, *args;
	int answer = 0;

	buf_init(&event, 8 * MIB);
	buf_init(&out, 32 * MIB);
	buf_adds(&event, "data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{"
			 "\"name\":\"f\",\"args\":{\"a\":\"");
	for (int i = 0; i < 500000; i++)
		buf_adds(&event, "\\\"\\\\x");
	buf_adds(&event, "\"}}}]},\"finishReason\":\"STOP\"}]}\n\n");
	for (size_t at = 0; at < event.len && answer == 0; at += 4000)
		answer = chat_stream_feed(s, 0,
		    (struct slice){
			event.data + at, event.len - at < 4000 ? event.len - at : 4000 },
		    &out, &err);
	ok(answer == 0 && !out.failed, "a call of megabytes");
	/* The second chunk has it. */
	buf_consume(&out, (size_t)slice_find(buf_slice(&out), SLICE("\n\n")) + 2 + 6);
	chunk = json_read((struct slice){ out.data, out.len - 2 });
	call = json_get(json_object_array_get_idx(json_get_array(chunk, "choices"), 0), "delta");
	call = json_object_array_get_idx(json_get_array(call, "tool_calls"), 0);
	args = json_read(json_get_str(json_get(call, "function"), "arguments"));
	is_int(json_get_str(args, "a").len, 1500000, "arrives whole");
	json_object_put(args);
	json_object_put(chunk);
	chat_stream_free(s);
	buf_release(&event);
	buf_release(&out);
}

/* Names as long as Google likes. */
static void
test_long_words(void)
{
	struct chat_stream *s = chat_stream_new(&plain_info);
	struct apierror err;
	struct buf event, out;

	buf_init(&event, MIB);
	buf_init(&out, MIB);
	buf_adds(&event, "data: {\"candidates\":[{\"finishReason\":\"");
	for (int i = 0; i < 1000; i++)
		buf_adds(&event, "LONG_");
	buf_adds(&event, "\"}]}\n\n");
	ok(chat_stream_feed(s, 0, buf_slice(&event), &out, &err) == 0, "a long finish reason");
	ok(chat_stream_finish(s, 0, &out, &err) == 0, "ends the stream");
	ok(slice_find(buf_slice(&out), SLICE("\"finish_reason\":\"stop\"")) > 0, "as stop");
	chat_stream_free(s);
	buf_release(&event);
	buf_release(&out);
}

/* A whole reply to a request with `functions`. */
static void
test_legacy_reply(void)
{
	struct chat_reply_info info = plain_info;
	struct usage usage = { 0 };
	struct apierror err;
	struct buf out;

	info.legacy_functions = true;
	buf_init(&out, MIB);
	ok(chat_reply_translate(
	       &SLICE("{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{"
		      "\"name\":\"f\",\"args\":{\"a\":1}}},{\"functionCall\":{"
		      "\"name\":\"g\"}}]},\"finishReason\":\"STOP\"}]}"),
	       &info, &out, &usage, &err) == 0,
	    "a reply with two calls");
	is_slice(buf_slice(&out),
	    "{\"id\":\"chatcmpl-id\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"m\","
	    "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":null,"
	    "\"refusal\":null,\"function_call\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":1}\"}},"
	    "\"logprobs\":null,\"finish_reason\":\"function_call\",\"native_finish_reason\":"
	    "\"STOP\""
	    "}]}",
	    "has room for one");
	buf_release(&out);
}

int
main(void)
{
	test_started();
	test_both_ways();
	test_usage_merge();
	test_shared_reader();
	test_too_large();
	test_many_lanes();
	test_large_call();
	test_long_words();
	test_legacy_reply();
	return tap_done();
}
