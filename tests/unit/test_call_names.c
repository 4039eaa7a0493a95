/* A name server that is silent delays only the calls that need it. */
#include "config.h"

#include <stdio.h>
#include <unistd.h>

#include "fetch_server.h"
#include "tap.h"
#include "net/http/upstream_priv.h"

static uv_loop_t loop;
static uv_timer_t pulse; /* no turn waits longer */
static size_t ends;
static enum netresult result;

static void
on_head(void *ctx, int status, const struct header_lines *lines)
{
	(void)ctx;
	(void)status;
	(void)lines;
}

static void
on_data(void *ctx, struct slice bytes)
{
	(void)ctx;
	(void)bytes;
}

static void
on_end(void *ctx, enum netresult how)
{
	(void)ctx;
	ends++;
	result = how;
}

static void
beat(uv_timer_t *timer)
{
	(void)timer;
}

static struct call *
start(struct upstream *up, const char *host)
{
	static const struct call_events events = { on_head, on_data, on_end };
	static char *const lines[] = { NULL };
	char url[128];
	struct call_request request = {
		.method = "GET", .url = url, .headers = lines, .body_fd = -1
	};

	snprintf(url, sizeof(url), "http://%s:%u/ok", host, server_port(0));
	return call_start(up, &request, &events, NULL);
}

int
main(void)
{
	static const struct upstream_options options = { .connect_timeout_ms = 60000 };
	struct upstream *up;
	struct call *slow;

	/* A lookup that waits for the gate never ends. */
	alarm(60);
	if (!ok(upstream_global_init() == 0 && server_start(), "the server"))
		return tap_done();
	uv_loop_init(&loop);
	uv_timer_init(&loop, &pulse);
	uv_timer_start(&pulse, beat, 1, 1);
	up = upstream_new(&loop, &options);
	names_gate(false);
	slow = start(up, "slow.test");
	while (names_waiting() < 1)
		uv_run(&loop, UV_RUN_ONCE);
#if LIBCURL_VERSION_NUM < 0x075700
	names_gate(true);
#endif
	call_cancel(slow);
	ok(true, "a call is cancelled while its name is looked up");
	start(up, "good.test");
	while (ends == 0)
		uv_run(&loop, UV_RUN_ONCE);
	is_int(result, NET_OK, "others go on");
	names_gate(true);
	names_settle();
	start(up, "slow.test");
	while (ends == 1)
		uv_run(&loop, UV_RUN_ONCE);
	is_int(result, NET_OK, "and so does that name when it is known");
	upstream_close(up);
	uv_close((uv_handle_t *)&pulse, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	upstream_free(up);
	ok(uv_loop_close(&loop) == 0, "nothing is left in the loop");
	server_stop();
	upstream_global_release();
	return tap_done();
}
