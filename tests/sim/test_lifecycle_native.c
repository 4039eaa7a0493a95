/* The native API: bytes as they are in both directions, but for the server's keys. */
#include "config.h"

#include "base/limits.h"
#include "sim.h"
#include "tap.h"
#include "texts.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void
test_exact(void)
{
	static const char body[] = "{ \"contents\" :[ ],\"x\":1.0,\n\"unknown\":\"\\u00e9\"}";
	static const char answer[] = "{\n  \"candidates\": [],\n  " USAGE ",\"future\": 1.10 }\n";
	struct sim_client *c;
	struct sim_call *k;

	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(.uri = "/v1beta/models/" MODEL ":generateContent?x=%41&prettyPrint=false",
	    .params = { GOOGLE, "CONTENT_TYPE=application/json", "CONTENT_LENGTH=41",
		"HTTP_X_GOOG_API_CLIENT=genai-js/1", "HTTP_X_SERVER_TIMEOUT=60",
		"HTTP_USER_AGENT=me/1", "HTTP_ACCEPT_ENCODING=gzip",
		"HTTP_ORIGIN=https://a.example", "HTTP_HOST=gw.example",
		"HTTP_X_FORWARDED_FOR=10.0.0.1", "SERVER_NAME=x", "HTTP_X_EMPTY=" },
	    .body = SLICE(body));
	k = sim_call(0);
	is_str(sim_url(k),
	    "https://generativelanguage.googleapis.com/v1beta/models/" MODEL
	    ":generateContent?x=%41&prettyPrint=false",
	    "the URL upstream");
	is_slice(sim_sent(k), body, "the body, byte for byte");
	is_slice(sim_line(k, "content-type"), "application/json", "its type");
	is_slice(sim_line(k, "x-goog-api-client"), "genai-js/1", "a header");
	is_slice(sim_line(k, "x-server-timeout"), "60", "another one");
	is_slice(sim_line(k, "user-agent"), "me/1", "the client's name");
	ok(sim_line(k, "accept-encoding").ptr == NULL && sim_line(k, "origin").ptr == NULL &&
		sim_line(k, "host").ptr == NULL && sim_line(k, "x-forwarded-for").ptr == NULL &&
		sim_line(k, "content-length").ptr == NULL && sim_line(k, "server-name").ptr == NULL,
	    "what stays here");
	sim_answer(k, 200,
	    SIM_JSON "Server-Timing: gfet4t7; dur=5\r\nX-Goog-Thing: 1\r\nSet-Cookie: a=b\r\n"
		     "Transfer-Encoding: chunked\r\nServer: scaffolding\r\nAlt-Svc: h3\r\n"
		     "Access-Control-Allow-Origin: x\r\nVary: Origin\r\n",
	    answer);
	is_int(sim_status(c), 200, "the status");
	is_slice(sim_body(c), answer, "the answer, byte for byte");
	is_slice(sim_header(c, "Content-Type"), "application/json; charset=UTF-8", "its type");
	is_slice(sim_header(c, "server-timing"), "gfet4t7; dur=5", "a header of Google");
	is_slice(sim_header(c, "x-goog-thing"), "1", "another one");
	ok(sim_header(c, "set-cookie").ptr == NULL && sim_header(c, "server").ptr == NULL &&
		sim_header(c, "transfer-encoding").ptr == NULL &&
		sim_header(c, "alt-svc").ptr == NULL,
	    "what stays here");
	is_slice(sim_header(c, "access-control-allow-origin"), "*", "CORS is the gateway's");
	is_str(sim_log(c, "route"), "native", "logged: the route");
	is_str(sim_log(c, "model"), MODEL, "logged: the model");
	is_int(sim_log_int(c, "prompt_tokens"), 3, "logged: tokens in");
	is_int(sim_log_int(c, "completion_tokens"), 5, "logged: tokens out");
	SIM_CLOSE();
}

static void
test_methods(void)
{
	static const char *const methods[] = { "GET", "PUT", "PATCH", "DELETE", "POST", "HEAD" };
	struct sim_client *c;

	SIM_OPEN(ONE_KEY);
	for (size_t i = 0; i < COUNT(methods); i++) {
		c = SIM_ASK(.method = methods[i], .uri = "/v1beta/cachedContents/x",
		    .params = { GOOGLE });
		is_str(sim_method(sim_call(i)), methods[i], methods[i]);
		sim_head(sim_call(i), 200, "Content-Length: 0\r\n");
		sim_end(sim_call(i), NET_OK);
		is_int(sim_status(c), 200, "the status");
		is_int(sim_body(c).len, 0, "no body");
	}
	c = SIM_ASK(.method = "HEAD", .uri = "/v1beta/files/x", .params = { GOOGLE });
	sim_head(sim_last_call(), 200, SIM_JSON "Content-Length: 1234\r\n");
	sim_end(sim_last_call(), NET_OK);
	is_slice(sim_header(c, "Content-Length"), "1234", "HEAD: the length of what is not sent");
	c = SIM_ASK(.method = "GET", .uri = "/v1beta/files/x:download?alt=media",
	    .params = { GOOGLE });
	sim_head(sim_last_call(), 206, "Content-Type: video/mp4\r\nContent-Range: bytes 0-1/2\r\n");
	sim_bytes(sim_last_call(), SLICE("\0\xFF"));
	sim_end(sim_last_call(), NET_OK);
	is_int(sim_status(c), 206, "other statuses");
	ok(slice_eq(sim_body(c), SLICE("\0\xFF")), "any bytes");
	is_slice(sim_header(c, "content-range"), "bytes 0-1/2", "and their headers");
	SIM_CLOSE();
}

/* Any split: each piece passes at once, all of them make the same bytes. */
/* What an item holds is not read as a route, nor as the name of a model. */
static void
test_inside(void)
{
	static const struct {
		const char *method, *uri;
	} rows[] = {
		{ "POST", "/v1beta/decisions" },
		{ "GET", "/v1beta/environments/e/files/p/chat/completions" },
		{ "PUT",
		    "/upload/v1beta/environments/e/files/v1/models/" MODEL ":generateContent" },
		{ "POST", "/v1beta/triggers/t/executions" },
	};
	struct sim_client *c;
	char text[200];

	SIM_OPEN(ONE_KEY);
	for (size_t i = 0; i < COUNT(rows); i++) {
		c = SIM_ASK(.method = rows[i].method, .uri = rows[i].uri, .params = { BEARER },
		    .body = SLICE("{ \"model\":\"gemini-decision-1\"}"));
		snprintf(
		    text, sizeof(text), "https://generativelanguage.googleapis.com%s", rows[i].uri);
		is_str(sim_url(sim_call(i)), text, rows[i].uri);
		is_slice(sim_sent(sim_call(i)), "{ \"model\":\"gemini-decision-1\"}",
		    "the body, byte for byte");
		sim_answer(sim_call(i), 200, SIM_JSON, "{\"answer\": 1.0}");
		is_slice(sim_body(c), "{\"answer\": 1.0}", "and the answer");
		is_str(sim_log(c, "route"), "native", "logged: the route");
		is_str(sim_log(c, "model"), "", "logged: no model");
	}
	SIM_CLOSE();
}

static bool
ends_event(struct slice text)
{
	return text.len == 0 || slice_ends(text, SLICE("\n\n")) ||
	       slice_ends(text, SLICE("\r\n\r\n"));
}

static void
test_splits(void)
{
	static const char sse[] = EVENT("A\xC3\xA9") ": note\n\n" EVENT("B") LAST_EVENT;
	static const char array[] = "[" ANSWER "\n,\r\n" ANSWER "]";
	static const struct {
		const char *uri;
		struct slice text;
		const char *type, *what;
	} rows[] = {
		{ GENERATE_STREAM, { sse, sizeof(sse) - 1 }, SIM_SSE, "events, in any split" },
		{ "/v1beta/models/" MODEL ":streamGenerateContent", { array, sizeof(array) - 1 },
		    SIM_JSON, "an array, in any split" },
	};

	for (size_t row = 0; row < COUNT(rows); row++) {
		struct slice text = rows[row].text;
		size_t wrong = 0;

		for (size_t size = 1; size < text.len; size += size < 20 ? 1 : 37) {
			struct sim_client *c;
			size_t at = 0;

			SIM_OPEN(ONE_KEY);
			c = SIM_ASK(.uri = rows[row].uri, .params = { GOOGLE }, .body = CONTENTS);
			sim_head(sim_call(0), 200, rows[row].type);
			for (; at < text.len; at += size) {
				struct slice piece = { text.ptr + at,
					size < text.len - at ? size : text.len - at };

				sim_bytes(sim_call(0), piece);
				wrong += !slice_starts(text, sim_body(c));
				/* The first ones wait until they tell content from an error, a `p`
				 * may begin a key, and of events only whole ones go out. */
				wrong += row > 0 && at > 20 && sim_body(c).len + 1 < at + piece.len;
				wrong += row == 0 && !ends_event(sim_body(c));
			}
			sim_end(sim_call(0), NET_OK);
			wrong += !slice_eq(sim_body(c), text);
			wrong += !slice_eq(sim_header(c, "X-Accel-Buffering"), SLICE("no"));
			wrong += sim_log_int(c, "completion_tokens") != 5;
			wrong += sim_close()[0] != '\0';
		}
		is_int(wrong, 0, rows[row].what);
	}
}

static void
test_errors_pass(void)
{
	static const struct {
		int status;
		const char *body;
	} rows[] = {
		{ 400, BAD_FIELD },
		{ 404, "{\n  \"error\": {\n    \"code\": 404,\n    \"message\": \"models/x is not "
		       "found\",\n"
		       "    \"status\": \"NOT_FOUND\"\n  }\n}\n" },
		{ 416, "<html>Range</html>" },
		{ 400, "" },
	};
	struct sim_client *c;
	uint64_t seconds;

	SIM_OPEN(TWO_KEYS);
	for (size_t i = 0; i < COUNT(rows) * 2; i++) {
		size_t row = i % COUNT(rows);

		c = i < COUNT(rows) ? SIM_ASK(NATIVE) : SIM_ASK(NATIVE_STREAM);
		sim_answer(
		    sim_call(i), rows[row].status, SIM_JSON "X-Goog-Thing: 1\r\n", rows[row].body);
		is_int(sim_status(c), rows[row].status, "Google's status");
		is_slice(sim_body(c), rows[row].body, "Google's words");
		is_slice(sim_header(c, "x-goog-thing"), "1", "Google's headers");
	}
	is_int(sim_calls(), 2 * COUNT(rows), "one call each");
	/* All keys fail: Google's last answer is passed on. */
	c = SIM_ASK(NATIVE);
	sim_answer(sim_last_call(), 429, SIM_JSON, QUOTA_MINUTE);
	sim_answer(sim_last_call(), 429, SIM_JSON, QUOTA_MINUTE);
	is_int(sim_status(c), 429, "all keys are limited");
	is_slice(sim_body(c), QUOTA_MINUTE, "Google's words");
	ok(slice_u64(sim_header(c, "Retry-After"), &seconds) && seconds >= 27 && seconds <= 30,
	    "when to come back");
	SIM_CLOSE();
	SIM_OPEN(TWO_KEYS, "WAIT_MAX=0");
	c = SIM_ASK(NATIVE);
	sim_answer(sim_last_call(), 429, SIM_JSON "Retry-After: 7\r\n", EXHAUSTED);
	sim_answer(sim_last_call(), 429, SIM_JSON "Retry-After: 7\r\n", EXHAUSTED);
	is_slice(sim_header(c, "Retry-After"), "7", "as Google says it");
	SIM_CLOSE();
}

/* The server's key is not shown. */
static void
test_key_fault(void)
{
	struct sim_client *c;

	for (int stream = 0; stream < 2; stream++) {
		SIM_OPEN(ONE_KEY);
		c = stream ? SIM_ASK(NATIVE_STREAM) : SIM_ASK(NATIVE);
		sim_answer(sim_last_call(), 400, SIM_JSON, KEY_INVALID);
		is_int(sim_status(c), 502, "the server's key is refused");
		ok(slice_starts(sim_body(c), SLICE("{\"error\":{\"code\":502,\"message\":\"")),
		    "Google's shape");
		ok(sim_has(c, "\"status\":\"UNAVAILABLE\""), "with a word of Google's");
		SIM_CLOSE();
	}
	SIM_OPEN("HEARTBEAT=10");
	c = SIM_ASK(.uri = GENERATE, .params = { "HTTP_X_GOOG_API_KEY=own-key-number-1" },
	    .body = CONTENTS);
	sim_answer(sim_call(0), 400, SIM_JSON, KEY_INVALID);
	is_int(sim_status(c), 400, "the caller's key is refused");
	is_slice(sim_body(c), KEY_INVALID, "in Google's words");
	SIM_CLOSE();
}

/* An error that is larger than what is looked at still arrives as one that can be read. */
static void
test_large_error(void)
{
	static char body[2 * ERROR_BODY_MAX];
	struct sim_client *c;

	memset(body, ' ', sizeof(body));
	memcpy(body, "<html>", 6);
	for (size_t piece = 1000; piece < sizeof(body) * 2; piece *= 10) {
		SIM_OPEN(ONE_KEY);
		c = SIM_ASK(NATIVE);
		sim_head(sim_call(0), 400, "Content-Type: text/html\r\n");
		sim_pieces(sim_call(0), (struct slice){ body, sizeof(body) }, piece);
		if (sim_wanted(sim_call(0)))
			sim_end(sim_call(0), NET_OK);
		is_int(sim_status(c), 400, "a large error");
		ok(slice_eq(sim_body(c), (struct slice){ body, sizeof(body) }) ||
			sim_has(c, "{\"error\":{\"code\":400"),
		    "whole, or told by the gateway");
		SIM_CLOSE();
	}
}

/* ---- the key in what Google says ---- */

static void
test_scrub_errors(void)
{
	static const char echo[] =
	    GOOGLE_ERROR(400, "INVALID_ARGUMENT", "Bad thing for api_key:" KEY_2, "");
	struct sim_client *c;

	for (int native = 0; native < 2; native++) {
		SIM_OPEN(TWO_KEYS);
		c = native ? SIM_ASK(NATIVE) : SIM_ASK(UNARY);
		sim_answer(sim_call(0), 400, SIM_JSON, echo);
		is_int(sim_status(c), 400,
		    native ? "native: an error with a key" : "chat: an error with a key");
		ok(sim_has(c, "api_key:*****************"), "is hidden");
		/* The rest is in the rules: no secret of the server reaches a client or the log. */
		SIM_CLOSE();
	}
	/* The caller's own. */
	SIM_OPEN("HEARTBEAT=10");
	c = SIM_ASK(.params = { "HTTP_AUTHORIZATION=Bearer own-key-number-1" }, .body = CHAT_UNARY);
	sim_answer(sim_call(0), 400, SIM_JSON,
	    GOOGLE_ERROR(400, "INVALID_ARGUMENT", "Bad thing for own-key-number-1", ""));
	ok(!sim_has(c, "own-key-number-1"), "a key of the caller's own");
	SIM_CLOSE();
}

static void
test_scrub_answers(void)
{
	static const char answer[] =
	    "{\"a\":\"" KEY_1 "\",\"b\":\"x" KEY_2 KEY_1 "y\",\"c\":\"pool-key\"}";
	static const char want[] = "{\"a\":\"*****************\",\"b\":\"x"
				   "**********************************y\",\"c\":\"pool-key\"}";
	static const char events[] = "data: " KEY_1 "\n\ndata: pool-key-number\n\n";
	static const char events_want[] = "data: *****************\n\ndata: pool-key-number\n\n";
	struct sim_client *c;
	size_t wrong = 0;

	for (size_t size = 1; size < sizeof(answer); size++) {
		SIM_OPEN(TWO_KEYS);
		c = SIM_ASK(NATIVE);
		sim_head(sim_call(0), 200, SIM_JSON);
		sim_pieces(sim_call(0), SLICE(answer), size);
		sim_end(sim_call(0), NET_OK);
		wrong += !slice_eq(sim_body(c), SLICE(want));
		wrong += sim_close()[0] != '\0';
	}
	is_int(wrong, 0, "keys in an answer, at every split");
	wrong = 0;
	for (size_t size = 1; size < sizeof(events); size++) {
		SIM_OPEN(TWO_KEYS);
		c = SIM_ASK(NATIVE_STREAM);
		sim_head(sim_call(0), 200, SIM_SSE);
		sim_pieces(sim_call(0), SLICE(events), size);
		sim_end(sim_call(0), NET_OK);
		wrong += !slice_eq(sim_body(c), SLICE(events_want));
		wrong += sim_close()[0] != '\0';
	}
	is_int(wrong, 0, "keys in a stream, at every split");
	/* Translated answers. */
	SIM_OPEN(TWO_KEYS);
	c = SIM_ASK(STREAM);
	sim_head(sim_call(0), 200, SIM_SSE);
	sim_data(sim_call(0), EVENT("it is " KEY_2));
	sim_data(sim_call(0), LAST_EVENT);
	sim_end(sim_call(0), NET_OK);
	ok(sim_has(c, "it is ***") && !sim_has(c, KEY_2), "a key in a translated stream");
	c = SIM_ASK(UNARY);
	sim_answer(sim_call(1), 200, SIM_JSON,
	    "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"it is " KEY_2
	    "\"}]},\"finishReason\":\"STOP\"}]}");
	ok(sim_has(c, "it is ***") && !sim_has(c, KEY_2), "a key in a translated answer");
	/* Headers. */
	c = SIM_ASK(NATIVE);
	sim_answer(sim_call(2), 200, SIM_JSON "X-Goog-Thing: key " KEY_1 "\r\n", ANSWER);
	is_slice(sim_header(c, "x-goog-thing"), "key *****************", "a key in a header");
	SIM_CLOSE();
}

/* A tail that could begin a key is not kept back for long. */
static void
test_scrub_delay(void)
{
	struct sim_client *c;

	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(NATIVE_STREAM);
	sim_head(sim_call(0), 200, SIM_SSE);
	sim_data(sim_call(0), EVENT("Hello"));
	is_slice(sim_body(c), EVENT("Hello"), "an event passes whole, at once");
	sim_data(sim_call(0), "data: pool-key-num");
	sim_end(sim_call(0), NET_OK);
	ok(slice_ends(sim_body(c), SLICE("data: pool-key-num")),
	    "the end brings what was kept back");
	SIM_CLOSE();
}

/* ---- ends ---- */

static void
test_cuts(void)
{
	struct sim_client *c;

	/* A document is held until it is whole. */
	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(NATIVE);
	for (size_t i = 0; i <= SERVER_FAULT_TRIES; i++) {
		sim_head(sim_call(i), 200, SIM_JSON "Content-Length: 100\r\n");
		sim_data(sim_call(i), "{\"candi");
		sim_end(sim_call(i), NET_CUT);
		sim_pass(4 * BACKOFF_BASE_MS);
	}
	is_int(sim_calls(), SERVER_FAULT_TRIES + 1, "a cut answer is fetched again");
	is_int(sim_status(c), 502, "and is never passed off as whole");
	is_str(sim_log(c, "class"), "net_cut", "logged: why");
	SIM_CLOSE();
	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(NATIVE);
	sim_head(sim_call(0), 200, SIM_JSON);
	sim_data(sim_call(0), ANSWER);
	sim_end(sim_call(0), NET_CUT);
	is_int(sim_status(c), 200, "a document that is whole lacks nothing");
	is_slice(sim_body(c), ANSWER, "all of it");
	is_slice(sim_header(c, "Content-Length"), "205", "with its length");
	is_int(sim_calls(), 1, "nothing is paid twice");
	SIM_CLOSE();
	/* An answer that is not a document passes as it comes, with the upstream's length. */
	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(.uri = "/v1beta/files/a:download?alt=media", .method = "GET",
	    .params = { GOOGLE });
	sim_head(sim_call(0), 200, "Content-Type: video/mp4\r\nContent-Length: 100\r\n");
	sim_data(sim_call(0), "moov");
	is_slice(sim_body(c), "moov", "a download goes out at once");
	is_slice(sim_header(c, "Content-Length"), "100", "with its length");
	sim_end(sim_call(0), NET_CUT);
	is_int(sim_state(c), SIM_DROPPED, "and is cut for the client where it is cut");
	SIM_CLOSE();
	/* No byte of the body was passed on yet: it is fetched again. */
	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(NATIVE);
	sim_head(sim_call(0), 200, SIM_JSON);
	sim_end(sim_call(0), NET_CUT);
	sim_pass(2000);
	is_int(sim_calls(), 2, "cut before the first byte: another call");
	sim_answer(sim_call(1), 200, SIM_JSON, ANSWER);
	is_int(sim_status(c), 200, "which serves");
	is_slice(sim_body(c), ANSWER, "whole");
	SIM_CLOSE();
	/* In the middle of an event, which does not go out. */
	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(NATIVE_STREAM);
	sim_head(sim_call(0), 200, SIM_SSE);
	sim_data(sim_call(0), EVENT("Hello") "data: {\"candi");
	sim_end(sim_call(0), NET_CUT);
	is_int(sim_state(c), SIM_ENDED, "a cut stream is ended");
	ok(slice_starts(sim_body(c), SLICE(EVENT("Hello") "data: {\"error\":{\"code\":502,")),
	    "by an error event behind the last whole one");
	is_str(sim_log(c, "class"), "net_cut", "logged: the class");
	SIM_CLOSE();
	/* A cut behind the last event does no harm. */
	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(NATIVE_STREAM);
	sim_head(sim_call(0), 200, SIM_SSE "Content-Length: 4000\r\n");
	sim_data(sim_call(0), EVENT("Hello") LAST_EVENT);
	sim_end(sim_call(0), NET_CUT);
	is_slice(sim_body(c), EVENT("Hello") LAST_EVENT, "a cut behind the end is none");
	is_slice(sim_header(c, "Content-Length"), "", "a stream promises no length");
	SIM_CLOSE();
}

int
main(void)
{
	test_exact();
	test_methods();
	test_inside();
	test_splits();
	test_errors_pass();
	test_key_fault();
	test_large_error();
	test_scrub_errors();
	test_scrub_answers();
	test_scrub_delay();
	test_cuts();
	return tap_done();
}
