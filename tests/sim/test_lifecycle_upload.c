/* Resumable uploads: they come back through the gateway, and to the key that began them. */
#include "config.h"

#include "sim.h"
#include "tap.h"
#include "texts.h"

#define UPLOAD "/upload/v1beta/files"
#define UPLOAD_URL \
	"https://generativelanguage.googleapis.com/upload/v1beta/" \
	"files?upload_id=A%2Bb&upload_protocol=resumable"
#define TAIL "/upload/v1beta/files?upload_id=A%2Bb&upload_protocol=resumable&gb_key="
#define START \
	"HTTP_X_GOOG_UPLOAD_PROTOCOL=resumable", "HTTP_X_GOOG_UPLOAD_COMMAND=start", \
	    "HTTP_X_GOOG_UPLOAD_HEADER_CONTENT_LENGTH=5", GOOGLE

static struct slice
upload_started(struct sim_client *c)
{
	sim_head(sim_last_call(), 200,
	    "X-Goog-Upload-URL: " UPLOAD_URL
	    "\r\nX-Goog-Upload-Status: active\r\nContent-Length: 0\r\n");
	sim_end(sim_last_call(), NET_OK);
	return sim_header(c, "x-goog-upload-url");
}

static void
test_url(void)
{
	static const struct {
		const char *what, *uri, *option, *want;
		const char *params[5];
	} rows[] = {
		{ "plain HTTP", UPLOAD, "MOUNT_PREFIX=", "http://gw.example:8080",
		    { "HTTP_HOST=gw.example:8080" } },
		{ "HTTPS", UPLOAD, "MOUNT_PREFIX=", "https://gw.example",
		    { "HTTP_HOST=gw.example", "HTTPS=on" } },
		{ "HTTPS=off", UPLOAD, "MOUNT_PREFIX=", "http://gw.example",
		    { "HTTP_HOST=gw.example", "HTTPS=off" } },
		{ "behind a proxy", UPLOAD, "MOUNT_PREFIX=", "https://out.example",
		    { "HTTP_HOST=gw.example", "HTTP_X_FORWARDED_PROTO=https",
			"HTTP_X_FORWARDED_HOST=out.example" } },
		{ "mounted", "/gemini" UPLOAD, "MOUNT_PREFIX=", "http://gw.example/gemini",
		    { "HTTP_HOST=gw.example" } },
		{ "mounted, configured", "/gemini" UPLOAD, "MOUNT_PREFIX=/gemini",
		    "http://gw.example/gemini", { "HTTP_HOST=gw.example" } },
		{ "mounted deep", "/a/b" UPLOAD, "MOUNT_PREFIX=", "http://gw.example/a/b",
		    { "HTTP_HOST=gw.example" } },
		{ "a public URL", "/gemini" UPLOAD, "PUBLIC_URL=https://public.example/x/",
		    "https://public.example/x", { "HTTP_HOST=gw.example" } },
		{ "a host that is none", UPLOAD, "MOUNT_PREFIX=", "http://localhost",
		    { "HTTP_HOST=a.example/<script>" } },
		{ "a forwarded host that is none", UPLOAD, "MOUNT_PREFIX=", "http://gw.example",
		    { "HTTP_HOST=gw.example", "HTTP_X_FORWARDED_HOST=a b" } },
		{ "no host", UPLOAD, "MOUNT_PREFIX=", "http://localhost", { NULL } },
	};
	struct sim_client *c;
	struct slice url;
	char want[300];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		SIM_OPEN(TWO_KEYS, rows[i].option);
		c = SIM_ASK(.uri = rows[i].uri,
		    .params = { START, rows[i].params[0], rows[i].params[1], rows[i].params[2] });
		is_str(sim_url(sim_call(0)), "https://generativelanguage.googleapis.com" UPLOAD,
		    rows[i].what);
		is_slice(sim_line(sim_call(0), "x-goog-upload-command"), "start", "the command");
		url = upload_started(c);
		snprintf(want, sizeof(want), "%s%s", rows[i].want, TAIL);
		ok(slice_starts(url, slice_str(want)), want);
		is_int(url.len, (long long)strlen(want) + 12, "with the name of a key");
		is_slice(sim_header(c, "x-goog-upload-status"), "active", "other headers stay");
		SIM_CLOSE();
	}
}

/* The path and query of the URL that the client was given. */
static const char *
local_part(struct slice url, char *text, size_t size)
{
	ptrdiff_t at = slice_find(url, SLICE("/upload"));

	snprintf(text, size, "%.*s", (int)(url.len - (size_t)at), url.ptr + at);
	return text;
}

static void
test_pinned(void)
{
	struct sim_client *c;
	const char *key;
	char uri[500];

	SIM_OPEN(THREE_KEYS);
	c = SIM_ASK(UNARY);
	sim_answer(sim_call(0), 200, SIM_JSON, ANSWER);
	c = SIM_ASK(.uri = UPLOAD, .params = { START, "HTTP_HOST=gw.example" });
	key = sim_key(sim_call(1));
	local_part(upload_started(c), uri, sizeof(uri));
	for (size_t i = 0; i < 4; i++) {
		c = SIM_ASK(.uri = uri,
		    .params = { GOOGLE, "HTTP_X_GOOG_UPLOAD_COMMAND=upload, finalize",
			"HTTP_X_GOOG_UPLOAD_OFFSET=0" },
		    .body = SLICE("hello"));
		is_str(sim_key(sim_last_call()), key, "its parts come with the same key");
		is_str(sim_url(sim_last_call()), UPLOAD_URL, "to Google's URL");
		is_slice(sim_sent(sim_last_call()), "hello", "with their bytes");
		sim_answer(sim_last_call(), 200, SIM_JSON "X-Goog-Upload-Status: final\r\n",
		    "{\"file\":{}}");
		is_slice(sim_body(c), "{\"file\":{}}", "and Google's answer");
	}
	/* No other key will do. */
	c = SIM_ASK(.uri = uri, .params = { GOOGLE }, .body = SLICE("hello"));
	sim_answer(sim_last_call(), 429, SIM_JSON, QUOTA_MINUTE);
	is_int(sim_calls(), 7, "no other key is tried");
	is_int(sim_status(c), 429, "the client is told");
	sim_pass(60000);
	/* The client may try the same piece again. */
	c = SIM_ASK(.uri = uri, .params = { GOOGLE }, .body = SLICE("hello"));
	sim_answer(sim_last_call(), 503, SIM_JSON, OVERLOADED);
	sim_pass(2000);
	is_str(sim_key(sim_last_call()), key, "the same key again");
	is_int(sim_calls(), 9, "in another call");
	sim_answer(sim_last_call(), 200, SIM_JSON, "{}");
	is_int(sim_status(c), 200, "served");
	/* A name that does not belong to a key of the server. */
	c = SIM_ASK(.uri = UPLOAD "?gb_key=000000000000&upload_id=A", .params = { GOOGLE });
	is_int(sim_status(c), 404, "a key that is not there any more");
	ok(sim_has(c, "\"code\":404") && sim_has(c, "start the upload again"), "and what to do");
	is_int(sim_calls(), 9, "no call");
	SIM_CLOSE();
}

static void
test_own_key(void)
{
	static const char own[] = "HTTP_X_GOOG_API_KEY=own-key-number-1, own-key-number-2";
	struct sim_client *c;
	const char *key;
	char uri[500];

	SIM_OPEN("HEARTBEAT=10");
	c = SIM_ASK(.uri = UPLOAD "?key=ignored-because-of-the-header",
	    .params = { own, "HTTP_HOST=gw.example" });
	sim_answer(sim_call(0), 429, SIM_JSON, QUOTA_MINUTE);
	key = sim_key(sim_call(1));
	ok(slice_starts(slice_str(key), SLICE("own-key-number-")), "keys of the caller's own");
	ok(strcmp(key, sim_key(sim_call(0))) != 0, "one after the other");
	local_part(upload_started(c), uri, sizeof(uri));
	c = SIM_ASK(.uri = uri, .params = { own }, .body = SLICE("hello"));
	is_str(sim_key(sim_call(2)), key, "are kept as well");
	sim_answer(sim_call(2), 200, SIM_JSON, "{}");
	c = SIM_ASK(.uri = uri, .params = { "HTTP_X_GOOG_API_KEY=own-key-number-3" },
	    .body = SLICE("hello"));
	is_int(sim_status(c), 404, "another caller cannot go on with it");
	SIM_CLOSE();
}

/* Google's URL may hold the key that was used. */
static void
test_secret_in_url(void)
{
	struct sim_client *c;

	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(.uri = UPLOAD, .params = { START, "HTTP_HOST=gw.example" });
	sim_head(sim_call(0), 200,
	    "X-Goog-Upload-URL: https://generativelanguage.googleapis.com" UPLOAD "?key=" KEY_1
	    "&upload_id=A\r\nContent-Length: 0\r\n");
	sim_end(sim_call(0), NET_OK);
	ok(slice_starts(sim_header(c, "x-goog-upload-url"),
	       SLICE("http://gw.example" UPLOAD "?upload_id=A&gb_key=")),
	    "a key in the URL is taken out");
	SIM_CLOSE();
}

int
main(void)
{
	test_url();
	test_pinned();
	test_own_key();
	test_secret_in_url();
	return tap_done();
}
