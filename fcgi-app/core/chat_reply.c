/* A whole GenerateContentResponse to a chat.completion, written in one pass per member. */
#include "config.h"

#include "core/chat.h"

#include "chat_event.h"
#include "chat_parts.h"

/* What the parts of a candidate hold, before anything of it is written. */
struct summary {
	bool speech, thought, image;
	size_t calls;
	struct slice signature; /* of the text; calls carry their own */
};

static struct summary
summarise(json_object *parts)
{
	struct summary s = { 0 };

	for (size_t i = 0; parts != NULL && i < json_object_array_length(parts); i++) {
		struct chat_part part = chat_part_read(json_object_array_get_idx(parts, i));

		s.speech = s.speech || chat_part_speaks(&part);
		s.thought = s.thought || (part.kind == PART_THOUGHT && part.text.len > 0);
		s.image = s.image || part.kind == PART_IMAGE;
		if (part.kind == PART_CALL)
			s.calls++;
		else if (part.kind != PART_NONE && part.signature.len > 0)
			s.signature = part.signature;
	}
	return s;
}

/* All parts of one kind of text as one string. */
static void
write_text(struct jwriter *w, const char *key, json_object *parts, bool thought)
{
	jw_str_open(w, key);
	for (size_t i = 0; parts != NULL && i < json_object_array_length(parts); i++) {
		struct chat_part part = chat_part_read(json_object_array_get_idx(parts, i));

		if (thought ? part.kind == PART_THOUGHT : chat_part_speaks(&part))
			chat_part_write(&part, w->out);
	}
	jw_str_close(w);
}

static void
write_images(struct jwriter *w, json_object *parts)
{
	jw_array(w, "images");
	for (size_t i = 0; i < json_object_array_length(parts); i++) {
		struct chat_part part = chat_part_read(json_object_array_get_idx(parts, i));

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
		struct chat_part part = chat_part_read(json_object_array_get_idx(parts, i));

		if (part.kind != PART_CALL)
			continue;
		chat_call_write(w, &part, &place);
		place.index++;
	}
	jw_array_end(w);
}

/* The older form has room for one. */
static void
write_legacy_call(struct jwriter *w, json_object *parts)
{
	for (size_t i = 0; i < json_object_array_length(parts); i++) {
		struct chat_part part = chat_part_read(json_object_array_get_idx(parts, i));

		if (part.kind == PART_CALL) {
			chat_legacy_call_write(w, &part);
			return;
		}
	}
}

static void
write_message(struct jwriter *w, const struct chat_reply_info *info, json_object *parts,
    const struct summary *s, size_t index)
{
	struct chat_call_place place = { .reply_id = slice_str(info->id), .candidate = index };

	jw_object(w, "message");
	jw_str(w, "role", "assistant");
	if (s->calls > 0 && !s->speech)
		jw_null(w, "content");
	else
		write_text(w, "content", parts, false);
	jw_null(w, "refusal");
	if (s->thought)
		write_text(w, "reasoning_content", parts, true);
	if (s->calls > 0 && info->legacy_functions)
		write_legacy_call(w, parts);
	else if (s->calls > 0)
		write_calls(w, parts, place);
	if (s->image)
		write_images(w, parts);
	if (s->signature.len > 0)
		chat_signature_write(w, s->signature);
	jw_object_end(w);
}

static void
end_choice(struct jwriter *w, const struct chat_finish *finish)
{
	jw_str(w, "finish_reason", chat_finish_word(finish));
	if (finish->native.len > 0)
		jw_slice(w, "native_finish_reason", finish->native);
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
write_choice(struct jwriter *w, const struct chat_reply_info *info, json_object *candidate)
{
	json_object *parts = json_get_array(json_get(candidate, "content"), "parts");
	struct summary s = summarise(parts);
	struct chat_finish finish = {
		.native = json_get_str(candidate, "finishReason"),
		.called = s.calls > 0,
		.spoke = s.speech || s.image,
		.legacy = info->legacy_functions,
	};
	int64_t index = json_get_int(candidate, "index", 0);

	index = index < 0 ? 0 : index;
	jw_object(w, NULL);
	jw_int(w, "index", index);
	write_message(w, info, parts, &s, (size_t)index);
	chat_logprobs_write(w, "logprobs", json_get(candidate, "logprobsResult"));
	end_choice(w, &finish);
}

/* The plain answer, which most are: one candidate with one text. False when it is another. */
static bool
translate_plain(
    struct slice upstream, const struct chat_reply_info *info, struct buf *out, struct usage *usage)
{
	struct jwriter w = jwriter_on(out);
	struct chat_event event;
	struct chat_finish finish = { .spoke = true };
	json_object *metadata;

	if (info->reader == NULL || !chat_event_read(upstream, &event) || !event.has_part ||
	    event.part.kind != PART_TEXT || event.part.text.len == 0 || event.finish.len == 0)
		return false;
	metadata = event.usage.len > 0 ? json_reader_read(info->reader, event.usage) : NULL;
	usage_read(usage, metadata);
	json_object_put(metadata);
	finish.native = event.finish;
	open_reply(&w, info);
	jw_object(&w, NULL);
	jw_int(&w, "index", (int64_t)event.index);
	jw_object(&w, "message");
	jw_str(&w, "role", "assistant");
	jw_str_open(&w, "content");
	chat_part_write(&event.part, out);
	jw_str_close(&w);
	jw_null(&w, "refusal");
	jw_object_end(&w);
	jw_null(&w, "logprobs");
	end_choice(&w, &finish);
	end_reply(&w, usage);
	return true;
}

static void
write_blocked_choice(struct jwriter *w, struct slice reason)
{
	jw_object(w, NULL);
	jw_int(w, "index", 0);
	jw_object(w, "message");
	jw_str(w, "role", "assistant");
	jw_null(w, "content");
	chat_refusal_write(w, "refusal", reason);
	jw_object_end(w);
	jw_null(w, "logprobs");
	jw_str(w, "finish_reason", "content_filter");
	jw_slice(w, "native_finish_reason", reason);
	jw_object_end(w);
}

static void
write_reply(json_object *reply, const struct chat_reply_info *info, json_object *candidates,
    struct buf *out, const struct usage *usage)
{
	struct jwriter w = jwriter_on(out);

	open_reply(&w, info);
	for (size_t i = 0; candidates != NULL && i < json_object_array_length(candidates); i++)
		write_choice(&w, info, json_object_array_get_idx(candidates, i));
	if (candidates == NULL)
		write_blocked_choice(&w, chat_block_reason(reply));
	end_reply(&w, usage);
}

int
chat_reply_translate(struct slice upstream, const struct chat_reply_info *info, struct buf *out,
    struct usage *usage, struct apierror *err)
{
	json_object *reply, *candidates;
	int answer = -1;

	if (translate_plain(upstream, info, out, usage))
		return 0;
	reply = json_read(upstream);
	candidates = json_get_array(reply, "candidates");
	if (chat_error_in(reply) != NULL) {
		apierror_from_google(chat_error_in(reply), err);
		goto out;
	}
	if (!json_object_is_type(reply, json_type_object)) {
		apierror_set(err, APIERROR_UPSTREAM, NULL,
		    "The answer of the Gemini API is not the JSON object that was expected.");
		goto out;
	}
	if (candidates != NULL && json_object_array_length(candidates) == 0)
		candidates = NULL;
	if (candidates == NULL && chat_block_reason(reply).len == 0) {
		apierror_set(err, APIERROR_UPSTREAM, NULL,
		    "The answer of the Gemini API holds no candidate.");
		goto out;
	}
	usage_read(usage, json_get(reply, "usageMetadata"));
	write_reply(reply, info, candidates, out, usage);
	answer = 0;
out:
	json_object_put(reply);
	return answer;
}
