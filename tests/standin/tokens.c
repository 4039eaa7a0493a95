/* Counts tokens the simple way: four bytes are one, a picture is 258. */
#include "config.h"

#include <string.h>

#include "base/xalloc.h"
#include "gen.h"
#include "gjson.h"

#define MEDIA_TOKENS 258

int64_t
tokens_of_text(struct slice text)
{
	return (int64_t)(text.len + 3) / 4;
}

static int64_t
tokens_of_json(json_object *value)
{
	size_t len = 0;

	if (value == NULL)
		return 0;
	json_object_to_json_string_length(value, JSON_C_TO_STRING_PLAIN, &len);
	return (int64_t)(len + 3) / 4;
}

static int64_t *
tokens_modality(struct token_count *t, struct slice mime)
{
	if (slice_startsi(mime, SLICE("image/")))
		return &t->image;
	if (slice_startsi(mime, SLICE("audio/")))
		return &t->audio;
	if (slice_startsi(mime, SLICE("video/")))
		return &t->video;
	if (slice_startsi(mime, SLICE("text/")))
		return &t->text;
	return &t->document;
}

static void
count_content(json_object *content, struct token_count *t)
{
	size_t count = gjson_count(content, "parts");

	for (size_t i = 0; i < count; i++) {
		json_object *part = gjson_at(content, "parts", i), *media;

		t->text += tokens_of_text(gjson_str(part, "text"));
		t->text += tokens_of_json(gjson_get(part, "functionCall"));
		t->text += tokens_of_json(gjson_get(part, "functionResponse"));
		t->text += tokens_of_json(gjson_get(part, "toolCall"));
		t->text += tokens_of_json(gjson_get(part, "toolResponse"));
		if ((media = gjson_get(part, "inlineData")) != NULL ||
		    (media = gjson_get(part, "fileData")) != NULL)
			*tokens_modality(t, gjson_str(media, "mimeType")) += MEDIA_TOKENS;
	}
}

void
tokens_of_request(json_object *body, struct token_count *ret)
{
	size_t count = gjson_count(body, "contents");

	*ret = (struct token_count){ 0 };
	for (size_t i = 0; i < count; i++)
		count_content(gjson_at(body, "contents", i), ret);
	count_content(gjson_get(body, "systemInstruction"), ret);
	ret->text += tokens_of_json(gjson_get(body, "tools"));
}

int64_t
tokens_total(const struct token_count *t)
{
	return t->text + t->image + t->audio + t->video + t->document;
}

json_object *
tokens_details(const struct token_count *t)
{
	const struct {
		const char *name;
		int64_t count;
	} rows[] = { { "TEXT", t->text }, { "IMAGE", t->image }, { "AUDIO", t->audio },
		{ "VIDEO", t->video }, { "DOCUMENT", t->document } };
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_object *row;

		if (rows[i].count == 0)
			continue;
		row = json_object_new_object();
		json_object_object_add(row, "modality", json_object_new_string(rows[i].name));
		json_object_object_add(row, "tokenCount", json_object_new_int64(rows[i].count));
		json_object_array_add(list, row);
	}
	return list;
}
