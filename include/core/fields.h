/*
 * The field tables of all endpoints under one roof, so that what the documentation says of a
 * parameter can be held against what is done with it.
 */
#ifndef CORE_FIELDS_H
#define CORE_FIELDS_H

#include "core/fieldmap.h"

/* A table, and what stands in front of its names: "" at the top, "reasoning." inside. */
struct field_table {
	const char *inside;
	const struct fieldmap *rows;
};

/* Those of each file that has some; they end with NULL rows. */
extern const struct field_table chat_tables[], chat_builtin_tables[], chat_google_tables[],
    chat_thinking_tables[], chat_tool_tables[], chat_video_tables[], completions_tables[],
    embed_tables[], images_tables[], responses_tables[], speech_tables[], transcription_tables[],
    translation_tables[];

struct fields_list {
	const char *name; /* what the documentation calls it */
	const struct field_table *tables[4];
};

/* Ends with a NULL name. */
extern const struct fields_list fields_lists[];

/* What becomes of a parameter. */
enum field_fate {
	FATE_REQUIRED, /* must be there */
	FATE_MAPPED,
	FATE_SOMETIMES, /* for the models that know such a thing */
	FATE_IGNORED,
	FATE_REFUSED, /* 400 */
	FATES
};

enum field_fate fields_fate(const struct fieldmap *row);

#endif
