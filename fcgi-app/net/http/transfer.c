/* One transfer as libcurl sees it: its options, and the callbacks that record and hand on bytes. */
#include "config.h"

#include "net/http/upstream_priv.h"

#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "net/http/curl_uv.h"

#define READ_SMALL \
	4096 /* libcurl's buffer while events are small: it stays for the stream's life */
#define READ_LARGE  (64 * 1024)
#define DNS_CACHE_S 300
/* libcurl's least. */
#define UPLOAD_BUFFER (16L * 1024)

bool
call_body_sent(const struct call *call)
{
	curl_off_t sent = 0;

	return call->body_len == 0 ||
	       (curl_easy_getinfo(call->easy, CURLINFO_SIZE_UPLOAD_T, &sent) == CURLE_OK &&
		   (size_t)sent >= call->body_len);
}

static void
call_head_done(struct call *call)
{
	long status = 0;

	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	/* 1xx answers and the answer of a proxy to CONNECT come before the real one. */
	if (status < 200)
		return;
	call->head_done = true;
	/* libcurl keeps the buffer for a body for as long as the transfer lasts, unless its size is
	 * set anew. */
	if (call_body_sent(call))
		curl_easy_setopt(call->easy, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER);
	call->events->head(call->ctx, (int)status, &call->head);
	buf_release(&call->head.text);
}

static size_t
transfer_on_header(char *data, size_t size, size_t count, void *arg)
{
	struct call *call = arg;
	struct slice line = { data, size * count };

	if (call->events == NULL || call->head_done)
		return line.len;
	call->up->in_curl++;
	if (slice_starts(line, SLICE("HTTP/")))
		buf_reset(&call->head.text);
	else if (slice_trim(line).len > 0)
		buf_add_slice(&call->head.text, line);
	else
		call_head_done(call);
	call->up->in_curl--;
	return call->head.text.failed ? 0 : line.len;
}

static size_t
transfer_on_data(char *data, size_t size, size_t count, void *arg)
{
	struct call *call = arg;

	if (call->events == NULL)
		return 0;
	if (call->paused) {
		call->held = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	call->up->in_curl++;
	call->events->data(call->ctx, (struct slice){ data, size * count });
	call->up->in_curl--;
	return size * count;
}

static size_t
on_read(char *room, size_t size, size_t count, void *arg)
{
	struct call *call = arg;
	size_t want = size * count;
	ssize_t n;

	if (want > call->body_len - call->body_at)
		want = call->body_len - call->body_at;
	n = pread(call->body_fd, room, want, (off_t)call->body_at);
	if (n < 0 || (n == 0 && want > 0))
		return CURL_READFUNC_ABORT;
	call->body_at += (size_t)n;
	return (size_t)n;
}

/* libcurl starts a body again when a reused connection turns out to be closed. */
static int
on_seek(void *arg, curl_off_t offset, int origin)
{
	struct call *call = arg;

	if (origin != SEEK_SET || offset < 0 || (size_t)offset > call->body_len)
		return CURL_SEEKFUNC_FAIL;
	call->body_at = (size_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* Runs whenever libcurl is about to send the request: again, too. */
static int
on_send(void *arg, char *to, char *from, int to_port, int from_port)
{
	struct call *call = arg;
	bool again = call->sent, may = true;

	(void)to;
	(void)from;
	(void)to_port;
	(void)from_port;
	call->sent = true;
	if (!again || call->events == NULL || call->events->again == NULL)
		return CURL_PREREQFUNC_OK;
	call->up->in_curl++;
	may = call->events->again(call->ctx);
	call->up->in_curl--;
	return may ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

/* The one profile of every transfer; what differs per call is set in call_prepare. */
CURL *
call_easy_new(const struct upstream *u)
{
	const struct upstream_options *o = u->options;
	CURL *easy = curl_easy_init();

	if (easy == NULL)
		abort();
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
	/* Else a call that is cancelled would wait for its name server, and the loop with it. */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
	curl_easy_setopt(easy, CURLOPT_SHARE, u->share);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
	curl_uv_trust_bundle(easy);
	if (o->ca_file != NULL && o->ca_file[0] != '\0')
		curl_easy_setopt(easy, CURLOPT_CAINFO, o->ca_file);
	if (o->ip_family != 0)
		curl_easy_setopt(easy, CURLOPT_IPRESOLVE,
		    o->ip_family == 4 ? CURL_IPRESOLVE_V4 : CURL_IPRESOLVE_V6);
	curl_easy_setopt(
	    easy, CURLOPT_HTTP_VERSION, o->http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_PIPEWAIT, o->http2 ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)o->connect_timeout_ms);
	curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, (long)DNS_CACHE_S);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, transfer_on_header);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, transfer_on_data);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_send);
	return easy;
}

static void
prepare_lines(struct call *call, char *const *headers)
{
	size_t count = 0;

	while (headers[count] != NULL)
		count++;
	call->lines = xcalloc(count + 1, sizeof(*call->lines));
	for (size_t i = 0; i < count; i++)
		call->lines[i] = (struct curl_slist){ headers[i], &call->lines[i + 1] };
	/* libcurl would ask for "100 Continue" before large bodies, and wait. */
	call->lines[count] = (struct curl_slist){ (char *)(uintptr_t) "Expect:", NULL };
}

void
call_prepare(struct call *call, const struct call_request *request)
{
	CURL *easy = call->easy;
	bool post = strcmp(request->method, "POST") == 0;
	const char *proxy = request->proxy != NULL ? request->proxy : call->up->options->proxy;

	prepare_lines(call, request->headers);
	curl_uv_profile(call->shard->driver, easy);
	curl_easy_setopt(easy, CURLOPT_URL, request->url);
	/* An empty proxy also keeps the environment's http_proxy out. */
	curl_easy_setopt(easy, CURLOPT_PROXY, proxy != NULL ? proxy : "");
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->lines);
	/* Over HTTP/2, libcurl 7.88 keeps what does not fit, and no socket tells of it any more: a
	 * head has to fit. */
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE,
	    (long)(request->large || call->up->options->http2 ? READ_LARGE : READ_SMALL));
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
	curl_easy_setopt(easy, CURLOPT_READDATA, call);
	curl_easy_setopt(easy, CURLOPT_SEEKDATA, call);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, call);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
	if (request->has_body || post) {
		curl_easy_setopt(easy, CURLOPT_POST, 1L);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body_len);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
		    call->body_fd >= 0          ? NULL
		    : request->body.ptr != NULL ? request->body.ptr
						: "");
	} else {
		curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
		if (strcmp(request->method, "HEAD") == 0)
			curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	}
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}
