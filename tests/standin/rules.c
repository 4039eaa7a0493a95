/* Rules come as JSON and stay JSON; what costs is looked up once. */
#include "config.h"

#include "rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/xalloc.h"
#include "behave.h"
#include "calls.h"
#include "gjson.h"
#include "sign.h"

#define DELAY_MAX 3600000
#define FOREVER   -1

struct rule {
	struct rule *next;
	json_object *spec; /* owned */
	const struct failure *failure;
	int64_t times; /* left */
	uint32_t delay_ms;
	bool custom; /* an answer written out in the script */
};

struct rules {
	struct rule *first;
};

struct rule_member {
	const char *name;
	enum json_type type;
};

static const struct rule_member members[] = {
	{ "key", json_type_string },
	{ "model", json_type_string },
	{ "method", json_type_string },
	{ "contains", json_type_string },
	{ "name", json_type_string },
	{ "times", json_type_int },
	{ "delay_ms", json_type_int },
	{ "status", json_type_int },
	{ "headers", json_type_object },
	{ "body", json_type_string },
	{ "body_base64", json_type_string },
	{ "chunks", json_type_array },
	{ "cut", json_type_boolean },
	{ "reset", json_type_boolean },
	{ "stall", json_type_boolean },
	{ "validate", json_type_boolean },
	{ "parts", json_type_array },
	{ "finish", json_type_string },
	{ "candidate", json_type_object },
	{ "sign", json_type_boolean },
	{ "together", json_type_boolean },
};

static const struct rule_member chunk_members[] = {
	{ "data", json_type_string },
	{ "base64", json_type_string },
	{ "delay_ms", json_type_int },
};

struct rules *
rules_new(void)
{
	return xcalloc(1, sizeof(struct rules));
}

void
rules_clear(struct rules *r)
{
	for (struct rule *rule = r->first, *next; rule != NULL; rule = next) {
		next = rule->next;
		json_object_put(rule->spec);
		free(rule);
	}
	r->first = NULL;
}

void
rules_free(struct rules *r)
{
	rules_clear(r);
	free(r);
}

static bool
rule_bad(struct buf *reason, const char *what, const char *name)
{
	buf_reset(reason);
	buf_addf(reason, "%s: %s", what, name);
	return false;
}

/* Whether a rule or chunk may have this member, with a value of this type. */
static bool
rule_knows(const struct rule_member *list, size_t count, const char *name, json_object *value)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(name, list[i].name) == 0)
			return json_object_is_type(value, list[i].type);
	}
	return false;
}

static bool
is_delay(json_object *obj)
{
	int64_t delay = gjson_int(obj, "delay_ms", 0);

	return delay >= 0 && delay <= DELAY_MAX;
}

static bool
check_chunk(json_object *chunk, struct buf *reason)
{
	if (!json_object_is_type(chunk, json_type_object) || !is_delay(chunk))
		return rule_bad(reason, "not a valid chunk", json_object_to_json_string(chunk));
	json_object_object_foreach(chunk, name, value)
	{
		if (!rule_knows(chunk_members, ARRAY_SIZE(chunk_members), name, value))
			return rule_bad(reason, "unknown or of the wrong type in a chunk", name);
	}
	return true;
}

static bool
check_header(const char *name, json_object *value, struct buf *reason)
{
	const char *text = json_object_get_string(value);

	if (!json_object_is_type(value, json_type_string) || strpbrk(text, "\r\n") != NULL ||
	    strpbrk(name, "\r\n: ") != NULL || strcasecmp(name, "content-length") == 0 ||
	    strcasecmp(name, "transfer-encoding") == 0)
		return rule_bad(reason, "this header cannot be set", name);
	return true;
}

static bool
check_spec(json_object *spec, struct buf *reason)
{
	if (!json_object_is_type(spec, json_type_object))
		return rule_bad(
		    reason, "a rule is not an object", json_object_to_json_string(spec));
	json_object_object_foreach(spec, name, value)
	{
		if (!rule_knows(members, ARRAY_SIZE(members), name, value))
			return rule_bad(reason, "unknown or of the wrong type in a rule", name);
	}
	if (!is_delay(spec))
		return rule_bad(reason, "out of range", "delay_ms");
	for (size_t i = 0; i < gjson_count(spec, "chunks"); i++) {
		if (!check_chunk(gjson_at(spec, "chunks", i), reason))
			return false;
	}
	if (gjson_get(spec, "headers") != NULL) {
		json_object_object_foreach(gjson_get(spec, "headers"), header, text)
		{
			if (!check_header(header, text, reason))
				return false;
		}
	}
	return true;
}

static bool
parts_valid(json_object *spec)
{
	for (size_t i = 0; i < gjson_count(spec, "parts"); i++) {
		if (!json_object_is_type(gjson_at(spec, "parts", i), json_type_object))
			return false;
	}
	return true;
}

static struct rule *
rule_read(json_object *spec, struct buf *reason)
{
	struct slice name = gjson_str(spec, "name");
	struct rule *rule;

	if (!check_spec(spec, reason))
		return NULL;
	rule = xcalloc(1, sizeof(*rule));
	rule->custom = gjson_get(spec, "status") != NULL || gjson_get(spec, "body") != NULL ||
	               gjson_get(spec, "body_base64") != NULL ||
	               gjson_get(spec, "headers") != NULL || gjson_get(spec, "chunks") != NULL;
	rule->times = gjson_int(spec, "times", FOREVER);
	rule->delay_ms = (uint32_t)gjson_int(spec, "delay_ms", 0);
	if (name.len > 0 && (rule->failure = failure_find(name)) == NULL) {
		rule_bad(reason, "no failure has this name", name.ptr);
	} else if (rule->custom && gjson_get(spec, "parts") != NULL) {
		rule_bad(reason, "a rule has parts or an answer, not both", "parts");
	} else if (!parts_valid(spec)) {
		rule_bad(reason, "each of them must be an object", "parts");
	} else if (rule->failure != NULL && rule->custom) {
		rule_bad(reason, "a rule has a name or an answer, not both", name.ptr);
	} else {
		rule->spec = json_object_get(spec);
		return rule;
	}
	free(rule);
	return NULL;
}

bool
rules_add(struct rules *r, json_object *script, struct buf *ret_reason)
{
	json_object *list = gjson_get_array(script, "rules");
	struct rules added = { 0 };
	struct rule **tail = &added.first;

	if (list == NULL)
		return rule_bad(ret_reason, "the script has no list of this name", "rules");
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		*tail = rule_read(json_object_array_get_idx(list, i), ret_reason);
		if (*tail == NULL) {
			rules_clear(&added);
			return false;
		}
		tail = &(*tail)->next;
	}
	for (tail = &r->first; *tail != NULL; tail = &(*tail)->next)
		;
	*tail = added.first;
	return true;
}

static bool
rule_contains(struct slice text, json_object *spec, const char *member)
{
	struct slice wanted = gjson_str(spec, member);

	return wanted.len == 0 || slice_find(text, wanted) >= 0;
}

struct rule *
rules_match(struct rules *r, const struct request *req, const struct route *route, const char *key)
{
	struct rule *found = NULL;
	struct buf method;

	if (r->first == NULL)
		return NULL;
	buf_init(&method, 2 * HEAD_MAX);
	buf_add_slice(&method, req->method);
	buf_addf(&method, " %s", req->path);
	for (struct rule *rule = r->first; rule != NULL && found == NULL; rule = rule->next) {
		if (rule->times != 0 && rule_contains(slice_str(key), rule->spec, "key") &&
		    rule_contains(route->name, rule->spec, "model") &&
		    rule_contains(buf_slice(&method), rule->spec, "method") &&
		    rule_contains(buf_slice(&req->body), rule->spec, "contains") &&
		    (rule->failure == NULL || failure_fits(rule->failure, route->kind)))
			found = rule;
	}
	buf_release(&method);
	return found;
}

bool
rule_is_early(const struct rule *rule)
{
	json_object *validate = gjson_get(rule->spec, "validate");

	if (rule->failure != NULL)
		return failure_stage(rule->failure) == FAIL_EARLY;
	return rule->custom && validate != NULL && !json_object_get_boolean(validate);
}

/* The bytes of obj's member `text`, or of `base64` decoded. */
static void
add_bytes(struct buf *out, json_object *obj, const char *text, const char *base64)
{
	buf_add_slice(out, gjson_str(obj, text));
	gbase64_decode(out, gjson_str(obj, base64));
}

static void
play_custom(const struct rule *rule, struct play *p, enum play_end end)
{
	json_object *spec = rule->spec, *list = gjson_get(spec, "headers");
	const char *type = GTYPE_JSON;
	int status = (int)gjson_int(spec, "status", 200);
	struct buf headers, bytes;

	buf_init(&headers, HEAD_MAX);
	buf_init(&bytes, JSON_TEXT_MAX);
	buf_adds(&headers, "");
	if (list != NULL) {
		json_object_object_foreach(list, name, value)
		{
			if (strcasecmp(name, "content-type") == 0)
				type = json_object_get_string(value);
			else
				buf_addf(
				    &headers, "%s: %s\r\n", name, json_object_get_string(value));
		}
	}
	add_bytes(&bytes, spec, "body", "body_base64");
	if (gjson_get(spec, "chunks") == NULL && end == PLAY_END) {
		play_reply(p, status, type, headers.data, buf_slice(&bytes));
	} else {
		play_head(p, status, type, headers.data);
		if (bytes.len > 0)
			play_add(p, 0, buf_slice(&bytes));
		for (size_t i = 0; i < gjson_count(spec, "chunks"); i++) {
			json_object *chunk = gjson_at(spec, "chunks", i);

			buf_reset(&bytes);
			add_bytes(&bytes, chunk, "data", "base64");
			play_add(p, (uint32_t)gjson_int(chunk, "delay_ms", 0), buf_slice(&bytes));
		}
	}
	buf_release(&bytes);
	buf_release(&headers);
}

/* Signs what Gemini 3 signs: the first call, traces of tools, pictures. */
static void
sign_parts(const struct gen *g)
{
	bool called = false;

	for (size_t i = 0; i < g->count; i++) {
		json_object *part = g->parts[i].part;
		bool call = gjson_get(part, "functionCall") != NULL;

		if (g->parts[i].thought || gjson_get(part, "text") != NULL || (call && called))
			continue;
		sign_part(part, false, 0);
		called = called || call;
	}
}

/* A generated answer that consists of the script's parts, as a stream or whole. */
static void
play_parts(const struct rule *rule, const struct ask *a)
{
	json_object *candidate = gjson_get(rule->spec, "candidate"), *grounding;
	struct play *p = play_new(a->si, a->conn);
	struct gen g;

	behave_begin(a, &g);
	for (size_t i = 0; i < gjson_count(rule->spec, "parts"); i++) {
		json_object *part = NULL;

		json_object_deep_copy(gjson_at(rule->spec, "parts", i), &part, NULL);
		calls_resolve(a, part);
		gen_add(&g, part, gjson_bool(part, "thought"));
	}
	if (gjson_bool(rule->spec, "sign"))
		sign_parts(&g);
	if (gjson_str(rule->spec, "finish").len > 0)
		g.finish = gjson_str(rule->spec, "finish").ptr;
	g.together = gjson_bool(rule->spec, "together");
	if (candidate != NULL) {
		json_object_object_foreach(candidate, name, value)
		{
			if (strcmp(name, "groundingMetadata") != 0)
				gen_add_extra(&g, name, json_object_get(value));
		}
	}
	grounding = gjson_get(candidate, "groundingMetadata");
	if (gjson_get_array(grounding, "groundingChunks") != NULL)
		g.grounding = json_object_get(grounding);
	behave_count(&g);
	play_wait(p, rule->delay_ms);
	gen_play_answer(a, p, &g, 0);
	gen_release(&g);
	play_start(p, PLAY_END);
}

static bool
is_generating(const struct ask *a)
{
	return a->body != NULL && gjson_count(a->body, "contents") > 0;
}

bool
rule_play(struct rule *rule, const struct ask *a, uint32_t *ret_delay_ms)
{
	enum play_end end = PLAY_END;
	struct play *p;

	if (rule->times > 0)
		rule->times--;
	if (rule->failure != NULL) {
		failure_play(rule->failure, a, rule->delay_ms);
		return true;
	}
	if (gjson_get(rule->spec, "parts") != NULL && is_generating(a)) {
		play_parts(rule, a);
		return true;
	}
	if (!rule->custom) {
		*ret_delay_ms = rule->delay_ms;
		return false;
	}
	if (gjson_bool(rule->spec, "cut"))
		end = PLAY_CUT;
	else if (gjson_bool(rule->spec, "reset"))
		end = PLAY_RESET;
	else if (gjson_bool(rule->spec, "stall"))
		end = PLAY_STALL;
	p = play_new(a->si, a->conn);
	play_wait(p, rule->delay_ms);
	play_custom(rule, p, end);
	play_start(p, end);
	return true;
}
