/* The places in a document that have a name: an $id or an anchor. */
#include "config.h"

#include "schema_priv.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/xalloc.h"

#define INDEX_DEPTH (2 * SCHEMA_DEPTH_MAX)

size_t
schema_add_place(struct schema_run *run, json_object *node, size_t resource)
{
	if (run->place_count == run->place_room) {
		run->place_room = run->place_room * 2 + 4;
		run->places = xrealloc(run->places, run->place_room * sizeof(*run->places));
	}
	run->places[run->place_count] =
	    (struct schema_place){ node, resource, xstrdup(run->path.data) };
	return run->place_count++;
}

/* The $id of a schema, without fragment; draft 4 calls it id. */
struct slice
schema_id(json_object *node)
{
	struct slice id = json_get_str(node, "$id");
	ptrdiff_t fragment;

	if (id.len == 0)
		id = json_get_str(node, "id");
	fragment = slice_find(id, SLICE("#"));
	if (fragment >= 0)
		id.len = (size_t)fragment;
	return id;
}

/* uri against the document's own, appended. Enough of RFC 3986 for names that generators make. */
void
schema_absolute(struct schema_run *run, struct slice uri, struct buf *out)
{
	struct slice base = slice_str(run->uri);
	ptrdiff_t colon = slice_find(uri, SLICE(":")), slash = slice_find(uri, SLICE("/"));
	size_t keep = base.len;

	if (uri.len > 0 && (colon < 0 || (slash >= 0 && slash < colon))) {
		if (slash == 0) {
			ptrdiff_t host = slice_find(base, SLICE("://"));

			keep = host >= 0 ? (size_t)host + 3 : 0;
			while (keep < base.len && base.ptr[keep] != '/')
				keep++;
		} else {
			while (keep > 0 && base.ptr[keep - 1] != '/')
				keep--;
		}
		buf_add(out, base.ptr, keep);
	} else if (uri.len == 0) {
		buf_add_slice(out, base);
	}
	buf_add_slice(out, uri);
	buf_add(out, "", 0);
}

void
schema_anchor_key(struct buf *out, size_t resource, struct slice name)
{
	buf_addf(out, "%zu#", resource);
	buf_add_slice(out, name);
}

static void
index_anchor(struct schema_run *run, json_object *node, size_t resource, struct slice name)
{
	struct buf key;

	if (name.len == 0 || name.ptr[0] == '/' || run->place_count >= SCHEMA_NODES_MAX)
		return;
	buf_init(&key, SCHEMA_URI_MAX);
	schema_anchor_key(&key, resource, name);
	if (!key.failed && json_get(run->anchors, key.data) == NULL)
		json_put(run->anchors, key.data,
		    json_object_new_int64((int64_t)schema_add_place(run, node, resource)));
	buf_release(&key);
}

/* Draft 4 to 7 put an anchor into $id: "#name". */
static struct slice
id_anchor(json_object *node, const char *key)
{
	struct slice id = json_get_str(node, key);

	return slice_starts(id, SLICE("#")) ? slice_skip(id, 1) : SLICE("");
}

static size_t
index_node(struct schema_run *run, json_object *node, size_t resource)
{
	struct slice id = schema_id(node);
	struct buf uri;

	if (id.len > 0 && node != run->places[0].node && run->place_count < SCHEMA_NODES_MAX) {
		buf_init(&uri, SCHEMA_URI_MAX);
		schema_absolute(run, id, &uri);
		if (!uri.failed && json_get(run->uris, uri.data) == NULL) {
			resource = schema_add_place(run, node, run->place_count);
			json_put(run->uris, uri.data, json_object_new_int64((int64_t)resource));
			lh_table_insert(run->resources, node, (void *)(uintptr_t)(resource + 1));
		}
		buf_release(&uri);
	}
	index_anchor(run, node, resource, json_get_str(node, "$anchor"));
	index_anchor(run, node, resource, json_get_str(node, "$dynamicAnchor"));
	index_anchor(run, node, resource, id_anchor(node, "$id"));
	index_anchor(run, node, resource, id_anchor(node, "id"));
	return resource;
}

/* holds: what value is. */
static void
index_value(
    struct schema_run *run, json_object *value, enum schema_holds holds, size_t resource, int depth)
{
	size_t mark;

	if (holds == HOLDS_DATA || depth > INDEX_DEPTH)
		return;
	if (json_object_is_type(value, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(value); i++) {
			mark = schema_push_index(run, i);
			index_value(run, json_object_array_get_idx(value, i), HOLDS_SCHEMA,
			    resource, depth + 1);
			schema_pop(run, mark);
		}
	} else if (json_object_is_type(value, json_type_object)) {
		if (holds != HOLDS_MAP)
			resource = index_node(run, value, resource);
		json_object_object_foreach(value, key, member)
		{
			mark = schema_push(run, key);
			index_value(run, member,
			    holds == HOLDS_MAP ? HOLDS_SCHEMA : schema_holds(key), resource,
			    depth + 1);
			schema_pop(run, mark);
		}
	}
}

/* Most documents have no names but JSON pointers: this is done when the first other one comes. */
void
schema_index(struct schema_run *run)
{
	char *path;

	if (run->indexed)
		return;
	run->indexed = true;
	path = xstrdup(run->path.data);
	schema_pop(run, 0);
	buf_adds(&run->path, run->places[0].path);
	index_value(run, run->places[0].node, HOLDS_SCHEMA, 0, 0);
	schema_pop(run, 0);
	buf_adds(&run->path, path);
	free(path);
}

size_t
schema_resource(struct schema_run *run, json_object *node)
{
	void *found;

	if (node == run->places[0].node)
		return 0;
	if (schema_id(node).len == 0)
		return run->resource;
	schema_index(run);
	found = lh_table_lookup_ex(run->resources, node, &found) ? found : NULL;
	return found != NULL ? (size_t)(uintptr_t)found - 1 : run->resource;
}
