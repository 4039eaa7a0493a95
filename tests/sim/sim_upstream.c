/* The Gemini API's side in memory: net/http/upstream.h, and the test's hand on it. */
#include "config.h"

#include "sim_priv.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"

/* struct call is the app's handle; freed as soon as it may not be used any more, so that a later
 * use is seen. */
struct call {
	struct sim_call *sim;
};

static void
read_body(const struct call_request *request, struct buf *out)
{
	char bytes[4096];
	ssize_t n;

	buf_init(out, SIZE_MAX / 4);
	if (request->body_fd < 0) {
		buf_add_slice(out, request->body);
		return;
	}
	while (out->len < request->body_len &&
	       (n = pread(request->body_fd, bytes, sizeof(bytes), (off_t)out->len)) > 0)
		buf_add(out, bytes, (size_t)n);
}

static void
read_lines(const struct call_request *request, struct buf *out)
{
	buf_init(out, SIZE_MAX / 4);
	for (size_t i = 0; request->headers[i] != NULL; i++) {
		if (strpbrk(request->headers[i], "\r\n") != NULL)
			sim_break("a header line holds a line end: %s", request->headers[i]);
		buf_addf(out, "%s\r\n", request->headers[i]);
	}
}

/* No caller's credential and no token goes upstream, and the server's key in its line alone. */
static void
check_credentials(const struct sim_call *k)
{
	struct header_lines lines = { .text = k->lines };
	struct slice name, value;
	size_t pos = 0, keys = 0;

	while (header_lines_next(&lines, &pos, &name, &value)) {
		bool is_key = slice_eqi(name, SLICE("x-goog-api-key"));

		keys += is_key;
		if (slice_eqi(name, SLICE("authorization")) || slice_eqi(name, SLICE("api-key")) ||
		    slice_eqi(name, SLICE("x-api-key")))
			sim_break("a second credential goes upstream");
		for (size_t at = 0; !is_key && at < sim->secrets.len;
		     at += strlen(sim->secrets.data + at) + 1)
			if (slice_find(value, slice_str(sim->secrets.data + at)) >= 0)
				sim_break("a secret goes upstream: %.*s", (int)name.len, name.ptr);
	}
	if (keys != 1)
		sim_break("%zu credentials go upstream", keys);
	for (size_t at = 0; at < sim->secrets.len; at += strlen(sim->secrets.data + at) + 1)
		if (strstr(k->url, sim->secrets.data + at) != NULL)
			sim_break("a secret goes upstream in the URL: %s", k->url);
}

struct call *
call_start(struct upstream *u, const struct call_request *request, const struct call_events *events,
    void *ctx)
{
	struct sim_call *k = xcalloc(1, sizeof(*k));
	struct call *call = xmalloc(sizeof(*call));
	struct header_lines lines;
	struct slice key;

	(void)u;
	*sim->calls_end = k;
	sim->calls_end = &k->next;
	k->request = *request;
	k->events = events;
	k->ctx = ctx;
	k->method = xstrdup(request->method);
	k->url = xstrdup(request->url);
	k->proxy = xstrdup(request->proxy != NULL ? request->proxy : "");
	read_lines(request, &k->lines);
	read_body(request, &k->body);
	if (request->has_body && k->body.len != request->body_len)
		sim_break("body_len is not the length of the body");
	lines.text = k->lines;
	key = header_lines_get(&lines, "x-goog-api-key");
	k->key = xstrndup(key.ptr, key.len);
	k->handle = call;
	call->sim = k;
	check_credentials(k);
	return call;
}

/* The app may not use its handle from here on. */
static void
call_over(struct sim_call *k)
{
	k->over = true;
	free(TAKE(k->handle));
	for (struct piece *next; k->queue != NULL; k->queue = next) {
		next = k->queue->next;
		free(k->queue->data);
		free(k->queue);
	}
}

void
call_cancel(struct call *call)
{
	if (call == NULL)
		return;
	call->sim->cancelled = true;
	call_over(call->sim);
}

bool
call_body_sent(const struct call *call)
{
	return call->sim->body_sent || call->sim->body.len == 0;
}

void
call_pause(struct call *call)
{
	call->sim->paused = true;
}

/* What the call points to must not have changed. */
static void
check_lifetimes(struct sim_call *k)
{
	struct buf lines, body;

	if (k->over)
		return;
	read_lines(&k->request, &lines);
	if (!slice_eq(buf_slice(&lines), buf_slice(&k->lines)))
		sim_break("the header lines have changed during the call");
	buf_release(&lines);
	if (k->body_sent)
		return;
	read_body(&k->request, &body);
	if (!slice_eq(buf_slice(&body), buf_slice(&k->body)))
		sim_break("the body has changed during the call");
	buf_release(&body);
}

/* Bytes in memory of their own, gone when the handler returns. */
static void
call_deliver(struct sim_call *k, struct slice bytes)
{
	char *copy = xmalloc(bytes.len);

	if (bytes.len > 0)
		memcpy(copy, bytes.ptr, bytes.len);
	check_lifetimes(k);
	k->busy = true;
	k->events->data(k->ctx, (struct slice){ copy, bytes.len });
	k->busy = false;
	free(copy);
}

static void
deliver_queue(struct sim_call *k)
{
	while (k->queue != NULL && !k->paused && !k->busy) {
		struct piece *piece = k->queue;

		k->queue = piece->next;
		call_deliver(k, (struct slice){ piece->data, piece->len });
		free(piece->data);
		free(piece);
	}
}

/* As with libcurl, what was kept is delivered in here. */
void
call_resume(struct call *call)
{
	call->sim->paused = false;
	deliver_queue(call->sim);
}

void
sim_settle(void)
{
	for (struct sim_call *k = sim->calls; k != NULL; k = k->next) {
		deliver_queue(k);
		if (k->over || k->queue != NULL || !k->end_due)
			continue;
		call_over(k);
		k->events->end(k->ctx, k->result);
	}
	while (sim->poked) {
		sim->poked = false;
		sim->on_poke((struct loop *)sim);
	}
}

bool
sim_may_answer(const struct sim_call *k)
{
	return k != NULL && !k->over && !k->end_due;
}

static bool
check_answer(const struct sim_call *k)
{
	if (!sim_may_answer(k)) {
		sim_break("the test answers a call that is over");
		return false;
	}
	return true;
}

void
sim_head(struct sim_call *k, int status, const char *lines)
{
	struct header_lines head;

	if (!check_answer(k))
		return;
	check_lifetimes(k);
	k->headed = true;
	k->body_sent = !k->body_held;
	buf_init(&head.text, SIZE_MAX / 4);
	buf_adds(&head.text, lines);
	k->events->head(k->ctx, status, &head);
	buf_release(&head.text);
	sim_settle();
}

void
sim_bytes(struct sim_call *k, struct slice bytes)
{
	if (!check_answer(k))
		return;
	if (!k->headed)
		sim_break("the test sends data before the head");
	if (k->paused) {
		struct piece *piece = xcalloc(1, sizeof(*piece)), **end = &k->queue;

		piece->data = xstrndup(bytes.ptr, bytes.len);
		piece->len = bytes.len;
		while (*end != NULL)
			end = &(*end)->next;
		*end = piece;
	} else {
		call_deliver(k, bytes);
	}
	sim_settle();
}

void
sim_pieces(struct sim_call *k, struct slice bytes, size_t size)
{
	while (bytes.len > 0 && sim_wanted(k)) {
		size_t len = size < bytes.len ? size : bytes.len;

		sim_bytes(k, (struct slice){ bytes.ptr, len });
		bytes = (struct slice){ bytes.ptr + len, bytes.len - len };
	}
}

void
sim_end(struct sim_call *k, enum netresult result)
{
	if (!check_answer(k))
		return;
	check_lifetimes(k);
	k->end_due = true;
	k->result = result;
	sim_settle();
}

void
sim_hold_body(struct sim_call *k)
{
	k->body_held = true;
}

void
sim_take_body(struct sim_call *k)
{
	k->body_held = false;
	k->body_sent = true;
}

void
sim_data(struct sim_call *k, const char *text)
{
	sim_bytes(k, slice_str(text));
}

void
sim_answer(struct sim_call *k, int status, const char *lines, const char *body)
{
	sim_head(k, status, lines);
	if (sim_wanted(k) && body[0] != '\0')
		sim_data(k, body);
	if (sim_wanted(k))
		sim_end(k, NET_OK);
}

void
sim_calls_release(void)
{
	while (sim->calls != NULL) {
		struct sim_call *k = sim->calls;

		if (!k->over) {
			sim_break("a call was neither ended nor cancelled");
			call_over(k);
		}
		sim->calls = k->next;
		free(k->method);
		free(k->url);
		free(k->key);
		free(k->proxy);
		buf_release(&k->lines);
		buf_release(&k->body);
		free(k);
	}
}
