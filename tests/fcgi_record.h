/* FastCGI records as web servers write them. */
#ifndef TESTS_FCGI_RECORD_H
#define TESTS_FCGI_RECORD_H

#include "base/buf.h"
#include "net/fcgi/fcgi_scan.h"

static inline void
record(struct buf *b, unsigned type, unsigned id, struct slice content, unsigned padding)
{
	uint8_t header[FCGI_HEADER_LEN];

	fcgi_frame(header, (uint8_t)type, (uint16_t)id, content.len);
	header[6] = (uint8_t)padding;
	buf_add(b, header, sizeof(header));
	buf_add_slice(b, content);
	while (padding-- > 0)
		buf_addc(b, '#');
}

#endif
