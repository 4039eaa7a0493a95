/* What the reply side shares: responses/stream.c has the answer as a whole, reply_event.c the
 * Response and its events, reply_items.c items that grow, reply_calls.c those that come
 * whole. */
#ifndef CORE_OPENAI_RESPONSES_REPLY_PRIV_H
#define CORE_OPENAI_RESPONSES_REPLY_PRIV_H

#include "core/openai/chat/reply_parts.h"
#include "core/openai/responses/responses.h"
#include "core/gemini/reader.h"

enum item_kind { ITEM_NONE, ITEM_REASONING, ITEM_MESSAGE };

struct responses_stream {
	struct responses_info info;
	char *id, *model;
	struct gemini_reader reader;
	struct citations *citations; /* when the reply is grounded */
	struct buf traces;           /* of server-side tools: elements of a JSON array */
	struct buf output;           /* finished items: elements of a JSON array */
	size_t count;                /* of them; the output_index of the next or open one */
	uint64_t sequence;
	bool begun; /* `response.created` was sent */
	bool spoke;
	unsigned calls;
	const char *status, *reason; /* at the end; reason: of incomplete_details, or NULL */

	/* The open item: reasoning or message, which grow. */
	enum item_kind open;
	char item_id[64];
	size_t text_start;        /* characters that citations count in front of it */
	struct buf text;          /* the inside of a JSON string */
	struct buf logprobs;      /* elements of a JSON array, as the item has them */
	struct buf logprobs_told; /* as events have them: without bytes */
	struct buf carry;         /* encrypted_content of the reasoning */

	struct buf *out; /* during a call */
};

/* ---- reply_event.c ---- */

/* What every object of a response begins with. */
void responses_object_open(
    struct responses_stream *s, struct jwriter *w, const char *key, const char *object);
/* The Response as it stands. err: of a failed one, or NULL. */
void responses_response_write(
    struct responses_stream *s, struct jwriter *w, const char *key, const struct apierror *err);
/* Begins an event, whether events are wanted or not. */
void responses_event_write(struct responses_stream *s, const char *type, struct jwriter *w);
/* Opens an event; false when none are wanted. responses_event_close ends it. */
bool responses_event_open(struct responses_stream *s, const char *type, struct jwriter *w);
void responses_event_close(struct responses_stream *s, struct jwriter *w);
/* An event with the Response. */
void responses_event_tell(struct responses_stream *s, const char *type, const struct apierror *err);
/* The events in front of all others, once. */
void responses_begin(struct responses_stream *s);

/* ---- stored.c ---- */

/* An item of a request as OpenAI lists it. */
void responses_item_write(struct jwriter *w, json_object *item, struct slice id);

/* ---- compact.c ---- */

/* summary: the inside of a JSON string; empty while it is not there yet. */
void responses_compaction_write(struct jwriter *w, const char *id, struct slice summary);

/* ---- reply_items.c ---- */

/* Gives the next item its id. */
void responses_item_name(struct responses_stream *s, const char *prefix);
/* Opens an event about the item; false when none are wanted. */
bool responses_item_event(struct responses_stream *s, const char *type, struct jwriter *w);
/* The same about its only part: index_key is `content_index` or `summary_index`. */
bool responses_part_event(
    struct responses_stream *s, const char *type, const char *index_key, struct jwriter *w);
/* An event with a whole item under `item`. */
void responses_item_tell(struct responses_stream *s, const char *type, struct slice item);
/* Ends an item that is not the open one: response.output_item.done, and a place in the output. */
void responses_item_add(struct responses_stream *s, const struct buf *item);

/* Text of either kind: opens the item it belongs to, closing another. */
void responses_item_text(
    struct responses_stream *s, const struct gemini_part *part, json_object *logprobs);
/* Closes the open item. carry, when there is some, comes back with what follows: it is the
 * encrypted_content of a reasoning right in front of that. */
void responses_item_carry(struct responses_stream *s, struct slice carry);
/* Ends the open item, if there is one. last: annotations come with it. */
void responses_item_close(struct responses_stream *s, bool last);

/* ---- reply_calls.c ---- */

void responses_item_call(struct responses_stream *s, const struct gemini_part *part);
void responses_item_image(struct responses_stream *s, const struct gemini_part *part);
/* The message that stands for the answer to a blocked prompt. */
void responses_item_refusal(struct responses_stream *s, struct slice block_reason);

#endif
