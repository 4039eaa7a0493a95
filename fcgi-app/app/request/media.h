/* Fetches the media that a request names by URL: core/openai/common/ext_refs.h wants it,
 * net/fetch/fetch.h brings it. */
#ifndef APP_REQUEST_MEDIA_H
#define APP_REQUEST_MEDIA_H

#include <stddef.h>
#include <stdint.h>

#include "core/openai/common/ext_refs.h"
#include "net/fetch/address.h"

#define MEDIA_REDIRECTS 5

struct media;

struct media_limits {
	uint64_t each_max, total_max; /* bytes: of one file, of all in a request */
	uint64_t timeout_ms;
	const struct address_list *allow; /* as in struct fetch_limits */
};

/* What media_fetch is told; the limits are copied, refs and limits->allow must last until the end.
 */
struct media_order {
	struct loop *loop;
	const struct media_limits *limits;
	struct ext_refs *refs;
	/* Called once, never from inside media_fetch, unless media_cancel comes first; the struct
	 * media is gone then. err: NULL when all was found, else the answer to the client: a 400
	 * that names the field. */
	void (*done)(void *ctx, const struct apierror *err);
	void *ctx;
};

/* Starts to fetch every wanted REF_MEDIA, all at the same time; when one fails, the others are
 * given up. At the end each of them is REF_FOUND with value and mime (`application/octet-stream`
 * when nothing tells its type), or, when one has failed, REF_ABSENT with the error. 0 with *ret:
 * wait for done. 0 with *ret NULL: there is nothing to fetch. -1 with err: one of them cannot be
 * fetched; done is called in neither of these cases. */
int media_fetch(const struct media_order *order, struct media **ret, struct apierror *err);
/* done is not called any more; the references stay wanted. NULL is accepted. */
void media_cancel(struct media *media);

#endif
