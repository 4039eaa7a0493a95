/*
 * Reads one answer, HTTP/1.1 or FastCGI, in pieces of any size, counts what a streaming client
 * would see, and says what is wrong with it. No sockets and no clock. Only as strict as the count
 * needs.
 */
#ifndef BENCH_LOAD_REPLY_H
#define BENCH_LOAD_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPLY_LINE_MAX 128 /* as much of a line is looked at; the rest is counted only */

enum reply_form { REPLY_HTTP, REPLY_FCGI };

struct reply {
	enum reply_form form;
	const char *fault; /* NULL, or a static string: why the answer is bad */
	int status;
	bool finished; /* complete by its own framing */
	bool keep;     /* HTTP: the connection may carry another request */
	bool done;     /* `data: [DONE]` was seen */
	uint32_t events;
	uint64_t body;

	/* The parser's own */
	uint8_t at;
	uint8_t framing;
	bool sse;
	bool head_over;
	bool event_open;
	bool event_done;
	int64_t length; /* declared, or -1 */
	uint64_t left;  /* bytes of this body or chunk still to come */
	unsigned line_len;
	char line[REPLY_LINE_MAX];

	/* FastCGI record layer */
	uint8_t record[8];
	uint8_t record_len;
	uint8_t record_type;
	uint8_t padding;
	uint16_t content;
	uint8_t end[8];
	uint8_t end_len;
};

void reply_init(struct reply *r, enum reply_form form);
/* Stops early once the answer is finished or has a fault. */
void reply_feed(struct reply *r, const char *data, size_t len);
/* The peer closed: either the end of the answer or a fault. */
void reply_eof(struct reply *r);

#endif
