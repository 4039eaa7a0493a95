/* A signature is: a mark, the kind of part, flags, two digests, padding. */
#include "config.h"

#include "sign.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "gjson.h"
#include "sha256.h"

#define MARK        "\x12\xF3\xBA"
#define MARK_LEN    3
#define HEAD_LEN    (MARK_LEN + 2) /* kind and flags */
#define DIGEST_LEN  16
#define ID_LEN      8
#define FULL_LEN    (HEAD_LEN + DIGEST_LEN + ID_LEN)
#define PAD_LEN     90
#define RAW_MAX     (64UL * 1024)
#define TEXT_MAX    (256UL * 1024 * 1024)
#define AFTER_TOOLS 1

static const char *const bypasses[] = { "skip_thought_signature_validator",
	"context_engineering_is_the_way_to_go" };

enum kind {
	KIND_CALL = 'c',
	KIND_TOOL_CALL = 't',
	KIND_TOOL_RESPONSE = 'r',
	KIND_IMAGE = 'i',
	KIND_TEXT = 'x'
};

static enum kind
kind_of(json_object *part)
{
	if (gjson_get(part, "functionCall") != NULL)
		return KIND_CALL;
	if (gjson_get(part, "toolCall") != NULL)
		return KIND_TOOL_CALL;
	if (gjson_get(part, "toolResponse") != NULL)
		return KIND_TOOL_RESPONSE;
	return gjson_get(part, "inlineData") != NULL ? KIND_IMAGE : KIND_TEXT;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The same text for the same value, whatever the order of its members or the form of its numbers.
 */
static void
write_plain(struct buf *out, json_object *value)
{
	if (json_object_is_type(value, json_type_object)) {
		size_t count = (size_t)json_object_object_length(value), i = 0;
		const char **names = xcalloc(count + 1, sizeof(*names));

		json_object_object_foreach(value, name, member)
		{
			(void)member;
			names[i++] = name;
		}
		qsort(names, count, sizeof(*names), by_name);
		buf_addc(out, '{');
		for (i = 0; i < count; i++) {
			buf_add(out, names[i], strlen(names[i]) + 1);
			write_plain(out, json_object_object_get(value, names[i]));
		}
		buf_addc(out, '}');
		free(names);
	} else if (json_object_is_type(value, json_type_array)) {
		buf_addc(out, '[');
		for (size_t i = 0; i < json_object_array_length(value); i++) {
			write_plain(out, json_object_array_get_idx(value, i));
			buf_addc(out, ',');
		}
		buf_addc(out, ']');
	} else if (json_object_is_type(value, json_type_string)) {
		buf_addf(out, "s%d:", json_object_get_string_len(value));
		buf_add(
		    out, json_object_get_string(value), (size_t)json_object_get_string_len(value));
	} else if (json_object_is_type(value, json_type_int) ||
		   json_object_is_type(value, json_type_double)) {
		buf_addf(out, "n%.17g", json_object_get_double(value));
	} else {
		buf_adds(out, value == NULL ? "0" : json_object_get_boolean(value) ? "+" : "-");
	}
}

static json_object *
inner_of(json_object *part)
{
	static const char *const names[] = { "functionCall", "toolCall", "toolResponse",
		"inlineData" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (gjson_get(part, names[i]) != NULL)
			return gjson_get(part, names[i]);
	}
	return NULL;
}

static void
sign_digest(unsigned char *ret, size_t len, struct slice data)
{
	struct sha256 sha;
	char hex[65];

	sha256_init(&sha);
	sha256_add(&sha, "stand-in", 8);
	sha256_add(&sha, data.ptr, data.len);
	sha256_hex(&sha, hex);
	for (size_t i = 0; i < len; i++) {
		char pair[3] = { hex[2 * i], hex[2 * i + 1], '\0' };

		ret[i] = (unsigned char)strtoul(pair, NULL, 16);
	}
}

/* What the signature of such a part begins with. ret: FULL_LEN bytes. */
static void
sign_expected(json_object *part, bool after_tools, unsigned char *ret)
{
	json_object *inner = inner_of(part), *args;
	enum kind kind = kind_of(part);
	struct buf text;

	memcpy(ret, MARK, MARK_LEN);
	ret[MARK_LEN] = (unsigned char)kind;
	ret[MARK_LEN + 1] = after_tools ? AFTER_TOOLS : 0;
	buf_init(&text, TEXT_MAX);
	buf_add(&text, ret, HEAD_LEN);
	buf_add_slice(&text, gjson_str(inner, kind == KIND_CALL ? "name" : "toolType"));
	if (kind == KIND_IMAGE)
		gbase64_decode(&text, gjson_str(inner, "data"));
	args = gjson_get(inner, kind == KIND_TOOL_RESPONSE ? "response" : "args");
	if (json_object_is_type(args, json_type_object) && json_object_object_length(args) > 0)
		write_plain(&text, args);
	sign_digest(ret + HEAD_LEN, DIGEST_LEN, buf_slice(&text));
	buf_release(&text);
	sign_digest(ret + HEAD_LEN + DIGEST_LEN, ID_LEN, gjson_str(inner, "id"));
}

void
sign_part(json_object *part, bool after_tools, size_t longer)
{
	unsigned char head[FULL_LEN];
	struct buf raw, text;

	sign_expected(part, after_tools, head);
	buf_init(&raw, RAW_MAX);
	buf_init(&text, 2 * RAW_MAX);
	buf_add(&raw, head, sizeof(head));
	for (size_t i = 0; i < PAD_LEN + longer; i++)
		buf_addc(&raw, (char)(unsigned char)(head[i % FULL_LEN] * 31 + i * 7));
	gbase64_add(&text, raw.data, raw.len);
	json_object_object_add(part, "thoughtSignature", gjson_new(buf_slice(&text)));
	buf_release(&raw);
	buf_release(&text);
}

static bool
is_bypass(struct slice given, struct slice raw)
{
	for (size_t i = 0; i < ARRAY_SIZE(bypasses); i++) {
		struct slice word = slice_str(bypasses[i]);

		if (slice_eq(given, word) || slice_eq(raw, word))
			return true;
	}
	return false;
}

enum sign_state
sign_check(json_object *part, bool *ret_after_tools)
{
	struct slice given = gjson_str(part, "thoughtSignature");
	bool has_id = gjson_str(inner_of(part), "id").len > 0, after_tools;
	enum sign_state state = SIGN_WRONG;
	unsigned char head[FULL_LEN];
	struct buf raw;

	if (given.len == 0)
		return SIGN_NONE;
	buf_init(&raw, 4 * RAW_MAX);
	gbase64_decode(&raw, given);
	if (is_bypass(given, buf_slice(&raw))) {
		state = SIGN_BYPASS;
	} else if (raw.len > FULL_LEN) {
		after_tools = (raw.data[MARK_LEN + 1] & AFTER_TOOLS) != 0;
		sign_expected(part, after_tools, head);
		if (memcmp(head, raw.data, has_id ? FULL_LEN : FULL_LEN - ID_LEN) == 0)
			state = SIGN_TRUE;
		if (ret_after_tools != NULL)
			*ret_after_tools = after_tools;
	}
	buf_release(&raw);
	return state;
}
