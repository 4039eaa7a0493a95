/*
 * Gemini's event stream to OpenAI's: one chunk for each part, each token copied once. The final
 * chunk of every choice waits for the end of the stream: a finish reason may come early, or in an
 * event after the function call that it belongs to.
 */
#include "config.h"

#include "core/openai/chat/chat.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "reply_audio.h"
#include "core/openai/chat/reply_parts.h"
#include "core/gemini/reader.h"

/* What most choices never have. */
struct extras {
	struct citations citations; /* filled when the reply is grounded */
	struct chat_audio *audio;   /* once there is sound */
	struct buf traces;          /* elements of a JSON array */
};

struct choice {
	bool open; /* its role was told */
	bool spoke;
	unsigned calls;
	struct extras *extras; /* or NULL */
};

/* One upstream call. */
struct lane {
	struct chat_stream *stream;
	struct gemini_reader reader;
	size_t first; /* its first choice */
};

struct chat_stream {
	struct chat_reply_info info;
	char *id;
	struct buf prefix; /* a chunk up to the inside of the first choice's `delta` */
	size_t head_len;   /* of it, up to the first choice */
	struct choice *choices;
	size_t choice_count, lane_count, open_lanes;
	struct buf *out; /* during a feed */
	struct lane key_order[];
};

static void stream_take_part(
    void *ctx, size_t candidate, const struct gemini_part *part, json_object *logprobs);
static void stream_take_candidate(void *ctx, size_t candidate, json_object *object);

static const struct gemini_sink chat_sink = { stream_take_part, stream_take_candidate };

static struct extras *
extras_of(struct choice *choice)
{
	if (choice->extras == NULL) {
		choice->extras = xcalloc(1, sizeof(*choice->extras));
		citations_init(&choice->extras->citations);
		chat_traces_init(&choice->extras->traces);
	}
	return choice->extras;
}

static void
extras_free(struct extras *extras)
{
	if (extras == NULL)
		return;
	citations_release(&extras->citations);
	if (extras->audio != NULL)
		chat_audio_release(extras->audio);
	free(extras->audio);
	buf_release(&extras->traces);
	free(extras);
}

struct chat_stream *
chat_stream_new(const struct chat_reply_info *info)
{
	size_t key_order = info->fan > 1 ? info->fan : 1;
	struct chat_stream *s = xcalloc(1, sizeof(*s) + key_order * sizeof(struct lane));
	struct jwriter w = jwriter_on(&s->prefix);

	s->info = *info;
	s->info.id = s->id = xstrdup(info->id);
	s->choice_count = key_order > 1 ? key_order : CANDIDATES_MAX;
	s->choices = xcalloc(s->choice_count, sizeof(struct choice));
	s->lane_count = s->open_lanes = key_order;
	for (size_t i = 0; i < key_order; i++) {
		s->key_order[i].stream = s;
		s->key_order[i].first = i;
		gemini_reader_init(&s->key_order[i].reader, info->scratch, !info->grounded,
		    &chat_sink, &s->key_order[i]);
	}
	buf_init(&s->prefix, 64 * KIB);
	buf_adds(&s->prefix, "data: ");
	jw_object(&w, NULL);
	chat_head_write(&w, info, "chat.completion.chunk");
	jw_array(&w, "choices");
	s->head_len = s->prefix.len;
	buf_adds(&s->prefix, "{\"index\":0,\"delta\":{");
	return s;
}

void
chat_stream_free(struct chat_stream *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->lane_count; i++)
		gemini_reader_release(&s->key_order[i].reader);
	for (size_t i = 0; i < s->choice_count; i++)
		extras_free(s->choices[i].extras);
	free(s->choices);
	free(s->id);
	buf_release(&s->prefix);
	free(s);
}

/* ---- chunks ---- */

/* Up to the inside of `delta`. */
static struct jwriter
stream_open_chunk(struct chat_stream *s, size_t index)
{
	struct jwriter w = jwriter_on(s->out);

	if (index == 0) {
		buf_add_slice(s->out, buf_slice(&s->prefix));
		return w;
	}
	buf_add(s->out, s->prefix.data, s->head_len);
	buf_add(s->out, "{\"index\":", 9);
	buf_add_u64(s->out, index);
	buf_add(s->out, ",\"delta\":{", 10);
	return w;
}

/* The end of a chunk within the stream. logprobs: of its text, or NULL. */
static void
stream_end_chunk(struct chat_stream *s, struct jwriter *w, json_object *logprobs)
{
	static const struct slice tail = { ",\"finish_reason\":null}]}\n\n", 26 };
	static const struct slice tail_usage = { ",\"finish_reason\":null}],\"usage\":null}\n\n",
		39 };

	jw_object_end(w);
	if (logprobs != NULL)
		chat_logprobs_write(w, "logprobs", logprobs);
	buf_add_slice(s->out, s->info.include_usage ? tail_usage : tail);
}

static void
open_choice(struct chat_stream *s, size_t index)
{
	struct jwriter w;

	if (s->choices[index].open)
		return;
	s->choices[index].open = true;
	w = stream_open_chunk(s, index);
	jw_str(&w, "role", "assistant");
	jw_str(&w, "content", "");
	stream_end_chunk(s, &w, NULL);
}

/* ---- parts ---- */

static void
stream_write_call(struct chat_stream *s, size_t index, const struct gemini_part *part)
{
	struct choice *choice = &s->choices[index];
	struct chat_call_place place = {
		.info = &s->info,
		.choice = index,
		.index = choice->calls++,
		.traces = choice->extras != NULL ? buf_slice(&choice->extras->traces) : SLICE(""),
		.numbered = true,
	};
	struct jwriter w;

	/* The older form has room for one. */
	if (place.index > 0 && (s->info.legacy_functions || s->info.one_call))
		return;
	w = stream_open_chunk(s, index);
	if (s->info.legacy_functions) {
		chat_legacy_call_write(&w, part, &place);
		/* On the way back it is the call's when nothing was said. */
		if (!choice->spoke)
			chat_extra_write(&w, part->signature, NULL, SLICE(""));
	} else {
		jw_array(&w, "tool_calls");
		chat_call_write(&w, part, &place);
		jw_array_end(&w);
	}
	stream_end_chunk(s, &w, NULL);
}

/* Text of either kind, and the signature that came with it. */
static void
write_speech(
    struct chat_stream *s, size_t index, const struct gemini_part *part, json_object *logprobs)
{
	bool thought = part->kind == PART_THOUGHT;
	struct jwriter w = stream_open_chunk(s, index);

	if (part->text.len > 0 || gemini_part_speaks(part)) {
		jw_str_open(&w, thought ? "reasoning_content" : "content");
		gemini_part_write(part, s->out);
		jw_str_close(&w);
		s->choices[index].spoke = s->choices[index].spoke || !thought;
	}
	chat_extra_write(&w, part->signature, NULL, SLICE(""));
	stream_end_chunk(s, &w, logprobs);
}

static void
stream_write_image(struct chat_stream *s, size_t index, const struct gemini_part *part)
{
	struct jwriter w = stream_open_chunk(s, index);

	jw_array(&w, "images");
	chat_image_write(&w, part->body);
	jw_array_end(&w);
	chat_extra_write(&w, part->signature, NULL, SLICE(""));
	stream_end_chunk(s, &w, NULL);
	s->choices[index].spoke = true;
}

static void
write_audio(struct chat_stream *s, size_t index, const struct gemini_part *part)
{
	struct extras *extras = extras_of(&s->choices[index]);
	struct jwriter w;

	if (extras->audio == NULL) {
		extras->audio = xmalloc(sizeof(*extras->audio));
		chat_audio_init(extras->audio, &s->info);
	}
	w = stream_open_chunk(s, index);
	chat_audio_delta(extras->audio, &w, &s->info, part);
	stream_end_chunk(s, &w, NULL);
	s->choices[index].spoke = true;
}

/* False for a candidate that is no choice: one call of a fan makes one. */
static bool
choice_of(const struct lane *lane, size_t candidate, size_t *ret_index)
{
	*ret_index = lane->first + candidate;
	return *ret_index < lane->stream->choice_count &&
	       (lane->stream->lane_count == 1 || candidate == 0);
}

static void
stream_take_part(void *ctx, size_t candidate, const struct gemini_part *part, json_object *logprobs)
{
	struct lane *lane = ctx;
	struct chat_stream *s = lane->stream;
	size_t index;

	if (!choice_of(lane, candidate, &index))
		return;
	if (s->info.grounded)
		citations_note(&extras_of(&s->choices[index])->citations, part);
	switch (part->kind) {
	case PART_CALL:
		open_choice(s, index);
		stream_write_call(s, index, part);
		break;
	case PART_IMAGE:
		open_choice(s, index);
		stream_write_image(s, index, part);
		break;
	case PART_TRACE:
		chat_trace_add(&extras_of(&s->choices[index])->traces, part);
		break;
	case PART_AUDIO:
		open_choice(s, index);
		write_audio(s, index, part);
		break;
	case PART_NONE:
		break;
	case PART_TEXT:
	case PART_THOUGHT:
	case PART_CODE:
	case PART_OUTPUT:
		if (part->text.len == 0 && part->signature.len == 0 && !gemini_part_speaks(part))
			break;
		open_choice(s, index);
		write_speech(s, index, part, logprobs);
		break;
	}
}

static void
stream_take_candidate(void *ctx, size_t candidate, json_object *object)
{
	struct lane *lane = ctx;
	struct chat_stream *s = lane->stream;
	size_t index;

	if (s->info.grounded && choice_of(lane, candidate, &index))
		citations_read(&extras_of(&s->choices[index])->citations, object);
}

int
chat_stream_feed(
    struct chat_stream *s, size_t lane, struct slice bytes, struct buf *out, struct apierror *err)
{
	s->out = out;
	return gemini_reader_feed(&s->key_order[lane].reader, bytes, err);
}

/* ---- the end ---- */

/* What is known of the whole answer only: where it comes from, what Google's tools did. */
static void
write_metadata(struct chat_stream *s, size_t index)
{
	struct extras *extras = s->choices[index].extras;
	json_object *metadata;
	struct jwriter w;

	if (extras == NULL || (!citations_any(&extras->citations) && extras->traces.len == 0 &&
				  extras->audio == NULL))
		return;
	metadata = citations_metadata(&extras->citations);
	w = stream_open_chunk(s, index);
	if (extras->audio != NULL)
		chat_audio_end(&w, &s->info);
	if (metadata != NULL)
		chat_annotations_write(&w, &extras->citations);
	chat_extra_write(&w, SLICE(""), metadata, buf_slice(&extras->traces));
	stream_end_chunk(s, &w, NULL);
	json_object_put(metadata);
}

static void
write_final(struct chat_stream *s, const struct gemini_reader *g, size_t index, size_t candidate)
{
	struct choice *choice = &s->choices[index];
	struct chat_finish finish = {
		.native = slice_str(g->native[candidate]),
		.called = choice->calls > 0,
		.spoke = choice->spoke,
		.legacy = s->info.legacy_functions,
	};
	bool blocked = gemini_reader_blocked(g, candidate);
	const char *native = blocked ? g->block_reason : g->native[candidate];
	struct jwriter w = stream_open_chunk(s, index);

	jw_object_end(&w);
	jw_str(&w, "finish_reason", blocked ? "content_filter" : chat_finish_word(&finish));
	if (native[0] != '\0')
		jw_str(&w, "native_finish_reason", native);
	jw_object_end(&w);
	jw_array_end(&w);
	if (s->info.include_usage)
		jw_null(&w, "usage");
	chat_tier_write(&w, &g->usage);
	jw_object_end(&w);
	buf_adds(s->out, "\n\n");
}

static void
close_choice(struct lane *lane, size_t candidate)
{
	struct chat_stream *s = lane->stream;
	const struct gemini_reader *g = &lane->reader;
	size_t index = lane->first + candidate;
	bool blocked = gemini_reader_blocked(g, candidate);
	struct jwriter w;

	if (!s->choices[index].open && g->native[candidate][0] == '\0' &&
	    !(blocked && candidate == 0))
		return;
	if (blocked && !s->choices[index].open) {
		open_choice(s, index);
		w = stream_open_chunk(s, index);
		chat_refusal_write(&w, "refusal", slice_str(g->block_reason));
		stream_end_chunk(s, &w, NULL);
	}
	open_choice(s, index);
	write_metadata(s, index);
	write_final(s, g, index, candidate);
}

static void
stream_write_usage(struct chat_stream *s)
{
	struct usage usage = chat_stream_usage(s);
	struct jwriter w = jwriter_on(s->out);

	buf_add(s->out, s->prefix.data, s->head_len);
	jw_array_end(&w);
	usage_write_openai(&usage, &w, "usage");
	jw_object_end(&w);
	buf_adds(s->out, "\n\n");
}

/* Each choice that began must have come to an end, or its rest is missing. */
static bool
is_cut(const struct lane *lane, size_t candidates)
{
	const struct chat_stream *s = lane->stream;

	for (size_t i = 0; i < candidates; i++)
		if (s->choices[lane->first + i].open && lane->reader.native[i][0] == '\0' &&
		    !gemini_reader_blocked(&lane->reader, i))
			return true;
	return false;
}

int
chat_stream_finish(struct chat_stream *s, size_t lane, struct buf *out, struct apierror *err)
{
	size_t candidates = s->lane_count > 1 ? 1 : s->choice_count;

	s->out = out;
	if (gemini_reader_finish(&s->key_order[lane].reader, err) != 0)
		return -1;
	if (is_cut(&s->key_order[lane], candidates))
		return apierror_set(err, APIERROR_CUT, NULL, NULL);
	for (size_t i = 0; i < candidates; i++)
		close_choice(&s->key_order[lane], i);
	if (--s->open_lanes > 0)
		return 0;
	if (s->info.include_usage)
		stream_write_usage(s);
	buf_adds(out, "data: [DONE]\n\n");
	return 0;
}

struct usage
chat_stream_usage(struct chat_stream *s)
{
	struct usage sum = *gemini_reader_usage(&s->key_order[0].reader);

	for (size_t i = 1; i < s->lane_count; i++)
		usage_add(&sum, gemini_reader_usage(&s->key_order[i].reader));
	return sum;
}
