/* Batches: names of files are checked, the work is not done. */
#include "config.h"

#include "batches.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "checks.h"
#include "files.h"
#include "gjson.h"

struct batch {
	struct batch *next;
	char id[24];
	char *project;
	char *model; /* "models/x" */
};

struct batches {
	struct batch *first; /* newest first */
	uint32_t serial;
};

struct batches *
batches_new(void)
{
	return xcalloc(1, sizeof(struct batches));
}

static void
batch_free(struct batch *batch)
{
	free(batch->project);
	free(batch->model);
	free(batch);
}

void
batches_free(struct batches *b)
{
	for (struct batch *batch = b->first, *next; batch != NULL; batch = next) {
		next = batch->next;
		batch_free(batch);
	}
	free(b);
}

/* Whether the input is there; inline requests are taken as they are. */
static bool
check_input(const struct standin *si, json_object *input, const char *project, struct refusal *r)
{
	struct slice file = gjson_str(input, "fileName");
	struct buf uri;
	bool good;

	if (file.len == 0)
		return gjson_get(input, "requests") != NULL ||
		       refuse(r, 400,
			   "* BatchGenerateContentRequest.batch.input_config: input is required\n");
	buf_init(&uri, HEAD_MAX);
	buf_adds(&uri, "https://generativelanguage.googleapis.com/v1beta/");
	buf_add_slice(&uri, file);
	good = files_check_uri(si->files, buf_slice(&uri), project, r);
	buf_release(&uri);
	return good;
}

/* The operation with which Google answers. */
static json_object *
batch_document(const struct batch *batch)
{
	json_object *doc = json_object_new_object(), *metadata = json_object_new_object();
	char name[64];

	snprintf(name, sizeof(name), "batches/%s", batch->id);
	json_object_object_add(doc, "name", json_object_new_string(name));
	json_object_object_add(metadata, "@type",
	    json_object_new_string("type.googleapis.com/"
				   "google.ai.generativelanguage.v1main.GenerateContentBatch"));
	json_object_object_add(metadata, "model", json_object_new_string(batch->model));
	json_object_object_add(metadata, "state", json_object_new_string("BATCH_STATE_PENDING"));
	json_object_object_add(metadata, "name", json_object_new_string(name));
	json_object_object_add(doc, "metadata", metadata);
	return doc;
}

static void
reply_batch(struct conn *c, const struct batch *batch)
{
	json_object *doc = batch_document(batch);

	gjson_reply(c, 200, doc);
	json_object_put(doc);
}

static void
batch_create(struct standin *si, struct conn *c, const struct route *route, json_object *body,
    const char *project)
{
	json_object *input = gjson_get(gjson_get(body, "batch"), "inputConfig");
	struct batch *batch;
	struct refusal r;

	refusal_init(&r);
	if (check_input(si, input, project, &r)) {
		batch = xcalloc(1, sizeof(*batch));
		snprintf(batch->id, sizeof(batch->id), "stbatch%010u", ++si->batches->serial);
		batch->project = xstrdup(project);
		batch->model = xmalloc(route->name.len + 8);
		snprintf(batch->model, route->name.len + 8, "models/%.*s", (int)route->name.len,
		    route->name.ptr);
		batch->next = si->batches->first;
		si->batches->first = batch;
		reply_batch(c, batch);
	} else {
		gerror_reply(c, r.code, r.message.data, NULL);
	}
	refusal_release(&r);
}

static void
batch_list(struct standin *si, struct conn *c, const char *project)
{
	json_object *doc = json_object_new_object(), *all = json_object_new_array();

	for (struct batch *batch = si->batches->first; batch != NULL; batch = batch->next)
		if (strcmp(batch->project, project) == 0)
			json_object_array_add(all, batch_document(batch));
	json_object_object_add(doc, "operations", all);
	gjson_reply(c, 200, doc);
	json_object_put(doc);
}

void
batches_answer(struct standin *si, struct conn *c, const struct route *route, json_object *body,
    const char *project)
{
	struct batch **link = &si->batches->first, *batch;

	if (route->kind == ROUTE_BATCH_CREATE) {
		batch_create(si, c, route, body, project);
		return;
	}
	if (route->kind == ROUTE_BATCHES) {
		batch_list(si, c, project);
		return;
	}
	while (*link != NULL && (!slice_eq(slice_str((*link)->id), route->name) ||
				    strcmp((*link)->project, project) != 0))
		link = &(*link)->next;
	batch = *link;
	if (batch == NULL) {
		gerror_reply(c, 404, "Requested entity was not found.", NULL);
	} else if (route->kind == ROUTE_BATCH_DELETE) {
		*link = batch->next;
		batch_free(batch);
		conn_reply(c, 200, GTYPE_JSON, "", SLICE("{}\n"));
	} else {
		reply_batch(c, batch);
	}
}
