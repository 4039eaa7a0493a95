/* app/request/media.c: wanted URLs become found references or one error. */
#include "config.h"

#include "app/request/media.h"

#include "sim/sim_fetch.h"
#include "tap.h"

static struct ext_refs refs;
static struct apierror error;
static struct media *media;
static int calls;
static bool failed;

static void
done(void *ctx, const struct apierror *err)
{
	ok(ctx == &refs, "the context");
	media = NULL;
	calls++;
	failed = err != NULL;
	if (failed)
		error = *err;
}

static const struct ref *
want(const char *url, const char *at)
{
	return ext_refs_get(&refs, REF_MEDIA, slice_str(url), at, &error);
}

static int
begin(uint64_t each, uint64_t total)
{
	const struct media_limits limits = { each, total, 2500, NULL };
	const struct media_order order = {
		.limits = &limits, .refs = &refs, .done = done, .ctx = &refs
	};

	calls = 0;
	failed = false;
	error = (struct apierror){ 0 };
	return media_fetch(&order, &media, &error);
}

static void
end(void)
{
	is_int(sim_fetches_open(), 0, "no fetch is left");
	sim_fetch_release();
	ext_refs_release(&refs);
}

static void
test_found(void)
{
	const struct ref *a, *b, *again;
	struct buf old;

	ext_refs_init(&refs);
	is_int(begin(10, 20), 0, "nothing to fetch");
	ok(media == NULL && calls == 0, "nothing to wait for");
	a = want("https://a.test/1.png", "messages[0].content[0].image_url.url");
	b = want("http://b.test/2", "messages[0].content[1].image_url.url");
	again = want("https://a.test/1.png", "messages[1].content[0].image_url.url");
	ext_refs_get(&refs, REF_SIGNATURE, SLICE("call_1"), "messages[1]", &error);
	ok(a == again, "the same URL is one reference");
	is_int(begin(10, 20), 0, "two URLs");
	ok(media != NULL, "to wait for");
	is_int(sim_fetches(), 2, "two fetches at once, none for a signature");
	is_str(sim_fetch_url(1), "http://b.test/2", "the URL");
	is_int(sim_fetch_limits(0)->max_bytes, 10, "the ceiling");
	is_int(sim_fetch_limits(0)->total_ms, 2500, "the time");
	is_int(sim_fetch_limits(0)->redirects_max, MEDIA_REDIRECTS, "the redirects");
	sim_fetch_give(1, "text/plain; charset=utf-8", SLICE("hello"));
	is_int(calls, 0, "one is here");
	sim_fetch_give(0, "image/png", SLICE("\x89PNG"));
	is_int(calls, 1, "both are here");
	ok(!failed, "without an error");
	ok(a->state == REF_FOUND && b->state == REF_FOUND, "found");
	is_slice(buf_slice(&b->value), "hello", "the bytes");
	is_str(b->mime, "text/plain", "the type without its parameters");
	is_str(a->mime, "image/png", "the type");
	is_int(refs.wanted, 1, "the signature is wanted still");
	sim_fetch_release();
	/* Another pass wants one more. */
	want("https://c.test/", "x");
	is_int(begin(100, 20), 0, "another");
	is_int(sim_fetch_limits(0)->max_bytes, 11, "what is here counts");
	buf_init(&old, 4);
	ext_refs_found(&refs, refs.list[2], &old);
	sim_fetch_give(0, "", SLICE("12345678901"));
	ok(calls == 1 && !failed, "as much as is left");
	end();
}

static void
test_types(void)
{
	static const struct {
		const char *url, *told;
		struct slice bytes;
		const char *want;
	} rows[] = {
		{ "http://x/a", "IMAGE/JPG", { "\xFF\xD8\xFF", 3 }, "image/jpeg" },
		{ "http://x/a", "image/png", { "\xFF\xD8\xFF", 3 }, "image/jpeg" },
		{ "http://x/a", "image/x-odd", { "?", 1 }, "image/x-odd" },
		{ "http://x/a", NULL, { "GIF89a", 6 }, "image/gif" },
		{ "http://x/a", "binary/octet-stream", { "%PDF-1.7", 8 }, "application/pdf" },
		{ "http://x/a", "not a type", { "%PDF-1.7", 8 }, "application/pdf" },
		{ "http://x/a", "text/plain", { "%PDF-1.7", 8 }, "text/plain" },
		{ "http://x/a", "text/plain", { "\x89PNG\r\n\x1A\n\0\0\0\r", 12 }, "image/png" },
		{ "http://x/a", "text/plain", { "12345678WAVES", 13 }, "text/plain" },
		{ "http://x/a", "audio/webm", { "\x1A\x45\xDF\xA3", 4 }, "audio/webm" },
		{ "http://x/a", "audio/L16;rate=24000", { "..", 2 }, "audio/l16;rate=24000" },
		{ "http://x/a.mp3?x=a.png#b.gif", NULL, { "..", 2 }, "audio/mp3" },
		{ "http://x/a.mp3", "video/mp4", { "..", 2 }, "video/mp4" },
		{ "http://x/a", NULL, { "..", 2 }, "application/octet-stream" },
		{ "http://x.test", "application/octet-stream", { "..", 2 },
		    "application/octet-stream" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ext_refs_init(&refs);
		want(rows[i].url, "x");
		begin(100, 100);
		sim_fetch_give(0, rows[i].told, rows[i].bytes);
		is_str(refs.list[0]->mime, rows[i].want, rows[i].want);
		end();
	}
}

#define AT "messages[1].content[2].image_url.url"

/* The second of three ends with that. */
static void
fails(enum fetch_result result, const char *text)
{
	ext_refs_init(&refs);
	want("https://a.test/", "messages[0]");
	want("https://b.test/secret", AT);
	want("https://c.test/", "messages[2]");
	begin(10, 20);
	sim_fetch_give(0, "image/png", SLICE("a"));
	sim_fetch_end(1, result, 404, "image/png", SLICE("not taken"));
	ok(calls == 1 && failed, fetch_word(result));
	is_str(error.param, AT, "the field");
	is_str(error.message, text, "the sentence");
	ok(strstr(error.message, "b.test") == NULL, "which tells nothing of the URL");
	is_int(error.status,
	    result == FETCH_BUSY    ? 503
	    : result == FETCH_LOCAL ? 500
				    : 400,
	    "the status");
	ok(refs.list[1]->state == REF_ABSENT && refs.list[2]->state == REF_ABSENT, "absent");
	is_str(refs.list[1]->err.message, text, "with the error");
	ok(refs.list[0]->state == REF_FOUND, "what was here stays");
	is_int(refs.wanted, 0, "nothing is wanted any more");
	ok(!sim_fetch_wanted(2), "the third is given up");
	end();
}

static void
test_errors(void)
{
	static const struct {
		enum fetch_result result;
		const char *text;
	} rows[] = {
		{ FETCH_URL,
		    "Invalid value for '" AT "': only http and https URLs without a user name "
		    "are fetched, from port 80, 443 or one above 1023." },
		{ FETCH_ADDRESS,
		    "Invalid value for '" AT "': the URL leads to an address that this "
		    "gateway does not fetch from." },
		{ FETCH_RESOLVE, "Invalid value for '" AT "': the host of the URL was not found." },
		{ FETCH_CONNECT,
		    "Invalid value for '" AT "': the server of the URL could not be reached." },
		{ FETCH_TLS,
		    "Invalid value for '" AT "': the server of the URL has no valid certificate." },
		{ FETCH_STATUS,
		    "Invalid value for '" AT "': the server of the URL answered with HTTP "
		    "status 404." },
		{ FETCH_REDIRECTS, "Invalid value for '" AT "': the URL redirects too often." },
		{ FETCH_TOO_LARGE, "Invalid value for '" AT
				   "': the file behind the URL is larger than 10 bytes." },
		{ FETCH_TIMEOUT,
		    "Invalid value for '" AT "': the file behind the URL did not arrive "
		    "within 2.5 seconds." },
		{ FETCH_CODED,
		    "Invalid value for '" AT "': the server of the URL sends it compressed, "
		    "without being asked to." },
		{ FETCH_CUT,
		    "Invalid value for '" AT "': the server of the URL broke off its answer." },
		{ FETCH_BUSY,
		    "The gateway fetches too many files at the moment to fetch '" AT "'." },
		{ FETCH_LOCAL, "The gateway could not fetch '" AT "'." },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		fails(rows[i].result, rows[i].text);
}

static void
test_bounds(void)
{
	ext_refs_init(&refs);
	want("https://a.test/", "a");
	want("https://b.test/", "b");
	want("https://c.test/", "c");
	begin(10, 20);
	sim_fetch_give(0, "", SLICE("1234567890"));
	sim_fetch_give(2, "", SLICE("123456789"));
	is_int(calls, 0, "19 of 20");
	sim_fetch_give(1, "", SLICE("12"));
	ok(calls == 1 && failed, "one too many");
	is_str(error.message,
	    "Invalid value for 'b': the files behind the URLs of this request are larger than 20 "
	    "bytes together.",
	    "the sentence");
	end();

	ext_refs_init(&refs);
	want("https://a.test/", "a");
	begin(10, 20);
	sim_fetch_give(0, "image/png", SLICE(""));
	ok(failed, "an empty file");
	is_str(error.message, "Invalid value for 'a': the file behind the URL is empty.",
	    "the sentence");
	end();
}

static void
test_refused(void)
{
	ext_refs_init(&refs);
	want("https://a.test/", "a");
	want("ftp://b.test/", "b");
	want("https://c.test/", "c");
	is_int(begin(10, 20), -1, "one URL is refused at once");
	ok(media == NULL && calls == 0, "done is not called");
	is_str(error.param, "b", "the field");
	ok(!sim_fetch_wanted(0) && sim_fetches() == 1, "the first is given up, the last not begun");
	is_int(refs.wanted, 0, "all are absent");
	end();

	ext_refs_init(&refs);
	want("https://a.test/", "a");
	want("https://b.test/", "b");
	sim_fetch_room(1);
	is_int(begin(10, 20), -1, "no room");
	is_int(error.status, 503, "come again");
	end();
}

static void
test_cancel(void)
{
	ext_refs_init(&refs);
	want("https://a.test/", "a");
	want("https://b.test/", "b");
	begin(10, 20);
	sim_fetch_give(0, "image/png", SLICE("a"));
	media_cancel(media);
	ok(!sim_fetch_wanted(1), "cancelled");
	is_int(calls, 0, "done is not called");
	is_int(refs.wanted, 1, "the reference stays wanted");
	media_cancel(NULL);
	end();
}

int
main(void)
{
	test_found();
	test_types();
	test_errors();
	test_bounds();
	test_refused();
	test_cancel();
	return tap_done();
}
