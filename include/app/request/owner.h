/* Which key's project has a stored object. */
#ifndef APP_REQUEST_OWNER_H
#define APP_REQUEST_OWNER_H

#include "base/limits.h"
#include "app/request/request.h"

#define OWNER_PIECE     (256 * KIB) /* of a body in a file, read at once */
#define OWNER_ABSENT_MS 60000       /* an object that nobody has is not asked for again so long */

/* The key of an object in the store: objects of callers' own keys are theirs alone. */
void owner_key(const struct request *r, const char *name, struct buf *ret);
void owner_remember(struct request *r, const char *name, const char *value);
/* Fills r->err: no other key could help, because of the object that the request names. */
void owner_explain(struct request *r, const struct verdict *v);
/* The key of the call that was answered has made an object. */
void owner_made(struct request *r, const char *name);

#endif
