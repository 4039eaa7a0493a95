#include "config.h"

#include "app/request/key_call.h"
#include "app/request/access.h"
#include "app/request/request.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "net/loop.h"
#include "net/http/upstream.h"

struct key_call {
	struct key_call_order order;
	struct call *call; /* NULL: it has ended */
	struct timer *timer;
	struct buf body;
	char *url;
	char *lines[3]; /* the credential and the order's line */
	int status;
	uint64_t started_ms;
};

char *
key_call_credential(const struct keyring *ring, size_t key)
{
	static const char name[] = "x-goog-api-key: ";
	const char *secret = keyring_secret(ring, key);
	char *line = xmalloc(sizeof(name) + strlen(secret));

	memcpy(line, name, sizeof(name));
	strcat(line, secret);
	return line;
}

const char *
key_call_proxy(const struct keyring *ring, size_t key)
{
	const char *proxy = keyring_spec(ring, key)->proxy;

	return proxy[0] != '\0' ? proxy : NULL;
}

void
key_call_free(struct key_call *c, bool ok)
{
	if (c == NULL)
		return;
	call_cancel(c->call);
	timer_free(c->timer);
	if (c->order.picked)
		keyring_report(c->order.request->keys.ring, c->order.key, ok);
	secret_free(c->lines[0]);
	free(c->url);
	buf_release(&c->body);
	free(c);
}

void
key_call_teach(
    struct request *r, size_t key, const struct key_result *result, const struct verdict *v)
{
	struct keyring_outcome outcome = {
		.started = result->started_ms,
		.verdict = v,
		.status = result->outcome.status,
		.hint_ms = result->status.retry_ms,
		.chance = request_random(r),
	};

	keyring_judge(r->keys.ring, key, &outcome);
}

static void
key_call_done(struct key_call *c, enum netresult net)
{
	const struct key_call_order *o = &c->order;
	struct slice secret = slice_str(keyring_secret(o->request->keys.ring, o->key));
	struct key_result result = {
		.outcome = {
			.net = net,
			.http_status = c->status,
			.key_is_callers = o->is_callers,
		},
		.started_ms = c->started_ms,
	};
	struct scrub_set *set;

	if (c->body.len > 0) {
		set = scrub_set_new(&secret, 1);
		scrub_bytes(set, c->body.data, c->body.len);
		scrub_set_free(set);
	}
	result.body = buf_slice(&c->body);
	outcome_read(&result.outcome, result.body, &result.status);
	result.verdict = verdict_of(&result.outcome);
	o->done(o->ctx, &result);
}

static void
key_call_head(void *ctx, int status, const struct header_lines *lines)
{
	struct key_call *c = ctx;

	(void)lines;
	c->status = status;
	if (c->order.head_is_enough && status < 300)
		key_call_done(c, NET_OK);
}

static void
key_call_data(void *ctx, struct slice bytes)
{
	struct key_call *c = ctx;

	buf_add_slice(&c->body, bytes);
}

static void
key_call_end(void *ctx, enum netresult result)
{
	struct key_call *c = ctx;

	c->call = NULL;
	key_call_done(c, result);
}

static void
key_call_late(void *ctx)
{
	struct key_call *c = ctx;

	c->status = 0;
	key_call_done(c, NET_TIMEOUT);
}

static const struct call_events key_call_events = { key_call_head, key_call_data, key_call_end };

struct key_call *
key_call_start(const struct key_call_order *order)
{
	struct request *r = order->request;
	struct key_call *c = xcalloc(1, sizeof(*c));
	struct call_request *call = &c->order.call;

	c->order = *order;
	buf_init(&c->body, order->body_max);
	c->url = xstrdup(order->call.url);
	c->lines[0] = key_call_credential(r->keys.ring, order->key);
	c->lines[1] = (char *)(uintptr_t)order->line;
	call->url = c->url;
	call->headers = c->lines;
	call->proxy = key_call_proxy(r->keys.ring, order->key);
	access_count_call(r);
	if (order->timeout_ms > 0) {
		c->timer = timer_new(r->loop, key_call_late, c);
		timer_start(c->timer, order->timeout_ms);
	}
	c->started_ms = clock_mono_ms();
	c->call = call_start(loop_upstream(r->loop), call, &key_call_events, c);
	return c;
}
