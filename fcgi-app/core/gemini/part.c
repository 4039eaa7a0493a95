/* Gemini's parts as they are read; no state. */
#include "config.h"

#include "core/gemini/part.h"

#include <string.h>

#include "base/xalloc.h"

/* clang-format off */
static const struct {
	const char *key;
	enum gemini_part_kind kind;
} bodies[] = {
	{ "functionCall",        PART_CALL },
	{ "inlineData",          PART_IMAGE },
	{ "executableCode",      PART_CODE },
	{ "codeExecutionResult", PART_OUTPUT },
	{ "toolCall",            PART_TRACE },
	{ "toolResponse",        PART_TRACE },
};
/* clang-format on */

/* Media by their type. Image models show drafts as thoughts: those are not the answer. */
static enum gemini_part_kind
blob_kind(json_object *blob, bool thought)
{
	struct slice mime = json_get_str(blob, "mimeType");

	if (thought)
		return PART_NONE;
	if (slice_startsi(mime, SLICE("audio/")))
		return PART_AUDIO;
	return slice_startsi(mime, SLICE("image/")) ? PART_IMAGE : PART_NONE;
}

static enum gemini_part_kind
body_kind(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++)
		if (strcmp(key, bodies[i].key) == 0)
			return bodies[i].kind;
	return PART_NONE;
}

struct gemini_part
gemini_part_read(json_object *part)
{
	struct gemini_part ret = { .kind = PART_NONE, .text = SLICE(""), .signature = SLICE("") };
	bool thought = false, text = false, other = false;

	if (!json_object_is_type(part, json_type_object))
		return ret;
	ret.json = part;
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
	if (ret.kind == PART_IMAGE)
		ret.kind = blob_kind(ret.body, thought);
	/* Nobody can be called by no name. */
	if (ret.kind == PART_CALL && json_get_str(ret.body, "name").len == 0)
		ret.kind = PART_NONE;
	return ret;
}

bool
gemini_part_speaks(const struct gemini_part *part)
{
	return (part->kind == PART_TEXT && part->text.len > 0) || part->kind == PART_CODE ||
	       part->kind == PART_OUTPUT;
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
gemini_part_write(const struct gemini_part *part, struct buf *out)
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

struct slice
gen_block_reason(json_object *reply)
{
	return json_get_str(json_get(reply, "promptFeedback"), "blockReason");
}

size_t
gen_candidate_count(json_object *reply)
{
	json_object *list = json_get_array(reply, "candidates");
	size_t count = 0;

	for (size_t i = 0; list != NULL && i < json_object_array_length(list); i++)
		count +=
		    json_object_is_type(json_object_array_get_idx(list, i), json_type_object) != 0;
	return count;
}
