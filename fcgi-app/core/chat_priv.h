/* What the readers of a chat request share: chat_request.c and the chat_* files it calls. */
#ifndef CORE_CHAT_PRIV_H
#define CORE_CHAT_PRIV_H

#include "core/chat.h"
#include "core/family.h"
#include "core/fieldmap.h"

/* The ctx of the field table's run. */
struct chat_read {
	struct chat_request *request;
	const struct models *models;
	const struct family *family; /* set by the row `model`, the first one */
	bool functions;              /* functions are declared */
	bool strict;                 /* one of them asked for strict arguments */
	bool search;                 /* Google Search is wanted */
	const char *mode;            /* function calling mode, or NULL */
	json_object *allowed;        /* names for that mode, owned, or NULL */
};

/* ---- chat_messages.c ---- */

int chat_messages_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value);
/* One more text part of systemInstruction; text is taken. */
void chat_system_add(json_object *target, json_object *text);

/* ---- chat_results.c ---- */

/* A function call in the history, while its result is looked for. */
struct chat_call {
	json_object *id, *name;       /* strings, borrowed; id may be NULL */
	ptrdiff_t next_id, next_name; /* the next call of the same id or name, or -1 */
	json_object *response;        /* functionResponse, owned, or NULL */
};

struct chat_calls {
	struct chat_call *list;
	size_t count, room;
	json_object *by_id, *by_name; /* index of the first unanswered call */
};

void chat_calls_init(struct chat_calls *c);
void chat_calls_release(struct chat_calls *c);
/* id and name are borrowed; id may be NULL. */
void chat_calls_add(struct chat_calls *c, json_object *id, json_object *name);
/* To be called after the last chat_calls_add. */
void chat_calls_index(struct chat_calls *c);
/* The call that a `tool` or `function` message answers, or NULL. */
struct chat_call *chat_calls_find(struct chat_calls *c, json_object *message);
/* Reads the message's content into call->response. Media that the family does not take there go to
 * `media` (an array of parts). at: `messages[i]`. */
int chat_result_read(const struct chat_read *c, struct chat_call *call, json_object *message,
    const char *at, json_object *media, struct apierror *err);
/* The parts of the turn that answers all calls, in their order; a call without a result gets one
 * that says so. */
json_object *chat_calls_answer(const struct chat_read *c, struct chat_calls *calls);

/* ---- chat_content.c ---- */

enum chat_role { CHAT_SYSTEM = 1, CHAT_USER = 2, CHAT_ASSISTANT = 4, CHAT_TOOL = 8 };

/* Appends a message's content, text or parts, to parts; empty texts are left out. role: one bit,
 * decides which part types may appear. at: `messages[i]`. */
int chat_content_read(const struct chat_read *c, json_object *content, enum chat_role role,
    const char *at, json_object *parts, struct apierror *err);
/* {"text": text}; text is taken. */
json_object *chat_text_part(json_object *text);

/* ---- chat_media.c ---- */

struct chat_media {
	json_object *text;     /* the string: a data: URL, or bare Base64 if that is allowed */
	bool bare;             /* bare Base64 is allowed */
	const char *mime;      /* the type of bare Base64 when known, or NULL */
	struct slice filename; /* a hint for the type, or empty */
};

/* A new {"mimeType","data"}. param: the name of text's field. */
int chat_media_read(const struct chat_media *media, const char *param, json_object **ret_blob,
    struct apierror *err);

/* ---- chat_tools.c ---- */

int chat_tools_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value);
int chat_functions_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value);
int chat_choice_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value);
/* After the table: built-in tools and toolConfig. */
void chat_tools_finish(struct fieldmap_run *run);
/* A copy of a JSON Schema's top level without what Google does not know. */
json_object *chat_schema_copy(json_object *schema);

/* ---- chat_thinking.c ---- */

int chat_effort_conv(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret);
int chat_google_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value);

/* ---- chat_format.c ---- */

int chat_format_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value);

#endif
