/* What the golden tests share: files, expectations and the models. */
#ifndef TESTS_GOLDEN_H
#define TESTS_GOLDEN_H

#include "core/api/apierror.h"
#include "core/api/changes.h"
#include "core/json/json.h"
#include "core/gemini/models.h"
#include "golden_file.h"

extern struct models *golden_models;
extern bool golden_update; /* expectations are written */

/* The check of tap.h, counted in one place. */
bool golden_ok(bool good, const char *what);
/* dir/name and suffix; the caller frees it. */
char *golden_path(const char *dir, const char *name, const char *suffix);
/* The file must hold exactly this text; JSON is kept indented and compared without its blanks. */
void golden_expect(
    const char *dir, const char *name, const char *suffix, struct slice got, bool json);
/* As above, for X.err.json. */
void golden_expect_error(const char *dir, const char *name, const struct apierror *err);

/* The file must not exist. */
void golden_expect_none(const char *dir, const char *name, const char *suffix);
/* X.changes.txt, which exists when there are changes. */
void golden_expect_changes(const char *dir, const char *name, struct changes *changes);
/* A JSON file, or NULL when there is none; a new reference. */
json_object *golden_json(const char *dir, const char *name, const char *suffix);

/* One case of chat_request, chat_reply, chat_stream. */
void golden_request(const char *dir, const char *name, struct slice input);
void golden_reply(const char *dir, const char *name, struct slice input);
void golden_stream(const char *dir, const char *name, struct slice input);

#endif
