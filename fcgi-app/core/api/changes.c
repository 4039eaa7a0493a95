/* The list of repairs, as the value of one header. */
#include "config.h"

#include "core/api/changes.h"

#include <string.h>

static const char *const words[] = {
	[CHANGE_IGNORED] = "ignored",
	[CHANGE_DROPPED] = "dropped",
	[CHANGE_CLAMPED] = "clamped",
	[CHANGE_REWRITTEN] = "rewritten",
	[CHANGE_RENAMED] = "renamed",
	[CHANGE_ADDED] = "added",
	[CHANGE_INLINED] = "inlined",
};

#define MORE_ROOM 24 /* for `, +N more` */

void
changes_init(struct changes *c, bool strict)
{
	*c = (struct changes){ .strict = strict };
	buf_init(&c->text, CHANGES_MAX + MORE_ROOM);
}

void
changes_release(struct changes *c)
{
	buf_release(&c->text);
}

void
changes_reset(struct changes *c)
{
	buf_reset(&c->text);
	c->count = c->hidden = 0;
}

/* What may stand in a header between the separators. */
static bool
changes_plain(unsigned char byte)
{
	return byte > ' ' && byte < 0x7f && byte != ',' && byte != '%' && byte != '"';
}

/* A field's name as JSON pointer: `a[3].b` becomes /a/3/b. */
static void
add_pointer(struct buf *out, const char *at)
{
	static const char digits[] = "0123456789ABCDEF";
	bool pointer = *at == '/';

	if (!pointer)
		buf_addc(out, '/');
	for (; *at != '\0'; at++) {
		unsigned char byte = (unsigned char)*at;

		if (!pointer && (byte == '.' || byte == '['))
			buf_addc(out, '/');
		else if (!pointer && byte == ']')
			continue;
		else if (changes_plain(byte))
			buf_addc(out, *at);
		else {
			buf_addc(out, '%');
			buf_addc(out, digits[byte >> 4]);
			buf_addc(out, digits[byte & 15]);
		}
	}
}

void
changes_mention(struct changes *c, enum change change, const char *at)
{
	char name[APIERROR_PARAM_MAX];
	size_t before;

	if (c == NULL)
		return;
	c->count++;
	if (c->hidden > 0) {
		c->hidden++;
		return;
	}
	if (c->rename != NULL) {
		c->rename(c->rename_ctx, at, name);
		at = name;
	}
	before = c->text.len;
	if (before > 0)
		buf_adds(&c->text, ", ");
	add_pointer(&c->text, at);
	buf_addc(&c->text, ' ');
	buf_adds(&c->text, words[change]);
	if (c->text.failed || c->text.len > CHANGES_MAX) {
		c->text.failed = false;
		c->text.len = before;
		c->hidden = 1;
	}
}

void
changes_field(const char *at, char ret[APIERROR_PARAM_MAX])
{
	size_t len = 0;

	if (*at != '/') {
		strncpy(ret, at, APIERROR_PARAM_MAX - 1);
		ret[APIERROR_PARAM_MAX - 1] = '\0';
		return;
	}
	while (*at == '/' && len < APIERROR_PARAM_MAX - 3) {
		size_t part = strcspn(++at, "/"), digits = strspn(at, "0123456789");
		bool index = part > 0 && digits == part;

		if (index)
			ret[len++] = '[';
		else if (len > 0)
			ret[len++] = '.';
		for (size_t i = 0; i < part && len < APIERROR_PARAM_MAX - 2; i++) {
			bool escape = at[i] == '~' && (at[i + 1] == '0' || at[i + 1] == '1');

			ret[len++] = !escape ? at[i] : at[++i] == '0' ? '~' : '/';
		}
		if (index)
			ret[len++] = ']';
		at += part;
	}
	ret[len] = '\0';
}

int
changes_note(struct changes *c, enum change change, const char *at, struct apierror *err)
{
	char param[APIERROR_PARAM_MAX];

	if (c == NULL || !c->strict) {
		changes_mention(c, change, at);
		return 0;
	}
	changes_field(at, param);
	return apierror_set(err, APIERROR_UNSUPPORTED, param,
	    "'%s' would have to be %s for the Gemini API, and this gateway is set to change "
	    "nothing (STRICT).",
	    param, words[change]);
}

struct slice
changes_header(struct changes *c)
{
	if (c->hidden > 0) {
		buf_addf(&c->text, ", +%u more", c->hidden);
		c->hidden = 0;
	}
	return buf_slice(&c->text);
}
