/* What the readers of content parts share: chat_content.c and, for parts that other providers'
 * clients write, chat_foreign.c. */
#ifndef CORE_CHAT_CONTENT_H
#define CORE_CHAT_CONTENT_H

#include "chat_priv.h"

/* One part of an array being read. */
struct content_part {
	const struct chat_read *c;
	json_object *part;  /* the caller's */
	const char *at;     /* its name in errors */
	json_object *parts; /* where Gemini's go */
	struct apierror *err;
	enum chat_role role;
};

/* Notes a change of the part; field: a member of it, or NULL. */
int chat_part_note(const struct content_part *p, enum change change, const char *field);
/* field: the member of the part that holds media->text. *ret_part is in p->parts then, too. */
int chat_part_media(const struct content_part *p, const struct chat_media *media, const char *field,
    json_object **ret_part);
/* The same for a stored file. */
int chat_part_file(
    const struct content_part *p, json_object *id, const char *field, json_object **ret_part);

/* ---- chat_foreign.c ---- */

/* Media with a `source` (Anthropic), or with data, URL and type beside the part's type. */
int chat_foreign_media(const struct content_part *p);
/* What a model thought: never sent back. */
int chat_foreign_thought(const struct content_part *p);
/* A call or a result, which has become a call or a message of its own (struct chat_foreign). */
int chat_foreign_moved(const struct content_part *p);

#endif
