/* schema.c and its stages: what the golden cases do not show. */
#include "config.h"

#include "core/schema/schema.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "core/json/json.h"
#include "tap.h"

/* want_changes NULL: not compared. */
static void
clean(const char *text, const char *at, const char *want, const char *want_changes)
{
	json_object *schema = json_read(slice_str(text)), *got = NULL;
	struct changes changes;
	struct apierror err = { .message = "" };
	struct buf out;

	buf_init(&out, MIB);
	changes_init(&changes, false);
	if (ok(schema_clean(schema, at, &changes, &got, &err) == 0, text)) {
		json_write(got, &out);
		is_slice(buf_slice(&out), want, "  schema");
		if (want_changes != NULL)
			is_slice(changes_header(&changes), want_changes, "  changes");
	} else {
		printf("# %s\n", err.message);
	}
	json_object_put(schema);
	json_object_put(got);
	changes_release(&changes);
	buf_release(&out);
}

static void
fails(const char *text, const char *at, bool strict, const char *want_param)
{
	json_object *schema = json_read(slice_str(text)), *got = NULL;
	struct changes changes;
	struct apierror err = { .message = "" };

	changes_init(&changes, strict);
	ok(schema_clean(schema, at, &changes, &got, &err) == -1, text);
	ok(got == NULL, "  no schema");
	is_int(err.status, 400, "  status");
	is_str(err.param, want_param, "  param");
	json_object_put(schema);
	json_object_put(got);
	changes_release(&changes);
}

static void
test_places(void)
{
	clean("[]", "/s", "{}", "");
	clean("{\"type\":\"object\",\"properties\":[],\"additionalProperties\":[],\"$defs\":[],"
	      "\"patternProperties\":[],\"required\":{}}",
	    "/s", "{\"type\":\"object\",\"properties\":{},\"additionalProperties\":{}}", NULL);
	clean("{\"type\":\"object\",\"properties\":{\"a\":[],\"b\":{\"type\":\"object\","
	      "\"properties\":{\"c\":{\"type\":\"array\",\"items\":[]}}},"
	      "\"d\":{\"anyOf\":[[],{\"type\":\"null\"}]},\"e\":{\"$ref\":\"#/$defs/X\"}},"
	      "\"$defs\":{\"X\":[]}}",
	    "/s",
	    "{\"type\":\"object\",\"properties\":{\"a\":{},\"b\":{\"type\":\"object\","
	    "\"properties\":{\"c\":{\"type\":\"array\",\"items\":{}}}},"
	    "\"d\":{},\"e\":{\"$ref\":\"#/$defs/X\"}},"
	    "\"$defs\":{\"X\":{}}}",
	    NULL);
	clean("{\"properties\":{\"a/b\":{\"pattern\":\"x\"},\"c~d\":{\"pattern\":\"x\"}},"
	      "\"type\":\"object\"}",
	    "tools[3].function.parameters",
	    "{\"properties\":{\"a/b\":{},\"c~d\":{}},\"type\":\"object\"}",
	    "/tools/3/function/parameters/properties/a~1b/pattern dropped, "
	    "/tools/3/function/parameters/properties/c~0d/pattern dropped");
	clean("{\"anyOf\":[{\"type\":\"string\",\"minLength\":1},{\"type\":\"null\"}]}", "/s",
	    "{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"null\"}]}",
	    "/s/anyOf/0/minLength dropped");
	/* The definition is used twice and its keyword named once, where it stands. */
	clean("{\"prefixItems\":[{\"$ref\":\"#/$defs/a\",\"title\":\"x\"},"
	      "{\"$ref\":\"#/$defs/a\",\"title\":\"y\"}],\"type\":\"array\","
	      "\"$defs\":{\"a\":{\"type\":\"string\",\"pattern\":\"x\"}}}",
	    "/s",
	    "{\"prefixItems\":[{\"type\":\"string\",\"title\":\"x\"},{\"type\":\"string\","
	    "\"title\":\"y\"}],\"type\":\"array\"}",
	    "/s/prefixItems/0/$ref rewritten, /s/$defs/a/pattern dropped, "
	    "/s/prefixItems/1/$ref rewritten");
	fails("{\"items\":{\"properties\":{\"a/b\":[1]}}}", "tools[0].x", false,
	    "tools[0].x.items.properties.a/b");
	fails("[1]", "/response_format/json_schema/schema", false,
	    "response_format.json_schema.schema");
	fails("{\"anyOf\":{}}", "/s", false, "s.anyOf");
	fails("{\"allOf\":{}}", "/s", false, "s.allOf");
	fails("{\"allOf\":[\"x\"]}", "/s", false, "s.allOf[0]");
}

/* A name may be as long as a body. */
static void
test_long_names(void)
{
	char text[3000] = "{\"type\":\"object\",\"properties\":{\"", *end = text + strlen(text);

	memset(end, 'n', 2000);
	strcpy(end + 2000, "\":{\"pattern\":\"x\",\"items\":5}}}");
	fails(text, "/s", false,
	    "s.properties.nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn.items");
}

static void
test_strict(void)
{
	static const char *const harmless[] = {
		"{\"$schema\":\"x\",\"$id\":\"y\",\"$comment\":\"z\",\"type\":\"string\"}",
		"{\"type\":\"string\",\"default\":\"a\",\"examples\":[1],\"deprecated\":true}",
		"{\"const\":\"a\"}",
		"{\"type\":\"INTEGER\",\"exclusiveMinimum\":0}",
		"{\"type\":\"string\",\"nullable\":true}",
		"{\"type\":\"array\"}",
		"{\"definitions\":{\"a\":{}},\"items\":{\"$ref\":\"#/definitions/a\"},"
		"\"type\":\"array\"}",
		"{\"allOf\":[{\"type\":\"object\"},{\"properties\":{\"a\":{\"type\":\"string\"}},"
		"\"required\":[\"a\"]}]}",
		"{\"type\":\"object\",\"properties\":{\"a\":{}},\"required\":[\"a\",\"a\"]}",
	};

	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
		json_object *schema = json_read(slice_str(harmless[i])), *got = NULL;
		struct changes changes;
		struct apierror err;

		changes_init(&changes, true);
		ok(schema_clean(schema, "/s", &changes, &got, &err) == 0, harmless[i]);
		json_object_put(schema);
		json_object_put(got);
		changes_release(&changes);
	}
	fails("{\"properties\":{\"a\":{\"pattern\":\"x\"}}}", "/s", true, "s.properties.a.pattern");
	fails("{\"type\":\"string\",\"format\":\"uri\"}", "/s", true, "s.format");
	fails("{\"type\":\"number\",\"exclusiveMinimum\":0}", "/s", true, "s.exclusiveMinimum");
	fails("{\"const\":true}", "/s", true, "s.enum");
	fails("{\"$ref\":\"http://x/y\"}", "/s", true, "s.$ref");
	fails("{\"not\":{\"type\":\"string\"}}", "/s", true, "s.not");
	fails("{\"type\":\"object\",\"properties\":{},\"required\":[\"a\"]}", "/s", true,
	    "s.required[0]");
	fails("{\"type\":\"object\",\"properties\":{\"a\":{\"$ref\":\"#\"}},\"required\":[\"a\"]}",
	    "/s", true, "s.required");
	fails("{\"properties\":{}}", "/s", true, "s.type");
}

static void
test_empty(void)
{
	static const struct {
		const char *schema;
		bool empty;
	} rows[] = {
		{ "{}", true },
		{ "true", true },
		{ "{\"type\":\"object\"}", true },
		{ "{\"type\":\"object\",\"properties\":{}}", true },
		{ "{\"type\":\"object\",\"description\":\"x\"}", true },
		{ "{\"type\":\"object\",\"properties\":{},\"additionalProperties\":false}", true },
		{ "{\"type\":\"object\",\"additionalProperties\":true}", false },
		{ "{\"type\":\"object\",\"additionalProperties\":{}}", false },
		{ "{\"type\":\"object\",\"properties\":{\"a\":{}}}", false },
		{ "{\"type\":\"object\",\"anyOf\":[{\"type\":\"object\"}]}", false },
		{ "{\"type\":\"string\"}", false },
		{ "{\"anyOf\":[{\"type\":\"string\"}]}", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_object *schema = json_read(slice_str(rows[i].schema)), *got = NULL;
		struct apierror err;

		ok(schema_clean(schema, "/s", NULL, &got, &err) == 0, rows[i].schema);
		is_int(schema_is_empty(got), rows[i].empty, "  empty");
		json_object_put(schema);
		json_object_put(got);
	}
}

static void
test_roots(void)
{
	clean("true", "/s", "{}", "");
	clean("false", "/s", "{\"type\":\"null\"}", "");
	clean("{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"type\":\"object\","
	      "\"properties\":{\"b\":{\"$ref\":\"#/$defs/b\"}}},\"b\":{\"type\":\"string\"}}}",
	    "/s",
	    "{\"type\":\"object\",\"properties\":{\"b\":{\"$ref\":\"#/$defs/b\"}},"
	    "\"$defs\":{\"b\":{\"type\":\"string\"}}}",
	    "");
	clean("{\"type\":\"object\",\"properties\":{\"me\":{\"$ref\":\"#\"}}}", "/s",
	    "{\"type\":\"object\",\"properties\":{\"me\":{\"$ref\":\"#/$defs/root\"}},"
	    "\"$defs\":{\"root\":{\"type\":\"object\",\"properties\":"
	    "{\"me\":{\"$ref\":\"#/$defs/root\"}}}}}",
	    "/s/properties/me/$ref rewritten");
}

/* The text of a document with `count` definitions, each of which names the next one twice. */
static void
doubling(struct buf *out, unsigned count, const char *member)
{
	buf_addf(out, "{\"type\":\"object\",\"properties\":{\"x\":{\"$ref\":\"#/$defs/d0\"}},"
		      "\"$defs\":{");
	for (unsigned i = 0; i < count; i++) {
		buf_addf(out, "\"d%u\":{\"type\":\"object\",\"properties\":{", i);
		for (int twice = 0; twice < 2; twice++) {
			buf_addf(out, "%s\"p%d\":", twice ? "," : "", twice);
			buf_addf(out, "{\"allOf\":[{\"$ref\":\"#/$defs/d%u\"}%s]}", i + 1, member);
		}
		buf_adds(out, "}},");
	}
	buf_addf(out, "\"d%u\":{\"type\":\"object\",\"properties\":{\"z\":{}}}}}", count);
}

static void
test_bombs(void)
{
	static const char *const members[] = { "", ",{\"description\":\"x\"}",
		",{\"properties\":{\"y\":{\"type\":\"string\"}}}" };

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		json_object *schema, *got = NULL;
		struct apierror err;
		struct buf text, out;

		buf_init(&text, MIB);
		buf_init(&out, 16 * MIB);
		doubling(&text, 60, members[i]);
		schema = json_read(buf_slice(&text));
		ok(schema_clean(schema, "/s", NULL, &got, &err) == 0, "doubling definitions");
		json_write(got, &out);
		ok(!out.failed && out.len < text.len + SCHEMA_COPIES_MAX, "  stay small");
		json_object_put(schema);
		json_object_put(got);
		buf_release(&text);
		buf_release(&out);
	}
}

/* More schemas than the ceiling, and one that is as many. */
static void
test_size(void)
{
	for (unsigned count = SCHEMA_NODES_MAX - 1; count <= SCHEMA_NODES_MAX; count++) {
		json_object *schema, *got = NULL;
		struct apierror err;
		struct buf text;

		buf_init(&text, 4 * MIB);
		buf_adds(&text, "{\"type\":\"object\",\"properties\":{\"p\":{}");
		for (unsigned i = 1; i < count; i++)
			buf_addf(&text, ",\"p%u\":{}", i);
		buf_adds(&text, "}}");
		schema = json_read(buf_slice(&text));
		is_int(schema_clean(schema, "/s", NULL, &got, &err),
		    count < SCHEMA_NODES_MAX ? 0 : -1, "a schema of many parts");
		json_object_put(schema);
		json_object_put(got);
		buf_release(&text);
	}
}

int
main(void)
{
	test_places();
	test_long_names();
	test_strict();
	test_empty();
	test_roots();
	test_bombs();
	test_size();
	return tap_done();
}
