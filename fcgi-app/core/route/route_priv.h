/* What the files route*.c share. */
#ifndef CORE_ROUTE_ROUTE_PRIV_H
#define CORE_ROUTE_ROUTE_PRIV_H

#include "core/route/route.h"

#define ROUTE_WORDS_MAX 3

/* What is known of a route: a row of core/route/routes.def. */
struct route_row {
	const char *name;
	const char *words[ROUTE_WORDS_MAX]; /* NULL behind the last */
	const char *allow;
	unsigned flags; /* ROUTE_ANYWHERE, ROUTE_PASTED */
	unsigned hints; /* a bit for each enum dialect */
	const char *url;
};

#define ROUTE_ANYWHERE 1U
#define ROUTE_PASTED   2U

/* By enum route_op, in the order in which they are tried. */
extern const struct route_row route_rows[ROUTE_COUNT];

#define ROUTE_SEGMENTS_MAX 64

/* A path cut at its slashes. Empty segments are left out, which collapses `//` and a final `/`. */
struct route_path {
	struct slice path;  /* raw */
	struct slice query; /* raw, without `?` */
	struct slice segs[ROUTE_SEGMENTS_MAX];
	size_t count;
	size_t mount; /* that many segments are the configured mount prefix */
};

/* Cuts a request target: absolute-form, query and fragment included. -1 with err for targets that
 * could mean something else to the next reader: control bytes, backslashes, dot segments and
 * escapes of these, broken escapes. */
int route_path_read(struct slice uri, struct route_path *ret, struct apierror *err);
/* The raw path before segment at, without a final slash. */
struct slice route_path_before(const struct route_path *p, size_t at);
bool route_path_is(const struct route_path *p, size_t at, const char *word);

/* ---- route_google.c ---- */

bool route_is_word(struct slice word, const char *const *words, size_t count);
/* `v1` and its like; one of Google's collections, with or without a verb. */
bool route_is_version(const struct route_path *p, size_t at);
bool route_is_collection(const struct route_path *p, size_t at);
/* Does the last segment end in a verb? `x:generateContent` */
bool route_has_verb(const struct route_path *p);
/* The collection of the first item of Google's that another segment follows, or count: nothing that
 * stands inside of an item is an endpoint. Models are no such items. */
size_t route_find_inside(const struct route_path *p);

/* ---- route_hint.c ---- */

/* Fills err for a path that nothing matched: what is offered in its place, or the URL that was
 * plainly meant. from: the first segment behind versions and mount prefixes; prefix goes in front
 * of a URL that is named. */
int route_hint(const struct route_path *p, size_t from, struct slice prefix, enum dialect dialect,
    struct apierror *err);

#endif
