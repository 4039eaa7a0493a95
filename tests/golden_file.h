/* What the runners of golden files share. */
#ifndef TESTS_GOLDEN_FILE_H
#define TESTS_GOLDEN_FILE_H

#include <stdio.h>

#include "base/base64.h"
#include "base/limits.h"
#include "core/json/json.h"
#include "core/openai/common/ext_refs.h"

#define GOLDEN_MAX (4 * MIB) /* one file */

/* Appends the file; false when it cannot be read. */
static inline bool
golden_read(const char *path, struct buf *out)
{
	FILE *file = fopen(path, "rb");
	char *room;

	if (file == NULL)
		return false;
	while ((room = buf_room(out, 4096)) != NULL) {
		size_t got = fread(room, 1, 4096, file);

		out->len += got;
		if (got == 0)
			break;
	}
	fclose(file);
	return room != NULL;
}

/* Answers what a translation asked for, from a document with the members `media` (Base64, or an
 * object with `data` and `mime`), `signature` and `response` (the whole of what is stored, or its
 * items). */
static inline void
golden_answer_refs(struct ext_refs *refs, json_object *world)
{
	static const char *const kinds[] = { "media", "signature", "response" };

	for (size_t i = 0; i < refs->count; i++) {
		struct ref *ref = refs->list[i];
		json_object *found = json_get(json_get(world, kinds[ref->kind]), ref->key);
		bool object = json_object_is_type(found, json_type_object);
		struct slice text = object ? json_get_str(found, "data") : json_str(found);
		struct buf value;

		if (ref->state != REF_WANTED)
			continue;
		if (found == NULL) {
			if (ref->kind == REF_MEDIA)
				apierror_set(
				    &ref->err, APIERROR_BAD_VALUE, "", "It cannot be fetched.");
			ext_refs_absent(refs, ref);
			continue;
		}
		buf_init(&value, GOLDEN_MAX);
		if (ref->kind == REF_RESPONSE && object) {
			json_write(found, &value);
		} else if (ref->kind == REF_RESPONSE) {
			buf_adds(&value, "{\"response\":{},\"input\":[],\"items\":");
			json_write(found, &value);
			buf_addc(&value, '}');
		} else if (ref->kind == REF_MEDIA) {
			char *room = buf_room(&value, text.len);

			if (object)
				snprintf(ref->mime, sizeof(ref->mime), "%s",
				    json_object_get_string(json_get(found, "mime")));
			value.len += base64_peek(text, (unsigned char *)room, text.len / 4 * 3);
		} else {
			buf_add_slice(&value, text);
		}
		ext_refs_found(refs, ref, &value);
	}
}

#endif
