/* response_format: plain text, JSON, or JSON after a schema. */
#include "config.h"

#include "base/limits.h"
#include "chat_priv.h"

/* Older models refuse a JSON answer format beside tools: they are asked in words instead. */
static void
ask_in_words(struct fieldmap_run *run, json_object *schema)
{
	const struct chat_read *c = run->ctx;
	struct buf text;

	buf_init(&text, CHAT_BODY_MAX);
	buf_adds(&text, "Answer with one JSON document and nothing else");
	buf_adds(&text, c->functions ? ", unless you call a function." : ".");
	if (schema != NULL) {
		buf_adds(&text, " It must be valid against this JSON Schema: ");
		json_write(schema, &text);
	}
	chat_system_add(run->target, json_new_str(buf_slice(&text)));
	buf_release(&text);
}

/* Takes schema, which may be NULL. */
static void
set_json(struct fieldmap_run *run, json_object *schema)
{
	const struct chat_read *c = run->ctx;

	if ((c->functions || c->search) && (c->family->can & FAMILY_JSON_TOOLS) == 0) {
		ask_in_words(run, schema);
		json_object_put(schema);
		return;
	}
	fieldmap_put(run->target, "generationConfig/responseMimeType",
	    json_object_new_string("application/json"));
	if (schema != NULL)
		fieldmap_put(run->target, "generationConfig/responseJsonSchema", schema);
}

static int
read_schema(struct fieldmap_run *run, json_object *format)
{
	static const char at[] = "response_format.json_schema";
	json_object *body = json_get(format, "json_schema"), *schema = json_get(body, "schema");

	if (body == NULL)
		return fieldmap_missing(run->err, at);
	if (!json_object_is_type(body, json_type_object))
		return fieldmap_bad_type(run->err, at, "an object", body);
	if (schema != NULL && !json_object_is_type(schema, json_type_object))
		return fieldmap_bad_type(
		    run->err, "response_format.json_schema.schema", "an object", schema);
	set_json(run, schema != NULL ? chat_schema_copy(schema) : NULL);
	return 0;
}

int
chat_format_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	json_object *type = json_get(value, "type");

	(void)row;
	if (type == NULL)
		return fieldmap_missing(run->err, "response_format.type");
	if (slice_eq(json_str(type), SLICE("json_schema")))
		return read_schema(run, value);
	if (slice_eq(json_str(type), SLICE("json_object")))
		set_json(run, NULL);
	else if (!slice_eq(json_str(type), SLICE("text")))
		return fieldmap_bad_word(run->err, "response_format.type", json_str(type),
		    "'text', 'json_object', and 'json_schema'");
	return 0;
}
