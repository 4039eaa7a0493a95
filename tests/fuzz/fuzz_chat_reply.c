/*
 * The translator of whole replies. Input: a byte of flags, then Gemini's answers. What comes out is
 * a chat completion as OpenAI has it, the same with and without the short cut; and as the only
 * event of a stream the answer says the same.
 */
#include "config.h"

#include "chat_shape.h"

static void
check_message(const struct chat_reply_info *info, json_object *message)
{
	json_object *calls = json_get_array(message, "tool_calls"), *content = NULL;

	FUZZ_CHECK(slice_eq(json_get_str(message, "role"), SLICE("assistant")));
	FUZZ_CHECK(json_object_object_get_ex(message, "content", &content));
	FUZZ_CHECK(content == NULL || json_object_is_type(content, json_type_string));
	FUZZ_CHECK(json_object_object_get_ex(message, "refusal", NULL));
	FUZZ_CHECK(calls == NULL || json_object_array_length(calls) > 0);
	FUZZ_CHECK(calls == NULL || !info->one_call || json_object_array_length(calls) == 1);
	for (size_t i = 0; calls != NULL && i < json_object_array_length(calls); i++)
		shape_check_call(json_object_array_get_idx(calls, i), false);
	if (json_get(message, "function_call") != NULL)
		shape_check_call(json_get(message, "function_call"), true);
	FUZZ_CHECK(calls == NULL || !info->legacy_functions);
	shape_check_annotations(
	    json_get_array(message, "annotations"), shape_characters(json_str(content)));
}

/* The choices of a completion. */
static json_object *
check_reply(const struct chat_reply_info *info, json_object *doc)
{
	json_object *choices = json_get_array(doc, "choices");

	FUZZ_CHECK(choices != NULL && json_object_array_length(choices) > 0);
	FUZZ_CHECK(info->fan == 1 || json_object_array_length(choices) == info->fan);
	for (size_t i = 0; i < json_object_array_length(choices); i++) {
		json_object *choice = json_object_array_get_idx(choices, i);
		json_object *message = json_get_object(choice, "message");

		FUZZ_CHECK(json_get_int(choice, "index", -1) == (int64_t)i);
		FUZZ_CHECK(json_object_object_get_ex(choice, "logprobs", NULL));
		check_message(info, message);
		shape_check_finish(choice,
		    json_get(message, "tool_calls") != NULL ||
			json_get(message, "function_call") != NULL,
		    info->legacy_functions);
	}
	return choices;
}

/* True for an answer that a stream numbers and splits as a whole reply does. */
static bool
is_simple(struct slice text)
{
	json_object *doc = json_read(text), *list = json_get_array(doc, "candidates"), *first;
	bool simple = false;

	if (list != NULL && json_object_array_length(list) == 1) {
		first = json_object_array_get_idx(list, 0);
		simple = json_object_is_type(first, json_type_object) &&
		         json_get(first, "index") == NULL &&
		         memchr(text.ptr, '\n', text.len) == NULL &&
		         memchr(text.ptr, '\r', text.len) == NULL;
	}
	json_object_put(doc);
	return simple;
}

/* What the deltas of a stream's only choice add up to. */
struct sum {
	struct buf content, thoughts;
	size_t calls, images;
	char finish[32];
};

static size_t
length(json_object *list)
{
	return list != NULL ? json_object_array_length(list) : 0;
}

static void
add_chunk(struct sum *sum, struct slice event)
{
	json_object *doc = json_read((struct slice){ event.ptr + 6, event.len - 6 });
	json_object *choice = json_object_array_get_idx(json_get_array(doc, "choices"), 0);
	json_object *delta = json_get(choice, "delta");

	buf_add_slice(&sum->content, json_get_str(delta, "content"));
	buf_add_slice(&sum->thoughts, json_get_str(delta, "reasoning_content"));
	sum->calls += length(json_get_array(delta, "tool_calls"));
	sum->images += length(json_get_array(delta, "images"));
	snprintf(sum->finish, sizeof(sum->finish), "%.*s",
	    (int)json_get_str(choice, "finish_reason").len,
	    json_get_str(choice, "finish_reason").ptr);
	json_object_put(doc);
}

static void
compare(const struct sum *sum, json_object *choice)
{
	json_object *message = json_get(choice, "message");

	FUZZ_CHECK(slice_eq(buf_slice(&sum->content), json_get_str(message, "content")));
	FUZZ_CHECK(slice_eq(buf_slice(&sum->thoughts), json_get_str(message, "reasoning_content")));
	FUZZ_CHECK(sum->calls == length(json_get_array(message, "tool_calls")));
	FUZZ_CHECK(sum->images == length(json_get_array(message, "images")));
	FUZZ_CHECK(slice_eq(slice_str(sum->finish), json_get_str(choice, "finish_reason")));
}

static void
check_stream(const struct chat_reply_info *want, struct slice text, json_object *choice)
{
	struct chat_reply_info info = *want;
	struct chat_stream *stream;
	struct apierror err;
	struct sum sum = { 0 };
	struct slice rest;
	struct buf out;

	info.include_usage = false;
	shape_scratch.json = NULL;
	stream = chat_stream_new(&info);
	buf_init(&out, SHAPE_OUT_MAX);
	buf_init(&sum.content, SHAPE_OUT_MAX);
	buf_init(&sum.thoughts, SHAPE_OUT_MAX);
	if (chat_stream_feed(stream, 0, SLICE("data: "), &out, &err) == 0 &&
	    chat_stream_feed(stream, 0, text, &out, &err) == 0 &&
	    chat_stream_feed(stream, 0, SLICE("\n\n"), &out, &err) == 0 &&
	    chat_stream_finish(stream, 0, &out, &err) == 0) {
		rest = buf_slice(&out);
		while (!slice_eq(rest, SLICE("data: [DONE]\n\n"))) {
			ptrdiff_t end = slice_find(rest, SLICE("\n\n"));

			FUZZ_CHECK(end > 0);
			add_chunk(&sum, (struct slice){ rest.ptr, (size_t)end });
			rest = (struct slice){ rest.ptr + end + 2, rest.len - (size_t)end - 2 };
		}
		compare(&sum, choice);
	} else {
		/* A whole document cannot be cut; a stream without a reason is. */
		FUZZ_CHECK(err.kind == APIERROR_CUT);
	}
	chat_stream_free(stream);
	buf_release(&out);
	buf_release(&sum.content);
	buf_release(&sum.thoughts);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct tool_names *tools = shape_tools();
	struct chat_reply_info info = shape_info(size > 0 ? bytes[0] : 0, tools);
	struct json_reader *reader = json_reader_new();
	struct slice all = { (const char *)bytes, size }, answers[SHAPE_FAN_MAX];
	struct buf out[2];
	int rc[2] = { 0, 0 };

	if (size == 0)
		goto out;
	all = (struct slice){ all.ptr + 1, all.len - 1 };
	for (size_t i = 0; i < SHAPE_FAN_MAX; i++) {
		answers[i] = all;
		if (info.fan > 1 && !slice_split(&all, SHAPE_LANE_END, &answers[i]))
			answers[i] = SLICE("{\"promptFeedback\":{\"blockReason\":\"X\"}}");
	}
	for (int way = 0; way < 2; way++) {
		struct apierror err;
		struct usage usage = { 0 };

		shape_scratch.json = way == 0 ? reader : NULL;
		buf_init(&out[way], SHAPE_OUT_MAX);
		rc[way] = chat_reply_translate(answers, &info, &out[way], &usage, &err);
	}
	FUZZ_CHECK(rc[0] == rc[1]);
	if (rc[0] == 0) {
		json_object *doc = json_read(buf_slice(&out[0])),
			    *choices = check_reply(&info, doc);

		FUZZ_CHECK(slice_eq(buf_slice(&out[0]), buf_slice(&out[1])));
		if (info.fan == 1 && is_simple(answers[0]))
			check_stream(&info, answers[0], json_object_array_get_idx(choices, 0));
		json_object_put(doc);
	}
	buf_release(&out[0]);
	buf_release(&out[1]);
out:
	json_reader_free(reader);
	tool_names_free(tools);
	return 0;
}
