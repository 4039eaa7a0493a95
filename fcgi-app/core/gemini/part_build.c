/* Parts of Gemini's requests: https://ai.google.dev/api/caching#Part */
#include "config.h"

#include "core/gemini/part_build.h"

#include "core/api/fieldmap.h"

json_object *
part_text(json_object *text)
{
	json_object *part = json_object_new_object();

	json_put(part, "text", text);
	return part;
}

json_object *
part_blob(const char *mime, json_object *data)
{
	json_object *blob = json_object_new_object();

	json_put_str(blob, "mimeType", slice_str(mime));
	json_put(blob, "data", data);
	return blob;
}

json_object *
part_inline(json_object *blob)
{
	json_object *part = json_object_new_object();

	json_put(part, "inlineData", blob);
	return part;
}

void
part_system_add(json_object *target, json_object *text)
{
	json_object *parts = json_get_array(json_get_object(target, "systemInstruction"), "parts");

	if (parts == NULL) {
		parts = json_object_new_array();
		fieldmap_put(target, "systemInstruction/parts", parts);
	}
	json_append(parts, part_text(text));
}
