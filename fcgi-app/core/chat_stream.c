/*
 * Gemini's event stream to OpenAI's: plain events are read in place (chat_event.c), the others by
 * one json-c parse, and each token is copied once. The final chunk of every choice waits for the
 * end of the stream: a finish reason may come early, or in an event after the function call that it
 * belongs to.
 */
#include "config.h"

#include "core/chat.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "chat_event.h"
#include "chat_parts.h"
#include "core/sse.h"

struct choice {
	bool open; /* its role was told */
	bool spoke;
	unsigned calls;
	char native[32]; /* the last finishReason, or "" */
};

struct chat_stream {
	struct sse sse;
	struct json_reader *reader, *own_reader;
	char *id;          /* of the reply */
	struct buf prefix; /* a chunk up to the first choice */
	bool include_usage, legacy, started;
	struct choice choices[CANDIDATES_MAX];
	char block_reason[32];
	struct usage usage;
	struct buf usage_text; /* usageMetadata of the last plain event, not yet read into usage */
	bool ending;           /* what comes now may be half an event */
	/* During a feed. */
	json_object *logprobs; /* of the next chunk of text, borrowed */
	struct buf *out;
	struct apierror *err;
};

static void
keep_word(char *ret, size_t size, struct slice word)
{
	size_t len = word.len < size ? word.len : size - 1;

	memcpy(ret, word.ptr, len);
	ret[len] = '\0';
}

struct chat_stream *
chat_stream_new(const struct chat_reply_info *info)
{
	struct chat_stream *s = xcalloc(1, sizeof(*s));
	struct jwriter w = jwriter_on(&s->prefix);

	sse_init(&s->sse, SSE_EVENT_MAX);
	s->own_reader = info->reader == NULL ? json_reader_new() : NULL;
	s->reader = info->reader != NULL ? info->reader : s->own_reader;
	s->id = xstrdup(info->id);
	s->include_usage = info->include_usage;
	s->legacy = info->legacy_functions;
	buf_init(&s->usage_text, USAGE_OBJECT_MAX);
	buf_init(&s->prefix, 64 * KIB);
	buf_adds(&s->prefix, "data: ");
	jw_object(&w, NULL);
	chat_head_write(&w, info, "chat.completion.chunk");
	jw_array(&w, "choices");
	return s;
}

void
chat_stream_free(struct chat_stream *s)
{
	if (s == NULL)
		return;
	sse_release(&s->sse);
	json_reader_free(s->own_reader);
	free(s->id);
	buf_release(&s->prefix);
	buf_release(&s->usage_text);
	free(s);
}

/* ---- chunks ---- */

/* Up to the inside of `delta`. */
static struct jwriter
open_chunk(struct chat_stream *s, size_t index)
{
	struct jwriter w = jwriter_on(s->out);

	s->started = true;
	buf_add_slice(s->out, buf_slice(&s->prefix));
	buf_add(s->out, "{\"index\":", 9);
	buf_add_u64(s->out, index);
	buf_add(s->out, ",\"delta\":{", 10);
	return w;
}

/* The end of a chunk within the stream. logprobs: of its text, or NULL. */
static void
end_chunk(struct chat_stream *s, struct jwriter *w, json_object *logprobs)
{
	static const struct slice tail = { ",\"finish_reason\":null}]}\n\n", 26 };
	static const struct slice tail_usage = { ",\"finish_reason\":null}],\"usage\":null}\n\n",
		39 };

	jw_object_end(w);
	if (logprobs != NULL)
		chat_logprobs_write(w, "logprobs", logprobs);
	buf_add_slice(s->out, s->include_usage ? tail_usage : tail);
}

static void
open_choice(struct chat_stream *s, size_t index)
{
	struct jwriter w;

	if (s->choices[index].open)
		return;
	s->choices[index].open = true;
	w = open_chunk(s, index);
	jw_str(&w, "role", "assistant");
	jw_str(&w, "content", "");
	end_chunk(s, &w, NULL);
}

/* ---- events ---- */

static void
write_call(struct chat_stream *s, size_t index, const struct chat_part *part)
{
	struct choice *choice = &s->choices[index];
	struct chat_call_place place = {
		.reply_id = slice_str(s->id),
		.candidate = index,
		.index = choice->calls++,
		.numbered = true,
	};
	struct jwriter w;

	if (s->legacy && place.index > 0)
		return; /* the older form has room for one */
	w = open_chunk(s, index);
	if (s->legacy) {
		chat_legacy_call_write(&w, part);
	} else {
		jw_array(&w, "tool_calls");
		chat_call_write(&w, part, &place);
		jw_array_end(&w);
	}
	end_chunk(s, &w, NULL);
}

/* Text of either kind, and the signature that came with it. */
static void
write_speech(struct chat_stream *s, size_t index, const struct chat_part *part)
{
	bool thought = part->kind == PART_THOUGHT, text = part->text.len > 0;
	struct jwriter w = open_chunk(s, index);

	if (text || chat_part_speaks(part)) {
		jw_str_open(&w, thought ? "reasoning_content" : "content");
		chat_part_write(part, s->out);
		jw_str_close(&w);
		s->choices[index].spoke = s->choices[index].spoke || !thought;
	}
	if (part->signature.len > 0)
		chat_signature_write(&w, part->signature);
	end_chunk(s, &w, thought ? NULL : TAKE(s->logprobs));
}

static void
write_image(struct chat_stream *s, size_t index, const struct chat_part *part)
{
	struct jwriter w = open_chunk(s, index);

	jw_array(&w, "images");
	chat_image_write(&w, part->body);
	jw_array_end(&w);
	if (part->signature.len > 0)
		chat_signature_write(&w, part->signature);
	end_chunk(s, &w, NULL);
	s->choices[index].spoke = true;
}

static void
write_part(struct chat_stream *s, size_t index, json_object *json)
{
	struct chat_part part = chat_part_read(json);

	switch (part.kind) {
	case PART_CALL:
		open_choice(s, index);
		write_call(s, index, &part);
		break;
	case PART_IMAGE:
		open_choice(s, index);
		write_image(s, index, &part);
		break;
	case PART_NONE:
		break;
	case PART_TEXT:
	case PART_THOUGHT:
	case PART_CODE:
	case PART_OUTPUT:
		if (part.text.len == 0 && part.signature.len == 0 && !chat_part_speaks(&part))
			break;
		open_choice(s, index);
		write_speech(s, index, &part);
		break;
	}
}

/* Totals run: of texts that name the same counters only the last one needs reading. */
static void
settle_usage(struct chat_stream *s)
{
	json_object *metadata;

	if (s->usage_text.len == 0)
		return;
	metadata = json_reader_read(s->reader, buf_slice(&s->usage_text));
	usage_read(&s->usage, metadata);
	json_object_put(metadata);
	buf_reset(&s->usage_text);
}

static void
take_plain(struct chat_stream *s, const struct chat_event *event)
{
	size_t index = event->index;

	if (event->usage.len > 0) {
		if (!chat_event_same_shape(event->usage, buf_slice(&s->usage_text)))
			settle_usage(s);
		buf_reset(&s->usage_text);
		buf_add_slice(&s->usage_text, event->usage);
	}
	if (index >= CANDIDATES_MAX)
		return;
	if (event->has_part && event->part.text.len > 0) {
		s->logprobs = NULL;
		open_choice(s, index);
		write_speech(s, index, &event->part);
	}
	if (event->finish.len > 0)
		keep_word(
		    s->choices[index].native, sizeof(s->choices[index].native), event->finish);
}

static void
take_candidate(struct chat_stream *s, json_object *candidate)
{
	json_object *parts = NULL;
	struct slice native = SLICE("");
	int64_t index = 0;

	if (!json_object_is_type(candidate, json_type_object))
		return;
	s->logprobs = NULL;
	json_object_object_foreach(candidate, key, value)
	{
		if (strcmp(key, "content") == 0)
			parts = json_get_array(value, "parts");
		else if (strcmp(key, "finishReason") == 0)
			native = json_str(value);
		else if (strcmp(key, "index") == 0)
			index = json_int(value, 0);
		else if (strcmp(key, "logprobsResult") == 0)
			s->logprobs = value;
	}
	if (index < 0 || index >= CANDIDATES_MAX)
		return;
	for (size_t i = 0; parts != NULL && i < json_object_array_length(parts); i++)
		write_part(s, (size_t)index, json_object_array_get_idx(parts, i));
	if (native.len > 0)
		keep_word(s->choices[index].native, sizeof(s->choices[index].native), native);
}

static int
take_reply(struct chat_stream *s, json_object *reply)
{
	json_object *error = chat_error_in(reply);

	if (error != NULL)
		return apierror_from_google(error, s->err);
	if (reply == NULL && s->ending)
		return apierror_set(s->err, APIERROR_CUT, NULL, NULL);
	if (!json_object_is_type(reply, json_type_object))
		return apierror_set(s->err, APIERROR_UPSTREAM, NULL,
		    "An event of the Gemini API could not be read.");
	json_object_object_foreach(reply, key, value)
	{
		if (strcmp(key, "candidates") == 0 && json_object_is_type(value, json_type_array)) {
			for (size_t i = 0; i < json_object_array_length(value); i++)
				take_candidate(s, json_object_array_get_idx(value, i));
		} else if (strcmp(key, "usageMetadata") == 0) {
			settle_usage(s);
			usage_read(&s->usage, value);
		} else if (strcmp(key, "promptFeedback") == 0) {
			struct slice reason = json_get_str(value, "blockReason");

			if (reason.len > 0)
				keep_word(s->block_reason, sizeof(s->block_reason), reason);
		}
	}
	return 0;
}

static int
take_event(void *ctx, struct slice data)
{
	struct chat_stream *s = ctx;
	struct chat_event event;
	json_object *reply;
	int answer;

	if (chat_event_read(data, &event)) {
		take_plain(s, &event);
		return 0;
	}
	if (data.len == 0 || slice_eq(data, SLICE("[DONE]")))
		return 0;
	reply = json_reader_read(s->reader, data);
	answer = take_reply(s, reply);
	json_object_put(reply);
	return answer;
}

static int
check_size(struct chat_stream *s, int answer)
{
	if (s->sse.too_large)
		return apierror_set(
		    s->err, APIERROR_UPSTREAM, NULL, "An event of the Gemini API is too large.");
	return answer != 0 ? -1 : 0;
}

int
chat_stream_feed(struct chat_stream *s, struct slice bytes, struct buf *out, struct apierror *err)
{
	s->out = out;
	s->err = err;
	return check_size(s, sse_feed(&s->sse, bytes, take_event, s));
}

/* ---- the end ---- */

static void
close_choice(struct chat_stream *s, size_t index)
{
	struct choice *choice = &s->choices[index];
	struct chat_finish finish = {
		.native = slice_str(choice->native),
		.called = choice->calls > 0,
		.spoke = choice->spoke,
		.legacy = s->legacy,
	};
	bool blocked = s->block_reason[0] != '\0' && choice->native[0] == '\0';
	struct jwriter w;

	if (!choice->open && choice->native[0] == '\0' && !(blocked && index == 0))
		return;
	if (blocked && !choice->open) {
		open_choice(s, index);
		w = open_chunk(s, index);
		chat_refusal_write(&w, "refusal", slice_str(s->block_reason));
		end_chunk(s, &w, NULL);
	}
	open_choice(s, index);
	w = open_chunk(s, index);
	jw_object_end(&w);
	jw_str(&w, "finish_reason", blocked ? "content_filter" : chat_finish_word(&finish));
	if (blocked || choice->native[0] != '\0')
		jw_str(&w, "native_finish_reason", blocked ? s->block_reason : choice->native);
	jw_object_end(&w);
	jw_array_end(&w);
	if (s->include_usage)
		jw_null(&w, "usage");
	chat_tier_write(&w, &s->usage);
	jw_object_end(&w);
	buf_adds(s->out, "\n\n");
}

static void
write_usage(struct chat_stream *s)
{
	struct jwriter w = jwriter_on(s->out);

	buf_add_slice(s->out, buf_slice(&s->prefix));
	jw_array_end(&w);
	usage_write_openai(&s->usage, &w, "usage");
	jw_object_end(&w);
	buf_adds(s->out, "\n\n");
}

/* Google may end a failed stream with an error that is no event. */
static int
check_residue(struct chat_stream *s)
{
	struct slice residue = sse_residue(&s->sse);
	json_object *doc = residue.len > 0 ? json_read(residue) : NULL, *error = chat_error_in(doc);
	int answer = error != NULL ? apierror_from_google(error, s->err) : 0;

	json_object_put(doc);
	return answer;
}

int
chat_stream_finish(struct chat_stream *s, struct buf *out, struct apierror *err)
{
	bool ended = false;

	s->out = out;
	s->err = err;
	s->ending = true;
	if (check_size(s, sse_finish(&s->sse, take_event, s)) != 0 || check_residue(s) != 0)
		return -1;
	settle_usage(s);
	for (size_t i = 0; i < CANDIDATES_MAX; i++)
		ended = ended || s->choices[i].native[0] != '\0';
	if (!ended && s->block_reason[0] == '\0')
		return apierror_set(err, APIERROR_CUT, NULL, NULL);
	for (size_t i = 0; i < CANDIDATES_MAX; i++)
		close_choice(s, i);
	if (s->include_usage)
		write_usage(s);
	buf_adds(out, "data: [DONE]\n\n");
	return 0;
}

bool
chat_stream_started(const struct chat_stream *s)
{
	return s->started;
}

const struct usage *
chat_stream_usage(struct chat_stream *s)
{
	settle_usage(s);
	return &s->usage;
}
