/* Gemini's parts in OpenAI's words; no state. */
#include "config.h"

#include "chat_parts.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"

/* OpenAI's clients keep ids in columns and headers; longer ones are replaced. */
#define CALL_ID_MAX 40

/* clang-format off */
static const struct {
	const char *key;
	enum chat_part_kind kind;
} bodies[] = {
	{ "functionCall",        PART_CALL },
	{ "inlineData",          PART_IMAGE },
	{ "executableCode",      PART_CODE },
	{ "codeExecutionResult", PART_OUTPUT },
};

/* Those that mean `stop` are not listed: the set is open (Candidate.FinishReason). */
static const struct {
	const char *native, *word;
} finishes[] = {
	{ "MAX_TOKENS",               "length" },
	{ "CONTINUATION",             "length" },
	{ "SAFETY",                   "content_filter" },
	{ "RECITATION",               "content_filter" },
	{ "BLOCKLIST",                "content_filter" },
	{ "PROHIBITED_CONTENT",       "content_filter" },
	{ "SPII",                     "content_filter" },
	{ "LANGUAGE",                 "content_filter" },
	{ "IMAGE_SAFETY",             "content_filter" },
	{ "IMAGE_PROHIBITED_CONTENT", "content_filter" },
	{ "IMAGE_RECITATION",         "content_filter" },
	{ "ESCALATION",               "content_filter" },
	{ "PUP_LIMITED_DISABLED",     "content_filter" },
};
/* clang-format on */

static bool
is_image(json_object *blob)
{
	return slice_startsi(json_get_str(blob, "mimeType"), SLICE("image/"));
}

static enum chat_part_kind
body_kind(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++)
		if (strcmp(key, bodies[i].key) == 0)
			return bodies[i].kind;
	return PART_NONE;
}

struct chat_part
chat_part_read(json_object *part)
{
	struct chat_part ret = { .kind = PART_NONE, .text = SLICE(""), .signature = SLICE("") };
	bool thought = false, text = false, other = false;

	if (!json_object_is_type(part, json_type_object))
		return ret;
	json_object_object_foreach(part, key, value)
	{
		if (strcmp(key, "text") == 0) {
			text = true;
			ret.text = json_str(value);
		} else if (strcmp(key, "thought") == 0) {
			thought = json_object_get_boolean(value) != 0;
		} else if (strcmp(key, "thoughtSignature") == 0) {
			ret.signature = json_str(value);
		} else if (json_object_is_type(value, json_type_object) && ret.body == NULL) {
			ret.kind = body_kind(key);
			ret.body = ret.kind != PART_NONE ? value : NULL;
			other = true;
		}
	}
	if (ret.body == NULL && (text || !other))
		ret.kind = thought ? PART_THOUGHT : PART_TEXT;
	/* Image models show drafts as thoughts; sound has no place in this dialect yet. */
	if (ret.kind == PART_IMAGE && (thought || !is_image(ret.body)))
		ret.kind = PART_NONE;
	return ret;
}

bool
chat_part_speaks(const struct chat_part *part)
{
	return (part->kind == PART_TEXT && part->text.len > 0) || part->kind == PART_CODE ||
	       part->kind == PART_OUTPUT;
}

void
chat_head_write(struct jwriter *w, const struct chat_reply_info *info, const char *object)
{
	jw_str_open(w, "id");
	buf_adds(w->out, "chatcmpl-");
	buf_add_json(w->out, slice_str(info->id));
	jw_str_close(w);
	jw_str(w, "object", object);
	jw_int(w, "created", info->created);
	jw_str(w, "model", info->model);
}

void
chat_tier_write(struct jwriter *w, const struct usage *usage)
{
	if (strcmp(usage->service_tier, "standard") == 0)
		jw_str(w, "service_tier", "default");
	else if (usage->service_tier[0] != '\0')
		jw_str(w, "service_tier", usage->service_tier);
}

static void
write_fenced(const char *open, struct slice text, struct buf *out)
{
	buf_adds(out, open);
	buf_add_json(out, text);
	buf_adds(out, slice_ends(text, SLICE("\n")) ? "```\\n" : "\\n```\\n");
}

static unsigned
hex_value(const char *digits)
{
	unsigned value = 0;

	for (int i = 0; i < 4; i++) {
		char c = digits[i];

		value = value << 4 | (unsigned)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
	}
	return value;
}

/* An escape that is no surrogate, decoded; yields its length behind the backslash. */
static size_t
decode_escape(const char *at, char *ret, size_t *ret_len)
{
	static const char letters[] = "bfnrt", values[] = "\b\f\n\r\t";
	const char *letter = strchr(letters, *at);
	unsigned c;

	*ret_len = 1;
	if (*at != 'u') {
		ret[0] = letter != NULL ? values[letter - letters] : *at;
		return 1;
	}
	c = hex_value(at + 1);
	if (c < 0x80) {
		ret[0] = (char)c;
	} else if (c < 0x800) {
		*ret_len = 2;
		ret[0] = (char)(0xC0 | c >> 6);
		ret[1] = (char)(0x80 | (c & 63));
	} else {
		*ret_len = 3;
		ret[0] = (char)(0xE0 | c >> 12);
		ret[1] = (char)(0x80 | (c >> 6 & 63));
		ret[2] = (char)(0x80 | (c & 63));
	}
	return 5;
}

/* Escapes anew what is escaped in Google's way, as the inside of a JSON string. */
static void
write_escaped(struct slice text, struct buf *out)
{
	const char *at = text.ptr, *end = text.ptr + text.len, *slash;
	char decoded[4];
	size_t len;

	while ((slash = memchr(at, '\\', (size_t)(end - at))) != NULL) {
		buf_add_json(out, (struct slice){ at, (size_t)(slash - at) });
		at = slash + 1 + decode_escape(slash + 1, decoded, &len);
		buf_add_json(out, (struct slice){ decoded, len });
	}
	buf_add_json(out, (struct slice){ at, (size_t)(end - at) });
}

void
chat_part_write(const struct chat_part *part, struct buf *out)
{
	if (part->kind == PART_CODE)
		write_fenced("\\n```python\\n", json_get_str(part->body, "code"), out);
	else if (part->kind == PART_OUTPUT)
		write_fenced("\\n```\\n", json_get_str(part->body, "output"), out);
	else if (part->escaped)
		write_escaped(part->text, out);
	else
		buf_add_json(out, part->text);
}

void
chat_signature_write(struct jwriter *w, struct slice signature)
{
	jw_object(w, "extra_content");
	jw_object(w, "google");
	jw_slice(w, "thought_signature", signature);
	jw_object_end(w);
	jw_object_end(w);
}

void
chat_image_write(struct jwriter *w, json_object *blob)
{
	jw_object(w, NULL);
	jw_str(w, "type", "image_url");
	jw_object(w, "image_url");
	jw_str_open(w, "url");
	buf_adds(w->out, "data:");
	buf_add_json(w->out, json_get_str(blob, "mimeType"));
	buf_adds(w->out, ";base64,");
	buf_add_json(w->out, json_get_str(blob, "data"));
	jw_str_close(w);
	jw_object_end(w);
	jw_object_end(w);
}

static void
write_logprob(struct jwriter *w, json_object *candidate)
{
	/* OpenAI's stand-in for minus infinity, which JSON lacks. */
	static const double lowest = -9999.0;
	double logprob = json_object_get_double(json_get(candidate, "logProbability"));
	struct slice token = json_get_str(candidate, "token");

	jw_slice(w, "token", token);
	jw_double(w, "logprob", logprob > lowest ? logprob : lowest);
	jw_array(w, "bytes");
	for (size_t i = 0; i < token.len; i++)
		jw_int(w, NULL, (unsigned char)token.ptr[i]);
	jw_array_end(w);
}

void
chat_logprobs_write(struct jwriter *w, const char *key, json_object *result)
{
	json_object *chosen = json_get_array(result, "chosenCandidates");
	json_object *tops = json_get_array(result, "topCandidates"), *top;
	size_t count = chosen != NULL ? json_object_array_length(chosen) : 0;

	if (count == 0) {
		jw_null(w, key);
		return;
	}
	jw_object(w, key);
	jw_array(w, "content");
	for (size_t i = 0; i < count; i++) {
		jw_object(w, NULL);
		write_logprob(w, json_object_array_get_idx(chosen, i));
		jw_array(w, "top_logprobs");
		top = tops != NULL ? json_object_array_get_idx(tops, i) : NULL;
		top = json_get_array(top, "candidates");
		for (size_t j = 0; top != NULL && j < json_object_array_length(top); j++) {
			jw_object(w, NULL);
			write_logprob(w, json_object_array_get_idx(top, j));
			jw_object_end(w);
		}
		jw_array_end(w);
		jw_object_end(w);
	}
	jw_array_end(w);
	jw_null(w, "refusal");
	jw_object_end(w);
}

/* args as a string of JSON. */
static void
write_arguments(struct jwriter *w, json_object *call)
{
	json_object *args = json_get_object(call, "args");
	struct buf text;

	buf_init(&text, SSE_EVENT_MAX);
	if (args != NULL)
		json_write(args, &text);
	if (text.len == 0)
		buf_adds(&text, "{}");
	jw_slice(w, "arguments", buf_slice(&text));
	buf_release(&text);
}

/* Gemini's own id, or one that follows from the place: the same call always has the same id. */
static void
write_call_id(struct jwriter *w, json_object *call, const struct chat_call_place *place)
{
	struct slice id = json_get_str(call, "id"), base = place->reply_id;
	char text[CALL_ID_MAX + 1];
	size_t room = CALL_ID_MAX - sizeof("call_") - 12;

	if (id.len > 0 && id.len <= CALL_ID_MAX) {
		jw_slice(w, "id", id);
		return;
	}
	if (base.len > room)
		base = (struct slice){ base.ptr + (base.len - room), room };
	snprintf(text, sizeof(text), "call_%.*s_%u_%u", (int)base.len, base.ptr,
	    (unsigned)place->candidate % 100, (unsigned)place->index % 1000000);
	jw_str(w, "id", text);
}

void
chat_call_write(
    struct jwriter *w, const struct chat_part *part, const struct chat_call_place *place)
{
	jw_object(w, NULL);
	if (place->numbered)
		jw_int(w, "index", (int64_t)place->index);
	write_call_id(w, part->body, place);
	jw_str(w, "type", "function");
	jw_object(w, "function");
	jw_slice(w, "name", json_get_str(part->body, "name"));
	write_arguments(w, part->body);
	jw_object_end(w);
	if (part->signature.len > 0)
		chat_signature_write(w, part->signature);
	jw_object_end(w);
}

void
chat_legacy_call_write(struct jwriter *w, const struct chat_part *part)
{
	jw_object(w, "function_call");
	jw_slice(w, "name", json_get_str(part->body, "name"));
	write_arguments(w, part->body);
	jw_object_end(w);
}

const char *
chat_finish_word(const struct chat_finish *finish)
{
	for (size_t i = 0; i < ARRAY_SIZE(finishes); i++)
		if (slice_eq(finish->native, slice_str(finishes[i].native)))
			return finishes[i].word;
	if (finish->called)
		return finish->legacy ? "function_call" : "tool_calls";
	/* An unexplained end before any word is no answer. */
	if (slice_eq(finish->native, SLICE("OTHER")) && !finish->spoke)
		return "content_filter";
	return "stop";
}

void
chat_refusal_write(struct jwriter *w, const char *key, struct slice block_reason)
{
	jw_str_open(w, key);
	buf_adds(w->out, "Google blocked the prompt (");
	buf_add_json(w->out, block_reason);
	buf_adds(w->out, ").");
	jw_str_close(w);
}

struct slice
chat_block_reason(json_object *reply)
{
	return json_get_str(json_get(reply, "promptFeedback"), "blockReason");
}

json_object *
chat_error_in(json_object *doc)
{
	if (json_object_is_type(doc, json_type_array) && json_object_array_length(doc) > 0)
		doc = json_object_array_get_idx(doc, 0);
	return json_get_object(doc, "error");
}
