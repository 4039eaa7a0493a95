/*
 * What the API refuses although the transcoder took it: shapes of conversations, settings that a
 * model does not have, tools that do not go together.
 */
#ifndef STANDIN_CHECKS_H
#define STANDIN_CHECKS_H

#include <json-c/json.h>
#include <stdbool.h>

#include "base/buf.h"
#include "models.h"
#include "standin.h"

struct refusal {
	int code; /* HTTP status, 0 while nothing is wrong */
	struct buf message;
};

struct subject {
	struct standin *si;
	const struct model *model;
	struct slice name; /* of the model, without "models/" */
	const char *project;
	json_object *body;
};

void refusal_init(struct refusal *r);
void refusal_release(struct refusal *r);
/* Notes the first reason; always false. */
bool refuse(struct refusal *r, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

bool checks_generate(const struct subject *s, struct refusal *r);
bool checks_count(const struct subject *s, struct refusal *r);
bool checks_embed(const struct subject *s, bool batch, struct refusal *r);

/* For checks.c: generationConfig, thinking and tools (checks_config.c, checks_tools.c). */
bool checks_config(const struct subject *s, struct refusal *r);
bool checks_tools(const struct subject *s, struct refusal *r);
bool checks_turns(const struct subject *s, struct refusal *r);
/* Missing and wrong thought signatures; counts the others in s->si->stats. */
bool checks_signatures(const struct subject *s, struct refusal *r);
/* Settings of pictures, speech and transcription. */
bool checks_media(const struct subject *s, struct refusal *r);
/* A JSON Schema: Google's keywords only, references that resolve. where: its place. */
bool checks_json_schema(
    const struct subject *s, json_object *schema, const char *where, struct refusal *r);
bool subject_has_functions(const struct subject *s);
bool subject_has_builtin(const struct subject *s);

#endif
