/* Model lists: Model of Google's discovery document to Model of OpenAI's API reference. */
#include "config.h"

#include "core/openai/models/model_list.h"

#include <string.h>

#include "base/limits.h"
#include "core/keys/entries.h"
#include "core/json/json.h"
#include "core/json/jwriter.h"
#include "core/gemini/models.h"

struct models;

#define PAGE_TOKEN_MAX (8 * KIB)

void
model_list_init(struct model_list *l, struct answer_scratch *scratch)
{
	l->scratch = scratch;
	buf_init(&l->data, MODEL_LIST_MAX);
	buf_init(&l->next_page, PAGE_TOKEN_MAX);
	buf_init(&l->names, MODEL_LIST_MAX);
	buf_addc(&l->names, '\n');
}

void
model_list_release(struct model_list *l)
{
	buf_release(&l->data);
	buf_release(&l->next_page);
	buf_release(&l->names);
}

/* Google does not say when a model was made; `created` is required. */
static void
write_model(struct jwriter *w, struct slice id)
{
	jw_object(w, NULL);
	jw_slice(w, "id", id);
	jw_str(w, "object", "model");
	jw_int(w, "created", 0);
	jw_str(w, "owned_by", "google");
	jw_object_end(w);
}

static struct slice
model_id(json_object *model)
{
	static const struct slice prefix = { "models/", 7 };
	struct slice name = json_get_str(model, "name");

	if (slice_starts(name, prefix))
		name = slice_skip(name, prefix.len);
	return name;
}

static bool
is_listed(const struct model_list *l, struct slice id)
{
	struct buf line;
	bool found;

	buf_init(&line, MODEL_NAME_MAX + 2);
	buf_addc(&line, '\n');
	buf_add_slice(&line, id);
	buf_addc(&line, '\n');
	found = line.failed || slice_find(buf_slice(&l->names), buf_slice(&line)) >= 0;
	buf_release(&line);
	return found;
}

/* Appends a model unless it is there already; ids too long to be sent back are left out. */
static void
add_model(struct model_list *l, struct slice id)
{
	struct jwriter w = jwriter_on(&l->data);

	if (id.len == 0 || is_listed(l, id))
		return;
	w.comma = l->data.len > 0;
	write_model(&w, id);
	buf_add_slice(&l->names, id);
	buf_addc(&l->names, '\n');
}

int
model_list_add(struct model_list *l, struct slice upstream, struct apierror *err)
{
	json_object *doc = answer_read(l->scratch, upstream, err), *list;

	if (doc == NULL)
		return -1;
	list = json_get_array(doc, "models");
	for (size_t i = 0; list != NULL && i < json_object_array_length(list); i++) {
		struct slice id = model_id(json_object_array_get_idx(list, i));

		if (entry_lists_model(l->only, id))
			add_model(l, id);
	}
	buf_reset(&l->next_page);
	buf_add_slice(&l->next_page, json_get_str(doc, "nextPageToken"));
	json_object_put(doc);
	if (l->data.failed || l->names.failed || l->next_page.failed)
		return apierror_set(
		    err, APIERROR_UPSTREAM, NULL, "The list of models is too long.");
	return 0;
}

static bool
makes_content(json_object *model)
{
	json_object *list = json_get_array(model, "supportedGenerationMethods");

	for (size_t i = 0; list != NULL && i < json_object_array_length(list); i++)
		if (slice_eq(
			json_str(json_object_array_get_idx(list, i)), SLICE("generateContent")))
			return true;
	return list == NULL;
}

int
model_names_add(struct buf *names, struct slice upstream, struct buf *next_page)
{
	json_object *doc = json_read(upstream), *list = json_get_array(doc, "models");

	for (size_t i = 0; list != NULL && i < json_object_array_length(list); i++) {
		json_object *model = json_object_array_get_idx(list, i);
		struct slice id = model_id(model);

		if (id.len == 0 || memchr(id.ptr, '\n', id.len) != NULL || !makes_content(model))
			continue;
		buf_add_slice(names, id);
		buf_addc(names, '\n');
	}
	buf_reset(next_page);
	buf_add_slice(next_page, json_get_str(doc, "nextPageToken"));
	json_object_put(doc);
	return list != NULL && !names->failed && !next_page->failed ? 0 : -1;
}

static void
add_alias(void *ctx, const char *name, const char *target)
{
	struct model_list *l = ctx;

	if (is_listed(l, slice_str(target)))
		add_model(l, slice_str(name));
}

void
model_list_write(struct model_list *l, const struct models *models, struct buf *out)
{
	struct jwriter w = jwriter_on(out);

	models_each_alias(models, add_alias, l);
	jw_object(&w, NULL);
	jw_str(&w, "object", "list");
	jw_array(&w, "data");
	buf_add_slice(out, buf_slice(&l->data));
	jw_array_end(&w);
	jw_object_end(&w);
}

int
model_item_translate(struct slice upstream, struct slice shown, struct answer_scratch *scratch,
    struct buf *out, struct apierror *err)
{
	json_object *doc = answer_read(scratch, upstream, err);
	struct jwriter w = jwriter_on(out);

	if (doc == NULL)
		return -1;
	json_object_put(doc);
	write_model(&w, shown);
	return 0;
}
