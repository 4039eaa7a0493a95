/*
 * Function names that Google takes. A clean name stays; another one becomes its clean letters and
 * a hash of the whole, so that one name gives the same everywhere and two never meet. A name in a
 * namespace is SPACE__NAME first.
 */
#include "config.h"

#include "core/gemini/tool_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "base/xalloc.h"
#include "core/json/json.h"

#define HASH_TEXT     9   /* `_` and eight digits */
#define NAME_SEEN_MAX 255 /* bytes of a name in an answer that may be one of ours */

struct tool_names {
	struct tool_name **list;
	size_t count, room;
	json_object *by_name, *by_upstream; /* to an index of list */
};

struct tool_names *
tool_names_new(void)
{
	struct tool_names *t = xcalloc(1, sizeof(*t));

	t->by_name = json_object_new_object();
	t->by_upstream = json_object_new_object();
	return t;
}

void
tool_names_free(struct tool_names *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->count; i++) {
		free(t->list[i]->name);
		free(t->list[i]->space);
		free(t->list[i]);
	}
	free(t->list);
	json_object_put(t->by_name);
	json_object_put(t->by_upstream);
	free(t);
}

size_t
tool_names_count(const struct tool_names *t)
{
	return t->count;
}

static const struct tool_name *
names_find(const struct tool_names *t, json_object *index, const char *key)
{
	json_object *at = json_get(index, key);

	return at != NULL ? t->list[json_int(at, 0)] : NULL;
}

static bool
names_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool
is_inner(char c)
{
	return names_is_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == ':' || c == '-';
}

static bool
is_clean(const char *name)
{
	size_t len = strlen(name);

	if (len > TOOL_NAME_MAX || !names_is_letter(name[0]))
		return false;
	for (size_t i = 1; i < len; i++)
		if (!is_inner(name[i]))
			return false;
	return true;
}

static bool
has_word(const char *name)
{
	for (; *name != '\0'; name++)
		if (is_inner(*name) && *name != '_' && *name != '-' && *name != '.' && *name != ':')
			return true;
	return false;
}

/* The letters that may stay, one `_` for each run of others, and the hash of the whole; a name that
 * would keep no letter becomes a word. */
static void
names_make(const char *name, const char *whole, unsigned round, char ret[TOOL_NAME_MAX + 1])
{
	const uint8_t key[SIPHASH_KEY_BYTES] = { (uint8_t)round, (uint8_t)(round >> 8) };
	uint64_t hash = siphash(key, slice_str(whole));
	size_t len = 0;

	if (!has_word(name)) {
		strcpy(ret, "tool");
		len = strlen(ret);
		name = "";
	} else if (!names_is_letter(name[0])) {
		ret[len++] = '_';
	}
	for (const char *p = name; *p != '\0' && len < TOOL_NAME_MAX - HASH_TEXT; p++) {
		if (is_inner(*p))
			ret[len++] = *p;
		else if (len == 0 || ret[len - 1] != '_')
			ret[len++] = '_';
	}
	snprintf(ret + len, TOOL_NAME_MAX + 1 - len, "_%08x", (unsigned)(hash & 0xffffffff));
}

/* What by_name knows an entry by: the name alone, unless it stands in a namespace or among the
 * tools of another kind. Only such keys begin with \001. */
static char *
names_key_of(struct slice space, struct slice name, enum tool_kind kind)
{
	struct buf key;
	char *text;

	if (space.len == 0 && kind <= TOOL_CUSTOM && name.ptr[0] != '\001')
		return xstrndup(name.ptr, name.len);
	buf_init(&key, SIZE_MAX / 2); /* of parts that are in memory already */
	buf_addf(&key, "\001%u.%zu.", kind <= TOOL_CUSTOM ? 0 : (unsigned)kind, space.len);
	buf_add_slice(&key, space);
	buf_add_slice(&key, name);
	text = xstrndup(key.data, key.len);
	buf_release(&key);
	return text;
}

/* Both names as one word. Many namespaces bring the separator. */
static char *
names_flatten(struct slice space, struct slice name)
{
	bool separated = space.ptr[space.len - 1] == '_';
	struct buf flat;
	char *text;

	buf_init(&flat, SIZE_MAX / 2);
	buf_add_slice(&flat, space);
	buf_adds(&flat, separated ? "" : "__");
	buf_add_slice(&flat, name);
	text = xstrndup(flat.data, flat.len);
	buf_release(&flat);
	return text;
}

const struct tool_name *
tool_names_find(
    const struct tool_names *t, struct slice space, struct slice name, enum tool_kind kind)
{
	const struct tool_name *found;
	char *key;

	if (t == NULL)
		return NULL;
	key = names_key_of(space, name, kind);
	found = names_find(t, t->by_name, key);
	free(key);
	return found;
}

const struct tool_name *
tool_names_add(struct tool_names *t, struct slice space, struct slice name, enum tool_kind kind)
{
	char *key = names_key_of(space, name, kind), *flat;
	const struct tool_name *known = names_find(t, t->by_name, key);
	struct tool_name *entry;

	if (known != NULL) {
		free(key);
		return known;
	}
	entry = xcalloc(1, sizeof(*entry));
	entry->name = xstrndup(name.ptr, name.len);
	entry->space = space.len > 0 ? xstrndup(space.ptr, space.len) : NULL;
	entry->kind = kind;
	flat = space.len > 0 ? names_flatten(space, name) : entry->name;
	if (is_clean(flat))
		memcpy(entry->upstream, flat, strlen(flat) + 1);
	else
		names_make(flat, key, 0, entry->upstream);
	/* Somebody may call a function what another one's name has become. */
	for (unsigned round = 1; names_find(t, t->by_upstream, entry->upstream) != NULL; round++)
		names_make(flat, key, round, entry->upstream);
	entry->renamed = strcmp(entry->upstream, flat) != 0;
	if (t->count == t->room) {
		t->room = t->room * 2 + 8;
		t->list = xrealloc(t->list, t->room * sizeof(struct tool_name *));
	}
	json_put(t->by_name, key, json_object_new_int64((int64_t)t->count));
	json_put(t->by_upstream, entry->upstream, json_object_new_int64((int64_t)t->count));
	t->list[t->count++] = entry;
	if (flat != entry->name)
		free(flat);
	free(key);
	return entry;
}

/* What models put in front of a name, as if it were a member of something. */
static const char *const scopes[] = { "default_api", "default", "api", "functions", "function",
	"tools", "tool", "tool_code", "multi_tool_use" };

/* The name without the scope in front of it, empty when there is none. */
static struct slice
without_scope(struct slice name)
{
	for (size_t i = 0; i < ARRAY_SIZE(scopes); i++) {
		size_t scope = strlen(scopes[i]), at = scope;

		if (!slice_starts(name, slice_str(scopes[i])))
			continue;
		while (at < name.len && (name.ptr[at] == '.' || name.ptr[at] == ':'))
			at++;
		if (at > scope)
			return slice_skip(name, at);
	}
	return SLICE("");
}

const char *
tool_name_flat(const struct tool_name *tool)
{
	return tool->space != NULL ? tool->upstream : tool->name;
}

const struct tool_name *
tool_names_upstream(const struct tool_names *t, struct slice upstream)
{
	char key[NAME_SEEN_MAX + 1];
	const struct tool_name *found = NULL;

	if (t == NULL || upstream.len > NAME_SEEN_MAX)
		return NULL;
	for (; upstream.len > 0 && found == NULL; upstream = without_scope(upstream)) {
		memcpy(key, upstream.ptr, upstream.len);
		key[upstream.len] = '\0';
		found = names_find(t, t->by_upstream, key);
		if (found == NULL)
			found = names_find(t, t->by_name, key);
	}
	return found;
}

/* True when name is NAME, or SPACE and NAME with one byte of a separator or none between them. */
static bool
names_is_meant(const struct tool_name *entry, struct slice name)
{
	struct slice own = slice_str(entry->name), space = slice_str(entry->space);

	if (entry->space == NULL || !slice_ends(name, own))
		return false;
	name.len -= own.len;
	if (name.len == space.len + 1 && strchr("._:/-", name.ptr[name.len - 1]) != NULL)
		name.len--;
	return name.len == 0 || slice_eq(name, space);
}

const struct tool_name *
tool_names_meant(const struct tool_names *t, struct slice name)
{
	const struct tool_name *found = NULL;

	for (size_t i = 0; t != NULL && i < t->count; i++) {
		if (!names_is_meant(t->list[i], name))
			continue;
		if (found != NULL)
			return NULL;
		found = t->list[i];
	}
	return found;
}
