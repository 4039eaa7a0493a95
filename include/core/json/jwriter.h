/*
 * Writes JSON into a buf in document order: commas, quotes and escapes are its business, nesting
 * the caller's. Overflow is the buf's sticky `failed`.
 */
#ifndef CORE_JSON_JWRITER_H
#define CORE_JSON_JWRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct jwriter {
	struct buf *out;
	bool comma; /* a comma is due before the next key or element */
};

struct jwriter jwriter_on(struct buf *out);
/* key: NULL inside an array or at the top. */
void jw_object(struct jwriter *w, const char *key);
void jw_object_end(struct jwriter *w);
void jw_array(struct jwriter *w, const char *key);
void jw_array_end(struct jwriter *w);
void jw_str(struct jwriter *w, const char *key, const char *value); /* NULL writes null */
void jw_slice(struct jwriter *w, const char *key, struct slice value);
void jw_int(struct jwriter *w, const char *key, int64_t value);
void jw_double(struct jwriter *w, const char *key, double value); /* NaN and infinities: null */
void jw_bool(struct jwriter *w, const char *key, bool value);
void jw_null(struct jwriter *w, const char *key);
/* Bytes that are JSON already. */
void jw_raw(struct jwriter *w, const char *key, struct slice json);
/* A string written in pieces: open, any number of buf_add_json on w->out, close. */
void jw_str_open(struct jwriter *w, const char *key);
void jw_str_close(struct jwriter *w);

#endif
