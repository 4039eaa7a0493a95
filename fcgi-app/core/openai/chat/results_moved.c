/* Results that stand behind other calls than their own, or in front of them. */
#include "config.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "core/openai/chat/chat_read.h"

#define NOT_ASTRAY (-2)

struct slice
chat_id_text(json_object *id)
{
	if (json_object_is_type(id, json_type_int) || json_object_is_type(id, json_type_double))
		return slice_str(json_object_get_string(id));
	return json_str(id);
}

static json_object *
moved_message_at(const struct chat_results *r, size_t i)
{
	return json_object_array_get_idx(r->messages, i);
}

static bool
moved_has_role(json_object *message, struct slice role)
{
	return slice_eq(json_get_str(message, "role"), role);
}

bool
chat_is_result(json_object *message)
{
	struct slice role = json_get_str(message, "role");

	return slice_eq(role, SLICE("tool")) || slice_eq(role, SLICE("function"));
}

const char *
chat_result_id(json_object *message)
{
	struct slice id = chat_id_text(json_get(message, "tool_call_id"));

	return id.len > 0 ? id.ptr : NULL;
}

/* Puts value under each id of an assistant message's calls. */
static void
note_calls(json_object *index, json_object *message, size_t value)
{
	static const char *const keys[] = { "id", CHAT_OTHER_ID };
	json_object *list = json_get_array(message, "tool_calls");

	for (size_t j = 0; list != NULL && j < json_object_array_length(list); j++) {
		for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
			struct slice id =
			    chat_id_text(json_get(json_object_array_get_idx(list, j), keys[k]));

			if (id.len > 0)
				json_put(index, id.ptr, json_object_new_int64((int64_t)value));
		}
	}
}

/* Tells results of their own step's calls from others; false when there are no others. */
static bool
find_astray(struct chat_results *r, size_t count)
{
	json_object *seen = json_object_new_object();
	size_t step = 0;
	bool inside = false, any = false;

	for (size_t i = 0; i < count; i++) {
		json_object *message = moved_message_at(r, i);
		const char *id = chat_is_result(message) ? chat_result_id(message) : NULL;
		bool assistant = moved_has_role(message, SLICE("assistant"));
		int64_t own;

		step += assistant && !inside;
		inside = assistant || (inside && message == NULL);
		if (assistant)
			note_calls(seen, message, step);
		own = id != NULL ? json_get_int(seen, id, -1) : (int64_t)step;
		r->next[i] = own != (int64_t)step ? -1 : NOT_ASTRAY;
		r->early[i] = own < 0;
		any = any || own != (int64_t)step;
	}
	json_object_put(seen);
	return any;
}

void
chat_results_init(struct chat_results *r, json_object *messages, uint8_t *taken)
{
	size_t count = json_object_array_length(messages), first = 0;

	*r = (struct chat_results){ .messages = messages, .taken = taken };
	while (first < count && !chat_is_result(moved_message_at(r, first)))
		first++;
	if (first == count)
		return;
	r->next = xcalloc(count + 1, sizeof(*r->next));
	r->early = xcalloc(count + 1, 1);
	if (!find_astray(r, count))
		return;
	r->astray = json_object_new_object();
	r->last_call = json_object_new_object();
	for (size_t i = 0; i < count; i++)
		if (moved_has_role(moved_message_at(r, i), SLICE("assistant")))
			note_calls(r->last_call, moved_message_at(r, i), i);
	for (size_t i = count; i-- > 0;) {
		const char *id =
		    r->next[i] != NOT_ASTRAY ? chat_result_id(moved_message_at(r, i)) : NULL;

		if (id == NULL)
			continue;
		r->next[i] = (ptrdiff_t)json_get_int(r->astray, id, -1);
		json_put(r->astray, id, json_object_new_int64((int64_t)i));
	}
}

void
chat_results_release(struct chat_results *r)
{
	json_object_put(r->astray);
	json_object_put(r->last_call);
	free(r->next);
	free(r->early);
}

bool
chat_result_waits(const struct chat_results *r, size_t i)
{
	const char *id = chat_result_id(moved_message_at(r, i));

	return id != NULL && r->early[i] != 0 && json_get_int(r->last_call, id, -1) > (int64_t)i;
}
