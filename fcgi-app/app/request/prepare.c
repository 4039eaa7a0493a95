/*
 * The translation of a request, and what it costs. A large body is translated on a thread of the
 * pool: meanwhile the request is that thread's, and events of the client's side wait for it.
 */
#include "config.h"

#include "app/request/request.h"
#include "app/request/auth.h"
#include "app/request/lessons.h"
#include "app/request/steps.h"
#include "app/request/translation.h"

#include <malloc.h>
#include <stddef.h>

#include "base/limits.h"
#include "core/json/json_cost.h"
#include "core/gemini/stored_objects.h"
#include "app/request/memory.h"
#include "net/loop.h"

#define BODY_JSON (64 * MIB) /* the same for all texts in one request body */

/* What there is of one body at the worst moment, beside the values of its JSON: the body, the
 * longest of its strings twice, what is written. */
#define COPIES_OF_A_BODY 2
#define TRIM_ABOVE       (8 * MIB)

/* What the JSON of a body of that length may become. */
static size_t
prepare_json_allowance(size_t len)
{
	return len > BODY_JSON / JSON_RATIO ? len * JSON_RATIO : BODY_JSON;
}

/* What the translation of the body will need; SIZE_MAX: more than any may. */
static size_t
prepare_need(struct slice body)
{
	size_t most = prepare_json_allowance(body.len), cost = 0;

	if (body.len > BODY_UNSCANNED && slice_starts(slice_trim(body), SLICE("{")))
		cost = json_cost(body, most);
	else if (body.len <= BODY_UNSCANNED)
		cost = body.len * 2; /* of what clients send; it is gone before the next one */
	return cost > most ? SIZE_MAX : cost + COPIES_OF_A_BODY * body.len;
}

static int
prepare_too_many_values(struct request *r)
{
	return apierror_set(&r->err, APIERROR_TOO_LARGE, NULL,
	    "The request body contains too many JSON values: they would need more than %zu MB of "
	    "memory.",
	    prepare_json_allowance(fcgi_conn_body(r->client.conn)->len) / MIB);
}

/* Is there memory for this one? -1 with r->err. */
static int
prepare_admit(struct request *r)
{
	struct slice body;
	size_t need;

	if (request_body(r, &body, &r->err) != 0)
		return -1;
	need = prepare_need(body);
	if (need == SIZE_MAX)
		return prepare_too_many_values(r);
	if (need > memory_most(r->gw->memory))
		return apierror_set(&r->err, APIERROR_TOO_LARGE, NULL,
		    "This request needs %zu MB of memory, more than the gateway has for all "
		    "requests together (MEMORY_MAX).",
		    need / MIB);
	if (!request_charge(r, need))
		return apierror_set(&r->err, APIERROR_NO_MEMORY, NULL, "%s", "");
	return 0;
}

/* Runs on the loop or on a thread of the pool. */
static int
prepare_translate(struct request *r)
{
	struct json_budget budget = { .left = prepare_json_allowance(
					  fcgi_conn_body(r->client.conn)->len) };
	bool large = fcgi_conn_body(r->client.conn)->len > BODY_UNSCANNED;
	int rc;

	buf_reset(&r->target.lines);
	changes_reset(&r->asked.changes);
	if (r->op->translates && prepare_admit(r) != 0)
		return -1;
	if (large && r->op->translates)
		json_budget_use(&budget);
	rc = lessons_prepare(r);
	json_budget_use(NULL);
	return budget.exceeded ? prepare_too_many_values(r) : rc;
}

/* The translation is complete: where to go with it. */
static enum step_next
prepare_leave(struct request *r)
{
	enum lessons_next next = lessons_check(r);

	if (next == LESSONS_GO)
		lessons_tell(r);
	request_move(r, next == LESSONS_LOST        ? STEP_FAIL
			: next == LESSONS_UNCHANGED ? STEP_PREPARE
			: r->op->run != NULL        ? STEP_TAKEOVER
						    : STEP_OWNER);
	return STEP_GO;
}

/* What is kept for as long as the request may be sent again. */
static size_t
prepare_kept_bytes(struct request *r)
{
	return fcgi_conn_body(r->client.conn)->mem.cap + r->target.body.len;
}

static enum step_next
prepare_translated(struct request *r, int rc)
{
	if (rc != 0) {
		request_move(r, STEP_FAIL);
		return STEP_GO;
	}
	if (r->client.conn == NULL) {
		request_move(r, STEP_FINISH);
		return STEP_GO;
	}
	if (r->op->translates && !request_charge(r, prepare_kept_bytes(r)))
		return request_fail(r, APIERROR_NO_MEMORY, NULL, "%s", "");
	if (auth_check_model(r) != 0) {
		request_move(r, STEP_FAIL);
		return STEP_GO;
	}
	if (r->target.url.failed || r->target.lines.failed)
		return request_fail(r, APIERROR_HEADERS_TOO_LARGE, NULL, "%s", "");
	if (r->asked.refs.wanted == 0)
		return prepare_leave(r);
	if (r->asked.passes++ >= PREPARE_PASSES_MAX)
		return request_fail(r, APIERROR_INTERNAL, NULL, "%s", "");
	request_move(r, STEP_RESOLVE);
	return STEP_GO;
}

/* ---- on a thread of the pool ---- */

static void
prepare_work_run(void *ctx)
{
	struct request *r = ctx;

	r->asked.work_rc = prepare_translate(r);
	r->asked.may_name = r->asked.work_rc == 0 && r->op->has_stored_objects &&
	                    stored_objects_maybe(r->target.body);
	/* Otherwise the small blocks that json-c took stay with this thread. */
#ifdef M_TRIM_THRESHOLD
	if (r->asked.charged > TRIM_ABOVE)
		malloc_trim(0);
#endif
}

/* A client that left, or a stop of the process, comes before the result. */
static void
prepare_work_done(void *ctx)
{
	struct request *r = ctx;

	r->asked.working = false;
	if (r->client.gone)
		request_move(r, STEP_ABORT);
	else if (r->client.stopping)
		request_stop(r);
	else if (prepare_translated(r, r->asked.work_rc) != STEP_GO)
		return;
	request_run(r);
}

enum step_next
step_prepare(struct request *r)
{
	if (!request_is_large(r))
		return prepare_translated(r, prepare_translate(r));
	r->asked.working = true;
	loop_work(r->loop, prepare_work_run, prepare_work_done, r);
	return STEP_PARK;
}
