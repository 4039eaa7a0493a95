/* The keywords whose values are made of schemas, whether Google knows them or not. */
#include "config.h"

#include <string.h>

#include "base/xalloc.h"
#include "schema_priv.h"

static const struct {
	const char *keyword;
	enum schema_holds holds;
} keywords[] = {
	{ "properties", HOLDS_MAP },
	{ "$defs", HOLDS_MAP },
	{ "definitions", HOLDS_MAP },
	{ "patternProperties", HOLDS_MAP },
	{ "dependencies", HOLDS_MAP },
	{ "dependentSchemas", HOLDS_MAP },
	{ "anyOf", HOLDS_LIST },
	{ "oneOf", HOLDS_LIST },
	{ "prefixItems", HOLDS_LIST },
	{ "allOf", HOLDS_LIST },
	{ "items", HOLDS_EITHER },
	{ "extends", HOLDS_EITHER },
	{ "additionalProperties", HOLDS_SCHEMA },
	{ "additionalItems", HOLDS_SCHEMA },
	{ "not", HOLDS_SCHEMA },
	{ "contains", HOLDS_SCHEMA },
	{ "propertyNames", HOLDS_SCHEMA },
	{ "if", HOLDS_SCHEMA },
	{ "then", HOLDS_SCHEMA },
	{ "else", HOLDS_SCHEMA },
	{ "unevaluatedItems", HOLDS_SCHEMA },
	{ "unevaluatedProperties", HOLDS_SCHEMA },
	{ "contentSchema", HOLDS_SCHEMA },
};

enum schema_holds
schema_holds(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(keywords); i++)
		if (strcmp(keywords[i].keyword, key) == 0)
			return keywords[i].holds;
	return HOLDS_DATA;
}
