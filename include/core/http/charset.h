/* The bytes of a file that somebody can read. */
#ifndef CORE_HTTP_CHARSET_H
#define CORE_HTTP_CHARSET_H

#include <stdbool.h>

#include "base/buf.h"

/* Appends the bytes as UTF-8 without a BOM. A BOM tells the encoding, else charset does (UTF-8,
 * UTF-16, ISO 8859-1, Windows-1252 and their synonyms; "" is UTF-8). False when they are no text in
 * it, or the charset is not known; out holds garbage at its end then. */
bool text_file_read(struct slice bytes, struct slice charset, struct buf *out);

#endif
