/* Loads schema.json and its overlay. */
#include "config.h"

#include "schema.h"

#include <json-c/linkhash.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "gjson.h"

#define TYPE_PACKAGE "type.googleapis.com/google.ai.generativelanguage.v1beta."

struct schema {
	json_object *document, *overlay; /* overlay may be NULL */
	struct lh_table *messages;       /* by name */
};

static const struct {
	const char *word;
	enum field_type type;
	const char *type_name;
} types[] = {
	{ "string", FIELD_STRING, "TYPE_STRING" },
	{ "bool", FIELD_BOOL, "TYPE_BOOL" },
	{ "int32", FIELD_INT32, "TYPE_INT32" },
	{ "int64", FIELD_INT64, "TYPE_INT64" },
	{ "float", FIELD_FLOAT, "TYPE_FLOAT" },
	{ "double", FIELD_DOUBLE, "TYPE_DOUBLE" },
	{ "bytes", FIELD_BYTES, "TYPE_BYTES" },
	{ "timestamp", FIELD_TIMESTAMP, "type.googleapis.com/google.protobuf.Timestamp" },
	{ "duration", FIELD_DURATION, "type.googleapis.com/google.protobuf.Duration" },
	{ "fieldmask", FIELD_FIELDMASK, "type.googleapis.com/google.protobuf.FieldMask" },
	{ "value", FIELD_VALUE, "type.googleapis.com/google.protobuf.Value" },
	{ "struct", FIELD_STRUCT, "type.googleapis.com/google.protobuf.Struct" },
};

static char *
schema_qualified(const char *name)
{
	struct buf b;

	buf_init(&b, 4096);
	buf_addf(&b, TYPE_PACKAGE "%s", name);
	return buf_take(&b);
}

static void
field_free(struct field *f)
{
	free(f->proto_name);
	free(f->type_name);
	free(f);
}

/* Each field is in the table twice; the entry with the JSON name owns it. */
static void
message_free_entry(struct lh_entry *entry)
{
	struct message *m = lh_entry_v(entry);
	struct lh_entry *e;

	lh_foreach(m->fields, e)
	{
		if (e->k_is_constant == 0) {
			field_free(lh_entry_v(e));
			free(lh_entry_k(e));
		}
	}
	lh_table_free(m->fields);
	free(m->name);
	free(m);
}

static struct message *
message_get(struct schema *s, const char *name)
{
	struct message *m = NULL;

	if (lh_table_lookup_ex(s->messages, name, (void **)&m))
		return m;
	m = xcalloc(1, sizeof(*m));
	m->name = xstrdup(name);
	m->fields = lh_kchar_table_new(16, NULL);
	lh_table_insert(s->messages, m->name, m);
	return m;
}

static bool
field_read(struct schema *s, struct field *f, json_object *spec)
{
	json_object *inner, *values = NULL;
	struct slice word;

	if ((inner = gjson_get(spec, "array")) != NULL) {
		f->repeated = true;
		return field_read(s, f, inner);
	}
	if ((inner = gjson_get(spec, "map")) != NULL) {
		f->map = true;
		return field_read(s, f, inner);
	}
	if ((inner = gjson_get(spec, "message")) != NULL) {
		f->type = FIELD_MESSAGE;
		f->message = message_get(s, json_object_get_string(inner));
		f->type_name = schema_qualified(f->message->name);
		return true;
	}
	if ((values = gjson_get_array(spec, "enum")) != NULL) {
		inner = gjson_get(spec, "name");
		f->type = FIELD_ENUM;
		f->values = values;
		f->type_name =
		    schema_qualified(inner != NULL ? json_object_get_string(inner) : "Enum");
		return true;
	}
	word = gjson_str(spec, "type");
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (slice_eq(word, slice_str(types[i].word))) {
			f->type = types[i].type;
			f->type_name = xstrdup(types[i].type_name);
			return true;
		}
	}
	return false;
}

/* The overlay adds values to an enum that is there. */
static bool
field_extend(struct field *f, json_object *spec)
{
	json_object *values = gjson_get_array(spec, "enum");

	if (f->type != FIELD_ENUM || values == NULL)
		return false;
	for (size_t i = 0; i < json_object_array_length(values); i++)
		json_object_array_add(
		    f->values, json_object_get(json_object_array_get_idx(values, i)));
	return true;
}

static bool
field_add(struct schema *s, struct message *m, const char *name, json_object *spec)
{
	struct field *f = NULL;
	struct buf snake;

	if (lh_table_lookup_ex(m->fields, name, (void **)&f) && field_extend(f, spec))
		return true;
	f = xcalloc(1, sizeof(*f));
	buf_init(&snake, 4096);
	gjson_snake(&snake, name);
	f->proto_name = buf_take(&snake);
	if (!field_read(s, f, spec) || lh_table_lookup_ex(m->fields, name, NULL)) {
		fprintf(stderr, "standin: the schema's %s.%s is of no known type or there twice\n",
		    m->name, name);
		field_free(f);
		return false;
	}
	lh_table_insert(m->fields, xstrdup(name), f);
	if (strcmp(name, f->proto_name) != 0)
		lh_table_insert_w_hash(m->fields, f->proto_name, f,
		    lh_get_hash(m->fields, f->proto_name), JSON_C_OBJECT_KEY_IS_CONSTANT);
	return true;
}

static bool
messages_read(struct schema *s, json_object *document)
{
	json_object *messages = gjson_get(document, "messages");

	if (!json_object_is_type(messages, json_type_object))
		return false;
	json_object_object_foreach(messages, name, fields)
	{
		struct message *m = message_get(s, name);

		json_object_object_foreach(fields, field, spec)
		{
			if (!field_add(s, m, field, spec))
				return false;
		}
	}
	return true;
}

static char *
overlay_path(const char *path)
{
	const char *slash = strrchr(path, '/');
	struct buf b;

	buf_init(&b, 8192);
	buf_add(&b, path, slash != NULL ? (size_t)(slash - path) + 1 : 0);
	buf_adds(&b, "schema-overlay.json");
	return buf_take(&b);
}

struct schema *
schema_load(const char *path)
{
	struct schema *s = xcalloc(1, sizeof(*s));
	char *beside = overlay_path(path);
	bool good;

	s->messages = lh_kchar_table_new(256, message_free_entry);
	s->document = json_object_from_file(path);
	s->overlay = json_object_from_file(beside);
	good = messages_read(s, s->document) &&
	       (s->overlay == NULL || messages_read(s, s->overlay)) &&
	       gjson_get(s->document, "methods") != NULL;
	if (!good) {
		fprintf(stderr, "standin: %s is not a usable schema\n", path);
		schema_free(s);
		s = NULL;
	}
	free(beside);
	return s;
}

void
schema_free(struct schema *s)
{
	if (s == NULL)
		return;
	lh_table_free(s->messages);
	json_object_put(s->document);
	json_object_put(s->overlay);
	free(s);
}

/* pattern: "/models/{}:generateContent"; {} stands for one segment without a colon. */
static bool
pattern_match(const char *pattern, struct slice tail)
{
	size_t i = 0;

	while (*pattern != '\0') {
		if (pattern[0] == '{') {
			size_t start = i;

			while (i < tail.len && tail.ptr[i] != '/' && tail.ptr[i] != ':')
				i++;
			if (i == start)
				return false;
			pattern += 2;
		} else {
			if (i == tail.len || tail.ptr[i] != *pattern)
				return false;
			i++;
			pattern++;
		}
	}
	return i == tail.len;
}

bool
schema_find(
    const struct schema *s, struct slice method, struct slice tail, struct schema_method *ret)
{
	json_object *methods = gjson_get(s->document, "methods");

	json_object_object_foreach(methods, key, spec)
	{
		const char *blank = strchr(key, ' ');
		json_object *body;
		struct message *m = NULL;

		if (blank == NULL ||
		    !slice_eq(method, (struct slice){ key, (size_t)(blank - key) }) ||
		    !pattern_match(blank + 1, tail))
			continue;
		body = gjson_get(spec, "body");
		if (body != NULL)
			lh_table_lookup_ex(s->messages, json_object_get_string(body), (void **)&m);
		ret->body = m;
		ret->query = gjson_get_array(spec, "query");
		return true;
	}
	return false;
}
