/* Messages and reasoning, which grow, and what the events of all items begin with. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "reply_priv.h"

/* ---- any item ---- */

bool
responses_item_event(struct responses_stream *s, const char *type, struct jwriter *w)
{
	if (!responses_event_open(s, type, w))
		return false;
	jw_str(w, "item_id", s->item_id);
	jw_int(w, "output_index", (int64_t)s->count);
	return true;
}

bool
responses_part_event(
    struct responses_stream *s, const char *type, const char *index_key, struct jwriter *w)
{
	if (!responses_item_event(s, type, w))
		return false;
	jw_int(w, index_key, 0);
	return true;
}

void
responses_item_name(struct responses_stream *s, const char *prefix)
{
	snprintf(s->item_id, sizeof(s->item_id), "%s_%.40s_%zu", prefix, s->id, s->count);
}

void
responses_item_tell(struct responses_stream *s, const char *type, struct slice item)
{
	struct jwriter w;

	if (!responses_event_open(s, type, &w))
		return;
	jw_int(&w, "output_index", (int64_t)s->count);
	jw_raw(&w, "item", item);
	responses_event_close(s, &w);
}

void
responses_item_add(struct responses_stream *s, const struct buf *item)
{
	if (s->output.len > 0)
		buf_addc(&s->output, ',');
	buf_add_slice(&s->output, buf_slice(item));
	s->output.failed |= item->failed;
	responses_item_tell(s, "response.output_item.done", buf_slice(item));
	s->count++;
}

/* Bytes that are the inside of a JSON string. */
static void
item_write_text(struct jwriter *w, const char *key, struct slice text)
{
	jw_str_open(w, key);
	buf_add_slice(w->out, text);
	jw_str_close(w);
}

/* ---- messages and reasoning ---- */

struct annotation_writer {
	struct responses_stream *s;
	struct jwriter *w;     /* of a list, or NULL: events */
	size_t start, written; /* start: characters in front of this message */
};

static void
write_annotation(void *ctx, const struct citation *c)
{
	struct annotation_writer *a = ctx;
	struct jwriter event, *w = a->w;

	if (c->start < a->start)
		return;
	if (w == NULL) {
		if (!responses_part_event(
			a->s, "response.output_text.annotation.added", "content_index", &event))
			return;
		w = &event;
		jw_int(w, "annotation_index", (int64_t)a->written++);
	}
	jw_object(w, a->w == NULL ? "annotation" : NULL);
	jw_str(w, "type", "url_citation");
	jw_slice(w, "url", c->url);
	jw_slice(w, "title", c->title);
	jw_int(w, "start_index", (int64_t)(c->start - a->start));
	jw_int(w, "end_index", (int64_t)(c->end - a->start));
	jw_object_end(w);
	if (a->w == NULL)
		responses_event_close(a->s, w);
}

/* w: NULL writes events, else the elements of a list. */
static void
write_annotations(struct responses_stream *s, struct jwriter *w, bool last)
{
	struct annotation_writer a = { .s = s, .w = w };

	if (!last || s->citations == NULL || !citations_any(s->citations))
		return;
	a.start = s->text_start;
	citations_each(s->citations, write_annotation, &a);
}

/* One output_text part. */
static void
write_text_part(struct responses_stream *s, struct jwriter *w, const char *key, bool last)
{
	jw_object(w, key);
	jw_str(w, "type", "output_text");
	item_write_text(w, "text", buf_slice(&s->text));
	jw_array(w, "annotations");
	write_annotations(s, w, last);
	jw_array_end(w);
	jw_array(w, "logprobs");
	if (s->logprobs.len > 0)
		jw_raw(w, NULL, buf_slice(&s->logprobs));
	jw_array_end(w);
	jw_object_end(w);
}

static void
write_summary_part(struct responses_stream *s, struct jwriter *w, const char *key)
{
	jw_object(w, key);
	jw_str(w, "type", "summary_text");
	item_write_text(w, "text", buf_slice(&s->text));
	jw_object_end(w);
}

static void
item_write_message(struct responses_stream *s, struct jwriter *w, const char *status, bool last)
{
	jw_object(w, NULL);
	jw_str(w, "id", s->item_id);
	jw_str(w, "type", "message");
	jw_str(w, "status", status);
	jw_str(w, "role", "assistant");
	jw_array(w, "content");
	if (strcmp(status, "in_progress") != 0)
		write_text_part(s, w, NULL, last);
	jw_array_end(w);
	jw_object_end(w);
}

static void
write_reasoning(struct responses_stream *s, struct jwriter *w)
{
	jw_object(w, NULL);
	jw_str(w, "id", s->item_id);
	jw_str(w, "type", "reasoning");
	jw_array(w, "summary");
	if (s->text.len > 0)
		write_summary_part(s, w, NULL);
	jw_array_end(w);
	if (s->carry.len > 0)
		jw_slice(w, "encrypted_content", buf_slice(&s->carry));
	jw_object_end(w);
}

static void
open_item(struct responses_stream *s, enum item_kind kind)
{
	struct jwriter w;
	struct buf item;

	s->open = kind;
	buf_reset(&s->text);
	buf_reset(&s->logprobs);
	buf_reset(&s->logprobs_told);
	buf_reset(&s->carry);
	s->text_start = s->citations != NULL ? citations_characters(s->citations) : 0;
	responses_item_name(s, kind == ITEM_REASONING ? "rs" : "msg");
	buf_init(&item, ERROR_BODY_MAX);
	w = jwriter_on(&item);
	if (kind == ITEM_REASONING)
		write_reasoning(s, &w);
	else
		item_write_message(s, &w, "in_progress", false);
	responses_item_tell(s, "response.output_item.added", buf_slice(&item));
	buf_release(&item);
	if (kind == ITEM_MESSAGE &&
	    responses_part_event(s, "response.content_part.added", "content_index", &w)) {
		write_text_part(s, &w, "part", false);
		responses_event_close(s, &w);
	}
}

static void
close_reasoning(struct responses_stream *s)
{
	struct jwriter w;

	if (s->text.len == 0)
		return;
	if (responses_part_event(s, "response.reasoning_summary_text.done", "summary_index", &w)) {
		item_write_text(&w, "text", buf_slice(&s->text));
		responses_event_close(s, &w);
	}
	if (responses_part_event(s, "response.reasoning_summary_part.done", "summary_index", &w)) {
		write_summary_part(s, &w, "part");
		responses_event_close(s, &w);
	}
}

static void
close_message(struct responses_stream *s, bool last)
{
	struct jwriter w;

	write_annotations(s, NULL, last);
	if (responses_part_event(s, "response.output_text.done", "content_index", &w)) {
		item_write_text(&w, "text", buf_slice(&s->text));
		jw_array(&w, "logprobs");
		if (s->logprobs_told.len > 0)
			jw_raw(&w, NULL, buf_slice(&s->logprobs_told));
		jw_array_end(&w);
		responses_event_close(s, &w);
	}
	if (responses_part_event(s, "response.content_part.done", "content_index", &w)) {
		write_text_part(s, &w, "part", last);
		responses_event_close(s, &w);
	}
}

void
responses_item_close(struct responses_stream *s, bool last)
{
	struct jwriter w;
	struct buf item;

	if (s->open == ITEM_NONE)
		return;
	buf_init(&item, COLLECT_MAX);
	w = jwriter_on(&item);
	if (s->open == ITEM_REASONING) {
		close_reasoning(s);
		write_reasoning(s, &w);
	} else {
		bool whole =
		    strcmp(s->status, "in_progress") == 0 || strcmp(s->status, "completed") == 0;

		close_message(s, last);
		item_write_message(s, &w, whole ? "completed" : "incomplete", last);
	}
	responses_item_add(s, &item);
	buf_release(&item);
	s->open = ITEM_NONE;
}

void
responses_item_carry(struct responses_stream *s, struct slice carry)
{
	if (carry.len > 0) {
		if (s->open != ITEM_REASONING) {
			responses_item_close(s, false);
			open_item(s, ITEM_REASONING);
		}
		buf_reset(&s->carry);
		buf_add_slice(&s->carry, carry);
	}
	responses_item_close(s, false);
}

/* The first words of a summary open its part. */
static void
open_summary(struct responses_stream *s)
{
	struct jwriter w;

	if (s->text.len > 0 ||
	    !responses_part_event(s, "response.reasoning_summary_part.added", "summary_index", &w))
		return;
	write_summary_part(s, &w, "part");
	responses_event_close(s, &w);
}

/* Adds to the elements of a JSON array; where in the text of list they begin. */
static size_t
add_logprobs(struct buf *list, json_object *logprobs, bool bytes)
{
	struct jwriter w = jwriter_on(list);
	size_t start;

	if (list->len > 0)
		buf_addc(list, ',');
	start = list->len;
	chat_logprob_list(&w, logprobs, bytes);
	if (list->len == start && start > 0)
		list->len = --start;
	return start;
}

void
responses_item_text(
    struct responses_stream *s, const struct gemini_part *part, json_object *logprobs)
{
	bool thought = part->kind == PART_THOUGHT;
	enum item_kind kind = thought ? ITEM_REASONING : ITEM_MESSAGE;
	struct slice delta;
	struct slice told = SLICE("");
	struct jwriter w;
	size_t start;

	if (s->open != kind) {
		responses_item_close(s, false);
		open_item(s, kind);
	}
	if (thought)
		open_summary(s);
	start = s->text.len;
	gemini_part_write(part, &s->text);
	delta = (struct slice){ s->text.data + start, s->text.len - start };
	if (logprobs != NULL) {
		add_logprobs(&s->logprobs, logprobs, true);
		start = add_logprobs(&s->logprobs_told, logprobs, false);
		if (s->logprobs_told.len > start)
			told = (struct slice){ s->logprobs_told.data + start,
				s->logprobs_told.len - start };
	}
	if (responses_part_event(s,
		thought ? "response.reasoning_summary_text.delta" : "response.output_text.delta",
		thought ? "summary_index" : "content_index", &w)) {
		item_write_text(&w, "delta", delta);
		if (!thought) {
			jw_array(&w, "logprobs");
			if (told.len > 0)
				jw_raw(&w, NULL, told);
			jw_array_end(&w);
		}
		responses_event_close(s, &w);
	}
}
