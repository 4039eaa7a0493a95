/* The body of a one-shot upload: multipart/related, a JSON part and the file (RFC 2387). */
#ifndef STANDIN_MULTIPART_H
#define STANDIN_MULTIPART_H

#include "server.h"

struct multipart {
	struct slice json, mime, data; /* in the request's body; mime is empty if not given */
};

/* False when the body is of another form, or was not kept whole. */
bool multipart_read(const struct request *req, struct multipart *ret);

#endif
