/* The little of UTF-8 (RFC 3629) that the program needs. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>

#define UTF8_REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

/* Bytes of the well-formed character at p (1 to 4), or 0 when the bytes there are not one:
 * overlong forms, surrogates and cut sequences included. */
size_t utf8_width(const unsigned char *p, size_t len);

#endif
