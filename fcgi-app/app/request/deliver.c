/* The answer on its way to the client: as it comes in, or whole. */
#include "config.h"

#include "app/request/request.h"
#include "app/request/call.h"
#include "app/request/lessons.h"
#include "app/request/reply.h"
#include "app/request/steps.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/xalloc.h"

/* Frees what only another attempt would need, once content has gone out. */
static void
deliver_free_early(struct request *r)
{
	if (!r->reply.content_sent)
		return;
	free(TAKE(r->asked.route));
	buf_release(&r->attempt.head);
	buf_release(&r->attempt.held);
	/* The branches share the root's request. */
	if (r->root != NULL)
		return;
	if (r->attempt.call != NULL && !call_body_sent(r->attempt.call))
		return;
	fcgi_conn_forget(r->client.conn);
	if (r->op->free_early != NULL)
		r->op->free_early(r);
	r->target.body = SLICE("");
	request_charge(r, 0);
}

/* Bytes for the client; notes when the first content went out. */
static enum step_next
deliver_send(struct request *r, struct buf *out)
{
	struct request *root = request_root(r);

	if (out->failed)
		return request_fail(r, APIERROR_UPSTREAM, NULL, "%s", "");
	if (out->len > 0 && !root->client.gone && reply_write(root, buf_slice(out)) &&
	    root->reply.first_ms == 0 && r->reply.content_sent)
		root->reply.first_ms = clock_mono_ms();
	if (!root->client.gone)
		return STEP_PARK;
	request_move(r, STEP_ABORT);
	return STEP_GO;
}

/* Scrubbed bytes on their way to the operation. */
struct feeding {
	struct request *r;
	struct buf *out;
	int rc;
};

static void
deliver_feed_clean(void *ctx, struct slice clean)
{
	struct feeding *f = ctx;

	if (f->rc == 0)
		f->rc = f->r->op->feed(f->r, clean, f->out, &f->r->err);
}

/* Feeds upstream bytes to the operation. PARK: the stream goes on. */
static enum step_next
deliver_feed(struct request *r, struct slice bytes, struct buf *out)
{
	struct feeding f = { r, out, 0 };
	size_t before = out->len;
	enum step_next next;

	if (!request_root(r)->learnt.version_seen)
		lessons_look(r, bytes, false);
	scrub_stream_feed(&r->attempt.scrub, bytes, deliver_feed_clean, &f);
	if (out->len > before)
		r->reply.content_sent = true;
	next = deliver_send(r, out);
	return next == STEP_PARK && f.rc != 0 ? attempt_judge_late(r) : next;
}

/* Feeds the bytes that were kept until the judgement. */
static enum step_next
deliver_feed_kept(struct request *r, struct buf *out)
{
	struct buf held = r->attempt.held;
	struct body whole = r->attempt.whole;
	enum step_next next = STEP_PARK;
	struct slice bytes;

	buf_init(&r->attempt.held, held.max);
	body_init(&r->attempt.whole);
	if (whole.len > 0 && !body_slice(&whole, &bytes))
		next = request_fail(r, APIERROR_INTERNAL, NULL, "%s", "");
	else if (whole.len > 0)
		next = deliver_feed(r, bytes, out);
	if (next == STEP_PARK && whole.len > 0)
		buf_reset(out);
	if (next == STEP_PARK)
		next = deliver_feed(r, buf_slice(&held), out);
	body_release(&whole);
	buf_release(&held);
	return next;
}

/* The upstream body is over. The operation knows whether it was complete: a cut after the last
 * event is harmless. */
static enum step_next
deliver_end(struct request *r)
{
	struct buf *out = &request_local(r)->out;
	struct request *root = request_root(r);
	struct feeding f = { r, out, 0 };
	int rc;

	buf_reset(out);
	scrub_stream_finish(&r->attempt.scrub, deliver_feed_clean, &f);
	rc = f.rc != 0 ? f.rc : r->op->end(r, out, &r->err);
	if (out->len > 0)
		r->reply.content_sent = true;
	if (root->client.gone) {
		request_move(r, STEP_ABORT);
		return STEP_GO;
	}
	if ((rc != 0 || out->failed || r->root != NULL) && out->len > 0 &&
	    !reply_write(root, buf_slice(out))) {
		request_move(r, STEP_ABORT);
		return STEP_GO;
	}
	if (rc != 0)
		return attempt_judge_late(r);
	if (out->failed) {
		request_move(r, STEP_FAIL);
		return STEP_GO;
	}
	if (root->reply.first_ms == 0)
		root->reply.first_ms = clock_mono_ms();
	/* Report the key before the client sees the end and sends its next request. */
	attempt_report(r, true);
	if (r->root == NULL) {
		r->reply.bytes_out += out->len;
		fcgi_conn_end(TAKE(r->client.conn), buf_slice(out));
	}
	request_move(r, STEP_FINISH);
	return STEP_GO;
}

/* Entered when the answer is judged good, and again at its end. */
enum step_next
step_stream(struct request *r)
{
	struct buf *out = &request_local(r)->out;
	struct request *root = request_root(r);
	enum step_next next = STEP_PARK;

	if (!r->attempt.delivering) {
		r->attempt.delivering = true;
		buf_reset(out);
		if (!root->reply.head_sent && r->op->pass_head != NULL)
			r->op->pass_head(r, out);
		else if (!root->reply.head_sent && r->reply.form == REPLY_SSE)
			reply_stream_head(root, out);
		r->reply.head_sent = root->reply.head_sent;
		next = deliver_feed_kept(r, out);
		if (next == STEP_PARK)
			deliver_free_early(r);
	}
	if (next == STEP_PARK && r->attempt.ended)
		next = deliver_end(r);
	return next;
}

void
step_stream_data(struct request *r, struct slice bytes)
{
	struct buf *out = &request_local(r)->out;
	bool began = r->reply.content_sent;

	buf_reset(out);
	if (deliver_feed(r, bytes, out) == STEP_GO)
		request_run(r);
	else if (!began)
		deliver_free_early(r);
}

/* A whole answer as events: the upstream call did not stream. */
static enum step_next
deliver_events(struct request *r, struct buf *out)
{
	struct request *root = request_root(r);
	struct buf head;

	buf_init(&head, HEADERS_BYTES_MAX);
	if (!root->reply.head_sent)
		reply_stream_head(root, &head);
	if (head.len > 0)
		reply_write(root, buf_slice(&head));
	buf_release(&head);
	r->reply.head_sent = r->reply.content_sent = true;
	if (root->reply.first_ms == 0)
		root->reply.first_ms = clock_mono_ms();
	if (r->root == NULL && !r->client.gone) {
		r->reply.bytes_out += out->len;
		fcgi_conn_end(TAKE(r->client.conn), buf_slice(out));
	} else if (!root->client.gone) {
		reply_write(root, buf_slice(out));
	}
	request_move(r, root->client.gone ? STEP_ABORT : STEP_FINISH);
	return STEP_GO;
}

enum step_next
step_collect(struct request *r)
{
	struct buf *out = &request_local(r)->out;

	buf_reset(out);
	lessons_look(r, buf_slice(&r->attempt.held), true);
	scrub_bytes(r->snapshot->scrub, r->attempt.held.data != NULL ? r->attempt.held.data : NULL,
	    r->attempt.held.len);
	switch (r->op->collect(r, buf_slice(&r->attempt.held), out, &r->err)) {
	case COLLECT_DONE:
		break;
	case COLLECT_MORE:
		attempt_report(r, true);
		attempt_end(r);
		free(TAKE(r->keys.tried));
		r->attempt.count = r->attempt.server_faults = 0;
		request_move(r, STEP_PICK);
		return STEP_GO;
	case COLLECT_ERROR:
		return attempt_judge_late(r);
	}
	if (out->failed)
		return request_fail(r, APIERROR_UPSTREAM, NULL, "%s", "");
	attempt_report(r, true);
	if (r->reply.form == REPLY_SSE)
		return deliver_events(r, out);
	if (r->root == NULL)
		reply_whole(r, 200, r->reply.type, SLICE(""), buf_slice(out));
	request_move(r, STEP_FINISH);
	return STEP_GO;
}
