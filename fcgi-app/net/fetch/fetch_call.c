/*
 * One fetch as libcurl sees it: its options and callbacks. It stands beside net/http/transfer.c
 * because it is the opposite of a call to the Gemini API in each respect: the target is not trusted
 * and may redirect, no header comes from us, nothing is streamed, and no handle, connection, name
 * or TLS session is shared, so that neither side can ever be sent over a connection of the other.
 */
#include "config.h"

#include "net/fetch/fetch_priv.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "net/http/curl_uv.h"
#include "own_address.h"

#define PROTOCOLS   "http,https"
#define USER_AGENT  "gemini-balance"
#define READ_BUFFER (64L * 1024)

/* Ports below 1024 belong to services that speak something else than HTTP. */
static const struct {
	unsigned first, last;
} ports[] = {
	{ 80, 80 },
	{ 443, 443 },
	{ 1024, 65535 },
};

static bool
port_allowed(unsigned port)
{
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++)
		if (port >= ports[i].first && port <= ports[i].last)
			return true;
	return false;
}

/* ---- the URL ---- */

static bool
url_allowed(CURLU *parts)
{
	char *scheme = NULL, *port = NULL;
	uint64_t number = 0;
	bool good;

	good = curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
	       (slice_eqi(slice_str(scheme), SLICE("http")) ||
		   slice_eqi(slice_str(scheme), SLICE("https"))) &&
	       curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
	       slice_u64(slice_str(port), &number) && number <= 65535 &&
	       port_allowed((unsigned)number);
	curl_free(scheme);
	curl_free(port);
	return good;
}

char *
fetch_url_check(const char *url)
{
	const unsigned flags = CURLU_URLENCODE | CURLU_ALLOW_SPACE | CURLU_DISALLOW_USER;
	struct slice trimmed = slice_trim(slice_str(url));
	char *text = NULL, *plain, *ret = NULL;
	CURLU *parts;

	if (trimmed.len == 0 || trimmed.len > URL_MAX)
		return NULL;
	parts = curl_url();
	if (parts == NULL)
		abort();
	plain = xstrndup(trimmed.ptr, trimmed.len);
	if (curl_url_set(parts, CURLUPART_URL, plain, flags) == CURLUE_OK && url_allowed(parts) &&
	    curl_url_set(parts, CURLUPART_FRAGMENT, NULL, 0) == CURLUE_OK &&
	    curl_url_get(parts, CURLUPART_URL, &text, 0) == CURLUE_OK)
		ret = xstrdup(text);
	curl_free(text);
	free(plain);
	curl_url_cleanup(parts);
	return ret;
}

/* ---- callbacks ---- */

static bool
fetch_stop(struct fetch *f, enum fetch_result why)
{
	f->fault = why;
	return false;
}

/* The next connection begins with a name that may have to be looked up. */
static void
fetch_hop(struct fetch *f)
{
	f->resolving = true;
	f->refused = false;
	f->connect_due_ms = clock_mono_ms() + f->limits.connect_ms;
}

static bool
head_done(struct fetch *f)
{
	long status = 0;

	curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status < 200)
		return true;
	if (status >= 300 && status < 400 && f->redirect) {
		fetch_hop(f);
		return true;
	}
	f->head_done = true;
	if (status > 299)
		return fetch_stop(f, FETCH_STATUS);
	if (f->coded)
		return fetch_stop(f, FETCH_CODED);
	if (f->length > f->limits.max_bytes)
		return fetch_stop(f, FETCH_TOO_LARGE);
	return true;
}

static bool
head_line(struct fetch *f, struct slice line)
{
	struct slice value = line, name;

	f->head_bytes += line.len;
	if (f->head_bytes > HEADERS_BYTES_MAX)
		return fetch_stop(f, FETCH_CUT);
	/* Behind the last head come the trailers. */
	if (f->head_done)
		return true;
	if (slice_starts(line, SLICE("HTTP/"))) {
		f->redirect = f->coded = false;
		f->length = 0;
		return true;
	}
	if (slice_trim(line).len == 0)
		return head_done(f);
	slice_split(&value, ':', &name);
	value = slice_trim(value);
	if (slice_eqi(name, SLICE("Location")))
		f->redirect = value.len > 0;
	else if (slice_eqi(name, SLICE("Content-Encoding")))
		f->coded = value.len > 0 && !slice_eqi(value, SLICE("identity"));
	else if (slice_eqi(name, SLICE("Content-Length")) && !slice_u64(value, &f->length))
		f->length = 0; /* libcurl judges it */
	return true;
}

static size_t
fetch_on_header(char *data, size_t size, size_t count, void *arg)
{
	return head_line(arg, (struct slice){ data, size * count }) ? size * count : 0;
}

static size_t
fetch_on_data(char *data, size_t size, size_t count, void *arg)
{
	struct fetch *f = arg;
	size_t len = size * count;

	if (f->state == FETCH_LEFT)
		return 0;
	if (len > f->limits.max_bytes - f->bytes.len) {
		fetch_stop(f, FETCH_TOO_LARGE);
		return 0;
	}
	buf_add(&f->bytes, data, len);
	return len;
}

/* Sees the bytes of redirects too, which libcurl reads and drops. */
static int
on_progress(void *arg, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
	struct fetch *f = arg;

	(void)total;
	(void)up_total;
	(void)up_now;
	if (f->state == FETCH_LEFT && !f->resolving)
		return 1;
	if (now <= 0 || (uint64_t)now <= f->limits.max_bytes)
		return 0;
	fetch_stop(f, FETCH_TOO_LARGE);
	return 1;
}

/* The machine's own public address is behind its firewall: what listens there need not be for the
 * Internet. */
static bool
may_connect(const struct fetch *f, const struct sockaddr *address)
{
	return address_listed(address, f->limits.allow) ||
	       (address_public(address) && !address_own(address));
}

/* The one place where connections begin: whatever a name resolves to at whatever time, this is the
 * address that will be connected to. */
static curl_socket_t
fetch_on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct fetch *f = arg;

	(void)purpose;
	f->resolving = false;
	if (f->state == FETCH_LEFT)
		return CURL_SOCKET_BAD;
	if (!port_allowed(address_port(&address->addr))) {
		fetch_stop(f, FETCH_URL);
		return CURL_SOCKET_BAD;
	}
	if (!may_connect(f, &address->addr)) {
		f->refused = true;
		return CURL_SOCKET_BAD;
	}
	return curl_uv_open(f->fetcher->driver, address);
}

/* The connection is made, TLS included. */
static int
on_connected(void *arg, char *peer, char *local, int peer_port, int local_port)
{
	struct fetch *f = arg;

	(void)peer;
	(void)local;
	(void)peer_port;
	(void)local_port;
	f->resolving = false;
	f->connect_due_ms = 0;
	return CURL_PREREQFUNC_OK;
}

/* ---- options ---- */

/* Time limits are the engine's (fetch.c): at the end of one of its own, libcurl may wait for the
 * resolver. */
void
fetch_call_prepare(struct fetch *f)
{
	CURL *easy = f->easy = curl_easy_init();

	if (easy == NULL)
		abort();
	curl_uv_profile(f->fetcher->driver, easy);
	curl_uv_trust_bundle(easy);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, fetch_on_open);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, f);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, f);
	curl_easy_setopt(easy, CURLOPT_URL, f->url);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, f);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
	/* When the loop ends, a resolver's thread is left to itself. */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, PROTOCOLS);
	curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, PROTOCOLS);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)f->limits.redirects_max);
	/* In redirects too. */
	curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	/* Behind a proxy nobody could see the address. An empty one also keeps the environment's
	 * http_proxy out. */
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, USER_AGENT);
	/* Nothing is unpacked, so a small answer stays small. */
	curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, READ_BUFFER);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, fetch_on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, f);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, fetch_on_data);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, f);
	curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(easy, CURLOPT_XFERINFODATA, f);
	fetch_hop(f);
}

/* ---- the end ---- */

static enum fetch_result
fetch_result_of(CURLcode code)
{
	static const struct {
		CURLcode code;
		enum fetch_result result;
	} rows[] = {
		{ CURLE_OK, FETCH_OK },
		{ CURLE_URL_MALFORMAT, FETCH_URL },
		{ CURLE_UNSUPPORTED_PROTOCOL, FETCH_URL },
		{ CURLE_LOGIN_DENIED, FETCH_URL },
		{ CURLE_COULDNT_RESOLVE_HOST, FETCH_RESOLVE },
		{ CURLE_COULDNT_CONNECT, FETCH_CONNECT },
		{ CURLE_OPERATION_TIMEDOUT, FETCH_CONNECT },
		{ CURLE_SSL_CONNECT_ERROR, FETCH_TLS },
		{ CURLE_PEER_FAILED_VERIFICATION, FETCH_TLS },
		{ CURLE_SSL_CACERT_BADFILE, FETCH_TLS },
		{ CURLE_TOO_MANY_REDIRECTS, FETCH_REDIRECTS },
		{ CURLE_FILESIZE_EXCEEDED, FETCH_TOO_LARGE },
		{ CURLE_OUT_OF_MEMORY, FETCH_LOCAL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].code == code)
			return rows[i].result;
	return FETCH_CUT;
}

enum fetch_result
fetch_call_result(const struct fetch *f, CURLcode code)
{
	enum fetch_result result = fetch_result_of(code);
	long status = 0;

	if (f->fault != FETCH_OK)
		return f->fault;
	if (result == FETCH_CONNECT && f->refused)
		return FETCH_ADDRESS;
	/* Once connected, the protocol that libcurl does not support is HTTP/0.9. */
	if (result == FETCH_URL && f->connect_due_ms == 0)
		return FETCH_CUT;
	if (result != FETCH_OK)
		return result;
	/* libcurl 7.88 calls a connection that ends inside the head a success. */
	if (!f->head_done)
		return FETCH_CUT;
	curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
	return status >= 200 && status <= 299 ? FETCH_OK : FETCH_STATUS;
}
