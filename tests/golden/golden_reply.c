/* Golden tests of the chat replies, whole and streamed; golden.c tells what the files hold. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "core/openai/chat/chat.h"
#include "golden.h"
#include "judge.h"

/* What X.info.json tells, and what a run gives to be kept. */
struct setup {
	struct chat_reply_info info;
	json_object *doc;
	struct tool_names *tools;
	struct json_reader *reader;
	struct answer_scratch scratch;
	struct buf kept; /* elements of a JSON array */
};

static void
keep(void *ctx, struct slice call_id, struct slice value)
{
	struct setup *setup = ctx;
	struct jwriter w = { .out = &setup->kept, .comma = setup->kept.len > 0 };

	jw_object(&w, NULL);
	jw_slice(&w, "id", call_id);
	jw_slice(&w, "value", value);
	jw_object_end(&w);
}

static struct tool_names *
read_tools(json_object *list)
{
	struct tool_names *tools = list != NULL ? tool_names_new() : NULL;

	for (size_t i = 0; list != NULL && i < json_object_array_length(list); i++) {
		json_object *tool = json_object_array_get_idx(list, i);
		bool custom = slice_eq(json_get_str(tool, "kind"), SLICE("custom"));

		tool_names_add(tools, json_get_str(tool, "space"), json_get_str(tool, "name"),
		    custom ? TOOL_CUSTOM : TOOL_FUNCTION);
	}
	return tools;
}

static void
setup_init(struct setup *s, const char *dir, const char *name)
{
	json_object *doc = golden_json(dir, name, ".info.json");
	json_object *format = json_get(doc, "audio_format");

	*s = (struct setup){ .doc = doc, .reader = json_reader_new() };
	s->tools = read_tools(json_get_array(doc, "tools"));
	buf_init(&s->kept, GOLDEN_MAX);
	s->info = (struct chat_reply_info){
		.id = "0123456789abcdefghij",
		.created = 1700000000,
		.model = "gemini-golden",
		.include_usage = json_get_bool(doc, "include_usage", false),
		.legacy_functions = json_get_bool(doc, "legacy_functions", false),
		.one_call = json_get_bool(doc, "one_call", false),
		.grounded = json_get_bool(doc, "grounded", false),
		.audio_format = format != NULL ? json_object_get_string(format) : NULL,
		.tools = s->tools,
		.fan = (size_t)json_get_int(doc, "fan", 1),
		.keep = keep,
		.keep_ctx = s,
		.scratch = &s->scratch,
	};
}

static void
setup_release(struct setup *s)
{
	tool_names_free(s->tools);
	json_object_put(s->doc);
	json_reader_free(s->reader);
	buf_release(&s->kept);
}

static void
expect_kept(const char *dir, const char *name, const struct setup *s)
{
	struct buf list;

	if (s->kept.len == 0) {
		golden_expect_none(dir, name, ".kept.json");
		return;
	}
	buf_init(&list, GOLDEN_MAX);
	buf_addf(&list, "[%s]", s->kept.data);
	golden_expect(dir, name, ".kept.json", buf_slice(&list), true);
	buf_release(&list);
}

/* ---- whole replies ---- */

/* The answers of a fan, each a text of its own. */
static void
split_answers(struct slice input, size_t count, struct buf *texts, struct slice *ret)
{
	json_object *list = json_read(input);

	for (size_t i = 0; i < count; i++) {
		buf_init(&texts[i], GOLDEN_MAX);
		if (count > 1)
			json_write(json_object_array_get_idx(list, i), &texts[i]);
		ret[i] = count > 1 ? buf_slice(&texts[i]) : input;
	}
	json_object_put(list);
}

/* A shared parser opens the short cut for plain answers; the outcome must be the same. */
void
golden_reply(const char *dir, const char *name, struct slice input)
{
	struct slice answers[8];
	struct buf texts[8];
	struct setup setup;

	setup_init(&setup, dir, name);
	if (!golden_ok(setup.info.fan <= ARRAY_SIZE(answers), "  the fan"))
		exit(1);
	split_answers(input, setup.info.fan, texts, answers);
	for (int shared = 0; shared <= 1; shared++) {
		struct apierror err;
		struct usage usage = { 0 };
		struct buf out;

		setup.scratch.json = shared ? setup.reader : NULL;
		buf_reset(&setup.kept);
		buf_init(&out, GOLDEN_MAX);
		if (chat_reply_translate(answers, &setup.info, &out, &usage, &err) != 0)
			golden_expect_error(dir, name, judged(&setup.scratch, &err));
		else
			golden_expect(dir, name, ".out.json", buf_slice(&out), true);
		expect_kept(dir, name, &setup);
		buf_release(&out);
	}
	for (size_t i = 0; i < setup.info.fan; i++)
		buf_release(&texts[i]);
	setup_release(&setup);
}

/* ---- streams ---- */

/* How a stream is fed. */
struct way {
	size_t max; /* the largest piece; 0: as large as can be */
	uint32_t seed;
	const char *end; /* of lines; NULL: as in the file */
	bool long_way;   /* every event goes through json-c */
	bool shared;     /* the parser is not the stream's own */
};

struct lanes {
	size_t count;
	struct buf texts[8];
	struct slice left[8];
	bool ended[8];
};

static uint32_t
chance(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void
with_ends(struct slice input, const char *end, struct buf *out)
{
	for (size_t i = 0; i < input.len; i++) {
		if (input.ptr[i] == '\n')
			buf_adds(out, end);
		else
			buf_addc(out, input.ptr[i]);
	}
}

/* With a member in each event that event.c leaves to json-c. */
static void
the_long_way(struct slice input, struct buf *out)
{
	static const struct slice start = { "data: {\"", 8 };
	ptrdiff_t at;

	while ((at = slice_find(input, start)) >= 0) {
		buf_add(out, input.ptr, (size_t)at);
		buf_adds(out, "data: {\"zz\":{},\"");
		input.ptr += (size_t)at + start.len;
		input.len -= (size_t)at + start.len;
	}
	buf_add_slice(out, input);
}

static void
prepare(struct slice input, const struct way *way, struct buf *out)
{
	struct buf text;

	buf_init(&text, GOLDEN_MAX);
	if (way->long_way)
		the_long_way(input, &text);
	else
		buf_add_slice(&text, input);
	if (way->end != NULL)
		with_ends(buf_slice(&text), way->end, out);
	else
		buf_add_slice(out, buf_slice(&text));
	buf_release(&text);
}

/* All that is left of the only lane; of several the next event. */
static struct slice
next_text(struct lanes *lanes, size_t lane)
{
	struct slice *left = &lanes->left[lane], text = *left;
	ptrdiff_t end = lanes->count > 1 ? slice_find(*left, SLICE("\n\n")) : -1;

	if (end >= 0)
		text.len = (size_t)end + 2;
	left->ptr += text.len;
	left->len -= text.len;
	return text;
}

static int
step(struct chat_stream *s, struct lanes *lanes, size_t lane, struct way *way, struct buf *out,
    struct apierror *err)
{
	struct slice rest;
	struct buf text;
	int answer = 0;

	if (lanes->ended[lane])
		return 0;
	buf_init(&text, GOLDEN_MAX);
	prepare(next_text(lanes, lane), way, &text);
	rest = buf_slice(&text);
	while (answer == 0 && rest.len > 0) {
		size_t len = way->max > 0 ? chance(&way->seed) % way->max + 1 : rest.len;

		len = len < rest.len ? len : rest.len;
		answer = chat_stream_feed(s, lane, (struct slice){ rest.ptr, len }, out, err);
		rest = (struct slice){ rest.ptr + len, rest.len - len };
	}
	buf_release(&text);
	if (answer == 0 && lanes->left[lane].len == 0) {
		lanes->ended[lane] = true;
		answer = chat_stream_finish(s, lane, out, err);
	}
	return answer;
}

static void
stream(struct setup *setup, struct lanes *lanes, struct way way, struct buf *out)
{
	struct chat_stream *s;
	struct apierror err;
	bool ended = false;
	int answer = 0;

	setup->scratch.json = way.shared ? setup->reader : NULL;
	buf_reset(&setup->kept);
	buf_reset(out);
	s = chat_stream_new(&setup->info);
	for (size_t i = 0; i < lanes->count; i++) {
		lanes->left[i] = buf_slice(&lanes->texts[i]);
		lanes->ended[i] = false;
	}
	while (answer == 0 && !ended) {
		ended = true;
		for (size_t i = 0; i < lanes->count && answer == 0; i++) {
			answer = step(s, lanes, i, &way, out, &err);
			ended = ended && lanes->ended[i];
		}
	}
	if (answer != 0)
		apierror_render_event(judged(&setup->scratch, &err), DIALECT_OPENAI, out);
	chat_stream_free(s);
}

static void
key_order_init(
    struct lanes *lanes, const char *dir, const char *name, size_t count, struct slice first)
{
	*lanes = (struct lanes){ .count = count };
	if (!golden_ok(count >= 1 && count <= ARRAY_SIZE(lanes->texts), "  the fan"))
		exit(1);
	for (size_t i = 0; i < count; i++) {
		char suffix[32], *path;

		snprintf(suffix, sizeof(suffix), ".lane%zu.sse", i);
		path = golden_path(dir, name, suffix);
		buf_init(&lanes->texts[i], GOLDEN_MAX);
		if (i == 0)
			buf_add_slice(&lanes->texts[i], first);
		else
			golden_ok(golden_read(path, &lanes->texts[i]), path);
		free(path);
	}
}

/* What came out of another way must be what came out first. */
struct first {
	struct buf out, kept;
};

static bool
same(struct setup *setup, struct lanes *lanes, struct way way, const struct first *first)
{
	struct buf out;
	bool good;

	buf_init(&out, GOLDEN_MAX);
	stream(setup, lanes, way, &out);
	good = slice_eq(buf_slice(&out), buf_slice(&first->out)) &&
	       slice_eq(buf_slice(&setup->kept), buf_slice(&first->kept));
	buf_release(&out);
	return good;
}

static void
check_ways(struct setup *setup, struct lanes *lanes, const struct first *first)
{
	static const size_t pieces[] = { 1, 3, 17, 100, 1000 };
	static const char *const ends[] = { "\n", "\r\n", "\r" };
	bool good = true;

	for (size_t p = 0; p < ARRAY_SIZE(pieces); p++)
		for (uint32_t seed = 1; seed <= 20; seed++)
			good = good && same(setup, lanes,
					   (struct way){ .max = pieces[p], .seed = seed }, first);
	golden_ok(good, "  the same at every split");
	golden_ok(same(setup, lanes, (struct way){ .long_way = true }, first),
	    "  the same by way of json-c");
	golden_ok(same(setup, lanes, (struct way){ .shared = true }, first),
	    "  the same with a shared parser");
	good = true;
	for (size_t e = 0; e < ARRAY_SIZE(ends); e++)
		for (size_t max = 0; max <= 2; max++)
			good = good &&
			       same(setup, lanes,
				   (struct way){ .max = max, .seed = 1, .end = ends[e] }, first);
	golden_ok(good, "  the same with every line end");
}

void
golden_stream(const char *dir, const char *name, struct slice input)
{
	struct setup setup;
	struct lanes lanes;
	struct first first;

	setup_init(&setup, dir, name);
	key_order_init(&lanes, dir, name, setup.info.fan, input);
	buf_init(&first.out, GOLDEN_MAX);
	buf_init(&first.kept, GOLDEN_MAX);
	stream(&setup, &lanes, (struct way){ 0 }, &first.out);
	buf_add_slice(&first.kept, buf_slice(&setup.kept));
	golden_expect(dir, name, ".out.sse", buf_slice(&first.out), false);
	expect_kept(dir, name, &setup);
	check_ways(&setup, &lanes, &first);
	for (size_t i = 0; i < lanes.count; i++)
		buf_release(&lanes.texts[i]);
	buf_release(&first.out);
	buf_release(&first.kept);
	setup_release(&setup);
}
