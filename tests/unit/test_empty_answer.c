/* empty_answer.c: which answers are entirely empty, and how early content is seen. */
#include "config.h"

#include "core/gemini/empty_answer.h"

#include <string.h>

#include "tap.h"

#define COUNT(list)      (sizeof(list) / sizeof((list)[0]))
#define REPLY(candidate) "{\"candidates\":[{" candidate "}],\"modelVersion\":\"gemini-x\"}"
#define PARTS(parts)     "\"content\":{\"parts\":[" parts "],\"role\":\"model\"}"
#define STOP             "\"finishReason\":\"STOP\",\"index\":0"
#define USAGE            "\"usageMetadata\":{\"promptTokenCount\":3,\"details\":[{\"text\":\"x\"}]}"
#define EVENT(reply)     "data: " reply "\r\n\r\n"

static const struct row {
	const char *what, *text;
	bool empty;
} rows[] = {
	{ "no byte", "", true },
	{ "blanks", " \n", true },
	{ "an empty object", "{}", true },
	{ "a BOM in front", "\xEF\xBB\xBF{}", true },
	{ "counters only", "{" USAGE "}", true },
	{ "no candidates", "{\"candidates\":[]}", true },
	{ "null candidates", "{\"candidates\":null}", true },
	{ "STOP and no content", REPLY(STOP), true },
	{ "no reason and no content", REPLY("\"index\":0"), true },
	{ "a call that was spoiled",
	    REPLY("\"finishReason\":\"MALFORMED_FUNCTION_CALL\",\"finishMessage\":\"print(\""),
	    true },
	{ "a reason that is none", REPLY("\"finishReason\":\"FINISH_REASON_UNSPECIFIED\""), true },
	{ "content without parts", REPLY("\"content\":{\"role\":\"model\"}," STOP), true },
	{ "content that is null", REPLY("\"content\":null," STOP), true },
	{ "a list of no parts", REPLY(PARTS("") "," STOP), true },
	{ "an empty text", REPLY(PARTS("{\"text\":\"\"}") "," STOP), true },
	{ "an empty part", REPLY(PARTS("{}") "," STOP), true },
	{ "a signature alone",
	    REPLY(PARTS("{\"text\":\"\",\"thoughtSignature\":\"c2ln\"}") "," STOP), true },
	{ "an empty thought", REPLY(PARTS("{\"thought\":true,\"text\":\"\"}") "," STOP), true },
	{ "metadata beside it",
	    REPLY(STOP ",\"groundingMetadata\":{\"text\":\"x\",\"parts\":[{\"text\":\"[}\\\"\"}]},"
		       "\"avgLogprobs\":-1.5e3,\"tokenCount\":4,\"x\":[true,null]"),
	    true },
	{ "feedback without a reason", "{\"promptFeedback\":{\"safetyRatings\":[{\"a\":1}]}}",
	    true },
	{ "two empty candidates", "{\"candidates\":[{" STOP "},{" PARTS("") "}]}", true },
	{ "an event", EVENT(REPLY(STOP)), true },
	{ "several events",
	    EVENT(REPLY(PARTS("{\"text\":\"\"}"))) EVENT("{" USAGE "}") EVENT(REPLY(STOP)), true },
	{ "comments and other fields",
	    ": hello {\nevent: x\nid: 5\nretry: 3\r\n" EVENT(REPLY(STOP)), true },
	{ "lines that end with CR", "data: {}\r\rdata: {}\r\r", true },
	{ "an event without its end", "data: " REPLY(STOP), true },
	{ "an empty event", "data:\n\n", true },
	{ "an array of none", "[]", true },
	{ "an array", "[" REPLY(PARTS("")) "\n,\r\n" REPLY(STOP) "]\n", true },

	{ "text", REPLY(PARTS("{\"text\":\"H\"}") "," STOP), false },
	{ "blank text", REPLY(PARTS("{\"text\":\"\\n\"}") "," STOP), false },
	{ "a thought", REPLY(PARTS("{\"text\":\"Hm\",\"thought\":true}")), false },
	{ "a call", REPLY(PARTS("{\"functionCall\":{\"name\":\"f\"}}")), false },
	{ "data", REPLY(PARTS("{\"inlineData\":{\"mimeType\":\"image/png\"}}")), false },
	{ "code", REPLY(PARTS("{\"executableCode\":{}}")), false },
	{ "a part of a kind to come", REPLY(PARTS("{\"hologram\":{}}")), false },
	{ "text in the second part", REPLY(PARTS("{\"text\":\"\"},{\"text\":\"H\"}")), false },
	{ "text of the second candidate",
	    "{\"candidates\":[{" STOP "},{" PARTS("{\"text\":\"H\"}") "}]}", false },
	{ "text behind the reason", REPLY(STOP "," PARTS("{\"text\":\"H\"}")), false },
	{ "text in the third event",
	    EVENT("{}") EVENT(REPLY(STOP)) EVENT(REPLY(PARTS("{\"text\":\"H\"}"))), false },
	{ "text in an array", "[{},\n" REPLY(PARTS("{\"text\":\"H\"}")) "]", false },
	{ "the tokens were used up", REPLY("\"finishReason\":\"MAX_TOKENS\""), false },
	{ "a filter", REPLY("\"finishReason\":\"SAFETY\""), false },
	{ "a reason to come", REPLY("\"finishReason\":\"STOPPED\""), false },
	{ "a blocked prompt", "{\"promptFeedback\":{\"blockReason\":\"SAFETY\"}}", false },
	{ "an error", "{\"error\":{\"code\":500}}", false },
	{ "an error behind an event", EVENT(REPLY(STOP)) "{\"error\":{\"code\":500}}", false },
	{ "a cut document", "{\"candidates\":[{", false },
	{ "a cut text", "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"", false },
	{ "a cut array", "[{},", false },
	{ "a cut field", "dat", false },
	{ "a page", "<html></html>", false },
	{ "words", "data: [DONE]\n\n", false },
	{ "another field", "note: {}\n", false },
	{ "a text in place of an object", "\"x\"", false },
	{ "a number", "5", false },
	{ "brackets that do not fit", "{]", false },
	{ "one too many", "{}}", false },
	{ "no member", "{5}", false },
	{ "candidates of another shape", "{\"candidates\":{\"a\":1}}", false },
	{ "a candidate of another shape", "{\"candidates\":[\"x\"]}", false },
	{ "parts of another shape", REPLY("\"content\":{\"parts\":{\"text\":\"H\"}}"), false },
	{ "content of another shape", REPLY("\"content\":\"H\""), false },
	{ "a reason of another shape", REPLY("\"finishReason\":5"), false },
	{ "text of another shape", REPLY(PARTS("{\"text\":[\"H\"]}")), false },
	{ "text that is a number", REPLY(PARTS("{\"text\":5}")), false },
	{ "a name with escapes", REPLY(PARTS("{\"te\\u0078t\":\"H\"}")), false },
	{ "an array in an array", "[[{}]]", false },
};

static void
test_rows(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice all = slice_str(rows[i].text);
		struct empty_answer whole = { 0 }, bytes = { 0 };
		enum empty_answer_answer want = rows[i].empty ? EMPTY_ANSWER_EMPTY
		                                              : EMPTY_ANSWER_CONTENT,
					 got;

		is_int(empty_answer_look(&whole, all, true), want, rows[i].what);
		for (size_t len = 0; len <= all.len; len++) {
			got = empty_answer_look(&bytes, (struct slice){ all.ptr, len }, false);
			if (got != EMPTY_ANSWER_MORE)
				break;
		}
		ok(!rows[i].empty || got == EMPTY_ANSWER_MORE,
		    "  byte by byte: nothing before the end");
		is_int(empty_answer_look(&bytes, all, true), want, "  and the same at the end");
	}
}

/* It is told as soon as it can be, and stays so. */
static void
test_first(void)
{
	static const char text[] = EVENT(REPLY(STOP)) EVENT(REPLY(PARTS("{\"text\":\"Hello\"}")));
	size_t at = (size_t)(strstr(text, "Hello") - text);
	struct empty_answer b = { 0 };

	is_int(empty_answer_look(&b, (struct slice){ text, at }, false), EMPTY_ANSWER_MORE,
	    "not before it");
	is_int(empty_answer_look(&b, (struct slice){ text, at + 1 }, false), EMPTY_ANSWER_CONTENT,
	    "with its first byte");
	is_int(empty_answer_look(&b, (struct slice){ text, at + 2 }, false), EMPTY_ANSWER_CONTENT,
	    "and later");
	is_int(b.seen, at + 1, "the rest is not looked at");
}

int
main(void)
{
	test_rows();
	test_first();
	return tap_done();
}
