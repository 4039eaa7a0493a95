/* UTF-8 validation, one character at a time (RFC 3629, section 4). */
#include "config.h"

#include "base/utf8.h"

size_t
utf8_width(const unsigned char *p, size_t len)
{
	unsigned char low = 0x80, high = 0xBF;
	size_t width;

	if (len == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xC2 && p[0] <= 0xDF)
		width = 2;
	else if (p[0] >= 0xE0 && p[0] <= 0xEF)
		width = 3;
	else if (p[0] >= 0xF0 && p[0] <= 0xF4)
		width = 4;
	else
		return 0;
	/* The second byte is narrower where overlong forms, surrogates or the end of Unicode lie.
	 */
	if (p[0] == 0xE0)
		low = 0xA0;
	else if (p[0] == 0xED)
		high = 0x9F;
	else if (p[0] == 0xF0)
		low = 0x90;
	else if (p[0] == 0xF4)
		high = 0x8F;
	if (len < width || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < width; i++)
		if (p[i] < 0x80 || p[i] > 0xBF)
			return 0;
	return width;
}
