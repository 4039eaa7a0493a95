/* What the state store keeps of a Response: {"response", "input", "items"}. */
#include "config.h"

#include "core/responses.h"

#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"

void
responses_stored_write(
    const struct responses_request *q, struct responses_stream *s, struct buf *out)
{
	struct slice output = responses_stream_output(s);
	struct jwriter w = jwriter_on(out);
	struct buf response;

	buf_init(&response, COLLECT_MAX);
	responses_stream_response(s, &response);
	jw_object(&w, NULL);
	jw_raw(&w, "response", buf_slice(&response));
	json_write_to(&w, "input", q->input);
	jw_array(&w, "items");
	for (size_t i = 0; i < json_object_array_length(q->items); i++)
		json_write_to(&w, NULL, json_object_array_get_idx(q->items, i));
	if (output.len > 0)
		jw_raw(&w, NULL, output);
	jw_array_end(&w);
	jw_object_end(&w);
	out->failed |= response.failed;
	buf_release(&response);
}

int
responses_stored_response(struct slice stored, struct buf *out)
{
	json_object *doc = json_read(stored), *response = json_get_object(doc, "response");

	if (response != NULL)
		json_write(response, out);
	json_object_put(doc);
	return response != NULL ? 0 : -1;
}

/* ---- the input as a list ---- */

/* OpenAI's items have ids; those of a request need not. */
static void
item_id(json_object *item, size_t index, struct buf *ret)
{
	struct slice id = json_get_str(item, "id");

	buf_reset(ret);
	if (id.len > 0)
		buf_add_slice(ret, id);
	else
		buf_addf(ret, "item_%zu", index);
}

/* Words alone, which a request may hold in place of parts. */
static void
write_words(struct jwriter *w, json_object *item, json_object *text)
{
	bool output = slice_eq(json_get_str(item, "role"), SLICE("assistant"));

	jw_array(w, "content");
	jw_object(w, NULL);
	jw_str(w, "type", output ? "output_text" : "input_text");
	json_write_to(w, "text", text);
	if (output) {
		jw_array(w, "annotations");
		jw_array_end(w);
		jw_array(w, "logprobs");
		jw_array_end(w);
	}
	jw_object_end(w);
	jw_array_end(w);
}

static void
write_item(struct jwriter *w, json_object *item, struct slice id)
{
	static const char *const with_status[] = { "message", "function_call",
		"function_call_output" };
	struct slice type = json_get_str(item, "type");

	if (type.len == 0)
		type = SLICE("message");
	jw_object(w, NULL);
	jw_slice(w, "id", id);
	jw_slice(w, "type", type);
	for (size_t i = 0; i < ARRAY_SIZE(with_status); i++)
		if (slice_eq(type, slice_str(with_status[i])) && json_get(item, "status") == NULL)
			jw_str(w, "status", "completed");
	json_object_object_foreach(item, key, value)
	{
		if (strcmp(key, "id") == 0 || strcmp(key, "type") == 0 ||
		    (strcmp(key, "status") == 0 && value == NULL))
			continue;
		if (strcmp(key, "content") == 0 && json_object_is_type(value, json_type_string))
			write_words(w, item, value);
		else
			json_write_to(w, key, value);
	}
	jw_object_end(w);
}

int
responses_stored_input(struct slice stored, struct buf *out)
{
	json_object *doc = json_read(stored), *input = json_get_array(doc, "input");
	struct jwriter w = jwriter_on(out);
	size_t count = input != NULL ? json_object_array_length(input) : 0;
	struct buf id;

	if (input == NULL) {
		json_object_put(doc);
		return -1;
	}
	buf_init(&id, RESPONSE_MAX);
	jw_object(&w, NULL);
	jw_str(&w, "object", "list");
	jw_array(&w, "data");
	for (size_t i = count; i-- > 0;) {
		item_id(json_object_array_get_idx(input, i), i, &id);
		write_item(&w, json_object_array_get_idx(input, i), buf_slice(&id));
	}
	jw_array_end(&w);
	buf_reset(&id);
	if (count > 0)
		item_id(json_object_array_get_idx(input, count - 1), count - 1, &id);
	jw_slice(&w, "first_id", buf_slice(&id));
	if (count > 0)
		item_id(json_object_array_get_idx(input, 0), 0, &id);
	jw_slice(&w, "last_id", buf_slice(&id));
	jw_bool(&w, "has_more", false);
	jw_object_end(&w);
	buf_release(&id);
	json_object_put(doc);
	return 0;
}
