/* Google's catalogue as OpenAI's model list. */
#ifndef CORE_OPENAI_MODELS_MODEL_LIST_H
#define CORE_OPENAI_MODELS_MODEL_LIST_H

#include "core/api/apierror.h"
#include "core/gemini/status.h"

struct models;

struct model_list {
	struct buf data;      /* elements of `data` so far */
	struct buf next_page; /* nextPageToken, empty when this was the last page */
	struct buf names;     /* names written so far, each between line ends */
	struct answer_scratch *scratch;
	const char *only; /* models to show, see entry_lists_model; NULL: all. The caller's */
};

/* scratch: borrowed until the release. */
void model_list_init(struct model_list *l, struct answer_scratch *scratch);
void model_list_release(struct model_list *l);
/* One page of GET /v1beta/models. A model that is listed already is left out. -1 with err when
 * upstream is no page: an error object, or no JSON. */
int model_list_add(struct model_list *l, struct slice upstream, struct apierror *err);
/* The whole list, with the aliases (without wildcard) whose target is in it. Once. */
void model_list_write(struct model_list *l, const struct models *models, struct buf *out);
/* The names of one page, each followed by a line end, of models that make content (those that do
 * not say what they do are taken too). -1 when upstream is no page; *next_page: as above. */
int model_names_add(struct buf *names, struct slice upstream, struct buf *next_page);
/* One Model of Google as one model of OpenAI; shown: the id the client asked for, decoded. */
int model_item_translate(struct slice upstream, struct slice shown, struct answer_scratch *scratch,
    struct buf *out, struct apierror *err);

#endif
