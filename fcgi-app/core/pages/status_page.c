/* The status page: what runs here and which base URL each kind of client wants. */
#include "config.h"

#include "core/pages/pages.h"

#include "base/xalloc.h"

/* clang-format off */
static const char style[] =
	":root{color-scheme:light dark;--line:#d8dce2;--soft:#5c6670;--box:#f5f6f8;--link:#0b57d0}"
	"@media(prefers-color-scheme:dark){"
	":root{--line:#3a4048;--soft:#a2abb5;--box:#1e2227;--link:#8ab4f8}}"
	"body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:0 auto;padding:1.5rem 1rem 3rem}"
	"h1{font-size:1.5rem;margin:0}"
	"h2{font-size:1.1rem;margin:2rem 0 0}"
	"p{margin:.4rem 0}"
	".zh{color:var(--soft);margin:0}"
	"ul{margin:.6rem 0;padding-left:1.2rem}dl{margin:.6rem 0}dt{margin-top:.8rem}dd{margin:.2rem 0 0}"
	"code,pre{font:14px/1.5 ui-monospace,monospace;background:var(--box);"
	"border:1px solid var(--line);border-radius:6px}"
	"code{padding:.1rem .35rem;overflow-wrap:anywhere}"
	"dd code{user-select:all}"
	"pre{padding:.7rem .8rem;overflow-x:auto}"
	"pre code{border:0;padding:0;background:none;overflow-wrap:normal}"
	"a{color:var(--link)}";

/* Which base URL a kind of client wants, by what it appends. */
static const struct {
	const char *clients, *tail;
} bases[] = {
	{ "OpenAI SDKs, and clients with an OpenAI compatible provider", "/v1" },
	{ "Clients that append <code>/v1</code> themselves",             "" },
	{ "Gemini SDKs, and clients with a Gemini provider",             "" },
};

/* What stands behind these base URLs. */
static const char *const endpoints[] = {
	"/v1/chat/completions", "/v1/responses", "/v1/completions", "/v1/embeddings",
	"/v1/images/generations", "/v1/images/edits", "/v1/audio/speech",
	"/v1/audio/transcriptions", "/v1/audio/translations", "/v1/models",
	"/v1beta/models/{model}:generateContent",
	"/v1beta/models/{model}:streamGenerateContent", "/v1beta/...", "/upload/v1beta/...",
};
/* clang-format on */

static void
page_heading(struct buf *out, const char *english, const char *chinese)
{
	buf_addf(out, "<h2>%s</h2>\n<p class=\"zh\" lang=\"zh-CN\">%s</p>\n", english, chinese);
}

static void
base_urls(const struct status_page *page, struct buf *out)
{
	page_heading(out, "Base URL", "接口地址：按客户端类型填写");
	buf_adds(out, "<dl>\n");
	for (size_t i = 0; i < ARRAY_SIZE(bases); i++) {
		buf_addf(out, "<dt>%s</dt>\n<dd><code>", bases[i].clients);
		buf_add_html(out, slice_str(page->base_url));
		buf_addf(out, "%s</code></dd>\n", bases[i].tail);
	}
	buf_adds(out, "</dl>\n");
}

static void
key_rules(const struct status_page *page, struct buf *out)
{
	page_heading(out, "API key", "密钥：在客户端的密钥一栏填写");
	if (page->pool && page->open_access)
		buf_adds(out, "<p>This gateway is open: any text will do.</p>\n");
	else if (page->pool)
		buf_adds(out, "<p>The access token that you got from whoever runs this gateway."
			      "</p>\n");
	if (page->own_keys) {
		buf_adds(out, page->pool ? "<p>Or your own" : "<p>Your own");
		buf_adds(out,
		    " Gemini API keys, one or several separated by commas, from <a "
		    "href=\"https://aistudio.google.com/apikey\">Google AI Studio</a>.</p>\n");
	}
	if (!page->pool && !page->own_keys)
		buf_adds(out, "<p>No key is configured yet, so nothing can be served.</p>\n");
}

static void
first_call(const struct status_page *page, struct buf *out)
{
	page_heading(out, "First call", "第一次调用");
	buf_adds(out, "<pre><code>curl ");
	buf_add_html(out, slice_str(page->base_url));
	buf_adds(out,
	    "/v1/chat/completions \\\n"
	    "  -H &quot;Authorization: Bearer $KEY&quot; \\\n"
	    "  -H &quot;Content-Type: application/json&quot; \\\n"
	    "  -d '{&quot;model&quot;:&quot;gemini-flash-latest&quot;,&quot;messages&quot;:"
	    "[{&quot;role&quot;:&quot;user&quot;,&quot;content&quot;:&quot;Hello&quot;}]}'"
	    "</code></pre>\n");
}

static void
list_endpoints(struct buf *out)
{
	page_heading(out, "Endpoints", "接口：OpenAI 格式与原生 Gemini");
	buf_adds(out, "<ul>\n");
	for (size_t i = 0; i < ARRAY_SIZE(endpoints); i++)
		buf_addf(out, "<li><code>%s</code></li>\n", endpoints[i]);
	buf_adds(out, "</ul>\n");
}

static void
check_keys(const struct status_page *page, struct buf *out)
{
	page_heading(out, "Check keys", "检查密钥是否可用");
	buf_adds(out, "<p><a href=\"");
	buf_add_html(out, slice_str(page->base_url));
	buf_adds(out, "/verify\">/verify</a> tells of each key whether it works:</p>\n"
		      "<pre><code>curl -N ");
	buf_add_html(out, slice_str(page->base_url));
	buf_adds(out, "/verify -H &quot;x-goog-api-key: $KEY1,$KEY2&quot;</code></pre>\n");
}

static void
add_duration(struct buf *out, uint64_t seconds)
{
	uint64_t minutes = seconds / 60, hours = minutes / 60, days = hours / 24;

	if (days > 0) {
		buf_add_u64(out, days);
		buf_adds(out, days == 1 ? " day " : " days ");
	}
	if (hours > 0) {
		buf_add_u64(out, hours % 24);
		buf_adds(out, " h ");
	}
	buf_add_u64(out, minutes % 60);
	buf_adds(out, " min");
}

static void
page_state(const struct status_page *page, struct buf *out)
{
	page_heading(out, "State", "运行状态");
	buf_adds(out, "<p>Version ");
	buf_add_html(out, slice_str(page->version));
	buf_adds(out, ", up for ");
	add_duration(out, page->uptime_s);
	buf_adds(out, ", requests under way: ");
	buf_add_u64(out, page->active);
	if (page->pool) {
		buf_adds(out, ", keys in the pool: ");
		buf_add_u64(out, page->key_count);
	}
	buf_adds(out, ".</p>\n");
}

void
status_page_render(const struct status_page *page, struct buf *out)
{
	buf_addf(out,
	    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
	    "<meta name=\"robots\" content=\"noindex\">\n"
	    "<title>gemini-balance</title>\n<link rel=\"icon\" href=\"data:,\">\n"
	    "<style>%s</style>\n</head>\n<body>\n<h1>gemini-balance ",
	    style);
	buf_add_html(out, slice_str(page->version));
	buf_adds(out, "</h1>\n"
		      "<p class=\"zh\" lang=\"zh-CN\">同时支持 OpenAI 与 Gemini 接口的网关</p>\n"
		      "<p>One gateway to the Gemini API, for OpenAI and Gemini clients.</p>\n");
	base_urls(page, out);
	key_rules(page, out);
	first_call(page, out);
	list_endpoints(out);
	check_keys(page, out);
	page_state(page, out);
	buf_adds(out, "</body>\n</html>\n");
}
