/* Between the files that read keywords: the reading of one, and the readers. */
#ifndef CORE_SCHEMA_GATHER_H
#define CORE_SCHEMA_GATHER_H

#include "schema_priv.h"

/* One keyword of one schema under way; the place is the keyword's. */
struct reading {
	struct schema_run *run;
	json_object *source; /* the schema */
	json_object **raw;   /* what became of it so far */
	const char *key;
};

typedef int (*keyword_fn)(struct reading *r, json_object *value);

/* The value under a keyword of the output, beside what is there. */
int schema_read_as(struct reading *r, const char *key, json_object *value);
/* The same, value taken. */
int schema_read_new(struct reading *r, const char *key, json_object *value);

int schema_read_lost(struct reading *r, json_object *value); /* what Google cannot be told */
int schema_read_idle(struct reading *r, json_object *value); /* what has no bearing on values */

/* parts.c */
int schema_read_list(struct reading *r, json_object *value);
int schema_read_items(struct reading *r, json_object *value);
int schema_read_additional_items(struct reading *r, json_object *value);
int schema_read_properties(struct reading *r, json_object *value);
int schema_read_additional(struct reading *r, json_object *value);
int schema_read_patterns(struct reading *r, json_object *value);
int schema_read_not(struct reading *r, json_object *value);
int schema_read_all(struct reading *r, json_object *value);
int schema_read_ref(struct reading *r, json_object *value);

#endif
