/* Google's words for what does not even reach a method. */
#include "config.h"

#include "validate.h"

#include <string.h>

#include "base/xalloc.h"
#include "gjson.h"

#define MESSAGE_MAX   (1024UL * 1024)
#define CONTEXT       20 /* bytes shown before and after a syntax error */
#define FORM_NAME_MAX 512

/* What every method takes (the system parameters of Google's APIs). */
static const char *const system_parameters[] = { "$.xgafv", "$alt", "access_token", "alt",
	"callback", "fields", "key", "oauth_token", "prettyPrint", "quotaUser", "uploadType",
	"upload_id", "upload_protocol" };

void
fault_init(struct fault *f)
{
	buf_init(&f->message, MESSAGE_MAX);
	f->details = NULL;
}

void
fault_release(struct fault *f)
{
	buf_release(&f->message);
	json_object_put(f->details);
}

/* The error is the descriptions of all violations, one a line. violations: taken. */
static bool
fault_set(struct fault *f, json_object *violations)
{
	json_object *bad = json_object_new_object();

	for (size_t i = 0; i < json_object_array_length(violations); i++) {
		json_object *row = json_object_array_get_idx(violations, i);

		if (i > 0)
			buf_addc(&f->message, '\n');
		buf_add_slice(&f->message, gjson_str(row, "description"));
	}
	json_object_object_add(
	    bad, "@type", json_object_new_string("type.googleapis.com/google.rpc.BadRequest"));
	json_object_object_add(bad, "fieldViolations", violations);
	f->details = json_object_new_array();
	json_object_array_add(f->details, bad);
	return false;
}

static bool
fault_one(struct fault *f, const struct buf *description)
{
	json_object *list = json_object_new_array(), *row = json_object_new_object();

	json_object_object_add(row, "description", gjson_new(buf_slice(description)));
	json_object_array_add(list, row);
	return fault_set(f, list);
}

static bool
unknown_parameter(struct fault *f, struct slice name)
{
	struct buf text;

	name.len = name.len < FORM_NAME_MAX ? name.len : FORM_NAME_MAX;
	buf_init(&text, MESSAGE_MAX);
	buf_adds(&text, "Invalid JSON payload received. Unknown name \"");
	buf_add_slice(&text, name);
	buf_adds(&text, "\": Cannot bind query parameter. Field '");
	buf_add_slice(&text, name);
	buf_adds(&text, "' could not be found in request message.");
	fault_one(f, &text);
	buf_release(&text);
	return false;
}

static bool
is_known_parameter(const struct schema_method *m, struct slice name)
{
	size_t count = m->query != NULL ? json_object_array_length(m->query) : 0;

	for (size_t i = 0; i < ARRAY_SIZE(system_parameters); i++) {
		if (slice_eq(name, slice_str(system_parameters[i])))
			return true;
	}
	for (size_t i = 0; i < count; i++) {
		const char *known = json_object_get_string(json_object_array_get_idx(m->query, i));
		struct buf snake;
		bool same;

		buf_init(&snake, 1024);
		gjson_snake(&snake, known);
		same = slice_eq(name, slice_str(known)) || slice_eq(name, buf_slice(&snake));
		buf_release(&snake);
		if (same)
			return true;
	}
	return false;
}

static bool
validate_query(struct slice query, const struct schema_method *m, struct fault *f)
{
	struct slice pair, name;

	while (slice_split(&query, '&', &pair)) {
		if (pair.len > 0 && slice_split(&pair, '=', &name) && !is_known_parameter(m, name))
			return unknown_parameter(f, name);
	}
	return true;
}

static bool
syntax_fault(struct slice text, size_t at, struct fault *f)
{
	size_t from, to;
	struct buf said;

	if (at > text.len)
		at = text.len;
	from = at > CONTEXT ? at - CONTEXT : 0;
	to = text.len - at > CONTEXT ? at + CONTEXT : text.len;
	buf_init(&said, MESSAGE_MAX);
	buf_adds(&said, at == text.len
			    ? "Invalid JSON payload received. Unexpected end of string.\n"
			    : "Invalid JSON payload received. Unexpected token.\n");
	for (size_t i = from; i < to; i++)
		buf_addc(&said, (unsigned char)text.ptr[i] < ' ' ? ' ' : text.ptr[i]);
	buf_addc(&said, '\n');
	for (size_t i = from; i < at; i++)
		buf_addc(&said, ' ');
	buf_addc(&said, '^');
	fault_one(f, &said);
	buf_release(&said);
	return false;
}

static bool
root_fault(struct fault *f)
{
	struct buf said;

	buf_init(&said, 1024);
	buf_adds(&said,
	    "Invalid JSON payload received. Unknown name \"\": Root element must be a message.");
	fault_one(f, &said);
	buf_release(&said);
	return false;
}

bool
validate_request(const struct request *req, const struct schema_method *m, bool checked,
    json_object **ret_body, struct fault *ret_fault)
{
	struct slice text = buf_slice(&req->body), type = request_header(req, "content-type");
	json_object *body, *violations;
	size_t at;

	*ret_body = NULL;
	if (checked && !validate_query(req->query, m, ret_fault))
		return false;
	if (m->body == NULL && checked)
		return true;
	/* A form's names are looked for among the query parameters. */
	if (checked && text.len > 0 &&
	    slice_startsi(type, SLICE("application/x-www-form-urlencoded")))
		return unknown_parameter(ret_fault, text);
	if (slice_trim(text).len == 0) {
		body = json_object_new_object();
	} else {
		body = gjson_parse(text, &at);
		if (body == NULL && slice_eq(slice_trim(text), SLICE("null")))
			return root_fault(ret_fault);
		if (body == NULL)
			return syntax_fault(text, at, ret_fault);
	}
	if (!json_object_is_type(body, json_type_object)) {
		json_object_put(body);
		return root_fault(ret_fault);
	}
	violations = json_object_new_array();
	if (checked)
		schema_check(m->body, body, violations);
	if (json_object_array_length(violations) > 0) {
		json_object_put(body);
		return fault_set(ret_fault, violations);
	}
	json_object_put(violations);
	*ret_body = body;
	return true;
}
