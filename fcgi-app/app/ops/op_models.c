/* GET /models, all pages, and GET /models/{id}. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "core/openai/models/model_list.h"
#include "core/http/query.h"
#include "app/request/request.h"
#include "app/ops/ops.h"
#include "app/request/upstream_request.h"
#include "app/keys/tokens.h"
#include "app/keys/catalog.h"
#include "core/gemini/models.h"

struct models_state {
	struct model_list list;
	struct buf names, next_page; /* for the catalog */
	unsigned pages;
};

static void
models_page_url(struct request *r)
{
	struct models_state *state = r->op_state;
	struct buf query;

	buf_init(&query, URL_MAX);
	buf_adds(&query, "pageSize=1000");
	if (state->list.next_page.len > 0) {
		buf_adds(&query, "&pageToken=");
		percent_encode(buf_slice(&state->list.next_page), &query);
	}
	target_url(r, "GET", "/v1beta/models", buf_slice(&query));
	buf_release(&query);
}

static int
models_prepare(struct request *r, struct apierror *err)
{
	struct models_state *state = xcalloc(1, sizeof(*state));

	(void)err;
	r->op_state = state;
	model_list_init(&state->list, &request_local(r)->answers);
	buf_init(&state->names, CATALOG_NAMES_MAX);
	buf_init(&state->next_page, URL_MAX);
	if (r->client.token != NULL)
		state->list.only = token_models(r->client.token);
	models_page_url(r);
	r->reply.form = REPLY_JSON;
	return 0;
}

/* May this list be used for all callers? That of a caller's own key only if there is no pool. */
static bool
models_is_for_all(const struct request *r)
{
	return r->keys.caller_ring == NULL || r->snapshot->ring == NULL;
}

static enum collect_next
models_collect(struct request *r, struct slice body, struct buf *out, struct apierror *err)
{
	struct models_state *state = r->op_state;

	if (model_list_add(&state->list, body, err) != 0)
		return COLLECT_ERROR;
	model_names_add(&state->names, body, &state->next_page);
	if (state->list.next_page.len > 0 && ++state->pages < PAGES_MAX) {
		models_page_url(r);
		return COLLECT_MORE;
	}
	if (!state->names.failed && state->list.next_page.len == 0 && models_is_for_all(r))
		catalog_list(r->gw->catalog, buf_slice(&state->names));
	model_list_write(&state->list, r->snapshot->models, out);
	return COLLECT_DONE;
}

static void
models_release(struct request *r)
{
	struct models_state *state = r->op_state;

	if (state == NULL)
		return;
	model_list_release(&state->list);
	buf_release(&state->names);
	buf_release(&state->next_page);
	free(state);
}

const struct operation op_models = {
	.prepare = models_prepare,
	.collect = models_collect,
	.release = models_release,
};

/* op_state: the id as the client wrote it, decoded. */
static int
model_prepare(struct request *r, struct apierror *err)
{
	struct model_choice choice;
	char path[MODEL_NAME_MAX + 32];
	struct buf id;

	buf_init(&id, MODEL_NAME_MAX * 2);
	if (!percent_decode(r->asked.route->item, false, &id))
		buf_reset(&id);
	r->op_state = buf_take(&id);
	if (models_resolve(r->snapshot->models, slice_str(r->op_state), &choice, err) != 0)
		return -1;
	request_set_model(r, slice_str(choice.name));
	snprintf(path, sizeof(path), "/v1beta/models/%s", choice.name);
	target_url(r, "GET", path, SLICE(""));
	r->reply.form = REPLY_JSON;
	return 0;
}

static enum collect_next
model_collect(struct request *r, struct slice body, struct buf *out, struct apierror *err)
{
	return model_item_translate(
		   body, slice_str(r->op_state), &request_local(r)->answers, out, err) == 0
	           ? COLLECT_DONE
	           : COLLECT_ERROR;
}

static void
model_release(struct request *r)
{
	free(r->op_state);
}

const struct operation op_model = {
	.prepare = model_prepare,
	.collect = model_collect,
	.release = model_release,
};
