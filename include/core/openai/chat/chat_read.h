/*
 * What the readers of a chat request share: chat/request.c and the chat_* files it calls. Another
 * endpoint whose requests are chats in another dress has a table of its own, builds a list of
 * messages in chat's form and calls the readers below; see chat_request_convert.
 */
#ifndef CORE_OPENAI_CHAT_CHAT_READ_H
#define CORE_OPENAI_CHAT_CHAT_READ_H

#include "core/openai/chat/chat.h"
#include "core/gemini/family.h"
#include "core/api/fieldmap.h"

#define BUILTINS 5 /* members of enum builtin */

/* What the caller says about thinking, in any of the forms; the last one counts. */
struct chat_thinking {
	enum { THINK_UNSAID, THINK_EFFORT, THINK_BUDGET, THINK_AT_LEVEL } kind;
	const struct effort *effort; /* THINK_EFFORT; thinking.c */
	int64_t budget;              /* THINK_BUDGET; -1: the model decides */
	unsigned level;              /* THINK_AT_LEVEL: enum family_level */
	enum { SHOW_UNSAID, SHOW_NO, SHOW_YES } show;
	bool verbatim;               /* Google's own form: thoughts are shown on request only */
	char at[APIERROR_PARAM_MAX]; /* the field that said so */
};

/* A namespace whose tools are declared. */
struct chat_space {
	json_object *name, *description; /* borrowed strings; NULL: in no namespace; says nothing */
	const char *first;               /* Google's name of its first tool, borrowed, or NULL */
};

/* The ctx of the field table's run. Set request, env and list, zero the rest. */
struct chat_read {
	struct chat_request *request;
	const struct translate_env *env;
	const char *list; /* what errors call the list of messages: "messages" */
	bool media_only;  /* a file of a known type does not become text */
	bool items;       /* the answer is a list of items: calls of more kinds can be told */
	void *own;        /* for the table's owner */

	const struct family *family; /* set by the row `model`, the first one */
	unsigned refused;            /* enum refusal, likewise */
	struct chat_thinking thinking;

	/* tools */
	bool functions;          /* functions are declared */
	bool strict;             /* one of them asked for strict arguments */
	bool brought;            /* what is declared comes with the history, maybe once more */
	json_object *declared;   /* Google's names of those, a set, owned, or NULL */
	struct chat_space space; /* the namespace being read */
	unsigned builtins;       /* enum builtin: wanted */
	unsigned by_tools;       /* those of them that `tools` alone asked for */
	json_object *builtin_args[BUILTINS];           /* owned, or NULL */
	char builtin_at[BUILTINS][APIERROR_PARAM_MAX]; /* where each was asked for first */
	const char *mode;                              /* function calling mode, or NULL */
	json_object *allowed; /* Google's names for that mode, owned, or NULL */
	bool traces;          /* the history holds calls of Google's own tools */

	/* messages */
	bool holes;           /* a null in the list is no message, not an error */
	size_t unasked_calls; /* so many calls are too old for their signatures to be looked up */

	/* output */
	bool modalities_said, audio_wanted, image_wanted, text_wanted;
	json_object *audio; /* borrowed, or NULL */
};

/* ---- chat/request.c ---- */

/* Runs a table over source, finishes what only the whole request shows, and writes the body of
 * read->request. The table's first row must be `model` with chat_model_emit; tools come before
 * messages. Releases what read owns. 0, or -1 with err. */
int chat_request_convert(struct chat_read *read, json_object *source, const struct fieldmap *table,
    struct apierror *err);

/* Rows for any table. Sets what depends on the model; run->have becomes the family's. */
int chat_model_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value);
/* arg: the offset (size_t) of a bool in struct chat_request. */
int chat_flag_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value);
/* parallel_tool_calls */
int chat_parallel_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value);
/* Refuses a value that says something: it would change the result and has no counterpart. */
int chat_refuse_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value);
/* Drops and notes a value that says something: false, an empty object or list do not. */
int chat_drop_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value);

/* ---- model.c ---- */

/* After all else: without what the model has refused and no family tells of. */
int chat_refused_finish(struct fieldmap_run *run);

/* ---- sampling.c: conversions and rows for any table ---- */

#define CHAT_GENERATION "generationConfig/"

extern const double chat_zero, chat_one; /* defaults: they say nothing */

/* Stands for 0, which some of Google's models refuse and which means the likeliest token. */
#define CHAT_TOP_P_MIN 1e-6

/* clang-format off */
/* Rows that every endpoint has. */
#define CHAT_TEMPERATURE_ROWS \
	{ .from = "temperature", .to = CHAT_GENERATION "temperature", .kind = FK_NUM, .max = 2, \
	  .need = FAMILY_SAMPLING, .noop = &chat_one }, \
	{ .from = "top_p", .to = CHAT_GENERATION "topP", .kind = FK_NUM, .min = CHAT_TOP_P_MIN, \
	  .max = 1, .need = FAMILY_SAMPLING, .noop = &chat_one }
/* Those of the older two besides. */
#define CHAT_SAMPLING_ROWS \
	{ .from = "top_k", .to = CHAT_GENERATION "topK", .kind = FK_NUM, \
	  .need = FAMILY_SAMPLING, .conv = chat_top_k_conv, .noop = &chat_zero }, \
	{ .from = "presence_penalty", .to = CHAT_GENERATION "presencePenalty", .kind = FK_NUM, \
	  .min = -2, .max = 2, .need = FAMILY_PENALTIES, .conv = chat_not_zero_conv }, \
	{ .from = "frequency_penalty", .to = CHAT_GENERATION "frequencyPenalty", .kind = FK_NUM, \
	  .min = -2, .max = 2, .need = FAMILY_PENALTIES, .conv = chat_not_zero_conv }, \
	{ .from = "stop", .to = CHAT_GENERATION "stopSequences", .kind = FK_ANY, \
	  .conv = chat_stop_conv }, \
	{ .from = "seed", .to = CHAT_GENERATION "seed", .kind = FK_NUM, .conv = chat_seed_conv }
/* clang-format on */

/* service_tier, to Google's words */
int chat_tier_conv(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret);
/* A string or an array of them, of which five count. */
int chat_stop_conv(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret);
int chat_seed_conv(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret);
/* A number, nothing for 0. */
int chat_not_zero_conv(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret);
int chat_top_k_conv(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret);
/* true, nothing for false. */
int chat_true_conv(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret);
/* Counts beside a source's `logprobs: true` only. */
int chat_top_logprobs_conv(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret);

/* ---- messages.c ---- */

/* Chat's `messages`. For another list in that form call chat_messages_read: message i is the
 * caller's read->list[i]. */
int chat_messages_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value);
int chat_messages_read(struct fieldmap_run *run, json_object *messages);

/* ---- history.c ---- */

/* A second id of a call in tool_calls, which results may name as well: Responses' id of the item.
 */
#define CHAT_OTHER_ID "item_id"

/* What a result may know its call by. */
enum chat_key { CHAT_BY_ID, CHAT_BY_OTHER_ID, CHAT_BY_NAME, CHAT_KEYS };

/* A function call in the history, while its result is looked for. */
struct chat_call {
	json_object *id, *other_id, *name; /* strings, the caller's, borrowed; ids may be NULL */
	const char *upstream;              /* Google's name for it, borrowed */
	size_t message, index;             /* messages[message].tool_calls[index] */
	ptrdiff_t next[CHAT_KEYS];         /* the next call of the same key, or -1 */
	bool answered;
	json_object *texts, *media; /* of its results: strings, parts; owned, NULL until answered */
};

struct chat_calls {
	struct chat_call *list;
	size_t count, room;
	size_t open;                   /* all in front of it are answered */
	json_object *index[CHAT_KEYS]; /* key to the first call of it that is not answered */
	json_object *last[CHAT_KEYS];  /* key to the last call of it */
};

/* Assistant messages in a row: one model turn, one step of calls. */
struct chat_turn {
	json_object *parts; /* owned */
	struct chat_calls calls;
	json_object *signature; /* owned: for the next call that brings none, or NULL */
	bool signed_calls;      /* the client keeps signatures: there is no need to look them up */
	bool traced;            /* a message of it brought traces of Google's own tools */
};

void chat_turn_init(struct chat_turn *turn);
void chat_turn_release(struct chat_turn *turn);
/*
 * Adds assistant message i. What carries signatures, the first that is there:
 *   tool_calls[j].extra_content.google.thought_signature
 *   reasoning_details[] of type reasoning.encrypted: `data` for the call of its `id`, without an id
 *     for the first call from there on in the turn that brings none
 *   extra_content.google.thought_signature of a message without text: likewise
 *   REF_SIGNATURE under the call's id
 */
int chat_turn_read(struct chat_read *c, struct chat_turn *turn, json_object *message, size_t i,
    struct apierror *err);
/* ---- signature.c ---- */

/* False for leftovers of other vendors, which are not Base64 and would fail the whole request. */
bool chat_signature_is_good(json_object *string);
/* The signature in a holder's `extra_content.google`, borrowed, or NULL. */
json_object *chat_signature_of(json_object *holder);

/* ---- call_args.c ---- */

/* A call's `arguments` as a new object. *ret_changed: they are no object, or hold a number that
 * Google cannot. */
json_object *chat_call_args(json_object *arguments, bool *ret_changed);
/* The one argument of a custom tool, its `input`. */
json_object *chat_custom_args(json_object *input);

/* ---- results.c ---- */

void chat_calls_init(struct chat_calls *c);
void chat_calls_release(struct chat_calls *c);
void chat_calls_add(struct chat_calls *c, const struct chat_call *call);
/* Adds the message's content to what the call has. Media that cannot stand in a result go to
 * `behind` (an array of parts). at: `messages[i]`. */
int chat_result_read(const struct chat_read *c, struct chat_call *call, json_object *message,
    const char *at, json_object *behind, struct apierror *err);
/* Appends the parts of the turn that answers all calls, in their order; a call without a result
 * gets one that says so. */
int chat_calls_answer(
    const struct chat_read *c, struct chat_calls *calls, json_object *parts, struct apierror *err);

/* ---- results_moved.c ---- */

/* The results of a whole history. */
struct chat_results {
	json_object *messages;  /* borrowed */
	uint8_t *taken;         /* per message, borrowed: its call has it */
	json_object *astray;    /* id to the first result whose own step has no call of it */
	ptrdiff_t *next;        /* per message: the next such result of its id, or negative */
	uint8_t *early;         /* per message: no call in front of it has its id */
	json_object *last_call; /* id to the last message with a call of it */
};

void chat_results_init(struct chat_results *r, json_object *messages, uint8_t *taken);
void chat_results_release(struct chat_results *r);
/* True for a result in front of its call, which will take it. */
bool chat_result_waits(const struct chat_results *r, size_t i);
/* True for a message that is a result. */
bool chat_is_result(json_object *message);
/* Its call's id, NUL-terminated; NULL when it names none. */
const char *chat_result_id(json_object *message);
/* A string or a number; "" for all else. NUL-terminated. */
struct slice chat_id_text(json_object *id);

/* ---- call_pairs.c ---- */

/* Finds and reads the results of one step. Its assistant messages are first to next - 1. */
int chat_calls_pair(const struct chat_read *c, struct chat_results *results,
    struct chat_calls *calls, size_t first, size_t next, json_object *behind, struct apierror *err);

/* ---- history_text.c ---- */

/* After the messages, for models that call no functions: calls and results become text. */
int chat_calls_tell(struct fieldmap_run *run);

/* ---- content.c ---- */

enum chat_role { CHAT_SYSTEM = 1, CHAT_USER = 2, CHAT_ASSISTANT = 4, CHAT_TOOL = 8 };

/* Appends a message's content, text or parts, to parts; empty texts are left out. role: one bit,
 * decides which part types may appear. at: `messages[i]`. Part types of Chat and of Responses. */
int chat_content_read(const struct chat_read *c, json_object *content, enum chat_role role,
    const char *at, json_object *parts, struct apierror *err);
/* The same for a list of parts of any name: at is `messages[i].images`. */
int chat_parts_read(const struct chat_read *c, json_object *list, enum chat_role role,
    const char *at, json_object *parts, struct apierror *err);

/* ---- foreign_parts.c: what other providers' clients write ---- */

/* A list of messages in chat's form made of one in which calls and results are parts of the
 * content, or calls have no body of their own. What is said of its messages is told of the
 * caller's. */
struct chat_foreign {
	struct fieldmap_run *run;
	json_object *given;         /* the caller's list, borrowed */
	json_object *messages;      /* owned */
	struct chat_origin *places; /* of those, owned */
	size_t count, room;
	void (*rename)(void *ctx, const char *at, char ret[APIERROR_PARAM_MAX]); /* the outer one */
	void *rename_ctx;
};

bool chat_foreign_any(json_object *messages);
/* Until the close changes are named after the caller's list. */
void chat_foreign_open(
    struct chat_foreign *foreign, struct fieldmap_run *run, json_object *messages);
/* failed: run->err is an error about one of the messages. */
void chat_foreign_close(struct chat_foreign *foreign, bool failed);
/* Gives an error's field another name, in the message too. */
void chat_error_rename(struct apierror *err, const char *name);

/* ---- chat/media.c ---- */

struct chat_media {
	json_object *text;     /* the string: a URL, or bare Base64 if that is allowed */
	bool bare;             /* bare Base64 is allowed */
	const char *mime;      /* the type of bare Base64 when known, or NULL */
	struct slice filename; /* a hint for the type, or empty */
};

/* A new part: {"inlineData"}, {"fileData"}, or {"text"} of a file that Google does not read as
 * media. param: the name of text's field. */
int chat_media_read(const struct chat_read *c, const struct chat_media *media, const char *param,
    json_object **ret_part, struct apierror *err);
/* ---- file.c ---- */

struct chat_file {
	const char *mime;  /* may be vague or "" */
	bool fetched;      /* that is a server's word, not the caller's */
	struct slice name; /* or empty */
	struct slice bytes;
};

/* -1 with err: the value of the field is no good, and why. */
int chat_media_refuse(struct apierror *err, const char *param, const char *why);
/* False for what chat_file_part may make text of: give it the bytes. */
bool chat_file_is_media(const struct chat_read *c, const char *mime);
/* A new part of a file: text where it is text, named; media where the bytes are that; else an error
 * that names the type. */
int chat_file_part(const struct chat_read *c, const struct chat_file *file, const char *param,
    json_object **ret_part, struct apierror *err);

/* ---- media_url.c ---- */

/* A new part for media behind a URL: fetched (REF_MEDIA), or left to Google. */
int chat_url_read(const struct chat_read *c, struct slice url, struct slice filename,
    const char *param, json_object **ret_part, struct apierror *err);
/* A new part for a stored file: `files/x` or the whole URI of one. */
int chat_file_read(
    json_object *id, const char *param, json_object **ret_part, struct apierror *err);

/* ---- tools.c ---- */

int chat_tools_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value);
int chat_functions_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value);
/* A caller's tool of any type; at: its name. */
int chat_tool_read(struct fieldmap_run *run, json_object *tool, const char *at);

/* ---- declare.c ---- */

/* Google's name of a function that the request speaks of at `at`; a first renaming is noted.
 * NULL with err. The name must be a string; param names it. space: its namespace, or NULL. */
const struct tool_name *chat_tool_name(const struct chat_read *c, json_object *space,
    json_object *name, enum tool_kind kind, const char *param, struct apierror *err);
/* Declares a function. Takes the declaration, which holds no name yet, and schema, which may be
 * NULL. tool: what has the name. */
int chat_declare(struct fieldmap_run *run, json_object *declaration, json_object *tool,
    enum tool_kind kind, json_object *schema, const char *at);
/* The list of functionDeclarations in target, made on demand. */
json_object *chat_declarations(json_object *target);

/* The kind of a tool that the client carries out, by its type; TOOL_FUNCTION: none of them. */
enum tool_kind chat_client_kind(struct slice type);

/* ---- builtin_tools.c ---- */

/* Where a word stands for a built-in tool. */
enum builtin_place {
	BUILTIN_TYPE = 1, /* a tool's type */
	BUILTIN_NAME = 2, /* a function without parameters of that name, a convention of proxies */
	BUILTIN_KEY = 4,  /* a member of Gemini's own Tool */
};

/* A bit of enum builtin, or 0. */
unsigned chat_builtin_find(struct slice word, enum builtin_place place);
/* Asks for tools. */
void chat_builtin_want(struct chat_read *c, unsigned builtins, const char *at);
/* Asks for one with what the caller's tool says about it. */
int chat_builtin_read(
    struct fieldmap_run *run, unsigned builtin, json_object *tool, const char *at);
/* A Tool in Gemini's form: every member must be a built-in. */
int chat_builtin_native(struct fieldmap_run *run, json_object *tool, const char *at);
/* True when a member of the object is one. */
bool chat_builtin_is_native(json_object *tool);
/* web_search_options */
int chat_search_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value);
/* Puts those that may stand beside the functions into target's tools; false when there are none. */
int chat_builtins_finish(struct fieldmap_run *run, bool *ret_any);

/* ---- tool_choice.c ---- */

/* tool_choice, function_call; after the tools. */
int chat_choice_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value);
/* After the table: built-in tools and toolConfig. */
int chat_tools_finish(struct fieldmap_run *run);

/* ---- thinking.c ---- */

/* reasoning_effort; OpenRouter's and Responses' `reasoning`; DeepSeek's and Anthropic's `thinking`;
 * Qwen's `enable_thinking` and `thinking_budget`; OpenRouter's `include_reasoning`; Google's
 * `thinking_config`. */
int chat_effort_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value);
int chat_reasoning_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value);
int chat_thinking_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value);
int chat_think_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value);
int chat_budget_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value);
int chat_show_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value);
int chat_thinking_config_emit(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value);
/* After the table. */
int chat_thinking_finish(struct fieldmap_run *run);

/* ---- google.c ---- */

/* `extra_body`, `google` (or `extra_body.google`) and `safety_settings`. */
int chat_extra_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value);
int chat_google_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value);
int chat_safety_conv(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret);
/* imageSize and aspectRatio in Google's spelling: `1k` is 1K, `16x9` and `16/9` are 16:9, `auto`
 * is nothing; what is neither passes as it is. */
int chat_image_size_conv(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret);
int chat_image_ratio_conv(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret);
/* After the table: what a cached content rules out. */
int chat_google_finish(struct fieldmap_run *run);

/* ---- modalities.c ---- */

int chat_modalities_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value);
int chat_audio_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value);
int chat_count_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value);
/* After the table. */
int chat_output_finish(struct fieldmap_run *run);

/* ---- response_format.c ---- */

/* Chat's response_format and Responses' text.format, whose schema stands beside its type. */
int chat_format_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value);

#endif
