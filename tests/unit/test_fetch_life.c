/* fetch.c in time: limits, slow names, many at once, cancelling at any moment, the end. */
#include "config.h"

#include "fetch_rig.h"

#include "base/limits.h"
#include "base/xalloc.h"
#include "fetch_server.h"
#include "tap.h"

/* ---- time ---- */

static void
test_time(void)
{
	static const char *const paths[] = { "/drip", "/hang", "/hang-body", "/to?/drip" };
	struct fetch_limits brief = limits();
	struct job job = { 0 }, busy[MEDIA_PARALLEL] = { 0 };

	brief.max_bytes = 1 * MIB;
	brief.total_ms = 300; /* the connection must be made in it, on a busy machine too */
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		is_int(get_limited(&job, &brief, paths[i]), FETCH_TIMEOUT, paths[i]);
	for (size_t i = 0; i < MEDIA_PARALLEL; i++)
		start(&busy[i], "/hang");
	is_int(get_limited(&job, &brief, "/ok"), FETCH_TIMEOUT, "no place became free in time");
	brief.total_ms = 0;
	is_int(get_limited(&job, &brief, "/ok"), FETCH_TIMEOUT, "no time at all");
	start(&job, "/ok");
	fetch_cancel(TAKE(busy[3].fetch));
	finish(&job);
	is_int(job.result, FETCH_OK, "the next one has the place of one that was cancelled");
	for (size_t i = 0; i < MEDIA_PARALLEL; i++)
		fetch_cancel(busy[i].fetch);
	is_int(fetcher->active, 0, "nothing is left");
	buf_release(&job.body);
}

/* A name server that does not answer. Nothing here waits for the gate but the last two lines. */
static void
test_names(void)
{
	struct fetch_limits brief = limits();
	struct job job = { 0 }, slow[MEDIA_PARALLEL] = { 0 };
	unsigned before = server_connections();

	names_gate(false);
	brief.connect_ms = 30;
	is_int(get_limited(&job, &brief, "http://slow.test:%p/ok"), FETCH_CONNECT, "no connection");
	brief = limits();
	brief.total_ms = 30;
	is_int(get_limited(&job, &brief, "http://slow.test:%p/ok"), FETCH_TIMEOUT, "no time");
	is_int(fetcher->active, 2, "both keep their places");
	for (size_t i = 2; i < MEDIA_PARALLEL; i++)
		start(&slow[i], i == 3 ? "/to?http://slow.test:%p/ok" : "http://slow.test:%p/ok");
	while (names_waiting() < MEDIA_PARALLEL)
		turn();
	before = server_connections();
	for (size_t i = 2; i < MEDIA_PARALLEL; i++)
		fetch_cancel(slow[i].fetch);
	is_int(fetcher->active, MEDIA_PARALLEL, "cancelled ones too");
	start(&job, "/ok");
	names_gate(true);
	finish(&job);
	is_int(job.result, FETCH_OK, "a place is free once a name is known");
	while (fetcher->active > 0)
		turn();
	is_int(server_connections(), before + 1, "cancelled fetches make no connection");
	for (size_t i = 0; i < MEDIA_PARALLEL; i++)
		is_int(slow[i].calls, 0, "and no callback is called");
	names_settle();
	buf_release(&job.body);
}

/* ---- many, and cancelling ---- */

static void
test_many(void)
{
	static struct job jobs[100], queue[MEDIA_QUEUE];
	struct job more = { 0 };
	unsigned good = 0;

	for (size_t i = 0; i < ARRAY_SIZE(jobs); i++)
		start(&jobs[i], i % 7 == 0 ? "/404" : "/later");
	for (size_t i = 0; i < ARRAY_SIZE(jobs); i++) {
		finish(&jobs[i]);
		good +=
		    jobs[i].calls == 1 && jobs[i].result == (i % 7 == 0 ? FETCH_STATUS : FETCH_OK);
		buf_release(&jobs[i].body);
	}
	is_int(good, ARRAY_SIZE(jobs), "each is called once");
	ok(server_peak() <= MEDIA_PARALLEL, "no more at the same time than allowed");
	for (size_t i = 0; i < MEDIA_QUEUE; i++)
		start(&queue[i], "/hang");
	start(&more, "/hang");
	ok(more.fetch == NULL && more.result == FETCH_BUSY, "the line is full");
	turn();
	start(&more, "/hang");
	ok(more.fetch != NULL, "some of it has begun");
	fetch_cancel(more.fetch);
	for (size_t i = MEDIA_QUEUE; i > 0; i--)
		fetch_cancel(queue[i - 1].fetch);
	is_int(fetcher->active + fetcher->queued, 0, "all are cancelled");
	fetch_cancel(NULL);
}

static struct job chain[4];

static void
cancel_others(struct job *job)
{
	for (size_t i = 0; i < ARRAY_SIZE(chain); i++)
		fetch_cancel(TAKE(chain[i].fetch));
	job->then = NULL;
	start(job, "/ok");
}

static void
test_in_handler(void)
{
	unsigned calls = 0;

	for (size_t i = 0; i < ARRAY_SIZE(chain); i++) {
		chain[i].then = cancel_others;
		start(&chain[i], "/ok");
	}
	for (bool open = true; open;) {
		turn();
		open = false;
		for (size_t i = 0; i < ARRAY_SIZE(chain); i++)
			open |= chain[i].fetch != NULL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(chain); i++) {
		calls += chain[i].calls;
		buf_release(&chain[i].body);
	}
	is_int(calls, 2, "one cancels the others and starts another");
}

static void
test_cancel_anywhere(void)
{
	static const char *const paths[] = { "/ok", "/drip", "/to?/hops/3", "/hang", "/404",
		"http://good.test:%p/to?http://slow.test:%q/ok", "http://both.test:%p/later",
		"https://127.0.0.1:%p/", "/endless-302" };
	struct job last = { 0 };
	unsigned wrong = 0;

	for (unsigned turns = 0; turns < 25; turns++) {
		struct job jobs[ARRAY_SIZE(paths)] = { 0 };

		for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
			start(&jobs[i], paths[i]);
		for (unsigned i = 0; i < turns; i++)
			turn();
		for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
			unsigned calls = jobs[i].calls;

			wrong += calls != (jobs[i].fetch == NULL);
			fetch_cancel(TAKE(jobs[i].fetch));
		}
		while (fetcher->active + fetcher->queued > 0)
			turn();
		for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
			wrong += jobs[i].calls > 1;
			buf_release(&jobs[i].body);
		}
		wrong += get(&last, "/ok") != FETCH_OK;
	}
	is_int(wrong, 0, "cancelled at any moment");
	buf_release(&last.body);
}

/* ---- the end ---- */

/* With transfers in every state, one of them at the resolver. */
static void
test_close(void)
{
	struct job jobs[MEDIA_PARALLEL + 4] = { 0 };

	names_gate(false);
	for (size_t i = 0; i < ARRAY_SIZE(jobs); i++)
		start(&jobs[i], i == 0 ? "http://new.slow.test:%q/ok" : "/hang");
	while (names_waiting() < 1)
		turn();
#if LIBCURL_VERSION_NUM < 0x075700
	names_gate(true);
#endif
	ok(rig_close(), "nothing is left in the loop");
	names_gate(true);
	names_settle();
}

int
main(void)
{
	if (!ok(rig_open(), "the server and the fetcher"))
		return tap_done();
	test_time();
	test_names();
	test_many();
	test_in_handler();
	test_cancel_anywhere();
	test_close();
	rig_end();
	return tap_done();
}
