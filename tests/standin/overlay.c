/* A list of rows, newest first; the stand-in has one. */
#include "config.h"

#include "overlay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "gjson.h"

#define NAME_ROOM 128

struct overlay {
	struct overlay *next;
	char name[NAME_ROOM], like[NAME_ROOM], version[NAME_ROOM];
	enum overlay_gone gone;
	bool listed;
};

static struct overlay *first;

static void
free_list(struct overlay *list)
{
	while (list != NULL) {
		struct overlay *next = list->next;

		free(list);
		list = next;
	}
}

void
overlay_clear(void)
{
	free_list(first);
	first = NULL;
}

static bool
overlay_bad(struct buf *reason, const char *what, json_object *row)
{
	buf_reset(reason);
	buf_addf(reason, "%s: %s", what, json_object_to_json_string(row));
	return false;
}

static bool
overlay_copy(char ret[NAME_ROOM], json_object *row, const char *member)
{
	struct slice text = gjson_str(row, member);

	if (text.len >= NAME_ROOM)
		return false;
	memcpy(ret, text.ptr, text.len);
	ret[text.len] = '\0';
	return true;
}

static bool
read_row(json_object *row, struct overlay *o, struct buf *reason)
{
	struct slice gone = gjson_str(row, "gone");
	struct model known;

	if (!json_object_is_type(row, json_type_object) || !overlay_copy(o->name, row, "name") ||
	    !overlay_copy(o->like, row, "like") || !overlay_copy(o->version, row, "version") ||
	    o->name[0] == '\0')
		return overlay_bad(reason, "a model needs a name", row);
	if (o->like[0] != '\0' && !model_find(slice_str(o->like), &known))
		return overlay_bad(reason, "no model has the name of `like`", row);
	if (gone.len > 0 && !slice_eq(gone, SLICE("not_found")) && !slice_eq(gone, SLICE("closed")))
		return overlay_bad(reason, "`gone` is not_found or closed", row);
	o->gone = gone.len == 0                     ? OVERLAY_THERE
	          : slice_eq(gone, SLICE("closed")) ? OVERLAY_CLOSED
	                                            : OVERLAY_NOT_FOUND;
	o->listed = gjson_get(row, "listed") == NULL || gjson_bool(row, "listed");
	return true;
}

bool
overlay_add(json_object *doc, struct buf *ret_reason)
{
	json_object *list = gjson_get_array(doc, "models");
	struct overlay *added = NULL, **end;

	if (list == NULL)
		return overlay_bad(ret_reason, "there is no list `models`", doc);
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct overlay *o = xcalloc(1, sizeof(*o));

		o->next = added;
		added = o;
		if (!read_row(json_object_array_get_idx(list, i), o, ret_reason)) {
			free_list(added);
			return false;
		}
	}
	for (end = &added; *end != NULL; end = &(*end)->next)
		;
	*end = first;
	first = added;
	return true;
}

const struct overlay *
overlay_find(struct slice name)
{
	for (const struct overlay *o = first; o != NULL; o = o->next)
		if (slice_eq(slice_str(o->name), name))
			return o;
	return NULL;
}

const struct overlay *
overlay_at(size_t i)
{
	const struct overlay *o = first;

	while (o != NULL && i-- > 0)
		o = o->next;
	return o;
}

const char *
overlay_name(const struct overlay *o)
{
	return o->name;
}

const char *
overlay_like(const struct overlay *o)
{
	return o->like;
}

const char *
overlay_version(const struct overlay *o)
{
	return o->version;
}

enum overlay_gone
overlay_gone(const struct overlay *o)
{
	return o->gone;
}

bool
overlay_listed(const struct overlay *o)
{
	return o->listed;
}

bool
overlay_closed(struct slice name, char *ret, size_t size)
{
	const struct overlay *o = overlay_find(name);

	if (o == NULL || o->gone != OVERLAY_CLOSED)
		return false;
	snprintf(ret, size,
	    "This model models/%s is no longer available to new users. Please update your code to "
	    "use a newer model for the latest features and improvements.",
	    o->name);
	return true;
}
