/* Conversations by way of responses*.c: without storage, and with what a store keeps of them. */
#include "config.h"

#include "core/openai/responses/responses.h"

#include "base/limits.h"
#include "core/json/json.h"
#include "tap.h"

static struct answer_scratch scratch;

static struct models *models;

static const char tools[] = "[{\"type\":\"function\",\"name\":\"get weather\",\"parameters\":{"
			    "\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}}}},"
			    "{\"type\":\"web_search\"}]";

/* Google's answers to the steps of one conversation. */
static const char call_answer[] =
    "{\"candidates\":[{\"content\":{\"parts\":["
    "{\"toolCall\":{\"id\":\"t1\",\"toolType\":\"GOOGLE_SEARCH_WEB\",\"args\":{}}},"
    "{\"functionCall\":{\"id\":\"g1\",\"name\":\"%s\",\"args\":{\"city\":\"Bern\"}},"
    "\"thoughtSignature\":\"c2lnbmF0dXJl\"}]},\"finishReason\":\"STOP\",\"index\":0}]}";
static const char text_answer[] =
    "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Rain.\"}]},"
    "\"finishReason\":\"STOP\",\"index\":0}]}";

/* ---- one exchange ---- */

struct exchange {
	struct responses_request request;
	struct responses_stream *stream;
	struct buf reply;
};

static bool
ask(struct exchange *x, const char *body, const struct translate_env *env)
{
	struct apierror err;

	*x = (struct exchange){ 0 };
	buf_init(&x->reply, 1 * MIB);
	responses_request_init(&x->request);
	if (responses_request_read(&x->request, slice_str(body), env, &err) == 0)
		return ok(true, "the request");
	printf("# %s: %s\n", err.param, err.message);
	return ok(false, "the request");
}

static void
answer(struct exchange *x, const char *id, const char *upstream)
{
	struct responses_info info = {
		.chat = { .id = id,
		    .scratch = &scratch,
		    .created = 1700000000,
		    .model = x->request.chat.model.name,
		    .grounded = x->request.chat.grounded,
		    .tools = x->request.chat.tools },
		.echo = buf_slice(&x->request.echo),
	};
	struct apierror err;

	x->stream = responses_stream_new(&info);
	ok(responses_stream_document(x->stream, slice_str(upstream), &x->reply, &err) == 0,
	    "the answer");
}

static void
release(struct exchange *x)
{
	responses_stream_free(x->stream);
	responses_request_release(&x->request);
	buf_release(&x->reply);
}

static bool
sent(const struct exchange *x, const char *part)
{
	bool found = slice_find(buf_slice(&x->request.chat.body), slice_str(part)) >= 0;

	if (!found)
		printf("# %s\n", x->request.chat.body.data);
	return found;
}

/* The name that Google got for `get weather`. */
static void
upstream_name(const struct exchange *x, struct buf *out)
{
	json_object *body = json_read(buf_slice(&x->request.chat.body));
	json_object *tool = json_object_array_get_idx(json_get_array(body, "tools"), 0);
	json_object *list = json_get_array(tool, "functionDeclarations");

	buf_add_slice(out, json_get_str(json_object_array_get_idx(list, 0), "name"));
	json_object_put(body);
}

static void
first_step(struct exchange *x, const struct translate_env *env)
{
	struct buf body, name, reply;

	buf_init(&body, 1 * MIB);
	buf_init(&name, 1 * KIB);
	buf_init(&reply, 1 * MIB);
	buf_addf(&body,
	    "{\"model\":\"gemini-3.8-flash\",\"input\":\"Weather?\","
	    "\"instructions\":\"Be brief.\",\"tools\":%s}",
	    tools);
	ask(x, body.data, env);
	upstream_name(x, &name);
	for (const char *at = call_answer; *at != '\0'; at++) {
		if (at[0] == '%' && at[1] == 's') {
			buf_add_slice(&reply, buf_slice(&name));
			at++;
		} else {
			buf_addc(&reply, *at);
		}
	}
	answer(x, "aaaa", reply.data);
	buf_release(&body);
	buf_release(&name);
	buf_release(&reply);
}

/* What Google must get back, whichever way it went. */
static void
check_second(const struct exchange *x)
{
	ok(sent(x, "{\"text\":\"Weather?\"}"), "the question");
	ok(sent(x, "{\"toolCall\":{\"id\":\"t1\",\"toolType\":\"GOOGLE_SEARCH_WEB\",\"args\":{}}}"),
	    "the trace of Google's own tool");
	ok(sent(x, "\"args\":{\"city\":\"Bern\"}},\"thoughtSignature\":\"c2lnbmF0dXJl\""),
	    "the call with its signature");
	ok(sent(x, "\"response\":{\"result\":\"rain\"}"), "the result");
}

/* ---- without storage ---- */

static void
test_stateless(void)
{
	struct translate_env env = { .models = models };
	struct exchange first, second;
	struct buf body;
	json_object *reply, *output;

	first_step(&first, &env);
	reply = json_read(buf_slice(&first.reply));
	output = json_get_array(reply, "output");
	is_int(json_object_array_length(output), 2, "reasoning and call");
	is_slice(json_get_str(json_object_array_get_idx(output, 1), "name"), "get weather",
	    "the caller's name");
	buf_init(&body, 1 * MIB);
	buf_addf(&body,
	    "{\"model\":\"gemini-3.8-flash\",\"tools\":%s,\"input\":[{\"role\":\"user\","
	    "\"content\":\"Weather?\"},",
	    tools);
	for (size_t i = 0; i < json_object_array_length(output); i++) {
		json_write(json_object_array_get_idx(output, i), &body);
		buf_addc(&body, ',');
	}
	buf_adds(&body, "{\"type\":\"function_call_output\",\"call_id\":\"g1\","
			"\"output\":\"rain\"}]}");
	ask(&second, body.data, &env);
	check_second(&second);
	json_object_put(reply);
	buf_release(&body);
	release(&first);
	release(&second);
}

/* ---- with storage ---- */

static void
store(struct exchange *x, struct buf *out)
{
	buf_reset(out);
	responses_stored_write(&x->request, x->stream, out);
	ok(!out->failed, "it is kept");
}

/* The one reference that is wanted must be that response. */
static void
give(struct ext_refs *refs, const char *id, const struct buf *stored)
{
	struct buf value;

	is_int(refs->wanted, 1, "one thing is wanted");
	is_str(refs->list[refs->count - 1]->key, id, "that response");
	buf_init(&value, 1 * MIB);
	buf_add_slice(&value, buf_slice(stored));
	ext_refs_found(refs, refs->list[refs->count - 1], &value);
}

static void
ask_twice(struct exchange *x, const char *body, struct translate_env *env, const char *id,
    const struct buf *stored)
{
	ext_refs_release(env->refs);
	ask(x, body, env);
	is_str(x->request.chat.model.name, "gemini-3.8-flash", "the model is known");
	give(env->refs, id, stored);
	release(x);
	ask(x, body, env);
	is_int(env->refs->wanted, 0, "nothing more is wanted");
}

static void
test_previous(struct translate_env *env)
{
	struct exchange first, second, third;
	struct buf stored;

	buf_init(&stored, 1 * MIB);
	first_step(&first, env);
	ok(first.request.store, "it is to be stored, as OpenAI does unless told otherwise");
	store(&first, &stored);
	ask_twice(&second,
	    "{\"model\":\"gemini-3.8-flash\",\"previous_response_id\":\"resp_aaaa\",\"tools\":[{"
	    "\"type\":\"web_search\"}],\"input\":[{\"type\":\"function_call_output\","
	    "\"call_id\":\"g1\",\"output\":\"rain\"}]}",
	    env, "resp_aaaa", &stored);
	check_second(&second);
	ok(!sent(&second, "Be brief."), "instructions are not inherited");
	answer(&second, "bbbb", text_answer);
	ok(slice_find(buf_slice(&second.reply), SLICE("\"previous_response_id\":\"resp_aaaa\"")) >
		0,
	    "the answer names its predecessor");
	store(&second, &stored);
	ask_twice(&third,
	    "{\"model\":\"gemini-3.8-flash\",\"input\":[{\"role\":\"user\",\"content\":\"Weather?"
	    "\"},"
	    "{\"type\":\"item_reference\",\"id\":\"rs_aaaa_0\"},"
	    "{\"type\":\"item_reference\",\"id\":\"fc_aaaa_1\"},"
	    "{\"type\":\"function_call_output\",\"call_id\":\"g1\",\"output\":\"rain\"},"
	    "{\"type\":\"item_reference\",\"id\":\"msg_bbbb_0\"},"
	    "{\"role\":\"user\",\"content\":\"Thanks\"}]}",
	    env, "resp_bbbb", &stored);
	check_second(&third);
	ok(sent(&third, "{\"text\":\"Rain.\"}"), "the answer is there by its id");
	release(&first);
	release(&second);
	release(&third);
	buf_release(&stored);
}

static struct apierror page_error;

static int
page_of(struct slice stored, const char *query, struct buf *out)
{
	struct responses_page page;
	int rc = responses_page_read(&page, slice_str(query), &page_error);

	buf_reset(out);
	if (rc == 0)
		rc = responses_stored_input(stored, &page, out, &page_error);
	responses_page_release(&page);
	return rc;
}

static void
test_pages(void)
{
	static const char stored[] =
	    "{\"input\":[{\"id\":\"a\"},{\"id\":\"b/b\"},{},{\"id\":\"d\"}]}";
	static const struct {
		const char *query, *ids;
		bool more;
	} good[] = {
		{ "", "d item_2 b/b a", false },
		{ "order=desc&limit=4", "d item_2 b/b a", false },
		{ "order=asc", "a b/b item_2 d", false },
		{ "limit=3", "d item_2 b/b", true },
		{ "limit=1&after=item_2", "b/b", true },
		{ "after=b%2Fb", "a", false },
		{ "after=b%2Fb&order=asc", "item_2 d", false },
		{ "after=a", "", false },
		{ "after=&include[]=x", "d item_2 b/b a", false },
	};
	static const struct {
		const char *query, *param;
	} bad[] = {
		{ "limit=0", "limit" },
		{ "limit=101", "limit" },
		{ "limit=-1", "limit" },
		{ "limit=", "limit" },
		{ "order=up", "order" },
		{ "after=nobody", "after" },
		{ "after=%zz", "after" },
	};
	struct buf out, ids;

	buf_init(&out, 1 * MIB);
	buf_init(&ids, 1 * KIB);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		json_object *doc, *data;

		is_int(page_of(slice_str(stored), good[i].query, &out), 0, good[i].query);
		doc = json_read(buf_slice(&out));
		data = json_get_array(doc, "data");
		buf_reset(&ids);
		for (size_t k = 0; k < json_object_array_length(data); k++) {
			buf_adds(&ids, k > 0 ? " " : "");
			buf_add_slice(&ids, json_get_str(json_object_array_get_idx(data, k), "id"));
		}
		is_slice(buf_slice(&ids), good[i].ids, "the items");
		ok(json_object_get_boolean(json_get(doc, "has_more")) == good[i].more,
		    "whether there are more");
		json_object_put(doc);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		is_int(page_of(slice_str(stored), bad[i].query, &out), -1, bad[i].query);
		is_str(page_error.param, bad[i].param, "the parameter at fault");
		is_int(page_error.status, 400, "the status");
	}
	buf_release(&out);
	buf_release(&ids);
}

static void
test_read_back(void)
{
	struct translate_env env = { .models = models };
	struct exchange x;
	struct buf stored, out;

	buf_init(&stored, 1 * MIB);
	buf_init(&out, 1 * MIB);
	ask(&x,
	    "{\"model\":\"gemini-3.8-flash\",\"input\":[{\"role\":\"user\",\"content\":\"a\"},"
	    "{\"role\":\"assistant\",\"content\":\"b\"},{\"type\":\"message\",\"id\":\"mine\","
	    "\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"c\"}]}]}",
	    &env);
	answer(&x, "cccc", text_answer);
	store(&x, &stored);
	ok(responses_stored_response(buf_slice(&stored), &out) == 0, "the response");
	ok(slice_eq(buf_slice(&out), buf_slice(&x.reply)), "is the same");
	buf_reset(&out);
	is_int(page_of(buf_slice(&stored), "", &out), 0, "its input");
	is_slice(buf_slice(&out),
	    "{\"object\":\"list\",\"data\":[{\"id\":\"mine\",\"type\":\"message\","
	    "\"status\":\"completed\",\"role\":\"user\",\"content\":[{\"type\":\"input_text\","
	    "\"text\":\"c\"}]},{\"id\":\"item_1\",\"type\":\"message\",\"status\":\"completed\","
	    "\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"b\","
	    "\"annotations\":[],\"logprobs\":[]}]},{\"id\":\"item_0\",\"type\":\"message\","
	    "\"status\":\"completed\",\"role\":\"user\",\"content\":[{\"type\":\"input_text\","
	    "\"text\":\"a\"}]}],\"first_id\":\"mine\",\"last_id\":\"item_0\",\"has_more\":false}",
	    "is OpenAI's list, the last one first");
	buf_reset(&out);
	ok(responses_stored_response(SLICE("{}"), &out) != 0, "no response in there");
	is_int(page_of(SLICE("nonsense"), "", &out), 1, "no input in there");
	is_int(page_of(SLICE("{\"input\":[]}"), "", &out), 0, "an empty one");
	is_slice(buf_slice(&out),
	    "{\"object\":\"list\",\"data\":[],\"first_id\":\"\",\"last_id\":\"\",\"has_more\":"
	    "false}",
	    "is a list");
	release(&x);
	buf_release(&stored);
	buf_release(&out);
}

/* A store that holds something else under the id. */
static void
test_spoilt(struct translate_env *env)
{
	static const char body[] = "{\"model\":\"gemini-3.8-flash\",\"input\":\"x\","
				   "\"previous_response_id\":\"resp_x\"}";
	struct responses_request q;
	struct apierror err;
	struct buf value;

	ext_refs_release(env->refs);
	responses_request_init(&q);
	ok(responses_request_read(&q, SLICE(body), env, &err) == 0, "it is wanted");
	buf_init(&value, 100);
	buf_adds(&value, "{\"items\":3}");
	ext_refs_found(env->refs, env->refs->list[0], &value);
	responses_request_release(&q);
	responses_request_init(&q);
	ok(responses_request_read(&q, SLICE(body), env, &err) != 0, "no response");
	is_str(err.param, "previous_response_id", "named");
	responses_request_release(&q);
}

int
main(void)
{
	const char *error;
	struct ext_refs refs;
	struct changes changes;
	struct translate_env env = { .refs = &refs, .changes = &changes };

	env.models = models = models_new("", &error);
	ext_refs_init(&refs);
	changes_init(&changes, false);
	test_stateless();
	test_previous(&env);
	test_read_back();
	test_pages();
	test_spoilt(&env);
	ext_refs_release(&refs);
	changes_release(&changes);
	models_free(models);
	return tap_done();
}
