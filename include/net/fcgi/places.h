/* Places that owners hold, each at most its share of them. Owners are numbers that somebody else
 * gives out. From any thread. */
#ifndef NET_FCGI_PLACES_H
#define NET_FCGI_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct places;

/* share: places of one owner; owners_max: owners that have any at the same time. */
struct places *places_new(size_t share, size_t owners_max);
void places_free(struct places *p);

/* One place, which counts for each of the owners. False, and nothing is counted, when one of them
 * has its share already. */
bool places_take(struct places *p, const uint64_t *owners, size_t count);
/* Gives it back; the same owners. */
void places_leave(struct places *p, const uint64_t *owners, size_t count);

#endif
