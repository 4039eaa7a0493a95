/* The order of turns, calls and their results. */
#include "config.h"

#include "checks.h"
#include "gjson.h"

struct turn {
	bool model;
	size_t calls, responses;
	bool text_after_response;
};

static json_object *
content_at(const struct subject *s, size_t i)
{
	return gjson_at(s->body, "contents", i);
}

static struct turn
turn_read(json_object *content)
{
	struct turn t = { .model = slice_eq(gjson_str(content, "role"), SLICE("model")) };
	size_t parts = gjson_count(content, "parts");

	for (size_t i = 0; i < parts; i++) {
		json_object *part = gjson_at(content, "parts", i);

		if (gjson_get(part, "functionCall") != NULL)
			t.calls++;
		else if (gjson_get(part, "functionResponse") != NULL)
			t.responses++;
		else if (t.responses > 0)
			t.text_after_response = true;
	}
	return t;
}

static bool
answers_call(json_object *call, json_object *response, bool *ret_id_differs)
{
	struct slice id = gjson_str(call, "id"), other = gjson_str(response, "id");

	if (!slice_eq(gjson_str(call, "name"), gjson_str(response, "name")))
		return false;
	if (id.len > 0 && other.len > 0 && !slice_eq(id, other)) {
		*ret_id_differs = true;
		return false;
	}
	return true;
}

/* Every response names a call of the turn before it. */
static bool
check_pairs(json_object *calls, json_object *responses, struct refusal *r)
{
	size_t asked = gjson_count(calls, "parts"), given = gjson_count(responses, "parts");

	for (size_t i = 0; i < given; i++) {
		json_object *response =
		    gjson_get(gjson_at(responses, "parts", i), "functionResponse");
		bool found = response == NULL, id_differs = false;

		for (size_t k = 0; k < asked && !found; k++) {
			json_object *call = gjson_get(gjson_at(calls, "parts", k), "functionCall");

			found = call != NULL && answers_call(call, response, &id_differs);
		}
		if (!found && id_differs)
			return refuse(r, 400, "functionResponse.id does not match functionCall.id");
		if (!found)
			return refuse(r, 400,
			    "Please ensure that the function response's name matches a function "
			    "call of the function call turn.");
	}
	return true;
}

static bool
check_order(const struct subject *s, size_t i, size_t count, struct refusal *r)
{
	struct turn turn = turn_read(content_at(s, i)), before = { 0 }, after = { 0 };

	if (i > 0)
		before = turn_read(content_at(s, i - 1));
	if (i + 1 < count)
		after = turn_read(content_at(s, i + 1));
	if (turn.calls > 0 && (i == 0 || before.model))
		return refuse(r, 400,
		    "Please ensure that function call turn comes immediately after a user turn or "
		    "after a function response turn.");
	if (turn.responses > 0 && (before.calls == 0 || (turn.model && model_is_3(s->model))))
		return refuse(r, 400,
		    "Please ensure that function response turn comes immediately after a function "
		    "call turn.");
	if ((turn.responses > 0 && turn.responses != before.calls) ||
	    (turn.calls > 0 && i + 1 < count && after.calls == 0 && after.responses != turn.calls))
		return refuse(r, 400,
		    "Please ensure that the number of function response parts is equal to the "
		    "number of function call parts of the function call turn.");
	if (turn.responses > 0 && !check_pairs(content_at(s, i - 1), content_at(s, i), r))
		return false;
	if (turn.text_after_response && model_is_3(s->model))
		return refuse(r, 400, "Requests ending with a model turn are not supported.");
	return true;
}

bool
checks_turns(const struct subject *s, struct refusal *r)
{
	size_t count = gjson_count(s->body, "contents");

	for (size_t i = 0; i < count; i++) {
		if (!check_order(s, i, count, r))
			return false;
	}
	if (s->model->no_model_last && turn_read(content_at(s, count - 1)).model)
		return refuse(r, 400, "Requests ending with a model turn are not supported.");
	return true;
}
