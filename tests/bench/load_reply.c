/* Reads one answer, HTTP/1.1 or FastCGI. */
#include "config.h"

#include "load_reply.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	AT_STATUS_LINE,
	AT_HEADERS,
	AT_BODY,
	AT_SIZE,
	AT_SIZE_REST,
	AT_CHUNK,
	AT_CHUNK_END,
	AT_TRAILERS
};
enum { FRAME_CLOSE, FRAME_LENGTH, FRAME_CHUNKED };
enum { FCGI_END_REQUEST = 3, FCGI_STDOUT = 6, FCGI_STDERR = 7 };

void
reply_init(struct reply *r, enum reply_form form)
{
	memset(r, 0, sizeof(*r));
	r->form = form;
	r->keep = form == REPLY_HTTP;
	r->at = form == REPLY_HTTP ? AT_STATUS_LINE : AT_HEADERS;
	r->status = form == REPLY_HTTP ? 0 : 200;
	r->length = -1;
}

/* Takes bytes into r->line up to and including a newline; true when the line is whole. The line is
 * NUL-terminated and without its end of line; line_len is its true length, capped text or not. */
static bool
take_line(struct reply *r, const char **data, size_t *len)
{
	const char *nl = memchr(*data, '\n', *len);
	size_t n = nl != NULL ? (size_t)(nl - *data) : *len;

	if (r->line_len < REPLY_LINE_MAX - 1) {
		size_t room = REPLY_LINE_MAX - 1 - r->line_len;

		memcpy(r->line + r->line_len, *data, n < room ? n : room);
	}
	if (nl != NULL && n > 0 && nl[-1] == '\r')
		r->line_len += (unsigned)n - 1;
	else
		r->line_len += (unsigned)n;
	*data += n;
	*len -= n;
	if (nl == NULL)
		return false;
	*data += 1;
	*len -= 1;
	/* A CR that came in the piece before is already part of the line. */
	if (n == 0 && r->line_len > 0 && r->line_len < REPLY_LINE_MAX &&
	    r->line[r->line_len - 1] == '\r')
		r->line_len--;
	r->line[r->line_len < REPLY_LINE_MAX ? r->line_len : REPLY_LINE_MAX - 1] = '\0';
	return true;
}

static const char *
reply_after(const char *line, const char *prefix)
{
	size_t n = strlen(prefix);

	if (strncasecmp(line, prefix, n) != 0)
		return NULL;
	return line + n + strspn(line + n, " ");
}

static void
sse_line(struct reply *r)
{
	const char *value;

	if (r->line_len == 0) {
		if (r->event_open && r->event_done)
			r->done = true;
		else if (r->event_open)
			r->events++;
		r->event_open = r->event_done = false;
		return;
	}
	if ((value = reply_after(r->line, "data:")) != NULL) {
		if (r->done)
			r->fault = "data after [DONE]";
		r->event_done = !r->event_open && strcmp(value, "[DONE]") == 0;
		r->event_open = true;
		if (reply_after(value, "{\"error\":") != NULL)
			r->fault = "error event";
	} else if ((value = reply_after(r->line, "event:")) != NULL &&
		   strcmp(value, "error") == 0) {
		r->fault = "error event";
	}
}

static void
body_bytes(struct reply *r, const char *data, size_t len)
{
	r->body += len;
	if (!r->sse)
		return;
	while (len > 0 && take_line(r, &data, &len)) {
		sse_line(r);
		r->line_len = 0;
	}
}

/* The body is whole by its framing. */
static void
body_over(struct reply *r)
{
	if (r->length >= 0 && r->body != (uint64_t)r->length)
		r->fault = "body is not as long as Content-Length says";
	else if (r->sse && (r->event_open || r->line_len > 0))
		r->fault = "last event has no end";
	r->finished = true;
}

static void
head_over(struct reply *r)
{
	r->head_over = true;
	if (r->status < 200) {
		r->fault = "no final status";
		return;
	}
	if (r->form == REPLY_FCGI) {
		r->at = AT_BODY;
		return;
	}
	if (r->status == 204 || r->status == 304)
		r->length = 0;
	if (r->framing == FRAME_CHUNKED) {
		r->at = AT_SIZE;
		r->left = 0;
		return;
	}
	r->at = AT_BODY;
	if (r->length < 0) {
		r->keep = false;
		return;
	}
	r->framing = FRAME_LENGTH;
	r->left = (uint64_t)r->length;
	if (r->left == 0)
		body_over(r);
}

static void
header_line(struct reply *r)
{
	const char *value;

	if ((value = reply_after(r->line, "Content-Type:")) != NULL)
		r->sse = strncasecmp(value, "text/event-stream", 17) == 0;
	else if ((value = reply_after(r->line, "Content-Length:")) != NULL)
		r->length = strtoll(value, NULL, 10);
	else if (r->form == REPLY_FCGI && (value = reply_after(r->line, "Status:")) != NULL)
		r->status = (int)strtol(value, NULL, 10);
	else if (r->form == REPLY_HTTP &&
		 (value = reply_after(r->line, "Transfer-Encoding:")) != NULL)
		r->framing = FRAME_CHUNKED;
	else if (r->form == REPLY_HTTP && (value = reply_after(r->line, "Connection:")) != NULL)
		r->keep = strcasecmp(value, "close") != 0;
}

/* One byte of chunk framing outside the data. */
static void
chunk_byte(struct reply *r, char c)
{
	const char *digits = "0123456789abcdef", *digit;

	if (r->at == AT_CHUNK_END) {
		if (c == '\n')
			r->at = AT_SIZE;
		else if (c != '\r')
			r->fault = "bad chunk";
		return;
	}
	if (c == '\n') {
		r->at = r->left > 0 ? AT_CHUNK : AT_TRAILERS;
		/* An unfinished event's line stays; at the end of the body there is none. */
		if (r->at == AT_TRAILERS && r->line_len > 0)
			r->fault = "last event has no end";
		return;
	}
	if (r->at == AT_SIZE_REST || c == ';' || c == '\r' || c == ' ') {
		r->at = AT_SIZE_REST;
		return;
	}
	digit = c != '\0' ? strchr(digits, c | 0x20) : NULL;
	if (digit == NULL || r->left >> 40 != 0)
		r->fault = "bad chunk";
	else
		r->left = r->left * 16 + (uint64_t)(digit - digits);
}

static void
body_feed(struct reply *r, const char *data, size_t len)
{
	bool counted = r->framing != FRAME_CLOSE;
	size_t n;

	while (len > 0 && !r->finished && r->fault == NULL) {
		if (r->at == AT_TRAILERS) {
			if (take_line(r, &data, &len)) {
				if (r->line_len == 0)
					body_over(r);
				r->line_len = 0;
			}
			continue;
		}
		if (r->at != AT_BODY && r->at != AT_CHUNK) {
			chunk_byte(r, *data);
			data++;
			len--;
			continue;
		}
		n = counted && r->left < len ? (size_t)r->left : len;
		body_bytes(r, data, n);
		data += n;
		len -= n;
		if (!counted)
			continue;
		r->left -= n;
		if (r->left == 0 && r->at == AT_CHUNK)
			r->at = AT_CHUNK_END;
		else if (r->left == 0)
			body_over(r);
	}
	if (len > 0 && r->finished && r->fault == NULL)
		r->fault = "bytes after the end";
}

/* HTTP as it comes from the socket, or what FastCGI's STDOUT records hold. */
static void
content_feed(struct reply *r, const char *data, size_t len)
{
	while (len > 0 && !r->head_over && r->fault == NULL) {
		if (!take_line(r, &data, &len))
			return;
		if (r->at == AT_STATUS_LINE) {
			if (strncmp(r->line, "HTTP/1.", 7) != 0 || r->line_len < 12)
				r->fault = "not HTTP";
			else
				r->status = (int)strtol(r->line + 9, NULL, 10);
			r->at = AT_HEADERS;
		} else if (r->line_len > 0) {
			header_line(r);
		} else {
			head_over(r);
		}
		r->line_len = 0;
	}
	if (len > 0)
		body_feed(r, data, len);
}

static void
fcgi_end(struct reply *r)
{
	if (r->end_len < 8)
		r->fault = "bad END_REQUEST";
	else if (r->end[4] != 0)
		r->fault = "request refused by END_REQUEST";
	else if ((r->end[0] | r->end[1] | r->end[2] | r->end[3]) != 0)
		r->fault = "exit status in END_REQUEST";
	else if (!r->head_over)
		r->fault = "END_REQUEST without a head";
	else if (r->fault == NULL)
		body_over(r);
	r->finished = true;
}

static void
fcgi_feed(struct reply *r, const char *data, size_t len)
{
	size_t n;

	while (len > 0 && !r->finished && r->fault == NULL) {
		if (r->record_len < 8) {
			r->record[r->record_len++] = (uint8_t)*data++;
			len--;
			if (r->record_len < 8)
				continue;
			if (r->record[0] != 1) {
				r->fault = "not FastCGI";
				return;
			}
			r->record_type = r->record[1];
			r->content = (uint16_t)(r->record[4] << 8 | r->record[5]);
			r->padding = r->record[6];
		}
		n = r->content < len ? r->content : len;
		if (r->record_type == FCGI_STDOUT && n > 0) {
			content_feed(r, data, n);
		} else if (r->record_type == FCGI_END_REQUEST) {
			for (size_t i = 0; i < n && r->end_len < 8; i++)
				r->end[r->end_len++] = (uint8_t)data[i];
		} else if (r->record_type != FCGI_STDOUT && r->record_type != FCGI_STDERR) {
			r->fault = "unexpected FastCGI record";
		}
		r->content = (uint16_t)(r->content - n);
		data += n;
		len -= n;
		n = r->padding < len ? r->padding : len;
		r->padding = (uint8_t)(r->padding - n);
		data += n;
		len -= n;
		if (r->content > 0 || r->padding > 0)
			continue;
		r->record_len = 0;
		if (r->record_type == FCGI_END_REQUEST)
			fcgi_end(r);
	}
}

void
reply_feed(struct reply *r, const char *data, size_t len)
{
	if (r->finished || r->fault != NULL)
		return;
	if (r->form == REPLY_FCGI)
		fcgi_feed(r, data, len);
	else
		content_feed(r, data, len);
}

void
reply_eof(struct reply *r)
{
	r->keep = false;
	if (r->finished || r->fault != NULL)
		return;
	if (r->form == REPLY_HTTP && r->head_over && r->framing == FRAME_CLOSE)
		body_over(r);
	else
		r->fault = r->head_over ? "cut in the body" : "closed without an answer";
}
