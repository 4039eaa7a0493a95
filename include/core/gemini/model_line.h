/*
 * Lines of models: what a name is plainly the name of, and the newest model of the same line in
 * Google's list. Names that are not built of the usual words are of no line.
 */
#ifndef CORE_GEMINI_MODEL_LINE_H
#define CORE_GEMINI_MODEL_LINE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/limits.h"

enum model_kind {
	MODEL_KIND_NONE, /* of no line */
	MODEL_KIND_TEXT,
	MODEL_KIND_IMAGE,
	MODEL_KIND_SPEECH,
	MODEL_KIND_TRANSCRIPT,
	MODEL_KIND_LIVE,
	MODEL_KIND_EMBEDDING, /* its vectors are of no use beside another's */
};

enum model_kind model_line_kind(struct slice name);
/* May another model of its line take its place? */
bool model_line_moves(struct slice name);

/*
 * The newest of the name's line in a list (names, each followed by a line end): an evergreen name
 * if there is one, else stable before preview, then by version. Text models stay in their tier
 * (pro, flash, flash-lite), others prefer it. A name that is newer than all of the list is not a
 * retired one: it has no successor there. usable: false for names that will not do. False when
 * there is none but the name itself.
 */
bool model_line_newest(struct slice names, struct slice name,
    bool (*usable)(void *ctx, struct slice name), void *ctx, char ret[MODEL_NAME_MAX]);

/* The name in the list that a misspelt one is likely to mean, or nothing. */
struct slice model_line_near(struct slice names, struct slice name);

#endif
