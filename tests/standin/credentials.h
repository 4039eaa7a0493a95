/* Who is calling: exactly one credential, as the API wants it. */
#ifndef STANDIN_CREDENTIALS_H
#define STANDIN_CREDENTIALS_H

#include "server.h"

enum credential { CREDENTIAL_NONE, CREDENTIAL_KEY, CREDENTIAL_TOKEN, CREDENTIAL_SEVERAL };

/* ret_key: a new string, the first credential there is, or "". */
enum credential credentials_read(const struct request *req, char **ret_key);
/* What the key belongs to: a new string, `NAME` of a key with `__NAME` in it (up to the next `-`),
 * else the key itself. */
char *credentials_project(const char *key);
/* list: comma separated, NULL takes any key. */
bool credentials_listed(const char *list, const char *key);

#endif
