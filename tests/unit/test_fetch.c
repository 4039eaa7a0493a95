/* fetch.c against a server that misbehaves: answers, bounds, URLs, addresses, redirects. */
#include "config.h"

#include "fetch_rig.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "fetch_server.h"
#include "tap.h"

/* ---- answers ---- */

static void
test_answers(void)
{
	static const struct {
		const char *path;
		enum fetch_result result;
		int status;
		const char *body;
	} rows[] = {
		{ "/ok", FETCH_OK, 200, "hello" },
		{ "/old", FETCH_OK, 200, "to the end" },
		{ "/chunked", FETCH_OK, 200, "abcde" },
		{ "/early", FETCH_OK, 200, "early" },
		{ "/empty", FETCH_OK, 200, "" },
		{ "/identity", FETCH_OK, 200, "id" },
		{ "/gzip", FETCH_CODED, 200, "" },
		{ "/404", FETCH_STATUS, 404, "" },
		{ "/304", FETCH_STATUS, 304, "" },
		{ "/302", FETCH_STATUS, 302, "" },
		{ "/302-empty", FETCH_STATUS, 302, "" },
		{ "/401", FETCH_STATUS, 401, "" },
		{ "/huge", FETCH_TOO_LARGE, 200, "" },
		{ "/endless", FETCH_TOO_LARGE, 200, "" },
		{ "/chunks", FETCH_TOO_LARGE, 200, "" },
		{ "/endless-302", FETCH_TOO_LARGE, 302, "" },
		{ "/heads", FETCH_CUT, 200, "" },
		{ "/hints", FETCH_CUT, 103, "" },
		{ "/cut", FETCH_CUT, 200, "" },
		{ "/cut-head", FETCH_CUT, 200, "" },
		{ "/none", FETCH_CUT, 0, "" },
		{ "/09", FETCH_CUT, 0, "" },
		{ "/loop", FETCH_REDIRECTS, 302, "" },
		{ "/hops/5", FETCH_OK, 200, "end" },
		{ "/hops/6", FETCH_REDIRECTS, 307, "" },
		{ "https://127.0.0.1:%p/ok", FETCH_TLS, 0, "" },
		{ "http://127.0.0.1:1025/", FETCH_CONNECT, 0, "" },
		{ "http://none.test:%p/ok", FETCH_RESOLVE, 0, "" },
		{ " HTTP://127.0.0.1:%p/ok\n", FETCH_OK, 200, "hello" },
		{ "/to?/ok", FETCH_OK, 200, "hello" },
		{ "/to?http://good.test:%q/ok", FETCH_OK, 200, "hello" },
	};
	struct job job = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		is_str(
		    fetch_word(get(&job, rows[i].path)), fetch_word(rows[i].result), rows[i].path);
		is_int(job.status, rows[i].status, "the status");
		is_slice(buf_slice(&job.body), rows[i].body, "the body");
	}
	get(&job, "/ok");
	is_str(job.type, "image/png", "the type");
	is_int(fetcher->active + fetcher->queued, 0, "nothing is left");
	buf_release(&job.body);
}

static void
test_ceiling(void)
{
	struct fetch_limits tight = limits();
	struct job job = { 0 };

	tight.max_bytes = 5;
	is_int(get_limited(&job, &tight, "/ok"), FETCH_OK, "exactly as much as is allowed");
	is_int(get_limited(&job, &tight, "/chunked"), FETCH_OK, "the same in chunks");
	tight.max_bytes = 4;
	is_int(get_limited(&job, &tight, "/ok"), FETCH_TOO_LARGE, "announced to be more");
	is_int(get_limited(&job, &tight, "/chunked"), FETCH_TOO_LARGE, "found to be more");
	tight.max_bytes = 0;
	is_int(get_limited(&job, &tight, "/empty"), FETCH_OK, "nothing");
	buf_release(&job.body);
}

/* ---- what is asked ---- */

static bool
has(const struct job *job, const char *text)
{
	return slice_find(buf_slice(&job->body), slice_str(text)) >= 0;
}

static void
test_request(void)
{
	static const char *const never[] = {
		"Accept-Encoding:", "Cookie:", "Referer:", "Authorization:", "Proxy-"
	};
	struct job job = { 0 };
	unsigned before;

	is_int(get(&job, "/to?/echo"), FETCH_OK, "behind a redirect that sets a cookie");
	ok(has(&job, "GET /echo HTTP/1.1\r\n"), "the request line");
	ok(has(&job, "\r\nUser-Agent: gemini-balance\r\n"), "our name");
	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		ok(!has(&job, never[i]), never[i]);
	get(&job, "/echo/a b/\xC3\xA9?c d=%41#fragment");
	ok(has(&job, "GET /echo/a%20b/%c3%a9?c") && has(&job, "d=%41 HTTP/1.1\r\n"),
	    "unwise bytes are encoded, others stay, the fragment is not sent");
	before = server_connections();
	get(&job, "/ok");
	get(&job, "/ok");
	is_int(server_connections(), before + 2, "no connection is used twice");
	buf_release(&job.body);
}

static void
test_urls(void)
{
	static const char *const bad[] = { "", " ", "x", "127.0.0.1/ok", "http:", "http://",
		"https://:443/", "ftp://127.0.0.1/", "file:///etc/passwd",
		"file://127.0.0.1/etc/passwd", "gopher://127.0.0.1:%p/_x", "dict://127.0.0.1:%p/x",
		"ws://127.0.0.1:%p/", "data:,x", "gs://a/b", "javascript:1",
		"http://u@127.0.0.1:%p/", "http://u:p@127.0.0.1:%p/", "http://:p@127.0.0.1:%p/",
		"http://127.0.0.1:0/", "http://127.0.0.1:22/", "http://127.0.0.1:25/",
		"http://127.0.0.1:81/", "https://127.0.0.1:444/", "http://127.0.0.1:1023/",
		"http://127.0.0.1:65536/", "http://127.0.0.1:-80/", "http://127.0.0.1:80x/",
		"http://a b/", "http://[::1/", "http://[::1]x/", "http://127.0.0.1\r\nHost: x/",
		"http://127.0.0.1:%p/ok\r\nX: y", "http://127.0.0.1:%p/\x01" };
	unsigned before = server_connections();
	struct job job = { 0 };
	struct buf huge;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char *url = full_url(bad[i]);

		start(&job, bad[i]);
		ok(job.fetch == NULL && job.result == FETCH_URL,
		    strpbrk(url, "\r\n\x01") != NULL ? "control characters" : url);
		fetch_cancel(job.fetch);
		free(url);
	}
	buf_init(&huge, 2 * URL_MAX);
	buf_adds(&huge, "http://127.0.0.1/");
	while (huge.len <= URL_MAX)
		buf_addc(&huge, 'x');
	start(&job, huge.data);
	ok(job.fetch == NULL && job.result == FETCH_URL, "too long");
	buf_release(&huge);
	is_int(job.calls, 0, "no callback is called");
	is_int(server_connections(), before, "no connection is made");
}

/* ---- addresses ---- */

/* 127.0.0.1 is allowed; 127.0.0.2 is everything that is not. */
static void
test_addresses(void)
{
	static const struct {
		const char *url;
		enum fetch_result result;
	} rows[] = {
		{ "http://127.0.0.2:%p/ok", FETCH_ADDRESS },
		{ "http://127.2:%p/ok", FETCH_ADDRESS },
		{ "http://2130706434:%p/ok", FETCH_ADDRESS },
		{ "http://0x7f000002:%p/ok", FETCH_ADDRESS },
		{ "http://0177.0.0.2:%p/ok", FETCH_ADDRESS },
		{ "http://[::ffff:127.0.0.2]:%p/ok", FETCH_ADDRESS },
		{ "http://[::ffff:7f00:2]:%p/ok", FETCH_ADDRESS },
		{ "http://[::1]:%p/ok", FETCH_ADDRESS },
		{ "http://[fe80::1%%25lo]:%p/ok", FETCH_ADDRESS },
		{ "http://[64:ff9b::7f00:2]:%p/ok", FETCH_ADDRESS },
		{ "http://0:%p/ok", FETCH_ADDRESS },
		{ "http://0.0.0.0:%p/ok", FETCH_ADDRESS },
		{ "http://169.254.169.254/latest/meta-data/", FETCH_ADDRESS },
		{ "http://10.0.0.1:%p/ok", FETCH_ADDRESS },
		{ "http://inner.test:%p/ok", FETCH_ADDRESS },
		{ "https://inner.test:%p/ok", FETCH_ADDRESS },
		{ "/to?http://127.0.0.2:%p/ok", FETCH_ADDRESS },
		{ "/to?//127.0.0.2:%p/ok", FETCH_ADDRESS },
		{ "/to?http://inner.test:%p/ok", FETCH_ADDRESS },
		{ "/to?https://inner.test:%p/ok", FETCH_ADDRESS },
		{ "/to?http://127.0.0.1:%q/to?http://127.0.0.2:%p/ok", FETCH_ADDRESS },
		{ "/to?http://u:p@127.0.0.1:%p/ok", FETCH_URL },
		{ "/to?http://127.0.0.1:25/", FETCH_URL },
		{ "/to?ftp://127.0.0.1:%p/ok", FETCH_URL },
		{ "/to?file:///etc/passwd", FETCH_URL },
		{ "/to?gopher://127.0.0.1:%p/_x", FETCH_URL },
		{ "/to?http://", FETCH_URL },
		{ "http://good.test:%p/ok", FETCH_OK },
		{ "http://both.test:%p/ok", FETCH_OK },
		{ "http://127.1:%p/ok", FETCH_OK },
		{ "http://[::ffff:127.0.0.1]:%p/ok", FETCH_OK },
		{ "http://rebind.test:%p/to?http://rebind.test:%q/ok", FETCH_ADDRESS },
	};
	struct fetch_limits none = limits();
	struct job job = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		is_str(fetch_word(get(&job, rows[i].url)), fetch_word(rows[i].result), rows[i].url);
	is_int(server_inner(), 0, "no connection was made to the inside");
	none.allow = NULL;
	is_int(get_limited(&job, &none, "/ok"), FETCH_ADDRESS, "nothing is allowed");
	buf_release(&job.body);
}

int
main(void)
{
	if (!ok(rig_open(), "the server and the fetcher"))
		return tap_done();
	test_answers();
	test_ceiling();
	test_request();
	test_urls();
	test_addresses();
	ok(rig_close(), "nothing is left in the loop");
	rig_end();
	return tap_done();
}
