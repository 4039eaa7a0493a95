/*
 * The libfcgi part: parameters and body of a request that is there as a whole, or the parameters
 * alone. libfcgi is lent a descriptor for the time of the reading and given nothing else; what it
 * says is checked, because it reports cut input as success.
 */
#include "config.h"

#include "net/fcgi/fcgi_conn_priv.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "base/limits.h"
#include "base/xalloc.h"

int
fcgi_conn_global_init(void)
{
	/* On a failure libfcgi would wait this long for the peer before it closes. */
	setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "0", 1);
	return FCGX_Init() == 0 ? 0 : -1;
}

/* One block: the table of pointers, then the strings. */
void
fcgi_conn_keep_params(struct fcgi_conn *e, char *const *envp)
{
	size_t count = 0, bytes = 0;
	char *at;

	while (envp[count] != NULL)
		bytes += strlen(envp[count++]) + 1;
	e->arena = xmalloc((count + 1) * sizeof(char *) + bytes);
	e->params = (char **)(void *)e->arena;
	at = e->arena + (count + 1) * sizeof(char *);
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(envp[i]) + 1;

		memcpy(at, envp[i], len);
		e->params[i] = at;
		at += len;
	}
	e->params[count] = NULL;
}

bool
fcgi_conn_body_is_whole(const struct fcgi_conn *e)
{
	/* nginx and Caddy send '' or -1 when the length is unknown; mod_fcgid may lose bytes. */
	const char *declared = fcgi_conn_param(e, "CONTENT_LENGTH");
	uint64_t length;

	return declared == NULL || !slice_u64(slice_str(declared), &length) ||
	       length == e->body.len;
}

/* False when the body did not arrive whole. */
static bool
read_body(struct fcgi_conn *e, FCGX_Stream *in, const struct body_limits *limits)
{
	char chunk[16 * KIB];
	int n;

	while ((n = FCGX_GetStr(chunk, sizeof(chunk), in)) > 0) {
		switch (body_append(&e->body, limits, chunk, (size_t)n)) {
		case BODY_OK:
			continue;
		case BODY_TOO_LARGE:
			e->fault = FCGI_CONN_BODY_TOO_LARGE;
			break;
		case BODY_FAILED:
			e->fault = FCGI_CONN_BODY_FAILED;
			break;
		}
		e->unread_input = true;
		return true;
	}
	return FCGX_GetError(in) == 0 && fcgi_conn_body_is_whole(e);
}

/* Decodes the parameters of the request that a descriptor begins with. False when there is none;
 * libfcgi may have closed the descriptor then: *fd is -1. */
static bool
open_request(struct fcgi_conn *e, FCGX_Request *request, int *fd)
{
	if (FCGX_InitRequest(request, -1, 0) != 0)
		return false;
	/* Adoption: with the descriptor set, FCGX_Accept_r skips its own accept; keepConnection = 1
	 * stops it from closing the descriptor first; listen socket -1 turns every failure into an
	 * error instead of waiting for another connection. */
	request->ipcFd = *fd;
	request->keepConnection = 1;
	if (FCGX_Accept_r(request) != 0) {
		*fd = -1;
		return false;
	}
	if (FCGX_GetError(request->in) == 0) {
		fcgi_conn_keep_params(e, request->envp);
		if (fcgi_conn_param(e, "REQUEST_METHOD") != NULL)
			return true;
	}
	FCGX_Free(request, 0);
	return false;
}

bool
fcgi_conn_read(struct fcgi_conn *e, const struct body_limits *limits)
{
	FCGX_Request request;
	bool good;

	if (!open_request(e, &request, &e->fd))
		return false;
	good = read_body(e, request.in, limits);
	FCGX_Free(&request, 0);
	return good;
}

/* libfcgi reads descriptors only. */
static int
put_in_memory(const uint8_t *bytes, size_t len)
{
	int fd = memfd_create("head", MFD_CLOEXEC);

	if (fd >= 0 && pwrite(fd, bytes, len, 0) == (ssize_t)len)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

bool
fcgi_conn_read_head(struct fcgi_conn *e, const uint8_t *head, size_t len)
{
	FCGX_Request request;
	int fd = put_in_memory(head, len);
	bool good;

	if (fd < 0)
		return false;
	good = open_request(e, &request, &fd);
	if (good)
		FCGX_Free(&request, 0);
	if (fd >= 0)
		close(fd);
	return good;
}
