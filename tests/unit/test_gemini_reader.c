/* reader.c and part.c: what a sink is told, and when a stream is an error. */
#include "config.h"

#include "core/gemini/reader.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "judge.h"
#include "tap.h"

static struct answer_scratch scratch;

/* The calls of the sink as text. */
static struct buf told;

static void
tell_part(void *ctx, size_t candidate, const struct gemini_part *part, json_object *logprobs)
{
	static const char letters[] = "-tTcofiar";

	(void)ctx;
	buf_addf(&told, "%zu%c", candidate, letters[part->kind]);
	if (part->text.len > 0 && part->text.len < 20)
		buf_addf(&told, "(%.*s)", (int)part->text.len, part->text.ptr);
	if (part->signature.len > 0)
		buf_addf(&told, "!%.*s", (int)part->signature.len, part->signature.ptr);
	if (logprobs != NULL)
		buf_adds(&told, "+p");
	buf_addc(&told, ' ');
}

static void
tell_candidate(void *ctx, size_t candidate, json_object *object)
{
	(void)ctx;
	(void)object;
	buf_addf(&told, "%zu. ", candidate);
}

static const struct gemini_sink sink = { tell_part, tell_candidate };
static const struct gemini_sink small_sink = { tell_part, NULL };

static void
start(struct gemini_reader *g, const struct gemini_sink *to)
{
	buf_reset(&told);
	gemini_reader_init(g, &scratch, false, to, NULL);
}

static int
feed(struct gemini_reader *g, const char *json, struct apierror *err)
{
	struct buf event;
	int answer;

	buf_init(&event, MIB);
	buf_addf(&event, "data: %s\r\n\r\n", json);
	answer = gemini_reader_feed(g, buf_slice(&event), err);
	buf_release(&event);
	return answer;
}

static void
document(const char *json, const char *want, const char *what)
{
	struct gemini_reader g;
	struct apierror err;

	start(&g, &sink);
	ok(gemini_reader_document(&g, slice_str(json), &err) == 0, what);
	is_slice(buf_slice(&told), want, "  its parts");
	gemini_reader_release(&g);
}

static void
test_parts(void)
{
	document("{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"},{\"text\":\"b\","
		 "\"thought\":true},{\"text\":\"c\",\"thought\":false,\"thoughtSignature\":\"S\"},"
		 "{\"thoughtSignature\":\"E\"},{}]}}]}",
	    "0t(a) 0T(b) 0t(c)!S 0t!E 0t 0. ", "text");
	document("{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"f\"},"
		 "\"thoughtSignature\":\"S\"},{\"functionCall\":{\"name\":\"\"}},"
		 "{\"functionCall\":{}},{\"functionCall\":null,\"text\":\"x\"}]}}]}",
	    "0f!S 0t(x) 0. ", "calls");
	document("{\"candidates\":[{\"content\":{\"parts\":["
		 "{\"inlineData\":{\"mimeType\":\"image/png\"}},"
		 "{\"inlineData\":{\"mimeType\":\"image/png\"},\"thought\":true},"
		 "{\"inlineData\":{\"mimeType\":\"AUDIO/L16;rate=8000\"}},"
		 "{\"inlineData\":{\"mimeType\":\"application/pdf\"}},{\"inlineData\":{}},"
		 "{\"fileData\":{\"fileUri\":\"u\"}},{\"somethingNew\":{}}]}}]}",
	    "0i 0a 0. ", "media");
	document("{\"candidates\":[{\"content\":{\"parts\":[{\"executableCode\":{\"code\":\"x\"}},"
		 "{\"codeExecutionResult\":{}},{\"toolCall\":{}},{\"toolResponse\":{}}]}}]}",
	    "0c 0o 0r 0r 0. ", "tools");
	document("{\"candidates\":[{\"logprobsResult\":{},\"content\":{\"parts\":["
		 "{\"text\":\"t\",\"thought\":true},{\"text\":\"\"},{\"text\":\"a\"},"
		 "{\"text\":\"b\"}]}}]}",
	    "0T(t) 0t 0t(a)+p 0t(b) 0. ", "logprobs go with the first word");
}

static void
test_indices(void)
{
	document("{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}},"
		 "{\"content\":{\"parts\":[{\"text\":\"b\"}]}}]}",
	    "0t(a) 0. 1t(b) 1. ", "candidates without index");
	document("{\"candidates\":[{\"index\":1,\"content\":{\"parts\":[{\"text\":\"a\"}]}},"
		 "{\"index\":\"0\",\"content\":{\"parts\":[{\"text\":\"b\"}]}}]}",
	    "1t(a) 1. 0t(b) 0. ", "candidates in another order");
	document("{\"candidates\":[{\"index\":8},{\"index\":-1},{\"index\":99999999999},{}]}",
	    "3. ", "candidates beyond the ceiling");
}

static void
expect_cut(const char *json, const char *what)
{
	struct gemini_reader g;
	struct apierror err;

	start(&g, &small_sink);
	ok(feed(&g, json, &err) == 0, what);
	ok(gemini_reader_finish(&g, &err) == -1 && err.kind == APIERROR_CUT, "  is cut");
	gemini_reader_release(&g);
}

static void
test_ends(void)
{
	struct gemini_reader g;
	struct apierror err;

	expect_cut("{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}]}", "no reason");
	expect_cut("{}", "nothing");
	expect_cut("[DONE]", "a marker that Google does not send");
	expect_cut("", "an empty event");
	expect_cut("{\"candidates\":[{\"finishReason\":\"\"}]}", "an empty reason");
	expect_cut(
	    "{\"candidates\":[{\"index\":8,\"finishReason\":\"STOP\"}]}", "another's reason");
	expect_cut("{\"promptFeedback\":{}}", "feedback without a block");

	start(&g, &small_sink);
	ok(feed(&g, "{\"promptFeedback\":{\"blockReason\":\"SAFETY\"}}", &err) == 0 &&
		gemini_reader_finish(&g, &err) == 0,
	    "a blocked prompt is whole");
	ok(gemini_reader_blocked(&g, 0), "and seen");
	gemini_reader_release(&g);

	start(&g, &small_sink);
	ok(gemini_reader_feed(
	       &g, SLICE("data: {\"candidates\":[{\"finishReason\":\"STOP\"}]}"), &err) == 0 &&
		gemini_reader_finish(&g, &err) == 0,
	    "an event without a line end is whole");
	is_str(g.native[0], "STOP", "with its reason");
	gemini_reader_release(&g);

	start(&g, &small_sink);
	ok(gemini_reader_feed(&g, SLICE("data: {\"candidates\":[{\"finishRea"), &err) == 0 &&
		gemini_reader_finish(&g, &err) == -1 && err.kind == APIERROR_CUT,
	    "half an event is a cut");
	gemini_reader_release(&g);
}

static void
expect_error(const char *stream, enum apierror_kind kind, const char *what)
{
	struct gemini_reader g;
	struct apierror err;

	start(&g, &small_sink);
	ok((gemini_reader_feed(&g, slice_str(stream), &err) != 0 ||
	       gemini_reader_finish(&g, &err) != 0) &&
		judged(&scratch, &err)->kind == kind,
	    what);
	gemini_reader_release(&g);
}

#define UNAVAILABLE "{\"error\":{\"code\":503,\"message\":\"m\",\"status\":\"UNAVAILABLE\"}}"

static void
test_errors(void)
{
	expect_error("data: " UNAVAILABLE "\n\n", APIERROR_OVERLOADED, "an error as an event");
	expect_error("data: [" UNAVAILABLE "]\n\n", APIERROR_OVERLOADED, "in an array");
	expect_error(UNAVAILABLE, APIERROR_OVERLOADED, "an error that is no event");
	expect_error("[" UNAVAILABLE "\n,\n{}]", APIERROR_OVERLOADED, "in an array");
	expect_error("data: {\"candidates\":[{\"finishReason\":\"STOP\"}]}\n\n{\n \"error\": {\n"
		     "  \"code\": 429\n }\n}\n",
	    APIERROR_RATE_LIMIT, "on several lines, after the end");
	expect_error("data: \"x\"\n\n", APIERROR_BAD_ANSWER, "an event that is a string");
	expect_error("data: {\"a\"\n\n", APIERROR_BAD_ANSWER, "an event that is no JSON");
	expect_error("data: [{}]\n\n", APIERROR_BAD_ANSWER, "an event that is a list");
	expect_error("<html>busy</html>\n", APIERROR_CUT, "a page");
}

/* Words are kept as far as there is room; numbers run. */
static void
test_values(void)
{
	struct gemini_reader g;
	struct apierror err;

	start(&g, &small_sink);
	feed(&g,
	    "{\"candidates\":[{\"finishReason\":\"A_REASON_THAT_IS_LONGER_THAN_ITS_PLACE\"}],"
	    "\"usageMetadata\":{\"promptTokenCount\":5}}",
	    &err);
	is_str(g.native[0], "A_REASON_THAT_IS_LONGER_THAN_IT", "a long reason is cut");
	feed(&g,
	    "{\"candidates\":[{\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":"
	    "\"7\",\"candidatesTokenCount\":1}}",
	    &err);
	is_str(g.native[0], "STOP", "the last reason counts");
	ok(gemini_reader_usage(&g)->prompt == 7 && gemini_reader_usage(&g)->total == 8,
	    "so do counters");
	gemini_reader_release(&g);
}

/* An inline image is one event of megabytes. */
static void
test_large_event(void)
{
	struct gemini_reader g;
	struct apierror err;
	struct buf event;
	size_t piece = 16 * KIB - 1, at = 0;
	int answer = 0;

	buf_init(&event, SSE_EVENT_MAX + KIB);
	buf_adds(&event, "data: {\"candidates\":[{\"content\":{\"parts\":[{\"inlineData\":{"
			 "\"mimeType\":\"image/png\",\"data\":\"");
	memset(buf_room(&event, 24 * MIB), 'A', 24 * MIB);
	event.len += 24 * MIB;
	buf_adds(&event, "\"}},{\"text\":\"after\"}]},\"finishReason\":\"STOP\"}]}\r\n\r\n");
	start(&g, &sink);
	for (; at < event.len && answer == 0; at += piece)
		answer = gemini_reader_feed(&g,
		    (struct slice){
			event.data + at, event.len - at < piece ? event.len - at : piece },
		    &err);
	ok(answer == 0 && gemini_reader_finish(&g, &err) == 0, "an event of 24 MiB");
	is_slice(buf_slice(&told), "0i 0t(after) 0. ", "  its parts");
	gemini_reader_release(&g);
	buf_release(&event);
}

static void
test_documents(void)
{
	static const struct {
		const char *text;
		enum apierror_kind kind;
	} bad[] = {
		{ "", APIERROR_BAD_ANSWER },
		{ "null", APIERROR_BAD_ANSWER },
		{ "[]", APIERROR_BAD_ANSWER },
		{ "{}", APIERROR_BAD_ANSWER },
		{ "{\"candidates\":[]}", APIERROR_BAD_ANSWER },
		{ "{\"candidates\":[null,1]}", APIERROR_BAD_ANSWER },
		{ "{\"promptFeedback\":{\"blockReason\":1}}", APIERROR_BAD_ANSWER },
		{ UNAVAILABLE, APIERROR_OVERLOADED },
		{ "[" UNAVAILABLE "]", APIERROR_OVERLOADED },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct gemini_reader g;
		struct apierror err;

		start(&g, &sink);
		ok(gemini_reader_document(&g, slice_str(bad[i].text), &err) == -1 &&
			judged(&scratch, &err)->kind == bad[i].kind,
		    bad[i].text);
		gemini_reader_release(&g);
	}
}

int
main(void)
{
	buf_init(&told, MIB);
	test_parts();
	test_indices();
	test_ends();
	test_errors();
	test_values();
	test_large_event();
	test_documents();
	buf_release(&told);
	return tap_done();
}
