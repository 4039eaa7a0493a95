/* chat_request.c and its readers: what golden files cannot show. */
#include "config.h"

#include "core/chat.h"

#include "base/limits.h"
#include "tap.h"

static struct models *models;

static int
read_text(struct chat_request *request, const struct buf *text, struct apierror *err)
{
	chat_request_init(request);
	return chat_request_read(request, buf_slice(text), models, err);
}

/* A picture of 20 MB goes through, digit for digit. */
static void
test_large_media(void)
{
	static const char head[] =
	    "{\"model\":\"gemini-2.5-flash\",\"messages\":[{\"role\":\"user\","
	    "\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":"
	    "\"data:image/png;base64,";
	size_t size = 20 * MIB;
	struct chat_request request;
	struct apierror err;
	struct buf text;
	char *room;

	buf_init(&text, BODY_MAX);
	buf_adds(&text, head);
	room = buf_room(&text, size);
	memset(room, 'Q', size);
	text.len += size;
	buf_adds(&text, "\"}}]}]}");
	if (ok(read_text(&request, &text, &err) == 0, "20 MB of image")) {
		struct slice body = buf_slice(&request.body);
		ptrdiff_t at = slice_find(body, SLICE("\"data\":\""));

		ok(at > 0 && memcmp(body.ptr + at + 8, text.data + sizeof(head) - 1, size) == 0,
		    "unchanged");
	}
	chat_request_release(&request);
	buf_release(&text);
}

/* Calls and results by the ten thousand: minutes, if matching were quadratic. */
static void
test_many_calls(void)
{
	struct chat_request request;
	struct apierror err;
	struct buf text;
	int count = 30000;

	buf_init(&text, BODY_MAX);
	buf_adds(&text, "{\"model\":\"gemini-3.8-flash\",\"messages\":[{\"role\":\"user\","
			"\"content\":\"x\"},{\"role\":\"assistant\",\"tool_calls\":[");
	for (int i = 0; i < count; i++)
		buf_addf(&text, "%s{\"id\":\"%d\",\"function\":{\"name\":\"f\"}}", i > 0 ? "," : "",
		    i % 100);
	buf_adds(&text, "]}");
	for (int i = 0; i < count; i++)
		buf_addf(&text, ",{\"role\":\"tool\",\"tool_call_id\":\"%d\",\"content\":\"r\"}",
		    i % 100);
	for (int i = 0; i < count; i++)
		buf_adds(&text, ",{\"role\":\"assistant\",\"content\":\"x\"},{\"role\":\"user\","
				"\"content\":\"y\"}");
	buf_adds(&text, "]}");
	ok(read_text(&request, &text, &err) == 0, "30,000 calls");
	ok(slice_find(buf_slice(&request.body), SLICE("no result")) < 0, "each has its result");
	chat_request_release(&request);
	buf_release(&text);
}

static void
test_deep(void)
{
	struct chat_request request;
	struct apierror err;
	struct buf text;

	buf_init(&text, MIB);
	buf_adds(&text, "{\"model\":\"gemini-2.5-flash\",\"messages\":");
	for (int i = 0; i < 10000; i++)
		buf_adds(&text, "[");
	ok(read_text(&request, &text, &err) == -1 && err.kind == APIERROR_BAD_JSON, "too deep");
	chat_request_release(&request);
	buf_release(&text);
}

/* The field names in errors are cut, never the memory behind them. */
static void
test_long_words(void)
{
	struct chat_request request;
	struct apierror err;
	struct buf text;

	buf_init(&text, MIB);
	buf_adds(&text, "{\"model\":\"gemini-2.5-flash\",\"messages\":[{\"role\":\"");
	for (int i = 0; i < 5000; i++)
		buf_adds(&text, "\xF0\x9F\x98\x80");
	buf_adds(&text, "\"}]}");
	ok(read_text(&request, &text, &err) == -1, "a very long role");
	is_str(err.param, "messages[0].role", "  param");
	ok(strlen(err.message) < APIERROR_MESSAGE_MAX, "  message");
	chat_request_release(&request);
	buf_release(&text);
}

int
main(void)
{
	const char *error;

	models = models_new(models_default_aliases, &error);
	test_large_media();
	test_many_calls();
	test_deep();
	test_long_words();
	models_free(models);
	return tap_done();
}
