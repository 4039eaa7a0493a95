/* A whole GenerateContentResponse to a chat.completion, written in one pass per member. */
#include "config.h"

#include "core/openai/chat/chat.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "reply_audio.h"
#include "core/openai/chat/reply_parts.h"
#include "core/gemini/event.h"

/* What the parts of a candidate hold, before anything of it is written. */
struct summary {
	bool speech, thought, image, audio;
	size_t calls;
	struct slice signature; /* of the text; calls carry their own when they can */
	struct buf traces;      /* of server-side tools: elements of a JSON array */
};

/* Release the traces. legacy: calls are written as function_call. */
static struct summary
reply_summarise(json_object *parts, bool legacy)
{
	struct summary s = { 0 };
	struct slice call_signature = SLICE("");

	chat_traces_init(&s.traces);
	for (size_t i = 0; parts != NULL && i < json_object_array_length(parts); i++) {
		struct gemini_part part = gemini_part_read(json_object_array_get_idx(parts, i));

		s.speech = s.speech || gemini_part_speaks(&part);
		s.thought = s.thought || (part.kind == PART_THOUGHT && part.text.len > 0);
		s.image = s.image || part.kind == PART_IMAGE;
		s.audio = s.audio || part.kind == PART_AUDIO;
		if (part.kind == PART_TRACE)
			chat_trace_add(&s.traces, &part);
		else if (part.kind == PART_CALL && s.calls++ == 0)
			call_signature = part.signature;
		else if (part.kind != PART_CALL && part.kind != PART_NONE && part.signature.len > 0)
			s.signature = part.signature;
	}
	/* On the way back it is the call's when nothing was said. */
	if (legacy && !s.speech && call_signature.len > 0)
		s.signature = call_signature;
	return s;
}

/* All parts of one kind of text as one string. */
static void
reply_write_text(struct jwriter *w, const char *key, json_object *parts, bool thought)
{
	jw_str_open(w, key);
	for (size_t i = 0; parts != NULL && i < json_object_array_length(parts); i++) {
		struct gemini_part part = gemini_part_read(json_object_array_get_idx(parts, i));

		if (thought ? part.kind == PART_THOUGHT : gemini_part_speaks(&part))
			gemini_part_write(&part, w->out);
	}
	jw_str_close(w);
}

static void
write_images(struct jwriter *w, json_object *parts)
{
	jw_array(w, "images");
	for (size_t i = 0; i < json_object_array_length(parts); i++) {
		struct gemini_part part = gemini_part_read(json_object_array_get_idx(parts, i));

		if (part.kind == PART_IMAGE)
			chat_image_write(w, part.body);
	}
	jw_array_end(w);
}

static void
write_calls(struct jwriter *w, json_object *parts, struct chat_call_place place)
{
	jw_array(w, "tool_calls");
	for (size_t i = 0; i < json_object_array_length(parts); i++) {
		struct gemini_part part = gemini_part_read(json_object_array_get_idx(parts, i));

		if (part.kind != PART_CALL || (place.index > 0 && place.info->one_call))
			continue;
		chat_call_write(w, &part, &place);
		place.index++;
	}
	jw_array_end(w);
}

/* The older form has room for one. */
static void
write_legacy_call(struct jwriter *w, json_object *parts, const struct chat_call_place *place)
{
	for (size_t i = 0; i < json_object_array_length(parts); i++) {
		struct gemini_part part = gemini_part_read(json_object_array_get_idx(parts, i));

		if (part.kind == PART_CALL) {
			chat_legacy_call_write(w, &part, place);
			return;
		}
	}
}

/* Citations need the text as the client gets it. */
static void
read_citations(struct citations *c, json_object *candidate, json_object *parts)
{
	citations_read(c, candidate);
	if (!citations_any(c))
		return;
	for (size_t i = 0; parts != NULL && i < json_object_array_length(parts); i++) {
		struct gemini_part part = gemini_part_read(json_object_array_get_idx(parts, i));

		citations_note(c, &part);
	}
}

/* Where the answer comes from, and what has no place in OpenAI's message. */
static void
write_extras(struct jwriter *w, json_object *candidate, json_object *parts, const struct summary *s)
{
	json_object *metadata;
	struct citations citations;

	citations_init(&citations);
	read_citations(&citations, candidate, parts);
	metadata = citations_metadata(&citations);
	if (metadata != NULL)
		chat_annotations_write(w, &citations);
	chat_extra_write(w, s->signature, metadata, buf_slice(&s->traces));
	json_object_put(metadata);
	citations_release(&citations);
}

static void
reply_write_message(struct jwriter *w, const struct chat_reply_info *info, json_object *candidate,
    const struct summary *s, size_t index)
{
	json_object *parts = json_get_array(json_get(candidate, "content"), "parts");
	struct chat_call_place place = {
		.info = info,
		.choice = index,
		.traces = buf_slice(&s->traces),
	};

	jw_object(w, "message");
	jw_str(w, "role", "assistant");
	if ((s->calls > 0 || s->audio) && !s->speech)
		jw_null(w, "content");
	else
		reply_write_text(w, "content", parts, false);
	jw_null(w, "refusal");
	if (s->thought)
		reply_write_text(w, "reasoning_content", parts, true);
	if (s->calls > 0 && info->legacy_functions)
		write_legacy_call(w, parts, &place);
	else if (s->calls > 0)
		write_calls(w, parts, place);
	if (s->image)
		write_images(w, parts);
	if (s->audio)
		chat_audio_write(w, info, parts);
	write_extras(w, candidate, parts, s);
	jw_object_end(w);
}

/* native: Google's own reason, may be empty. */
static void
end_choice(struct jwriter *w, const char *word, struct slice native)
{
	jw_str(w, "finish_reason", word);
	if (native.len > 0)
		jw_slice(w, "native_finish_reason", native);
	jw_object_end(w);
}

static void
open_reply(struct jwriter *w, const struct chat_reply_info *info)
{
	jw_object(w, NULL);
	chat_head_write(w, info, "chat.completion");
	jw_array(w, "choices");
}

static void
end_reply(struct jwriter *w, const struct usage *usage)
{
	jw_array_end(w);
	if (usage->known)
		usage_write_openai(usage, w, "usage");
	chat_tier_write(w, usage);
	jw_object_end(w);
}

static void
reply_write_choice(struct jwriter *w, const struct chat_reply_info *info, json_object *candidate,
    struct slice block_reason, size_t index)
{
	json_object *parts = json_get_array(json_get(candidate, "content"), "parts");
	struct summary s = reply_summarise(parts, info->legacy_functions);
	struct chat_finish finish = {
		.native = json_get_str(candidate, "finishReason"),
		.called = s.calls > 0,
		.spoke = s.speech || s.image || s.audio,
		.legacy = info->legacy_functions,
	};

	jw_object(w, NULL);
	jw_int(w, "index", (int64_t)index);
	reply_write_message(w, info, candidate, &s, index);
	chat_logprobs_write(w, "logprobs", json_get(candidate, "logprobsResult"));
	if (finish.native.len == 0 && block_reason.len > 0)
		end_choice(w, "content_filter", block_reason);
	else
		end_choice(w, chat_finish_word(&finish), finish.native);
	buf_release(&s.traces);
}

/* The plain answer, which most are: one candidate with one text. False when it is another. */
static bool
translate_plain(
    struct slice upstream, const struct chat_reply_info *info, struct buf *out, struct usage *usage)
{
	struct jwriter w = jwriter_on(out);
	struct gemini_event event;
	struct chat_finish finish = { .spoke = true };
	json_object *metadata;

	if (info->scratch->json == NULL || !gemini_event_read(upstream, &event) ||
	    !event.has_part || event.part.kind != PART_TEXT || event.part.text.len == 0 ||
	    event.finish.len == 0)
		return false;
	metadata = event.usage.len > 0 ? json_reader_read(info->scratch->json, event.usage) : NULL;
	usage_read(usage, metadata);
	json_object_put(metadata);
	finish.native = event.finish;
	open_reply(&w, info);
	jw_object(&w, NULL);
	jw_int(&w, "index", 0);
	jw_object(&w, "message");
	jw_str(&w, "role", "assistant");
	jw_str_open(&w, "content");
	gemini_part_write(&event.part, out);
	jw_str_close(&w);
	jw_null(&w, "refusal");
	jw_object_end(&w);
	jw_null(&w, "logprobs");
	end_choice(&w, chat_finish_word(&finish), finish.native);
	end_reply(&w, usage);
	return true;
}

static void
write_blocked_choice(struct jwriter *w, struct slice reason, size_t index)
{
	jw_object(w, NULL);
	jw_int(w, "index", (int64_t)index);
	jw_object(w, "message");
	jw_str(w, "role", "assistant");
	jw_null(w, "content");
	chat_refusal_write(w, "refusal", reason);
	jw_object_end(w);
	jw_null(w, "logprobs");
	end_choice(w, "content_filter", reason);
}

/* The choices of one upstream answer, numbered in their order. */
static void
write_choices(
    struct jwriter *w, const struct chat_reply_info *info, json_object *reply, size_t first)
{
	json_object *candidates = json_get_array(reply, "candidates");
	size_t count = candidates != NULL ? json_object_array_length(candidates) : 0, written = 0;
	struct slice reason = gen_block_reason(reply);

	for (size_t i = 0; i < count && (written == 0 || info->fan <= 1); i++) {
		json_object *candidate = json_object_array_get_idx(candidates, i);

		if (json_object_is_type(candidate, json_type_object))
			reply_write_choice(w, info, candidate, reason, first + written++);
	}
	if (written == 0)
		write_blocked_choice(w, reason, first);
}

/* A new reference to an answer that holds something. */
static json_object *
read_reply(struct slice upstream, const struct chat_reply_info *info, struct apierror *err)
{
	json_object *reply = answer_read(info->scratch, upstream, err);

	if (reply == NULL || gen_candidate_count(reply) > 0 || gen_block_reason(reply).len > 0)
		return reply;
	apierror_set(
	    err, APIERROR_BAD_ANSWER, NULL, "The answer of the Gemini API holds no candidate.");
	json_object_put(reply);
	return NULL;
}

int
chat_reply_translate(const struct slice *upstream, const struct chat_reply_info *info,
    struct buf *out, struct usage *usage, struct apierror *err)
{
	size_t count = info->fan > 1 ? info->fan : 1, known = 0;
	json_object **replies;
	struct jwriter w = jwriter_on(out);
	int rc = -1;

	if (count == 1 && translate_plain(upstream[0], info, out, usage))
		return 0;
	replies = xcalloc(count, sizeof(json_object *));
	for (; known < count; known++) {
		struct usage own = { 0 };

		replies[known] = read_reply(upstream[known], info, err);
		if (replies[known] == NULL)
			goto out;
		usage_read(&own, json_get(replies[known], "usageMetadata"));
		usage_add(usage, &own);
	}
	open_reply(&w, info);
	for (size_t i = 0; i < count; i++)
		write_choices(&w, info, replies[i], i);
	end_reply(&w, usage);
	rc = 0;
out:
	while (known > 0)
		json_object_put(replies[--known]);
	free(replies);
	return rc;
}
