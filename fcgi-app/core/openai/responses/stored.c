/* What the state store keeps of a Response: {"response", "input", "items"}, or the first alone. */
#include "config.h"

#include "core/openai/responses/responses.h"

#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "core/http/query.h"
#include "reply_priv.h"

#define RESPONSE_PAGE     20  /* items of a stored response's input on one page */
#define RESPONSE_PAGE_MAX 100 /* as many as a client may want there */

static void
write_stored(const struct responses_request *q, struct slice response, struct slice output,
    bool conversation, struct buf *out)
{
	struct jwriter w = jwriter_on(out);

	jw_object(&w, NULL);
	jw_raw(&w, "response", response);
	if (conversation) {
		json_write_to(&w, "input", q->input);
		jw_array(&w, "items");
		for (size_t i = 0; i < json_object_array_length(q->items); i++)
			if (json_object_array_get_idx(q->items, i) != NULL)
				json_write_to(&w, NULL, json_object_array_get_idx(q->items, i));
		if (output.len > 0)
			jw_raw(&w, NULL, output);
		jw_array_end(&w);
	}
	jw_object_end(&w);
}

void
responses_stored_write(
    const struct responses_request *q, struct responses_stream *s, struct buf *out)
{
	struct slice output = responses_stream_output(s);
	struct buf response;

	buf_init(&response, COLLECT_MAX);
	responses_stream_response(s, &response);
	write_stored(q, buf_slice(&response), output, true, out);
	if (out->failed && !response.failed) {
		buf_reset(out);
		write_stored(q, buf_slice(&response), output, false, out);
	}
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
stored_write_words(struct jwriter *w, json_object *item, json_object *text)
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

void
responses_item_write(struct jwriter *w, json_object *item, struct slice id)
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
			stored_write_words(w, item, value);
		else
			json_write_to(w, key, value);
	}
	jw_object_end(w);
}

/* ---- pages ---- */

static int
read_limit(struct responses_page *page, struct slice text, struct apierror *err)
{
	uint64_t limit;

	if (!slice_u64(text, &limit) || limit < 1 || limit > RESPONSE_PAGE_MAX)
		return apierror_set(err, APIERROR_BAD_VALUE, "limit",
		    "Invalid value for 'limit': expected an integer from 1 to %d.",
		    RESPONSE_PAGE_MAX);
	page->limit = (size_t)limit;
	return 0;
}

static int
read_order(struct responses_page *page, struct slice text, struct apierror *err)
{
	page->ascending = slice_eq(text, SLICE("asc"));
	if (page->ascending || slice_eq(text, SLICE("desc")))
		return 0;
	return apierror_set(err, APIERROR_BAD_VALUE, "order",
	    "Invalid value for 'order': expected 'asc' or 'desc'.");
}

static int
unknown_item(struct apierror *err)
{
	return apierror_set(err, APIERROR_BAD_VALUE, "after",
	    "Invalid value for 'after': there is no such item in the input of this response.");
}

int
responses_page_read(struct responses_page *page, struct slice query, struct apierror *err)
{
	struct slice text;

	*page = (struct responses_page){ .limit = RESPONSE_PAGE };
	buf_init(&page->after, RESPONSE_MAX);
	if (query_get(query, "limit", &text) && read_limit(page, text, err) != 0)
		return -1;
	if (query_get(query, "order", &text) && read_order(page, text, err) != 0)
		return -1;
	if (query_get(query, "after", &text) && !percent_decode(text, true, &page->after))
		return unknown_item(err);
	return 0;
}

void
responses_page_release(struct responses_page *page)
{
	buf_release(&page->after);
}

/* The items in the order of the page. */
struct listing {
	json_object *input;
	size_t count;
	bool ascending;
};

static size_t
stored_place_of(const struct listing *l, size_t at)
{
	return l->ascending ? at : l->count - 1 - at;
}

static void
id_at(const struct listing *l, size_t at, struct buf *ret)
{
	size_t place = stored_place_of(l, at);

	item_id(json_object_array_get_idx(l->input, place), place, ret);
}

/* Where the page begins; l->count + 1 when the item before it is not there. */
static size_t
find_start(const struct listing *l, struct slice after)
{
	size_t at = 0;
	struct buf id;

	if (after.len == 0)
		return 0;
	buf_init(&id, RESPONSE_MAX);
	for (; at < l->count; at++) {
		id_at(l, at, &id);
		if (slice_eq(buf_slice(&id), after))
			break;
	}
	buf_release(&id);
	return at + 1;
}

static void
write_page(const struct listing *l, size_t from, size_t to, struct buf *out)
{
	struct jwriter w = jwriter_on(out);
	struct buf id, first;

	buf_init(&id, RESPONSE_MAX);
	buf_init(&first, RESPONSE_MAX);
	jw_object(&w, NULL);
	jw_str(&w, "object", "list");
	jw_array(&w, "data");
	for (size_t at = from; at < to; at++) {
		id_at(l, at, &id);
		if (at == from)
			buf_add_slice(&first, buf_slice(&id));
		responses_item_write(&w,
		    json_object_array_get_idx(l->input, stored_place_of(l, at)), buf_slice(&id));
	}
	jw_array_end(&w);
	jw_slice(&w, "first_id", buf_slice(&first));
	jw_slice(&w, "last_id", buf_slice(&id));
	jw_bool(&w, "has_more", to < l->count);
	jw_object_end(&w);
	buf_release(&first);
	buf_release(&id);
}

int
responses_stored_input(
    struct slice stored, const struct responses_page *page, struct buf *out, struct apierror *err)
{
	json_object *doc = json_read(stored);
	struct listing l = { .input = json_get_array(doc, "input"), .ascending = page->ascending };
	size_t from, left;
	int rc = 1;

	if (l.input == NULL && json_get(doc, "response") != NULL)
		rc = apierror_set(err, APIERROR_NOT_FOUND, "response_id",
		    "The input of this response was too large to be kept.");
	if (l.input == NULL)
		goto out;
	l.count = json_object_array_length(l.input);
	from = find_start(&l, buf_slice(&page->after));
	if (from > l.count) {
		rc = unknown_item(err);
		goto out;
	}
	left = l.count - from;
	write_page(&l, from, from + (left < page->limit ? left : page->limit), out);
	rc = 0;
out:
	json_object_put(doc);
	return rc;
}
