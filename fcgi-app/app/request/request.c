/* The driver of the steps, and what every step may need of a request. */
#include "config.h"

#include "app/request/request.h"
#include "app/request/access.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "app/request/memory.h"
#include "net/loop.h"

#define ATTEMPTS_MAX 10 /* upstream calls for one request; option RETRY_MAX */

void
request_move(struct request *r, enum step step)
{
	r->step = step;
}

static void
request_check(const struct request *r)
{
	assert(!r->reply.content_sent || r->reply.head_sent);
	assert(r->attempt.count <= ATTEMPTS_MAX);
	assert((r->keys.picked >= 0) <= (r->keys.ring != NULL));
	/* Nothing is retried after content, and nothing is written after the end. */
	assert(!(r->reply.content_sent && r->step == STEP_PICK));
	assert(r->client.conn != NULL || r->step == STEP_FINISH || r->root != NULL);
}

void
request_run(struct request *r)
{
	enum step_next next = STEP_GO;

	while (next == STEP_GO) {
		request_check(r);
		log_event(
		    LOG_DEBUG, "step", LOG_S("id", r->id), LOG_S("step", r->steps[r->step].name));
		next = r->steps[r->step].run(r);
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
	request_move(r, STEP_FAIL);
	return STEP_GO;
}

void
request_set_model(struct request *r, struct slice model)
{
	size_t len = model.len < sizeof(r->asked.model) ? model.len : sizeof(r->asked.model) - 1;

	memcpy(r->asked.model, model.ptr, len);
	r->asked.model[len] = '\0';
	r->asked.model_id = balancer_model(model);
}

struct loop_local *
request_local(struct request *r)
{
	return loop_local(r->loop);
}

/* xorshift64*: for jitter and the choice of keys. Predictable, so not for secrets. */
uint64_t
request_random(struct request *r)
{
	uint64_t *x = &request_local(r)->random;

	*x ^= *x >> 12;
	*x ^= *x << 25;
	*x ^= *x >> 27;
	return *x * 0x2545F4914F6CDD1DULL;
}

enum step_next
request_stop(struct request *r)
{
	access_set_class(r, apierror_word(APIERROR_STOPPING));
	return request_fail(r, APIERROR_STOPPING, NULL, "%s", "");
}

void
request_init(struct request *r)
{
	r->keys.picked = -1;
	buf_init(&r->target.url, URL_MAX);
	buf_init(&r->target.lines, HEADERS_BYTES_MAX);
	buf_init(&r->attempt.head, HEADERS_BYTES_MAX);
	buf_init(&r->attempt.held, ERROR_BODY_MAX);
	body_init(&r->attempt.whole);
	scrub_stream_init(&r->attempt.scrub, r->snapshot->scrub);
}

void
request_release(struct request *r)
{
	timer_free(r->timer);
	request_charge(r, 0);
	free(r->keys.tried);
	buf_release(&r->learnt.passed);
	free(r->learnt.instead_of);
	buf_release(&r->target.url);
	buf_release(&r->target.lines);
	buf_release(&r->attempt.head);
	buf_release(&r->attempt.held);
	body_release(&r->attempt.whole);
	scrub_stream_release(&r->attempt.scrub);
	free(r);
}

bool
request_charge(struct request *r, size_t bytes)
{
	struct memory *memory = r->gw->memory;

	if (bytes > r->asked.charged && !memory_take(memory, bytes - r->asked.charged))
		return false;
	if (bytes < r->asked.charged)
		memory_give(memory, r->asked.charged - bytes);
	r->asked.charged = bytes;
	return true;
}

bool
request_is_large(const struct request *r)
{
	return r->op->translates && fcgi_conn_body(r->client.conn)->len > BODY_INLINE;
}

struct body_limits
request_body_limits(const struct request *r)
{
	const struct conf *conf = r->gw->conf;

	return (struct body_limits){
		.memory = (size_t)conf->body_memory,
		.total = (size_t)conf->max_body,
		.dir = conf->spool_dir,
	};
}

void
request_work_set(struct request *r, void *work, void (*cancel)(void *work))
{
	assert(r->work == NULL || work == NULL);
	r->work = work;
	r->work_cancel = cancel;
}

void
request_work_cancel(struct request *r)
{
	void *work = TAKE(r->work);

	if (work != NULL)
		r->work_cancel(work);
}
