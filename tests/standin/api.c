/* The way of a request through the stand-in. */
#include "config.h"

#include "api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "behave.h"
#include "batches.h"
#include "bench.h"
#include "caches.h"
#include "checks.h"
#include "control.h"
#include "credentials.h"
#include "failures.h"
#include "fetch.h"
#include "files.h"
#include "gjson.h"
#include "models.h"
#include "overlay.h"
#include "route.h"
#include "rules.h"
#include "schema.h"
#include "validate.h"

struct call {
	struct standin *si;
	struct conn *conn;
	struct request *req;
	struct route route;
	struct schema_method method;
	bool known;        /* the API has this method */
	char *key;         /* what identifies the caller, "" when nothing does */
	char *project;     /* of the key: what is stored belongs to it */
	json_object *body; /* parsed, or NULL */
	struct model model;
	struct ask ask; /* what failures and models want to know */
};

char *
query_get(struct slice query, const char *name)
{
	struct slice pair, key;

	while (slice_split(&query, '&', &pair)) {
		char *value;
		size_t n = 0;

		if (pair.len == 0 || !slice_split(&pair, '=', &key) ||
		    !slice_eq(key, slice_str(name)))
			continue;
		value = xmalloc(pair.len + 1);
		for (size_t i = 0; i < pair.len; i++) {
			unsigned byte;

			if (pair.ptr[i] == '%' && i + 2 < pair.len &&
			    sscanf(pair.ptr + i + 1, "%2x", &byte) == 1) {
				value[n++] = (char)(unsigned char)byte;
				i += 2;
			} else {
				value[n++] = pair.ptr[i] == '+' ? ' ' : pair.ptr[i];
			}
		}
		value[n] = '\0';
		return value;
	}
	return NULL;
}

static void
html_not_found(struct call *call)
{
	http_error_page(call->conn, 404, "The requested URL was not found on this server.");
}

/* details: taken. An array stream's error is an array too. */
static void
call_error(struct call *call, int code, const char *message, json_object *details)
{
	json_object *doc = gerror(code, message, NULL, details);

	if (call->ask.stream && !call->ask.sse) {
		json_object *list = json_object_new_array();

		json_object_array_add(list, doc);
		doc = list;
	}
	gjson_reply(call->conn, code, doc);
	json_object_put(doc);
}

static bool
model_not_found(struct call *call, const char *verb)
{
	char message[512];

	if (overlay_closed(call->route.name, message, sizeof(message))) {
		call_error(call, 404, message, NULL);
		return false;
	}
	snprintf(message, sizeof(message),
	    "models/%.*s is not found for API version %.*s, or is not supported for %s. Call "
	    "ListModels to see the list of available models and their supported methods.",
	    (int)(call->route.name.len < 128 ? call->route.name.len : 128), call->route.name.ptr,
	    (int)call->route.version.len, call->route.version.ptr, verb);
	call_error(call, 404, message, NULL);
	return false;
}

static void
answer_models(struct call *call)
{
	char *size = query_get(call->req->query, "pageSize");
	char *token = query_get(call->req->query, "pageToken");
	uint64_t count = 50;
	json_object *page = NULL;

	if (size == NULL || slice_u64(slice_str(size), &count)) {
		count = count == 0 ? 50 : count > 1000 ? 1000 : count;
		page = models_page(count, slice_str(token));
	}
	if (page != NULL)
		gjson_reply(call->conn, 200, page);
	else
		call_error(call, 400, "Request contains an invalid argument.", NULL);
	json_object_put(page);
	free(size);
	free(token);
}

static void
answer_model(struct call *call)
{
	json_object *doc;

	if (!model_find(call->route.name, &call->model)) {
		model_not_found(call, "generateContent");
		return;
	}
	call->model.name = call->ask.name;
	doc = model_describe(&call->model);
	gjson_reply(call->conn, 200, doc);
	json_object_put(doc);
}

static void
api_answer(struct call *call)
{
	struct standin *si = call->si;
	struct conn *c = call->conn;

	switch (call->route.kind) {
	case ROUTE_MODELS:
		answer_models(call);
		break;
	case ROUTE_MODEL:
		answer_model(call);
		break;
	case ROUTE_GENERATE:
	case ROUTE_STREAM:
		behave_generate(&call->ask);
		break;
	case ROUTE_COUNT:
		behave_count_tokens(c, call->body);
		break;
	case ROUTE_EMBED:
	case ROUTE_BATCH_EMBED:
		behave_embed(c, &call->model, call->body, call->route.kind == ROUTE_BATCH_EMBED);
		break;
	case ROUTE_UPLOAD:
		files_upload(si, c, call->route.version, call->project);
		break;
	case ROUTE_FILES:
		files_list(si, c, call->project);
		break;
	case ROUTE_FILE:
		files_get(si, c, call->route.name, call->project);
		break;
	case ROUTE_FILE_DELETE:
		files_delete(si, c, call->route.name, call->project);
		break;
	case ROUTE_CACHES:
		caches_list(si, c, call->project);
		break;
	case ROUTE_CACHE_CREATE:
		caches_create(si, c, call->body, call->project);
		break;
	case ROUTE_CACHE:
		caches_get(si, c, call->route.name, call->project);
		break;
	case ROUTE_CACHE_PATCH:
		caches_patch(si, c, call->route.name, call->body, call->project);
		break;
	case ROUTE_CACHE_DELETE:
		caches_delete(si, c, call->route.name, call->project);
		break;
	case ROUTE_BATCH_CREATE:
	case ROUTE_BATCHES:
	case ROUTE_BATCH:
	case ROUTE_BATCH_DELETE:
		batches_answer(si, c, &call->route, call->body, call->project);
		break;
	case ROUTE_OTHER:
	case ROUTE_UNKNOWN:
	case ROUTE_CONTROL:
	case ROUTE_MEDIA:
	case ROUTE_BENCH_PAGE:
		call_error(
		    call, 501, "Operation is not implemented, or supported, or enabled.", NULL);
		break;
	}
}

/* The model exists and has this method. */
static bool
check_model(struct call *call)
{
	bool found = model_find(call->route.name, &call->model);

	switch (call->route.kind) {
	case ROUTE_GENERATE:
	case ROUTE_STREAM:
	case ROUTE_BATCH_CREATE:
		return (found && model_generates(&call->model)) ||
		       model_not_found(call, "generateContent");
	case ROUTE_COUNT:
		return (found && call->model.kind != MODEL_RETIRED) ||
		       model_not_found(call, "countTokens");
	case ROUTE_EMBED:
		return (found && call->model.kind == MODEL_EMBED) ||
		       model_not_found(call, "embedContent");
	case ROUTE_BATCH_EMBED:
		return (found && call->model.kind == MODEL_EMBED) ||
		       model_not_found(call, "batchEmbedContents");
	case ROUTE_UNKNOWN:
	case ROUTE_CONTROL:
	case ROUTE_BENCH_PAGE:
	case ROUTE_MODELS:
	case ROUTE_MODEL:
	case ROUTE_UPLOAD:
	case ROUTE_FILES:
	case ROUTE_FILE:
	case ROUTE_FILE_DELETE:
	case ROUTE_CACHES:
	case ROUTE_CACHE_CREATE:
	case ROUTE_CACHE:
	case ROUTE_CACHE_PATCH:
	case ROUTE_CACHE_DELETE:
	case ROUTE_BATCHES:
	case ROUTE_BATCH:
	case ROUTE_BATCH_DELETE:
	case ROUTE_MEDIA:
	case ROUTE_OTHER:
		return true;
	}
	return true;
}

/* What the method itself refuses. */
static bool
check_meaning(struct call *call)
{
	struct subject subject = { .si = call->si,
		.model = &call->model,
		.name = call->route.name,
		.project = call->project,
		.body = call->body };
	enum route_kind kind = call->route.kind;
	struct refusal r;
	bool good = true;

	refusal_init(&r);
	if (kind == ROUTE_GENERATE || kind == ROUTE_STREAM)
		good = checks_generate(&subject, &r);
	else if (kind == ROUTE_COUNT)
		good = checks_count(&subject, &r);
	else if (kind == ROUTE_EMBED || kind == ROUTE_BATCH_EMBED)
		good = checks_embed(&subject, kind == ROUTE_BATCH_EMBED, &r);
	if (!good)
		call_error(call, r.code, r.message.data, NULL);
	refusal_release(&r);
	return good;
}

static bool
check_request(struct call *call)
{
	bool has_schema = call->si->schema != NULL;
	struct fault fault;
	bool good;

	if (call->req->body_too_large) {
		call_error(call, 400,
		    "Request payload size exceeds the limit: 104857600 bytes. Please use the Files "
		    "API to upload your files instead of using inline data.",
		    NULL);
		return false;
	}
	/* An upload's body is not JSON. */
	if (call->route.kind == ROUTE_UPLOAD)
		return true;
	fault_init(&fault);
	good = validate_request(call->req, &call->method, has_schema, &call->body, &fault);
	if (!good)
		call_error(call, 400, fault.message.data, TAKE(fault.details));
	fault_release(&fault);
	call->ask.body = call->body;
	return good && check_model(call) && (!has_schema || check_meaning(call));
}

static bool
check_credentials(struct call *call, enum credential credential)
{
	const struct failure *f = NULL;
	bool second_leg = false;

	if (credential == CREDENTIAL_SEVERAL) {
		call_error(call, 400,
		    "Multiple authentication credentials received. Please pass only one.", NULL);
		return false;
	}
	if (call->route.kind == ROUTE_UPLOAD) {
		char *id = query_get(call->req->query, "upload_id");

		second_leg = id != NULL;
		free(id);
	}
	if (credential == CREDENTIAL_NONE && !second_leg) {
		call_error(call, 403,
		    "Method doesn't allow unregistered callers (callers without established "
		    "identity). Please use API Key or other form of API consumer identity to call "
		    "this API.",
		    NULL);
		return false;
	}
	if (credential == CREDENTIAL_TOKEN)
		f = failure_find(SLICE("unauthenticated"));
	else if (credential == CREDENTIAL_KEY && !credentials_listed(call->si->keys, call->key))
		f = failure_find(SLICE("key_invalid"));
	if (f != NULL)
		failure_play(f, &call->ask, 0);
	return f == NULL;
}

static void
call_ask(struct call *call)
{
	char *alt = query_get(call->req->query, "alt");

	if (alt == NULL)
		alt = query_get(call->req->query, "$alt");
	call->ask = (struct ask){ .si = call->si,
		.conn = call->conn,
		.model = &call->model,
		.key = call->key,
		.stream = call->route.kind == ROUTE_STREAM };
	call->ask.sse = slice_eq(slice_str(alt), SLICE("sse"));
	if (call->route.name.len > 0)
		snprintf(call->ask.name, sizeof(call->ask.name), "%.*s", (int)call->route.name.len,
		    call->route.name.ptr);
	else
		snprintf(call->ask.name, sizeof(call->ask.name), "gemini-2.5-flash");
	free(alt);
}

static void
call_run(struct call *call, enum credential credential)
{
	struct rule *rule = rules_match(call->si->rules, call->req, &call->route, call->key);
	const struct failure *f = NULL;
	struct slice bad_name = { 0 };

	if (!call->known && rule == NULL) {
		html_not_found(call);
		return;
	}
	if (!check_credentials(call, credential))
		return;
	if (rule != NULL && rule_is_early(rule)) {
		rule_play(rule, &call->ask, &call->ask.delay_ms);
		return;
	}
	if (rule == NULL && !failure_of_key(call->key, &f, &bad_name)) {
		char message[160];

		snprintf(message, sizeof(message), "The stand-in knows no failure called %.*s.",
		    (int)(bad_name.len < 64 ? bad_name.len : 64), bad_name.ptr);
		call_error(call, 400, message, NULL);
		return;
	}
	if (f != NULL && !failure_fits(f, call->route.kind))
		f = NULL;
	if (f != NULL && failure_stage(f) == FAIL_EARLY) {
		failure_play(f, &call->ask, 0);
		return;
	}
	if (call->known && !check_request(call))
		return;
	if (rule != NULL && rule_play(rule, &call->ask, &call->ask.delay_ms))
		return;
	if (f != NULL)
		failure_play(f, &call->ask, 0);
	else
		api_answer(call);
}

static enum body_mode
api_head(void *ctx, struct conn *c, struct request *req)
{
	struct standin *si = ctx;
	struct route route;

	(void)c;
	route_find(req, &route);
	if (route.bench)
		return BODY_DROP;
	if (route.kind != ROUTE_UPLOAD)
		return BODY_KEEP;
	files_upload_head(si, req);
	return BODY_BRIEF;
}

static void
bench_run(struct call *call, enum credential credential)
{
	call_ask(call);
	if (!check_credentials(call, credential))
		return;
	if (!bench_answer(call->si, call->conn, call->route.name, call->route.kind == ROUTE_STREAM))
		model_not_found(call, "generateContent");
}

static bool
method_known(struct call *call)
{
	struct slice method = call->req->is_head ? SLICE("GET") : call->req->method;

	if (call->route.kind == ROUTE_UPLOAD)
		return true;
	if (call->si->schema == NULL || call->route.tail.len == 0)
		return call->route.kind != ROUTE_OTHER && call->route.kind != ROUTE_UNKNOWN;
	return schema_find(call->si->schema, method, call->route.tail, &call->method);
}

static void
api_ready(void *ctx, struct conn *c, struct request *req)
{
	struct call call = { .si = ctx, .conn = c, .req = req };
	enum credential credential;

	route_find(req, &call.route);
	if (call.route.kind == ROUTE_CONTROL) {
		control_answer(call.si, c, call.route.tail);
		return;
	}
	call.si->stats.requests++;
	if (call.route.kind == ROUTE_BENCH_PAGE) {
		bench_page(c);
		return;
	}
	if (call.route.kind == ROUTE_MEDIA) {
		if (call.si->control)
			records_add(call.si->records, req, "");
		fetch_answer(call.si, c, call.route.tail);
		return;
	}
	credential = credentials_read(req, &call.key);
	call.project = credentials_project(call.key);
	if (call.route.bench) {
		bench_run(&call, credential);
	} else {
		if (call.si->control)
			records_add(call.si->records, req, call.key);
		call.known = method_known(&call);
		call_ask(&call);
		call_run(&call, credential);
	}
	json_object_put(call.body);
	free(call.key);
	free(call.project);
}

static void
api_finished(void *ctx, struct request *req, bool gone)
{
	struct standin *si = ctx;

	records_finish(si->records, req, gone);
	if (gone)
		si->stats.cancelled++;
}

const struct server_ops api_ops = {
	.head = api_head,
	.ready = api_ready,
	.finished = api_finished,
};
