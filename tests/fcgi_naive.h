/* A second reading of FastCGI requests, as simple as it can be, to compare fcgi_scan with. */
#ifndef TESTS_FCGI_NAIVE_H
#define TESTS_FCGI_NAIVE_H

#include <string.h>

#include "base/limits.h"
#include "net/fcgi/fcgi_scan.h"

/* What the bytes of the PARAMS stream so far are: complete pairs, a cut one, or too much. */
static inline enum fcgi_scan_result
naive_pairs(const uint8_t *p, size_t len)
{
	size_t at = 0;

	if (len > PARAMS_MAX)
		return FCGI_SCAN_TOO_LARGE;
	while (at < len) {
		size_t lengths[2];

		for (int i = 0; i < 2; i++) {
			if (at >= len)
				return FCGI_SCAN_BAD;
			lengths[i] = p[at++];
			if (lengths[i] & 0x80) {
				if (len - at < 3)
					return FCGI_SCAN_BAD;
				lengths[i] = (lengths[i] & 0x7f) << 24 | (size_t)p[at] << 16 |
				             (size_t)p[at + 1] << 8 | p[at + 2];
				at += 3;
			}
			if (lengths[i] > PARAMS_MAX)
				return FCGI_SCAN_TOO_LARGE;
		}
		if (len - at < lengths[0] + lengths[1])
			return FCGI_SCAN_BAD;
		at += lengths[0] + lengths[1];
	}
	return FCGI_SCAN_WHOLE;
}

static inline enum fcgi_scan_result
naive_scan(const uint8_t *data, size_t len)
{
	static uint8_t params[MIB];
	size_t params_len = 0, at = 0;
	int id = -1, stage = FCGI_TYPE_BEGIN;

	while (len - at >= FCGI_HEADER_LEN) {
		const uint8_t *r = data + at;
		size_t content = (size_t)(r[4] << 8 | r[5]),
		       record_len = FCGI_HEADER_LEN + content + r[6];
		size_t left = len - at, here = left - FCGI_HEADER_LEN;

		here = here < content ? here : content;
		if (r[0] != 1 || r[1] != stage || (id >= 0 && (r[2] << 8 | r[3]) != id))
			return FCGI_SCAN_BAD;
		if (stage == FCGI_TYPE_BEGIN) {
			if (left < FCGI_HEADER_LEN + 8)
				return FCGI_SCAN_MORE;
			id = r[2] << 8 | r[3];
			if (id == 0 || content != 8 || (r[8] << 8 | r[9]) != 1)
				return FCGI_SCAN_BAD;
			stage = FCGI_TYPE_PARAMS;
		} else if (stage == FCGI_TYPE_PARAMS) {
			memcpy(params + params_len, r + FCGI_HEADER_LEN, here);
			params_len += here;
			if (naive_pairs(params, params_len) == FCGI_SCAN_TOO_LARGE)
				return FCGI_SCAN_TOO_LARGE;
			if (content == 0) {
				if (naive_pairs(params, params_len) != FCGI_SCAN_WHOLE)
					return FCGI_SCAN_BAD;
				if (left < record_len)
					return FCGI_SCAN_MORE;
				stage = FCGI_TYPE_STDIN;
			}
		} else if (content == 0) {
			return left >= record_len ? FCGI_SCAN_WHOLE : FCGI_SCAN_PARAMS;
		}
		if (left < record_len)
			break;
		at += record_len;
	}
	return stage == FCGI_TYPE_STDIN ? FCGI_SCAN_PARAMS : FCGI_SCAN_MORE;
}

#endif
