/* What the access line says of a request. Written through these functions only, read by finish.c.
 */
#ifndef APP_REQUEST_ACCESS_H
#define APP_REQUEST_ACCESS_H

#include <stddef.h>
#include <stdint.h>

struct request;

struct access {
	unsigned calls;    /* upstream calls in all */
	char failed[256];  /* attempts that failed, `KEY=CLASS` each, as far as they fit */
	char quota[128];   /* id of the quota that was used up last */
	const char *class; /* of the last verdict, or of a refusal of ours; NULL: none */
	const char
	    *home;      /* how the project of the stored objects was found; NULL: not looked for */
	size_t objects; /* stored objects that the request names */
	uint64_t bytes_in;
};

/* The words must be constants. */
void access_count_call(struct request *r);
void access_set_class(struct request *r, const char *class);
void access_set_home(struct request *r, const char *home);
void access_set_objects(struct request *r, size_t count);
void access_set_bytes_in(struct request *r, uint64_t bytes);
/* Copied, cut where it is too long. */
void access_set_quota(struct request *r, const char *id);
/* An attempt failed, with the key of r->keys. Left out when there is no room. */
void access_add_failed(struct request *r, const char *class);
/* A branch has ended: sums, and the last of each word. */
void access_merge(struct request *root, const struct request *branch);

#endif
