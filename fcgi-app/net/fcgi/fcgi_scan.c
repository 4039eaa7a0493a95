/* A validating look at FastCGI records; no I/O. */
#include "config.h"

#include "net/fcgi/fcgi_scan.h"

#include <stdbool.h>

/* Walks the name-value pairs of the PARAMS stream, which records may cut anywhere. */
struct pairs {
	enum { PAIR_NAME_LEN, PAIR_VALUE_LEN, PAIR_BYTES } state;
	uint32_t length;  /* of the length field being read */
	unsigned missing; /* bytes of that field still to come; 0: its first byte is next */
	size_t bytes;     /* name and value bytes still to come */
	size_t total;
};

/* Takes one byte of a length field (one byte, or four when the top bit is set). True when the field
 * is complete. */
static bool
pairs_length_byte(struct pairs *p, uint8_t byte)
{
	if (p->missing == 0) {
		p->length = byte & 0x7f;
		if (byte & 0x80) {
			p->missing = 3;
			return false;
		}
		return true;
	}
	p->length = p->length << 8 | byte;
	return --p->missing == 0;
}

/* False when a length or the sum passes PARAMS_MAX. */
static bool
pairs_feed(struct pairs *p, const uint8_t *data, size_t len)
{
	p->total += len;
	if (p->total > PARAMS_MAX)
		return false;
	while (len > 0) {
		if (p->state == PAIR_BYTES) {
			size_t take = p->bytes < len ? p->bytes : len;

			p->bytes -= take;
			data += take;
			len -= take;
			if (p->bytes == 0)
				p->state = PAIR_NAME_LEN;
			continue;
		}
		len--;
		if (!pairs_length_byte(p, *data++))
			continue;
		if (p->length > PARAMS_MAX)
			return false;
		p->bytes += p->length;
		if (p->state == PAIR_NAME_LEN)
			p->state = PAIR_VALUE_LEN;
		else
			p->state = p->bytes > 0 ? PAIR_BYTES : PAIR_NAME_LEN;
	}
	return true;
}

static bool
pairs_at_boundary(const struct pairs *p)
{
	return p->state == PAIR_NAME_LEN && p->missing == 0;
}

static bool
begin_is_valid(const uint8_t *record, size_t content)
{
	return record[1] == FCGI_TYPE_BEGIN && content == 8 && (record[2] != 0 || record[3] != 0) &&
	       (record[8] << 8 | record[9]) == FCGI_ROLE_RESPONDER;
}

enum fcgi_scan_result
fcgi_scan(const uint8_t *data, size_t len, struct fcgi_head *ret)
{
	enum { EXPECT_BEGIN, EXPECT_PARAMS, EXPECT_STDIN } expect = EXPECT_BEGIN;
	const uint8_t *first = data;
	struct pairs pairs = { 0 };

	while (len >= FCGI_HEADER_LEN) {
		size_t content = (size_t)data[4] << 8 | data[5];
		size_t record = FCGI_HEADER_LEN + content + data[6];
		uint16_t id = (uint16_t)(data[2] << 8 | data[3]);
		size_t here = len - FCGI_HEADER_LEN < content ? len - FCGI_HEADER_LEN : content;

		if (data[0] != FCGI_VERSION)
			return FCGI_SCAN_BAD;
		switch (expect) {
		case EXPECT_BEGIN:
			if (len < FCGI_HEADER_LEN + 8)
				return data[1] == FCGI_TYPE_BEGIN ? FCGI_SCAN_MORE : FCGI_SCAN_BAD;
			if (!begin_is_valid(data, content))
				return FCGI_SCAN_BAD;
			ret->id = id;
			expect = EXPECT_PARAMS;
			break;
		case EXPECT_PARAMS:
			if (data[1] != FCGI_TYPE_PARAMS || id != ret->id)
				return FCGI_SCAN_BAD;
			if (!pairs_feed(&pairs, data + FCGI_HEADER_LEN, here))
				return FCGI_SCAN_TOO_LARGE;
			if (content == 0) {
				if (!pairs_at_boundary(&pairs))
					return FCGI_SCAN_BAD;
				if (len < record)
					return FCGI_SCAN_MORE;
				ret->len = (size_t)(data - first) + record;
				expect = EXPECT_STDIN;
			}
			break;
		case EXPECT_STDIN:
			if (data[1] != FCGI_TYPE_STDIN || id != ret->id)
				return FCGI_SCAN_BAD;
			if (content == 0)
				return len >= record ? FCGI_SCAN_WHOLE : FCGI_SCAN_PARAMS;
			break;
		}
		if (len < record)
			break;
		data += record;
		len -= record;
	}
	return expect == EXPECT_STDIN ? FCGI_SCAN_PARAMS : FCGI_SCAN_MORE;
}

void
fcgi_frame(uint8_t ret[FCGI_HEADER_LEN], uint8_t type, uint16_t id, size_t content)
{
	ret[0] = FCGI_VERSION;
	ret[1] = type;
	ret[2] = (uint8_t)(id >> 8);
	ret[3] = (uint8_t)id;
	ret[4] = (uint8_t)(content >> 8);
	ret[5] = (uint8_t)content;
	ret[6] = 0;
	ret[7] = 0;
}
