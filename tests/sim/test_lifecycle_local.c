/* What the gateway answers by itself: pages, health, CORS, preflight, URLs that do not exist. */
#include "config.h"

#include "sim.h"
#include "tap.h"
#include "texts.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void
test_health(void)
{
	static const char *const uris[] = { "/healthz", "/readyz", "/gemini/healthz" };
	struct sim_client *c;

	SIM_OPEN(ONE_KEY);
	for (size_t i = 0; i < COUNT(uris); i++) {
		c = SIM_ASK(.method = "GET", .uri = uris[i]);
		is_int(sim_status(c), 200, uris[i]);
		is_slice(sim_body(c), "{\"status\":\"ok\"}", "ok, without a token");
		is_slice(sim_header(c, "Cache-Control"), "no-store", "not to be kept");
	}
	c = SIM_ASK(.method = "HEAD", .uri = "/healthz");
	is_int(sim_status(c), 200, "HEAD");
	is_slice(sim_header(c, "Content-Length"), "15", "with the length");
	is_int(sim_body(c).len, 0, "without the body");
	is_str(sim_log(c, "route"), "healthz", "logged: the route");
	is_int(sim_calls(), 0, "no call");
	SIM_CLOSE();
}

static void
test_page(void)
{
	struct sim_client *c;

	SIM_OPEN(TWO_KEYS);
	c = SIM_ASK(.method = "GET", .uri = "/", .params = { "HTTP_HOST=gw.example", "HTTPS=on" });
	is_int(sim_status(c), 200, "the status page");
	is_slice(sim_header(c, "Content-Type"), "text/html; charset=utf-8", "is HTML");
	ok(sim_has(c, "https://gw.example/v1"), "shows the base URL");
	ok(sim_header(c, "Content-Security-Policy").ptr != NULL, "may load nothing");
	c = SIM_ASK(.method = "GET", .uri = "/gemini/",
	    .params = { "HTTP_HOST=gw.example", "MOUNT_PREFIX=/gemini" });
	is_int(sim_status(c), 200, "mounted");
	ok(sim_has(c, "http://gw.example/gemini/v1"), "with the mount point");
	c = SIM_ASK(.method = "GET", .uri = "/", .params = { "HTTP_HOST=a\"><script>" });
	ok(!sim_has(c, "<script>"), "a hostile host is not shown");
	SIM_CLOSE();
}

static void
test_cors(void)
{
	static const struct {
		const char *option, *origin, *allowed;
		bool vary;
	} rows[] = {
		{ "CORS_ORIGINS=*", "HTTP_ORIGIN=https://a.example", "*", false },
		{ "CORS_ORIGINS=*", "X=", "*", false },
		{ "CORS_ORIGINS=", "HTTP_ORIGIN=https://a.example", NULL, false },
		{ "CORS_ORIGINS=https://a.example, https://b.example",
		    "HTTP_ORIGIN=https://b.example", "https://b.example", true },
		{ "CORS_ORIGINS=https://a.example", "HTTP_ORIGIN=https://A.example",
		    "https://A.example", true },
		{ "CORS_ORIGINS=https://a.example", "HTTP_ORIGIN=https://a.example.evil", NULL,
		    true },
		{ "CORS_ORIGINS=https://a.example", "HTTP_ORIGIN=null", NULL, true },
		{ "CORS_ORIGINS=https://a.example", "X=", NULL, true },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sim_client *c[5];

		SIM_OPEN(ONE_KEY, rows[i].option);
		/* On every kind of answer. */
		c[0] = SIM_ASK(.params = { BEARER, rows[i].origin }, .body = CHAT_UNARY);
		sim_answer(sim_call(0), 200, SIM_JSON, ANSWER);
		c[1] = SIM_ASK(.params = { BEARER, rows[i].origin }, .body = CHAT_STREAM);
		sim_answer(sim_call(1), 200, SIM_SSE, EVENT("Hello") LAST_EVENT);
		c[2] = SIM_ASK(.uri = GENERATE, .params = { GOOGLE, rows[i].origin },
		    .body = CONTENTS);
		sim_answer(sim_call(2), 200, SIM_JSON, ANSWER);
		c[3] = SIM_ASK(.params = { rows[i].origin }, .body = CHAT_UNARY);
		c[4] = SIM_ASK(.method = "OPTIONS", .params = { rows[i].origin });
		for (size_t k = 0; k < COUNT(c); k++) {
			struct slice allowed = sim_header(c[k], "Access-Control-Allow-Origin");

			ok(rows[i].allowed == NULL ? allowed.ptr == NULL
						   : slice_eq(allowed, slice_str(rows[i].allowed)),
			    rows[i].option);
			ok((rows[i].allowed != NULL) ==
				slice_eq(
				    sim_header(c[k], "Access-Control-Expose-Headers"), SLICE("*")),
			    rows[i].origin);
			ok(rows[i].vary == slice_eq(sim_header(c[k], "Vary"), SLICE("Origin")),
			    "Vary");
		}
		SIM_CLOSE();
	}
}

static void
test_preflight(void)
{
	static const char *const uris[] = { "/v1/chat/completions", GENERATE, "/v1/models",
		"/nowhere", "/" };
	struct sim_client *c;

	SIM_OPEN(ONE_KEY);
	for (size_t i = 0; i < COUNT(uris); i++) {
		c = SIM_ASK(.method = "OPTIONS", .uri = uris[i],
		    .params = { "HTTP_ORIGIN=https://a.example",
			"HTTP_ACCESS_CONTROL_REQUEST_HEADERS=x-goog-api-key,x-stainless-os",
			"HTTP_ACCESS_CONTROL_REQUEST_METHOD=POST" });
		is_int(sim_status(c), 204, uris[i]);
		is_slice(sim_header(c, "Access-Control-Allow-Headers"),
		    "x-goog-api-key,x-stainless-os", "what was asked for");
		ok(slice_find(sim_header(c, "Access-Control-Allow-Methods"), SLICE("POST")) >= 0,
		    "methods");
		ok(sim_header(c, "Access-Control-Max-Age").len > 0, "to be kept");
		ok(sim_header(c, "Access-Control-Allow-Private-Network").ptr == NULL,
		    "nothing else");
		is_int(sim_body(c).len, 0, "no body");
	}
	c = SIM_ASK(.method = "OPTIONS",
	    .params = { "HTTP_ACCESS_CONTROL_REQUEST_PRIVATE_NETWORK=true" });
	is_slice(
	    sim_header(c, "Access-Control-Allow-Private-Network"), "true", "a private network");
	ok(sim_header(c, "Access-Control-Allow-Headers").ptr == NULL, "no header was asked for");
	c = SIM_ASK(.method = "OPTIONS",
	    .params = { "HTTP_ACCESS_CONTROL_REQUEST_HEADERS=a\r\nX-Injected: 1" });
	ok(sim_header(c, "X-Injected").ptr == NULL, "no line can be slipped in");
	is_str(sim_log(c, "route"), "preflight", "logged: the route");
	is_int(sim_calls(), 0, "no call");
	SIM_CLOSE();
}

/* 404 and 405 in the caller's dialect. */
static void
test_nowhere(void)
{
	static const struct {
		const char *method, *uri, *param;
		int status;
		bool google;
		const char *text;
	} rows[] = {
		{ "POST", "/v1/chat/completion", BEARER, 404, false, "/v1/chat/completions" },
		{ "POST", "/v1/moderations", BEARER, 404, false, "Moderations API" },
		{ "GET", "/v1/files", BEARER, 404, false, "/v1beta/files" },
		{ "GET", "/nowhere", BEARER, 404, false, "nothing at this URL" },
		{ "GET", "/v1/chat/completions", BEARER, 405, false, "POST" },
		{ "PUT", "/v1/models", BEARER, 405, false, "GET" },
		{ "DELETE", "/healthz", NULL, 405, false, "GET" },
		{ "TRACE", "/v1beta/models/x", GOOGLE, 405, true, "GET" },
		{ "POST", "/v1beta/../../x:y", GOOGLE, 400, true, "" },
		{ "POST", "/v1beta/models/%2e%2e/x", GOOGLE, 400, true, "" },
	};
	struct sim_client *c;

	SIM_OPEN(ONE_KEY);
	for (size_t i = 0; i < COUNT(rows); i++) {
		c = SIM_ASK(.method = rows[i].method, .uri = rows[i].uri,
		    .params = { rows[i].param });
		is_int(sim_status(c), rows[i].status, rows[i].uri);
		is_slice(sim_header(c, "Content-Type"), "application/json", "JSON");
		ok(sim_has(c, rows[i].google ? "\"status\":\"" : "\"param\":null"),
		    "the caller's dialect");
		ok(sim_has(c, rows[i].text), "says what would do");
		ok((rows[i].status == 405) == (sim_header(c, "Allow").ptr != NULL),
		    "Allow with 405");
		if (rows[i].status == 405)
			ok(slice_find(sim_header(c, "Allow"), slice_str(rows[i].text)) >= 0,
			    "that tells");
	}
	c = SIM_ASK(.method = "HEAD", .uri = "/nowhere");
	is_int(sim_status(c), 404, "HEAD");
	is_int(sim_body(c).len, 0, "without a body");
	ok(sim_header(c, "Content-Length").len > 0, "with its length");
	is_int(sim_calls(), 0, "no call");
	SIM_CLOSE();
}

/* The web server may leave out any parameter. */
static void
test_odd_params(void)
{
	struct sim_client *c;

	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(.method = "GET", .uri = "");
	is_int(sim_status(c), 200, "no path: the status page");
	c = SIM_ASK(.method = "GET", .uri = "http://gw.example/v1/models", .params = { BEARER });
	is_int(sim_calls(), 1, "an absolute URI");
	sim_answer(sim_call(0), 200, SIM_JSON, "{\"models\":[]}");
	is_int(sim_status(c), 200, "served");
	c = SIM_ASK(.method = "", .uri = "/v1/models", .params = { BEARER });
	is_int(sim_status(c), 405, "no method");
	SIM_CLOSE();
}

int
main(void)
{
	test_health();
	test_page();
	test_cors();
	test_preflight();
	test_nowhere();
	test_odd_params();
	return tap_done();
}
