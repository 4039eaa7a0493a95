/* JSON text in document order; see the header. */
#include "config.h"

#include "core/json/jwriter.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct jwriter
jwriter_on(struct buf *out)
{
	return (struct jwriter){ .out = out };
}

/* The comma and the key that stand before a value. */
static void
jwriter_lead(struct jwriter *w, const char *key)
{
	if (w->comma)
		buf_addc(w->out, ',');
	w->comma = true;
	if (key != NULL) {
		buf_addc(w->out, '"');
		buf_add_json(w->out, slice_str(key));
		buf_add(w->out, "\":", 2);
	}
}

void
jw_object(struct jwriter *w, const char *key)
{
	jwriter_lead(w, key);
	buf_addc(w->out, '{');
	w->comma = false;
}

void
jw_object_end(struct jwriter *w)
{
	buf_addc(w->out, '}');
	w->comma = true;
}

void
jw_array(struct jwriter *w, const char *key)
{
	jwriter_lead(w, key);
	buf_addc(w->out, '[');
	w->comma = false;
}

void
jw_array_end(struct jwriter *w)
{
	buf_addc(w->out, ']');
	w->comma = true;
}

void
jw_str(struct jwriter *w, const char *key, const char *value)
{
	if (value == NULL)
		jw_null(w, key);
	else
		jw_slice(w, key, slice_str(value));
}

void
jw_slice(struct jwriter *w, const char *key, struct slice value)
{
	jw_str_open(w, key);
	buf_add_json(w->out, value);
	jw_str_close(w);
}

void
jw_int(struct jwriter *w, const char *key, int64_t value)
{
	jwriter_lead(w, key);
	if (value < 0) {
		buf_addc(w->out, '-');
		buf_add_u64(w->out, -(uint64_t)value);
	} else {
		buf_add_u64(w->out, (uint64_t)value);
	}
}

void
jw_double(struct jwriter *w, const char *key, double value)
{
	char text[32];

	if (!isfinite(value)) {
		jw_null(w, key);
		return;
	}
	/* The shortest form that reads back as the same number. */
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	jwriter_lead(w, key);
	buf_adds(w->out, text);
}

void
jw_bool(struct jwriter *w, const char *key, bool value)
{
	jwriter_lead(w, key);
	buf_adds(w->out, value ? "true" : "false");
}

void
jw_null(struct jwriter *w, const char *key)
{
	jwriter_lead(w, key);
	buf_add(w->out, "null", 4);
}

void
jw_raw(struct jwriter *w, const char *key, struct slice json)
{
	jwriter_lead(w, key);
	buf_add_slice(w->out, json);
}

void
jw_str_open(struct jwriter *w, const char *key)
{
	jwriter_lead(w, key);
	buf_addc(w->out, '"');
}

void
jw_str_close(struct jwriter *w)
{
	buf_addc(w->out, '"');
}
