/* The client of a request and its connection. Set by serve.c and auth.c. */
#ifndef APP_REQUEST_CLIENT_H
#define APP_REQUEST_CLIENT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/api/apierror.h"
#include "net/fcgi/fcgi_conn.h"

struct token;

struct client {
	struct fcgi_conn *conn; /* NULL once ended, and of a branch */
	enum dialect dialect;
	bool head_request;              /* the method is HEAD */
	char address[INET6_ADDRSTRLEN]; /* "": not known */
	uint64_t owner;      /* hash of the credential: whose values in the state store */
	struct token *token; /* NULL: none was presented, or none is needed */
	bool gone;           /* has left */
	bool stopping;       /* the process ends before the request does */
};

#endif
