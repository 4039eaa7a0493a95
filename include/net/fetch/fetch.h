/*
 * Fetches what is behind a URL that a caller gave: over http and https, from public addresses (or
 * those that the operator allows), with bounds on size and time. Redirects are followed; the
 * address is checked for each connection that is made. Everything here runs on the thread of one
 * loop.
 */
#ifndef NET_FETCH_FETCH_H
#define NET_FETCH_FETCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "net/fetch/address.h"

#define MEDIA_PARALLEL 16   /* transfers at the same time, per loop */
#define MEDIA_QUEUE    1024 /* further ones that wait, per loop */

struct fetch;
struct fetcher; /* loop_fetcher in net/loop.h */

/*      symbol     word for logs */
#define FETCH_RESULTS(X) \
	X(OK, "ok") \
	X(URL, "url")         /* not http or https, a credential in it, a port that is not \
	                         allowed; also the target of a redirect */ \
	X(ADDRESS, "address") /* leads to an address that is not allowed */ \
	X(RESOLVE, "resolve") /* no such host */ \
	X(CONNECT, "connect") /* no connection within connect_ms, or none at all */ \
	X(TLS, "tls") \
	X(STATUS, "status")       /* an HTTP status that is no success */ \
	X(REDIRECTS, "redirects") /* more than redirects_max */ \
	X(TOO_LARGE, "too_large") /* more than max_bytes, or announced to be */ \
	X(TIMEOUT, "timeout")     /* not complete within total_ms */ \
	X(CODED, "coded")         /* compressed, which was not asked for */ \
	X(CUT, "cut")             /* the server broke off, or does not speak HTTP */ \
	X(BUSY, "busy")           /* MEDIA_QUEUE others wait already */ \
	X(LOCAL, "local")         /* out of descriptors or memory */

enum fetch_result {
#define FETCH_RESULT_ENUM(symbol, word) FETCH_##symbol,
	FETCH_RESULTS(FETCH_RESULT_ENUM)
#undef FETCH_RESULT_ENUM
};

const char *fetch_word(enum fetch_result result);

struct fetch_limits {
	size_t max_bytes;
	uint64_t total_ms;   /* from fetch_start to the last byte, whatever it waits for */
	uint64_t connect_ms; /* name, connection and TLS, for each redirect anew */
	unsigned redirects_max;
	const struct address_list *allow; /* besides public ones; NULL: none. Must outlive the
	                                     fetch. */
};

struct fetch_answer {
	enum fetch_result result;
	int status;        /* of HTTP; 0 when there was none */
	struct slice type; /* the Content-Type as it came, or empty; valid during the call */
	struct buf *bytes; /* all of the body when result is OK; what is not taken is freed */
};

typedef void (*fetch_done_fn)(void *ctx, const struct fetch_answer *answer);

/* done is called once, never from in here, unless the fetch is cancelled; the fetch is gone then.
 * url is copied, *limits too. NULL with *ret_result, URL or BUSY, when it is refused at once; then
 * done is not called. Unwise bytes in a URL (blanks, UTF-8) are percent-encoded. */
struct fetch *fetch_start(struct fetcher *fetcher, const char *url,
    const struct fetch_limits *limits, fetch_done_fn done, void *ctx,
    enum fetch_result *ret_result);
/* done is not called any more. NULL is accepted. */
void fetch_cancel(struct fetch *fetch);

#endif
