/* The upstream call as the operations fill it in. */
#ifndef APP_REQUEST_UPSTREAM_REQUEST_H
#define APP_REQUEST_UPSTREAM_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct request;

/* The upstream call of this request, the same for each attempt but for the credential. */
struct target {
	const char *method;
	struct buf url;
	struct buf lines; /* header lines, each ended by NUL; the credential is added per attempt */
	struct slice body; /* in memory, or */
	int body_fd;       /* in the spool file; -1: none */
	size_t body_len;
	bool has_body;
	bool large;  /* many bytes are expected back */
	bool events; /* the answer is an event stream, looked at as it comes */
};

/* Sets target.url to base + path + query; adds a header line. */
void target_url(struct request *r, const char *method, const char *path, struct slice query);
void target_header(struct request *r, const char *name, struct slice value);
void target_json(struct request *r, struct slice body);
/* generateContent, or streamGenerateContent as an event stream, with that body, which must live as
 * long as the request. */
void target_generate(struct request *r, const char *model, bool stream, struct slice body);
/* Is the call one of these two, whoever made it? */
bool target_generates(const struct request *r);
/* countTokens, likewise. */
void target_count(struct request *r, const char *model, struct slice body);

#endif
