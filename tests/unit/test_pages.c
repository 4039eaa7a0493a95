/* The status page: the right base URLs, the right words about keys, nothing that runs. */
#include "config.h"

#include "core/pages/pages.h"

#include "base/limits.h"
#include "tap.h"

static struct buf out;

static bool
shows(const char *text)
{
	return slice_find(buf_slice(&out), slice_str(text)) >= 0;
}

static void
render(struct status_page page)
{
	buf_reset(&out);
	status_page_render(&page, &out);
}

static void
test_urls(void)
{
	render((struct status_page){ .base_url = "https://ai.example.org/gemini",
	    .version = "1.2.3",
	    .key_count = 17,
	    .pool = true,
	    .uptime_s = 93784,
	    .active = 4 });
	ok(shows("<dd><code>https://ai.example.org/gemini/v1</code></dd>"), "OpenAI clients");
	ok(shows("<dd><code>https://ai.example.org/gemini</code></dd>"), "Gemini SDKs");
	ok(shows("curl https://ai.example.org/gemini/v1/chat/completions"), "a first call");
	ok(shows("<li><code>/v1/responses</code></li>") &&
		shows("<li><code>/v1/audio/transcriptions</code></li>") &&
		shows(":streamGenerateContent</code></li>"),
	    "the endpoints of both dialects");
	ok(shows("href=\"https://ai.example.org/gemini/verify\""), "a link to the key check");
	ok(shows("1.2.3") && shows("1 day 2 h 3 min") && shows("keys in the pool: 17") &&
		shows("under way: 4"),
	    "the state");
	ok(!shows("<script") && !shows("http-equiv") && !shows(" src="), "nothing runs or loads");
	ok(shows("lang=\"zh-CN\""), "a Chinese line under the headings");
	ok(shows("prefers-color-scheme:dark") && shows("width=device-width"),
	    "dark and small screens");
}

static void
test_keys(void)
{
	render((struct status_page){ .base_url = "", .version = "", .pool = true });
	ok(shows("access token") && !shows("aistudio"), "a pool wants a token");
	render((struct status_page){
	    .base_url = "", .version = "", .pool = true, .open_access = true });
	ok(shows("any text will do") && !shows("access token"), "an open one wants nothing");
	render((struct status_page){ .base_url = "", .version = "", .own_keys = true });
	ok(shows("Your own Gemini API keys") && !shows("in the pool"), "own keys");
	render(
	    (struct status_page){ .base_url = "", .version = "", .pool = true, .own_keys = true });
	ok(shows("access token") && shows("Or your own"), "both");
	render((struct status_page){ .base_url = "", .version = "" });
	ok(shows("No key is configured"), "neither");
	ok(shows("up for 0 min"), "just started");
}

static void
test_escapes(void)
{
	render((struct status_page){
	    .base_url = "http://a\"><script>alert(1)</script>", .version = "<b>" });
	ok(!shows("<script") && !shows("<b>") && !shows("a\">"), "a forged host stays text");
	ok(!out.failed, "the page fits");
}

int
main(void)
{
	buf_init(&out, 256 * KIB);
	test_urls();
	test_keys();
	test_escapes();
	buf_release(&out);
	return tap_done();
}
