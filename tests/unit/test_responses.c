/*
 * responses*.c by golden files:
 *   responses_request/X.in.json  a request; X.out.json: {"model", flags, "changes", "body", "echo",
 *                                "items", "input"}. X.refs.json: {"response": {id: items, or
 *                                what the store has},
 *                                "signature": {call id: text}, "media": {URL: base64}}. Without a
 *                                name that begins with stored_ nothing is to be kept, with strict_
 *                                nothing may be changed; strict_stored_ is both.
 *   responses_reply/X.in.json    {"request", "answer"}; X.out.json: {"reply", "kept"}
 *   responses_stream/X.sse       Gemini's stream, after a line `: REQUEST`; X.out.sse: the client's
 * X.err.json instead of X.out.json: {"status", "error"}.
 */
#include "config.h"

#include "core/openai/responses/responses.h"

#include "golden_dir.h"
#include "judge.h"

static struct answer_scratch scratch;

static struct models *models;

/* ---- requests ---- */

/* As many passes as the gateway makes. */
static int
read_request(struct responses_request *q, struct slice text, const struct translate_env *env,
    json_object *world, struct apierror *err)
{
	int answer = -1;

	responses_request_init(q);
	for (int pass = 0; pass < PREPARE_PASSES_MAX; pass++) {
		changes_reset(env->changes);
		responses_request_release(q);
		responses_request_init(q);
		answer = responses_request_read(q, text, env, err);
		if (answer != 0 || env->refs->wanted == 0)
			return answer;
		golden_answer_refs(env->refs, world);
	}
	ok(false, "too many passes");
	return answer;
}

static void
write_request(
    const struct responses_request *q, bool stored, struct changes *changes, struct buf *out)
{
	struct jwriter w = jwriter_on(out);

	jw_object(&w, NULL);
	jw_str(&w, "model", q->chat.model.name);
	if (q->chat.stream)
		jw_bool(&w, "stream", true);
	if (q->chat.one_call)
		jw_bool(&w, "one_call", true);
	if (q->chat.grounded)
		jw_bool(&w, "grounded", true);
	if (q->store)
		jw_bool(&w, "store", true);
	if (changes->count > 0)
		jw_slice(&w, "changes", changes_header(changes));
	jw_raw(&w, "body", buf_slice(&q->chat.body));
	jw_object(&w, "echo");
	buf_add_slice(out, buf_slice(&q->echo));
	jw_object_end(&w);
	if (stored) {
		json_write_to(&w, "items", q->items);
		json_write_to(&w, "input", q->input);
	}
	jw_object_end(&w);
}

/* The request with `store: false`, unless it says something else. */
static void
add_store(struct slice input, struct buf *out)
{
	json_object *doc = json_read(input);

	if (json_object_is_type(doc, json_type_object) && json_get(doc, "store") == NULL) {
		json_put(doc, "store", json_object_new_boolean(0));
		json_write(doc, out);
	} else {
		buf_add_slice(out, input);
	}
	json_object_put(doc);
}

static void
run_request(const char *path, struct slice input)
{
	const char *name = strrchr(path, '/') + 1;
	bool strict = strncmp(name, "strict_", 7) == 0;
	bool stored = strncmp(name + (strict ? 7 : 0), "stored_", 7) == 0;
	struct responses_request q;
	struct ext_refs refs;
	struct changes changes;
	struct translate_env env = { .models = models, .refs = &refs, .changes = &changes };
	struct apierror err;
	struct buf file, text, out;
	json_object *world = NULL;
	char refs_path[1024];

	buf_init(&file, GOLDEN_MAX);
	buf_init(&text, GOLDEN_MAX);
	buf_init(&out, GOLDEN_MAX);
	ext_refs_init(&refs);
	changes_init(&changes, strict);
	golden_path(refs_path, sizeof(refs_path), path, ".refs.json");
	if (golden_read(refs_path, &file))
		world = json_read(buf_slice(&file));
	if (!stored) {
		add_store(input, &text);
		input = buf_slice(&text);
	}
	if (read_request(&q, input, &env, world, &err) != 0) {
		golden_expect_error(path, ".err.json", &err);
	} else {
		write_request(&q, stored, &changes, &out);
		golden_expect_json(path, ".out.json", buf_slice(&out));
	}
	ok(changes.rename == NULL, "names are their own again");
	responses_request_release(&q);
	changes_release(&changes);
	ext_refs_release(&refs);
	json_object_put(world);
	buf_release(&file);
	buf_release(&text);
	buf_release(&out);
}

/* ---- replies ---- */

static void
keep(void *ctx, struct slice call_id, struct slice value)
{
	json_object *kept = ctx;
	struct buf key;

	buf_init(&key, 1 * KIB);
	buf_add_slice(&key, call_id);
	json_put_str(kept, key.data, value);
	buf_release(&key);
}

static struct responses_stream *
new_stream(const struct responses_request *q, bool events, json_object *kept)
{
	struct responses_info info = {
		.chat = { .id = "0123456789abcdef",
		    .scratch = &scratch,
		    .created = 1700000000,
		    .model = q->chat.model.name,
		    .one_call = q->chat.one_call,
		    .grounded = q->chat.grounded,
		    .tools = q->chat.tools,
		    .keep = kept != NULL ? keep : NULL,
		    .keep_ctx = kept },
		.echo = buf_slice(&q->echo),
		.events = events,
		.compact = q->compact,
	};

	return responses_stream_new(&info);
}

static bool
request_of(struct responses_request *q, struct slice text)
{
	struct translate_env env = { .models = models };
	struct apierror err;

	responses_request_init(q);
	return ok(responses_request_read(q, text, &env, &err) == 0, "the request");
}

static void
run_reply(const char *path, struct slice input)
{
	json_object *doc = json_read(input), *kept = json_object_new_object();
	struct responses_request q;
	struct responses_stream *stream;
	struct buf request, answer, reply, out;
	struct jwriter w = jwriter_on(&out);
	struct apierror err;

	buf_init(&request, GOLDEN_MAX);
	buf_init(&answer, GOLDEN_MAX);
	buf_init(&reply, GOLDEN_MAX);
	buf_init(&out, GOLDEN_MAX);
	json_write(json_get(doc, "request"), &request);
	json_write(json_get(doc, "answer"), &answer);
	request_of(&q, buf_slice(&request));
	stream = new_stream(&q, false, kept);
	if (responses_stream_document(stream, buf_slice(&answer), &reply, &err) != 0) {
		golden_expect_error(path, ".err.json", judged(&scratch, &err));
	} else {
		jw_object(&w, NULL);
		jw_raw(&w, "reply", buf_slice(&reply));
		if (json_object_object_length(kept) > 0)
			json_write_to(&w, "kept", kept);
		jw_object_end(&w);
		golden_expect_json(path, ".out.json", buf_slice(&out));
		buf_reset(&out);
		responses_stream_response(stream, &out);
		ok(slice_eq(buf_slice(&out), buf_slice(&reply)), "the same once more");
	}
	responses_stream_free(stream);
	responses_request_release(&q);
	json_object_put(kept);
	json_object_put(doc);
	buf_release(&request);
	buf_release(&answer);
	buf_release(&reply);
	buf_release(&out);
}

/* ---- streams ---- */

struct feed {
	struct responses_stream *stream;
	struct buf out;
	struct apierror err;
};

static int
feed(void *ctx, struct slice piece)
{
	struct feed *f = ctx;

	return responses_stream_feed(f->stream, piece, &f->out, &f->err);
}

/* max: the largest piece; 0 feeds all at once. */
static void
stream(const struct responses_request *q, struct slice events, size_t max, struct buf *out)
{
	struct feed f = { .stream = new_stream(q, true, NULL) };

	buf_init(&f.out, GOLDEN_MAX);
	if (golden_pieces(events, max, 7, feed, &f) != 0 ||
	    responses_stream_finish(f.stream, &f.out, &f.err) != 0)
		responses_stream_fail(f.stream, judged(&scratch, &f.err), &f.out);
	responses_stream_free(f.stream);
	*out = f.out;
}

/* The Response at the end of a stream is the one that a whole answer gives. */
static void
check_last(struct slice events, const struct responses_request *q, struct slice upstream)
{
	struct feed f = { .stream = new_stream(q, false, NULL) };
	ptrdiff_t at = -1, next;
	json_object *event;
	struct buf want;

	buf_init(&f.out, GOLDEN_MAX);
	buf_init(&want, GOLDEN_MAX);
	if (feed(&f, upstream) == 0 && responses_stream_finish(f.stream, &f.out, &f.err) == 0) {
		while ((next = slice_find(
			    (struct slice){ events.ptr + at + 1, events.len - (size_t)(at + 1) },
			    SLICE("data: "))) >= 0)
			at += next + 1;
		event =
		    json_read((struct slice){ events.ptr + at + 6, events.len - (size_t)at - 6 });
		json_write(json_get(event, "response"), &want);
		ok(slice_eq(buf_slice(&want), buf_slice(&f.out)), "the last event has it all");
		json_object_put(event);
	}
	responses_stream_free(f.stream);
	buf_release(&f.out);
	buf_release(&want);
}

static void
run_stream(const char *path, struct slice input)
{
	static const size_t pieces[] = { 1, 2, 7, 50 };
	struct responses_request q;
	struct slice first = input;
	struct buf whole, split;

	slice_split(&input, '\n', &first);
	request_of(&q, (struct slice){ first.ptr + 2, first.len - 2 });
	stream(&q, input, 0, &whole);
	golden_expect(path, ".out.sse", buf_slice(&whole));
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		stream(&q, input, pieces[i], &split);
		ok(slice_eq(buf_slice(&split), buf_slice(&whole)), "the same in pieces");
		buf_release(&split);
	}
	check_last(buf_slice(&whole), &q, input);
	buf_release(&whole);
	responses_request_release(&q);
}

int
main(void)
{
	const char *error;

	models = models_new("gpt-*=gemini-2.5-flash", &error);
	golden_run("responses_request", ".in.json", NULL, run_request);
	golden_run("responses_reply", ".in.json", NULL, run_reply);
	golden_run("responses_stream", ".sse", ".out.sse", run_stream);
	models_free(models);
	return tap_done();
}
