/*
 * A caller's JSON Schema (any draft) in the form that Google's parametersJsonSchema and
 * responseJsonSchema take. Knows keywords from properties that happen to have a keyword's name.
 */
#ifndef CORE_SCHEMA_SCHEMA_H
#define CORE_SCHEMA_SCHEMA_H

#include <json-c/json.h>
#include <stdbool.h>

#include "core/api/apierror.h"
#include "core/api/changes.h"

/* A new schema, key order kept, with every rewriting and omission noted in changes (JSON pointers
 * below `at`, itself a pointer or a field name). schema: an object, true or false. -1 with err
 * (param: the place) for what is no schema, is nested or sized beyond the ceilings, or when the
 * list of changes is strict. */
int schema_clean(json_object *schema, const char *at, struct changes *changes,
    json_object **ret_schema, struct apierror *err);

/* True when a cleaned schema says nothing about an object: no declared property, nothing that
 * admits further ones. Google has refused such parameters. */
bool schema_is_empty(json_object *schema);

#endif
