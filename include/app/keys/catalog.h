/*
 * What is known about models, over all processes that share a state store: core/learned behind a
 * lock, and the names of Google's list of models. From any thread.
 */
#ifndef APP_KEYS_CATALOG_H
#define APP_KEYS_CATALOG_H

#include <stdbool.h>
#include <stdint.h>

#include "core/gemini/learned.h"

struct catalog;
struct state;

struct catalog *catalog_new(void);
/* The store it shares is freed already. NULL is accepted. */
void catalog_free(struct catalog *c);
/* Before any loop runs; the store is to be freed first, after all loops. */
void catalog_share(struct catalog *c, struct state *state);

/* ---- lessons ---- */

/* owner: of a caller's own keys, for whom other models may be gone; 0: the pool. */
void catalog_lesson(struct catalog *c, const char *model, uint64_t owner, struct lesson *ret);
/* An answer to a call that began at `since` (wall clock) was made by this model. True when that is
 * news. */
bool catalog_served(struct catalog *c, const struct families *families, const char *model,
    struct slice version, uint64_t since);
void catalog_refused(struct catalog *c, const char *model, const struct refusals *refused);
void catalog_gone(struct catalog *c, const char *model, uint64_t owner);

/* ---- Google's list ---- */

/* names: each followed by a line end. */
void catalog_list(struct catalog *c, struct slice names);
/* The newest of the model's line that is not gone for the owner; usable: see model_line_newest. It
 * is called with a lock held. */
bool catalog_newest(struct catalog *c, const char *model, uint64_t owner,
    bool (*usable)(void *ctx, struct slice name), void *ctx, char ret[MODEL_NAME_MAX]);
/* A name of the list that looks like this one, or "". */
void catalog_near(struct catalog *c, const char *model, char ret[MODEL_NAME_MAX]);

enum catalog_turn {
	CATALOG_KNOWN,  /* the list is young enough */
	CATALOG_YOURS,  /* fetch it, then catalog_fetched */
	CATALOG_OTHERS, /* somebody fetches it: ask again in a while */
	CATALOG_AWAY,   /* that failed a moment ago */
};

enum catalog_turn catalog_turn(struct catalog *c);
/* After CATALOG_YOURS, exactly once; good: catalog_list has got it. */
void catalog_fetched(struct catalog *c, bool good);

#endif
