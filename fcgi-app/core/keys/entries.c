/* The reader of lists of keys and tokens with attributes. */
#include "config.h"

#include "core/keys/entries.h"

#include <string.h>

#include "base/xalloc.h"

void
entry_reader_init(struct entry_reader *r, struct slice text, bool lines, const char *const *names)
{
	*r = (struct entry_reader){ .rest = text, .lines = lines, .names = names, .line = 1 };
}

static bool
entry_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Around a word: quotation marks, and the brackets of a list in JSON. */
static bool
is_wrapping(char c)
{
	return c == '"' || c == '\'' || c == '`' || c == '[' || c == ']';
}

static struct slice
entry_unwrapped(struct slice word)
{
	while (word.len > 0 && is_wrapping(word.ptr[0]))
		word = slice_skip(word, 1);
	while (word.len > 0 && is_wrapping(word.ptr[word.len - 1]))
		word.len--;
	return word;
}

/* To the next word; notices new lines. */
static void
skip_separators(struct entry_reader *r)
{
	while (r->rest.len > 0 && (entry_is_blank(r->rest.ptr[0]) || r->rest.ptr[0] == ',')) {
		if (r->rest.ptr[0] == '\n') {
			r->line++;
			r->behind = false;
		}
		/* `KEY,KEY` and `KEY, KEY` are lists. */
		if (r->rest.ptr[0] == ',')
			r->behind = false;
		r->rest = slice_skip(r->rest, 1);
	}
}

/* The attribute that begins the text, or NULL. */
static const char *
attribute_at(const struct entry_reader *r)
{
	for (size_t i = 0; r->names[i] != NULL; i++) {
		size_t len = strlen(r->names[i]);

		if (r->rest.len > len && r->rest.ptr[len] == '=' &&
		    slice_starts(r->rest, slice_str(r->names[i])))
			return r->names[i];
	}
	return NULL;
}

/* `word=value`: a name in small letters that an operator may have taken for an attribute. A key or
 * a token may end in `=`, as Base64 does. */
static bool
looks_like_attribute(struct slice text)
{
	size_t len = 0, value;

	while (len < text.len && (ascii_is_lower(text.ptr[len]) || text.ptr[len] == '_'))
		len++;
	value = len + 1;
	return len > 0 && value < text.len && text.ptr[len] == '=' && text.ptr[value] != '=' &&
	       text.ptr[value] != ',' && !entry_is_blank(text.ptr[value]);
}

/* Up to white space, or to a comma. */
static struct slice
entry_take(struct entry_reader *r, bool commas)
{
	struct slice word = { r->rest.ptr, 0 };

	while (word.len < r->rest.len && !entry_is_blank(word.ptr[word.len]) &&
	       !(commas && word.ptr[word.len] == ','))
		word.len++;
	r->rest = slice_skip(r->rest, word.len);
	return word;
}

static enum entry_item
next_attribute(struct entry_reader *r, const char *name, struct slice *ret)
{
	struct slice text = entry_take(r, !r->lines);
	size_t skip = strlen(name) + 1;

	*ret = slice_skip(text, skip);
	/* What follows is another attribute, not a part of a list of keys. */
	r->behind = true;
	return r->words > r->first ? ENTRY_ATTRIBUTE : ENTRY_STRAY;
}

static enum entry_item
entry_next(struct entry_reader *r, const char **ret_name, struct slice *ret_value)
{
	unsigned line = r->line;
	bool fresh = r->words == 0;
	const char *name;

	skip_separators(r);
	if (r->rest.len == 0)
		return ENTRY_END;
	if (r->lines && (fresh || line != r->line))
		r->first = r->words;
	name = attribute_at(r);
	if (name != NULL) {
		*ret_name = name;
		return next_attribute(r, name, ret_value);
	}
	if (r->behind && r->names[0] != NULL && looks_like_attribute(r->rest))
		return ENTRY_UNKNOWN;
	*ret_value = entry_unwrapped(entry_take(r, true));
	if (r->lines && r->behind)
		return ENTRY_STRAY;
	r->behind = true;
	if (!r->lines)
		r->first = r->words;
	r->words++;
	return ENTRY_WORD;
}

/* ---- values ---- */

bool
entry_lists_model(const char *list, struct slice name)
{
	struct slice rest = slice_str(list);

	if (rest.len == 0)
		return true;
	while (rest.len > 0) {
		struct slice item = { rest.ptr, 0 };

		while (
		    item.len < rest.len && item.ptr[item.len] != ',' && item.ptr[item.len] != '|')
			item.len++;
		rest.ptr += item.len;
		rest.len -= item.len;
		if (rest.len > 0)
			rest = slice_skip(rest, 1);
		if (item.len > 0 && slice_fits(name, item))
			return true;
	}
	return false;
}

/* HOST, HOST:PORT, [ADDRESS] or [ADDRESS]:PORT. */
static bool
is_host(struct slice text)
{
	const char *end =
	    text.len > 0 && text.ptr[0] == '[' ? memchr(text.ptr, ']', text.len) : NULL;
	size_t host = end != NULL ? (size_t)(end - text.ptr) + 1 : 0;
	uint64_t port;

	while (host < text.len && text.ptr[host] != ':')
		host++;
	if (host == 0 || (end != NULL && host < 4) || (text.ptr[0] == '[' && end == NULL))
		return false;
	if (host == text.len)
		return true;
	return slice_u64((struct slice){ text.ptr + host + 1, text.len - host - 1 }, &port) &&
	       port >= 1 && port <= UINT16_MAX;
}

bool
entry_is_proxy(struct slice url)
{
	static const char *const schemes[] = { "http", "https", "socks4", "socks4a", "socks5",
		"socks5h" };
	ptrdiff_t at = slice_find(url, SLICE("://"));
	struct slice scheme = { url.ptr, at > 0 ? (size_t)at : 0 }, host = url, part;
	bool known = at < 0;

	for (size_t i = 0; i < url.len; i++)
		if ((unsigned char)url.ptr[i] <= ' ' || url.ptr[i] == 0x7f)
			return false;
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		known = known || slice_eqi(scheme, slice_str(schemes[i]));
	if (!known)
		return false;
	if (at >= 0)
		host = (struct slice){ url.ptr + at + 3, url.len - (size_t)at - 3 };
	if (!slice_split(&host, '/', &part) || host.len > 0)
		return false;
	host = part;
	while ((at = slice_find(host, SLICE("@"))) >= 0)
		host = (struct slice){ host.ptr + at + 1, host.len - (size_t)at - 1 };
	return is_host(host);
}

const char *
entries_read(struct entry_reader *r, const struct entry_sink *sink, void *ctx)
{
	const char *reason = NULL, *name;
	size_t from = sink->count(ctx);
	struct slice value;

	while (reason == NULL)
		switch (entry_next(r, &name, &value)) {
		case ENTRY_END:
			return NULL;
		case ENTRY_WORD:
			if (r->words - 1 == r->first)
				from = sink->count(ctx);
			if (value.len > 0)
				reason = sink->word(ctx, value, r);
			break;
		case ENTRY_ATTRIBUTE:
			for (size_t i = from; reason == NULL && i < sink->count(ctx); i++)
				reason = sink->attribute(ctx, i, name, value);
			break;
		case ENTRY_STRAY:
			reason = sink->stray;
			break;
		case ENTRY_UNKNOWN:
			reason = sink->unknown;
			break;
		}
	return reason;
}
