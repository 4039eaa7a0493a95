/* Empty answers: any split of the input is judged alike, and what is called empty is empty for the
 * reader of JSON too. */
#include "config.h"

#include <string.h>

#include "core/gemini/empty_answer.h"
#include "core/json/json.h"
#include "fuzz.h"

static enum empty_answer_answer
look(struct slice bytes, size_t piece)
{
	struct empty_answer b = { 0 };

	for (size_t at = piece; at < bytes.len; at += piece)
		if (empty_answer_look(&b, (struct slice){ bytes.ptr, at }, false) ==
		    EMPTY_ANSWER_CONTENT)
			break;
	return empty_answer_look(&b, bytes, true);
}

static void
check_part(json_object *part)
{
	if (!json_object_is_type(part, json_type_object))
		return;
	json_object_object_foreach(part, key, value)
	{
		FUZZ_CHECK(strcmp(key, "text") == 0 || strcmp(key, "thought") == 0 ||
			   strcmp(key, "thoughtSignature") == 0);
		FUZZ_CHECK(strcmp(key, "text") != 0 || json_str(value).len == 0);
	}
}

static void
check_reply(json_object *reply)
{
	json_object *candidates = json_get_array(reply, "candidates");

	FUZZ_CHECK(json_get(reply, "error") == NULL);
	FUZZ_CHECK(json_get_str(json_get(reply, "promptFeedback"), "blockReason").len == 0);
	for (size_t i = 0; candidates != NULL && i < json_object_array_length(candidates); i++) {
		json_object *candidate = json_object_array_get_idx(candidates, i);
		json_object *parts = json_get_array(json_get(candidate, "content"), "parts");

		for (size_t k = 0; parts != NULL && k < json_object_array_length(parts); k++)
			check_part(json_object_array_get_idx(parts, k));
	}
}

static void
check_document(struct slice text)
{
	json_object *doc = json_read(text);

	if (json_object_is_type(doc, json_type_array))
		for (size_t i = 0; i < json_object_array_length(doc); i++)
			check_reply(json_object_array_get_idx(doc, i));
	else
		check_reply(doc);
	json_object_put(doc);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct slice all = { (const char *)bytes, size };
	enum empty_answer_answer whole = look(all, size + 1);

	FUZZ_CHECK(whole != EMPTY_ANSWER_MORE);
	for (size_t piece = 1; piece < 16 && piece < size; piece += 2)
		FUZZ_CHECK(look(all, piece) == whole);
	if (whole == EMPTY_ANSWER_EMPTY)
		check_document(all);
	return 0;
}
