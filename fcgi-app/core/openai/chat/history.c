/*
 * Assistant messages of the history: what was said, which functions were called, what Google's own
 * tools did, and the thought signatures of it all. A signed part is never joined with another one,
 * nor moved away from it; thought text is not sent back.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/openai/chat/chat_read.h"
#include "core/gemini/part_build.h"

/* Google's own value for parts that no Gemini model made (guide "Thought signatures"). */
static const char unsigned_part[] = "skip_thought_signature_validator";

/* One message being read. */
struct reading {
	struct chat_read *c;
	struct chat_turn *turn;
	json_object *message;
	size_t i;
	json_object *by_call; /* signatures of reasoning_details by call id, owned, or NULL */
	struct apierror *err;
};

void
chat_turn_init(struct chat_turn *turn)
{
	*turn = (struct chat_turn){ .parts = json_object_new_array() };
	chat_calls_init(&turn->calls);
}

void
chat_turn_release(struct chat_turn *turn)
{
	json_object_put(turn->parts);
	json_object_put(turn->signature);
	chat_calls_release(&turn->calls);
}

static int
history_note(const struct reading *r, enum change change, const char *field)
{
	char at[APIERROR_PARAM_MAX];

	field_name(at, "%s[%zu]%s", r->c->list, r->i, field);
	return changes_note(r->c->env->changes, change, at, r->err);
}

/* ---- signatures ---- */

/* OpenRouter's carrier; other vendors' secrets are marked as theirs. */
static void
history_read_details(struct reading *r)
{
	json_object *list = json_get_array(r->message, "reasoning_details");

	if (r->c->env->omit_signatures)
		return;
	for (size_t i = 0; list != NULL && i < json_object_array_length(list); i++) {
		json_object *entry = json_object_array_get_idx(list, i);
		json_object *data = json_get(entry, "data"), *id = json_get(entry, "id");
		struct slice format = json_get_str(entry, "format");

		if (!slice_eq(json_get_str(entry, "type"), SLICE("reasoning.encrypted")) ||
		    (format.len > 0 && !slice_starts(format, SLICE("google"))) ||
		    !chat_signature_is_good(data))
			continue;
		if (json_str(id).len > 0) {
			if (r->by_call == NULL)
				r->by_call = json_object_new_object();
			json_put(r->by_call, json_object_get_string(id), json_object_get(data));
		} else if (r->turn->signature == NULL) {
			r->turn->signature = json_object_get(data);
		}
	}
}

/* Exactly one of the traces, and its signature. */
static bool
is_trace(json_object *part, bool *ret_tool)
{
	static const char *const kinds[] = { "toolCall", "toolResponse", "executableCode",
		"codeExecutionResult" };
	size_t found = 0;

	if (!json_object_is_type(part, json_type_object))
		return false;
	json_object_object_foreach(part, key, value)
	{
		size_t k = 0;

		if (strcmp(key, "thoughtSignature") == 0) {
			if (!chat_signature_is_good(value))
				return false;
			continue;
		}
		while (k < ARRAY_SIZE(kinds) && strcmp(key, kinds[k]) != 0)
			k++;
		if (k == ARRAY_SIZE(kinds) || !json_object_is_type(value, json_type_object))
			return false;
		*ret_tool = k < 2;
		found++;
	}
	return found == 1;
}

/* Adds a trace that is one; false otherwise. */
static bool
add_trace(struct reading *r, json_object *part)
{
	bool tool = false;

	if ((r->c->family->can & FAMILY_MIX) == 0 || r->c->env->omit_signatures ||
	    !is_trace(part, &tool))
		return false;
	r->c->traces = r->c->traces || tool;
	r->turn->traced = true;
	json_append(r->turn->parts, json_object_get(part));
	return true;
}

static void
add_kept_traces(struct reading *r, struct slice text)
{
	json_object *list = json_read(text);

	if (json_object_is_type(list, json_type_array))
		for (size_t j = 0; j < json_object_array_length(list); j++)
			add_trace(r, json_object_array_get_idx(list, j));
	json_object_put(list);
}

/* What was kept under a call's id (chat_call_carry): a signature and, behind a line end, the traces
 * in front of the call. A new reference to the signature, or NULL. What the request asks for beyond
 * the ceiling is not looked up. */
static json_object *
kept_signature(struct reading *r, json_object *id, const char *at)
{
	struct chat_read *c = r->c;
	struct slice text, traces = SLICE("");
	const struct ref *ref;
	struct apierror unused;
	ptrdiff_t line;

	if (id == NULL || c->env->refs == NULL || c->unasked_calls > 0 || c->env->omit_signatures)
		return NULL;
	ref = ext_refs_get(c->env->refs, REF_SIGNATURE, json_str(id), at, &unused);
	if (ref == NULL || ref->state != REF_FOUND)
		return NULL;
	text = buf_slice(&ref->value);
	line = slice_find(text, SLICE("\n"));
	if (line >= 0) {
		traces = (struct slice){ text.ptr + line + 1, text.len - (size_t)line - 1 };
		text.len = (size_t)line;
	}
	if (traces.len > 0 && !r->turn->traced && r->turn->calls.count == 0)
		add_kept_traces(r, traces);
	return text.len > 0 ? json_new_str(text) : NULL;
}

/* Does a part of the model's without a signature get Google's own value? Where the family needs
 * one, and whatever the family says once Google has refused what was sent. */
static bool
needs_signature(const struct reading *r)
{
	return (r->c->family->can & FAMILY_SIGNATURES) != 0 || r->c->env->omit_signatures;
}

/* A new reference, or NULL. call: what the caller sent for it, or NULL. One that is known goes with
 * its call to every model: which family serves a name is never sure. */
static json_object *
signature_for(struct reading *r, json_object *call, json_object *id, const char *at)
{
	json_object *signature = chat_signature_of(call);

	if (signature != NULL && r->c->env->omit_signatures) {
		changes_mention(r->c->env->changes, CHANGE_REWRITTEN, at);
		signature = NULL;
	}
	if (signature == NULL && id != NULL)
		signature = json_get(r->by_call, json_object_get_string(id));
	if (signature != NULL)
		json_object_get(signature);
	else if (r->turn->signature != NULL)
		signature = TAKE(r->turn->signature);
	r->turn->signed_calls = r->turn->signed_calls || signature != NULL;
	/* Signatures travel with calls, traces beside them: a client may keep the ones only. */
	if (signature == NULL ? !r->turn->signed_calls : r->c->builtins != 0 && !r->turn->traced) {
		json_object *kept = kept_signature(r, id, at);

		if (signature == NULL)
			signature = kept;
		else
			json_object_put(kept);
	}
	if (signature == NULL && r->turn->calls.count == 0 && needs_signature(r)) {
		signature = json_object_new_string(unsigned_part);
		changes_mention(r->c->env->changes, CHANGE_ADDED, at);
	}
	return signature;
}

/* ---- calls ---- */

/* A call's id as a string, which replaces a number; NULL when there is none. */
static json_object *
call_id(json_object *call, const char *key)
{
	json_object *id = json_get(call, key);
	struct slice text = chat_id_text(id);

	if (text.len == 0)
		return NULL;
	if (!json_object_is_type(id, json_type_string))
		json_put_str(call, key, text);
	return json_get(call, key);
}

/* Appends one functionCall part. body: {name, arguments} or {name, input}; call: what holds the id,
 * or NULL; index: its place; field: the body's name in the message. */
static int
history_add_call(struct reading *r, json_object *body, json_object *call, size_t index,
    enum tool_kind kind, const char *field)
{
	struct chat_turn *turn = r->turn;
	json_object *name = json_get(body, "name"), *part, *made;
	json_object *id = call_id(call, "id"), *other_id = call_id(call, CHAT_OTHER_ID);
	const struct tool_name *tool;
	char param[APIERROR_PARAM_MAX], at[APIERROR_PARAM_MAX];
	json_object *signature;
	bool changed = false;

	field_name(at, "%s[%zu]%s", r->c->list, r->i, field);
	field_name(param, "%s.name", at);
	if (name == NULL ||
	    (json_object_is_type(name, json_type_string) && json_str(name).len == 0))
		return fieldmap_missing(r->err, param);
	tool = chat_tool_name(r->c, json_get(body, "namespace"), name, kind, param, r->err);
	if (tool == NULL)
		return -1;
	made = json_object_new_object();
	if (id != NULL && (r->c->family->can & FAMILY_CALL_IDS) != 0)
		json_put(made, "id", json_object_get(id));
	json_put_str(made, "name", slice_str(tool->upstream));
	json_put(made, "args",
	    kind == TOOL_CUSTOM ? chat_custom_args(json_get(body, "input"))
				: chat_call_args(json_get(body, "arguments"), &changed));
	part = json_object_new_object();
	json_put(part, "functionCall", made);
	signature = signature_for(r, call, id, at);
	if (signature != NULL)
		json_put(part, "thoughtSignature", signature);
	json_append(turn->parts, part);
	chat_calls_add(&turn->calls, &(struct chat_call){ .id = id,
					 .other_id = other_id,
					 .name = name,
					 .upstream = tool->upstream,
					 .message = r->i,
					 .index = index });
	if (r->c->unasked_calls > 0)
		r->c->unasked_calls--;
	field_name(at, "%s.arguments", field);
	return changed ? history_note(r, CHANGE_REWRITTEN, at) : 0;
}

static int
read_call(struct reading *r, json_object *call, size_t j)
{
	struct slice type = json_get_str(call, "type");
	bool custom = slice_eq(type, SLICE("custom"));
	const char *key = custom ? "custom" : "function";
	json_object *body = json_get(call, key);
	char field[APIERROR_PARAM_MAX], param[APIERROR_PARAM_MAX];

	field_name(field, ".tool_calls[%zu].%s", j, key);
	field_name(param, "%s[%zu]%s", r->c->list, r->i, field);
	if (body == NULL)
		return fieldmap_missing(r->err, param);
	if (!json_is_object(body))
		return fieldmap_bad_type(r->err, param, "an object", body);
	return history_add_call(
	    r, body, call, j, custom ? TOOL_CUSTOM : chat_client_kind(type), field);
}

static int
read_calls(struct reading *r)
{
	json_object *list = json_get(r->message, "tool_calls");
	json_object *function = json_get(r->message, "function_call");
	char param[APIERROR_PARAM_MAX];

	field_name(param, "%s[%zu].tool_calls", r->c->list, r->i);
	if (list != NULL && !json_object_is_type(list, json_type_array))
		return fieldmap_bad_type(r->err, param, "an array of objects", list);
	for (size_t j = 0; list != NULL && j < json_object_array_length(list); j++) {
		json_object *call = json_object_array_get_idx(list, j);

		if (call != NULL && read_call(r, call, j) != 0)
			return -1;
	}
	field_name(param, "%s[%zu].function_call", r->c->list, r->i);
	if (function == NULL || json_is_empty_list(function))
		return 0;
	if (!json_object_is_type(function, json_type_object))
		return fieldmap_bad_type(r->err, param, "an object", function);
	return history_add_call(r, function, NULL, 0, TOOL_FUNCTION, ".function_call");
}

/* ---- what Google's own tools did ---- */

/* They stand between what was said and what was called, as they came. */
static int
read_traces(struct reading *r)
{
	json_object *google = json_get(json_get(r->message, "extra_content"), "google");
	json_object *list = json_get_array(google, "parts");
	char field[APIERROR_PARAM_MAX];

	for (size_t j = 0; list != NULL && j < json_object_array_length(list); j++) {
		if (add_trace(r, json_object_array_get_idx(list, j)))
			continue;
		field_name(field, ".extra_content.google.parts[%zu]", j);
		if (history_note(r, CHANGE_DROPPED, field) != 0)
			return -1;
	}
	return 0;
}

/* ---- the message ---- */

/* The signature of a message belongs to the last part of what was said, or else to its calls. */
static void
place_signature(struct reading *r, size_t before)
{
	json_object *signature = chat_signature_of(r->message), *last;
	size_t count = json_object_array_length(r->turn->parts);

	if (signature == NULL || r->c->env->omit_signatures)
		return;
	if (count == before) {
		if (r->turn->signature == NULL)
			r->turn->signature = json_object_get(signature);
		return;
	}
	last = json_object_array_get_idx(r->turn->parts, count - 1);
	if (json_get(last, "thoughtSignature") == NULL)
		json_put(last, "thoughtSignature", json_object_get(signature));
}

/* Image models want a signature on each picture of theirs in the history; few clients keep one. */
static void
sign_pictures(struct reading *r, size_t before)
{
	bool needed = (r->c->family->can & FAMILY_IMAGE_OUT) != 0 && needs_signature(r);
	json_object *parts = r->turn->parts;

	for (size_t j = before; j < json_object_array_length(parts); j++) {
		json_object *part = json_object_array_get_idx(parts, j);

		if (needed && json_get(part, "inlineData") != NULL &&
		    json_get(part, "thoughtSignature") == NULL)
			json_put_str(part, "thoughtSignature", slice_str(unsigned_part));
	}
}

/* Text, refusal, images. */
static int
read_spoken(struct reading *r)
{
	json_object *content = json_get(r->message, "content");
	json_object *refusal = json_get(r->message, "refusal");
	json_object *images = json_get_array(r->message, "images");
	json_object *parts = r->turn->parts;
	size_t before = json_object_array_length(parts);
	char at[APIERROR_PARAM_MAX];

	field_name(at, "%s[%zu]", r->c->list, r->i);
	if (content != NULL &&
	    chat_content_read(r->c, content, CHAT_ASSISTANT, at, parts, r->err) != 0)
		return -1;
	if (json_object_array_length(parts) == before && json_str(refusal).len > 0)
		json_append(parts, part_text(json_object_get(refusal)));
	field_name(at, "%s[%zu].images", r->c->list, r->i);
	if (images != NULL && chat_parts_read(r->c, images, CHAT_ASSISTANT, at, parts, r->err) != 0)
		return -1;
	place_signature(r, before);
	sign_pictures(r, before);
	if (json_get(r->message, "name") != NULL) {
		field_name(at, "%s[%zu].name", r->c->list, r->i);
		changes_mention(r->c->env->changes, CHANGE_IGNORED, at);
	}
	return json_get(r->message, "audio") != NULL ? history_note(r, CHANGE_DROPPED, ".audio")
	                                             : 0;
}

int
chat_turn_read(struct chat_read *c, struct chat_turn *turn, json_object *message, size_t i,
    struct apierror *err)
{
	struct reading r = { .c = c, .turn = turn, .message = message, .i = i, .err = err };
	size_t before = json_object_array_length(turn->parts);
	json_object *content = json_get(message, "content");
	int rc = -1;

	history_read_details(&r);
	if (read_spoken(&r) != 0 || read_traces(&r) != 0 || read_calls(&r) != 0)
		goto out;
	rc = 0;
	/* Many clients keep an empty turn where a model said nothing. */
	if (json_object_array_length(turn->parts) == before && turn->signature == NULL &&
	    !json_object_is_type(content, json_type_array) && json_get(message, "audio") == NULL)
		rc = history_note(&r, CHANGE_DROPPED, "");
out:
	json_object_put(r.by_call);
	return rc;
}
