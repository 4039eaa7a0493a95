/* Base64 by tables; see the header. */
#include "config.h"

#include "base/base64.h"

#include <stdint.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* What a byte is: a digit with its value in the low bits, or one of the others. */
enum { DIGIT = 0x40, URL_SAFE = 0x80, BLANK = 1, PAD = 2, BAD = 0 };

/* clang-format off */
#define D(value) (DIGIT | (value))
static const uint8_t bytes[256] = {
	[' '] = BLANK, ['\t'] = BLANK, ['\r'] = BLANK, ['\n'] = BLANK, ['='] = PAD,
	['A'] = D(0), D(1), D(2), D(3), D(4), D(5), D(6), D(7), D(8), D(9), D(10), D(11), D(12),
	['N'] = D(13), D(14), D(15), D(16), D(17), D(18), D(19), D(20), D(21), D(22), D(23),
	['Y'] = D(24), D(25),
	['a'] = D(26), D(27), D(28), D(29), D(30), D(31), D(32), D(33), D(34), D(35), D(36),
	['l'] = D(37), D(38), D(39), D(40), D(41), D(42), D(43), D(44), D(45), D(46), D(47),
	['w'] = D(48), D(49), D(50), D(51),
	['0'] = D(52), D(53), D(54), D(55), D(56), D(57), D(58), D(59), D(60), D(61),
	['+'] = D(62), ['/'] = D(63), ['-'] = D(62) | URL_SAFE, ['_'] = D(63) | URL_SAFE,
};
#undef D
/* clang-format on */

static uint8_t
byte_at(const char *at)
{
	return bytes[(unsigned char)*at];
}

void
base64_add(struct buf *out, const void *data, size_t len)
{
	const unsigned char *in = data;
	size_t need = len <= SIZE_MAX / 2 ? (len + 2) / 3 * 4 : SIZE_MAX;
	char *to = buf_room(out, need);

	if (to == NULL)
		return;
	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		uint32_t group = (uint32_t)in[i] << 16;

		group |= left > 1 ? (uint32_t)in[i + 1] << 8 : 0;
		group |= left > 2 ? (uint32_t)in[i + 2] : 0;
		*to++ = alphabet[group >> 18];
		*to++ = alphabet[group >> 12 & 63];
		*to++ = left > 1 ? alphabet[group >> 6 & 63] : '=';
		*to++ = left > 2 ? alphabet[group & 63] : '=';
	}
	out->len += need;
	out->data[out->len] = '\0';
}

bool
base64_is_canonical(struct slice text)
{
	uint8_t all = DIGIT, any = 0;
	size_t digits = text.len;

	if (text.len % 4 != 0)
		return false;
	for (int i = 0; i < 2 && digits > 0 && text.ptr[digits - 1] == '='; i++)
		digits--;
	for (size_t i = 0; i < digits; i++) {
		all &= byte_at(text.ptr + i);
		any |= byte_at(text.ptr + i);
	}
	/* Bits behind the last byte must be zero. */
	if (digits % 4 == 2 && (byte_at(text.ptr + digits - 1) & 15) != 0)
		return false;
	if (digits % 4 == 3 && (byte_at(text.ptr + digits - 1) & 3) != 0)
		return false;
	return (all & DIGIT) != 0 && (any & URL_SAFE) == 0;
}

bool
base64_normalise(struct slice text, struct buf *out)
{
	size_t digits = 0, pads = 0;
	char *to = buf_room(out, text.len + 3);

	if (to == NULL)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t byte = byte_at(text.ptr + i);

		if (byte == BLANK)
			continue;
		if (byte == PAD) {
			pads++;
			continue;
		}
		if (byte == BAD || pads > 0)
			return false;
		to[digits++] = alphabet[byte & 63];
	}
	if (digits % 4 == 1 || pads > 2)
		return false;
	if (digits % 4 == 2)
		to[digits - 1] = alphabet[byte_at(to + digits - 1) & 48];
	else if (digits % 4 == 3)
		to[digits - 1] = alphabet[byte_at(to + digits - 1) & 60];
	while (digits % 4 != 0)
		to[digits++] = '=';
	out->len += digits;
	out->data[out->len] = '\0';
	return true;
}

size_t
base64_peek(struct slice text, unsigned char *ret, size_t size)
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t len = 0;

	for (size_t i = 0; i < text.len && len < size; i++) {
		uint8_t byte = byte_at(text.ptr + i);

		if (byte == BLANK)
			continue;
		if (byte == BAD || byte == PAD)
			break;
		bits = bits << 6 | (byte & 63u);
		have += 6;
		if (have >= 8) {
			have -= 8;
			ret[len++] = (unsigned char)(bits >> have & 255);
		}
	}
	return len;
}
