/* cachedContents, in memory; each belongs to the project that made it. */
#ifndef STANDIN_CACHES_H
#define STANDIN_CACHES_H

#include "checks.h"
#include "standin.h"

struct caches;

struct caches *caches_new(void);
void caches_free(struct caches *c);

/* Whether a request for that model may use "cachedContents/ID"; *ret_tokens: its size. */
bool caches_check(
    const struct subject *s, struct slice name, int64_t *ret_tokens, struct refusal *r);
/* The tokens of a cache, 0 when there is none. */
int64_t caches_tokens(const struct caches *c, struct slice name);

void caches_create(struct standin *si, struct conn *c, json_object *body, const char *project);
void caches_list(struct standin *si, struct conn *c, const char *project);
void caches_get(struct standin *si, struct conn *c, struct slice id, const char *project);
void caches_patch(
    struct standin *si, struct conn *c, struct slice id, json_object *body, const char *project);
void caches_delete(struct standin *si, struct conn *c, struct slice id, const char *project);

#endif
