/* chat/reply.c and reply_parts.c: tables and ceilings that golden files cannot show whole. */
#include "config.h"

#include "core/openai/chat/reply_parts.h"

#include "base/limits.h"
#include "base/xalloc.h"
#include "tap.h"

static struct answer_scratch scratch;

static const struct chat_reply_info plain_info = {
	.id = "id", .created = 1, .model = "m", .scratch = &scratch
};

/* ---- finish reasons ---- */

/* clang-format off */
/* Each of Google's reasons (Candidate.FinishReason, and those that only its SDK or its pages know),
 * and its word after a call, after words, and after nothing. */
static const struct {
	const char *native, *called, *spoke, *neither;
} finishes[] = {
	{ "STOP",                      "tool_calls",     "stop",           "stop" },
	{ "MAX_TOKENS",                "length",         "length",         "length" },
	{ "CONTINUATION",              "length",         "length",         "length" },
	{ "SAFETY",                    "content_filter", "content_filter", "content_filter" },
	{ "RECITATION",                "content_filter", "content_filter", "content_filter" },
	{ "BLOCKLIST",                 "content_filter", "content_filter", "content_filter" },
	{ "PROHIBITED_CONTENT",        "content_filter", "content_filter", "content_filter" },
	{ "SPII",                      "content_filter", "content_filter", "content_filter" },
	{ "LANGUAGE",                  "content_filter", "content_filter", "content_filter" },
	{ "IMAGE_SAFETY",              "content_filter", "content_filter", "content_filter" },
	{ "IMAGE_PROHIBITED_CONTENT",  "content_filter", "content_filter", "content_filter" },
	{ "IMAGE_RECITATION",          "content_filter", "content_filter", "content_filter" },
	{ "IMAGE_OTHER",               "tool_calls",     "stop",           "stop" },
	{ "NO_IMAGE",                  "tool_calls",     "stop",           "stop" },
	{ "OTHER",                     "tool_calls",     "stop",           "content_filter" },
	{ "MALFORMED_FUNCTION_CALL",   "tool_calls",     "stop",           "stop" },
	{ "UNEXPECTED_TOOL_CALL",      "tool_calls",     "stop",           "stop" },
	{ "TOO_MANY_TOOL_CALLS",       "tool_calls",     "stop",           "stop" },
	{ "MISSING_THOUGHT_SIGNATURE", "tool_calls",     "stop",           "stop" },
	{ "MALFORMED_RESPONSE",        "tool_calls",     "stop",           "stop" },
	{ "ESCALATION",                "content_filter", "content_filter", "content_filter" },
	{ "PUP_LIMITED_DISABLED",      "content_filter", "content_filter", "content_filter" },
	{ "MODEL_ARMOR",               "content_filter", "content_filter", "content_filter" },
	{ "JAILBREAK",                 "content_filter", "content_filter", "content_filter" },
	{ "VIDEO_SAFETY",              "content_filter", "content_filter", "content_filter" },
	{ "SAFETY_CHECKED",            "tool_calls",     "stop",           "stop" },
	{ "FINISH_REASON_UNSPECIFIED", "tool_calls",     "stop",           "stop" },
	{ "SOMETHING_NEW",             "tool_calls",     "stop",           "stop" },
	{ "",                          "tool_calls",     "stop",           "stop" },
};
/* clang-format on */

static const char *
word(const char *native, bool called, bool spoke, bool legacy)
{
	struct chat_finish finish = {
		.native = slice_str(native),
		.called = called,
		.spoke = spoke,
		.legacy = legacy,
	};

	return chat_finish_word(&finish);
}

static void
test_finish_words(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(finishes); i++) {
		const char *native = finishes[i].native, *called = finishes[i].called;
		bool calls = strcmp(called, "tool_calls") == 0;

		is_str(word(native, true, false, false), called, native);
		is_str(word(native, true, true, false), called, "  with words before the call");
		is_str(word(native, true, false, true), calls ? "function_call" : called,
		    "  in the older form");
		is_str(word(native, false, true, false), finishes[i].spoke, "  after words");
		is_str(word(native, false, false, false), finishes[i].neither, "  after nothing");
	}
	is_str(word("stop", false, true, false), "stop", "a word in lower case is another one");
	is_str(word("SAFETYX", false, true, false), "stop", "so is a longer one");
}

/* Every reason that a prompt is blocked for, in both forms. */
static void
test_block_reasons(void)
{
	static const char *const reasons[] = { "BLOCK_REASON_UNSPECIFIED", "SAFETY", "OTHER",
		"BLOCKLIST", "PROHIBITED_CONTENT", "IMAGE_SAFETY", "MODEL_ARMOR", "JAILBREAK",
		"SOMETHING_NEW", "WITH \\\"QUOTES\\\" AND MORE THAN THIRTY-TWO BYTES" };

	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		struct chat_stream *s = chat_stream_new(&plain_info);
		struct buf text, whole, events;
		struct usage usage = { 0 };
		struct apierror err;
		json_object *doc;
		struct slice body;

		buf_init(&text, MIB);
		buf_init(&whole, MIB);
		buf_init(&events, MIB);
		buf_addf(&text, "data: {\"promptFeedback\":{\"blockReason\":\"%s\"}}", reasons[i]);
		body = (struct slice){ text.data + 6, text.len - 6 };
		ok(chat_reply_translate(&body, &plain_info, &whole, &usage, &err) == 0, reasons[i]);
		doc = json_read(buf_slice(&whole));
		ok(slice_find(buf_slice(&whole), SLICE("\"finish_reason\":\"content_filter\"")) >
			    0 &&
			slice_find(buf_slice(&whole), SLICE("\"content\":null,\"refusal\":\"Goo")) >
			    0 &&
			doc != NULL,
		    "  is a refusal");
		json_object_put(doc);
		ok(chat_stream_feed(s, 0, buf_slice(&text), &events, &err) == 0 &&
			chat_stream_finish(s, 0, &events, &err) == 0 &&
			slice_find(buf_slice(&events), SLICE("\"refusal\":\"Google")) > 0 &&
			slice_find(buf_slice(&events), SLICE("\"content_filter\"")) > 0,
		    "  and in a stream");
		chat_stream_free(s);
		buf_release(&text);
		buf_release(&whole);
		buf_release(&events);
	}
}

/* ---- one document, by the short cut and without it ---- */

static void
both_ways(const char *text)
{
	struct json_reader *reader = json_reader_new();
	struct buf out[2];
	struct usage usage[2];
	struct apierror err[2];
	int answer[2];

	memset(usage, 0, sizeof(usage));
	for (int way = 0; way < 2; way++) {
		struct chat_reply_info info = plain_info;

		scratch.json = way == 0 ? reader : NULL;
		buf_init(&out[way], MIB);
		answer[way] = chat_reply_translate(&(struct slice){ text, strlen(text) }, &info,
		    &out[way], &usage[way], &err[way]);
	}
	ok(answer[0] == answer[1] && slice_eq(buf_slice(&out[0]), buf_slice(&out[1])) &&
		memcmp(&usage[0], &usage[1], sizeof(usage[0])) == 0 &&
		(answer[0] == 0 || err[0].kind == err[1].kind),
	    text);
	buf_release(&out[0]);
	buf_release(&out[1]);
	json_reader_free(reader);
}

#define PARTS(inside) "{\"candidates\":[{\"content\":{\"parts\":[" inside "]}"
#define STOP          ",\"finishReason\":\"STOP\""

static void
test_both_ways(void)
{
	both_ways(PARTS("{\"text\":\"a \\u00e9 \\ud83d\\ude00 \xFF\"}") STOP "}]}");
	both_ways(PARTS("{\"text\":\"a\"}") STOP ",\"index\":3}]}");
	both_ways(PARTS("{\"text\":\"a\"}") "}]}");
	both_ways(PARTS("{\"text\":\"a\"}") "}],\"promptFeedback\":{\"blockReason\":\"SAFETY\"}}");
	both_ways(PARTS("{\"text\":\"\"}") STOP "}]}");
	both_ways(PARTS("") STOP "}]}");
	both_ways(PARTS("{\"text\":\"a\",\"thought\":true}") STOP "}]}");
	both_ways(PARTS("{\"text\":\"a\"}") STOP "}],\"usageMetadata\":{\"promptTokenCount\":3}}");
	both_ways(PARTS("{\"text\":\"a\"}") STOP "}],\"usageMetadata\":{}}");
	both_ways(PARTS("{\"text\":\"a\"}") STOP "},{\"finishReason\":\"STOP\",\"index\":1}]}");
	both_ways(PARTS("{\"text\":\"a\"},{\"text\":\"b\"}") STOP "}]}");
	both_ways(PARTS("{\"text\":\"a\"}") STOP ",\"groundingMetadata\":null}]}");
	both_ways(PARTS("{\"text\":\"a\"}") ",\"finishReason\":\"OTHER\"}]}");
	both_ways("\xEF\xBB\xBF" PARTS("{\"text\":\"a\"}") STOP "}]}");
	both_ways("\r\n " PARTS("{\"text\":\"a\"}") STOP "}]}\r\n");
	both_ways(PARTS("{\"text\":\"a\"}") STOP "}]} x");
	both_ways("{\"candidates\":[null]}");
	both_ways("{\"candidates\":[]}");
	both_ways("");
}

/* ---- calls ---- */

static void
check_id(const char *id, bool own)
{
	struct chat_call_place place = { .info = &plain_info, .choice = 2, .index = 7 };
	json_object *call = json_object_new_object();
	char text[CALL_ID_MAX + 1];

	json_put_str(call, "id", slice_str(id));
	is_slice(chat_call_id(call, &place, text), own ? id : "call_id_2_7", id);
	json_object_put(call);
}

static void
test_call_ids(void)
{
	static const struct chat_reply_info long_info = {
		.id = "a-very-long-id-of-a-reply-that-leaves-no-room-for-anything"
	};
	struct chat_call_place place = { .info = &long_info, .choice = 127, .index = 12345678 };
	char text[CALL_ID_MAX + 1];
	struct slice id;

	check_id("abc-DEF_0.1:2", true);
	check_id("1234567890123456789012345678901234567890", true);
	check_id("12345678901234567890123456789012345678901", false);
	check_id("", false);
	check_id("a b", false);
	check_id("a\x7F", false);
	check_id("a\"b", false);
	check_id("\xC3\xA9", false);
	id = chat_call_id(NULL, &place, text);
	ok(id.len <= CALL_ID_MAX && slice_starts(id, SLICE("call_")), "made ids fit as well");
	ok(slice_ends(id, SLICE("_27_345678")), "and end with their place");
}

static size_t kept;

static void
keep(void *ctx, struct slice call_id, struct slice value)
{
	(void)ctx;
	(void)call_id;
	(void)value;
	kept++;
}

/* What Google's tools did is carried whole or not at all. */
static void
test_traces(void)
{
	json_object *body = json_read(SLICE("{\"toolCall\":{\"id\":\"t\"}}"));
	json_object *call = json_read(SLICE("{\"functionCall\":{\"name\":\"f\"}}"));
	struct gemini_part trace = gemini_part_read(body), part = gemini_part_read(call);
	struct chat_reply_info info = plain_info;
	struct chat_call_place place = { .info = &info };
	struct buf traces, text;

	info.keep = keep;
	chat_traces_init(&traces);
	chat_trace_add(&traces, &trace);
	chat_trace_add(&traces, &trace);
	is_slice(buf_slice(&traces), "{\"toolCall\":{\"id\":\"t\"}},{\"toolCall\":{\"id\":\"t\"}}",
	    "a list of traces");
	place.traces = buf_slice(&traces);
	chat_call_keep(&part, &place, SLICE("c1"));
	is_int(kept, 1, "is kept with the first call");
	place.index = 1;
	chat_call_keep(&part, &place, SLICE("c2"));
	is_int(kept, 1, "and with no other");
	while (!traces.failed)
		chat_trace_add(&traces, &trace);
	is_int(traces.len, 0, "too many of them are none");
	chat_trace_add(&traces, &trace);
	is_int(traces.len, 0, "and stay none");
	place.traces = buf_slice(&traces);
	place.index = 0;
	buf_init(&text, MIB);
	chat_call_carry(&part, &place, &text);
	is_int(text.len, 0, "nothing is carried");
	buf_release(&text);
	buf_release(&traces);
	json_object_put(body);
	json_object_put(call);
}

/* ---- ceilings ---- */

/* What does not fit is reported by the buffer, never cut in silence. */
static void
test_overflow(void)
{
	static const struct slice text =
	    SLICE(PARTS("{\"functionCall\":{\"name\":\"f\",\"args\":{\"a\":\"0123456789\"}}},"
			"{\"text\":\"abc\"},{\"inlineData\":{\"mimeType\":\"audio/L16\",\"data\":"
			"\"AAAA\"}},{\"toolCall\":{}}") STOP "}]}");
	bool good = true;
	struct usage usage = { 0 };
	struct apierror err;
	struct buf out;
	size_t whole;

	buf_init(&out, MIB);
	ok(chat_reply_translate(&text, &plain_info, &out, &usage, &err) == 0, "a reply");
	whole = out.len;
	buf_release(&out);
	for (size_t max = 0; max < whole; max++) {
		buf_init(&out, max);
		chat_reply_translate(&text, &plain_info, &out, &usage, &err);
		good = good && out.failed && out.len <= max;
		buf_release(&out);
	}
	ok(good, "is never shown in part");
}

/* As many candidates as there is room for in the text. */
static void
test_many_candidates(void)
{
	struct usage usage = { 0 };
	struct apierror err;
	struct buf text, out;
	json_object *doc;

	buf_init(&text, MIB);
	buf_init(&out, MIB);
	buf_adds(&text, "{\"candidates\":[");
	for (int i = 0; i < 100; i++)
		buf_addf(
		    &text, "%s{\"content\":{\"parts\":[{\"text\":\"%d\"}]}}", i > 0 ? "," : "", i);
	buf_adds(&text, "]}");
	ok(chat_reply_translate(
	       &(struct slice){ text.data, text.len }, &plain_info, &out, &usage, &err) == 0,
	    "a hundred candidates");
	doc = json_read(buf_slice(&out));
	is_int(
	    json_object_array_length(json_get_array(doc, "choices")), 100, "are as many choices");
	json_object_put(doc);
	buf_release(&text);
	buf_release(&out);
}

int
main(void)
{
	test_finish_words();
	test_block_reasons();
	test_both_ways();
	test_call_ids();
	test_traces();
	test_overflow();
	test_many_candidates();
	return tap_done();
}
