/*
 * Requests of the Responses API, with a state store and without. What is accepted becomes a JSON
 * object with contents, what is refused an error of the caller's. A store holds the input itself
 * under every id, so that its `items` are the past.
 */
#include "config.h"

#include "base/limits.h"
#include "check_error.h"
#include "core/openai/responses/responses.h"
#include "fuzz.h"

static void
check_contents(const struct responses_request *q)
{
	json_object *doc = json_read(buf_slice(&q->chat.body));
	json_object *contents = json_get_array(doc, "contents");

	FUZZ_CHECK(contents != NULL && json_object_array_length(contents) > 0);
	for (size_t i = 0; i < json_object_array_length(contents); i++) {
		json_object *parts =
		    json_get_array(json_object_array_get_idx(contents, i), "parts");

		FUZZ_CHECK(parts != NULL && json_object_array_length(parts) > 0);
	}
	json_object_put(doc);
}

static void
check_request(const struct responses_request *q)
{
	json_object *doc;
	struct buf echo;

	FUZZ_CHECK(!q->chat.body.failed && q->chat.model.name[0] != '\0');
	FUZZ_CHECK(json_object_array_length(q->items) >= json_object_array_length(q->input));
	check_contents(q);
	buf_init(&echo, TRANSLATED_MAX);
	buf_addc(&echo, '{');
	buf_add_slice(&echo, buf_slice(&q->echo));
	buf_addc(&echo, '}');
	doc = json_read(buf_slice(&echo));
	FUZZ_CHECK(json_get_array(doc, "tools") != NULL);
	FUZZ_CHECK(json_get(doc, "tool_choice") != NULL);
	json_object_put(doc);
	buf_release(&echo);
}

static void
check_use(const struct responses_request *q)
{
	json_object *doc;
	struct buf out;

	buf_init(&out, TRANSLATED_MAX);
	responses_count_write(q, &out);
	doc = json_read(buf_slice(&out));
	FUZZ_CHECK(json_get(json_get(doc, "generateContentRequest"), "contents") != NULL);
	json_object_put(doc);
	buf_reset(&out);
	buf_addc(&out, '[');
	responses_compact_keep(q, "fuzz", &out);
	buf_addc(&out, ']');
	doc = json_read(buf_slice(&out));
	FUZZ_CHECK(json_object_is_type(doc, json_type_array));
	json_object_put(doc);
	buf_release(&out);
	FUZZ_CHECK(q->use == RESPONSES_CREATE || !q->chat.stream);
}

static void
look_up(struct ext_refs *refs, struct slice text)
{
	for (size_t i = 0; i < refs->count; i++) {
		struct ref *ref = refs->list[i];
		struct buf value;

		if (ref->state != REF_WANTED)
			continue;
		if (ref->kind == REF_MEDIA) {
			apierror_set(&ref->err, APIERROR_BAD_VALUE, ref->at, "gone");
			ext_refs_absent(refs, ref);
			continue;
		}
		buf_init(&value, REF_VALUE_MAX);
		buf_add_slice(&value, ref->kind == REF_RESPONSE ? text : SLICE("c2ln\n[{}]"));
		ext_refs_found(refs, ref, &value);
	}
}

static void
run(struct slice text, const struct models *models, enum responses_use use)
{
	struct responses_request q;
	struct ext_refs refs;
	struct changes changes;
	struct translate_env env = { .models = models, .refs = &refs, .changes = &changes };
	struct apierror err;
	int passes = 0;

	ext_refs_init(&refs);
	changes_init(&changes, false);
	for (bool again = true; again;) {
		FUZZ_CHECK(passes++ < PREPARE_PASSES_MAX);
		changes_reset(&changes);
		responses_request_init(&q);
		q.use = use;
		again = false;
		if (responses_request_read(&q, text, &env, &err) != 0) {
			check_error(&err);
		} else if (refs.wanted > 0) {
			look_up(&refs, text);
			again = true;
		} else {
			check_request(&q);
			check_use(&q);
		}
		responses_request_release(&q);
	}
	ext_refs_release(&refs);
	changes_release(&changes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct slice text = { (const char *)bytes, size };
	const char *reason = NULL;
	struct models *models = models_new(models_default_aliases, &reason);

	for (enum responses_use use = RESPONSES_CREATE; use <= RESPONSES_COUNT; use++)
		run(text, models, use);
	models_free(models);
	return 0;
}
