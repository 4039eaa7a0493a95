/* The lifecycle's frame: the driver, the steps before the first attempt and those at the end. */
#include "config.h"

#include "request.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/xalloc.h"

/* ---- the driver ---- */

void
request_move(struct request *r, const struct step *step)
{
	r->step = step;
}

static void
check_invariants(const struct request *r)
{
	assert(!r->content_sent || r->head_sent);
	assert(r->attempts <= ATTEMPTS_MAX);
	assert((r->key >= 0) <= (r->ring != NULL));
	/* Nothing is retried after content, and nothing is written after the end. */
	assert(!(r->content_sent && r->step == &step_pick));
	assert(r->edge != NULL || r->step == &step_finish || r->root != NULL);
}

void
request_run(struct request *r)
{
	enum step_next next = STEP_GO;

	while (next == STEP_GO) {
		check_invariants(r);
		log_event(LOG_DEBUG, "step", LOG_S("id", r->id), LOG_S("step", r->step->name));
		next = r->step->fn(r);
	}
}

enum step_next
request_fail(struct request *r, enum apierror_kind kind, const char *param, const char *fmt, ...)
{
	char text[APIERROR_MESSAGE_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	apierror_set(&r->err, kind, param, "%s", text);
	request_move(r, &step_fail);
	return STEP_GO;
}

void
request_set_model(struct request *r, struct slice model)
{
	size_t len = model.len < sizeof(r->model) ? model.len : sizeof(r->model) - 1;

	memcpy(r->model, model.ptr, len);
	r->model[len] = '\0';
	r->model_id = balancer_model(model);
}

struct loop_local *
request_local(struct request *r)
{
	return loop_local(r->loop);
}

/* xorshift64*: for jitter and choice; whoever sees a few of them knows the rest. */
uint64_t
request_random(struct request *r)
{
	uint64_t *x = &request_local(r)->random;

	*x ^= *x >> 12;
	*x ^= *x << 25;
	*x ^= *x >> 27;
	return *x * 0x2545F4914F6CDD1DULL;
}

static void
local_free(void *arg)
{
	struct loop_local *local = arg;

	buf_release(&local->out);
	json_reader_free(local->answers.json);
	free(local);
}

static void
local_make(struct loop *loop)
{
	struct loop_local *local = xcalloc(1, sizeof(*local));

	buf_init(&local->out, COLLECT_MAX * 2);
	local->answers.json = json_reader_new();
	if (getentropy(&local->random, sizeof(local->random)) != 0 || local->random == 0)
		local->random = clock_wall_ms() ^ (uintptr_t)local;
	if (getentropy(local->id_key, sizeof(local->id_key)) != 0)
		memcpy(local->id_key, &local->random, sizeof(local->random));
	loop_set_local(loop, local, local_free);
	loop_on_poke(loop, choose_poked);
}

/* ---- events of the client's side ---- */

static void
client_gone(void *ctx)
{
	struct request *r = ctx;

	r->gone = true;
	if (r->working)
		return;
	request_move(r, &step_abort);
	request_run(r);
}

static void
client_drained(void *ctx)
{
	struct request *r = ctx;

	r->last_write_ms = clock_mono_ms();
	branches_resume(r, r->last_write_ms);
}

enum step_next
request_stop(struct request *r)
{
	r->class = apierror_word(APIERROR_STOPPING);
	return request_fail(r, APIERROR_STOPPING, NULL, "%s", "");
}

static void
client_cut(void *ctx)
{
	struct request *r = ctx;

	r->stopping = true;
	if (r->working)
		return;
	request_stop(r);
	request_run(r);
}

static const struct edge_events edge_events = { client_gone, client_drained, client_cut };

void
gateway_request(void *ctx, struct loop *loop, struct edge *edge)
{
	struct request *r = xcalloc(1, sizeof(*r));

	if (loop_local(loop) == NULL)
		local_make(loop);
	r->gw = ctx;
	r->roster = gateway_roster(r->gw);
	r->loop = loop;
	r->edge = edge;
	r->key = r->pinned = r->home_key = -1;
	r->target.body_fd = -1;
	r->started_ms = clock_mono_ms();
	r->route = xcalloc(1, sizeof(*r->route));
	buf_init(&r->target.url, URL_MAX);
	buf_init(&r->target.lines, HEADERS_BYTES_MAX);
	buf_init(&r->up_head, HEADERS_BYTES_MAX);
	buf_init(&r->held, ERROR_BODY_MAX);
	body_init(&r->whole);
	scrub_stream_init(&r->scrub, r->roster->scrub);
	buf_init(&r->passed, (PASSED_MODELS_MAX + 1) * MODEL_NAME_MAX);
	refs_init(&r->refs);
	changes_init(&r->changes, r->gw->conf->strict);
	edge_listen(edge, &edge_events, r);
	request_move(r, &step_read);
	request_run(r);
}

/* ---- steps before the first attempt ---- */

static enum step_next
do_read(struct request *r)
{
	/* Callers without tokens share what is stored: only who was told an id may know it. */
	uint64_t random = request_random(r);

	random =
	    siphash(request_local(r)->id_key, (struct slice){ (char *)&random, sizeof(random) });
	for (size_t i = 0; i < 16; i++, random >>= 4)
		r->id[i] = "0123456789abcdef"[random & 15];
	r->bytes_in = edge_body(r->edge)->len;
	request_move(r, &step_route);
	return STEP_GO;
}

/* What the reading of the body left to be told. */
static int
arrival_fault(struct request *r)
{
	switch (edge_fault(r->edge)) {
	case EDGE_BODY_TOO_LARGE:
		return apierror_set(&r->err, APIERROR_TOO_LARGE, NULL,
		    "The request body is larger than the %llu bytes that this gateway accepts.",
		    (unsigned long long)r->gw->conf->max_body);
	case EDGE_BODY_TIMEOUT:
		return apierror_set(&r->err, APIERROR_TIMEOUT_BODY, NULL, "%s", "");
	case EDGE_BODY_REFUSED:
		return apierror_set(&r->err, APIERROR_OVERLOADED, NULL,
		    "The gateway does not take in this request body at the moment: too many from "
		    "this address or with this credential are on their way, or it is being "
		    "stopped. Try again in a moment.");
	case EDGE_BODY_FAILED:
		r->class = "spool_failed";
		return apierror_set(&r->err, APIERROR_INTERNAL, NULL,
		    "The gateway could not store the request body.");
	case EDGE_FINE:
		break;
	}
	return 0;
}

static bool
has_bearer(const struct request *r)
{
	const char *value = edge_param(r->edge, "HTTP_AUTHORIZATION");

	return value != NULL && slice_startsi(slice_str(value), SLICE("Bearer "));
}

/* For the access line, which is written when the parameters may be gone. */
static void
note_client(struct request *r)
{
	struct slice client = client_address(r->gw, r->edge);

	/* The text of an address has room. */
	memcpy(r->client, client.ptr, client.len);
	r->client[client.len] = '\0';
}

static enum step_next
do_route(struct request *r)
{
	static const struct {
		enum route_op op;
		const struct operation *operation;
	} operations[] = {
		{ ROUTE_CHAT, &op_chat },
		{ ROUTE_COMPLETIONS, &op_completions },
		{ ROUTE_RESPONSES, &op_responses },
		{ ROUTE_COMPACT, &op_responses },
		{ ROUTE_INPUT_TOKENS, &op_input_tokens },
		{ ROUTE_RESPONSE, &op_response },
		{ ROUTE_RESPONSE_INPUT, &op_response },
		{ ROUTE_RESPONSE_CANCEL, &op_response },
		{ ROUTE_IMAGES, &op_images },
		{ ROUTE_IMAGE_EDITS, &op_image_edits },
		{ ROUTE_VARIATIONS, &op_variations },
		{ ROUTE_SPEECH, &op_speech },
		{ ROUTE_TRANSCRIPTIONS, &op_transcriptions },
		{ ROUTE_TRANSLATIONS, &op_translations },
		{ ROUTE_EMBEDDINGS, &op_embeddings },
		{ ROUTE_MODELS, &op_models },
		{ ROUTE_MODEL, &op_model },
		{ ROUTE_NATIVE, &op_native },
		{ ROUTE_VERIFY, &op_verify },
	};
	const char *uri = edge_param(r->edge, "REQUEST_URI");
	const char *mount = edge_param(r->edge, "MOUNT_PREFIX");
	struct route_input in = {
		.method = slice_str(edge_param(r->edge, "REQUEST_METHOD")),
		.uri = slice_str(uri != NULL ? uri : "/"),
		.mount = slice_str(mount != NULL ? mount : r->gw->conf->mount_prefix),
		.has_google_credential = edge_param(r->edge, "HTTP_X_GOOG_API_KEY") != NULL ||
		                         edge_param(r->edge, "HTTP_X_GOOG_API_CLIENT") != NULL,
		.has_bearer = has_bearer(r),
	};
	int rc;

	/* A handshake is a GET (RFC 6455, 4.1); others are spared the search for its headers. */
	in.websocket = slice_eq(in.method, SLICE("GET")) && local_wants_websocket(r);
	rc = route_match(&in, r->route, &r->err);
	note_client(r);
	r->dialect = r->route->dialect;
	r->route_name = r->route->name != NULL ? r->route->name : "none";
	r->head_request = slice_eq(in.method, SLICE("HEAD"));
	request_move(r, &step_fail);
	if (rc != 0 || arrival_fault(r) != 0)
		return STEP_GO;
	request_move(r, &step_local);
	for (size_t i = 0; i < ARRAY_SIZE(operations); i++)
		if (operations[i].op == r->route->op) {
			r->op = operations[i].operation;
			request_move(r, &step_auth);
		}
	return STEP_GO;
}

static enum step_next
do_local(struct request *r)
{
	local_answer(r);
	request_move(r, &step_finish);
	return STEP_GO;
}

static enum step_next
do_auth(struct request *r)
{
	request_move(
	    r, r->op == &op_verify || auth_check(r, &r->err) == 0 ? &step_decode : &step_fail);
	return STEP_GO;
}

static enum step_next
do_takeover(struct request *r)
{
	verify_run(r);
	return STEP_OVER;
}

/* ---- steps at the end ---- */

/* Inside a stream whose head is sent: an event, then the end. Bytes of another kind can only be cut
 * short, and the web server is left to show it. */
static void
fail_in_stream(struct request *r)
{
	struct buf event;

	if (r->form != REPLY_SSE) {
		edge_drop(TAKE(r->edge));
		return;
	}
	buf_init(&event, COLLECT_MAX);
	if (!r->at_event_end)
		buf_adds(&event, "\n\n");
	if (r->op->fault != NULL)
		r->op->fault(r, &event);
	else
		apierror_render_event(&r->err, r->dialect, &event);
	r->bytes_out += event.len;
	edge_end(TAKE(r->edge), buf_slice(&event));
	buf_release(&event);
}

static enum step_next
do_fail(struct request *r)
{
	struct buf body, extra;

	attempt_report(r, false);
	attempt_end(r);
	branches_cancel(r);
	decode_cancel(r);
	supply_cancel(r);
	locate_cancel(r);
	catalog_cancel(r);
	choose_hint(r);
	if (r->root != NULL) {
		r->branch_failed = true;
	} else if (r->head_sent) {
		fail_in_stream(r);
	} else {
		buf_init(&body, ERROR_BODY_MAX);
		buf_init(&extra, KIB);
		/* A 429 or 503 of ours always says when to come back. */
		if (r->err.retry_after_s == 0 && !r->err.no_retry &&
		    (r->err.status == 429 || r->err.status == 503))
			r->err.retry_after_s = RETRY_AFTER_DEFAULT_S;
		reply_error_lines(r, &extra);
		apierror_render(&r->err, r->dialect, &body);
		reply_whole(
		    r, r->err.status, "application/json", buf_slice(&extra), buf_slice(&body));
		buf_release(&extra);
		buf_release(&body);
	}
	request_move(r, &step_finish);
	return STEP_GO;
}

static enum step_next
do_abort(struct request *r)
{
	/* The client left: neither the key's nor the model's fault. */
	attempt_report(r, true);
	attempt_end(r);
	branches_cancel(r);
	decode_cancel(r);
	supply_cancel(r);
	locate_cancel(r);
	catalog_cancel(r);
	if (r->root == NULL)
		edge_drop(TAKE(r->edge));
	request_move(r, &step_finish);
	return STEP_GO;
}

void
request_release(struct request *r)
{
	timer_free(r->timer);
	request_charge(r, 0);
	free(r->tried);
	buf_release(&r->passed);
	free(r->instead_of);
	buf_release(&r->target.url);
	buf_release(&r->target.lines);
	buf_release(&r->up_head);
	buf_release(&r->held);
	body_release(&r->whole);
	scrub_stream_release(&r->scrub);
	free(r);
}

static enum step_next
do_finish(struct request *r)
{
	attempt_report(r, true);
	attempt_end(r);
	if (r->root != NULL) {
		branch_finish(r);
		return STEP_OVER;
	}
	if (r->op != NULL && r->op->release != NULL)
		r->op->release(r);
	if (r->token != NULL)
		token_spend(r->token, r->gw->spending,
		    (uint64_t)(usage_input(&r->usage) + usage_output(&r->usage)));
	access_line(r);
	auth_release(r);
	roster_drop(r->roster);
	refs_release(&r->refs);
	changes_release(&r->changes);
	free(r->branches);
	free(r->home_object);
	free(r->route);
	request_release(r);
	return STEP_OVER;
}

#define STEP_DEFINE(symbol) const struct step step_##symbol = { #symbol, do_##symbol };
/* Those of a translation are in prepare.c, of an attempt in attempt.c, of the delivery in
 * deliver.c. */
STEP_DEFINE(read)
STEP_DEFINE(route)
STEP_DEFINE(local)
STEP_DEFINE(auth)
STEP_DEFINE(takeover)
STEP_DEFINE(fail)
STEP_DEFINE(abort)
STEP_DEFINE(finish)
