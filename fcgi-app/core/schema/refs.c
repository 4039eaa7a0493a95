/*
 * References: JSON pointers into the document, anchors, and URIs that name the document or a part
 * of it by its $id. What they lead to becomes a definition of the output.
 */
#include "config.h"

#include "schema_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#define DEF_NAME_MAX 64
#define CHAIN_MAX    8 /* definitions read because another one needs them at once */

/* ---- definitions ---- */

static struct schema_def *
add_def(struct schema_run *run, json_object *node, size_t resource)
{
	struct schema_def *def = xcalloc(1, sizeof(*def));

	if (run->def_count == run->def_room) {
		run->def_room = run->def_room * 2 + 16;
		run->defs = xrealloc(run->defs, run->def_room * sizeof(struct schema_def *));
	}
	def->place = (struct schema_place){ node, resource, xstrdup(run->path.data) };
	run->defs[run->def_count++] = def;
	lh_table_insert(run->by_node, node, (void *)(uintptr_t)run->def_count);
	return def;
}

/* A name of its own in $defs, like the caller's. Plain letters only: it stands in references. */
static void
name_def(struct schema_run *run, struct schema_def *def, size_t index, struct slice like)
{
	char name[DEF_NAME_MAX + 24];
	size_t len = 0;
	int64_t number;

	for (size_t i = 0; i < like.len && len < DEF_NAME_MAX; i++) {
		char c = like.ptr[i];
		bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		             (c >= 'a' && c <= 'z') || c == '_' || c == '-' || c == '.';

		name[len++] = plain ? c : '_';
	}
	if (len == 0)
		name[len++] = '_';
	name[len] = '\0';
	number = json_get_int(run->suffixes, name, 2);
	if (json_get(run->names, name) != NULL) {
		char stem[DEF_NAME_MAX + 1];

		memcpy(stem, name, len + 1);
		do
			snprintf(name, sizeof(name), "%s_%jd", stem, (intmax_t)number++);
		while (json_get(run->names, name) != NULL);
		json_put(run->suffixes, stem, json_object_new_int64(number));
	}
	def->name = xstrdup(name);
	json_put(run->names, name, json_object_new_int64((int64_t)index));
}

/* The definition for a node of the caller's; the place is the node's. */
static struct schema_def *
def_for(
    struct schema_run *run, json_object *node, size_t resource, struct slice like, bool repeated)
{
	struct schema_def *def;
	void *found = NULL;
	size_t index;

	if (!json_is_object(node) && !json_object_is_type(node, json_type_boolean))
		return NULL;
	if (lh_table_lookup_ex(run->by_node, node, &found)) {
		index = (size_t)(uintptr_t)found - 1;
		def = run->defs[index];
	} else {
		index = run->def_count;
		def = add_def(run, node, resource);
		def->repeated = repeated;
	}
	if (def->name == NULL)
		name_def(run, def, index, like);
	return def;
}

struct schema_def *
schema_target(struct schema_run *run, json_object *ref)
{
	struct slice text = json_str(ref), prefix = SLICE("#/$defs/");
	json_object *index;

	if (!slice_starts(text, prefix))
		return NULL;
	index = json_get(run->names, text.ptr + prefix.len);
	return index != NULL ? run->defs[json_object_get_int64(index)] : NULL;
}

json_object *
schema_ref_new(const struct schema_def *def)
{
	char ref[DEF_NAME_MAX + 40];

	snprintf(ref, sizeof(ref), "#/$defs/%s", def->name);
	return json_new_str(slice_str(ref));
}

void
schema_want(struct schema_run *run, struct schema_def *def)
{
	if (def->wanted)
		return;
	def->wanted = true;
	if (run->queued == run->queue_room) {
		run->queue_room = run->queue_room * 2 + 16;
		run->queue = xrealloc(run->queue, run->queue_room * sizeof(*run->queue));
	}
	run->queue[run->queued++] = (size_t)json_get_int(run->names, def->name, 0);
}

int
schema_def_gather(struct schema_run *run, struct schema_def *def)
{
	size_t resource = run->resource;
	unsigned depth = run->depth;
	char *path;
	int rc;

	if (def->stage != SCHEMA_NEW || run->chain >= CHAIN_MAX)
		return 0;
	def->stage = SCHEMA_BUSY;
	run->chain++;
	run->depth = 0;
	path = xstrdup(run->path.data);
	schema_pop(run, 0);
	buf_adds(&run->path, def->place.path);
	run->resource = def->place.resource;
	rc = schema_gather(run, def->place.node, &def->raw);
	if (rc == 0) {
		def->stage = SCHEMA_GATHERED;
		schema_pop(run, 0);
		buf_adds(&run->path, path);
	}
	run->resource = resource;
	run->depth = depth;
	run->chain--;
	free(path);
	return rc;
}

/* ---- resolving ---- */

/* One name of a pointer, unescaped: %XX of the URI first, then ~0 and ~1. */
static void
refs_unescape(struct slice part, struct buf *out)
{
	struct buf plain;

	buf_init(&plain, part.len);
	for (size_t i = 0; i < part.len; i++) {
		unsigned byte;
		char hex[3] = { 0 };

		if (part.ptr[i] == '%' && part.len - i > 2) {
			memcpy(hex, part.ptr + i + 1, 2);
			if (strspn(hex, "0123456789abcdefABCDEF") == 2 &&
			    (byte = (unsigned)strtoul(hex, NULL, 16)) != 0) {
				buf_addc(&plain, (char)byte);
				i += 2;
				continue;
			}
		}
		buf_addc(&plain, part.ptr[i]);
	}
	for (size_t i = 0; i < plain.len; i++) {
		if (plain.data[i] == '~' && i + 1 < plain.len &&
		    (plain.data[i + 1] == '0' || plain.data[i + 1] == '1'))
			buf_addc(out, plain.data[++i] == '0' ? '~' : '/');
		else
			buf_addc(out, plain.data[i]);
	}
	buf_add(out, "", 0);
	buf_release(&plain);
}

/* One step of a pointer; NULL when there is nothing. */
static json_object *
refs_step(json_object *node, const struct buf *name)
{
	uint64_t index;

	if (json_object_is_type(node, json_type_array)) {
		if (!slice_u64(buf_slice(name), &index) || index >= json_object_array_length(node))
			return NULL;
		return json_object_array_get_idx(node, (size_t)index);
	}
	return json_get(node, name->data);
}

/* pointer: behind the #, "" or with a slash in front. The place is the resource's. */
static struct schema_def *
refs_follow(struct schema_run *run, size_t resource, struct slice pointer)
{
	json_object *node = run->places[resource].node;
	bool defs = false, in_defs = false;
	size_t depth = 0;
	struct slice part;
	struct buf name;

	buf_init(&name, pointer.len + 8);
	buf_adds(&name, "root");
	if (pointer.len > 0)
		pointer = slice_skip(pointer, 1);
	else
		depth = SIZE_MAX;
	while (node != NULL && depth != SIZE_MAX) {
		/* slice_split knows no empty part at the end. */
		bool last = slice_find(pointer, SLICE("/")) < 0;

		part = pointer;
		if (!last)
			slice_split(&pointer, '/', &part);
		buf_reset(&name);
		refs_unescape(part, &name);
		node = refs_step(node, &name);
		schema_push(run, name.data);
		if (depth == 0 && resource == 0)
			defs = strcmp(name.data, "$defs") == 0 ||
			       strcmp(name.data, "definitions") == 0;
		in_defs = defs && depth == 1;
		if (depth == 0 && resource == 0 && strcmp(name.data, "definitions") == 0)
			schema_mention(run, CHANGE_REWRITTEN);
		depth++;
		if (last)
			break;
		if (run->indexed && json_object_is_type(node, json_type_object)) {
			void *found;

			if (lh_table_lookup_ex(run->resources, node, &found))
				resource = (size_t)(uintptr_t)found - 1;
		}
	}
	struct schema_def *def = def_for(run, node, resource, buf_slice(&name), !in_defs);

	buf_release(&name);
	return def;
}

/* The place with this fragment, as a definition; the place at hand is changed. */
static struct schema_def *
refs_fragment(struct schema_run *run, size_t resource, struct slice name)
{
	const struct schema_place *place;
	json_object *index;
	struct buf key;

	if (name.len == 0 || name.ptr[0] == '/') {
		schema_pop(run, 0);
		buf_adds(&run->path, run->places[resource].path);
		return refs_follow(run, resource, name);
	}
	schema_index(run);
	buf_init(&key, SCHEMA_URI_MAX);
	schema_anchor_key(&key, resource, name);
	index = key.failed ? NULL : json_get(run->anchors, key.data);
	buf_release(&key);
	if (index == NULL)
		return NULL;
	place = &run->places[json_object_get_int64(index)];
	schema_pop(run, 0);
	buf_adds(&run->path, place->path);
	return def_for(run, place->node, place->resource, name, true);
}

/* The resource of a URI without fragment; SIZE_MAX when it is not in the document. */
static size_t
resource_of(struct schema_run *run, struct slice uri)
{
	size_t resource = SIZE_MAX;
	json_object *index = NULL;
	struct buf text;

	if (uri.len == 0)
		return run->resource;
	schema_index(run);
	buf_init(&text, SCHEMA_URI_MAX);
	schema_absolute(run, uri, &text);
	if (!text.failed)
		index = json_get(run->uris, text.data);
	if (index != NULL)
		resource = (size_t)json_object_get_int64(index);
	buf_release(&text);
	return resource;
}

struct schema_def *
schema_resolve(struct schema_run *run, struct slice ref)
{
	ptrdiff_t hash = slice_find(ref, SLICE("#"));
	struct slice uri = ref, name = SLICE("");
	struct schema_def *def = NULL;
	size_t resource;
	char *path;

	if (ref.len == 0 || ref.len > SCHEMA_URI_MAX)
		return NULL;
	if (hash >= 0) {
		uri.len = (size_t)hash;
		name = (struct slice){ ref.ptr + hash + 1, ref.len - (size_t)hash - 1 };
	}
	resource = resource_of(run, uri);
	if (resource == SIZE_MAX)
		return NULL;
	path = xstrdup(run->path.data);
	def = refs_fragment(run, resource, name);
	/* An `id` that was not meant as the base of references. */
	if (def == NULL && resource != 0 && uri.len == 0)
		def = refs_fragment(run, 0, name);
	schema_pop(run, 0);
	buf_adds(&run->path, path);
	free(path);
	return def;
}

/* ---- begin and end ---- */

void
schema_refs_init(struct schema_run *run, json_object *document)
{
	struct slice id = schema_id(document);

	run->uris = json_object_new_object();
	run->anchors = json_object_new_object();
	run->names = json_object_new_object();
	run->suffixes = json_object_new_object();
	run->by_node = lh_kptr_table_new(16, NULL);
	run->resources = lh_kptr_table_new(16, NULL);
	run->uri = id.len <= SCHEMA_URI_MAX ? xstrndup(id.ptr, id.len) : xstrdup("");
	schema_add_place(run, document, 0);
	if (run->uri[0] != '\0')
		json_put(run->uris, run->uri, json_object_new_int64(0));
	add_def(run, document, 0);
}

void
schema_refs_release(struct schema_run *run)
{
	for (size_t i = 0; i < run->def_count; i++) {
		struct schema_def *def = run->defs[i];

		json_object_put(def->raw);
		json_object_put(def->out);
		free(def->place.path);
		free(def->name);
		free(def);
	}
	for (size_t i = 0; i < run->place_count; i++)
		free(run->places[i].path);
	free(run->defs);
	free(run->places);
	free(run->queue);
	free(run->uri);
	lh_table_free(run->by_node);
	lh_table_free(run->resources);
	json_object_put(run->uris);
	json_object_put(run->anchors);
	json_object_put(run->names);
	json_object_put(run->suffixes);
}
