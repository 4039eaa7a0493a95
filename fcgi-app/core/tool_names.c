/*
 * Function names that Google takes. A clean name stays; another one becomes its clean letters and
 * a hash of the whole, so that one name gives the same everywhere and two never meet.
 */
#include "config.h"

#include "core/tool_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "base/xalloc.h"
#include "core/json.h"

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
find(const struct tool_names *t, json_object *index, const char *key)
{
	json_object *at = json_get(index, key);

	return at != NULL ? t->list[json_int(at, 0)] : NULL;
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool
is_inner(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == ':' || c == '-';
}

static bool
is_clean(const char *name)
{
	size_t len = strlen(name);

	if (len > TOOL_NAME_MAX || !is_letter(name[0]))
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

/* The letters that may stay, one `_` for each run of others, and the hash; a name that would keep
 * no letter becomes a word. */
static void
make(const char *name, unsigned round, char ret[TOOL_NAME_MAX + 1])
{
	const uint8_t key[SIPHASH_KEY_BYTES] = { (uint8_t)round, (uint8_t)(round >> 8) };
	uint64_t hash = siphash(key, slice_str(name));
	size_t len = 0;

	if (!has_word(name)) {
		strcpy(ret, "tool");
		len = strlen(ret);
		name = "";
	} else if (!is_letter(name[0])) {
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

const struct tool_name *
tool_names_add(struct tool_names *t, struct slice name, enum tool_kind kind)
{
	char *own = xstrndup(name.ptr, name.len);
	const struct tool_name *known = find(t, t->by_name, own);
	struct tool_name *entry;

	if (known != NULL) {
		free(own);
		return known;
	}
	entry = xcalloc(1, sizeof(*entry));
	entry->name = own;
	entry->kind = kind;
	if (is_clean(own))
		memcpy(entry->upstream, own, strlen(own) + 1);
	else
		make(own, 0, entry->upstream);
	/* Somebody may call a function what another one's name has become. */
	for (unsigned round = 1; find(t, t->by_upstream, entry->upstream) != NULL; round++)
		make(own, round, entry->upstream);
	if (t->count == t->room) {
		t->room = t->room * 2 + 8;
		t->list = xrealloc(t->list, t->room * sizeof(struct tool_name *));
	}
	json_put(t->by_name, entry->name, json_object_new_int64((int64_t)t->count));
	json_put(t->by_upstream, entry->upstream, json_object_new_int64((int64_t)t->count));
	t->list[t->count++] = entry;
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
			return (struct slice){ name.ptr + at, name.len - at };
	}
	return SLICE("");
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
		found = find(t, t->by_upstream, key);
		if (found == NULL)
			found = find(t, t->by_name, key);
	}
	return found;
}
