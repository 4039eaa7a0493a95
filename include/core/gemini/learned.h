/*
 * What was learnt about models from what Google answered: by which model a name is served, what it
 * refused, and that it is gone. A bounded table by upstream name; what is a day old is forgotten,
 * so that a wrong or an old lesson ends by itself. Pure: times are arguments, in milliseconds since
 * 1970; the caller serialises calls.
 */
#ifndef CORE_GEMINI_LEARNED_H
#define CORE_GEMINI_LEARNED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/siphash.h"
#include "core/gemini/family.h"
#include "core/gemini/refusal.h"

struct learned;

/* What holds for one model. */
struct lesson {
	char served_by[MODEL_NAME_MAX]; /* "": as its name says */
	bool aging;                     /* served_by is worth confirming */
	struct refusals refused;
	bool gone;
	char instead[MODEL_NAME_MAX]; /* gone: what is there in its place, or "" */
};

/* max: models remembered; the one of which nothing was learnt for the longest time goes first. */
struct learned *learned_new(const uint8_t key[SIPHASH_KEY_BYTES], size_t max);
void learned_free(struct learned *l);

/* Fills *ret, `instead` with "". */
void learned_get(const struct learned *l, struct slice name, uint64_t now, struct lesson *ret);

/* An answer names the model that made it. What was refused before `since` was refused by another
 * model, if one served the name until now. */
void learned_served(
    struct learned *l, struct slice name, struct slice by, uint64_t since, uint64_t now);
/* A request went through once this was left out. REFUSED_ONCE is not kept. */
void learned_refused(
    struct learned *l, struct slice name, const struct refusals *refused, uint64_t now);
/* Google says that there is no such model. */
void learned_gone(struct learned *l, struct slice name, uint64_t now);

/* Where translations learn what was learnt. */
struct lessons {
	/* Fills all of *ret. */
	void (*of)(void *ctx, const char *name, struct lesson *ret);
	/* The newest model of the name's line, if it is known and another one. */
	bool (*newest)(void *ctx, const char *name, char ret[MODEL_NAME_MAX]);
	void *ctx;
};

/* The family to be used for a name: its row as corrected by the lesson. An operator's row for the
 * name outranks what serves it, and is corrected by refusals as any. */
struct family learned_family(
    const struct families *families, const char *name, const struct lesson *lesson);
/* What an answer's modelVersion tells beside the name and the lesson. */
enum learned_news {
	LEARNED_NOTHING,
	LEARNED_SAME, /* the family is as it was, but the lesson should have the version */
	LEARNED_OTHER,
};
enum learned_news learned_is_news(const struct families *families, const char *name,
    const struct lesson *lesson, const char *version);

/* The model that an answer, or the beginning or end of one, says it was made by. False when it does
 * not. bytes: JSON, or events. */
bool learned_version(struct slice bytes, struct slice *ret);

/* Several processes that share what they learn, as with health: all that is known of a name, in one
 * line of text. The newer of two facts counts. */
#define LEARNED_TEXT_MAX LEARNED_VALUE_MAX

struct learned_watch {
	void (*told)(void *ctx, struct slice name, struct slice text);
	void *ctx;
};

void learned_set_watch(struct learned *l, const struct learned_watch *watch);
void learned_tell_all(const struct learned *l);
/* What is not understood is ignored. */
void learned_take(struct learned *l, struct slice name, struct slice text, uint64_t now);

#endif
