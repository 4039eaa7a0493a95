/* What responses/request.c and the files that it calls share. */
#ifndef CORE_OPENAI_RESPONSES_INPUT_H
#define CORE_OPENAI_RESPONSES_INPUT_H

#include "core/openai/chat/chat_read.h"
#include "core/openai/responses/responses.h"

/* ---- past.c ---- */

/* Items of earlier responses: of the one that is continued, and those that `input` refers to. */
struct responses_past {
	json_object *items;  /* of the previous response: an array, owned, or NULL */
	json_object *ids;    /* of those items, a set, owned */
	json_object *by_id;  /* what may be referred to, owned */
	json_object *loaded; /* ids of the responses in by_id, a set, owned */
	size_t bytes;        /* of their texts */
};

void responses_past_init(struct responses_past *past);
void responses_past_release(struct responses_past *past);
/* Looks up what source names. When env->refs holds something in REF_WANTED afterwards the result is
 * not whole. -1 with err. */
int responses_past_read(struct responses_past *past, json_object *source,
    const struct translate_env *env, struct apierror *err);
/* True when an element of `input` stands for an item of an earlier response. */
bool responses_is_reference(json_object *item);

/* ---- responses/request.c ---- */

/* chat_read's `own`. */
struct responses_read {
	struct responses_request *request;
	const struct responses_past *past;
	bool logprobs; /* `include` asks for them */
};

/* ---- input_tools.c ---- */

/* Declares the tools that items of the input bring, and those of what is continued. */
int responses_tools_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value);

/* ---- input_messages.c ---- */

struct item_type;

/* Where a message comes from. */
struct place {
	const struct item_type *type;
	size_t index; /* of the caller's item */
	size_t item;  /* of it in the request's items */
	enum { PLACE_INPUT, PLACE_STRING, PLACE_REFERENCE, PLACE_PAST } kind;
};

/* The list while it is read. */
struct intake {
	struct responses_read *own;
	struct chat_read *read;
	json_object *messages; /* in chat's form; null: an item that says nothing */
	struct place *places;  /* of them */
	size_t count, room;
	size_t given; /* elements of the caller's list */
	struct apierror *err;
};

/* A member in chat's form, and what it is in the item's. */
struct item_name {
	const char *chat, *item;
};

struct item_type {
	const char *type;
	/* Sets *ret_message, or leaves it NULL; an array: several messages, with the same names.
	 * at: the item's name. */
	int (*read)(struct intake *t, json_object *item, const char *at, json_object **ret_message);
	const struct item_name *names; /* the first that fits counts; NULL: all are the same */
};

/* An item of a type that nobody knows is left out. */
int responses_type_find(
    struct intake *t, json_object *item, const char *at, const struct item_type **ret);

/* ---- input_item.c ---- */

/* A member that must be a string. */
int responses_member_string(
    struct intake *t, json_object *item, const char *at, const char *key, json_object **ret);
/* Notes that an item is left out. */
int responses_item_drop(
    struct intake *t, json_object *item, const char *at, json_object **ret_message);
/* The same for one that repeats what the conversation says anyway. */
int responses_item_skip(
    struct intake *t, json_object *item, const char *at, json_object **ret_message);
json_object *responses_message_new(const char *role);
/* The id by which a call and its result find each other: call_id, or the id of the item, which some
 * clients have alone, and OpenAI's schema for local_shell_call_output. Borrowed; NULL: none. */
json_object *responses_call_id(json_object *item);
/* An assistant message with one call: its type and name in chat's form, id and body. id and body
 * are borrowed; type: also the member that holds body. */
json_object *responses_call_new(const char *type, json_object *id, json_object *body);
/* A tool message; content is taken. */
json_object *responses_result_new(json_object *id, json_object *content);
/* A member that must be a string with something in it. */
int responses_member_word(
    struct intake *t, json_object *item, const char *at, const char *key, json_object **ret);

/* ---- input_hosted.c: items of tools that are no functions of the client's ---- */

int responses_search_call_read(
    struct intake *t, json_object *item, const char *at, json_object **ret_message);
int responses_search_output_read(
    struct intake *t, json_object *item, const char *at, json_object **ret_message);
int responses_client_call_read(
    struct intake *t, json_object *item, const char *at, json_object **ret_message);
int responses_client_output_read(
    struct intake *t, json_object *item, const char *at, json_object **ret_message);
int responses_computer_call_read(
    struct intake *t, json_object *item, const char *at, json_object **ret_message);
int responses_computer_output_read(
    struct intake *t, json_object *item, const char *at, json_object **ret_message);
int responses_mcp_call_read(
    struct intake *t, json_object *item, const char *at, json_object **ret_message);
int responses_file_search_read(
    struct intake *t, json_object *item, const char *at, json_object **ret_message);
int responses_code_read(
    struct intake *t, json_object *item, const char *at, json_object **ret_message);

/* ---- input.c ---- */

/* `input`: a string or a list of items. Sets the request's items and input. */
int responses_input_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value);
/* `instructions`: likewise. */
int responses_instructions_emit(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value);

/* ---- compact.c ---- */

/* Does `input` end with what asks for a summary? */
bool responses_compact_wanted(json_object *source);
/* The request without what a summary has no use for: a new object. */
json_object *responses_compact_source(json_object *source);
/* The message that asks for the summary: a new object. */
json_object *responses_compact_prompt(void);
/* Items of type compaction and compaction_trigger, see item_type. */
int responses_compaction_read(
    struct intake *t, json_object *item, const char *at, json_object **ret_message);
int responses_trigger_read(
    struct intake *t, json_object *item, const char *at, json_object **ret_message);

/* ---- echo.c ---- */

/* What the Response repeats of the request. */
void responses_echo_write(json_object *source, bool store, struct buf *out);

#endif
