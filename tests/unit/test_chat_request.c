/* chat/request.c and its readers: what golden files cannot show. */
#include "config.h"

#include "core/openai/chat/chat.h"

#include "base/limits.h"
#include "tap.h"

static struct models *models;

static int
read_text(struct chat_request *request, const struct buf *text, struct apierror *err)
{
	chat_request_init(request);
	return chat_request_read(
	    request, buf_slice(text), &(struct translate_env){ .models = models }, err);
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

/* Of many calls only the latest have their signatures looked up. */
static void
test_many_signatures(void)
{
	struct chat_request request;
	struct apierror err;
	struct ext_refs refs;
	struct translate_env env = { .models = models, .refs = &refs };
	struct buf text;

	buf_init(&text, MIB);
	buf_adds(&text, "{\"model\":\"gemini-3.8-flash\",\"messages\":[{\"role\":\"user\","
			"\"content\":\"x\"}");
	for (int i = 0; i < REFS_MAX + 10; i++)
		buf_addf(&text,
		    ",{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c%d\",\"function\":"
		    "{\"name\":\"f\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"c%d\","
		    "\"content\":\"r\"}",
		    i, i);
	buf_adds(&text, "]}");
	ext_refs_init(&refs);
	chat_request_init(&request);
	ok(chat_request_read(&request, buf_slice(&text), &env, &err) == 0, "many calls");
	is_int(refs.wanted, REFS_MAX, "as many signatures as may be asked for");
	is_str(refs.list[0]->key, "c10", "the oldest calls do without");
	chat_request_release(&request);
	ext_refs_release(&refs);
	buf_release(&text);
}

static void
no_thinking(void *ctx, const char *name, struct lesson *ret)
{
	(void)ctx, (void)name;
	*ret = (struct lesson){ .refused.kinds = REFUSED_THINKING };
}

/* What the model refused is left out at the second try. */
static void
test_omit_thinking(void)
{
	static const struct lessons lessons = { .of = no_thinking };
	static const char text[] = "{\"model\":\"gemini-3.8-flash\",\"reasoning_effort\":\"low\","
				   "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}";
	struct chat_request request;
	struct changes changes;
	struct apierror err;
	struct translate_env env = { .models = models, .changes = &changes, .lessons = &lessons };

	changes_init(&changes, false);
	chat_request_init(&request);
	ok(chat_request_read(&request, SLICE(text), &env, &err) == 0, "without thinkingConfig");
	ok(slice_find(buf_slice(&request.body), SLICE("thinking")) < 0, "  there is none");
	is_slice(changes_header(&changes), "/reasoning_effort dropped", "  and it is noted");
	chat_request_release(&request);
	changes_release(&changes);
}

/* Many keys, renamed tools, notes: all of them at once. */
static void
test_many_notes(void)
{
	struct chat_request request;
	struct changes changes;
	struct apierror err;
	struct translate_env env = { .models = models, .changes = &changes };
	struct buf text;

	buf_init(&text, 16 * MIB);
	buf_adds(&text, "{\"model\":\"gemini-3.8-flash\",\"messages\":[{\"role\":\"user\","
			"\"content\":\"x\"}],\"tools\":[");
	for (int i = 0; i < 20000; i++)
		buf_addf(&text, "%s{\"type\":\"function\",\"function\":{\"name\":\"a %d\"}}",
		    i > 0 ? "," : "", i);
	buf_adds(&text, "]");
	for (int i = 0; i < 20000; i++)
		buf_addf(&text, ",\"key%d\":1", i);
	buf_adds(&text, "}");
	changes_init(&changes, false);
	chat_request_init(&request);
	ok(chat_request_read(&request, buf_slice(&text), &env, &err) == 0, "40,000 changes");
	is_int(changes.count, 40000, "  all counted");
	chat_request_release(&request);
	changes_release(&changes);
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
	test_many_signatures();
	test_omit_thinking();
	test_many_notes();
	models_free(models);
	return tap_done();
}
