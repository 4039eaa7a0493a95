/* Reading and writing JSON, Google's way. */
#include "config.h"

#include "gjson.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#define DEPTH_MAX 200

static const struct {
	int code;
	const char *status;
} statuses[] = {
	{ 400, "INVALID_ARGUMENT" },
	{ 401, "UNAUTHENTICATED" },
	{ 402, "RESOURCE_EXHAUSTED" },
	{ 403, "PERMISSION_DENIED" },
	{ 404, "NOT_FOUND" },
	{ 409, "ABORTED" },
	{ 413, "INVALID_ARGUMENT" },
	{ 429, "RESOURCE_EXHAUSTED" },
	{ 499, "CANCELLED" },
	{ 500, "INTERNAL" },
	{ 501, "UNIMPLEMENTED" },
	{ 503, "UNAVAILABLE" },
	{ 504, "DEADLINE_EXCEEDED" },
};

static void
gjson_newline(struct buf *out, enum gjson_style style, unsigned depth)
{
	if (style != GJSON_PRETTY)
		return;
	buf_addc(out, '\n');
	for (unsigned i = 0; i < depth; i++)
		buf_adds(out, "  ");
}

/* Angle brackets are escaped, as Google's serializer does. */
static void
write_string(struct buf *out, struct slice s)
{
	buf_addc(out, '"');
	while (s.len > 0) {
		size_t n = 0;

		while (n < s.len && s.ptr[n] != '<' && s.ptr[n] != '>')
			n++;
		buf_add_json(out, (struct slice){ s.ptr, n });
		if (n < s.len) {
			buf_adds(out, s.ptr[n] == '<' ? "\\u003c" : "\\u003e");
			n++;
		}
		s = (struct slice){ s.ptr + n, s.len - n };
	}
	buf_addc(out, '"');
}

static void
write_value(struct buf *out, json_object *value, enum gjson_style style, unsigned depth)
{
	if (json_object_is_type(value, json_type_object)) {
		const char *sep = "";

		buf_addc(out, '{');
		json_object_object_foreach(value, key, member)
		{
			buf_adds(out, sep);
			sep = ",";
			gjson_newline(out, style, depth + 1);
			write_string(out, slice_str(key));
			buf_adds(out, ": ");
			write_value(out, member, style, depth + 1);
		}
		if (json_object_object_length(value) > 0)
			gjson_newline(out, style, depth);
		buf_addc(out, '}');
	} else if (json_object_is_type(value, json_type_array)) {
		size_t count = json_object_array_length(value);

		buf_addc(out, '[');
		for (size_t i = 0; i < count; i++) {
			if (i > 0)
				buf_addc(out, ',');
			gjson_newline(out, style, depth + 1);
			write_value(out, json_object_array_get_idx(value, i), style, depth + 1);
		}
		if (count > 0)
			gjson_newline(out, style, depth);
		buf_addc(out, ']');
	} else if (json_object_is_type(value, json_type_string)) {
		write_string(out, (struct slice){ json_object_get_string(value),
				      (size_t)json_object_get_string_len(value) });
	} else {
		buf_adds(out, json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN));
	}
}

void
gjson_write(struct buf *out, json_object *value, enum gjson_style style)
{
	write_value(out, value, style, 0);
}

json_object *
gjson_parse(struct slice text, size_t *ret_at)
{
	struct json_tokener *tok;
	json_object *value;
	size_t end;

	*ret_at = 0;
	if (text.len == 0 || text.len > INT32_MAX)
		return NULL;
	tok = json_tokener_new_ex(DEPTH_MAX);
	json_tokener_set_flags(tok,
	    JSON_TOKENER_STRICT | JSON_TOKENER_ALLOW_TRAILING_CHARS | JSON_TOKENER_VALIDATE_UTF8);
	value = json_tokener_parse_ex(tok, text.ptr, (int)text.len);
	end = json_tokener_get_parse_end(tok);
	/* A number at the very end is only complete once something follows. */
	if (value == NULL && json_tokener_get_error(tok) == json_tokener_continue)
		value = json_tokener_parse_ex(tok, " ", 1);
	while (end < text.len && strchr(" \t\r\n", text.ptr[end]) != NULL && text.ptr[end] != '\0')
		end++;
	*ret_at = end;
	if (value != NULL && end < text.len) {
		json_object_put(value);
		value = NULL;
	}
	json_tokener_free(tok);
	return value;
}

void
gjson_snake(struct buf *out, const char *name)
{
	for (const char *p = name; *p != '\0'; p++) {
		if (isupper((unsigned char)*p)) {
			buf_addc(out, '_');
			buf_addc(out, (char)tolower((unsigned char)*p));
		} else {
			buf_addc(out, *p);
		}
	}
}

json_object *
gjson_get(json_object *obj, const char *name)
{
	json_object *member = NULL;
	struct buf snake;

	if (!json_object_is_type(obj, json_type_object))
		return NULL;
	if (json_object_object_get_ex(obj, name, &member))
		return member;
	buf_init(&snake, 1024);
	gjson_snake(&snake, name);
	if (!json_object_object_get_ex(obj, snake.data, &member))
		member = NULL;
	buf_release(&snake);
	return member;
}

json_object *
gjson_get_array(json_object *obj, const char *name)
{
	json_object *member = gjson_get(obj, name);

	return json_object_is_type(member, json_type_array) ? member : NULL;
}

size_t
gjson_count(json_object *obj, const char *name)
{
	json_object *member = gjson_get(obj, name);

	if (member == NULL)
		return 0;
	return json_object_is_type(member, json_type_array) ? json_object_array_length(member) : 1;
}

json_object *
gjson_at(json_object *obj, const char *name, size_t i)
{
	json_object *member = gjson_get(obj, name);

	if (json_object_is_type(member, json_type_array))
		return json_object_array_get_idx(member, i);
	return i == 0 ? member : NULL;
}

struct slice
gjson_str(json_object *obj, const char *name)
{
	json_object *member = gjson_get(obj, name);

	if (!json_object_is_type(member, json_type_string))
		return SLICE("");
	return (struct slice){ json_object_get_string(member),
		(size_t)json_object_get_string_len(member) };
}

bool
gjson_bool(json_object *obj, const char *name)
{
	return json_object_get_boolean(gjson_get(obj, name));
}

int64_t
gjson_int(json_object *obj, const char *name, int64_t fallback)
{
	json_object *member = gjson_get(obj, name);

	return member != NULL ? json_object_get_int64(member) : fallback;
}

json_object *
gjson_new(struct slice s)
{
	return json_object_new_string_len(s.ptr, (int)s.len);
}

const char *
gerror_status(int code)
{
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
		if (statuses[i].code == code)
			return statuses[i].status;
	}
	return "UNKNOWN";
}

json_object *
gerror(int code, const char *message, const char *status, json_object *details)
{
	json_object *doc = json_object_new_object(), *error = json_object_new_object();

	json_object_object_add(error, "code", json_object_new_int(code));
	json_object_object_add(error, "message", json_object_new_string(message));
	json_object_object_add(
	    error, "status", json_object_new_string(status != NULL ? status : gerror_status(code)));
	if (details != NULL)
		json_object_object_add(error, "details", details);
	json_object_object_add(doc, "error", error);
	return doc;
}

void
gjson_reply(struct conn *c, int status, json_object *value)
{
	struct buf body;

	buf_init(&body, JSON_TEXT_MAX);
	gjson_write(&body, value, GJSON_PRETTY);
	buf_addc(&body, '\n');
	conn_reply(c, status, GTYPE_JSON, "", buf_slice(&body));
	buf_release(&body);
}

void
gerror_reply(struct conn *c, int code, const char *message, json_object *details)
{
	json_object *doc = gerror(code, message, NULL, details);

	gjson_reply(c, code, doc);
	json_object_put(doc);
}

void
gbase64_add(struct buf *out, const void *data, size_t len)
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t word = (uint32_t)p[i] << 16 | (n > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
		                (n > 2 ? p[i + 2] : 0);

		buf_addc(out, alphabet[word >> 18]);
		buf_addc(out, alphabet[word >> 12 & 63]);
		buf_addc(out, n > 1 ? alphabet[word >> 6 & 63] : '=');
		buf_addc(out, n > 2 ? alphabet[word & 63] : '=');
	}
}

bool
gbase64_valid(struct slice s)
{
	size_t pad = 0, digits;

	while (s.len > 0 && pad < 2 && s.ptr[s.len - 1] == '=') {
		s.len--;
		pad++;
	}
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (!isalnum(c) && c != '+' && c != '/' && c != '-' && c != '_')
			return false;
	}
	digits = s.len % 4;
	return digits != 1 && (pad == 0 || (digits + pad) % 4 == 0);
}

static int
base64_value(char c)
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c != '\0' ? strchr(alphabet, c == '-' ? '+' : c == '_' ? '/' : c) : NULL;

	return at != NULL ? (int)(at - alphabet) : -1;
}

void
gbase64_decode(struct buf *out, struct slice s)
{
	uint32_t word = 0;
	unsigned bits = 0;

	for (size_t i = 0; i < s.len; i++) {
		int value = base64_value(s.ptr[i]);

		if (value < 0)
			continue;
		word = word << 6 | (uint32_t)value;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			buf_addc(out, (char)(unsigned char)(word >> bits));
		}
	}
}
