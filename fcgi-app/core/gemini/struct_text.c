/*
 * What a Struct would lose of a JSON text. Keys and depth show in the tree that json-c makes; its
 * numbers, escapes and doubled keys show in the text alone.
 */
#include "config.h"

#include "core/gemini/struct_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#define DIGITS_EXACT 15 /* so many decimal digits always come back from a double */
#define DIGITS_MAX   17 /* more never do */
#define POWER_MAX    9999

/* A text that json-c has taken, token by token. */
struct scan {
	const char *at, *end;
	unsigned losses;
	size_t keys;
};

/* ---- numbers ---- */

/* 0.DIGITS times ten to the power of exponent. */
struct decimal {
	char digits[DIGITS_MAX + 1]; /* no zeros at either end */
	size_t count;                /* DIGITS_MAX + 1: more than there is room for */
	long exponent;
	bool negative;
	bool whole;  /* neither point nor exponent */
	bool padded; /* zeros behind the point, more than `.0` */
};

static void
add_digit(struct decimal *d, char digit, size_t *zeros, bool fraction)
{
	if (d->count == 0 && digit == '0') {
		d->exponent -= fraction;
		return;
	}
	d->exponent += !fraction;
	if (digit == '0') {
		++*zeros;
		return;
	}
	for (; *zeros > 0 && d->count < DIGITS_MAX; --*zeros)
		d->digits[d->count++] = '0';
	*zeros = 0;
	if (d->count < DIGITS_MAX)
		d->digits[d->count++] = digit;
	else
		d->count = DIGITS_MAX + 1;
}

/* False when text is no number of JSON. */
static bool
decimal_read(struct slice text, struct decimal *d)
{
	size_t at = 0, from, zeros = 0;
	bool fraction = false;

	*d = (struct decimal){ .whole = true };
	d->negative = slice_starts(text, SLICE("-"));
	at += d->negative;
	for (from = at; at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9'; at++)
		add_digit(d, text.ptr[at], &zeros, fraction);
	if (at == from || (text.ptr[from] == '0' && at > from + 1))
		return false;
	if (at < text.len && text.ptr[at] == '.') {
		fraction = true;
		for (from = ++at; at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9'; at++)
			add_digit(d, text.ptr[at], &zeros, fraction);
		if (at == from)
			return false;
		d->padded = text.ptr[at - 1] == '0' && at > from + 1;
	}
	if (at < text.len && (text.ptr[at] == 'e' || text.ptr[at] == 'E')) {
		char *end;
		long power;

		from = at + 1;
		power = strtol(text.ptr + from, &end, 10);
		d->exponent += power > POWER_MAX    ? POWER_MAX
		               : power < -POWER_MAX ? -POWER_MAX
		                                    : power;
		d->whole = false;
		at = (size_t)(end - text.ptr);
		if (at == from)
			return false;
	}
	d->whole = d->whole && !fraction;
	return at == text.len;
}

static bool
decimal_same(const struct decimal *a, const struct decimal *b)
{
	return a->count == b->count && a->negative == b->negative &&
	       (a->count == 0 || a->exponent == b->exponent) &&
	       memcmp(a->digits, b->digits, a->count) == 0;
}

/* text, which is d, comes back from a double. */
static bool
held_by_double(const char *text, const struct decimal *d)
{
	struct decimal back;
	char shortest[32];
	double value;

	if (d->count > DIGITS_MAX)
		return false;
	if (d->count <= DIGITS_EXACT && d->exponent > -300 && d->exponent < 300)
		return true;
	value = strtod(text, NULL);
	for (int digits = DIGITS_EXACT; digits <= DIGITS_MAX; digits++) {
		snprintf(shortest, sizeof(shortest), "%.*g", digits, value);
		if (strtod(shortest, NULL) == value)
			break;
	}
	return decimal_read(slice_str(shortest), &back) && decimal_same(d, &back);
}

/* Beyond 2^53 not every integer is a double. */
static bool
is_large(const char *text, const struct decimal *d)
{
	return d->whole &&
	       (d->exponent > 16 || strtod(text, NULL) > 0x1p53 || strtod(text, NULL) < -0x1p53);
}

static unsigned
number_losses(struct slice number)
{
	struct decimal d;
	char text[64];

	if (number.len >= sizeof(text))
		return STRUCT_VALUE;
	memcpy(text, number.ptr, number.len);
	text[number.len] = '\0';
	if (!decimal_read((struct slice){ text, number.len }, &d))
		return STRUCT_NO_JSON;
	if (!held_by_double(text, &d) || is_large(text, &d))
		return STRUCT_VALUE;
	return d.padded || (d.negative && d.count == 0) ? STRUCT_DIGITS : 0;
}

/* ---- tokens ---- */

static struct slice
struct_take_number(struct scan *s)
{
	struct slice number = { s->at, 0 };

	while (s->at < s->end && strchr("+-.0123456789Ee", *s->at) != NULL && *s->at != '\0')
		s->at++;
	number.len = (size_t)(s->at - number.ptr);
	return number;
}

/* The value of \uXXXX at `at`, or 0 when it is another escape. */
static unsigned
unicode_escape(const char *at, const char *end)
{
	unsigned value = 0;

	if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
		return 0;
	for (int i = 2; i < 6; i++)
		value = value << 4 | ((unsigned)ascii_hex(at[i]) & 15);
	return value;
}

static void
struct_take_escape(struct scan *s)
{
	unsigned code = unicode_escape(s->at, s->end), low;

	if (s->at + 1 < s->end && s->at[1] != 'u') {
		s->at += 2;
		return;
	}
	s->at += 6;
	if (code >= 0xD800 && code < 0xDC00) {
		low = unicode_escape(s->at, s->end);
		if (low >= 0xDC00 && low < 0xE000)
			s->at += 6;
		else
			s->losses |= STRUCT_TEXT;
	} else if (code == 0 || (code >= 0xDC00 && code < 0xE000)) {
		s->losses |= STRUCT_TEXT;
	}
}

static bool
struct_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void
struct_take_string(struct scan *s)
{
	for (s->at++; s->at < s->end && *s->at != '"';) {
		if ((unsigned char)*s->at < ' ')
			s->losses |= STRUCT_NO_JSON;
		if (*s->at == '\\')
			struct_take_escape(s);
		else
			s->at++;
	}
	if (s->at < s->end)
		s->at++;
	while (s->at < s->end && struct_is_blank(*s->at))
		s->at++;
	s->keys += s->at < s->end && *s->at == ':';
}

/* The next number, strings and all else are passed over; empty at the end. */
static struct slice
next_number(struct scan *s)
{
	while (s->at < s->end) {
		if (*s->at == '"') {
			struct_take_string(s);
		} else if (*s->at == '-' || (*s->at >= '0' && *s->at <= '9')) {
			return struct_take_number(s);
		} else {
			/* json-c takes NaN and Infinity. */
			if (*s->at == 'N' || *s->at == 'I')
				s->losses |= STRUCT_NO_JSON;
			s->at++;
		}
	}
	return SLICE("");
}

/* ---- the tree ---- */

static unsigned
tree_losses(json_object *value, size_t depth, size_t *keys)
{
	const char *before = NULL;
	unsigned losses = depth > STRUCT_DEPTH_MAX ? STRUCT_DEPTH : 0;

	if (json_object_is_type(value, json_type_array))
		for (size_t i = 0; i < json_object_array_length(value); i++)
			losses |= tree_losses(json_object_array_get_idx(value, i), depth + 1, keys);
	if (!json_object_is_type(value, json_type_object))
		return losses;
	json_object_object_foreach(value, key, member)
	{
		if (before != NULL && strcmp(before, key) > 0)
			losses |= STRUCT_ORDER;
		if (strcmp(key, "$ref") == 0)
			losses |= STRUCT_REF;
		before = key;
		++*keys;
		losses |= tree_losses(member, depth + 1, keys);
	}
	return losses;
}

unsigned
struct_text_read(struct slice text, json_object **ret_value)
{
	struct scan scan = { 0 };
	struct slice number;
	size_t keys = 0;

	text = slice_trim(text);
	*ret_value = NULL;
	if (text.len == 0 || (text.ptr[0] != '{' && text.ptr[0] != '['))
		return STRUCT_NO_JSON;
	*ret_value = json_read(text);
	if (*ret_value == NULL)
		return STRUCT_NO_JSON;
	scan.at = text.ptr;
	scan.end = text.ptr + text.len;
	while ((number = next_number(&scan)).len > 0)
		scan.losses |= number_losses(number);
	scan.losses |= tree_losses(*ret_value, 1, &keys);
	if (keys != scan.keys)
		scan.losses |= STRUCT_KEYS;
	if ((scan.losses & STRUCT_NO_JSON) != 0)
		json_object_put(TAKE(*ret_value));
	return scan.losses;
}

void
struct_text_quote(struct slice text, struct buf *out)
{
	struct scan scan = { .at = text.ptr, .end = text.ptr + text.len };
	const char *copied = text.ptr;
	struct slice number;

	while ((number = next_number(&scan)).len > 0) {
		if ((number_losses(number) & STRUCT_VALUE) == 0)
			continue;
		buf_add(out, copied, (size_t)(number.ptr - copied));
		buf_addc(out, '"');
		buf_add_slice(out, number);
		buf_addc(out, '"');
		copied = scan.at;
	}
	buf_add(out, copied, (size_t)(scan.end - copied));
}
