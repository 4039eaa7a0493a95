/*
 * Text that people paste into files and options. Editors, chat programs and web pages leave
 * characters in it that nobody sees and that no key, path or number contains.
 */
#ifndef CORE_HTTP_PLAIN_TEXT_H
#define CORE_HTTP_PLAIN_TEXT_H

#include "base/buf.h"

/*
 * Appends text to out without byte order marks, zero-width characters and marks of direction;
 * line ends become LF, other spaces a space, typographic quotation marks plain ones, and the
 * full-width comma and equals sign the narrow ones. Everything else is kept, invalid UTF-8
 * included. NULL, or what is wrong (static) at *ret_line, from 1: UTF-16 and NUL bytes.
 */
const char *plain_text_read(struct slice text, struct buf *out, unsigned *ret_line);

#endif
