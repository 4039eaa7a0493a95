/*
 * The functions of one request under two names: the caller's, which may stand in a namespace, and
 * one that Google takes (a letter or _ first, then letters, digits and _ . : -, 64 in all). The
 * renaming is a function of the name alone where it can be, never gives two functions one name, and
 * is undone in the reply.
 */
#ifndef CORE_GEMINI_TOOL_NAMES_H
#define CORE_GEMINI_TOOL_NAMES_H

#include <stdbool.h>

#include "base/buf.h"

#define TOOL_NAME_MAX 64 /* Google's limit, from its messages */

enum tool_kind {
	TOOL_FUNCTION,
	TOOL_CUSTOM, /* takes free text: a function with the one argument `input` */
	/* Tools of Responses that the client carries out; their calls are items of their own. */
	TOOL_SEARCH,
	TOOL_SHELL,
	TOOL_LOCAL_SHELL,
	TOOL_PATCH,
};

struct tool_name {
	char *name;                       /* the caller's */
	char *space;                      /* the caller's namespace that it stands in, or NULL */
	char upstream[TOOL_NAME_MAX + 1]; /* Google's */
	bool renamed;                     /* other than the name, or SPACE__NAME */
	enum tool_kind kind;
};

struct tool_names;

struct tool_names *tool_names_new(void);
void tool_names_free(struct tool_names *t);
/* The entry of a caller's name, made when it is new; kind matters then only, but that functions and
 * custom tools share their names and each other kind has its own. space: the namespace, or empty.
 * Valid until the free. name is not empty. */
const struct tool_name *tool_names_add(
    struct tool_names *t, struct slice space, struct slice name, enum tool_kind kind);
/* The same, but NULL when there is none yet. t may be NULL. */
const struct tool_name *tool_names_find(
    const struct tool_names *t, struct slice space, struct slice name, enum tool_kind kind);
/* The name as one word, without the namespace's own member: what a client shows that knows none. */
const char *tool_name_flat(const struct tool_name *tool);
/* How many names there are: it grows when tool_names_add makes an entry. */
size_t tool_names_count(const struct tool_names *t);
/* The entry of the name that a model calls, or NULL: a name that is nobody's passes as it is. The
 * caller's own name is found as well, and both behind a scope that is no part of them, such as
 * `default_api:` or `functions.`. t may be NULL. */
const struct tool_name *tool_names_upstream(const struct tool_names *t, struct slice upstream);
/* The only entry in a namespace that a model can have meant by a name that is nobody's: NAME, or
 * SPACE.NAME with any separator. NULL when there is none, or more than one. t may be NULL. */
const struct tool_name *tool_names_meant(const struct tool_names *t, struct slice name);

#endif
