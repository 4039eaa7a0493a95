/* Gemini's answers to OpenAI's text_completion, whole and as a stream; both write a choice from the
 * parts that reader.c tells. */
#include "config.h"

#include "core/openai/completions/completions.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "core/openai/chat/reply_parts.h"
#include "core/gemini/reader.h"

#define TOP_MAX 20 /* alternatives of one token: Google's limit */

/* One choice. */
struct call {
	struct completions_stream *stream; /* NULL in a whole reply */
	struct gemini_reader reader;
	size_t index;
	bool echoed, spoke;
	int64_t offset; /* characters of the text so far, as the tokens tell */
	/* In a whole reply: the text goes to out at once, logprobs are kept. */
	struct buf *out;
	struct buf logprobs;
};

struct completions_stream {
	const struct completions_request *request;
	struct buf prefix; /* a chunk up to the first choice */
	size_t count, open_calls;
	struct buf *out; /* during a feed */
	struct call calls[];
};

static struct slice
prompt_of(const struct completions_request *c, size_t call)
{
	return json_str(json_object_array_get_idx(c->prompts, call / c->n));
}

static void
write_head(struct jwriter *w, const struct completions_info *info)
{
	jw_str_open(w, "id");
	buf_adds(w->out, "cmpl-");
	buf_add_json(w->out, slice_str(info->id));
	jw_str_close(w);
	jw_str(w, "object", "text_completion");
	jw_int(w, "created", info->created);
	jw_str(w, "model", info->model);
}

/* finish_reason, and Google's own word beside it. */
static void
write_finish(struct jwriter *w, const struct call *call)
{
	bool blocked = gemini_reader_blocked(&call->reader, 0);
	const char *native = blocked ? call->reader.block_reason : call->reader.native[0];
	struct chat_finish finish = { .native = slice_str(native), .spoke = call->spoke };

	jw_str(w, "finish_reason", blocked ? "content_filter" : chat_finish_word(&finish));
	if (native[0] != '\0')
		jw_str(w, "native_finish_reason", native);
}

/* ---- logprobs ---- */

static int64_t
reply_characters(struct slice text)
{
	int64_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
	return count;
}

static double
logprob_of(json_object *candidate)
{
	/* OpenAI's stand-in for minus infinity, which JSON lacks. */
	static const double lowest = -9999.0;
	double logprob = json_object_get_double(json_get(candidate, "logProbability"));

	return logprob > lowest ? logprob : lowest;
}

/* The alternatives of one token and itself, each once. */
static void
write_top(struct jwriter *w, json_object *top, json_object *chosen)
{
	json_object *list = json_get_array(top, "candidates"), *all = json_object_new_object();
	size_t count = list != NULL ? json_object_array_length(list) : 0;
	char name[256];

	for (size_t i = 0; i <= count && i <= TOP_MAX; i++) {
		bool own = i == count || i == TOP_MAX;
		json_object *item = own ? chosen : json_object_array_get_idx(list, i);
		struct slice token = json_get_str(item, "token");

		if (token.len >= sizeof(name) || memchr(token.ptr, '\0', token.len) != NULL)
			continue;
		memcpy(name, token.ptr, token.len);
		name[token.len] = '\0';
		if (json_get(all, name) == NULL)
			json_put(all, name, json_object_new_double(logprob_of(item)));
	}
	jw_object(w, NULL);
	json_object_object_foreach(all, key, value)
	{
		jw_double(w, key, json_object_get_double(value));
	}
	jw_object_end(w);
	json_object_put(all);
}

/* The legacy form of logprobsResult; *offset counts on. */
static void
write_logprobs(struct jwriter *w, json_object *result, int64_t *offset)
{
	json_object *chosen = json_get_array(result, "chosenCandidates");
	json_object *tops = json_get_array(result, "topCandidates");
	size_t count = chosen != NULL ? json_object_array_length(chosen) : 0;

	if (count == 0) {
		jw_null(w, "logprobs");
		return;
	}
	jw_object(w, "logprobs");
	jw_array(w, "tokens");
	for (size_t i = 0; i < count; i++)
		jw_slice(w, NULL, json_get_str(json_object_array_get_idx(chosen, i), "token"));
	jw_array_end(w);
	jw_array(w, "token_logprobs");
	for (size_t i = 0; i < count; i++)
		jw_double(w, NULL, logprob_of(json_object_array_get_idx(chosen, i)));
	jw_array_end(w);
	jw_array(w, "top_logprobs");
	for (size_t i = 0; i < count; i++)
		write_top(w, tops != NULL ? json_object_array_get_idx(tops, i) : NULL,
		    json_object_array_get_idx(chosen, i));
	jw_array_end(w);
	jw_array(w, "text_offset");
	for (size_t i = 0; i < count; i++) {
		jw_int(w, NULL, *offset);
		*offset +=
		    reply_characters(json_get_str(json_object_array_get_idx(chosen, i), "token"));
	}
	jw_array_end(w);
	jw_object_end(w);
}

/* ---- whole ---- */

static void
take_whole(void *ctx, size_t candidate, const struct gemini_part *part, json_object *logprobs)
{
	struct call *call = ctx;
	struct jwriter w = jwriter_on(&call->logprobs);

	if (candidate > 0 || !gemini_part_speaks(part))
		return;
	gemini_part_write(part, call->out);
	call->spoke = true;
	if (logprobs != NULL && call->logprobs.len == 0)
		write_logprobs(&w, logprobs, &call->offset);
}

static int
reply_write_choice(struct jwriter *w, const struct completions_request *c, struct call *call,
    struct slice upstream, struct apierror *err)
{
	jw_object(w, NULL);
	jw_str_open(w, "text");
	if (c->echo) {
		buf_add_json(w->out, prompt_of(c, call->index));
		call->offset = reply_characters(prompt_of(c, call->index));
	}
	if (gemini_reader_document(&call->reader, upstream, err) != 0)
		return -1;
	jw_str_close(w);
	jw_int(w, "index", (int64_t)call->index);
	if (call->logprobs.len == 0) {
		jw_null(w, "logprobs");
	} else {
		buf_addc(w->out, ',');
		buf_add_slice(w->out, buf_slice(&call->logprobs));
	}
	write_finish(w, call);
	jw_object_end(w);
	return 0;
}

int
completions_reply_translate(const struct slice *upstream, const struct completions_info *info,
    struct buf *out, struct usage *usage, struct apierror *err)
{
	static const struct gemini_sink sink = { .part = take_whole };
	const struct completions_request *c = info->request;
	struct jwriter w = jwriter_on(out);
	size_t start = out->len;
	int rc = 0;

	jw_object(&w, NULL);
	write_head(&w, info);
	jw_array(&w, "choices");
	for (size_t i = 0; rc == 0 && i < c->calls; i++) {
		struct call call = { .index = i, .out = out };

		buf_init(&call.logprobs, COLLECT_MAX);
		gemini_reader_init(&call.reader, info->scratch, false, &sink, &call);
		rc = reply_write_choice(&w, c, &call, upstream[i], err);
		usage_add(usage, gemini_reader_usage(&call.reader));
		gemini_reader_release(&call.reader);
		buf_release(&call.logprobs);
	}
	jw_array_end(&w);
	if (usage->known)
		usage_write_openai(usage, &w, "usage");
	jw_object_end(&w);
	if (rc != 0)
		out->len = start;
	return rc;
}

/* ---- stream ---- */

/* Up to the inside of `text`. */
static struct jwriter
reply_open_chunk(struct completions_stream *s)
{
	struct jwriter w = jwriter_on(s->out);

	buf_add_slice(s->out, buf_slice(&s->prefix));
	jw_object(&w, NULL);
	jw_str_open(&w, "text");
	return w;
}

static void
reply_end_chunk(struct call *call, struct jwriter *w, json_object *logprobs, bool final)
{
	jw_str_close(w);
	jw_int(w, "index", (int64_t)call->index);
	write_logprobs(w, logprobs, &call->offset);
	if (final)
		write_finish(w, call);
	else
		jw_null(w, "finish_reason");
	jw_object_end(w);
	jw_array_end(w);
	if (call->stream->request->include_usage)
		jw_null(w, "usage");
	jw_object_end(w);
	buf_adds(w->out, "\n\n");
}

/* The prompt comes first when it is to be repeated. */
static void
echo_prompt(struct call *call)
{
	struct completions_stream *s = call->stream;
	struct slice prompt = prompt_of(s->request, call->index);
	struct jwriter w;

	if (call->echoed || !s->request->echo)
		return;
	call->echoed = true;
	w = reply_open_chunk(s);
	buf_add_json(s->out, prompt);
	reply_end_chunk(call, &w, NULL, false);
	call->offset = reply_characters(prompt);
}

static void
reply_take_event(void *ctx, size_t candidate, const struct gemini_part *part, json_object *logprobs)
{
	struct call *call = ctx;
	struct jwriter w;

	if (candidate > 0 || !gemini_part_speaks(part))
		return;
	echo_prompt(call);
	w = reply_open_chunk(call->stream);
	gemini_part_write(part, w.out);
	reply_end_chunk(call, &w, logprobs, false);
	call->spoke = true;
}

struct completions_stream *
completions_stream_new(const struct completions_info *info)
{
	static const struct gemini_sink sink = { .part = reply_take_event };
	size_t count = info->request->calls;
	struct completions_stream *s = xcalloc(1, sizeof(*s) + count * sizeof(struct call));
	struct jwriter w = jwriter_on(&s->prefix);

	s->request = info->request;
	s->count = s->open_calls = count;
	for (size_t i = 0; i < count; i++) {
		s->calls[i].stream = s;
		s->calls[i].index = i;
		gemini_reader_init(&s->calls[i].reader, info->scratch, true, &sink, &s->calls[i]);
	}
	buf_init(&s->prefix, 64 * KIB);
	buf_adds(&s->prefix, "data: ");
	jw_object(&w, NULL);
	write_head(&w, info);
	jw_array(&w, "choices");
	return s;
}

void
completions_stream_free(struct completions_stream *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->count; i++)
		gemini_reader_release(&s->calls[i].reader);
	buf_release(&s->prefix);
	free(s);
}

int
completions_stream_feed(struct completions_stream *s, size_t call, struct slice bytes,
    struct buf *out, struct apierror *err)
{
	s->out = out;
	return gemini_reader_feed(&s->calls[call].reader, bytes, err);
}

static void
reply_write_usage(struct completions_stream *s)
{
	struct usage usage = completions_stream_usage(s);
	struct jwriter w = jwriter_on(s->out);

	buf_add_slice(s->out, buf_slice(&s->prefix));
	jw_array_end(&w);
	usage_write_openai(&usage, &w, "usage");
	jw_object_end(&w);
	buf_adds(s->out, "\n\n");
}

int
completions_stream_finish(
    struct completions_stream *s, size_t call, struct buf *out, struct apierror *err)
{
	struct jwriter w;

	s->out = out;
	if (gemini_reader_finish(&s->calls[call].reader, err) != 0)
		return -1;
	echo_prompt(&s->calls[call]);
	w = reply_open_chunk(s);
	reply_end_chunk(&s->calls[call], &w, NULL, true);
	if (--s->open_calls > 0)
		return 0;
	if (s->request->include_usage)
		reply_write_usage(s);
	buf_adds(out, "data: [DONE]\n\n");
	return 0;
}

struct usage
completions_stream_usage(struct completions_stream *s)
{
	struct usage sum = { 0 };

	for (size_t i = 0; i < s->count; i++)
		usage_add(&sum, gemini_reader_usage(&s->calls[i].reader));
	return sum;
}
