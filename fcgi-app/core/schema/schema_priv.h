/*
 * The schema cleaner's inside. A schema passes three stages:
 *
 *   gather   reads the caller's keywords by context into a raw schema: allOf merged, references
 *            turned to definitions, everything without a counterpart noted and left out
 *   finish   makes the raw schema one that Google takes: types, enums, limits, required names
 *   cycles   frees required places of endless recursion
 *
 * A raw schema is an object, or JSON's false for what admits nothing; within it stand keywords of
 * the output, `nullable`, `exclusiveMinimum` and `exclusiveMaximum`.
 */
#ifndef CORE_SCHEMA_SCHEMA_PRIV_H
#define CORE_SCHEMA_SCHEMA_PRIV_H

#include "base/buf.h"
#include "core/json/json.h"
#include "core/schema/schema.h"

enum schema_type {
	SCHEMA_STRING = 1,
	SCHEMA_NUMBER = 2,
	SCHEMA_INTEGER = 4,
	SCHEMA_BOOLEAN = 8,
	SCHEMA_ARRAY = 16,
	SCHEMA_OBJECT = 32,
	SCHEMA_NULL = 64,
};

/* A part of the caller's document that references can name. */
struct schema_place {
	json_object *node; /* borrowed from the document */
	size_t resource;   /* the place with the nearest $id above, whose fragments count there */
	char *path;        /* where it is, as changes name it */
};

enum schema_stage { SCHEMA_NEW, SCHEMA_BUSY, SCHEMA_GATHERED };

/* Something that a $ref leads to: an entry of the output's $defs. The first is the document. */
struct schema_def {
	struct schema_place place;
	json_object *raw, *out;
	enum schema_stage stage;
	size_t weight; /* of raw, once somebody asked */
	bool wanted;   /* the output refers to it */
	bool repeated; /* its text may also stands elsewhere in the output */
	char *name;
};

struct schema_run {
	struct changes *changes;
	struct apierror *err;
	struct buf path;   /* of the keyword at hand, a JSON pointer */
	json_object *out;  /* the clean root */
	json_object *seen; /* notes made so far */
	size_t seen_count;

	size_t read, written; /* schemas so far */
	size_t copied;        /* bytes of text copied so far */
	unsigned depth;
	unsigned chain; /* definitions under way at once */

	size_t resource; /* of the schema at hand */
	bool indexed;
	struct schema_place *places; /* the first is the document */
	size_t place_count, place_room;
	json_object *uris;    /* absolute URI: index of its place */
	json_object *anchors; /* "RESOURCE#name": index of its place */
	char *uri;            /* the document's own, or "" */

	struct schema_def **defs;
	size_t def_count, def_room;
	size_t *queue; /* the wanted definitions in the order of their first mention */
	size_t queued, queue_room;
	struct lh_table *by_node;   /* the caller's node: index of its definition + 1 */
	struct lh_table *resources; /* a node with an $id: index of its place + 1 */
	json_object *names;         /* name in $defs: index */
	json_object *suffixes;      /* name: the next number to make it unique */
};

/* What a keyword's value is made of. */
enum schema_holds {
	HOLDS_DATA,
	HOLDS_SCHEMA,
	HOLDS_LIST,  /* schemas */
	HOLDS_MAP,   /* names to schemas */
	HOLDS_EITHER /* a schema or a list */
};

/* keywords.c */

/* What the value of a keyword holds; unknown ones hold data. */
enum schema_holds schema_holds(const char *key);

/* gather.c */

/* The raw form of a schema of the caller's; -1 with run->err. */
int schema_gather(struct schema_run *run, json_object *source, json_object **ret_raw);

/* merge.c */

/* Makes *raw admit only what src admits too. src is borrowed, its parts become *raw's. */
int schema_merge(struct schema_run *run, json_object **raw, json_object *src);
/* The same for one keyword; where both cannot be had the older stays, with a note. */
int schema_combine(struct schema_run *run, json_object *raw, const char *key, json_object *value);
/* The same for the schema at a name of owner. The place is already there. */
int schema_join(struct schema_run *run, json_object *owner, const char *key, json_object *value);
/* Without $ref at its top: the definition is copied in, or becomes a union of one. */
int schema_unref(struct schema_run *run, json_object **raw);

/* refs.c */

/* The definition that a reference of the schema at hand leads to, NULL when it leads nowhere. */
struct schema_def *schema_resolve(struct schema_run *run, struct slice ref);
/* The definition that a $ref of a raw or clean schema names. */
struct schema_def *schema_target(struct schema_run *run, json_object *ref);
json_object *schema_ref_new(const struct schema_def *def);
/* The output refers to it. */
void schema_want(struct schema_run *run, struct schema_def *def);
/* Reads the definition, unless that is done, under way, or would go too deep. */
int schema_def_gather(struct schema_run *run, struct schema_def *def);
/* Begins with the document itself, whose place run->path holds. */
void schema_refs_init(struct schema_run *run, json_object *document);
void schema_refs_release(struct schema_run *run);

/* index.c */

#define SCHEMA_URI_MAX 4096

size_t schema_add_place(struct schema_run *run, json_object *node, size_t resource);
/* The $id of a schema, without fragment. */
struct slice schema_id(json_object *node);
/* uri against the document's own, appended. */
void schema_absolute(struct schema_run *run, struct slice uri, struct buf *out);
/* An anchor of a resource as a key of run->anchors, appended. */
void schema_anchor_key(struct buf *out, size_t resource, struct slice name);
/* Finds all names. Most documents have none: done when the first reference needs it. */
void schema_index(struct schema_run *run);
/* The resource that begins at node, or the one at hand. */
size_t schema_resource(struct schema_run *run, json_object *node);

/* schema/finish.c */

/* The clean form of a raw schema; *ret is NULL when it admits nothing. */
int schema_finish(struct schema_run *run, json_object *raw, json_object **ret);

/* values.c */

unsigned schema_type_bit(struct slice word); /* 0 for what is no type; case ignored */
const char *schema_type_word(unsigned bit);
unsigned schema_types(json_object *type); /* of a keyword's value */
/* type, enum and format of out, and raw's nullable. */
int schema_finish_values(struct schema_run *run, json_object *raw, json_object *out);
/* minimum and maximum of out, with raw's exclusive ones. */
int schema_finish_limits(struct schema_run *run, json_object *raw, json_object *out);
/* A text that equal values share, appended to out. */
void schema_value_key(json_object *value, struct buf *out);

/* cycles.c */

int schema_break_cycles(struct schema_run *run);

/* run.c */

#define SCHEMA_PATH_MAX 256 /* of a place; the names below a longer one are left out */

/* The place grows by a name; yields what schema_pop takes to undo it. */
size_t schema_push(struct schema_run *run, const char *key);
size_t schema_push_index(struct schema_run *run, size_t index);
void schema_pop(struct schema_run *run, size_t mark);
/* changes_note and changes_mention for the place, once for each. */
int schema_note(struct schema_run *run, enum change change);
void schema_mention(struct schema_run *run, enum change change);
/* The same for a keyword of the schema at the place. */
int schema_note_key(struct schema_run *run, enum change change, const char *key);
void schema_mention_key(struct schema_run *run, enum change change, const char *key);
int schema_bad_type(struct schema_run *run, const char *expected, json_object *got);
/* One schema more, of those that count counts; in and below it until schema_leave. */
int schema_enter(struct schema_run *run, size_t *count);
void schema_leave(struct schema_run *run);
/* The same for one that is added to the schema at the place. */
int schema_room(struct schema_run *run);

/* A copy of a raw schema, or of a part of one. */
json_object *schema_copy(json_object *value);
/* About the length of its JSON text; counting ends above max. */
size_t schema_weight(json_object *value, size_t max);
bool schema_is_false(json_object *raw);

#endif
