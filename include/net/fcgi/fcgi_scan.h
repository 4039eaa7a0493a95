/*
 * Looks at the first bytes of a FastCGI connection before libfcgi does, without consuming them.
 * It tells whether a request is whole, and refuses what libfcgi cannot take: lengths that end in an
 * abort (CVE-2025-23016 and what Debian's fix leaves), cut parameters that it reports as success.
 * Pure; FastCGI specification 1.0, sections 3 and 5.
 */
#ifndef NET_FCGI_FCGI_SCAN_H
#define NET_FCGI_FCGI_SCAN_H

#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"

#define PARAMS_MAX (128 * KIB) /* all FastCGI parameters of one request */

enum {
	FCGI_HEADER_LEN = 8,
	FCGI_CONTENT_MAX = 65535,
	FCGI_VERSION = 1,
	FCGI_ROLE_RESPONDER = 1,

	FCGI_TYPE_BEGIN = 1,
	FCGI_TYPE_ABORT = 2,
	FCGI_TYPE_END = 3,
	FCGI_TYPE_PARAMS = 4,
	FCGI_TYPE_STDIN = 5,
	FCGI_TYPE_STDOUT = 6,
};

enum fcgi_scan_result {
	FCGI_SCAN_MORE,      /* the parameters are not complete yet */
	FCGI_SCAN_PARAMS,    /* the parameters are complete, the body is not */
	FCGI_SCAN_WHOLE,     /* the request is complete */
	FCGI_SCAN_TOO_LARGE, /* more parameters than PARAMS_MAX; the id is known */
	FCGI_SCAN_BAD,       /* not FastCGI, or not a request for a responder */
};

struct fcgi_head {
	uint16_t id; /* of the request, once it is known */
	size_t len;  /* with PARAMS and WHOLE: bytes up to the end of the parameters */
};

/* data: everything received so far, from the first byte. */
enum fcgi_scan_result fcgi_scan(const uint8_t *data, size_t len, struct fcgi_head *ret);

/* Writes a record header; content at most FCGI_CONTENT_MAX bytes, no padding. */
void fcgi_frame(uint8_t ret[FCGI_HEADER_LEN], uint8_t type, uint16_t id, size_t content);

#endif
