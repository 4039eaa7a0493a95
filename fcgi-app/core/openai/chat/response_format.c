/* response_format: plain text, JSON, or JSON after a schema. */
#include "config.h"

#include "base/limits.h"
#include "core/openai/chat/chat_read.h"
#include "core/gemini/part_build.h"
#include "core/schema/schema.h"

/* Older models refuse a JSON answer format beside tools: they are asked in words instead. */
static int
ask_in_words(struct fieldmap_run *run, json_object *schema, const char *at)
{
	const struct chat_read *c = run->ctx;
	struct buf text;

	buf_init(&text, TRANSLATED_MAX);
	buf_adds(&text, "Answer with one JSON document and nothing else");
	buf_adds(&text, c->functions ? ", unless you call a function." : ".");
	if (schema != NULL) {
		buf_adds(&text, " It must be valid against this JSON Schema: ");
		json_write(schema, &text);
	}
	part_system_add(run->target, json_new_str(buf_slice(&text)));
	buf_release(&text);
	return changes_note(run->changes, CHANGE_REWRITTEN, at, run->err);
}

/* schema: borrowed, or NULL. */
static int
set_json(struct fieldmap_run *run, json_object *schema, const char *at)
{
	const struct chat_read *c = run->ctx;

	if ((c->family->can & (FAMILY_AUDIO_OUT | FAMILY_IMAGE_OUT)) != 0)
		return apierror_set(run->err, APIERROR_UNSUPPORTED, at,
		    "Invalid '%s': the model '%s' does not answer with JSON.", at,
		    c->request->model.name);
	if ((c->refused & REFUSED_JSON) != 0 ||
	    ((c->functions || c->builtins != 0) && (c->family->can & FAMILY_JSON_TOOLS) == 0))
		return ask_in_words(run, schema, at);
	fieldmap_put(run->target, "generationConfig/responseMimeType",
	    json_object_new_string("application/json"));
	if (schema != NULL && json_object_object_length(schema) > 0)
		fieldmap_put(
		    run->target, "generationConfig/responseJsonSchema", json_object_get(schema));
	return 0;
}

/* The caller's name and description help the model, where the schema does not say better. */
static void
add_titles(json_object *schema, json_object *body)
{
	static const struct field_word words[] = { { "name", "title" },
		{ "description", "description" }, { 0 } };

	if (!json_object_is_type(schema, json_type_object) ||
	    json_object_object_length(schema) == 0 || json_get(schema, "$ref") != NULL)
		return;
	for (const struct field_word *word = words; word->from != NULL; word++)
		if (json_get(schema, word->to) == NULL && json_get_str(body, word->from).len > 0)
			json_put(schema, word->to, json_object_get(json_get(body, word->from)));
}

/* body: {name, description, schema, strict}; at: its name; format: the whole field's. */
static int
read_schema(struct fieldmap_run *run, json_object *body, const char *at, const char *format)
{
	json_object *schema = json_get(body, "schema"), *clean = NULL;
	char param[APIERROR_PARAM_MAX];
	int rc;

	field_name(param, "%s.schema", at);
	if (schema != NULL && !json_is_object(schema))
		return fieldmap_bad_type(run->err, param, "an object", schema);
	if (schema != NULL && schema_clean(schema, param, run->changes, &clean, run->err) != 0)
		return -1;
	add_titles(clean, body);
	rc = set_json(run, clean, format);
	json_object_put(clean);
	return rc;
}

int
chat_format_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	json_object *type = json_get(value, "type"), *body = json_get(value, "json_schema");
	char at[APIERROR_PARAM_MAX], param[APIERROR_PARAM_MAX];

	fieldmap_param(run, row, at);
	field_name(param, "%s.type", at);
	if (json_object_object_length(value) == 0)
		return 0;
	if (type == NULL)
		return fieldmap_missing(run->err, param);
	if (slice_eqi(json_str(type), SLICE("text")))
		return 0;
	if (slice_eqi(json_str(type), SLICE("json_object")))
		return set_json(run, NULL, at);
	if (!slice_eqi(json_str(type), SLICE("json_schema")))
		return fieldmap_drop_word(
		    run, at, ".type", json_str(type), "'text', 'json_object', and 'json_schema'");
	if (body == NULL && json_get(value, "schema") != NULL)
		return read_schema(run, value, at, at);
	field_name(param, "%s.json_schema", at);
	if (body == NULL)
		return fieldmap_missing(run->err, param);
	if (!json_is_object(body))
		return fieldmap_bad_type(run->err, param, "an object", body);
	return read_schema(run, body, param, at);
}
