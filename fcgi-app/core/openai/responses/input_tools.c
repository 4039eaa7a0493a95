/* Tools that stand in the list of items: they count as declared, like those of `tools`. */
#include "config.h"

#include "input.h"

static bool
brings_tools(json_object *item)
{
	struct slice type = json_get_str(item, "type");

	return slice_eq(type, SLICE("additional_tools")) ||
	       slice_eq(type, SLICE("tool_search_output"));
}

/* at: the item's name. */
static int
declare_of(struct fieldmap_run *run, json_object *item, const char *at)
{
	json_object *tools = json_get(item, "tools");
	char param[APIERROR_PARAM_MAX];

	if (!brings_tools(item))
		return 0;
	field_name(param, "%s.tools", at);
	if (tools == NULL)
		return fieldmap_missing(run->err, param);
	if (!json_object_is_type(tools, json_type_array))
		return fieldmap_bad_type(run->err, param, "an array of objects", tools);
	for (size_t i = 0; i < json_object_array_length(tools); i++) {
		field_name(param, "%s.tools[%zu]", at, i);
		if (chat_tool_read(run, json_object_array_get_idx(tools, i), param) != 0)
			return -1;
	}
	return 0;
}

static int
declare_all(struct fieldmap_run *run, const struct responses_past *past, json_object *input)
{
	json_object *items = past->items, *item;
	char at[APIERROR_PARAM_MAX];

	for (size_t i = 0; items != NULL && i < json_object_array_length(items); i++)
		if (declare_of(run, json_object_array_get_idx(items, i), "previous_response_id") !=
		    0)
			return -1;
	if (!json_object_is_type(input, json_type_array))
		return 0;
	for (size_t i = 0; i < json_object_array_length(input); i++) {
		item = json_object_array_get_idx(input, i);
		if (responses_is_reference(item) && json_get_str(item, "id").len > 0)
			item = json_get(past->by_id, json_object_get_string(json_get(item, "id")));
		field_name(at, "input[%zu]", i);
		if (declare_of(run, item, at) != 0)
			return -1;
	}
	return 0;
}

int
responses_tools_emit(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	struct chat_read *c = run->ctx;
	const struct responses_read *own = c->own;
	unsigned before = c->builtins;
	int rc;

	(void)row;
	c->brought = true;
	rc = declare_all(run, own->past, value);
	c->brought = false;
	c->by_tools |= c->builtins & ~before;
	return rc;
}
