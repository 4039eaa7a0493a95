/*
 * Plain CGI (RFC 3875): one request in the environment and on standard input, the answer on
 * standard output. One request in the whole process, so blocking harms nobody.
 */
#include "config.h"

#include "net/fcgi/fcgi_conn_priv.h"

#include <errno.h>
#include <unistd.h>

#include "base/limits.h"

extern char **environ;

bool
cgi_write(struct fcgi_conn *e, struct slice bytes)
{
	while (bytes.len > 0 && !e->gone) {
		ssize_t n = write(e->fd, bytes.ptr, bytes.len);

		if (n < 0 && errno != EINTR)
			e->gone = true;
		if (n > 0)
			bytes = slice_skip(bytes, (size_t)n);
	}
	return !e->gone;
}

static void
read_input(struct fcgi_conn *e, uint64_t missing)
{
	const struct body_limits *limits = &e->host->options->body;
	char chunk[16 * KIB];

	while (missing > 0) {
		size_t want = missing < sizeof(chunk) ? (size_t)missing : sizeof(chunk);
		ssize_t n = read(STDIN_FILENO, chunk, want);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			e->fault = FCGI_CONN_BODY_TIMEOUT;
			return;
		}
		missing -= (uint64_t)n;
		switch (body_append(&e->body, limits, chunk, (size_t)n)) {
		case BODY_OK:
			continue;
		case BODY_TOO_LARGE:
			e->fault = FCGI_CONN_BODY_TOO_LARGE;
			return;
		case BODY_FAILED:
			e->fault = FCGI_CONN_BODY_FAILED;
			return;
		}
	}
}

void
fcgi_conn_serve_cgi(struct fcgi_conn_host *host)
{
	struct fcgi_conn *e = fcgi_conn_new(host, dup(STDOUT_FILENO));
	const char *length;
	uint64_t bytes;

	fcgi_conn_keep_params(e, environ);
	length = fcgi_conn_param(e, "CONTENT_LENGTH");
	if (length != NULL && slice_u64(slice_str(length), &bytes))
		read_input(e, bytes);
	fcgi_conn_move(e, FCGI_CONN_OPEN, 0);
	host->options->request(host->options->ctx, host->loop, e);
}
