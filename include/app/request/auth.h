/* Who may use which keys, and whose a request is. */
#ifndef APP_REQUEST_AUTH_H
#define APP_REQUEST_AUTH_H

#include "app/request/request.h"

/* Fills r->ring and r->token, which must be within its limits. -1 with err. */
int auth_check(struct request *r, struct apierror *err);
/* Is it the operator's token? */
bool auth_is_admin(const struct request *r, struct slice credential);
/* Counts the request against the limits of r->token. -1 with err and a class for the access line.
 */
int auth_admit(struct request *r, struct apierror *err);
/* Nothing that is meant for this gateway goes to Google as a key: -1 with err when a key of
 * caller_ring is a token. */
int auth_check_own(const struct request *r, struct apierror *err);
/* What the token may be used for, now that the model is known. -1 with r->err and a class. */
int auth_check_model(struct request *r);
/* Gives caller_ring back. */
void auth_release(struct request *r);
/* The credential of the header lines: the first of x-goog-api-key, Bearer, api-key and x-api-key,
 * as long as the parameters are there. Empty when there is none. */
struct slice auth_header(const struct fcgi_conn *conn);
/* The credential as it was presented: that one, or ?key=, decoded into out. False when there is
 * none. */
bool auth_credential(const struct request *r, struct buf *out);

/* The text of the client's address; empty when it is not known. */
struct slice client_address(const struct gateway *gw, const struct fcgi_conn *conn);

#endif
