/*
 * Objects that the Gemini API stores: files, caches, batches, stores, interactions and so on. Each
 * belongs to the project of the key that made it. Here are their names, as paths, request bodies
 * and answers have them. Sources: the paths and schemas of v1beta's OpenAPI document, and what
 * Google's own clients send.
 *
 * What belongs to another object goes by its name: a document of a store by that of the store.
 */
#ifndef CORE_GEMINI_STORED_OBJECTS_H
#define CORE_GEMINI_STORED_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/limits.h"
#include "core/json/json_scan.h"

#define OBJECTS_MAX 4096 /* mentions of stored objects in one request */

/* ---- names ---- */

/* Names without repetitions once settled; more than OBJECTS_MAX mentions are not looked at. */
struct stored_objects {
	char **names;
	size_t count, room;
};

void stored_objects_init(struct stored_objects *o);
void stored_objects_release(struct stored_objects *o);
/* Sorts, and takes repetitions out. */
void stored_objects_settle(struct stored_objects *o);

/* ---- paths ---- */

enum object_use {
	OBJECT_USE_NONE, /* a model, a list of models, something unknown */
	OBJECT_USE_MANY, /* makes objects or lists them */
	OBJECT_USE_ONE,  /* is about one object, or about what belongs to it */
};

/* Members of a body that name objects on some paths only. */
#define OBJECT_BODY_BATCH        1U /* the input of a batch, what a store imports */
#define OBJECT_BODY_INTERACTIONS 2U
#define OBJECT_BODY_COMPAT       4U /* of Google's own OpenAI layer */

struct object_path {
	enum object_use use;
	unsigned body;         /* OBJECT_BODY_*: what a body on this path may name besides */
	bool upload;           /* the body is the bytes of a file */
	bool alone;            /* no request needs two of what is made here */
	const char *id_prefix; /* of an answer's `id`, where other answers have `name`; or NULL */
};

/* path: of a native request, without query, such as `/upload/v1beta/files`. What it is about is
 * added to o. */
struct object_path stored_objects_of_path(struct slice path, struct stored_objects *o);

/* ---- bodies ---- */

/* Looks for names in a request body that is fed piece by piece. */
struct stored_objects_scan {
	struct json_scan members;
	struct stored_objects *objects;
	struct slice base; /* of URLs that mean Google besides its own host */
	unsigned body;
};

/* base: without a slash at the end; must live as long as the scan. */
void stored_objects_scan_init(
    struct stored_objects_scan *s, struct stored_objects *o, unsigned body, struct slice base);
void stored_objects_scan_feed(struct stored_objects_scan *s, struct slice bytes);

/* May a body that we have written ourselves name objects? Costs less than a scan. */
bool stored_objects_maybe(struct slice body);

/* ---- answers ---- */

/* The name of the object that an answer has made: of its beginning, at any split. */
struct object_made {
	struct json_scan members;
	const char *id_prefix;
	size_t seen;
	char name[OBJECT_NAME_MAX + 1]; /* "": not found yet */
};

void object_made_init(struct object_made *m, const struct object_path *path);
/* True when there is nothing more to be found. */
bool object_made_feed(struct object_made *m, struct slice bytes);

#endif
