/*
 * Chat requests: what is accepted becomes a JSON object with contents, what is refused becomes an
 * error of the caller's that is JSON in either dialect. The size of the input chooses what the
 * world outside looks like; what is wanted from there is found or absent, and a second pass must
 * be the last.
 */
#include "config.h"

#include <string.h>

#include "base/limits.h"
#include "check_error.h"
#include "core/openai/chat/chat.h"
#include "fuzz.h"

/* The name of a call is one that Google takes. */
static void
check_call(json_object *part)
{
	json_object *call = json_get(part, "functionCall");
	struct slice name = json_get_str(call, "name");

	if (call == NULL)
		return;
	FUZZ_CHECK(name.len > 0 && name.len <= TOOL_NAME_MAX);
	FUZZ_CHECK(json_get_object(call, "args") != NULL);
}

/* Nothing that Google takes for a reference. */
static void
check_no_ref(json_object *value)
{
	FUZZ_CHECK(json_get(value, "$ref") == NULL);
	if (json_object_is_type(value, json_type_array))
		for (size_t i = 0; i < json_object_array_length(value); i++)
			check_no_ref(json_object_array_get_idx(value, i));
	if (!json_object_is_type(value, json_type_object))
		return;
	json_object_object_foreach(value, key, member)
	{
		(void)key;
		check_no_ref(member);
	}
}

/* The turn behind a turn of calls answers each of them, in their order, and no other does. */
static void
check_answers(json_object *calls, json_object *answers)
{
	size_t wanted = 0, given = 0;

	for (size_t i = 0; calls != NULL && i < json_object_array_length(calls); i++)
		wanted += json_get(json_object_array_get_idx(calls, i), "functionCall") != NULL;
	for (size_t i = 0, k = 0; answers != NULL && i < json_object_array_length(answers); i++) {
		json_object *answer =
		    json_get(json_object_array_get_idx(answers, i), "functionResponse");
		json_object *call = NULL;

		if (answer == NULL)
			continue;
		given++;
		while (call == NULL && calls != NULL && k < json_object_array_length(calls))
			call = json_get(json_object_array_get_idx(calls, k++), "functionCall");
		FUZZ_CHECK(slice_eq(json_get_str(call, "name"), json_get_str(answer, "name")));
		FUZZ_CHECK(slice_eq(json_get_str(call, "id"), json_get_str(answer, "id")));
		FUZZ_CHECK(json_get_object(answer, "response") != NULL);
		check_no_ref(json_get(answer, "response"));
	}
	FUZZ_CHECK(given == wanted);
}

static void
check_request(const struct chat_request *request)
{
	json_object *doc = json_read(buf_slice(&request->body)), *contents, *before = NULL;

	FUZZ_CHECK(!request->body.failed && request->model.name[0] != '\0');
	contents = json_get_array(doc, "contents");
	FUZZ_CHECK(contents != NULL && json_object_array_length(contents) > 0);
	for (size_t i = 0; i < json_object_array_length(contents); i++) {
		json_object *parts =
		    json_get_array(json_object_array_get_idx(contents, i), "parts");

		FUZZ_CHECK(parts != NULL && json_object_array_length(parts) > 0);
		for (size_t p = 0; p < json_object_array_length(parts); p++)
			check_call(json_object_array_get_idx(parts, p));
		check_answers(before, parts);
		before = parts;
	}
	json_object_put(doc);
}

static void
check_changes(struct changes *changes)
{
	struct slice text = changes_header(changes);

	FUZZ_CHECK(text.len < CHANGES_MAX + 100 && (text.len > 0) == (changes->count > 0));
	for (size_t i = 0; i < text.len; i++)
		FUZZ_CHECK(text.ptr[i] >= ' ' && text.ptr[i] < 0x7f);
}

static void
look_up(struct ext_refs *refs)
{
	for (size_t i = 0; i < refs->count; i++) {
		struct ref *ref = refs->list[i];
		struct buf value;

		if (i % 3 == 0) {
			apierror_set(&ref->err, APIERROR_BAD_VALUE, NULL, "There is nothing.");
			ext_refs_absent(refs, ref);
			continue;
		}
		buf_init(&value, KIB);
		buf_adds(&value, i % 3 == 1 ? "\x89PNG" : "c2ln");
		ext_refs_found(refs, ref, &value);
	}
}

/* Anything may have been refused. */
static void
fuzz_lesson(void *ctx, const char *name, struct lesson *ret)
{
	const size_t *size = ctx;

	(void)name;
	*ret = (struct lesson){
		.refused.kinds = (unsigned)(*size * 2654435761U),
		.gone = *size % 8 == 4,
	};
}

/* And any name may be of a line that goes on. */
static bool
fuzz_newest(void *ctx, const char *name, char ret[MODEL_NAME_MAX])
{
	const size_t *size = ctx;

	(void)name;
	if (*size % 4 != 0)
		return false;
	memcpy(ret, "gemini-3.8-flash", sizeof("gemini-3.8-flash"));
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const char *reason = NULL;
	struct models *models = models_new(models_default_aliases, &reason);
	struct slice text = { (const char *)bytes, size };
	struct chat_request request;
	struct changes changes;
	struct apierror err;
	struct ext_refs refs;
	struct lessons lessons = { fuzz_lesson, fuzz_newest, &size };
	struct translate_env env = {
		.models = models,
		.lessons = size % 2 == 0 ? &lessons : NULL,
		.refs = size % 7 != 0 ? &refs : NULL,
		.changes = size % 3 != 0 ? &changes : NULL,
		.media_urls = size % 5 == 0,
	};
	int answer;

	ext_refs_init(&refs);
	changes_init(&changes, size % 13 == 0);
	chat_request_init(&request);
	answer = chat_request_read(&request, text, &env, &err);
	if (answer == 0 && refs.wanted > 0) {
		look_up(&refs);
		changes_reset(&changes);
		chat_request_release(&request);
		answer = chat_request_read(&request, text, &env, &err);
		FUZZ_CHECK(refs.wanted == 0);
	}
	if (answer == 0)
		check_request(&request);
	else
		check_error(&err);
	check_changes(&changes);
	chat_request_release(&request);
	changes_release(&changes);
	ext_refs_release(&refs);
	models_free(models);
	return 0;
}
