/* What holds for every chat completion and every chunk, and the flags of the targets that make
 * them. */
#ifndef TESTS_CHAT_SHAPE_H
#define TESTS_CHAT_SHAPE_H

#include <string.h>

#include "base/limits.h"
#include "core/openai/chat/chat.h"
#include "fuzz.h"

#define SHAPE_OUT_MAX  (64 * MIB)
#define SHAPE_FAN_MAX  4
#define SHAPE_LANE_END '\xFE' /* what follows is for the next upstream call; no UTF-8 has it */

static struct answer_scratch shape_scratch;

/* The request that a byte of flags stands for. */
static inline struct chat_reply_info
shape_info(uint8_t flags, const struct tool_names *tools)
{
	return (struct chat_reply_info){
		.id = "fuzz",
		.created = 1,
		.model = "m",
		.scratch = &shape_scratch,
		.include_usage = (flags & 1) != 0,
		.legacy_functions = (flags & 2) != 0,
		.one_call = (flags & 4) != 0,
		.grounded = (flags & 8) != 0,
		.fan = 1 + (flags >> 4 & 3),
		.audio_format = (flags & 64) != 0 ? "pcm16" : "",
		.tools = (flags & 128) != 0 ? tools : NULL,
	};
}

static inline struct tool_names *
shape_tools(void)
{
	struct tool_names *tools = tool_names_new();

	tool_names_add(tools, SLICE(""), SLICE("f!"), TOOL_FUNCTION);
	tool_names_add(tools, SLICE(""), SLICE("f"), TOOL_CUSTOM);
	return tools;
}

static inline size_t
shape_characters(struct slice text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
	return count;
}

static inline void
shape_check_object_text(struct slice text)
{
	json_object *doc = json_read(text);

	FUZZ_CHECK(json_object_is_type(doc, json_type_object));
	json_object_put(doc);
}

/* One call, of a list or in the older form. */
static inline void
shape_check_call(json_object *call, bool legacy)
{
	bool custom = slice_eq(json_get_str(call, "type"), SLICE("custom"));
	json_object *body = legacy ? call : json_get(call, custom ? "custom" : "function");

	FUZZ_CHECK(
	    legacy || (json_get_str(call, "id").len > 0 && json_get_str(call, "id").len <= 40));
	FUZZ_CHECK(json_get_str(body, "name").len > 0);
	if (custom)
		FUZZ_CHECK(json_object_is_type(json_get(body, "input"), json_type_string));
	else
		shape_check_object_text(json_get_str(body, "arguments"));
}

/* Annotations point into a text of that many characters. */
static inline void
shape_check_annotations(json_object *list, size_t characters)
{
	for (size_t i = 0; list != NULL && i < json_object_array_length(list); i++) {
		json_object *cite = json_get(json_object_array_get_idx(list, i), "url_citation");
		int64_t start = json_get_int(cite, "start_index", -1);
		int64_t end = json_get_int(cite, "end_index", -1);

		FUZZ_CHECK(start >= 0 && start <= end && (size_t)end <= characters);
		FUZZ_CHECK(
		    json_get_str(cite, "url").len > 0 && json_get_str(cite, "title").len > 0);
	}
}

static inline void
shape_check_finish(json_object *choice, bool called, bool legacy)
{
	static const char *const words[] = { "stop", "length", "content_filter", "tool_calls",
		"function_call" };
	struct slice word = json_get_str(choice, "finish_reason");
	bool known = false;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		known = known || slice_eq(word, slice_str(words[i]));
	FUZZ_CHECK(known);
	FUZZ_CHECK(!slice_eq(word, slice_str(words[legacy ? 3 : 4])));
	FUZZ_CHECK(called ? !slice_eq(word, SLICE("stop")) : !slice_ends(word, SLICE("call")));
	FUZZ_CHECK(called || !slice_eq(word, SLICE("tool_calls")));
}

#endif
