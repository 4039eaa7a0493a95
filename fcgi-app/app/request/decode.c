/*
 * The body of a request that came compressed: a thread of the pool expands it, after the caller is
 * known and before anybody reads it. Native bodies go on to Google as they came.
 */
#include "config.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "net/http/coding.h"
#include "app/request/request.h"
#include "app/request/steps.h"
#include "net/loop.h"

struct decode {
	struct request *request; /* NULL: it is gone */
	struct codings codings;
	struct body_limits limits;
	struct body body;
	enum coding_result result;
};

static void
decode_free(struct decode *d)
{
	body_release(&d->body);
	free(d);
}

static void
decode_cancel(void *work)
{
	struct decode *d = work;

	d->request = NULL;
}

static int
decode_outcome(struct request *r, enum coding_result result)
{
	switch (result) {
	case CODING_OK:
		return 0;
	case CODING_BAD:
		return apierror_set(&r->err, APIERROR_BAD_REQUEST, "Content-Encoding",
		    "The request body does not match its Content-Encoding header: '%.40s'.",
		    fcgi_conn_param(r->client.conn, "HTTP_CONTENT_ENCODING"));
	case CODING_TOO_LARGE:
		return apierror_set(&r->err, APIERROR_TOO_LARGE, NULL,
		    "The request body is larger than the %llu bytes that this gateway accepts, "
		    "once it is decompressed.",
		    (unsigned long long)r->gw->conf->max_body);
	case CODING_FAILED:
		break;
	}
	return apierror_set(
	    &r->err, APIERROR_INTERNAL, NULL, "The gateway could not store the request body.");
}

static void
decode_run(void *ctx)
{
	struct decode *d = ctx;

	d->result = body_decode(&d->body, &d->codings, &d->limits);
}

static void
decode_done(void *ctx)
{
	struct decode *d = ctx;
	struct request *r = d->request;

	if (r == NULL) {
		decode_free(d);
		return;
	}
	r->work = NULL;
	request_move(r, decode_outcome(r, d->result) == 0 ? STEP_PREPARE : STEP_FAIL);
	*fcgi_conn_body(r->client.conn) = d->body;
	body_init(&d->body);
	decode_free(d);
	request_run(r);
}

enum step_next
step_decode(struct request *r)
{
	const char *header = fcgi_conn_param(r->client.conn, "HTTP_CONTENT_ENCODING");
	struct body *body = fcgi_conn_body(r->client.conn);
	struct codings codings = { 0 };
	struct decode *d;

	request_move(r, STEP_PREPARE);
	if (r->op->native || header == NULL || body->len == 0)
		return STEP_GO;
	if (!codings_read(slice_str(header), &codings))
		return request_fail(r, APIERROR_CODING, "Content-Encoding",
		    "The coding '%.40s' of the request body is not supported. Supported are: "
		    "'gzip' and 'deflate'.",
		    header);
	if (codings.count == 0)
		return STEP_GO;
	d = xcalloc(1, sizeof(*d));
	request_work_set(r, d, decode_cancel);
	d->request = r;
	d->codings = codings;
	d->limits = request_body_limits(r);
	d->body = *body;
	body_init(body);
	request_move(r, STEP_DECODE);
	loop_work(r->loop, decode_run, decode_done, d);
	return STEP_PARK;
}
